//! Splits markup into the tokens of the strict grammar.

use crate::error::Error;
use std::fmt;

/// The kind of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A name.
    Id,
    /// A quoted string.
    Text,
    /// A number.
    Number,
    /// `==`, `contains` and the like.
    Comparison,
    /// `..`
    DotDot,
    /// `|`
    Pipe,
    /// `.`
    Dot,
    /// `:`
    Colon,
    /// `,`
    Comma,
    /// `[`
    OpenSquare,
    /// `]`
    CloseSquare,
    /// `(`
    OpenRound,
    /// `)`
    CloseRound,
    /// `?`
    Question,
    /// `-`
    Dash,
    /// The end of the markup.
    End,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Id => "id",
            Self::Text => "string",
            Self::Number => "number",
            Self::Comparison => "comparison",
            Self::DotDot => "dotdot",
            Self::Pipe => "pipe",
            Self::Dot => "dot",
            Self::Colon => "colon",
            Self::Comma => "comma",
            Self::OpenSquare => "open_square",
            Self::CloseSquare => "close_square",
            Self::OpenRound => "open_round",
            Self::CloseRound => "close_round",
            Self::Question => "question",
            Self::Dash => "dash",
            Self::End => "end_of_string",
        })
    }
}

/// A token and its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token<'a> {
    /// The kind.
    pub kind: Kind,
    /// The characters as written.
    pub text: &'a str,
}

impl fmt::Display for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::End => f.write_str("[:end_of_string]"),
            kind => write!(f, "[:{kind}, {:?}]", self.text),
        }
    }
}

/// All tokens of a markup, [`Kind::End`] last.
///
/// # Errors
/// `Unexpected character X`.
pub fn tokens(markup: &str) -> Result<Vec<Token<'_>>, Error> {
    let mut found = Vec::new();
    let mut place = 0;
    loop {
        let rest = &markup[place..];
        let trimmed = rest.trim_start();
        place += rest.len() - trimmed.len();
        let Some(first) = trimmed.chars().next() else { break };
        let Some((kind, length)) = next(trimmed, first) else {
            return Err(Error::syntax(format!("Unexpected character {first}")));
        };
        found.push(Token { kind, text: &trimmed[..length] });
        place += length;
    }
    found.push(Token { kind: Kind::End, text: "" });
    Ok(found)
}

fn next(text: &str, first: char) -> Option<(Kind, usize)> {
    let single = |kind| Some((kind, 1));
    match first {
        '|' => single(Kind::Pipe),
        ':' => single(Kind::Colon),
        ',' => single(Kind::Comma),
        '[' => single(Kind::OpenSquare),
        ']' => single(Kind::CloseSquare),
        '(' => single(Kind::OpenRound),
        ')' => single(Kind::CloseRound),
        '?' => single(Kind::Question),
        '.' if text.starts_with("..") => Some((Kind::DotDot, 2)),
        '.' => single(Kind::Dot),
        '"' | '\'' => text[1..].find(first).map(|end| (Kind::Text, end + 2)),
        '=' | '!' | '<' | '>' => comparison(text).map(|length| (Kind::Comparison, length)),
        '-' if !text[1..].starts_with(|c: char| c.is_ascii_digit()) => single(Kind::Dash),
        '-' | '0'..='9' => Some((Kind::Number, number(text))),
        'a'..='z' | 'A'..='Z' | '_' => {
            let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
            let mut end = text.find(|c| !is_part(c)).unwrap_or(text.len());
            if &text[..end] == "contains" && text[end..].starts_with(char::is_whitespace) {
                return Some((Kind::Comparison, end));
            }
            end += usize::from(text[end..].starts_with('?'));
            Some((Kind::Id, end))
        }
        _ => None,
    }
}

fn comparison(text: &str) -> Option<usize> {
    let two = ["==", "!=", "<>", "<=", ">="].iter().any(|word| text.starts_with(word));
    match two {
        true => Some(2),
        false => text.starts_with(['<', '>']).then_some(1),
    }
}

fn number(text: &str) -> usize {
    let digits = |from: usize| {
        let rest = &text[from..];
        from + rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len())
    };
    let whole = digits(1);
    let decimals = &text[whole..];
    if decimals.starts_with('.') && decimals[1..].starts_with(|c: char| c.is_ascii_digit()) {
        return digits(whole + 1);
    }
    whole
}
