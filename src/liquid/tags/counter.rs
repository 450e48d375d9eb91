//! `increment x` and `decrement x`: counters of the whole render, apart from variables.

use crate::liquid::context::Context;
use crate::liquid::error::Error;
use crate::liquid::parser::Parser;
use crate::liquid::tag::{Flow, Markup, Tag};
use crate::liquid::value::Value;
use std::sync::Arc;

#[derive(Debug)]
struct Counter {
    name: Arc<str>,
    down: bool,
}

/// Reads the tag.
///
/// # Errors
/// When there is no name.
pub fn read(markup: &Markup<'_>, parser: &mut Parser<'_>) -> Result<Box<dyn Tag>, Error> {
    let name = markup.cursor(parser).name().unwrap_or_default();
    Ok(Box::new(Counter { name: name.into(), down: markup.name == "decrement" }))
}

impl Tag for Counter {
    fn render(&self, context: &mut Context<'_>) -> Result<Flow, Error> {
        let key = format!("counter {}", self.name);
        let present = context.tallies.get(&key).and_then(Value::to_int).unwrap_or(0);
        let (shown, next) = if self.down {
            (present.saturating_sub(1), present.saturating_sub(1))
        } else {
            (present, present.saturating_add(1))
        };
        context.tallies.insert(key, Value::Int(next));
        // Readable as a variable where no variable of that name is.
        if context.variable(&self.name).is_nil()
            || context.tallies.contains_key(&shadow(&self.name))
        {
            context.tallies.insert(shadow(&self.name), Value::Bool(true));
            context.assign(Arc::clone(&self.name), Value::Int(next));
        }
        context.print(&Value::Int(shown))?;
        Ok(Flow::Next)
    }
}

fn shadow(name: &str) -> String {
    format!("counter shows {name}")
}
