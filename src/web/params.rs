//! Rack's nested parameters: `a[b][c]=1&d[]=2` becomes ordered JSON.

use percent_encoding::percent_decode;
use serde_json::{Map, Value as Json};

/// The maximum nesting of a name, as in Rack.
const DEPTH_MAX: usize = 32;
/// The maximum number of parameters.
pub(super) const PAIRS_MAX: usize = 4_096;

/// Why parameters cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A name is nested too deeply.
    #[error("a parameter is nested deeper than {DEPTH_MAX} levels")]
    TooDeep,
    /// There are too many parameters.
    #[error("there are more than {PAIRS_MAX} parameters")]
    TooMany,
    /// A name or a value is not UTF-8 after decoding.
    #[error("a parameter is not UTF-8")]
    NotUtf8,
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
    let pairs = encoded.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
    for (count, pair) in pairs.enumerate() {
        if count >= PAIRS_MAX {
            return Err(Error::TooMany);
        }
        let place = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
        let value = pair.get(place + 1..).unwrap_or_default();
        insert(&mut params, &decoded(&pair[..place])?, Json::String(decoded(value)?))?;
    }
    Ok(params)
}

/// Decodes `+` and `%20`. Bytes that are not UTF-8 are refused: a replacement character would be
/// stored in place of what was sent.
fn decoded(text: &[u8]) -> Result<String, Error> {
    let text: Vec<u8> = text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    let decoded: Vec<u8> = percent_decode(&text).collect();
    String::from_utf8(decoded).map_err(|_| Error::NotUtf8)
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
    for (index, key) in inner.iter().enumerate() {
        let new_item = is_new_item(place, key, &keys[index + 1..]);
        place = step(place, key, new_item).ok_or_else(mixed)?;
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

/// In `a[][x]=1&a[][y]=2&a[][x]=3`, the third pair begins a new list item, as in Rack: the last
/// item already has the complete rest of the name.
fn is_new_item(place: &Json, key: &str, rest: &[&str]) -> bool {
    match place {
        Json::Array(list) if key.is_empty() => {
            list.last().is_none_or(|item| !item.is_object() || has(item, rest))
        }
        _ => true,
    }
}

/// True when a value exists at the keys; never for a list, which takes any number of items.
fn has(item: &Json, keys: &[&str]) -> bool {
    let mut place = Some(item);
    for key in keys {
        place = place.filter(|_| !key.is_empty()).and_then(|place| place.get(key));
    }
    place.is_some()
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
        assert_eq!(parsed("a&b=&c=1=2&&d=%zz"), json!({"a": "", "b": "", "c": "1=2", "d": "%zz"}));
    }

    #[test]
    fn hashes_in_lists_are_whole_items() {
        assert_eq!(
            parsed("l[][p][name]=A&l[][p][u]=1&l[][q]=1&l[][p][name]=B&l[][p][u]=2&l[][q]=2"),
            json!({"l": [{"p": {"name": "A", "u": "1"}, "q": "1"},
                {"p": {"name": "B", "u": "2"}, "q": "2"}]})
        );
        assert_eq!(
            parsed("x[l][][p][u]=1&x[l][][p][u]=2&x[l][][q]=3"),
            json!({"x": {"l": [{"p": {"u": "1"}}, {"p": {"u": "2"}, "q": "3"}]}})
        );
        // A list inside an item goes on in the same item.
        assert_eq!(
            parsed("l[][t][]=a&l[][t][]=b&l[][n]=1&l[][n]=2&l[][t][]=c"),
            json!({"l": [{"t": ["a", "b"], "n": "1"}, {"n": "2", "t": ["c"]}]})
        );
        assert_eq!(
            parsed("l[][m][][k]=1&l[][m][][k]=2"),
            json!({"l": [{"m": [{"k": "1"}, {"k": "2"}]}]})
        );
        assert_eq!(parsed("l[][a]=1&l[]=x&l[][a]=2"), json!({"l": [{"a": "1"}, "x", {"a": "2"}]}));
        assert!(read(b"l[][p]=1&l[][p][name]=A").is_err(), "as in Rack");
    }

    #[test]
    fn bytes_that_are_not_utf8_are_refused() {
        for text in ["email=zo%EB@x.org", "%EB=1", "a[%C3]=1", "a=%ED%A0%80", "a=%F5%80%80%80"] {
            assert_eq!(read(text.as_bytes()), Err(Error::NotUtf8), "{text}");
        }
        assert_eq!(read(b"a=zo\xeb"), Err(Error::NotUtf8));
        assert_eq!(parsed("a=zo%C3%AB"), json!({"a": "zoë"}));
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
