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
        let inside = inside.strip_prefix('-').unwrap_or(inside);
        let (inside, trim) = strip_dash(inside);
        self.trim_next = trim;
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
    /// that tag then.
    ///
    /// # Errors
    /// When there is no such tag.
    pub fn raw_until(&mut self, end_name: &str) -> Result<&'a str, Error> {
        let trim_start = std::mem::take(&mut self.trim_next);
        let rest = &self.source[self.place..];
        let mut from = 0;
        while let Some(found) = rest[from..].find("{%") {
            let open = from + found;
            let inside = rest[open + 2..].strip_prefix('-').unwrap_or(&rest[open + 2..]);
            let trimmed = inside.trim_start();
            let after = trimmed.strip_prefix(end_name);
            let ends = after.and_then(|after| {
                let after = after.trim_start();
                let trims = after.starts_with('-');
                after.strip_prefix('-').unwrap_or(after).starts_with("%}").then_some(trims)
            });
            if let Some(trims) = ends {
                let mut text = &rest[..open];
                if rest[open..].starts_with("{%-") {
                    text = text.trim_end();
                }
                let close = rest[open..].find("%}").unwrap_or_default() + 2;
                self.advance(self.place + open + close);
                self.trim_next = trims;
                return Ok(if trim_start { text.trim_start() } else { text });
            }
            from = open + 2;
        }
        let name = end_name.trim_start_matches("end");
        Err(Error::syntax(format!("'{name}' tag was never closed")))
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
    if trimmed.starts_with('#') {
        return ("#", &trimmed[1..]);
    }
    let end = trimmed.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(trimmed.len());
    (&trimmed[..end], &trimmed[end..])
}
