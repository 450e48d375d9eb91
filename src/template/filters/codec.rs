//! Base64 in any alphabet and padding, and other filters for both strings and bytes.

use crate::template::bytes;
use crate::template::filters::{alias, crypto};
use sluicegate_liquid::EngineBuilder;
use sluicegate_liquid::context::Context;
use sluicegate_liquid::error::Error;
use sluicegate_liquid::filter::Arguments;
use sluicegate_liquid::value::Value;

/// Registers the base64 filters, and extends `append`, `prepend`, `slice` and `size` to bytes.
pub fn register(builder: &mut EngineBuilder) {
    alias(builder, &["base64_decode", "base64_url_safe_decode"], |v, _, c| {
        bytes::value(crypto::base64_loose(&v.to_text()), c)
    });
    alias(builder, &["base64_encode"], |v, _, _| Ok(Value::text(crypto::base64(&bytes::of(&v)))));
    alias(builder, &["base64_url_safe_encode"], |v, _, _| {
        Ok(Value::text(crypto::base64_url_safe(&bytes::of(&v))))
    });
    builder.wrap_filter("append", |standard, v, a, c| match joins_bytes(&v, a) {
        true => join(&v, a.at(0), c),
        false => standard.call(v, a, c),
    });
    builder.wrap_filter("prepend", |standard, v, a, c| match joins_bytes(&v, a) {
        true => join(a.at(0), &v, c),
        false => standard.call(v, a, c),
    });
    builder.wrap_filter("slice", |standard, v, a, c| match bytes::is_binary(&v) {
        true => slice(&v, a, c),
        false => standard.call(v, a, c),
    });
    builder.wrap_filter("size", |standard, v, a, c| match bytes::is_binary(&v) {
        true => Ok(v.property("size")),
        false => standard.call(v, a, c),
    });
}

fn joins_bytes(value: &Value, arguments: &Arguments) -> bool {
    bytes::is_binary(value) || bytes::is_binary(arguments.at(0))
}

fn join(one: &Value, other: &Value, context: &Context<'_>) -> Result<Value, Error> {
    bytes::value([bytes::of(one), bytes::of(other)].concat(), context)
}

/// `slice: from, count` by bytes.
fn slice(value: &Value, arguments: &Arguments, context: &Context<'_>) -> Result<Value, Error> {
    let all = bytes::of(value);
    let from = arguments.int(0, 0)?;
    // A negative start counts from the end.
    let behind = usize::try_from(from.unsigned_abs()).unwrap_or(usize::MAX);
    let from = if from < 0 { all.len().checked_sub(behind) } else { Some(behind) };
    let count = usize::try_from(arguments.int(1, 1)?).unwrap_or(0);
    let rest = from.and_then(|from| all.get(from..)).unwrap_or_default();
    bytes::value(rest[..count.min(rest.len())].to_vec(), context)
}
