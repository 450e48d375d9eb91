//! Errors with their position in a template, an excerpt with a caret, and the calling templates.

use std::fmt;
use std::sync::Arc;

/// The kind of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// The template is not well-formed.
    Syntax,
    /// A filter or tag refused a value.
    Argument,
    /// A partial is missing.
    Partial,
    /// The template asked for more than its budget.
    Limit,
    /// Blocks or partials are nested too deep.
    Depth,
    /// The host refused or failed.
    Host,
    /// What the host would say is not known now. It ends the render: it is never printed inside
    /// the output, as other errors are in the lax mode.
    Interrupted,
    /// A bug of the engine, or what Ruby Liquid reports as one.
    Internal,
}

/// The characters of a line that an excerpt shows.
const EXCERPT_MAX: usize = 120;
/// The characters after the caret in the excerpt of a longer line.
const EXCERPT_BEHIND: usize = 40;

/// A longer string is searched for line breaks before its characters are counted.
const SHORT_MAX: usize = 48;

/// A position in a template; line and column count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mark {
    /// The line.
    pub line: u32,
    /// The column in characters.
    pub column: u32,
}

impl Mark {
    /// The position so many characters further in its line.
    #[must_use]
    pub(crate) fn columns_after(self, columns: usize) -> Self {
        let columns = u32::try_from(columns).unwrap_or(u32::MAX);
        Self { line: self.line, column: self.column.saturating_add(columns) }
    }

    /// The position after `text`, which begins here.
    #[must_use]
    pub fn after(self, text: &str) -> Self {
        let bytes = text.as_bytes();
        if bytes.len() <= SHORT_MAX {
            return bytes.iter().fold(self, |Self { line, column }, byte| match byte {
                b'\n' => Self { line: line.saturating_add(1), column: 1 },
                // Continuation bytes of UTF-8 are no characters.
                byte => Self { line, column: column + u32::from(byte & 0xC0 != 0x80) },
            });
        }
        match memchr::memrchr(b'\n', bytes) {
            None => Self { line: self.line, column: self.column + chars(bytes) },
            Some(last) => {
                let lines = memchr::memchr_iter(b'\n', &bytes[..last]).count();
                let lines = u32::try_from(lines).unwrap_or(u32::MAX - 1);
                let line = self.line.saturating_add(lines + 1);
                Self { line, column: chars(&bytes[last + 1..]) + 1 }
            }
        }
    }
}

/// The number of characters in UTF-8: all bytes but continuation bytes.
fn chars(bytes: &[u8]) -> u32 {
    bytes.iter().map(|byte| u32::from(byte & 0b1100_0000 != 0b1000_0000)).sum()
}

/// Why a template could not be compiled or rendered.
#[derive(Debug, Clone, PartialEq)]
pub struct Error(Box<Details>);

#[derive(Debug, Clone, PartialEq)]
struct Details {
    kind: Kind,
    message: String,
    template: Option<Arc<str>>,
    mark: Option<Mark>,
    excerpt: String,
    /// The column of the caret under the excerpt, from 0.
    caret: usize,
    help: Option<String>,
    /// The calling templates, innermost first, with the line of each call.
    chain: Vec<(Arc<str>, u32)>,
}

impl Error {
    /// An error without a position.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self(Box::new(Details {
            kind,
            message: message.into(),
            template: None,
            mark: None,
            excerpt: String::new(),
            caret: 0,
            help: None,
            chain: Vec::new(),
        }))
    }

    /// A syntax error.
    pub fn syntax(message: impl Into<String>) -> Self {
        Self::new(Kind::Syntax, message)
    }

    /// A bad argument.
    pub fn argument(message: impl Into<String>) -> Self {
        Self::new(Kind::Argument, message)
    }

    /// An exceeded limit.
    pub fn limit(message: impl Into<String>) -> Self {
        Self::new(Kind::Limit, message)
    }

    /// Adds a position in the template that is being read, unless the error has one.
    #[must_use]
    pub fn marked(mut self, mark: Mark) -> Self {
        self.0.mark = self.0.mark.or(Some(mark));
        self
    }

    /// Adds the template, position and excerpt, unless the error has them.
    #[must_use]
    pub fn at(mut self, template: &Arc<str>, source: &str, mark: Mark) -> Self {
        if self.0.template.is_none() {
            let mark = *self.0.mark.get_or_insert(mark);
            self.0.template = Some(Arc::clone(template));
            let line = source.lines().nth(mark.line.saturating_sub(1) as usize).unwrap_or_default();
            (self.0.excerpt, self.0.caret) = excerpt(line, mark.column.saturating_sub(1) as usize);
        }
        self
    }

    /// Appends to the message.
    #[must_use]
    pub fn note(mut self, more: &str) -> Self {
        self.0.message.push_str(more);
        self
    }

    /// Adds advice, such as the nearest name.
    #[must_use]
    pub fn help(mut self, help: Option<String>) -> Self {
        self.0.help = help.or(self.0.help);
        self
    }

    /// Adds a calling template with the line of its call.
    #[must_use]
    pub fn called_from(mut self, template: &Arc<str>, line: u32) -> Self {
        self.0.chain.push((Arc::clone(template), line));
        self
    }

    /// The kind of the error.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// The message without the position.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The name of the template.
    pub fn template(&self) -> Option<&str> {
        self.0.template.as_deref()
    }

    /// The position in the template.
    pub fn mark(&self) -> Option<Mark> {
        self.0.mark
    }

    /// The line of the template, cut to a readable length.
    pub fn excerpt(&self) -> &str {
        &self.0.excerpt
    }

    /// The advice, if there is any.
    pub fn advice(&self) -> Option<&str> {
        self.0.help.as_deref()
    }

    /// The calling templates, innermost first, with the line of each call.
    pub fn chain(&self) -> &[(Arc<str>, u32)] {
        &self.0.chain
    }

    /// The error as Ruby Liquid prints it inline: `Liquid error (line 2): …`.
    pub fn inline(&self) -> String {
        let word = if self.0.kind == Kind::Syntax { "Liquid syntax error" } else { "Liquid error" };
        match (self.0.mark, self.template().filter(|name| !name.is_empty())) {
            (Some(mark), Some(name)) => {
                format!("{word} ({name} line {}): {}", mark.line, self.0.message)
            }
            (Some(mark), None) => format!("{word} (line {}): {}", mark.line, self.0.message),
            (None, _) => format!("{word}: {}", self.0.message),
        }
    }
}

/// The excerpt of a line, and the column of its caret, from 0; a long line is cut off at both
/// ends.
fn excerpt(line: &str, column: usize) -> (String, usize) {
    if column < EXCERPT_MAX - EXCERPT_BEHIND {
        let mut shown: String = line.chars().take(EXCERPT_MAX).collect();
        if line.chars().nth(EXCERPT_MAX).is_some() {
            shown.push('…');
        }
        return (shown, column);
    }
    let start = column - (EXCERPT_MAX - EXCERPT_BEHIND) + 1;
    let shown: String = line.chars().skip(start).take(EXCERPT_MAX).collect();
    let cut = if line.chars().nth(start + EXCERPT_MAX).is_some() { "…" } else { "" };
    (format!("…{shown}{cut}"), column - start + 1)
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let details = &self.0;
        match (&details.template, details.mark) {
            (Some(name), Some(mark)) => {
                write!(f, "{name}:{}:{}: {}", mark.line, mark.column, details.message)?;
                let gutter = mark.line.to_string();
                let blank = " ".repeat(gutter.len());
                // Tabs are kept, so that the caret is under its character.
                let before = details.excerpt.chars().chain(std::iter::repeat(' '));
                let before = before.take(details.caret);
                let indent: String = before.map(|c| if c == '\t' { c } else { ' ' }).collect();
                write!(f, "\n  {gutter} | {}\n  {blank} | {indent}^", details.excerpt)?;
            }
            _ => write!(f, "{}", details.message)?,
        }
        // A partial that calls itself is listed once.
        for same in details.chain.chunk_by(|one, other| one == other) {
            let (name, line) = &same[0];
            write!(f, "\n  called from {name}:{line}")?;
            if same.len() > 1 {
                write!(f, " ({} times)", same.len())?;
            }
        }
        if let Some(help) = &details.help {
            write!(f, "\n  help: {help}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_does_not_depend_on_the_way_to_it() {
        let text = "one é\n\nünd zwei, a line that is longer than the short ones\nend";
        let start = Mark { line: 3, column: 7 };
        for (place, _) in text.char_indices() {
            let (before, behind) = text.split_at(place);
            assert_eq!(start.after(before).after(behind), start.after(text), "at {place}");
        }
        assert_eq!(start.after(text), Mark { line: 6, column: 4 });
    }
}
