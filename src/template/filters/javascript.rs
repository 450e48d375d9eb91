//! Escapes and unescapes strings for JavaScript.

/// Escapes a string for JavaScript in any quotes or backticks, inside a page.
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

/// Reverses [`escape_javascript`].
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn javascript_goes_both_ways() {
        let text = "it's \"a\" \\ `${x}`\r\n</script>";
        assert_eq!(escape_javascript(text), r#"it\'s \"a\" \\ \`\${x}\`\n<\/script>"#);
        assert_eq!(unescape_javascript(&escape_javascript(text)), text.replace("\r\n", "\n"));
    }
}
