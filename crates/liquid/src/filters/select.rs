//! Filters that select from lists: `map`, `where`, `reject`, `find`, `find_index`, `has`, `sum`.

use crate::builder::EngineBuilder;
use crate::context::Context;
use crate::decimal::{self, Sum};
use crate::error::Error;
use crate::filter::{Arguments, FilterResult};
use crate::filters::list::items;
use crate::filters::math::Number;
use crate::value::Value;

/// Adds the filters that select.
pub fn register(builder: &mut EngineBuilder) {
    builder
        .standard("map", map)
        .standard("where", |v, a, _| picked(&v, a, true))
        .standard("reject", |v, a, _| picked(&v, a, false))
        .standard("find", |v, a, _| {
            let found = first(&v, a)?;
            Ok(found.map_or(Value::Nil, |(_, item)| item))
        })
        .standard("find_index", |v, a, _| {
            let found = first(&v, a)?;
            Ok(found.map_or(Value::Nil, |(place, _)| Value::Int(place as i64)))
        })
        .standard("has", |v, a, _| Ok(Value::Bool(first(&v, a)?.is_some())))
        .standard("sum", sum);
}

/// The property of an item, as Ruby's `[]`; `None` for a value that has no `[]`.
///
/// # Errors
/// `cannot select the property`, where Ruby's `[]` takes no such key.
pub fn select(item: &Value, property: &Value) -> Result<Option<Value>, Error> {
    let refused = || {
        let name = property.to_ruby_argument();
        Err(Error::argument(format!("cannot select the property '{name}'")))
    };
    Ok(Some(match (item, property) {
        (Value::Hash(hash), Value::Text(name, _)) => {
            hash.borrow().get(&**name).cloned().unwrap_or_default()
        }
        (Value::Hash(_) | Value::Scope(_), _) => Value::Nil,
        (Value::Drop(drop), name) => drop.get(&name.to_text()).unwrap_or_default(),
        (Value::Int(number), Value::Int(_) | Value::Float(_)) => {
            let bit = property.to_int().unwrap_or(0);
            let set = match bit {
                ..0 => 0,
                0..63 => (number >> bit) & 1,
                _ => i64::from(*number < 0),
            };
            Value::Int(set)
        }
        (Value::Text(text, _), Value::Text(part, _)) => match text.contains(&**part) {
            true => property.clone(),
            false => Value::Nil,
        },
        (Value::Text(text, _), Value::Int(_) | Value::Float(_)) => {
            let place = property.to_int().unwrap_or(0);
            let length = text.chars().count() as i64;
            let place = if place < 0 { place + length } else { place };
            let letter = usize::try_from(place).ok().and_then(|place| text.chars().nth(place));
            letter.map_or(Value::Nil, |letter| Value::text(letter.to_string()))
        }
        (Value::Int(_) | Value::Text(..), _) => return refused(),
        (Value::List(_), Value::Int(_)) => item.get(property),
        (Value::List(_), _) => return refused(),
        _ => return Ok(None),
    }))
}

/// The property of an item, or nil.
///
/// # Errors
/// As [`select`].
pub fn under(item: &Value, property: &Value) -> FilterResult {
    Ok(select(item, property)?.unwrap_or_default())
}

fn map(value: Value, arguments: &Arguments, context: &mut Context<'_>) -> FilterResult {
    let items = items(&value);
    let name = arguments.at(0);
    if context.engine().is_ruby() {
        let one = |item: &Value| match item {
            Value::Scope(scope) => Ok(context.variable_at(&name.to_text(), *scope)),
            item => mapped(item, name),
        };
        let mapped: Result<Vec<_>, _> = items.iter().map(one).collect();
        return Ok(Value::list(mapped?));
    }
    let name = name.to_text();
    Ok(Value::list(items.iter().map(|item| item.property(&name)).collect()))
}

fn mapped(item: &Value, name: &Value) -> FilterResult {
    match item {
        Value::Hash(_) => Ok(item.get(name)),
        _ => match select(item, name)? {
            Some(value) => Ok(value),
            None => Err(Error::argument(format!(
                "cannot select the property '{}'",
                name.to_ruby_argument()
            ))),
        },
    }
}

/// Whether an item's property equals the value of the call or, without one, is true; `None` when
/// the item has no properties.
fn fits(item: &Value, arguments: &Arguments) -> Result<Option<bool>, Error> {
    let Some(property) = select(item, arguments.at(0))? else { return Ok(None) };
    Ok(Some(match arguments.given(1) {
        Some(wanted) if !wanted.is_nil() => property == *wanted,
        _ => property.is_truthy(),
    }))
}

fn picked(value: &Value, arguments: &Arguments, wanted: bool) -> FilterResult {
    let mut kept = Vec::new();
    for item in items(value) {
        match fits(&item, arguments)? {
            None => return Ok(Value::Nil),
            Some(fits) if fits == wanted => kept.push(item),
            Some(_) => {}
        }
    }
    Ok(Value::list(kept))
}

fn first(value: &Value, arguments: &Arguments) -> Result<Option<(usize, Value)>, Error> {
    for (place, item) in items(value).into_iter().enumerate() {
        match fits(&item, arguments)? {
            None => return Ok(None),
            Some(true) => return Ok(Some((place, item))),
            Some(false) => {}
        }
    }
    Ok(None)
}

fn sum(value: Value, arguments: &Arguments, _: &mut Context<'_>) -> FilterResult {
    let mut total = Number::Int(0);
    for item in items(&value) {
        let number = match arguments.given(0).filter(|name| !name.is_nil()) {
            Some(name) => Number::of(&under(&item, name)?),
            None => Number::of(&item),
        };
        total = match (total, number) {
            (Number::Int(one), Number::Int(other)) => {
                one.checked_add(other).map_or(Number::Float(one as f64 + other as f64), Number::Int)
            }
            (one, other) => Number::Float(decimal::compute(one.float(), Sum::Plus, other.float())),
        };
    }
    Ok(total.value())
}
