//! Whether the templates of an instance have scripts of their own in their text, which a content
//! policy without `unsafe-inline` would stop.

use sluicegate_module::catalog::Catalog;

/// True when a page, layout, partial or form has an inline script without the page's nonce, or an
/// attribute such as `onclick`.
pub fn in_catalog(catalog: &Catalog) -> bool {
    let pages = catalog.pages.iter().map(|page| &page.source);
    let layouts = catalog.layouts.values().map(|layout| &layout.source);
    let partials = catalog.partials.values().map(|partial| &partial.source);
    let forms = catalog.forms.values().map(|form| &form.source);
    let mut all = pages.chain(layouts).chain(partials).chain(forms);
    all.any(|source| in_text(&source.text))
}

fn in_text(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let tags = text.match_indices('<').map(|(place, _)| &text[place + 1..]);
    tags.filter_map(tag).any(|(name, attributes)| {
        let is_script = name == "script" && !has(attributes, "src") && !has(attributes, "nonce");
        (is_script && runs(attributes))
            || attribute_names(attributes).any(|name| name.len() > 2 && name.starts_with("on"))
            || attributes.contains("javascript:")
    })
}

/// The name of the tag that the text begins with, and its attributes; attributes may hold outputs
/// with `>` in them, which ends them early.
fn tag(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '-')?;
    let (name, rest) = text.split_at(end);
    let attributes = &rest[..rest.find('>').unwrap_or(rest.len())];
    (!name.is_empty()).then_some((name, attributes))
}

fn attribute_names(attributes: &str) -> impl Iterator<Item = &str> {
    attributes.match_indices('=').map(|(place, _)| {
        let before = attributes[..place].trim_end();
        let start = before.rfind(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '/'));
        &before[start.map_or(0, |start| start + 1)..]
    })
}

fn has(attributes: &str, name: &str) -> bool {
    attribute_names(attributes).any(|known| known == name)
}

/// False for a block of data, which no browser runs.
fn runs(attributes: &str) -> bool {
    !has(attributes, "type")
        || !["json", "template", "text/x-"].iter().any(|t| attributes.contains(t))
}

#[cfg(test)]
mod tests {
    use super::in_text;

    #[test]
    fn scripts_in_the_text_are_found() {
        for text in [
            "<script>go()</script>",
            "<SCRIPT type=\"module\">go()</SCRIPT>",
            "<script data-a='1'>",
            "<button type=\"button\" onclick=\"go()\">x</button>",
            "<body onload = go()>",
            "<a href=\"javascript:go()\">x</a>",
        ] {
            assert!(in_text(text), "{text}");
        }
    }

    #[test]
    fn what_a_strict_policy_allows_is_not_one() {
        for text in [
            "",
            "a < b and on = 1",
            "<p>onclick=1</p>",
            "<script src=\"{{ 'a.js' | asset_url }}\" defer></script>",
            "<script nonce=\"{{ context.csp_nonce }}\">go()</script>",
            "<script type=\"application/json\">{}</script>",
            "<input name=\"one\" value=\"on\"><option data-on=1>",
        ] {
            assert!(!in_text(text), "{text}");
        }
    }
}
