//! `assign x = value | filters`, `assign x['k'] = value`, `assign x << value`.

use crate::template::target::Target;
use sluicegate_liquid::context::Context;
use sluicegate_liquid::error::Error;
use sluicegate_liquid::expression::Expression;
use sluicegate_liquid::parser::Parser;
use sluicegate_liquid::tag::{Flow, Markup, Tag};

#[derive(Debug)]
struct Assign {
    target: Target,
    value: Expression,
}

/// Parses the tag.
///
/// # Errors
/// When `name = value` is missing.
pub fn read(markup: &Markup<'_>, parser: &mut Parser<'_>) -> Result<Box<dyn Tag>, Error> {
    let mut cursor = markup.cursor(parser);
    // Ruby finds the name anywhere before the `=`; existing files contain `assign = x = …`.
    cursor.eat("=");
    match Target::read_assigned(&mut cursor)? {
        Some(target) => Ok(Box::new(Assign { target, value: cursor.filtered()? })),
        None => Err(Error::syntax("assign needs `name = value`")),
    }
}

impl Tag for Assign {
    fn render(&self, context: &mut Context<'_>) -> Result<Flow, Error> {
        let value = self.value.evaluate(context)?;
        self.target.put(value, context)?;
        Ok(Flow::Next)
    }

    fn is_blank(&self) -> bool {
        true
    }
}
