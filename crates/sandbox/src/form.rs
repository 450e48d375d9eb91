//! Form decoding in every spelling clients use: `a[b]=`, `a[]=`, `a[0]=`, `%5B`, stray newlines.

use serde_json::{Map, Value};

/// More pairs than any request of Stripe's needs.
const PAIRS_MAX: usize = 2_000;
/// Deeper nesting than any parameter of Stripe's has.
const DEPTH_MAX: usize = 12;

/// Decodes a body or query. Everything nested is a map; an array is a map with keys `0`, `1`, ….
pub fn decode(text: &[u8]) -> Result<Map<String, Value>, String> {
    let mut root = Map::new();
    for (count, (name, value)) in form_urlencoded::parse(text.trim_ascii()).enumerate() {
        if count >= PAIRS_MAX {
            return Err(format!("Too many parameters: at most {PAIRS_MAX} are allowed."));
        }
        let path = split(name.trim_matches(['\r', '\n']))?;
        place(&mut root, &path, value.into_owned())?;
    }
    Ok(root)
}

/// `a[b][]` → `a`, `b`, ``.
fn split(name: &str) -> Result<Vec<&str>, String> {
    let Some((head, rest)) = name.split_once('[') else { return Ok(vec![name]) };
    let invalid = || format!("Invalid parameter name: {}", name.escape_default());
    let rest = rest.strip_suffix(']').ok_or_else(invalid)?;
    let mut path = vec![head];
    path.extend(rest.split("]["));
    if head.is_empty() || path.len() > DEPTH_MAX {
        return Err(invalid());
    }
    Ok(path)
}

fn place(map: &mut Map<String, Value>, path: &[&str], value: String) -> Result<(), String> {
    let Some((head, rest)) = path.split_first() else { return Ok(()) };
    let key = if head.is_empty() { next_index(map, rest) } else { (*head).to_owned() };
    if rest.is_empty() {
        map.insert(key, Value::String(value));
        return Ok(());
    }
    let slot = map.entry(key).or_insert_with(|| Value::Object(Map::new()));
    if !slot.is_object() {
        // `a=&a[b]=1`: the later, nested spelling wins, as with Rack.
        *slot = Value::Object(Map::new());
    }
    match slot {
        Value::Object(inner) => place(inner, rest, value),
        _ => Ok(()),
    }
}

/// `a[]=`: a new element, or the last one while it lacks the key that follows (`a[][k]=`).
fn next_index(map: &Map<String, Value>, rest: &[&str]) -> String {
    if let (Some(key), Some(last)) = (rest.first(), map.len().checked_sub(1)) {
        let open = map.get(&last.to_string()).and_then(Value::as_object);
        if open.is_some_and(|open| !key.is_empty() && !open.contains_key(*key)) {
            return last.to_string();
        }
    }
    map.len().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn decoded(text: &str) -> Value {
        Value::Object(decode(text.as_bytes()).unwrap())
    }

    #[test]
    fn every_spelling_of_nesting() {
        let want = json!({"metadata": {"a": "1 2"}, "expand": {"0": "x", "1": "y"}});
        assert_eq!(decoded("metadata[a]=1+2&expand[]=x&expand[]=y"), want);
        assert_eq!(decoded("metadata%5Ba%5D=1%202&expand%5B0%5D=x&expand[1]=y"), want);
        assert_eq!(decoded("\n\r\nmetadata[a]=1%202&expand[]=x&expand[]=y\n\n"), want);
    }

    #[test]
    fn arrays_of_hashes() {
        assert_eq!(
            decoded("i[][a]=1&i[][b]=2&i[][a]=3"),
            json!({"i": {"0": {"a": "1", "b": "2"}, "1": {"a": "3"}}})
        );
    }

    #[test]
    fn nonsense_is_an_error_not_a_panic() {
        assert!(decode(b"a[b=1").is_err());
        assert!(decode(b"[b]=1").is_err());
        assert!(decode(format!("a{}=1", "[x]".repeat(50)).as_bytes()).is_err());
        assert_eq!(decoded("a=1&a[b]=2"), json!({"a": {"b": "2"}}));
        assert_eq!(decoded("%FF%FE=%00"), json!({"\u{fffd}\u{fffd}": "\u{0}"}));
    }
}
