//! `export a, b, namespace: 'ns'`: variables for the rest of the request, in `context.exports.ns`.

use crate::template::bridge;
use sluicegate_liquid::context::Context;
use sluicegate_liquid::error::Error;
use sluicegate_liquid::expression::Expression;
use sluicegate_liquid::parser::Parser;
use sluicegate_liquid::tag::{Flow, Markup, Tag};
use sluicegate_liquid::text::Text;
use sluicegate_liquid::value::{Hash, Value};
use std::rc::Rc;

#[derive(Debug)]
struct Export {
    names: Vec<Text>,
    namespace: Option<Expression>,
}

/// Parses the tag.
///
/// # Errors
/// When it names no variable.
pub fn read(markup: &Markup<'_>, parser: &mut Parser<'_>) -> Result<Box<dyn Tag>, Error> {
    let mut cursor = markup.cursor(parser);
    let mut names = Vec::new();
    let mut namespace = None;
    loop {
        while cursor.eat(",") {}
        let Some(name) = cursor.name_or_text() else { break };
        if cursor.eat(":") {
            let value = cursor.primary()?;
            if name == "namespace" {
                namespace = Some(value);
            }
        } else {
            names.push(name);
        }
    }
    if names.is_empty() {
        return Err(Error::syntax("export needs the name of a variable"));
    }
    Ok(Box::new(Export { names, namespace }))
}

impl Tag for Export {
    fn render(&self, context: &mut Context<'_>) -> Result<Flow, Error> {
        let namespace = match &self.namespace {
            Some(expression) => expression.evaluate(context)?,
            None => Value::Nil,
        };
        let Some(request_context) = bridge::request_context(context) else { return Ok(Flow::Next) };
        let exports = request_context.part("exports");
        let target = match &*namespace.to_text() {
            "" => exports,
            namespace => inside(&exports, namespace),
        };
        for name in &self.names {
            target.borrow_mut().insert(name.clone(), context.variable(name));
        }
        Ok(Flow::Next)
    }

    fn is_blank(&self) -> bool {
        true
    }
}

/// Returns the namespace, creating it when it is missing.
fn inside(exports: &Hash, namespace: &str) -> Hash {
    if let Some(Value::Hash(hash)) = exports.borrow().get(namespace) {
        return Rc::clone(hash);
    }
    let hash: Hash = Rc::default();
    exports.borrow_mut().insert(namespace.into(), Value::Hash(Rc::clone(&hash)));
    hash
}
