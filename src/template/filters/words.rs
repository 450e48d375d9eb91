//! Letter cases and slugs.

use unicode_normalization::UnicodeNormalization as _;

/// `foo bar_zoo-xx` → `Foo Bar Zoo Xx`.
pub fn titleize(text: &str) -> String {
    humanize_words(text).split(' ').map(capitalize).collect::<Vec<_>>().join(" ")
}

/// `car_model` → `Car model`, `customer_id` → `Customer`.
pub fn humanize(text: &str) -> String {
    let text = text.strip_suffix("_id").filter(|rest| !rest.is_empty()).unwrap_or(text);
    let words = text.trim_start_matches('_').replace('_', " ").to_lowercase();
    capitalize(words.trim())
}

/// Separates words by single spaces; a capital inside a word starts a new one.
fn humanize_words(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 4);
    let mut last = ' ';
    for c in text.chars() {
        if matches!(c, '_' | '-' | ' ') {
            if !out.ends_with(' ') && !out.is_empty() {
                out.push(' ');
            }
        } else {
            if c.is_uppercase() && last.is_lowercase() {
                out.push(' ');
            }
            out.extend(c.to_lowercase());
        }
        last = c;
    }
    out.trim_end().to_owned()
}

fn capitalize(word: &str) -> String {
    let mut chars = word.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}

/// Slug that keeps letters, digits and `_`; anything else becomes a separator.
pub fn parameterize(text: &str, separator: &str) -> String {
    slug(text, separator, Underscore::Kept)
}

/// Slug as [`parameterize`] with `-`, where `_` is also a separator.
pub fn slugify(text: &str) -> String {
    slug(text, "-", Underscore::Replaced)
}

/// What a slug does with `_`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Underscore {
    Kept,
    Replaced,
}

fn slug(text: &str, separator: &str, underscore: Underscore) -> String {
    let keeps_underscore = underscore == Underscore::Kept;
    let mut out = String::with_capacity(text.len());
    let mut is_gap = false;
    for c in text.chars() {
        let plain = ascii(c);
        let stays =
            |c: char| c.is_ascii_alphanumeric() || (keeps_underscore && c == '_') || c == '-';
        if plain.is_empty() || !plain.chars().all(stays) || plain == "-" {
            is_gap = true;
            continue;
        }
        if is_gap && !out.is_empty() {
            out.push_str(separator);
        }
        is_gap = false;
        out.push_str(&plain.to_ascii_lowercase());
    }
    out
}

/// Transliterates a letter with diacritics, or one that Unicode does not decompose, to ASCII; empty
/// for a letter without an equivalent. Follows the I18n gem.
fn ascii(c: char) -> String {
    if c.is_ascii() {
        return c.to_string();
    }
    let plain = match c {
        'æ' => "ae",
        'Æ' => "AE",
        'ð' | 'đ' => "d",
        'Ð' | 'Đ' => "D",
        'ħ' => "h",
        'Ħ' => "H",
        'ı' => "i",
        'ł' => "l",
        'Ł' => "L",
        'ø' => "o",
        'Ø' => "O",
        'œ' => "oe",
        'Œ' => "OE",
        'ß' => "ss",
        'þ' => "th",
        'Þ' => "TH",
        'ŧ' => "t",
        'Ŧ' => "T",
        _ => return c.nfd().filter(char::is_ascii).collect(),
    };
    plain.to_owned()
}

/// Removes Liquid tags and outputs; the content between tags stays.
pub fn strip_liquid(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    loop {
        let next = ["{%", "{{"].iter().filter_map(|open| rest.find(open).map(|at| (at, *open)));
        let Some((at, open)) = next.min() else { break };
        let close = if open == "{%" { "%}" } else { "}}" };
        let Some(end) = rest[at..].find(close) else { break };
        out.push_str(&rest[..at]);
        rest = &rest[at + end + 2..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_change_their_case() {
        assert_eq!(titleize("foo bar_zoo-xx"), "Foo Bar Zoo Xx");
        assert_eq!(titleize("TheManWithoutAPast"), "The Man Without Apast");
        assert_eq!(humanize("car_model"), "Car model");
        assert_eq!(humanize("customer_id"), "Customer");
    }

    #[test]
    fn slugs_fit_an_address() {
        assert_eq!(parameterize("John arrived_foo", "-"), "john-arrived_foo");
        assert_eq!(parameterize("  Zażółć -- gęślą!", "_"), "zazolc_gesla");
        assert_eq!(slugify("John arrived_foo"), "john-arrived-foo");
        assert_eq!(slugify("日本"), "");
    }

    #[test]
    fn diacritics_are_removed() {
        assert_eq!(slugify("ŵorld ĥello"), "world-hello");
        assert_eq!(slugify("Ærøskøbing Łódź İstanbul straße"), "aeroskobing-lodz-istanbul-strasse");
        assert_eq!(slugify("Tiếng Việt"), "tieng-viet");
    }

    #[test]
    fn liquid_is_taken_out() {
        let text = "Hello! {% comment %}This is {{ x }}a comment!{% endcomment %} {{ open";
        assert_eq!(strip_liquid(text), "Hello! This is a comment! {{ open");
    }
}
