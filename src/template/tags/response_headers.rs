//! `response_headers '{"Name": "value"}'`: sets response headers; `web/` refuses reserved ones.

use crate::template::bridge;
use crate::template::filters::json::parse;
use sluicegate_liquid::context::Context;
use sluicegate_liquid::error::Error;
use sluicegate_liquid::expression::Expression;
use sluicegate_liquid::parser::Parser;
use sluicegate_liquid::tag::{Flow, Markup, Tag};
use sluicegate_liquid::value::Value;

#[derive(Debug)]
struct ResponseHeaders(Expression);

/// Parses the tag.
///
/// # Errors
/// A syntax error.
pub fn read(markup: &Markup<'_>, parser: &mut Parser<'_>) -> Result<Box<dyn Tag>, Error> {
    Ok(Box::new(ResponseHeaders(markup.cursor(parser).filtered()?)))
}

impl Tag for ResponseHeaders {
    fn render(&self, context: &mut Context<'_>) -> Result<Flow, Error> {
        let given = match self.0.evaluate(context)? {
            Value::Text(text, _) => parse(&text, context)?,
            other => other,
        };
        let headers = match given {
            Value::Nil => return Ok(Flow::Next),
            Value::Hash(hash) => hash,
            other => {
                let message = format!("response_headers needs a hash, this is {}", other.kind());
                return Err(Error::argument(message));
            }
        };
        let is_plain = |text: &str| !text.chars().any(char::is_control);
        let mut all = Vec::new();
        for (name, value) in headers.borrow().iter() {
            let value = value.to_text().into_owned();
            if !is_plain(name) || !is_plain(&value) {
                return Err(Error::argument("a header holds no line breaks"));
            }
            all.push((name.to_string(), value));
        }
        bridge::on(context, move |bridge| {
            bridge.request_context.effect(|effects| effects.headers.extend(all))
        });
        Ok(Flow::Next)
    }

    fn is_blank(&self) -> bool {
        true
    }
}
