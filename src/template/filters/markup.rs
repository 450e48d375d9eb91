//! HTML: sanitizing, Markdown, entities, plain text.

use crate::template::filters::allowance;
use serde_json::Value as Json;
use sluicegate_liquid::print::escape_entities;
use std::borrow::Cow;
use std::sync::LazyLock;

static CLEANER: LazyLock<ammonia::Builder<'static>> = LazyLock::new(|| {
    let mut builder = ammonia::Builder::default();
    builder
        // Common elements of pages; scripts and frames stay out.
        .add_tags([
            "form", "input", "button", "select", "option", "optgroup", "textarea", "label",
            "fieldset", "legend", "section", "main", "nav", "template", "datalist", "progress",
            "output", "address", "picture", "source", "video", "audio", "track",
        ])
        .add_generic_attributes([
            "class",
            "id",
            "name",
            "value",
            "type",
            "for",
            "placeholder",
            "role",
            "tabindex",
            "hidden",
            "disabled",
            "checked",
            "selected",
            "required",
            "readonly",
            "multiple",
            "maxlength",
            "minlength",
            "min",
            "max",
            "step",
            "pattern",
            "autocomplete",
            "rows",
            "cols",
            "method",
            "enctype",
            "accept-charset",
            "accept",
            "scope",
            "datetime",
        ])
        .add_generic_attribute_prefixes(["data-", "aria-"])
        .add_tag_attributes("form", ["action"])
        .add_tag_attributes("a", ["target"])
        .add_tag_attributes("source", ["src", "srcset", "media"])
        .add_tag_attributes("video", ["src", "controls", "poster", "width", "height"])
        .add_tag_attributes("audio", ["src", "controls"])
        .url_relative(ammonia::UrlRelative::PassThrough)
        .link_rel(None);
    builder
});

/// Removes tags and attributes that run scripts or embed other pages; a string without markup is
/// returned byte for byte.
pub fn sanitize(text: &str) -> Cow<'_, str> {
    if !text.contains(['<', '&']) {
        return Cow::Borrowed(text);
    }
    if nests_too_deep(text) {
        return Cow::Owned(escape_entities(text));
    }
    Cow::Owned(CLEANER.clean(text).to_string())
}

/// Renders Markdown as HTML, keeping what `allowed` permits.
pub fn markdown(text: &str, allowed: &Json) -> String {
    use pulldown_cmark::{Options, Parser, html};
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let mut out = String::with_capacity(text.len() * 2);
    html::push_html(&mut out, Parser::new_ext(text, options));
    if nests_too_deep(&out) {
        return escape_entities(text);
    }
    allowance::clean(out.trim_end(), allowed)
}

/// The maximum nesting of elements; an HTML parser takes quadratic time in it.
const NESTING_MAX: usize = 500;
/// Void elements.
const VOID: [&str; 10] =
    ["br", "hr", "img", "input", "link", "meta", "source", "track", "wbr", "col"];

/// True when more elements are open at once than any page needs; unclosed elements count.
pub fn nests_too_deep(text: &str) -> bool {
    let mut open = 0_usize;
    for (place, _) in text.match_indices('<') {
        let rest = &text[place + 1..];
        if rest.starts_with('/') {
            open = open.saturating_sub(1);
            continue;
        }
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len().min(20));
        let name = rest.get(..end.min(20)).unwrap_or_default();
        if !name.is_empty() && !VOID.iter().any(|void| name.eq_ignore_ascii_case(void)) {
            open += 1;
        }
        if open > NESTING_MAX {
            return true;
        }
    }
    false
}

/// Decodes entities; unknown ones stay.
pub fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        match entity(rest) {
            Some((c, length)) => {
                out.push(c);
                rest = &rest[length..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Returns the entity at the start of a string, and its length.
fn entity(text: &str) -> Option<(char, usize)> {
    let end = text.bytes().take(12).position(|b| b == b';')?;
    let name = text.get(1..end)?;
    let c = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => '\u{a0}',
        _ => {
            let code = name.strip_prefix('#')?;
            let number = match code.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                None => code.parse().ok()?,
            };
            char::from_u32(number)?
        }
    };
    Some((c, end + 1))
}

/// Returns the words of a page: without tags, scripts and styles, white space collapsed.
pub fn to_text(html: &str) -> String {
    let mut builder = ammonia::Builder::empty();
    builder.clean_content_tags(["script", "style", "head", "title"].into());
    let bare = builder.clean(&html.replace('<', " <")).to_string();
    let text = unescape(&bare);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_removed_and_quotes_stay() {
        assert_eq!(sanitize(r#"say "hi" it's"#), r#"say "hi" it's"#);
        assert_eq!(sanitize("<script>alert(1)</script>ok & so"), "ok &amp; so");
        assert_eq!(sanitize("<b onclick=\"x()\">a"), "<b>a</b>");
        assert_eq!(sanitize("<a href=\"javascript:x()\">a</a>"), "<a>a</a>");
        assert_eq!(
            sanitize("<a href=\"/x\" class=\"y\">a</a>"),
            "<a href=\"/x\" class=\"y\">a</a>"
        );
    }

    #[test]
    fn markdown_is_sanitized() {
        let markdown = |text| markdown(text, &allowance::defaults());
        assert_eq!(markdown("**Foo**"), "<p><strong>Foo</strong></p>");
        assert_eq!(
            markdown("[Foo](https://a.b)"),
            "<p><a href=\"https://a.b\" rel=\"nofollow\">Foo</a></p>"
        );
        assert_eq!(markdown("<script>x</script>"), "");
    }

    #[test]
    fn entities_are_unescaped_once() {
        assert_eq!(unescape("&lt;&#39;&#x27;&amp;quot; &unknown; &"), "<''&quot; &unknown; &");
    }

    #[test]
    fn html_is_reduced_to_its_text() {
        assert_eq!(to_text("<h1>Hello <a href=\"#\">world</a></h1><p>x</p>"), "Hello world x");
        assert_eq!(to_text("<style>a{}</style><p>1 &lt; 2</p>"), "1 < 2");
    }
}
