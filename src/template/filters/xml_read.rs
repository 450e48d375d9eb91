//! Parses XML into hashes: elements become lists of their content, attributes become keys.
//!
//! Only the five predefined entities are expanded, so the input cannot grow by expansion.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use serde_json::{Map, Value as Json};
use sluicegate_liquid::error::Error;

/// The maximum nesting of elements.
const DEPTH_MAX: usize = 100;
/// The key of an element's text beside attributes or child elements.
const CONTENT: &str = "content";

/// Options of the XML parser.
#[derive(Debug, Clone, Copy)]
pub struct XmlOptions {
    /// Prefixes the keys of attributes with `@`.
    pub attr_prefix: bool,
    /// Makes a single element a list of one.
    pub force_array: bool,
}

/// An element being parsed.
struct Open {
    name: String,
    hash: Map<String, Json>,
    has_elements: bool,
    text: String,
}

/// Parses a document into a hash; `step` is called for every part of it.
///
/// # Errors
/// What is wrong with the document, and the error of `step`.
pub fn read(
    text: &str,
    reading: XmlOptions,
    step: &mut dyn FnMut() -> Result<(), Error>,
) -> Result<Json, Error> {
    let mut reader = Reader::from_str(text.trim());
    let mut open: Vec<Open> = vec![Open::new(String::new())];
    loop {
        step()?;
        let event = reader.read_event().map_err(|e| invalid(&e.to_string()))?;
        match event {
            Event::Start(tag) => {
                if open.len() > DEPTH_MAX {
                    return Err(Error::limit(format!("XML nests deeper than {DEPTH_MAX}")));
                }
                open.push(Open::of(&tag, reading, step)?);
            }
            Event::Empty(tag) => {
                let element = Open::of(&tag, reading, step)?;
                close(element, &mut open, reading);
            }
            Event::End(_) => {
                if let Some(element) = open.pop() {
                    close(element, &mut open, reading);
                }
            }
            Event::Text(part) => add(&mut open, &part.xml10_content()),
            Event::CData(part) => add(&mut open, &part.xml10_content()),
            Event::GeneralRef(name) => {
                let letter = name.resolve_char_ref().map_err(|e| invalid(&e.to_string()))?;
                let name = name.xml10_content();
                match (letter, quick_xml::escape::resolve_predefined_entity(&name)) {
                    (Some(letter), _) => add(&mut open, letter.encode_utf8(&mut [0; 4])),
                    (None, Some(text)) => add(&mut open, text),
                    (None, None) => return Err(invalid(&format!("unknown entity `{name}`"))),
                }
            }
            Event::Eof => break,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
    match (open.pop(), open.is_empty()) {
        (Some(document), true) if document.has_elements => Ok(Json::Object(document.hash)),
        (Some(_), true) => Err(invalid("it has no element")),
        _ => Err(invalid("an element is never closed")),
    }
}

fn invalid(why: &str) -> Error {
    Error::argument(format!("the XML is not valid: {why}"))
}

fn add(open: &mut [Open], text: &str) {
    // Text around the root element is not content.
    if let [_, .., element] = open {
        element.text.push_str(text);
    }
}

impl Open {
    fn new(name: String) -> Self {
        Self { name, hash: Map::new(), has_elements: false, text: String::new() }
    }

    fn of(
        tag: &BytesStart<'_>,
        reading: XmlOptions,
        step: &mut dyn FnMut() -> Result<(), Error>,
    ) -> Result<Self, Error> {
        let mut element = Self::new(tag.name().as_ref().to_owned());
        // Duplicate names are looked up in the hash: the reader's own check compares every
        // attribute with every other.
        for attribute in tag.attributes().with_checks(false) {
            step()?;
            let attribute = attribute.map_err(|e| invalid(&e.to_string()))?;
            let name = attribute.key.as_ref().to_owned();
            let value = attribute
                .normalized_value(quick_xml::XmlVersion::Implicit1_0)
                .map_err(|e| invalid(&e.to_string()))?;
            let key = if reading.attr_prefix { format!("@{name}") } else { name };
            if element.hash.contains_key(&key) {
                return Err(invalid(&format!("the attribute `{key}` is repeated")));
            }
            element.hash.insert(key, Json::String(value.into_owned()));
        }
        Ok(element)
    }

    /// An element with only text becomes a string; an empty element becomes an empty hash.
    fn into_json(mut self) -> Json {
        let has_text = !self.text.trim().is_empty();
        if has_text && !self.has_elements && self.hash.is_empty() {
            return Json::String(self.text);
        }
        if has_text {
            self.hash.insert(CONTENT.to_owned(), Json::String(self.text));
        }
        Json::Object(self.hash)
    }
}

/// Adds a closed element to its parent.
fn close(element: Open, open: &mut [Open], reading: XmlOptions) {
    let Some(around) = open.last_mut() else { return };
    around.has_elements = true;
    let name = element.name.clone();
    let value = element.into_json();
    match around.hash.get_mut(&name) {
        Some(Json::Array(all)) => all.push(value),
        Some(first) => *first = Json::Array(vec![first.take(), value]),
        None => {
            let value = if reading.force_array { Json::Array(vec![value]) } else { value };
            around.hash.insert(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTS: XmlOptions = XmlOptions { attr_prefix: false, force_array: true };
    const PREFIXED: XmlOptions = XmlOptions { attr_prefix: true, force_array: false };
    const SIMPLE: XmlOptions = XmlOptions { attr_prefix: false, force_array: false };

    fn with(text: &str, options: XmlOptions) -> String {
        let read = read(text, options, &mut || Ok(()));
        read.map_or_else(|e| e.message().to_owned(), |json| json.to_string())
    }

    fn plain(text: &str) -> String {
        with(text, LISTS)
    }

    #[test]
    fn elements_are_lists_and_attributes_are_keys() {
        let letter =
            "<?xml version=\"1.0\"?><letter><title maxlength=\"10\"> Hi &amp; ho </title></letter>";
        let expected = r#"{"letter":[{"title":[{"maxlength":"10","content":" Hi & ho "}]}]}"#;
        assert_eq!(plain(letter), expected);
        let expected = r#"{"letter":{"title":{"@maxlength":"10","content":" Hi & ho "}}}"#;
        assert_eq!(with(letter, PREFIXED), expected);
        let list = "<a>\n<b>1</b>\n<b/><c><![CDATA[<x>]]></c>&#65;</a>";
        assert_eq!(
            plain(list),
            "{\"a\":[{\"b\":[\"1\",{}],\"c\":[\"<x>\"],\"content\":\"\\n\\nA\"}]}"
        );
        assert_eq!(
            with(list, SIMPLE),
            "{\"a\":{\"b\":[\"1\",{}],\"c\":\"<x>\",\"content\":\"\\n\\nA\"}}"
        );
    }

    #[test]
    fn invalid_xml_is_reported() {
        for text in ["no", "<a>", "<a></b>", "<a x=1/>", "<a x='1' x='2'/>", "<a>&me;</a>"] {
            assert!(plain(text).starts_with("the XML is not valid"), "{text}: {}", plain(text));
        }
    }

    #[test]
    fn entities_do_not_grow_and_depth_ends() {
        let bomb = "<!DOCTYPE a [<!ENTITY x \"xxxx\"><!ENTITY y \"&x;&x;\">]><a>&y;</a>";
        assert_eq!(plain(bomb), "the XML is not valid: unknown entity `y`");
        let file = "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>";
        assert_eq!(plain(file), "the XML is not valid: unknown entity `x`");
        let deep = format!("{}{}", "<a>".repeat(5_000), "</a>".repeat(5_000));
        assert_eq!(plain(&deep), "XML nests deeper than 100");
    }
}
