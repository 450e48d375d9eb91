//! Finds in a template's text the names that are written out: partials, queries, forms.
//!
//! It reads the text, not the compiled template, so it also sees what a branch never reaches.

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A partial, by `include`, `render`, `function` or `background`.
    Partial,
    /// A graph query.
    GraphQuery,
    /// A form.
    Form,
}

impl Kind {
    /// What a fault calls it.
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Partial => "partial",
            Self::GraphQuery => "graph query",
            Self::Form => "form",
        }
    }
}

/// A name written out in a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference<'a> {
    /// What it stands for.
    pub kind: Kind,
    /// The name.
    pub name: &'a str,
    /// The byte at which it stands.
    pub offset: usize,
}

/// Every name written out in `text`, in order.
pub fn find(text: &str) -> Vec<Reference<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(open) = text[at..].find("{%").map(|i| at + i) {
        let Some(close) = text[open..].find("%}").map(|i| open + i) else { break };
        let start = open + 2;
        let inner = &text[start..close];
        let inner = inner.strip_suffix('-').unwrap_or(inner);
        let (skip, inner) = inner.strip_prefix('-').map_or((0, inner), |rest| (1, rest));
        at = close + 2;
        let name = tag_name(inner);
        match name {
            "comment" | "raw" | "doc" => {
                let end = end_of_block(text, at, name);
                at = end.unwrap_or(text.len());
            }
            "liquid" => {
                let body = inner.find("liquid").map_or(0, |i| i + "liquid".len());
                lines(&inner[body..], start + skip + body, &mut found);
            }
            _ => found.extend(reference(inner, start + skip)),
        }
    }
    found
}

/// Behind the end tag of a block whose inside is not read.
fn end_of_block(text: &str, from: usize, name: &str) -> Option<usize> {
    let mut at = from;
    loop {
        let open = at + text.get(at..)?.find("{%")?;
        let close = open + text[open..].find("%}")?;
        let inner = text[open + 2..close].trim_matches(['-', ' ', '\t', '\n', '\r']);
        at = close + 2;
        if inner.strip_prefix("end") == Some(name) {
            return Some(at);
        }
    }
}

fn tag_name(inner: &str) -> &str {
    let inner = inner.trim_start();
    let end = inner.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(inner.len());
    &inner[..end]
}

/// The tags of a `liquid` tag, one a line; a comma at a line's end goes on.
fn lines<'a>(body: &'a str, offset: usize, found: &mut Vec<Reference<'a>>) {
    let mut at = 0;
    let mut in_comment: Option<&str> = None;
    for line in body.split_inclusive('\n') {
        let here = at;
        at += line.len();
        let name = tag_name(line);
        match (in_comment, name) {
            (Some(block), name) => {
                if name.strip_prefix("end") == Some(block) {
                    in_comment = None;
                }
            }
            (None, "comment" | "doc" | "raw") => in_comment = Some(name),
            (None, _) => found.extend(reference(line, offset + here)),
        }
    }
}

/// The name a tag refers to, when it is written out.
fn reference(inner: &str, offset: usize) -> Option<Reference<'_>> {
    let name = tag_name(inner);
    let after = inner.find(name)? + name.len();
    let (kind, is_assigned) = match name {
        "include" | "render" => (Kind::Partial, false),
        "function" | "function_rc" | "background" | "background_rc" => (Kind::Partial, true),
        "graphql" => (Kind::GraphQuery, true),
        "execute_query" | "query_graph" => (Kind::GraphQuery, false),
        "include_form" | "render_form" => (Kind::Form, false),
        _ => return None,
    };
    let mut at = after;
    if is_assigned {
        at += target_length(&inner[after..])?;
    }
    let rest = &inner[at..];
    let start = rest.len() - rest.trim_start().len();
    let quote = rest[start..].chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let from = at + start + 1;
    let length = inner[from..].find(quote)?;
    let text = &inner[from..from + length];
    // `"{{ x }}/y"` is put together at run time.
    if text.is_empty() || text.contains("{{") {
        return None;
    }
    Some(Reference { kind, name: text, offset: offset + from })
}

/// The length of `x =`, `x['k'] =` or `x <<`.
fn target_length(text: &str) -> Option<usize> {
    let mut depth = 0_u32;
    let mut quote = None;
    let mut previous = ' ';
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(q), c) if q == c => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') if depth > 0 => quote = Some(c),
            (None, '[') => depth += 1,
            (None, ']') => depth = depth.saturating_sub(1),
            (None, '=') if depth == 0 => return Some(at + 1),
            (None, '<') if depth == 0 && previous == '<' => return Some(at + 1),
            // `graphql r, k: v` opens a block; `function 'p'` is not a call.
            (None, ',' | '\'' | '"' | ':') if depth == 0 => return None,
            _ => {}
        }
        previous = c;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<(Kind, &str)> {
        find(text).into_iter().map(|r| (r.kind, r.name)).collect()
    }

    #[test]
    fn names_are_found_in_every_kind_of_tag() {
        let text = "{% include 'a', x: 'no' %}{%- render \"b\" -%}{% function x = 'c' %}\
            {% function h['k=1']['z'] << 'd' %}{%  graphql  g = 'q' | dig: 'x' %}{% graphql g, n: 'no' %}q{% endgraphql %}\
            {% include_form 'f' config: c %}{% include name %}{% background j = 'w' %}{% background x: 'no' %}\
            {% execute_query 'e', result_name: 'x' %}{% include \"p/{{ x }}\" %}{{ 'no' | t }}";
        let expected = [
            (Kind::Partial, "a"),
            (Kind::Partial, "b"),
            (Kind::Partial, "c"),
            (Kind::Partial, "d"),
            (Kind::GraphQuery, "q"),
            (Kind::Form, "f"),
            (Kind::Partial, "w"),
            (Kind::GraphQuery, "e"),
        ];
        assert_eq!(names(text), expected);
    }

    #[test]
    fn lines_of_a_liquid_tag_are_tags() {
        let text = "{%- liquid\n  function a = 'one',\n    x: 1\n  comment\n    include 'no'\n  endcomment\n  # include 'no'\n  include 'two'\n-%}";
        assert_eq!(names(text), [(Kind::Partial, "one"), (Kind::Partial, "two")]);
        let offset = find(text)[1].offset;
        assert_eq!(&text[offset..offset + 3], "two");
    }

    #[test]
    fn what_is_not_read_is_not_found() {
        let text = "{% comment %}{% include 'a' %}{% endcomment %}{% raw %}{% include 'b' %}{% endraw %}{% include 'c' %}";
        assert_eq!(names(text), [(Kind::Partial, "c")]);
        assert!(names("{% include 'x' ").is_empty());
        assert!(names("{% include ' %}").is_empty());
    }
}
