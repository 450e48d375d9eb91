//! Converts values to JSON as the platform does: times in ISO 8601, bounded, safe inside a page.

use serde_json::{Map, Value as Json};
use sluicegate_liquid::context::Context;
use sluicegate_liquid::error::Error;
use sluicegate_liquid::print::Escape;
use sluicegate_liquid::text::Text;
use sluicegate_liquid::value::Value;

const DEPTH_MAX: usize = 100;
/// The maximum number of nodes: a value that repeats one list can expand beyond any memory.
const NODES_MAX: usize = 2_000_000;
/// The maximum length of all strings in bytes, more than any value budget allows.
const TEXT_MAX: usize = 128 * 1024 * 1024;

/// Converts a value to plain data; anything nested too deeply or too large is cut off.
pub fn plain(value: &Value) -> Json {
    let mut made = FilterResult::default();
    made.convert(value, 0)
}

/// Converts a value to plain data.
///
/// # Errors
/// When the value is too large.
pub fn checked(value: &Value, context: &Context<'_>) -> Result<Json, Error> {
    let mut made = FilterResult::default();
    let json = made.convert(value, 0);
    made.pay(context)?;
    Ok(json)
}

/// Converts variables to an object, in their order.
///
/// # Errors
/// When they are too large.
pub fn object<'a>(
    pairs: impl IntoIterator<Item = &'a (Text, Value)>,
    context: &Context<'_>,
) -> Result<Json, Error> {
    let mut made = FilterResult::default();
    let pairs = pairs.into_iter().map(|(name, value)| (name.to_string(), made.convert(value, 0)));
    let object = Json::Object(pairs.collect());
    made.pay(context)?;
    Ok(object)
}

/// The amount of data converted so far.
#[derive(Default)]
struct FilterResult {
    nodes: usize,
    text_bytes: usize,
}

impl FilterResult {
    /// Charges the conversion to the budget.
    fn pay(&self, context: &Context<'_>) -> Result<(), Error> {
        if self.nodes >= NODES_MAX {
            return Err(Error::limit("the value is too large for JSON"));
        }
        context.budget.value(self.nodes * size_of::<Json>() / 8 + self.text_bytes)
    }

    fn convert(&mut self, value: &Value, depth: usize) -> Json {
        if self.nodes >= NODES_MAX || depth > DEPTH_MAX {
            return Json::Null;
        }
        self.nodes += 1;
        match value {
            Value::List(list) => {
                Json::Array(list.borrow().iter().map(|one| self.convert(one, depth + 1)).collect())
            }
            Value::Hash(hash) => {
                let mut map = Map::new();
                for (key, value) in hash.borrow().iter() {
                    self.text_bytes += key.len();
                    map.insert(key.to_string(), self.convert(value, depth + 1));
                }
                Json::Object(map)
            }
            Value::Time(time) => Json::String(iso(&time.0)),
            Value::Text(text, _) => {
                self.text_bytes += text.len();
                // A long string in many places counts as many long strings.
                if self.text_bytes > TEXT_MAX {
                    self.nodes = NODES_MAX;
                    return Json::Null;
                }
                Json::String(text.to_string())
            }
            other => other.to_json(),
        }
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

/// Serializes JSON for output: inside a page it cannot end a script or open a tag.
pub fn text(json: &Json, context: &Context<'_>) -> Result<String, Error> {
    let text = serde_json::to_string(json).unwrap_or_default();
    context.budget.value(text.len())?;
    if matches!(context.escape, Escape::Raw) || !text.contains(['<', '>', '&']) {
        return Ok(text);
    }
    Ok(text.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026"))
}
