//! The options of `sanitize` and `markdown`: which elements and attributes are kept.

use ammonia::{Builder, UrlRelative};
use serde_json::{Map, Value as Json, json};
use std::collections::{HashMap, HashSet};

/// Elements that are never allowed, whatever the options say.
const NEVER: [&str; 5] = ["script", "style", "noscript", "plaintext", "xmp"];

/// The default options of `markdown`; `rel` is added to links.
pub fn defaults() -> Json {
    json!({
        "elements": [
            "a", "abbr", "b", "blockquote", "br", "cite", "code", "dd", "dfn", "dl", "dt", "del",
            "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "kbd", "li", "mark", "ol",
            "p", "pre", "q", "s", "samp", "small", "strike", "strong", "sub", "sup", "table",
            "tbody", "td", "th", "thead", "time", "tr", "u", "ul", "var",
        ],
        "attributes": {
            "a": ["href", "title"], "abbr": ["title"], "blockquote": ["cite"],
            "img": ["src", "alt", "title", "width", "height"], "ol": ["start"],
            "td": ["align"], "th": ["align"], "time": ["datetime"],
        },
        "add_attributes": { "a": { "rel": "nofollow" } },
    })
}

/// Merges options over others; a null value removes the key.
pub fn merged(mut one: Json, over: &Json) -> Json {
    let (Some(all), Some(over)) = (one.as_object_mut(), over.as_object()) else { return one };
    for (key, value) in over {
        let before = all.get(key).cloned();
        match (before, value) {
            (_, Json::Null) => drop(all.shift_remove(key)),
            (Some(before @ Json::Object(_)), Json::Object(map)) if !map.is_empty() => {
                all.insert(key.clone(), merged(before, value));
            }
            _ => drop(all.insert(key.clone(), value.clone())),
        }
    }
    one
}

/// Sanitizes HTML by the options.
pub fn clean(text: &str, options: &Json) -> String {
    let elements = names(&options["elements"]);
    let elements: HashSet<&str> =
        elements.into_iter().filter(|name| !NEVER.contains(name)).collect();
    let mut attributes: HashMap<&str, HashSet<&str>> = HashMap::new();
    for (element, list) in object(&options["attributes"]) {
        attributes.insert(element, names(list).into_iter().filter(|name| !runs(name)).collect());
    }
    let generic = attributes.remove("all").or_else(|| attributes.remove(":all"));
    let mut added: HashMap<&str, HashMap<&str, &str>> = HashMap::new();
    for (element, list) in object(&options["add_attributes"]) {
        let own = list.as_object().into_iter().flatten();
        let own = own.filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)));
        added.insert(element, own.filter(|(name, _)| !runs(name)).collect());
    }
    let emptied = names(&options["remove_contents"]);
    let emptied = emptied.into_iter().chain(["script", "style"]);
    // The cleaner panics on attributes of elements that it removes.
    attributes.retain(|element, _| elements.contains(element));
    added.retain(|element, _| elements.contains(element));
    let mut builder = Builder::empty();
    builder
        .clean_content_tags(emptied.filter(|name| !elements.contains(name)).collect())
        .tags(elements)
        .generic_attributes(generic.unwrap_or_default())
        .tag_attributes(attributes)
        .set_tag_attribute_values(added)
        .strip_comments(options["allow_comments"] != json!(true))
        .url_relative(UrlRelative::PassThrough)
        .url_schemes(schemes(&options["protocols"]))
        .link_rel(None);
    builder.clean(text).to_string()
}

/// True for event handler attributes, which run scripts.
fn runs(name: &str) -> bool {
    name.len() >= 2 && name.as_bytes()[..2].eq_ignore_ascii_case(b"on")
}

fn names(list: &Json) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Json::as_str).collect()
}

fn object(value: &Json) -> impl Iterator<Item = (&str, &Json)> {
    value.as_object().into_iter().flat_map(Map::iter).map(|(key, value)| (key.as_str(), value))
}

/// The URL schemes allowed for all elements: the requested ones that are safe.
fn schemes(protocols: &Json) -> HashSet<&str> {
    const SAFE: [&str; 5] = ["http", "https", "mailto", "tel", "ftp"];
    let given = object(protocols).flat_map(|(_, element)| object(element));
    let given: HashSet<&str> = given.flat_map(|(_, list)| names(list)).collect();
    let all = SAFE.into_iter();
    if given.is_empty() { all.collect() } else { all.filter(|one| given.contains(one)).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_allowed_elements_stay() {
        let text =
            r#"<div class="hello" style="color: red" onclick="x()">Foo<script>x</script></div>"#;
        assert_eq!(clean(text, &json!({ "elements": ["div"] })), "<div>Foo</div>");
        let options =
            json!({ "elements": ["div", "script"], "attributes": { "div": ["class", "onclick"] } });
        assert_eq!(clean(text, &options), "<div class=\"hello\">Foo</div>");
        let options = json!({ "elements": ["div"], "attributes": { "all": ["class"] } });
        assert_eq!(clean(text, &options), "<div class=\"hello\">Foo</div>");
        assert_eq!(clean(text, &defaults()), "Foo");
        assert_eq!(
            clean("<a href=\"javascript:x\">a</a>", &defaults()),
            "<a rel=\"nofollow\">a</a>"
        );
    }

    #[test]
    fn options_are_laid_over_others() {
        let over = json!({ "add_attributes": { "a": { "rel": null, "x": "y" } } });
        let all = merged(defaults(), &over);
        assert_eq!(clean("<a href=\"/\">a</a>", &all), "<a href=\"/\" x=\"y\">a</a>");
        let all = merged(defaults(), &json!({ "add_attributes": { "a": {} } }));
        assert_eq!(clean("<a href=\"/\">a</a>", &all), "<a href=\"/\">a</a>");
    }

    #[test]
    fn no_option_makes_the_cleaner_panic() {
        let options = json!({ "elements": ["a", "script", "style", 1], "remove_contents": ["a", "b"],
            "attributes": { "a": ["rel", "href"], "b": 1 }, "add_attributes": { "a": { "rel": "x" } },
            "protocols": { "a": { "href": ["javascript"] } } });
        assert_eq!(clean("<a href=\"javascript:1\">a</a><b>c</b>", &options), "<a rel=\"x\">a</a>");
        for options in [json!(null), json!([]), json!({ "elements": "a" })] {
            assert_eq!(clean("<a>a</a>", &options), "a");
        }
    }
}
