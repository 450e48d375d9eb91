//! Hash filters: merging, digging, cloning. All but `hash_delete_key` leave their input unchanged.

use crate::template::filters::alias;
use crate::template::json;
use serde_json::{Value as Json, json};
use sluicegate_liquid::EngineBuilder;
use sluicegate_liquid::Object;
use sluicegate_liquid::context::Context;
use sluicegate_liquid::error::Error;
use sluicegate_liquid::filter::Arguments;
use sluicegate_liquid::filters::list::shallow;
use sluicegate_liquid::text::Text;
use sluicegate_liquid::value::Value;

type FilterResult = Result<Value, Error>;

/// Registers the hash filters.
pub fn register(builder: &mut EngineBuilder) {
    alias(builder, &["hash_add_key", "add_hash_key", "assign_to_hash_key"], add_key);
    alias(builder, &["hash_merge"], merge);
    alias(builder, &["hash_delete_key", "delete_hash_key", "remove_hash_key"], delete_key);
    alias(builder, &["hash_dig", "dig"], dig);
    alias(builder, &["hash_fetch", "fetch"], |v, a, _| Ok(step(&v, a.at(0))));
    alias(builder, &["hash_except"], except);
    alias(builder, &["hash_keys"], |v, _, _| {
        Ok(Value::list(entries(&v)?.into_keys().map(Value::text).collect()))
    });
    alias(builder, &["hash_values"], |v, _, _| {
        Ok(Value::list(entries(&v)?.into_values().collect()))
    });
    alias(builder, &["hash_sort"], |v, _, _| {
        let mut map = entries(&v)?;
        map.sort_keys();
        Ok(Value::hash(map))
    });
    alias(builder, &["hash_diff"], diff);
    alias(builder, &["deep_clone"], |v, _, c| Ok(Value::from(json::checked(&v, c)?)));
}

/// Returns the entries of a hash; nil and blank strings have none.
fn entries(value: &Value) -> Result<Object, Error> {
    match value {
        Value::Hash(hash) => Ok(hash.borrow().clone()),
        Value::Drop(object) => match Value::from(object.to_json()) {
            Value::Hash(hash) => Ok(hash.borrow().clone()),
            _ => Ok(Object::default()),
        },
        value if value.is_blank() => Ok(Object::default()),
        other => Err(Error::argument(format!("this needs a hash, not {}", other.kind()))),
    }
}

fn add_key(value: Value, arguments: &Arguments, _: &mut Context<'_>) -> FilterResult {
    let mut map = entries(&value)?;
    map.insert(Text::from(&*arguments.text(0)), arguments.at(1).clone());
    Ok(Value::hash(map))
}

fn merge(value: Value, arguments: &Arguments, _: &mut Context<'_>) -> FilterResult {
    let mut map = entries(&value)?;
    for other in &arguments.positional {
        map.extend(entries(other)?);
    }
    map.extend(arguments.named.iter().cloned());
    Ok(Value::hash(map))
}

/// Removes the key from the hash itself, and returns its value.
fn delete_key(value: Value, arguments: &Arguments, _: &mut Context<'_>) -> FilterResult {
    let Value::Hash(hash) = value else { return Ok(Value::Nil) };
    let taken = hash.borrow_mut().shift_remove(&arguments.text(0));
    Ok(taken.unwrap_or_default())
}

fn dig(value: Value, arguments: &Arguments, _: &mut Context<'_>) -> FilterResult {
    let keys = arguments.positional.iter().flat_map(shallow);
    Ok(keys.fold(value, |value, key| step(&value, &key)))
}

/// One step into a value: own keys only, not `size` or `first`.
fn step(value: &Value, key: &Value) -> Value {
    match value {
        Value::Hash(hash) => hash.borrow().get(&key.to_text()).cloned().unwrap_or_default(),
        Value::List(_) => key.to_int().map_or(Value::Nil, |at| value.get(&Value::Int(at))),
        Value::Drop(_) => value.property(&key.to_text()),
        _ => Value::Nil,
    }
}

fn except(value: Value, arguments: &Arguments, _: &mut Context<'_>) -> FilterResult {
    let mut map = entries(&value)?;
    for key in arguments.positional.iter().flat_map(shallow) {
        map.shift_remove(&key.to_text());
    }
    Ok(Value::hash(map))
}

/// The differences that a comparison ignores.
struct DiffOptions<'a> {
    strips: bool,
    ignores_case: bool,
    tolerance: f64,
    delimiter: &'a str,
    ignored: Vec<String>,
}

fn diff(value: Value, arguments: &Arguments, context: &mut Context<'_>) -> FilterResult {
    let is_on = |name| arguments.named(name).is_some_and(Value::is_truthy);
    let delimiter = arguments.named("delimiter").map(|v| v.to_text().into_owned());
    let tolerance = arguments.named("numeric_tolerance").and_then(|v| v.to_text().parse().ok());
    let ignored = arguments.named("ignore_keys").map(shallow).unwrap_or_default();
    let loosely = DiffOptions {
        strips: is_on("strip"),
        ignores_case: is_on("case_insensitive"),
        tolerance: tolerance.unwrap_or(0.0),
        delimiter: delimiter.as_deref().unwrap_or("."),
        ignored: ignored.iter().map(|key| key.to_text().into_owned()).collect(),
    };
    let (one, other) = (json::checked(&value, context)?, json::checked(arguments.at(0), context)?);
    let mut found = Vec::new();
    compare("", &one, &other, &loosely, &mut found);
    Ok(Value::from(Json::Array(found)))
}

/// Compares two values recursively; in a hash, removed keys come first, then changed, then added.
fn compare(at: &str, one: &Json, other: &Json, how: &DiffOptions<'_>, found: &mut Vec<Json>) {
    match (one, other) {
        (Json::Object(a), Json::Object(b)) => {
            let name = |key: &str| match at {
                "" => key.to_owned(),
                at => format!("{at}{}{key}", how.delimiter),
            };
            let counts = |key: &&String| !how.ignored.contains(key);
            for key in a.keys().filter(counts).filter(|key| !b.contains_key(*key)) {
                found.push(json!(["-", name(key), a[key]]));
            }
            for key in a.keys().filter(counts) {
                if let Some(changed) = b.get(key) {
                    compare(&name(key), &a[key], changed, how, found);
                }
            }
            for key in b.keys().filter(counts).filter(|key| !a.contains_key(*key)) {
                found.push(json!(["+", name(key), b[key]]));
            }
        }
        (Json::Array(a), Json::Array(b)) => {
            let name = |index: usize| format!("{at}[{index}]");
            for (index, (one, other)) in a.iter().zip(b).enumerate() {
                compare(&name(index), one, other, how, found);
            }
            let gone = a.iter().enumerate().skip(b.len()).rev();
            found.extend(gone.map(|(index, item)| json!(["-", name(index), item])));
            let new = b.iter().enumerate().skip(a.len());
            found.extend(new.map(|(index, item)| json!(["+", name(index), item])));
        }
        _ if !is_alike(one, other, how) => found.push(json!(["~", at, one, other])),
        _ => {}
    }
}

fn is_alike(one: &Json, other: &Json, how: &DiffOptions<'_>) -> bool {
    match (one, other) {
        (Json::String(a), Json::String(b)) => {
            let (a, b) = if how.strips { (a.trim(), b.trim()) } else { (&**a, &**b) };
            a == b || (how.ignores_case && a.to_lowercase() == b.to_lowercase())
        }
        (Json::Number(a), Json::Number(b)) => {
            a == b
                || a.as_f64().zip(b.as_f64()).is_some_and(|(a, b)| (a - b).abs() <= how.tolerance)
        }
        _ => one == other,
    }
}
