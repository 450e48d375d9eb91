//! Values as JSON, as the platform writes it: moments as ISO 8601, bounded, safe inside a page.

use crate::liquid::context::Context;
use crate::liquid::error::Error;
use crate::liquid::print::Escape;
use crate::liquid::value::Value;
use serde_json::{Map, Value as Json};

const DEPTH_MAX: usize = 100;
/// A value that refers to the same list over and over can be larger than any memory.
const NODES_MAX: usize = 2_000_000;

/// A value as plain data; what is nested too deep, or is too much, is cut off.
pub fn plain(value: &Value) -> Json {
    let mut left = NODES_MAX;
    convert(value, 0, &mut left)
}

/// A value as plain data.
///
/// # Errors
/// When it is too much.
pub fn checked(value: &Value, context: &Context<'_>) -> Result<Json, Error> {
    let mut left = NODES_MAX;
    let json = convert(value, 0, &mut left);
    if left == 0 {
        return Err(Error::limit("the value is too large for JSON"));
    }
    context.budget.value((NODES_MAX - left) * size_of::<Json>() / 8)?;
    Ok(json)
}

/// Variables as an object, in the order of their names.
pub fn object<'a>(pairs: impl IntoIterator<Item = &'a (crate::liquid::text::Text, Value)>) -> Json {
    Json::Object(pairs.into_iter().map(|(name, value)| (name.to_string(), plain(value))).collect())
}

fn convert(value: &Value, depth: usize, left: &mut usize) -> Json {
    if *left == 0 || depth > DEPTH_MAX {
        return Json::Null;
    }
    *left -= 1;
    match value {
        Value::List(list) => {
            Json::Array(list.borrow().iter().map(|item| convert(item, depth + 1, left)).collect())
        }
        Value::Hash(hash) => {
            let mut map = Map::new();
            for (key, value) in hash.borrow().iter() {
                map.insert(key.to_string(), convert(value, depth + 1, left));
            }
            Json::Object(map)
        }
        Value::Time(time) => Json::String(iso(&time.0)),
        other => other.to_json(),
    }
}

fn iso(time: &jiff::Zoned) -> String {
    let millis = time.subsec_nanosecond() / 1_000_000;
    let zone = match time.offset().seconds() {
        0 => "Z".to_owned(),
        _ => time.strftime("%:z").to_string(),
    };
    format!("{}.{millis:03}{zone}", time.strftime("%Y-%m-%dT%H:%M:%S"))
}

/// The text of some JSON for where it is printed: in a page it can not end a script or open a tag.
pub fn text(json: &Json, context: &Context<'_>) -> Result<String, Error> {
    let text = json.to_string();
    context.budget.value(text.len())?;
    if matches!(context.escape, Escape::Raw) || !text.contains(['<', '>', '&']) {
        return Ok(text);
    }
    Ok(text.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026"))
}
