//! `parse_xml` and `to_xml`.

use crate::template::filters::xml_read::{self, XmlOptions};
use crate::template::filters::{alias, option, xml_write};
use crate::template::json;
use sluicegate_liquid::EngineBuilder;
use sluicegate_liquid::context::Context;
use sluicegate_liquid::error::Error;
use sluicegate_liquid::filter::Arguments;
use sluicegate_liquid::value::Value;

/// Registers `parse_xml` and `to_xml`.
pub fn register(builder: &mut EngineBuilder) {
    alias(builder, &["parse_xml", "xml_to_hash"], parse_xml);
    alias(builder, &["to_xml", "to_xml_rc"], to_xml);
}

/// `parse_xml: attr_prefix: false, force_array: true`; nil for a blank string.
fn parse_xml(
    value: Value,
    arguments: &Arguments,
    context: &mut Context<'_>,
) -> Result<Value, Error> {
    if value.is_blank() {
        return Ok(Value::Nil);
    }
    let text = value.to_text();
    // Elements and their hashes take more memory than their source.
    context.budget.value(text.len().saturating_mul(8))?;
    let force_array = match option(arguments, 0, "force_array") {
        Value::Nil => true,
        given => given.is_truthy(),
    };
    let reading =
        XmlOptions { attr_prefix: option(arguments, 0, "attr_prefix").is_truthy(), force_array };
    let read = xml_read::read(&text, reading, &mut || context.budget.step())?;
    Ok(Value::from(read))
}

fn to_xml(value: Value, arguments: &Arguments, context: &mut Context<'_>) -> Result<Value, Error> {
    let tree = json::checked(&value, context)?;
    let attr_prefix = option(arguments, 0, "attr_prefix").is_truthy();
    let text = xml_write::write(&tree, attr_prefix, &mut |bytes| {
        context.budget.room(bytes)?;
        context.budget.step()
    })?;
    context.budget.value(text.len())?;
    Ok(Value::text(text))
}
