//! `function x = 'partial', k: v`: calls a partial in an isolated scope and assigns its result.

use crate::template::arguments::{self, Trailing};
use crate::template::bridge;
use crate::template::target::Target;
use sluicegate_liquid::context::Context;
use sluicegate_liquid::cursor::TagArguments;
use sluicegate_liquid::error::Error;
use sluicegate_liquid::expression::Expression;
use sluicegate_liquid::parser::Parser;
use sluicegate_liquid::tag::{Flow, Markup, Tag};
use sluicegate_liquid::template::Reference;
use sluicegate_liquid::value::Value;
use sluicegate_liquid::variables::FrameKind;

#[derive(Debug)]
struct Function {
    target: Target,
    name: Expression,
    arguments: TagArguments,
    trailing: Trailing,
}

/// Parses the tag.
///
/// # Errors
/// When `name = partial` is missing.
pub fn read(markup: &Markup<'_>, parser: &mut Parser<'_>) -> Result<Box<dyn Tag>, Error> {
    let mut cursor = markup.cursor(parser);
    let target = Target::read_assigned(&mut cursor)?
        .ok_or_else(|| Error::syntax("function needs `name = 'partial'`"))?;
    let name = cursor.primary()?;
    let arguments = cursor.arguments()?;
    let trailing = Trailing::read(&mut cursor)?;
    Ok(Box::new(Function { target, name, arguments, trailing }))
}

impl Tag for Function {
    fn render(&self, context: &mut Context<'_>) -> Result<Flow, Error> {
        let name = self.name.evaluate(context)?.to_text().into_owned();
        let template = context.partial(&name)?;
        let named = arguments::named(&self.arguments, context)?;
        // Strings are escaped in the page's mode, wherever the call is.
        let own = bridge::on(context, |bridge| bridge.output.escape());
        let outer = own.map(|escape| std::mem::replace(&mut context.escape, escape));
        context.returned = None;
        let (flow, _) =
            context.capture(|context| context.call(&template, FrameKind::Isolated, named));
        if let Some(outer) = outer {
            context.escape = outer;
        }
        let value = match flow? {
            Flow::Return => context.returned.take().unwrap_or_default(),
            Flow::Stop => return Ok(Flow::Stop),
            // `break` ends only the partial.
            _ => Value::Nil,
        };
        context.returned = None;
        let value = self.trailing.apply(value, context)?;
        self.target.put(value, context)?;
        Ok(Flow::Next)
    }

    fn references(&self, found: &mut Vec<Reference>) {
        if let Some(name) = self.name.constant_text() {
            let name = name.clone();
            found.push(Reference { kind: "partial", name, mark: Default::default() });
        }
    }

    fn is_blank(&self) -> bool {
        true
    }
}
