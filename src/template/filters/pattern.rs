//! Regular expressions in Ruby syntax: `matches`, `regex_matches`, `replace_regex`.

use fancy_regex::{Regex, RegexBuilder};
use sluicegate_liquid::error::Error;

/// More backtracking steps than any reasonable pattern takes.
const BACKTRACKS_MAX: usize = 200_000;
const PATTERN_BYTES_MAX: usize = 4_000;

/// Compiles a pattern with Ruby's options `i`, `m`, `x`; the error says what is wrong with it.
pub fn compile(pattern: &str, options: &str) -> Result<Regex, String> {
    if pattern.len() > PATTERN_BYTES_MAX {
        return Err(format!("the pattern is longer than {PATTERN_BYTES_MAX} bytes"));
    }
    RegexBuilder::new(&ruby(pattern))
        .case_insensitive(options.contains('i'))
        .dot_matches_new_line(options.contains('m'))
        .ignore_whitespace(options.contains('x'))
        // Ruby's `^` and `$` always match at line breaks.
        .multi_line(true)
        .backtrack_limit(BACKTRACKS_MAX)
        .delegate_size_limit(1 << 20)
        .build()
        .map_err(|e| format!("the pattern is not valid: {e}"))
}

/// Translates Ruby escapes: `\h` is a hexadecimal digit, `\Z` the end.
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

/// True when the pattern matches anywhere.
pub fn is_match(pattern: &Regex, text: &str) -> Result<bool, String> {
    pattern.is_match(text).map_err(too_hard)
}

/// Called with the number of bytes produced so far, at every match and every filled-in group.
type Spend<'a> = &'a dyn Fn(usize) -> Result<(), Error>;

/// Returns every match: its groups when the pattern has groups, otherwise the match itself.
///
/// # Errors
/// When the pattern exceeds the backtracking limit, and the error of `spend`.
pub fn matches(
    pattern: &Regex,
    text: &str,
    spend: Spend<'_>,
) -> Result<Vec<Vec<Option<String>>>, Error> {
    let mut all = Vec::new();
    let mut made = 0;
    for found in pattern.captures_iter(text) {
        let found = found.map_err(|e| Error::argument(too_hard(e)))?;
        made += found.get(0).map_or(0, |whole| whole.as_str().len()) + 64;
        spend(made)?;
        let first = usize::from(found.len() > 1);
        let groups = (first..found.len()).map(|i| found.get(i).map(|m| m.as_str().to_owned()));
        all.push(groups.collect());
    }
    Ok(all)
}

/// Which matches are replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occurrences {
    /// Only the first.
    First,
    /// All of them.
    All,
}

/// Replaces the matches in the text.
///
/// `replacement` appends the replacement for the groups of a match (group 0 is the match itself).
///
/// # Errors
/// When the pattern exceeds the backtracking limit, and the error of `spend`.
pub fn replace(
    pattern: &Regex,
    text: &str,
    occurrences: Occurrences,
    spend: Spend<'_>,
    replacement: impl Fn(&mut String, &[Option<&str>]) -> Result<(), Error>,
) -> Result<String, Error> {
    let mut out = String::with_capacity(text.len());
    let mut last = 0;
    for found in pattern.captures_iter(text) {
        let found = found.map_err(|e| Error::argument(too_hard(e)))?;
        let Some(whole) = found.get(0) else { continue };
        let groups: Vec<_> = (0..found.len()).map(|i| found.get(i).map(|m| m.as_str())).collect();
        out.push_str(&text[last..whole.start()]);
        replacement(&mut out, &groups)?;
        spend(out.len())?;
        last = whole.end();
        if occurrences == Occurrences::First {
            break;
        }
    }
    out.push_str(&text[last..]);
    Ok(out)
}

/// Appends a replacement string with `\1`, `\0`, `\&` and `\\` filled in.
///
/// # Errors
/// The error of `spend`.
pub fn fill(
    out: &mut String,
    template: &str,
    groups: &[Option<&str>],
    spend: Spend<'_>,
) -> Result<(), Error> {
    let mut rest = template;
    while let Some((before, behind)) = rest.split_once('\\') {
        out.push_str(before);
        let mut chars = behind.chars();
        let group = match chars.next() {
            Some('&') => groups.first(),
            Some(digit) if digit.is_ascii_digit() => {
                groups.get(digit.to_digit(10).unwrap_or(0) as usize)
            }
            Some('\\') => Some(&Some("\\")),
            Some(other) => {
                out.extend(['\\', other]);
                None
            }
            None => Some(&Some("\\")),
        };
        out.push_str(group.copied().flatten().unwrap_or_default());
        spend(out.len())?;
        rest = chars.as_str();
    }
    out.push_str(rest);
    Ok(())
}

fn too_hard(_: fancy_regex::Error) -> String {
    "the pattern needs too many steps on this string".to_owned()
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
        let free = |_| Ok(());
        let by = |text, out: &mut String, g: &[Option<&str>]| fill(out, text, g, &free);
        let all = |which| replace(&pattern, "fooo foo", which, &free, |o, g| by(r"<\0>", o, g));
        assert_eq!(all(Occurrences::All).unwrap(), "f<ooo> f<oo>");
        assert_eq!(all(Occurrences::First).unwrap(), "f<ooo> foo");
        let pattern = compile(r"([^,]+),([^,]+)$", "").unwrap();
        let joined =
            replace(&pattern, "1,2,3", Occurrences::All, &free, |o, g| by(r"\1 & \2\\\x\9\", o, g));
        assert_eq!(joined.unwrap(), r"1,2 & 3\\x\");
        let groups = matches(&compile("a(b)?", "").unwrap(), "ab a", &free).unwrap();
        assert_eq!(groups, [vec![Some("b".to_owned())], vec![None]]);
    }
}
