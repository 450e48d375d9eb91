//! Parses JSON as leniently as the platform parses template output.
//!
//! Beyond the standard it accepts comments, unknown escapes (`\'` is `'`), raw control characters
//! inside strings, and duplicate keys (the last value wins, at the position of the first). It
//! refuses trailing commas, `NaN`, single quotes and everything else the standard refuses.

use crate::template::standard_json::{self, DEPTH_MAX};
use serde_json::{Map, Number, Value as Json};
use std::fmt;

/// A parse error; it never quotes the input, which may contain secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: expected {expected}, found {found}")]
pub struct Error {
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
    /// What was expected.
    pub expected: &'static str,
    /// The kind of character that was found.
    pub found: Found,
}

/// What was found where something else was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// The end of the input.
    End,
    /// A character of JSON's grammar.
    Mark(char),
    /// A letter or any other character, which is not shown.
    Other,
    /// Nesting beyond the limit.
    Depth,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::End => f.write_str("the end of the text"),
            Self::Mark(c) => write!(f, "`{c}`"),
            Self::Other => f.write_str("something else"),
            Self::Depth => write!(f, "more than {DEPTH_MAX} levels"),
        }
    }
}

/// Parses a string; `None` when it is blank.
pub fn read(text: &str) -> Result<Option<Json>, Error> {
    // Nearly all input is standard JSON.
    standard_json::read(text).map_or_else(|| read_leniently(text), |json| Ok(Some(json)))
}

/// The same without the fast path.
pub(super) fn read_leniently(text: &str) -> Result<Option<Json>, Error> {
    let text = text.trim_start_matches('\u{feff}');
    if text.trim().is_empty() {
        return Ok(None);
    }
    let mut reader = Reader { text, at: 0 };
    reader.skip()?;
    let value = reader.value(0)?;
    reader.skip()?;
    if reader.at < text.len() {
        return Err(reader.error("the end of the text"));
    }
    Ok(Some(value))
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn error(&self, expected: &'static str) -> Error {
        let before = self.text.get(..self.at).unwrap_or(self.text);
        let small = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let found = match self.rest().chars().next() {
            None => Found::End,
            Some(c @ ('{' | '}' | '[' | ']' | ',' | ':' | '"' | '\'')) => Found::Mark(c),
            Some(_) => Found::Other,
        };
        Error {
            line: small(before.matches('\n').count() + 1),
            column: small(before.rsplit('\n').next().unwrap_or_default().chars().count() + 1),
            expected,
            found,
        }
    }

    /// Skips white space and comments.
    fn skip(&mut self) -> Result<(), Error> {
        loop {
            match self.peek() {
                Some(b' ' | b'\t' | b'\r' | b'\n') => self.at += 1,
                Some(b'/') => {
                    let rest = self.rest();
                    if rest.starts_with("//") {
                        self.at += rest.find('\n').unwrap_or(rest.len());
                    } else if let Some(comment) = rest.strip_prefix("/*") {
                        let Some(end) = comment.find("*/") else {
                            self.at = self.text.len();
                            return Err(self.error("the end of a comment"));
                        };
                        self.at += end + 4;
                    } else {
                        return Ok(());
                    }
                }
                _ => return Ok(()),
            }
        }
    }

    fn value(&mut self, depth: usize) -> Result<Json, Error> {
        match self.peek() {
            Some(b'{') => self.object(depth + 1),
            Some(b'[') => self.array(depth + 1),
            Some(b'"') => self.string().map(Json::String),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.word(),
        }
    }

    fn word(&mut self) -> Result<Json, Error> {
        let rest = self.rest();
        let letters = rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
        let value = match &rest[..letters] {
            "true" => Json::Bool(true),
            "false" => Json::Bool(false),
            "null" => Json::Null,
            _ => return Err(self.error("a value")),
        };
        self.at += letters;
        Ok(value)
    }

    fn deeper(&self, depth: usize) -> Result<(), Error> {
        if depth > DEPTH_MAX {
            return Err(Error { found: Found::Depth, ..self.error("less nesting") });
        }
        Ok(())
    }

    fn object(&mut self, depth: usize) -> Result<Json, Error> {
        self.deeper(depth)?;
        self.at += 1;
        let mut map = Map::new();
        self.skip()?;
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Json::Object(map));
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(self.error("a name in double quotes"));
            }
            let name = self.string()?;
            self.skip()?;
            if self.peek() != Some(b':') {
                return Err(self.error("`:`"));
            }
            self.at += 1;
            self.skip()?;
            let value = self.value(depth)?;
            map.insert(name, value);
            self.skip()?;
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(Json::Object(map));
                }
                _ => return Err(self.error("`,` or `}`")),
            }
            self.skip()?;
        }
    }

    fn array(&mut self, depth: usize) -> Result<Json, Error> {
        self.deeper(depth)?;
        self.at += 1;
        let mut items = Vec::new();
        self.skip()?;
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Json::Array(items));
        }
        loop {
            items.push(self.value(depth)?);
            self.skip()?;
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(Json::Array(items));
                }
                _ => return Err(self.error("`,` or `]`")),
            }
            self.skip()?;
        }
    }

    fn string(&mut self) -> Result<String, Error> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = self.rest();
            let Some(run) = memchr::memchr2(b'"', b'\\', rest.as_bytes()) else {
                self.at = self.text.len();
                return Err(self.error("a closing `\"`"));
            };
            out.push_str(&rest[..run]);
            let is_end = rest.as_bytes()[run] == b'"';
            self.at += run + 1;
            if is_end {
                return Ok(out);
            }
            out.push(self.escape()?);
        }
    }

    /// The character that an escape denotes; unknown escapes denote the character itself.
    fn escape(&mut self) -> Result<char, Error> {
        let Some(c) = self.rest().chars().next() else {
            return Err(self.error("a character after `\\`"));
        };
        self.at += c.len_utf8();
        Ok(match c {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => return self.unicode(),
            other => other,
        })
    }

    fn unicode(&mut self) -> Result<char, Error> {
        let first = self.hex4()?;
        if !(0xd800..0xdc00).contains(&first) {
            return Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        // A high surrogate needs its low half; alone it is not a character.
        if !self.rest().starts_with("\\u") {
            return Ok(char::REPLACEMENT_CHARACTER);
        }
        let before = self.at;
        self.at += 2;
        let second = self.hex4()?;
        if !(0xdc00..0xe000).contains(&second) {
            self.at = before;
            return Ok(char::REPLACEMENT_CHARACTER);
        }
        let joined = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        Ok(char::from_u32(joined).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hex4(&mut self) -> Result<u32, Error> {
        let digits = self.text.get(self.at..self.at + 4).unwrap_or_default();
        if digits.len() != 4 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(self.error("four hexadecimal digits"));
        }
        self.at += 4;
        u32::from_str_radix(digits, 16).map_err(|_| self.error("four hexadecimal digits"))
    }

    fn number(&mut self) -> Result<Json, Error> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits(),
            _ => return Err(self.error("a digit")),
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.some_digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.some_digits()?;
        }
        if self.peek().is_some_and(|b| b.is_ascii_alphanumeric()) {
            return Err(self.error("the end of the number"));
        }
        let text = &self.text[start..self.at];
        let whole = text.parse::<i128>().ok().and_then(Number::from_i128);
        let number = whole.or_else(|| text.parse::<f64>().ok().and_then(Number::from_f64));
        number.map(Json::Number).ok_or_else(|| self.error("a number that can be held"))
    }

    fn digits(&mut self) {
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
    }

    fn some_digits(&mut self) -> Result<(), Error> {
        if !self.peek().is_some_and(|b| b.is_ascii_digit()) {
            return Err(self.error("a digit"));
        }
        self.digits();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn ok(text: &str) -> Json {
        read(text).unwrap_or_else(|e| panic!("{text}: {e}")).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn what_ruby_accepts_is_accepted() {
        assert_eq!(ok(r#"{"a": "it\'s \$5", "b": "\/"}"#), json!({"a": "it's $5", "b": "/"}));
        assert_eq!(ok("/* c */ {\"a\": 1 // one\n, \"b\": /* two */ 2}"), json!({"a": 1, "b": 2}));
        assert_eq!(ok(" 12 "), json!(12));
        assert_eq!(ok("\"\\u00e9\\ud83d\\ude00\\ud83d\""), json!("é😀\u{fffd}"));
        assert_eq!(ok("[1.5, -0, 1e3, true, null]"), json!([1.5, 0, 1000.0, true, null]));
        assert_eq!(ok("\u{feff}{}"), json!({}));
    }

    #[test]
    fn the_last_of_two_wins_at_the_place_of_the_first() {
        assert_eq!(ok(r#"{"a": 1, "b": 2, "a": 3}"#).to_string(), r#"{"a":3,"b":2}"#);
    }

    #[test]
    fn raw_control_characters_stay_in_strings() {
        assert_eq!(ok("\"a\nb\tc\u{1}\""), json!("a\nb\tc\u{1}"));
    }

    #[test]
    fn a_blank_string_is_none() {
        assert_eq!(read(" \n\t"), Ok(None));
        assert_eq!(read(""), Ok(None));
    }

    #[test]
    fn what_ruby_refuses_is_refused_with_its_place() {
        let cases = [
            ("{\"a\": 1,}", "line 1, column 9: expected a name in double quotes, found `}`"),
            ("[1,\n2,]", "line 2, column 3: expected a value, found `]`"),
            ("{'a': 1}", "line 1, column 2: expected a name in double quotes, found `'`"),
            ("NaN", "line 1, column 1: expected a value, found something else"),
            ("{\"a\": secret}", "line 1, column 7: expected a value, found something else"),
            ("{\"a\": 1", "line 1, column 8: expected `,` or `}`, found the end of the text"),
            ("\"abc", "line 1, column 5: expected a closing `\"`, found the end of the text"),
            ("{} x", "line 1, column 4: expected the end of the text, found something else"),
            ("01", "line 1, column 2: expected the end of the number, found something else"),
            ("/* x", "line 1, column 5: expected the end of a comment, found the end of the text"),
            (
                "\"\\u12\"",
                "line 1, column 4: expected four hexadecimal digits, found something else",
            ),
        ];
        for (text, expected) in cases {
            let error = read(text).expect_err(text);
            assert_eq!(error.to_string(), expected, "{text}");
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        assert!(read(&nested(100)).is_ok());
        assert_eq!(read(&nested(101)).map_err(|e| e.found), Err(Found::Depth));
        assert!(read(&"[".repeat(100_000)).is_err());
    }

    proptest! {
        #[test]
        fn the_fast_reader_agrees(text in "[\\[\\]{},:\" a0-9.eE+\\-\\\\ntu/]{0,40}") {
            if let Some(fast) = standard_json::read(&text) {
                prop_assert_eq!(Ok(Some(fast)), read_leniently(&text), "{}", text);
            }
        }
    }
}
