//! Writes a hash as XML: lists become elements, plain values of a hash become its attributes.

use serde_json::{Map, Value as Json};
use sluicegate_liquid::error::Error;

/// The element name for a list inside a list.
const ANONYMOUS: &str = "anon";
const CONTENT: &str = "content";

/// Returns the XML of a value; `spend` is called with the number of bytes written so far.
///
/// # Errors
/// For a key that is not a valid name, and the error of `spend`.
pub fn write(
    tree: &Json,
    attr_prefix: bool,
    spend: &mut dyn FnMut(usize) -> Result<(), Error>,
) -> Result<String, Error> {
    let mut writer = Writer { out: String::new(), attr_prefix, spend };
    match tree {
        Json::Object(map) => {
            for (name, value) in map {
                writer.element(name, value, 0)?;
            }
        }
        other => writer.element(ANONYMOUS, other, 0)?,
    }
    Ok(writer.out)
}

struct Writer<'a> {
    out: String,
    attr_prefix: bool,
    spend: &'a mut dyn FnMut(usize) -> Result<(), Error>,
}

impl Writer<'_> {
    fn indent(&mut self, depth: usize) {
        self.out.extend(std::iter::repeat_n("  ", depth));
    }

    /// Writes an element, or one for each item of a list.
    fn element(&mut self, name: &str, value: &Json, depth: usize) -> Result<(), Error> {
        (self.spend)(self.out.len())?;
        check(name)?;
        match value {
            Json::Array(items) => {
                for item in items {
                    match item {
                        Json::Array(_) => self.nested(name, item, depth)?,
                        one => self.element(name, one, depth)?,
                    }
                }
                Ok(())
            }
            Json::Object(map) => self.hash(name, map, depth),
            plain => {
                self.indent(depth);
                self.out.push_str(&format!("<{name}>{}</{name}>\n", escaped(plain)));
                Ok(())
            }
        }
    }

    fn nested(&mut self, name: &str, list: &Json, depth: usize) -> Result<(), Error> {
        self.indent(depth);
        self.out.push_str(&format!("<{name}>\n"));
        self.element(ANONYMOUS, list, depth + 1)?;
        self.indent(depth);
        self.out.push_str(&format!("</{name}>\n"));
        Ok(())
    }

    fn hash(&mut self, name: &str, map: &Map<String, Json>, depth: usize) -> Result<(), Error> {
        self.indent(depth);
        self.out.push('<');
        self.out.push_str(name);
        let mut inside = Vec::new();
        let mut content = None;
        for (key, value) in map {
            let is_plain = !matches!(value, Json::Array(_) | Json::Object(_) | Json::Null);
            let attribute = match self.attr_prefix {
                true => key.strip_prefix('@'),
                false => Some(key.as_str()),
            };
            match attribute {
                _ if key == CONTENT && is_plain => content = Some(escaped(value)),
                Some(attribute) if is_plain => {
                    check(attribute)?;
                    self.out.push_str(&format!(" {attribute}=\"{}\"", escaped(value)));
                }
                _ => inside.push((key, value)),
            }
        }
        if inside.is_empty() && content.is_none() && !map.is_empty() {
            self.out.push_str(" />\n");
            return Ok(());
        }
        self.out.push('>');
        self.out.push_str(content.as_deref().unwrap_or_default());
        if !inside.is_empty() {
            self.out.push('\n');
            for (key, value) in inside {
                match value {
                    Json::Null => self.hash(key, &Map::new(), depth + 1)?,
                    value => self.element(key, value, depth + 1)?,
                }
            }
            self.indent(depth);
        }
        self.out.push_str(&format!("</{name}>\n"));
        Ok(())
    }
}

fn escaped(value: &Json) -> String {
    let text = match value {
        Json::Null => return String::new(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    // Characters that XML cannot represent, not even as references, are dropped.
    let text: String =
        text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t' | '\r')).collect();
    quick_xml::escape::escape(text).into_owned()
}

/// Checks that a key is a valid element name: `<a b>` would be another document.
fn check(name: &str) -> Result<(), Error> {
    let is_inside = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':' | '-' | '.');
    let is_start = |c: char| c.is_alphabetic() || matches!(c, '_' | ':');
    if name.chars().all(is_inside) && name.starts_with(is_start) {
        return Ok(());
    }
    Err(Error::argument(format!("`{name}` is not a name of an XML element")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn plain(tree: Json, attr_prefix: bool) -> String {
        write(&tree, attr_prefix, &mut |_| Ok(())).unwrap_or_else(|e| e.message().to_owned())
    }

    #[test]
    fn lists_are_elements_and_plain_values_attributes() {
        let letter = json!({"letter": [{"title": [{"maxlength": "10", "content": " Hi & ho "}]}]});
        let expected = "<letter>\n  <title maxlength=\"10\"> Hi &amp; ho </title>\n</letter>\n";
        assert_eq!(plain(letter, false), expected);
        let hash = json!({"a": {"@id": 1, "b": "x", "c": null, "d": [1, [2]]}});
        let expected = "<a id=\"1\">\n  <b>x</b>\n  <c></c>\n  <d>1</d>\n  <d>\n    <anon>2</anon>\n  </d>\n</a>\n";
        assert_eq!(plain(hash, true), expected);
        assert_eq!(plain(json!({"a": {"id": 1}}), false), "<a id=\"1\" />\n");
        assert_eq!(plain(json!([1, "<"]), false), "<anon>1</anon>\n<anon>&lt;</anon>\n");
    }

    #[test]
    fn a_key_that_is_no_name_is_refused() {
        for key in ["a><b", "", "1", "a b", "a=\"x\""] {
            let refused = format!("`{key}` is not a name of an XML element");
            assert_eq!(plain(json!({ key: "x" }), false), refused);
            assert_eq!(plain(json!({"a": { key: "x" }}), false), refused);
        }
    }
}
