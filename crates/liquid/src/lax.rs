//! Reads malformed markup as Ruby Liquid's lax mode does, by searching for valid fragments.
//!
//! Only a Ruby engine uses it, and only for markup that the strict grammar refuses; all other
//! markup is read by [`crate::cursor`].

use crate::engine::Engine;
use crate::error::{Error, Mark};
use crate::expression::{Expression, FilterCall, Filtered, Literal, Path, PathStep, Root};
use std::collections::HashMap;

/// Brackets may nest this deep.
const DEPTH_MAX: u32 = 64;

/// Reads a value with its filters; an empty markup is nil.
///
/// # Errors
/// Brackets nested too deep.
pub fn filtered(markup: &str, engine: &Engine, mark: Mark) -> Result<Expression, Error> {
    let Some((start, end)) = fragment(markup) else {
        return Ok(Expression::Literal(Literal::Nil));
    };
    let base = expression(&markup[start..end], 0)?;
    let mut filters = Vec::new();
    let mut rest = markup[end..].split_once('|').map_or("", |(_, rest)| rest);
    while let Some((piece, behind)) = filter_piece(rest) {
        rest = behind;
        filters.extend(filter(piece, engine, mark)?);
    }
    Ok(match filters.is_empty() {
        true => base,
        false => Expression::Filtered(Box::new(Filtered { base, filters })),
    })
}

/// The position of the first quoted string or run of other characters.
fn fragment(text: &str) -> Option<(usize, usize)> {
    let start = text.char_indices().find(|(place, _)| fragment_end(&text[*place..]) > 0)?.0;
    Some((start, start + fragment_end(&text[start..])))
}

/// The length of the fragment at the start of a string.
fn fragment_end(text: &str) -> usize {
    let closed = |quote: char| text[1..].find(quote).map(|length| length + 2);
    // A quoted string at the start is a fragment by itself.
    if let Some(end) = text.chars().next().filter(|c| matches!(c, '"' | '\'')).and_then(closed) {
        return end;
    }
    let mut end = 0;
    while let Some(character) = text[end..].chars().next() {
        end += match character {
            '"' | '\'' => match text[end + 1..].find(character) {
                Some(length) => length + 2,
                None => return end,
            },
            ',' | '|' => return end,
            character if character.is_whitespace() => return end,
            character => character.len_utf8(),
        };
    }
    end
}

/// The next filter, and the rest after it; lone quotes and pipes are skipped.
fn filter_piece(text: &str) -> Option<(&str, &str)> {
    let mut start = 0;
    loop {
        let mut end = start;
        while let Some(character) = text[end..].chars().next() {
            end += match character {
                ',' => 1,
                character if character.is_whitespace() => character.len_utf8(),
                _ => match fragment_end(&text[end..]) {
                    0 => break,
                    length => length,
                },
            };
        }
        if end > start {
            return Some((&text[start..end], &text[end..]));
        }
        start += text[start..].chars().next()?.len_utf8();
    }
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// The length of the word at the start of a string.
fn word_end(text: &str) -> usize {
    text.find(|c| !is_word(c)).unwrap_or(text.len())
}

fn filter(piece: &str, engine: &Engine, mark: Mark) -> Result<Option<FilterCall>, Error> {
    let Some(start) = piece.find(is_word) else { return Ok(None) };
    let name = &piece[start..start + word_end(&piece[start..])];
    let (mut positional, mut named) = (Vec::new(), Vec::new());
    let mut rest = piece;
    while let Some(place) = rest.find([':', ',']) {
        rest = rest[place + 1..].trim_start();
        let key = &rest[..word_end(rest)];
        let behind = rest[key.len()..].trim_start().strip_prefix(':').map(str::trim_start);
        if let Some(behind) = behind.filter(|behind| !key.is_empty() && fragment_end(behind) > 0) {
            let end = fragment_end(behind);
            named.push((key.into(), expression(&behind[..end], 0)?));
            rest = &behind[end..];
            continue;
        }
        let end = fragment_end(rest);
        if end > 0 {
            positional.push(expression(&rest[..end], 0)?);
            rest = &rest[end..];
        }
    }
    let filter = engine.filter(name).cloned();
    Ok(Some(FilterCall { name: name.into(), filter, positional, named, mark }))
}

/// Reads a constant, a range, or a path.
fn expression(text: &str, depth: u32) -> Result<Expression, Error> {
    if depth >= DEPTH_MAX {
        return Err(Error::limit("Nesting too deep"));
    }
    let text = text.trim();
    if let Some(literal) = literal(text) {
        return Ok(Expression::Literal(literal));
    }
    let inside = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    if let Some((from, to)) = inside.and_then(|inside| inside.rsplit_once("..")) {
        let from = expression(from.trim_end_matches('.'), depth + 1)?;
        return Ok(Expression::Range(Box::new(from), Box::new(expression(to, depth + 1)?)));
    }
    lookup(text, depth)
}

fn literal(text: &str) -> Option<Literal> {
    let quoted = |quote| {
        let inside = text.strip_prefix(quote)?.strip_suffix(quote)?;
        Some(Literal::Text(inside.into()))
    };
    Some(match text {
        "nil" | "null" | "" => Literal::Nil,
        "true" => Literal::Bool(true),
        "false" => Literal::Bool(false),
        "empty" => Literal::Empty,
        "blank" => Literal::Blank,
        _ => {
            let digits = text.strip_prefix('-').unwrap_or(text);
            let is_number = digits.starts_with(|c: char| c.is_ascii_digit())
                && digits.chars().all(|c| c.is_ascii_digit() || c == '.');
            match (is_number, text.parse(), text.parse()) {
                (true, Ok(number), _) => Literal::Int(number),
                (true, _, Ok(number)) => Literal::Float(number),
                _ => return quoted('"').or_else(|| quoted('\'')),
            }
        }
    })
}

/// Reads names and closed brackets, and skips everything between them.
fn lookup(text: &str, depth: u32) -> Result<Expression, Error> {
    let closes = closing_brackets(text);
    let mut root = None;
    let mut steps = Vec::new();
    let mut place = 0;
    while let Some(character) = text[place..].chars().next() {
        let close = closes.get(&place).copied();
        if let Some(close) = close {
            let key = expression(&text[place + 1..close], depth + 1)?;
            match root {
                None => root = Some(Root::Dynamic(Box::new(key))),
                Some(_) => steps.push(PathStep::Key(key)),
            }
            place = close + 1;
            continue;
        }
        let rest = &text[place..];
        let mut end = rest.find(|c| !is_word(c) && c != '-').unwrap_or(rest.len());
        if end == 0 {
            place += character.len_utf8();
            continue;
        }
        end += usize::from(rest[end..].starts_with('?'));
        match root {
            None => root = Some(Root::Name(rest[..end].into())),
            Some(_) => steps.push(PathStep::Name(rest[..end].into())),
        }
        place += end;
    }
    Ok(match root {
        Some(root) => Expression::Path(Path { root, steps }),
        None => Expression::Literal(Literal::Nil),
    })
}

/// The positions of all closed brackets, with the positions of their ends.
fn closing_brackets(text: &str) -> HashMap<usize, usize> {
    let mut open = Vec::new();
    let mut closes = HashMap::new();
    for (place, character) in text.char_indices() {
        match character {
            '[' => open.push(place),
            ']' => closes.extend(open.pop().map(|open| (open, place))),
            _ => {}
        }
    }
    closes
}
