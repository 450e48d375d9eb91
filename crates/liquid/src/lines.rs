//! Splits a `liquid` tag into its lines, each of which is a tag.

use crate::error::Mark;
use crate::lexer::split_name;
use std::collections::VecDeque;

/// A tag: name, markup, position, and position of the markup.
pub type Line<'a> = (&'a str, &'a str, Mark, Mark);

/// The most lines of one tag.
const LINES_MAX: usize = 500;

/// The lines that are not empty, as tags. With `joins`, a tag continues on the next line while
/// brackets are open, after a comma, and before a `|`, as in platformOS; Ruby Liquid ends every
/// tag with its line.
pub fn lines_of(text: &str, start: Mark, joins: bool) -> VecDeque<Line<'_>> {
    let mut pieces = VecDeque::new();
    let mut from = 0;
    let mut line_number = start.line;
    while from < text.len() {
        let mut to = line_end(text, from);
        let mut open = Open::default();
        for _ in 0..LINES_MAX {
            if !joins || to >= text.len() || !open.continues(text, from, to) {
                break;
            }
            to = line_end(text, to + 1);
        }
        let line = &text[from..to];
        let indent = count(line.chars().take_while(|c| c.is_whitespace()));
        let base = if from == 0 { start.column } else { 1 };
        let (name, markup) = split_name(line);
        if !name.is_empty() {
            let mark = Mark { line: line_number, column: base + indent };
            let offset = line.len() - markup.len();
            let column = base + count(line[..offset].chars());
            pieces.push_back((name, markup, mark, Mark { line: line_number, column }));
        }
        line_number += count(line.matches('\n')) + 1;
        from = to + 1;
    }
    pieces
}

fn count<T>(found: impl Iterator<Item = T>) -> u32 {
    u32::try_from(found.count()).unwrap_or(u32::MAX - 1)
}

fn line_end(text: &str, from: usize) -> usize {
    text[from..].find('\n').map_or(text.len(), |found| from + found)
}

/// The open brackets and quotes at the end of a line; each line is read once.
#[derive(Default)]
struct Open {
    brackets: i32,
    quote: Option<char>,
    read_to: usize,
}

impl Open {
    fn continues(&mut self, text: &str, from: usize, to: usize) -> bool {
        let line = text[from..to].trim_start();
        if line.is_empty() || line.starts_with('#') {
            return false;
        }
        let begin = self.read_to.max(from);
        self.read_to = to;
        for c in text[begin..to].chars() {
            match (self.quote, c) {
                (None, '"' | '\'') => self.quote = Some(c),
                (Some(one), c) if one == c => self.quote = None,
                (None, '[' | '{' | '(') => self.brackets += 1,
                (None, ']' | '}' | ')') => self.brackets -= 1,
                _ => {}
            }
        }
        let next = text[to + 1..].trim_start();
        (self.brackets > 0 && self.quote.is_none())
            || next.starts_with('|')
            || (text[begin..to].trim_end().ends_with(',') && !next.is_empty())
    }
}
