//! `case … when a, b … else … endcase`: a branch is rendered for each value that matches.

use crate::context::Context;
use crate::error::Error;
use crate::expression::Expression;
use crate::parser::{End, Parser};
use crate::tag::{Flow, Markup, Tag};
use crate::template::{Block, Reference};
use crate::value::Value;

#[derive(Debug)]
struct Case {
    subject: Expression,
    /// Values and body; no values for `else`.
    branches: Vec<(Option<Vec<Expression>>, Block)>,
}

/// Reads the tag.
///
/// # Errors
/// When a branch is malformed or there is no `endcase`.
pub fn read(markup: &Markup<'_>, parser: &mut Parser<'_>) -> Result<Box<dyn Tag>, Error> {
    let subject = markup.cursor(parser).filtered()?;
    // The block before the first `when` is never rendered.
    let (_, mut end) = parser.block(&["when", "else", "endcase"])?;
    let mut branches = Vec::new();
    while let Some(found) = end.filter(|end| end.name != "endcase") {
        let values = if found.name == "when" { Some(values(&found, parser)?) } else { None };
        let (body, next) = parser.block(&["when", "else", "endcase"])?;
        branches.push((values, body.without_blanks()));
        end = next;
    }
    Ok(Box::new(Case { subject, branches }))
}

fn values(end: &End<'_>, parser: &mut Parser<'_>) -> Result<Vec<Expression>, Error> {
    parser.check("when", end.text)?;
    let markup =
        Markup { name: "when", text: end.text, mark: end.text_mark, text_mark: end.text_mark };
    let mut cursor = markup.cursor(parser);
    let mut values = vec![cursor.primary()?];
    while cursor.eat(",") || cursor.eat_word("or") {
        values.push(cursor.primary()?);
    }
    Ok(values)
}

impl Tag for Case {
    fn render(&self, context: &mut Context<'_>) -> Result<Flow, Error> {
        let subject = match self.subject.evaluate(context)? {
            // In Ruby `empty` and `blank` are not special as the subject.
            Value::Empty | Value::Blank if context.engine().is_ruby() => Value::text(""),
            subject => subject,
        };
        let mut matched = false;
        for (values, body) in &self.branches {
            let mut times = usize::from(values.is_none() && !matched);
            for value in values.iter().flatten() {
                times += usize::from(value.evaluate(context)? == subject);
                context.budget.weigh(subject.weight())?;
            }
            matched |= values.is_some() && times > 0;
            for _ in 0..times {
                match body.render_inside(context)? {
                    Flow::Next => {}
                    other => return Ok(other),
                }
            }
        }
        Ok(Flow::Next)
    }

    fn references(&self, found: &mut Vec<Reference>) {
        self.branches.iter().for_each(|(_, body)| body.references(found));
    }

    fn is_block(&self) -> bool {
        true
    }

    fn is_blank(&self) -> bool {
        self.branches.iter().all(|(_, body)| body.is_blank())
    }
}
