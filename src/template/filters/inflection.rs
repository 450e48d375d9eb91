//! Words: cases, slugs, plurals, JavaScript strings.

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

/// Words between single spaces; a capital inside a word starts another.
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

/// For part of an address: letters and digits, anything else a separator; `_` stays.
pub fn parameterize(text: &str, separator: &str) -> String {
    slug(text, separator, true)
}

/// For an address: as [`parameterize`], `_` being a separator too.
pub fn slugify(text: &str) -> String {
    slug(text, "-", false)
}

fn slug(text: &str, separator: &str, keeps_underscore: bool) -> String {
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

/// The plain letters of a letter with accents; nothing for what has none.
fn ascii(c: char) -> String {
    let plain = match c {
        'à'..='å' | 'ā' | 'ă' | 'ą' => "a",
        'À'..='Å' | 'Ā' | 'Ă' | 'Ą' => "A",
        'æ' => "ae",
        'Æ' => "AE",
        'ç' | 'ć' | 'č' | 'ĉ' | 'ċ' => "c",
        'Ç' | 'Ć' | 'Č' | 'Ĉ' | 'Ċ' => "C",
        'ð' | 'ď' | 'đ' => "d",
        'Ð' | 'Ď' | 'Đ' => "D",
        'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => "e",
        'È'..='Ë' | 'Ē' | 'Ĕ' | 'Ė' | 'Ę' | 'Ě' => "E",
        'ĝ' | 'ğ' | 'ġ' | 'ģ' => "g",
        'Ĝ' | 'Ğ' | 'Ġ' | 'Ģ' => "G",
        'ì'..='ï' | 'ī' | 'į' | 'ı' => "i",
        'Ì'..='Ï' | 'Ī' | 'Į' | 'İ' => "I",
        'ł' | 'ĺ' | 'ľ' => "l",
        'Ł' | 'Ĺ' | 'Ľ' => "L",
        'ñ' | 'ń' | 'ň' => "n",
        'Ñ' | 'Ń' | 'Ň' => "N",
        'ò'..='ö' | 'ø' | 'ō' | 'ő' => "o",
        'Ò'..='Ö' | 'Ø' | 'Ō' | 'Ő' => "O",
        'œ' => "oe",
        'Œ' => "OE",
        'ŕ' | 'ř' => "r",
        'Ŕ' | 'Ř' => "R",
        'ś' | 'š' | 'ş' | 'ș' => "s",
        'Ś' | 'Š' | 'Ş' | 'Ș' => "S",
        'ß' => "ss",
        'ť' | 'ţ' | 'ț' => "t",
        'Ť' | 'Ţ' | 'Ț' => "T",
        'ù'..='ü' | 'ū' | 'ů' | 'ű' | 'ų' => "u",
        'Ù'..='Ü' | 'Ū' | 'Ů' | 'Ű' | 'Ų' => "U",
        'ý' | 'ÿ' => "y",
        'Ý' | 'Ÿ' => "Y",
        'ź' | 'ż' | 'ž' => "z",
        'Ź' | 'Ż' | 'Ž' => "Z",
        'þ' => "th",
        'Þ' => "TH",
        c if c.is_ascii() => return c.to_string(),
        _ => "",
    };
    plain.to_owned()
}

const IRREGULAR: &[(&str, &str)] = &[
    ("person", "people"),
    ("man", "men"),
    ("woman", "women"),
    ("child", "children"),
    ("foot", "feet"),
    ("tooth", "teeth"),
    ("mouse", "mice"),
    ("goose", "geese"),
    ("ox", "oxen"),
];

const SAME: &[&str] = &[
    "sheep",
    "fish",
    "series",
    "species",
    "money",
    "rice",
    "information",
    "equipment",
    "police",
    "news",
    "jeans",
];

/// The plural of an English word.
pub fn pluralize(word: &str) -> String {
    let lower = word.to_lowercase();
    if SAME.contains(&lower.as_str()) {
        return word.to_owned();
    }
    for (one, many) in IRREGULAR {
        if let Some(head) = lower.strip_suffix(one)
            && (head.is_empty() || head.ends_with([' ', '_', '-']))
        {
            // The case of the first letter stays.
            let kept = &word[..head.len() + 1];
            return format!("{kept}{}", &many[1..]);
        }
        if lower.ends_with(many) {
            return word.to_owned();
        }
    }
    let cut = |n: usize, end: &str| format!("{}{end}", &word[..word.len() - n]);
    let before_y = lower.chars().rev().nth(1);
    match lower.as_str() {
        "" => String::new(),
        w if w.ends_with("sis") => cut(2, "es"),
        w if w.ends_with('y') && before_y.is_some_and(|c| !"aeiou".contains(c)) => cut(1, "ies"),
        w if w.ends_with("fe") => cut(2, "ves"),
        w if w.ends_with("lf") || w.ends_with("rf") => cut(1, "ves"),
        w if w.ends_with(['x', 'z']) || w.ends_with("ch") || w.ends_with("sh") => cut(0, "es"),
        w if w.ends_with("ss") || w.ends_with("us") => cut(0, "es"),
        w if w.ends_with('s') => word.to_owned(),
        "hero" | "potato" | "tomato" | "echo" | "buffalo" => cut(0, "es"),
        _ => cut(0, "s"),
    }
}

/// Safe inside a JavaScript string, in either quotes or backticks, inside a page.
pub fn escape_javascript(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.push_str("\\\\"),
            '<' if chars.peek() == Some(&'/') => {
                chars.next();
                out.push_str("<\\/");
            }
            '\r' => {
                if chars.peek() == Some(&'\n') {
                    chars.next();
                }
                out.push_str("\\n");
            }
            '\n' => out.push_str("\\n"),
            '"' => out.push_str("\\\""),
            '\'' => out.push_str("\\'"),
            '`' => out.push_str("\\`"),
            '$' => out.push_str("\\$"),
            '\u{2028}' => out.push_str("&#x2028;"),
            '\u{2029}' => out.push_str("&#x2029;"),
            c => out.push(c),
        }
    }
    out
}

/// What [`escape_javascript`] was given.
pub fn unescape_javascript(text: &str) -> String {
    let text = text.replace("&#x2028;", "\u{2028}").replace("&#x2029;", "\u{2029}");
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some(c @ ('\\' | '"' | '\'' | '`' | '$' | '/')) => out.push(c),
            Some(other) => out.extend(['\\', other]),
            None => out.push('\\'),
        }
    }
    out
}

/// The text with the Liquid taken out, what stood between tags staying.
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

/// True for something that looks like an e-mail address one could write to.
pub fn is_email(text: &str) -> bool {
    let Some((name, host)) = text.rsplit_once('@') else { return false };
    let word = |c: char| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    !name.is_empty()
        && name.len() <= 64
        && text.len() <= 254
        && name.chars().all(word)
        && !name.starts_with('.')
        && !name.ends_with('.')
        && !name.contains("..")
        && host.contains('.')
        && host.split('.').all(label)
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
    fn plurals_are_english() {
        let cases = [
            ("dog", "dogs"),
            ("category", "categories"),
            ("day", "days"),
            ("box", "boxes"),
            ("person", "people"),
            ("Person", "People"),
            ("human", "humans"),
            ("wife", "wives"),
            ("analysis", "analyses"),
            ("sheep", "sheep"),
            ("", ""),
        ];
        for (one, many) in cases {
            assert_eq!(pluralize(one), many);
        }
    }

    #[test]
    fn javascript_goes_both_ways() {
        let text = "it's \"a\" \\ `${x}`\r\n</script>";
        assert_eq!(escape_javascript(text), r#"it\'s \"a\" \\ \`\${x}\`\n<\/script>"#);
        assert_eq!(unescape_javascript(&escape_javascript(text)), text.replace("\r\n", "\n"));
    }

    #[test]
    fn liquid_is_taken_out() {
        let text = "Hello! {% comment %}This is {{ x }}a comment!{% endcomment %} {{ open";
        assert_eq!(strip_liquid(text), "Hello! This is a comment! {{ open");
    }

    #[test]
    fn addresses_are_told_from_other_texts() {
        for good in ["john@example.com", "a.b+c@x.co.uk"] {
            assert!(is_email(good), "{good}");
        }
        for bad in ["john@", "@x.com", "a b@x.com", "a@x", "a@-x.com", "a..b@x.com", "a@x.com\n"] {
            assert!(!is_email(bad), "{bad}");
        }
    }
}
