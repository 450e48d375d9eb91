//! `tablerow x in collection cols: n … endtablerow`.

use crate::context::Context;
use crate::error::Error;
use crate::parser::Parser;
use crate::tag::{Flow, Markup, Tag};
use crate::tags::for_loop::{Head, read_head};
use crate::template::{Block, Reference};
use crate::text::Text;
use crate::value::Value;
use crate::value::numbers::of_length;
use crate::value::shared::Object;
use crate::variables::FrameKind;

#[derive(Debug)]
struct TableRow {
    head: Head,
    body: Block,
}

/// Reads the tag.
///
/// # Errors
/// When there is no `x in y`, or no `endtablerow`.
pub fn read(markup: &Markup<'_>, parser: &mut Parser<'_>) -> Result<Box<dyn Tag>, Error> {
    let head = read_head(&mut markup.cursor(parser), "tablerow")?;
    let (body, _) = parser.block(&["endtablerow"])?;
    Ok(Box::new(TableRow { head, body }))
}

impl Tag for TableRow {
    fn render(&self, context: &mut Context<'_>) -> Result<Flow, Error> {
        if !self.head.collection.evaluate(context)?.is_truthy() {
            return Ok(Flow::Next);
        }
        let items = self.head.items(context, &"for tablerow".into())?;
        let count = items.len();
        // Columns that make no sense are one row that never ends.
        let columns = match self.head.option("cols", context)? {
            Some(columns) => usize::try_from(columns).ok().filter(|columns| *columns > 0),
            None => Some(count.max(1)),
        };
        let columns = columns.unwrap_or(usize::MAX);
        context.write("<tr class=\"row1\">\n")?;
        context.with_frame(FrameKind::Block, [], |context| {
            for turn in 0..count {
                context.budget.step()?;
                let (row, column) = (turn / columns, turn % columns);
                context
                    .set_local(&"tablerowloop".into(), row_loop(turn, count, row, column, columns));
                context.set_local(&self.head.variable, items.at(turn));
                context.write(&format!("<td class=\"col{}\">", column + 1))?;
                let flow = self.body.render_inside(context)?;
                context.write("</td>")?;
                if flow == Flow::Break {
                    break;
                }
                if column + 1 == columns && turn + 1 < count {
                    context.write(&format!("</tr>\n<tr class=\"row{}\">", row + 2))?;
                }
                match flow {
                    Flow::Next | Flow::Continue | Flow::Break => {}
                    other => return Ok(other),
                }
            }
            Ok(Flow::Next)
        })?;
        context.write("</tr>\n")?;
        Ok(Flow::Next)
    }

    fn references(&self, found: &mut Vec<Reference>) {
        self.body.references(found);
    }
}

fn row_loop(turn: usize, count: usize, row: usize, column: usize, columns: usize) -> Value {
    let number = |n: usize| Value::Int(of_length(n));
    let map: Object = [
        ("length", number(count)),
        ("index", number(turn + 1)),
        ("index0", number(turn)),
        ("rindex", number(count - turn)),
        ("rindex0", number(count - turn - 1)),
        ("first", Value::Bool(turn == 0)),
        ("last", Value::Bool(turn + 1 == count)),
        ("row", number(row + 1)),
        ("col", number(column + 1)),
        ("col0", number(column)),
        ("col_first", Value::Bool(column == 0)),
        ("col_last", Value::Bool(column + 1 == columns)),
    ]
    .into_iter()
    .map(|(name, value)| (Text::from(name), value))
    .collect();
    Value::hash(map)
}
