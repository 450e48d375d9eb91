//! The property of an item, as the filters that take the name of a property read it.

use crate::error::Error;
use crate::filter::FilterResult;
use crate::value::Value;
use crate::value::numbers::of_length;

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
            hash.borrow().get(name).cloned().unwrap_or_default()
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
            let index = property.to_int().unwrap_or(0);
            let length = of_length(text.chars().count());
            let index = if index < 0 { index + length } else { index };
            let character = usize::try_from(index).ok().and_then(|index| text.chars().nth(index));
            character.map_or(Value::Nil, |character| Value::text(character.to_string()))
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
