//! URLs: form encoding, query strings, URL templates (RFC 6570).

use crate::template::filters::pattern;
use percent_encoding::{
    AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode,
};
use serde_json::{Map, Value as Json};

/// The characters that `application/x-www-form-urlencoded` leaves unencoded.
const FORM: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'*').remove(b'-').remove(b'.').remove(b'_').remove(b' ');
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const RESERVED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// Encodes a string as a form value: a space becomes `+`.
pub fn form_text(text: &str) -> String {
    utf8_percent_encode(text, FORM).to_string().replace(' ', "+")
}

/// Encodes a hash as a form body: `a[b]=…`, `a[0][b]=…`, with literal brackets.
///
/// Omits nil, empty lists and empty hashes; sends empty strings. `None` when the result is too
/// large: a long name is repeated before every value inside it.
pub fn form_encode(value: &Json) -> Option<String> {
    let mut out = String::new();
    match value {
        Json::Object(map) => {
            for (name, value) in map {
                pairs(&mut out, &form_text(name), value)?;
            }
        }
        Json::Array(items) => {
            // A list of pairs keeps duplicate names.
            for item in items {
                if let [Json::String(name), value] = item.as_array().map_or(&[][..], |a| a) {
                    pairs(&mut out, &form_text(name), value)?;
                }
            }
        }
        _ => {}
    }
    Some(out)
}

const NAME_BYTES_MAX: usize = 16 * 1024;
const FORM_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Encodes a hash as a query string, lists as `a[]=…`; `None` when the result is too large.
pub fn query(value: &Json) -> Option<String> {
    fn flat(out: &mut String, name: &str, value: &Json) -> Option<()> {
        match value {
            Json::Array(items) => {
                items.iter().try_for_each(|item| flat(out, &format!("{name}[]"), item))
            }
            Json::Object(map) => map.iter().try_for_each(|(key, value)| {
                flat(out, &format!("{name}[{}]", form_text(key)), value)
            }),
            Json::Null => pair(out, name, ""),
            other => pair(out, name, &form_text(&plain(other))),
        }
    }
    let mut out = String::new();
    for (name, value) in value.as_object().into_iter().flatten() {
        flat(&mut out, &form_text(name), value)?;
    }
    Some(out)
}

fn pairs(out: &mut String, name: &str, value: &Json) -> Option<()> {
    if name.len() > NAME_BYTES_MAX {
        return None;
    }
    match value {
        Json::Null => Some(()),
        Json::Object(map) => map
            .iter()
            .try_for_each(|(key, value)| pairs(out, &format!("{name}[{}]", form_text(key)), value)),
        Json::Array(items) => items
            .iter()
            .enumerate()
            .try_for_each(|(index, value)| pairs(out, &format!("{name}[{index}]"), value)),
        Json::String(text) => pair(out, name, &form_text(text)),
        other => pair(out, name, &form_text(&other.to_string())),
    }
}

fn pair(out: &mut String, name: &str, value: &str) -> Option<()> {
    if name.len() > NAME_BYTES_MAX || out.len() > FORM_BYTES_MAX {
        return None;
    }
    if !out.is_empty() {
        out.push('&');
    }
    out.push_str(name);
    out.push('=');
    out.push_str(value);
    Some(())
}

/// Expands a URL template.
pub fn expand(template: &str, values: &Map<String, Json>) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        out.push_str(&rest[..open]);
        let Some(close) = rest[open..].find('}') else { break };
        expression(&mut out, &rest[open + 1..open + close], values);
        rest = &rest[open + close + 1..];
    }
    out.push_str(rest);
    out
}

/// The expansion rules of an operator of RFC 6570.
struct Operator {
    first: &'static str,
    between: &'static str,
    is_named: bool,
    /// Written after the name of an empty value.
    empty: &'static str,
    keeps_reserved: bool,
}

/// An expression without an operator.
const SIMPLE: Operator =
    Operator { first: "", between: ",", is_named: false, empty: "", keeps_reserved: false };

fn operator(sign: Option<char>) -> (Operator, usize) {
    let listed = |first, between| Operator { first, between, ..SIMPLE };
    let named =
        |first, between, empty| Operator { is_named: true, empty, ..listed(first, between) };
    let reserved = |first| Operator { keeps_reserved: true, ..listed(first, ",") };
    let operator = match sign {
        Some('+') => reserved(""),
        Some('#') => reserved("#"),
        Some('.') => listed(".", "."),
        Some('/') => listed("/", "/"),
        Some(';') => named(";", ";", ""),
        Some('?') => named("?", "&", "="),
        Some('&') => named("&", "&", "="),
        _ => return (SIMPLE, 0),
    };
    (operator, 1)
}

fn expression(out: &mut String, text: &str, values: &Map<String, Json>) {
    let (operator, skip) = operator(text.chars().next());
    let set = if operator.keeps_reserved { RESERVED } else { UNRESERVED };
    let encode = |text: &str| utf8_percent_encode(text, set).to_string();
    let mut parts: Vec<String> = Vec::new();
    for variable in text[skip..].split(',') {
        let (variable, explodes) =
            variable.strip_suffix('*').map_or((variable, false), |name| (name, true));
        let (name, length) = match variable.split_once(':') {
            Some((name, length)) => (name, length.parse().unwrap_or(usize::MAX)),
            None => (variable, usize::MAX),
        };
        let named = |name: &str, value: String| match (operator.is_named, value.is_empty()) {
            (false, _) => value,
            (true, true) => format!("{name}{}", operator.empty),
            (true, false) => format!("{name}={value}"),
        };
        match values.get(name.trim()) {
            None | Some(Json::Null) => {}
            Some(Json::Array(items)) if items.is_empty() => {}
            Some(Json::Object(map)) if map.is_empty() => {}
            Some(Json::Array(items)) => {
                let items = items.iter().map(|item| encode(&plain(item)));
                if explodes {
                    parts.extend(items.map(|item| named(name, item)));
                } else {
                    parts.push(named(name, items.collect::<Vec<_>>().join(",")));
                }
            }
            Some(Json::Object(map)) => {
                let sign = if explodes { "=" } else { "," };
                let pair =
                    |(k, v): (&String, &Json)| format!("{}{sign}{}", encode(k), encode(&plain(v)));
                if explodes {
                    parts.extend(map.iter().map(pair));
                } else {
                    parts.push(named(name, map.iter().map(pair).collect::<Vec<_>>().join(",")));
                }
            }
            Some(value) => {
                let value: String = plain(value).chars().take(length).collect();
                parts.push(named(name, encode(&value)));
            }
        }
    }
    if !parts.is_empty() {
        out.push_str(operator.first);
        out.push_str(&parts.join(operator.between));
    }
}

fn plain(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Null => String::new(),
        other => other.to_string(),
    }
}

/// Extracts the variables of a template from a URL; `None` when the URL does not match.
pub fn extract(url: &str, template: &str) -> Option<Map<String, Json>> {
    let mut source = String::from(r"\A");
    // Each group: its names, whether it is a list, and whether it is a complete query.
    let mut groups: Vec<(Vec<String>, bool, bool)> = Vec::new();
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        source.push_str(&fancy_regex::escape(&rest[..open]));
        let close = rest[open..].find('}')?;
        let text = &rest[open + 1..open + close];
        let sign = text.chars().next();
        let names: Vec<String> = text
            .trim_start_matches(['+', '#', '.', '/', ';', '?', '&'])
            .split(',')
            .map(|name| name.trim_end_matches('*').to_owned())
            .collect();
        let is_list = text.ends_with('*');
        source.push_str(match (sign, is_list) {
            (Some('?'), _) => r"(?:\?([^#]*))?",
            (Some('&'), _) => "(?:&([^#]*))?",
            (Some('/'), true) => "((?:/[^/?#]*)*)",
            (Some('/'), false) => "(?:/([^/?#]*))?",
            (Some('+'), _) => "([^?#]*)",
            (Some('#'), _) => "(?:#(.*))?",
            _ => "([^/?#]*)",
        });
        groups.push((names, is_list, matches!(sign, Some('?' | '&'))));
        rest = &rest[open + close + 1..];
    }
    source.push_str(&fancy_regex::escape(rest));
    source.push_str(r"/?\z");
    let pattern = pattern::compile(&source, "").ok()?;
    let found = pattern.captures(url).ok()??;
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let mut out = Map::new();
    for (index, (names, is_list, is_query)) in groups.iter().enumerate() {
        let Some(text) = found.get(index + 1).map(|m| m.as_str()) else { continue };
        if *is_query {
            let given: Vec<_> = form_urlencoded::parse(text.as_bytes()).collect();
            for name in names {
                if let Some((_, value)) = given.iter().find(|(key, _)| key == name) {
                    out.insert(name.clone(), Json::from(value.as_ref()));
                }
            }
        } else if *is_list {
            let parts = text.split('/').filter(|part| !part.is_empty());
            let parts = parts.map(|part| Json::from(decoded(part))).collect();
            out.insert(names.first()?.clone(), Json::Array(parts));
        } else {
            out.insert(names.first()?.clone(), Json::from(decoded(text)));
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_form_keeps_its_brackets() {
        let body = form_encode(&json!({
            "amount": 2000, "description": "Two & a half, é", "metadata": {"order id": "1"},
            "zoo": [{"x": 1}, {"x": true}], "nothing": null, "blank": "", "none": [], "f": 1.5
        }));
        let expected = "amount=2000&description=Two+%26+a+half%2C+%C3%A9&metadata[order+id]=1&zoo[0][x]=1&zoo[1][x]=true&blank=&f=1.5";
        assert_eq!(body.as_deref(), Some(expected));
        assert_eq!(form_encode(&json!([["a", 1], ["a", 2]])).as_deref(), Some("a=1&a=2"));
        assert_eq!(form_encode(&Json::Null).as_deref(), Some(""));
    }

    #[test]
    fn names_cannot_smuggle_pairs() {
        assert_eq!(
            form_encode(&json!({"a=1&b": {"c]&d": "x"}})).as_deref(),
            Some("a%3D1%26b[c%5D%26d]=x")
        );
    }

    #[test]
    fn templates_expand_as_in_rfc_6570() {
        let values = json!({
            "var": "value", "hello": "Hello World!", "path": "/foo/bar", "empty": "",
            "list": ["red", "green"], "keys": {"semi": ";", "dot": "."}, "x": 1024, "undef": null
        });
        let Json::Object(values) = values else { unreachable!() };
        let cases = [
            ("{var}", "value"),
            ("{hello}", "Hello%20World%21"),
            ("{+hello}", "Hello%20World!"),
            ("{+path}/here", "/foo/bar/here"),
            ("{#path}", "#/foo/bar"),
            ("{/var,x}/here", "/value/1024/here"),
            ("{?x,empty,undef}", "?x=1024&empty="),
            ("?fixed=yes{&x}", "?fixed=yes&x=1024"),
            ("{;x,empty}", ";x=1024;empty"),
            ("{list}", "red,green"),
            ("{?list*}", "?list=red&list=green"),
            ("{?keys*}", "?semi=%3B&dot=."),
            ("{var:3}", "val"),
            ("a{undef}b", "ab"),
            ("{unclosed", "{unclosed"),
        ];
        for (template, expected) in cases {
            assert_eq!(expand(template, &values), expected, "{template}");
        }
    }

    #[test]
    fn urls_give_back_their_variables() {
        let of = |url, template| Json::from(extract(url, template));
        assert_eq!(
            of("/search/Sydney/Blue%20Road", "/search/{city}/{street}"),
            json!({"city": "Sydney", "street": "Blue Road"})
        );
        assert_eq!(
            of("/a/b/c/", "/{first}{/second*}"),
            json!({"first": "a", "second": ["b", "c"]})
        );
        assert_eq!(
            of("/my/path?limit=10&offset=0", "/{first}/{second}{?limit,offset}"),
            json!({"first": "my", "second": "path", "limit": "10", "offset": "0"})
        );
        assert_eq!(
            of("/Warsaw/Poland/listings", "{+location}/listings"),
            json!({"location": "/Warsaw/Poland"})
        );
        assert_eq!(of("/other", "/search/{city}"), Json::Null);
    }
}
