//! Reads markup: expressions, conditions, filters and arguments, lax where Ruby Liquid is lax.
//!
//! This file moves the cursor; the files beside it read values, conditions and filters.

mod conditions;
mod filters;
mod values;

use crate::engine::Engine;
use crate::error::{Error, Mark};
use crate::expression::Expression;
use crate::lexer::{IN_NAMES, trim_start};
use crate::text::Text;
use std::cell::{Cell, RefCell};

/// The deepest nesting of brackets, filters and conditions.
const DEPTH_MAX: u32 = 64;

/// The most warnings of a template, each of which has an excerpt.
pub(super) const WARNINGS_MAX: usize = 200;

/// The arguments of a tag, without and with names.
#[derive(Debug, Clone, Default)]
pub struct TagArguments {
    /// In order.
    pub positional: Vec<Expression>,
    /// By name, in the order written.
    pub named: Vec<(Text, Expression)>,
}

/// A position in the markup of a tag or output.
pub struct Cursor<'a> {
    text: &'a str,
    place: usize,
    /// The last position that was asked for, with its line and column.
    known: Cell<(usize, Mark)>,
    start: Mark,
    depth: u32,
    engine: &'a Engine,
    /// Receives the warnings.
    notes: Option<&'a RefCell<Vec<Error>>>,
}

impl<'a> Cursor<'a> {
    /// A cursor at the start of `text`, which is at `start` in its template.
    pub fn new(text: &'a str, start: Mark, engine: &'a Engine) -> Self {
        Self { text, place: 0, known: Cell::new((0, start)), start, depth: 0, engine, notes: None }
    }

    /// The same cursor with a receiver of warnings.
    #[must_use]
    pub(super) fn with_notes(mut self, notes: &'a RefCell<Vec<Error>>) -> Self {
        self.notes = Some(notes);
        self
    }

    /// The markup that has not been read.
    pub fn rest(&self) -> &'a str {
        &self.text[self.place..]
    }

    /// The position in the template.
    pub fn mark(&self) -> Mark {
        let (place, mark) = self.known.get();
        // Nearly all positions are asked for from left to right.
        let mark = match self.text.get(place..self.place) {
            Some(passed) => mark.after(passed),
            None => return self.start.after(&self.text[..self.place]),
        };
        self.known.set((self.place, mark));
        mark
    }

    /// Skips white space.
    #[inline]
    pub fn space(&mut self) -> &mut Self {
        let is_visible = |place: usize| match self.text.as_bytes().get(place) {
            Some(byte) => byte.is_ascii_graphic(),
            None => true,
        };
        if is_visible(self.place) {
            return self;
        }
        // The common case: one space.
        if self.text.as_bytes()[self.place] == b' ' && is_visible(self.place + 1) {
            self.place += 1;
            return self;
        }
        self.long_space()
    }

    fn long_space(&mut self) -> &mut Self {
        let rest = self.rest();
        self.place += rest.len() - trim_start(rest).len();
        self
    }

    /// Skips a character.
    pub fn skip_char(&mut self) {
        self.place += self.rest().chars().next().map_or(0, char::len_utf8);
    }

    /// Whether only white space is left.
    pub fn is_done(&mut self) -> bool {
        self.space().rest().is_empty()
    }

    /// Takes `word` if it is next, after white space.
    #[inline]
    pub fn eat(&mut self, word: &str) -> bool {
        let place = self.space().place;
        let found = self.text.as_bytes()[place..].starts_with(word.as_bytes());
        if found {
            self.place += word.len();
        }
        found
    }

    /// Takes `word` if it is next and no longer name.
    #[inline]
    pub fn eat_word(&mut self, word: &str) -> bool {
        let place = self.space().place;
        if !self.text.as_bytes()[place..].starts_with(word.as_bytes()) {
            return false;
        }
        if self.word() == Some(word) {
            return true;
        }
        self.place = place;
        false
    }

    /// Reads a name: letters, digits, `_`, `-`, and `?` at its end.
    pub fn name(&mut self) -> Option<Text> {
        self.word().map(Text::from)
    }

    /// Reads a name as a slice of the template.
    pub(super) fn word(&mut self) -> Option<&'a str> {
        let rest = self.space().rest();
        let bytes = rest.as_bytes();
        match bytes.first()? {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => {}
            first if first.is_ascii() => return None,
            _ if rest.starts_with(char::is_alphabetic) => {}
            _ => return None,
        }
        let mut end = bytes.iter().position(|byte| !IN_NAMES[usize::from(*byte)]);
        if end.is_some_and(|end| !bytes[end].is_ascii()) {
            end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-'));
        }
        let mut end = end.unwrap_or(rest.len());
        if bytes.get(end) == Some(&b'?') {
            end += 1;
        }
        self.place += end;
        Some(&rest[..end])
    }

    /// Reads a name with or without quotes.
    pub fn name_or_text(&mut self) -> Option<Text> {
        self.word_or_text().map(Text::from)
    }

    /// Reads a name with or without quotes, as a slice of the template.
    pub(super) fn word_or_text(&mut self) -> Option<&'a str> {
        self.inside_quotes().or_else(|| self.word())
    }

    /// Reads a quoted string; Liquid has no escapes.
    pub fn quoted(&mut self) -> Option<Text> {
        self.inside_quotes().map(Text::from)
    }

    /// Reads a quoted string as a slice of the template.
    pub(super) fn inside_quotes(&mut self) -> Option<&'a str> {
        let rest = self.space().rest();
        let quote = *rest.as_bytes().first().filter(|first| matches!(first, b'"' | b'\''))?;
        let end = memchr::memchr(quote, &rest.as_bytes()[1..])?;
        self.place += end + 2;
        Some(&rest[1..=end])
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        if self.depth >= DEPTH_MAX {
            return Err(Error::limit("Nesting too deep"));
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    /// A syntax error at a position; Ruby reports the line in which the tag begins.
    fn fault(&self, place: usize, message: impl Into<String>) -> Error {
        let error = Error::syntax(message);
        match self.engine.is_ruby() {
            true => error,
            false => error.marked(self.start.after(&self.text[..place])),
        }
    }
}
