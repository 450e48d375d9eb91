//! The lines of a `liquid` tag, each of which is a tag.

use crate::error::Mark;
use crate::lexer::split_name;
use std::collections::VecDeque;

/// A tag: name, markup, where it begins, where its markup begins.
pub type Line<'a> = (&'a str, &'a str, Mark, Mark);

/// A tag goes on over at most this many lines.
const LINES_MAX: usize = 500;

/// Each line that is not empty, as a tag. Where `joins` is set, a line that leaves brackets open,
/// ends in a comma, or whose next line begins with `|`, goes on in the next one, as platformOS
/// reads it; Ruby Liquid knows no such thing.
pub fn lines_of(text: &str, start: Mark, joins: bool) -> VecDeque<Line<'_>> {
    let mut pieces = VecDeque::new();
    let mut from = 0;
    let mut line_number = start.line;
    while from < text.len() {
        let mut to = line_end(text, from);
        let mut open = Open::default();
        for _ in 0..LINES_MAX {
            if !joins || to >= text.len() || !open.goes_on(text, from, to) {
                break;
            }
            to = line_end(text, to + 1);
        }
        let line = &text[from..to];
        let indent = line.chars().take_while(|c| c.is_whitespace()).count() as u32;
        let base = if from == 0 { start.column } else { 1 };
        let (name, markup) = split_name(line);
        if !name.is_empty() {
            let mark = Mark { line: line_number, column: base + indent };
            let offset = line.len() - markup.len();
            let column = base + line[..offset].chars().count() as u32;
            pieces.push_back((name, markup, mark, Mark { line: line_number, column }));
        }
        line_number += line.matches('\n').count() as u32 + 1;
        from = to + 1;
    }
    pieces
}

fn line_end(text: &str, from: usize) -> usize {
    text[from..].find('\n').map_or(text.len(), |found| from + found)
}

/// What is open at the end of a line; each line is looked at once.
#[derive(Default)]
struct Open {
    brackets: i32,
    quote: Option<char>,
    looked_at: usize,
}

impl Open {
    fn goes_on(&mut self, text: &str, from: usize, to: usize) -> bool {
        let line = text[from..to].trim_start();
        if line.is_empty() || line.starts_with('#') {
            return false;
        }
        let begin = self.looked_at.max(from);
        self.looked_at = to;
        for letter in text[begin..to].chars() {
            match (self.quote, letter) {
                (None, '"' | '\'') => self.quote = Some(letter),
                (Some(one), letter) if one == letter => self.quote = None,
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
