//! Cuts a template into texts, outputs and tags, with white space controlled.

use crate::liquid::error::{Error, Mark};

/// A piece of a template.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Token<'a> {
    /// Text to be written as it is.
    Text(&'a str),
    /// `{{ markup }}`.
    Output(&'a str, Mark),
    /// `{% name markup %}`: name, markup, where the tag begins, where its markup begins.
    Tag(&'a str, &'a str, Mark, Mark),
}

/// The pieces of a template, one after another.
pub struct Lexer<'a> {
    source: &'a str,
    place: usize,
    line: u32,
    line_start: usize,
    /// The last piece asked for the white space behind it to go.
    trim_next: bool,
}

impl<'a> Lexer<'a> {
    /// A lexer at the beginning of `source`.
    pub fn new(source: &'a str) -> Self {
        Self { source, place: 0, line: 1, line_start: 0, trim_next: false }
    }

    /// Where the lexer stands.
    pub fn mark(&self) -> Mark {
        let column = self.source[self.line_start..self.place].chars().count() as u32 + 1;
        Mark { line: self.line, column }
    }

    fn advance(&mut self, to: usize) {
        let passed = &self.source[self.place..to];
        if let Some(last) = passed.rfind('\n') {
            self.line += passed.matches('\n').count() as u32;
            self.line_start = self.place + last + 1;
        }
        self.place = to;
    }

    /// The next piece, or nothing at the end.
    ///
    /// # Errors
    /// A tag or output without an end.
    pub fn next_token(&mut self) -> Result<Option<Token<'a>>, Error> {
        if self.trim_next {
            self.trim_next = false;
            let rest = &self.source[self.place..];
            let blank = rest.len() - rest.trim_start().len();
            self.advance(self.place + blank);
        }
        let rest = &self.source[self.place..];
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
        self.advance(self.place + end);
        Ok(Some(Token::Text(trimmed)))
    }

    fn output(&mut self) -> Result<Token<'a>, Error> {
        let mark = self.mark();
        let rest = &self.source[self.place..];
        let Some(length) = close(&rest[2..], "}}") else {
            return Err(Error::syntax(
                "Variable '{{' was not properly terminated with regexp: /\\}\\}/",
            ));
        };
        let inside = &rest[2..2 + length];
        let is_dash = inside == "-";
        let inside = inside.strip_prefix('-').unwrap_or(inside);
        let (inside, trim) = strip_dash(inside);
        self.trim_next = trim || is_dash;
        self.advance(self.place + length + 4);
        Ok(Token::Output(inside, mark))
    }

    fn tag(&mut self) -> Result<Token<'a>, Error> {
        let mark = self.mark();
        let begin = self.place;
        let rest = &self.source[self.place..];
        let Some(length) = close(&rest[2..], "%}") else {
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

    /// The text up to the tag that ends a raw block, whatever is in it; the lexer stands behind
    /// that tag then. Dashes inside of the block trim nothing.
    ///
    /// # Errors
    /// When there is no such tag.
    pub fn raw_until(&mut self, end_name: &str) -> Result<&'a str, Error> {
        self.trim_next = false;
        let start = self.place;
        while let Some((name, open)) = self.next_tag() {
            if name == end_name {
                return Ok(&self.source[start..open]);
            }
        }
        let name = end_name.trim_start_matches("end");
        Err(Error::syntax(format!("'{name}' tag was never closed")))
    }

    /// Passes over a comment; comments and raw blocks in it have to be closed themselves.
    ///
    /// # Errors
    /// When it has no end.
    pub fn comment(&mut self) -> Result<(), Error> {
        self.trim_next = false;
        let mut depth = 1;
        while let Some((name, _)) = self.next_tag() {
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

    /// Passes over text up to behind the next tag: its name, and where it begins.
    fn next_tag(&mut self) -> Option<(&'a str, usize)> {
        let rest = &self.source[self.place..];
        let open = rest.find("{%")?;
        let length = rest[open + 2..].find("%}")?;
        let inside = &rest[open + 2..open + 2 + length];
        let begin = self.place + open;
        let (name, _) = split_name(inside.strip_prefix('-').unwrap_or(inside));
        self.trim_next = inside.ends_with('-');
        self.advance(begin + length + 4);
        Some((name, begin))
    }
}

fn next_open(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut from = 0;
    while let Some(found) = text[from..].find('{') {
        let place = from + found;
        if matches!(bytes.get(place + 1), Some(b'{' | b'%')) {
            return place;
        }
        from = place + 1;
    }
    text.len()
}

/// Where `end` stands outside of quotes; quotes that never close are no quotes.
fn close(text: &str, end: &str) -> Option<usize> {
    let plain = text.find(end)?;
    let mut quote = None;
    for (place, letter) in text.char_indices() {
        match (quote, letter) {
            (None, '"' | '\'') => quote = Some(letter),
            (Some(open), letter) if open == letter => quote = None,
            (None, _) if text[place..].starts_with(end) => return Some(place),
            _ => {}
        }
        // Within reason: a lone apostrophe must not make the lexer read the whole page.
        if place > plain && text[plain..place].contains('\n') && quote.is_some() {
            return Some(plain);
        }
    }
    Some(plain)
}

fn strip_dash(inside: &str) -> (&str, bool) {
    match inside.strip_suffix('-') {
        Some(shorter) => (shorter, true),
        None => (inside, false),
    }
}

/// A tag's name and what follows it.
pub fn split_name(inside: &str) -> (&str, &str) {
    let trimmed = inside.trim_start();
    if let Some(comment) = trimmed.strip_prefix('#') {
        return ("#", comment);
    }
    let end = trimmed.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(trimmed.len());
    (&trimmed[..end], &trimmed[end..])
}
