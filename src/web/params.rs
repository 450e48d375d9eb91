//! Rack's nested parameters: `a[b][c]=1&d[]=2` becomes ordered JSON.

use serde_json::{Map, Value as Json};

/// The maximum nesting of a name, as in Rack.
const DEPTH_MAX: usize = 32;
/// The maximum number of parameters.
const PAIRS_MAX: usize = 4_096;

/// Why parameters cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A name is nested too deeply.
    #[error("a parameter is nested deeper than {DEPTH_MAX} levels")]
    TooDeep,
    /// There are too many parameters.
    #[error("there are more than {PAIRS_MAX} parameters")]
    TooMany,
    /// `a=1&a[b]=2`: the same name is a string and a structure.
    #[error("the parameter `{0}` is used both as a value and as a structure")]
    Mixed(String),
}

/// Parses a query or a form body.
///
/// The last of several equal names wins, at the position of the first: scripted modules sign
/// parameters in their order.
///
/// # Errors
/// [`Error`]; the caller answers 400.
pub fn read(encoded: &[u8]) -> Result<Map<String, Json>, Error> {
    let mut params = Map::new();
    for (count, (name, value)) in form_urlencoded::parse(encoded).enumerate() {
        if count >= PAIRS_MAX {
            return Err(Error::TooMany);
        }
        insert(&mut params, &name, Json::String(value.into_owned()))?;
    }
    Ok(params)
}

/// Inserts a value under a name such as `a[b][]`.
///
/// # Errors
/// [`Error::TooDeep`] and [`Error::Mixed`].
pub fn insert(params: &mut Map<String, Json>, name: &str, value: Json) -> Result<(), Error> {
    let (first, keys) = split(name)?;
    if first.is_empty() {
        return Ok(());
    }
    let mixed = || Error::Mixed(name.chars().take(80).collect());
    let Some((last, inner)) = keys.split_last() else {
        params.insert(first.to_owned(), value);
        return Ok(());
    };
    let mut place = params.entry(first.to_owned()).or_insert(Json::Null);
    for key in inner {
        place = step(place, key, inner_is_new_item(place, key, last)).ok_or_else(mixed)?;
    }
    match (place, *last) {
        (slot @ Json::Null, "") => *slot = Json::Array(vec![value]),
        (Json::Array(list), "") => list.push(value),
        (slot @ Json::Null, key) => {
            *slot = Json::Object(Map::from_iter([(key.to_owned(), value)]));
        }
        (Json::Object(map), key) if !key.is_empty() => {
            map.insert(key.to_owned(), value);
        }
        _ => return Err(mixed()),
    }
    Ok(())
}

/// `a[b][]` → `("a", ["b", ""])`; a name with unbalanced brackets is not split.
fn split(name: &str) -> Result<(&str, Vec<&str>), Error> {
    let Some((first, rest)) = name.split_once('[') else {
        return Ok((name, Vec::new()));
    };
    let Some(rest) = rest.strip_suffix(']') else {
        return Ok((name, Vec::new()));
    };
    let keys: Vec<&str> = rest.split("][").collect();
    if keys.len() > DEPTH_MAX {
        return Err(Error::TooDeep);
    }
    Ok((first, keys))
}

/// In `a[][x]=1&a[][y]=2&a[][x]=3`, the third pair begins a new list item, as in Rack.
fn inner_is_new_item(place: &Json, key: &str, last: &str) -> bool {
    match place {
        Json::Array(list) if key.is_empty() => {
            list.last().is_none_or(|item| item.get(last).is_some() || !item.is_object())
        }
        _ => true,
    }
}

fn step<'a>(place: &'a mut Json, key: &str, new_item: bool) -> Option<&'a mut Json> {
    if place.is_null() {
        *place = if key.is_empty() { Json::Array(Vec::new()) } else { Json::Object(Map::new()) };
    }
    match place {
        Json::Array(list) if key.is_empty() => {
            if new_item {
                list.push(Json::Null);
            }
            list.last_mut()
        }
        Json::Object(map) if !key.is_empty() => {
            Some(map.entry(key.to_owned()).or_insert(Json::Null))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parsed(text: &str) -> Json {
        Json::Object(read(text.as_bytes()).expect("readable"))
    }

    #[test]
    fn nests_as_rack_does() {
        assert_eq!(parsed("a=1&b=x+y&c=%26"), json!({"a": "1", "b": "x y", "c": "&"}));
        assert_eq!(
            parsed("form[properties_attributes][data][amount]=500&form[n][]=a&form[n][]=b"),
            json!({"form": {"properties_attributes": {"data": {"amount": "500"}}, "n": ["a", "b"]}})
        );
        assert_eq!(
            parsed("a[][x]=1&a[][y]=2&a[][x]=3"),
            json!({"a": [{"x": "1", "y": "2"}, {"x": "3"}]})
        );
        assert_eq!(parsed("a%5Bb%5D=1"), json!({"a": {"b": "1"}}));
    }

    #[test]
    fn the_last_value_wins_in_the_first_place() {
        let params = read(b"b=1&a=2&b=3").expect("readable");
        let order: Vec<_> = params.iter().collect();
        assert_eq!(order, [(&"b".to_owned(), &json!("3")), (&"a".to_owned(), &json!("2"))]);
    }

    #[test]
    fn odd_names_are_refused_or_taken_as_they_are() {
        assert_eq!(read(b"a=1&a[b]=2"), Err(Error::Mixed("a[b]".to_owned())));
        assert_eq!(read(b"a[b]=1&a[]=2"), Err(Error::Mixed("a[]".to_owned())));
        assert_eq!(parsed("=1&[x]=2&a[=3"), json!({"a[": "3"}));
        let deep = format!("a{}=1", "[b]".repeat(40));
        assert_eq!(read(deep.as_bytes()), Err(Error::TooDeep));
        let many = "a=1&".repeat(5_000);
        assert_eq!(read(many.as_bytes()), Err(Error::TooMany));
    }
}
