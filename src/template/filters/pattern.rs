//! Regular expressions as Ruby writes them: `matches`, `regex_matches`, `replace_regex`.

use fancy_regex::{Regex, RegexBuilder};

/// More steps back than any honest pattern takes.
const BACKTRACKS_MAX: usize = 200_000;
const PATTERN_BYTES_MAX: usize = 4_000;

/// A pattern with Ruby's options `i`, `m`, `x`; the error says what is wrong with it.
pub fn compile(pattern: &str, options: &str) -> Result<Regex, String> {
    if pattern.len() > PATTERN_BYTES_MAX {
        return Err(format!("the pattern is longer than {PATTERN_BYTES_MAX} bytes"));
    }
    RegexBuilder::new(&ruby(pattern))
        .case_insensitive(options.contains('i'))
        .dot_matches_new_line(options.contains('m'))
        .ignore_whitespace(options.contains('x'))
        // Ruby's `^` and `$` are always about lines.
        .multi_line(true)
        .backtrack_limit(BACKTRACKS_MAX)
        .delegate_size_limit(1 << 20)
        .build()
        .map_err(|e| format!("the pattern is not valid: {e}"))
}

/// Ruby's spellings that have another name here: `\h` is a hexadecimal digit, `\Z` the end.
fn ruby(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut chars = pattern.chars().peekable();
    let mut in_class = false;
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('\\', Some('h')) => {
                chars.next();
                out.push_str(if in_class { "0-9a-fA-F" } else { "[0-9a-fA-F]" });
            }
            ('\\', Some('H')) if !in_class => {
                chars.next();
                out.push_str("[^0-9a-fA-F]");
            }
            ('\\', Some('Z')) => {
                chars.next();
                out.push_str("(?=\\n?\\z)");
            }
            ('\\', Some('/')) => {
                chars.next();
                out.push('/');
            }
            ('\\', Some(&next)) => {
                chars.next();
                out.push('\\');
                out.push(next);
            }
            (c, _) => {
                match c {
                    '[' => in_class = true,
                    ']' => in_class = false,
                    _ => {}
                }
                out.push(c);
            }
        }
    }
    out
}

/// True when the pattern is found somewhere.
pub fn is_match(pattern: &Regex, text: &str) -> Result<bool, String> {
    pattern.is_match(text).map_err(too_hard)
}

/// Every match: its groups when the pattern has groups, else the match alone.
pub fn matches(pattern: &Regex, text: &str) -> Result<Vec<Vec<Option<String>>>, String> {
    let mut all = Vec::new();
    for found in pattern.captures_iter(text) {
        let found = found.map_err(too_hard)?;
        let first = usize::from(found.len() > 1);
        let groups = (first..found.len()).map(|i| found.get(i).map(|m| m.as_str().to_owned()));
        all.push(groups.collect());
    }
    Ok(all)
}

/// The text with matches replaced, every one or only the first.
///
/// `replacement` gets the match and its groups (the whole match first).
pub fn replace(
    pattern: &Regex,
    text: &str,
    is_global: bool,
    replacement: impl Fn(&[Option<&str>]) -> String,
) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut last = 0;
    for found in pattern.captures_iter(text) {
        let found = found.map_err(too_hard)?;
        let Some(whole) = found.get(0) else { continue };
        let groups: Vec<_> = (0..found.len()).map(|i| found.get(i).map(|m| m.as_str())).collect();
        out.push_str(&text[last..whole.start()]);
        out.push_str(&replacement(&groups));
        last = whole.end();
        if !is_global {
            break;
        }
    }
    out.push_str(&text[last..]);
    Ok(out)
}

/// A replacement text with `\1`, `\0`, `\&` and `\\` filled in.
pub fn fill(template: &str, groups: &[Option<&str>]) -> String {
    let mut out = String::with_capacity(template.len());
    let mut chars = template.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('&') => out.push_str(groups.first().copied().flatten().unwrap_or_default()),
            Some(digit) if digit.is_ascii_digit() => {
                let index = digit.to_digit(10).unwrap_or(0) as usize;
                out.push_str(groups.get(index).copied().flatten().unwrap_or_default());
            }
            Some('\\') => out.push('\\'),
            Some(other) => out.extend(['\\', other]),
            None => out.push('\\'),
        }
    }
    out
}

fn too_hard(_: fancy_regex::Error) -> String {
    "the pattern takes too many steps on this text".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ruby_patterns_are_understood() {
        let cases = [
            (r"^(modules/[^/]+/events/[^/]++|events/[^/]+)$", "modules/core/events/a", true),
            (r"^(modules/[^/]+/events/[^/]++|events/[^/]+)$", "modules/core/events/a/b", false),
            (r"\Aa(?!b)", "ac", true),
            (r"\Aa(?!b)", "ab", false),
            (r"^b$", "a\nb\nc", true),
            (r"\A\h{2}\Z", "fF\n", true),
            (r"a\/b", "a/b", true),
        ];
        for (pattern, text, expected) in cases {
            let pattern = compile(pattern, "").unwrap();
            assert_eq!(is_match(&pattern, text), Ok(expected), "{pattern} {text}");
        }
        assert_eq!(is_match(&compile("A", "i").unwrap(), "a"), Ok(true));
        assert!(compile("(", "").is_err());
    }

    #[test]
    fn a_pattern_that_explodes_is_stopped() {
        let pattern = compile(r"(a+)+(?!x)\1$", "").unwrap();
        assert!(is_match(&pattern, &format!("{}b", "a".repeat(5_000))).is_err());
    }

    #[test]
    fn replacements_know_groups() {
        let pattern = compile("o+", "").unwrap();
        let all = |global| replace(&pattern, "fooo foo", global, |g| fill(r"<\0>", g));
        assert_eq!(all(true).unwrap(), "f<ooo> f<oo>");
        assert_eq!(all(false).unwrap(), "f<ooo> foo");
        let pattern = compile(r"([^,]+),([^,]+)$", "").unwrap();
        let joined = replace(&pattern, "1,2,3", true, |g| fill(r"\1 & \2", g));
        assert_eq!(joined.unwrap(), "1,2 & 3");
        let groups = matches(&compile("a(b)?", "").unwrap(), "ab a").unwrap();
        assert_eq!(groups, [vec![Some("b".to_owned())], vec![None]]);
    }
}
