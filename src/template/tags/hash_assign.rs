//! `hash_assign h['a']['b'] = value`: changes the hash in place, for every variable that shares it.

use crate::template::target::Target;
use sluicegate_liquid::context::Context;
use sluicegate_liquid::error::Error;
use sluicegate_liquid::expression::Expression;
use sluicegate_liquid::parser::Parser;
use sluicegate_liquid::tag::{Flow, Markup, Tag};

#[derive(Debug)]
struct HashAssign {
    target: Target,
    value: Expression,
}

/// Parses the tag.
///
/// # Errors
/// When `name['key'] = value` is missing.
pub fn read(markup: &Markup<'_>, parser: &mut Parser<'_>) -> Result<Box<dyn Tag>, Error> {
    let mut cursor = markup.cursor(parser);
    let target = Target::read_assigned(&mut cursor)?.filter(Target::is_inside);
    let target = target.ok_or_else(|| Error::syntax("hash_assign needs `name['key'] = value`"))?;
    Ok(Box::new(HashAssign { target, value: cursor.filtered()? }))
}

impl Tag for HashAssign {
    fn render(&self, context: &mut Context<'_>) -> Result<Flow, Error> {
        let value = self.value.evaluate(context)?;
        self.target.put(value, context)?;
        Ok(Flow::Next)
    }

    fn is_blank(&self) -> bool {
        true
    }
}
