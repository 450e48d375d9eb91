//! Splits a template into plain text, outputs and tags, and applies white space control.

use crate::error::{Error, Mark};

/// The ASCII characters of names.
pub const IN_NAMES: [bool; 256] = {
    let mut in_names = [false; 256];
    let mut byte: u8 = 0;
    while byte < 128 {
        in_names[byte as usize] = byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        byte += 1;
    }
    in_names
};

/// A token of a template.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Token<'a> {
    /// Plain text.
    Text(&'a str),
    /// `{{ markup }}`: markup, where the output begins, where its markup begins.
    Output(&'a str, Mark, Mark),
    /// `{% name markup %}`: name, markup, where the tag begins, where its markup begins.
    Tag(&'a str, &'a str, Mark, Mark),
}

/// Where a tag may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TagStart {
    /// Also inside another token: `{{ {% endraw %}`.
    Anywhere,
    /// Only where a token begins.
    BetweenTokens,
}

/// Reads a template token by token.
pub struct Lexer<'a> {
    source: &'a str,
    position: usize,
    /// The line and column of `position`.
    mark: Mark,
    /// The next line break; the end of the source behind the last one.
    line_end: usize,
    /// Whether each byte is a character.
    is_ascii: bool,
    /// The last token trims the white space after it.
    trim_next: bool,
    /// Tokens end where Ruby ends them, even inside a quoted string.
    ruby: bool,
}

impl<'a> Lexer<'a> {
    /// A lexer at the start of `source`.
    pub fn new(source: &'a str, ruby: bool) -> Self {
        let mark = Mark { line: 1, column: 1 };
        let (line_end, is_ascii) = (line_end(source, 0), source.is_ascii());
        Self { source, position: 0, mark, line_end, is_ascii, trim_next: false, ruby }
    }

    /// The position of the lexer.
    pub fn mark(&self) -> Mark {
        self.mark
    }

    fn advance(&mut self, to: usize) {
        while self.line_end < to {
            self.mark = Mark { line: self.mark.line.saturating_add(1), column: 1 };
            self.position = self.line_end + 1;
            self.line_end = line_end(self.source, self.position);
        }
        self.mark = match self.is_ascii {
            true => self.mark.columns_after(to - self.position),
            false => self.mark.after(&self.source[self.position..to]),
        };
        self.position = to;
    }

    /// The next token; `None` at the end.
    ///
    /// # Errors
    /// When a tag or an output has no end.
    pub fn next_token(&mut self) -> Result<Option<Token<'a>>, Error> {
        if self.trim_next {
            self.trim_next = false;
            let rest = &self.source[self.position..];
            let blank = rest.len() - trim_start(rest).len();
            self.advance(self.position + blank);
        }
        let rest = &self.source[self.position..];
        if rest.is_empty() {
            return Ok(None);
        }
        if rest.starts_with("{{") {
            return self.output().map(Some);
        }
        if rest.starts_with("{%") {
            return self.tag().map(Some);
        }
        let end = next_open(rest);
        let text = &rest[..end];
        let trimmed = if rest[end..].starts_with("{{-") || rest[end..].starts_with("{%-") {
            text.trim_end()
        } else {
            text
        };
        self.advance(self.position + end);
        Ok(Some(Token::Text(trimmed)))
    }

    fn output(&mut self) -> Result<Token<'a>, Error> {
        let mark = self.mark();
        let rest = &self.source[self.position..];
        let length = match self.ruby {
            true => rest.find("}}").filter(|end| !rest[..*end].contains("{%")).map(|end| end - 2),
            false => close(&rest[2..], "}}"),
        };
        let Some(length) = length else {
            return Err(Error::syntax(
                "Variable '{{' was not properly terminated with regexp: /\\}\\}/",
            ));
        };
        let inside = &rest[2..2 + length];
        let is_dash = inside == "-";
        let dash = usize::from(inside.starts_with('-'));
        let (inside, trim) = strip_dash(&inside[dash..]);
        self.trim_next = trim || is_dash;
        let markup_mark = mark.columns_after(2 + dash);
        self.advance(self.position + length + 4);
        Ok(Token::Output(inside, mark, markup_mark))
    }

    fn tag(&mut self) -> Result<Token<'a>, Error> {
        let mark = self.mark();
        let begin = self.position;
        let rest = &self.source[self.position..];
        let length = if self.ruby { rest[2..].find("%}") } else { close(&rest[2..], "%}") };
        let Some(length) = length else {
            return Err(Error::syntax(
                "Tag '{%' was not properly terminated with regexp: /\\%\\}/",
            ));
        };
        let inside = &rest[2..2 + length];
        let inside = inside.strip_prefix('-').unwrap_or(inside);
        let (inside, trim) = strip_dash(inside);
        self.trim_next = trim;
        let (name, markup) = split_name(inside);
        let offset = markup.as_ptr() as usize - self.source.as_ptr() as usize;
        self.advance(offset);
        let markup_mark = self.mark();
        self.advance(begin + length + 4);
        Ok(Token::Tag(name, markup, mark, markup_mark))
    }

    /// Reads a raw block through its end tag and returns its content. Dashes inside the block trim
    /// nothing.
    ///
    /// # Errors
    /// When there is no end tag, or a `doc` inside a `doc`.
    pub fn raw_until(&mut self, end_name: &str) -> Result<&'a str, Error> {
        self.trim_next = false;
        let start = self.position;
        while let Some((name, open)) = self.next_tag(TagStart::Anywhere) {
            if name == end_name {
                return Ok(&self.source[start..open]);
            }
            if name == "doc" && end_name == "enddoc" {
                let message = "Syntax Error in 'doc' - Nested doc tags are not allowed";
                return Err(Error::syntax(message));
            }
        }
        let name = end_name.trim_start_matches("end");
        Err(Error::syntax(format!("'{name}' tag was never closed")))
    }

    /// Skips a comment; comments and raw blocks inside it need their own end tags.
    ///
    /// # Errors
    /// When it has no end tag.
    pub fn comment(&mut self) -> Result<(), Error> {
        self.trim_next = false;
        let mut depth = 1;
        let start = if self.ruby { TagStart::BetweenTokens } else { TagStart::Anywhere };
        while let Some((name, _)) = self.next_tag(start) {
            match name {
                "raw" => {
                    self.raw_until("endraw")?;
                }
                "comment" => depth += 1,
                "endcomment" => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return Ok(());
            }
        }
        Err(Error::syntax("'comment' tag was never closed"))
    }

    /// Skips through the next tag and returns its name and its position.
    fn next_tag(&mut self, start: TagStart) -> Option<(&'a str, usize)> {
        let anywhere = start == TagStart::Anywhere;
        loop {
            let begin = self.position + next_open(&self.source[self.position..]);
            let rest = self.source.get(begin..).filter(|rest| !rest.is_empty())?;
            let is_output = rest.starts_with("{{");
            if is_output && anywhere && !self.ruby {
                self.advance(begin + 1);
                continue;
            }
            let length = if is_output { output_length(rest)? } else { rest.find("%}")? + 2 };
            let piece = &rest[..length];
            self.advance(begin + length);
            let open = if anywhere { piece.rfind("{%") } else { Some(0).filter(|_| !is_output) };
            let Some(open) = open else { continue };
            let Some(inside) = piece[open + 2..].strip_suffix("%}") else { continue };
            let (name, _) = split_name(inside.strip_prefix('-').unwrap_or(inside));
            self.trim_next = inside.ends_with('-');
            return Some((name, begin + open));
        }
    }
}

/// The length of an output as Ruby reads it: through one or two braces or, when a tag begins in it,
/// through the end of that tag.
fn output_length(text: &str) -> Option<usize> {
    let mut from = 2;
    while let Some(position) = text[from..].find(['{', '}']).map(|found| from + found) {
        let rest = &text[position..];
        if rest.starts_with('}') {
            return Some(position + if rest.starts_with("}}") { 2 } else { 1 });
        }
        if rest.starts_with("{%") {
            return rest.find("%}").map(|end| position + end + 2);
        }
        from = position + 1;
    }
    None
}

/// The position of the next line break, or the end of the source.
fn line_end(source: &str, from: usize) -> usize {
    memchr::memchr(b'\n', &source.as_bytes()[from..]).map_or(source.len(), |found| from + found)
}

/// The text without the white space at its start, which is nearly always ASCII.
#[inline]
pub fn trim_start(text: &str) -> &str {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t'..=b'\r');
    let spaces = text.as_bytes().iter().take_while(|byte| is_space(byte)).count();
    let rest = &text[spaces..];
    if rest.as_bytes().first().is_some_and(u8::is_ascii) { rest } else { rest.trim_start() }
}

fn next_open(text: &str) -> usize {
    let bytes = text.as_bytes();
    let opens = |position: &usize| matches!(bytes.get(position + 1), Some(b'{' | b'%'));
    memchr::memchr_iter(b'{', bytes).find(opens).unwrap_or(text.len())
}

/// The position of `end` outside of quotes; a quote that is never closed does not count.
fn close(text: &str, end: &str) -> Option<usize> {
    // The delimiters are ASCII, so bytes suffice.
    let bytes = text.as_bytes();
    let sign = [end.as_bytes()[0], end.as_bytes()[1]];
    let is_end = |position: &usize| bytes.get(position + 1) == Some(&sign[1]);
    let plain = memchr::memchr_iter(sign[0], bytes).find(is_end)?;
    if is_outside_quotes(&bytes[..plain]) {
        return Some(plain);
    }
    let mut quote = None;
    for (position, byte) in bytes.iter().enumerate() {
        match (quote, *byte) {
            (None, b'"' | b'\'') => quote = Some(*byte),
            (Some(open), byte) if open == byte => quote = None,
            (None, first) if first == sign[0] && bytes.get(position + 1) == Some(&sign[1]) => {
                return Some(position);
            }
            // A lone apostrophe must not make the lexer read to the end of the page.
            (Some(_), b'\n') if position > plain => return Some(plain),
            _ => {}
        }
    }
    Some(plain)
}

/// Whether the end of `bytes` is outside of quotes; false when a quote is not closed.
fn is_outside_quotes(mut bytes: &[u8]) -> bool {
    while let Some(open) = memchr::memchr2(b'"', b'\'', bytes) {
        let inside = &bytes[open + 1..];
        let Some(close) = memchr::memchr(bytes[open], inside) else { return false };
        bytes = &inside[close + 1..];
    }
    true
}

fn strip_dash(inside: &str) -> (&str, bool) {
    match inside.strip_suffix('-') {
        Some(shorter) => (shorter, true),
        None => (inside, false),
    }
}

/// Splits the inside of a tag into its name and its markup.
pub fn split_name(inside: &str) -> (&str, &str) {
    let trimmed = trim_start(inside);
    if let Some(comment) = trimmed.strip_prefix('#') {
        return ("#", comment);
    }
    let is_plain = |byte: u8| IN_NAMES[usize::from(byte)] && byte != b'-';
    let mut end = trimmed.bytes().position(|byte| !is_plain(byte)).unwrap_or(trimmed.len());
    if trimmed[end..].starts_with(|c: char| !c.is_ascii()) {
        end = trimmed.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(trimmed.len());
    }
    (&trimmed[..end], &trimmed[end..])
}

/// Splits an assignment into its name and its value, as Ruby does.
pub fn split_assignment(text: &str) -> Option<(&str, &str)> {
    let is_part = |c: char| c.is_alphanumeric() || "_-.[]".contains(c);
    text.match_indices('=').find_map(|(position, _)| {
        let before = text[..position].trim_end();
        let start = before
            .rfind(|c| !is_part(c))
            .map_or(0, |last| last + before[last..].chars().next().map_or(1, char::len_utf8));
        (start < before.len()).then(|| (&before[start..], &text[position + 1..]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The position after a prefix, counted from the start.
    fn mark_of(source: &str, position: usize) -> Mark {
        let start = Mark { line: 1, column: 1 };
        source[..position]
            .chars()
            .fold(start, |mark, character| mark.after(character.encode_utf8(&mut [0; 4])))
    }

    #[test]
    fn positions_are_those_of_the_characters() {
        let sources = [
            "a\n{{ b }}\n\n  {%- if c -%}\n\n x {% endif %}",
            "é\nüü{{ b | c: 'ö\n' }}\n{% liquid\n assign x = 1\n%}z",
            "{% comment %}\n{% raw %}é{% endraw %}\n{% endcomment %}\n\n",
            "\n\n\n",
        ];
        for source in sources {
            let mut lexer = Lexer::new(source, false);
            let mut tokens = 0;
            while let Some(token) = lexer.next_token().unwrap() {
                tokens += 1;
                if let Token::Tag("comment", ..) = token {
                    lexer.comment().unwrap();
                }
                assert_eq!(lexer.mark(), mark_of(source, lexer.position), "{source}");
                if let Token::Output(markup, _, at) | Token::Tag(_, markup, _, at) = token {
                    let start = markup.as_ptr() as usize - source.as_ptr() as usize;
                    assert_eq!(at, mark_of(source, start), "{source}");
                }
            }
            assert!(tokens > 0, "{source}");
        }
    }

    #[test]
    fn white_space_is_that_of_characters() {
        for text in ["", " ", "\t\n\u{b}\u{c}\r x", " \u{a0}x", "\u{1c}x", "é ", "  é"] {
            assert_eq!(trim_start(text), text.trim_start(), "{text:?}");
        }
    }
}
