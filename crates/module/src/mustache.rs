//! Template values: `<%= key =%>` in a module's text files, filled in at load time.

use serde_json::{Map, Value as Json};
use std::borrow::Cow;

const OPEN: &str = "<%=";
const CLOSE: &str = "=%>";

/// Fills in every `<%= key =%>` and escapes its HTML; `<%= &key =%>` does not escape. A missing key
/// yields an empty string. A file with an unclosed tag is unchanged.
pub fn fill<'a>(text: &'a str, values: &Map<String, Json>) -> Cow<'a, str> {
    if values.is_empty() || !text.contains(OPEN) {
        return Cow::Borrowed(text);
    }
    section(text, values).map_or(Cow::Borrowed(text), Cow::Owned)
}

/// A reference to a value in a file.
#[derive(Debug, PartialEq, Eq)]
pub struct Placeholder<'a> {
    /// The byte offset of the tag.
    pub offset: usize,
    /// The key.
    pub key: &'a str,
    /// True for `&key`, which is not escaped.
    pub is_raw: bool,
}

/// Every reference to a value in a file.
pub fn placeholders(text: &str) -> Vec<Placeholder<'_>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(offset) = text[from..].find(OPEN).map(|i| i + from) {
        let tag = &text[offset + OPEN.len()..];
        let Some(end) = tag.find(CLOSE) else { break };
        let written = tag[..end].trim();
        let key = written.strip_prefix('&').map(str::trim);
        if !written.starts_with(['#', '^', '/', '!']) {
            found.push(Placeholder { offset, key: key.unwrap_or(written), is_raw: key.is_some() });
        }
        from = offset + OPEN.len() + end + CLOSE.len();
    }
    found
}

fn section(text: &str, values: &Map<String, Json>) -> Option<String> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(OPEN) {
        filled.push_str(&rest[..start]);
        let tag_and_rest = &rest[start + OPEN.len()..];
        let end = tag_and_rest.find(CLOSE)?;
        let tag = tag_and_rest[..end].trim();
        rest = &tag_and_rest[end + CLOSE.len()..];
        match tag.chars().next() {
            Some('&') => filled.push_str(&value(values, tag[1..].trim())),
            Some('!') => {}
            Some(sigil @ ('#' | '^')) => {
                let key = tag[1..].trim();
                let (inside, after) = closed(rest, key)?;
                rest = after;
                if truthy(values.get(key)) == (sigil == '#') {
                    filled.push_str(&section(inside, values)?);
                }
            }
            _ => filled.push_str(&escaped(&value(values, tag))),
        }
    }
    filled.push_str(rest);
    Some(filled)
}

/// Splits at the closing tag of the section `key`.
fn closed<'a>(text: &'a str, key: &str) -> Option<(&'a str, &'a str)> {
    let mut from = 0;
    while let Some(start) = text[from..].find(OPEN).map(|i| i + from) {
        let tag = &text[start + OPEN.len()..];
        let end = tag.find(CLOSE)?;
        let after = start + OPEN.len() + end + CLOSE.len();
        if tag[..end].trim().strip_prefix('/').is_some_and(|name| name.trim() == key) {
            return Some((&text[..start], &text[after..]));
        }
        from = after;
    }
    None
}

fn truthy(value: Option<&Json>) -> bool {
    match value {
        None | Some(Json::Null | Json::Bool(false)) => false,
        Some(Json::String(text)) => !text.is_empty(),
        Some(Json::Array(items)) => !items.is_empty(),
        Some(_) => true,
    }
}

fn value(values: &Map<String, Json>, key: &str) -> String {
    let found = values.get(key).or_else(|| {
        let mut parts = key.split('.');
        let first = values.get(parts.next()?)?;
        parts.try_fold(first, |value, part| value.get(part))
    });
    match found {
        None | Some(Json::Null) => String::new(),
        Some(Json::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// Mustache's own escapes: they change a secret with `/` or `=`, which is why `&` exists.
pub fn escaped(text: &str) -> String {
    let mut into = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => into.push_str("&amp;"),
            '<' => into.push_str("&lt;"),
            '>' => into.push_str("&gt;"),
            '"' => into.push_str("&quot;"),
            '\'' => into.push_str("&#39;"),
            '/' => into.push_str("&#x2F;"),
            '`' => into.push_str("&#x60;"),
            '=' => into.push_str("&#x3D;"),
            _ => into.push(c),
        }
    }
    into
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn filled(text: &str) -> String {
        let values = json!({"key": "a/b=", "terms-and-conditions": "/t", "on": true, "n": 3});
        let Json::Object(values) = values else { panic!("a map") };
        fill(text, &values).into_owned()
    }

    #[test]
    fn a_key_is_escaped_unless_it_asks_not_to_be() {
        assert_eq!(filled("'<%= key =%>'"), "'a&#x2F;b&#x3D;'");
        assert_eq!(filled("'<%=&key=%>'"), "'a/b='");
        assert_eq!(filled("<%= &terms-and-conditions =%><%= n =%>"), "/t3");
    }

    #[test]
    fn what_is_missing_is_empty_and_what_is_broken_is_left() {
        assert_eq!(filled("[<%= other =%>]"), "[]");
        assert_eq!(filled("<%= key"), "<%= key");
        assert_eq!(filled("<% erb %>"), "<% erb %>");
    }

    #[test]
    fn placeholders_are_found_in_a_string() {
        let found = placeholders("a <%= k =%> <%= &k =%> <%=#on=%> <%= open");
        let paste = |offset, is_raw| Placeholder { offset, key: "k", is_raw };
        assert_eq!(found, [paste(2, false), paste(12, true)]);
    }

    #[test]
    fn sections_work() {
        assert_eq!(filled("<%=#on=%>yes<%=/on=%><%=^on=%>no<%=/on=%>"), "yes");
        assert_eq!(filled("<%=#off=%>yes<%=/off=%>"), "");
    }
}
