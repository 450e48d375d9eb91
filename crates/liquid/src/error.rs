//! Errors with their place: template, line, column, excerpt with a caret, and the way that led there.

use std::fmt;
use std::sync::Arc;

/// What kind of thing went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The template is not well-formed.
    Syntax,
    /// A filter or tag was given something it cannot work with.
    Argument,
    /// A partial is not there.
    Partial,
    /// The template asked for more than its budget.
    Limit,
    /// Blocks or partials are nested too deep.
    Depth,
    /// The host refused or failed.
    Host,
    /// Something that must not happen; a bug of the engine.
    Internal,
}

/// This many letters of a line are shown.
const EXCERPT_MAX: usize = 120;
/// So many of them stand behind the caret in a line that is longer.
const EXCERPT_BEHIND: usize = 40;

/// A place in a template, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mark {
    /// The line.
    pub line: u32,
    /// The column in characters.
    pub column: u32,
}

impl Mark {
    /// Behind `text`, which begins here.
    #[must_use]
    pub fn after(self, text: &str) -> Self {
        let bytes = text.as_bytes();
        match memchr::memrchr(b'\n', bytes) {
            None => Self { line: self.line, column: self.column + letters(bytes) },
            Some(last) => Self {
                line: self.line + 1 + memchr::memchr_iter(b'\n', &bytes[..last]).count() as u32,
                column: letters(&bytes[last + 1..]) + 1,
            },
        }
    }
}

/// How many letters bytes of UTF-8 are: all but those that go on with a letter.
fn letters(bytes: &[u8]) -> u32 {
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
    /// Where the caret stands under the excerpt, from 0.
    caret: usize,
    help: Option<String>,
    /// Templates that led here, innermost first, with the line of the call.
    chain: Vec<(Arc<str>, u32)>,
}

impl Error {
    /// An error whose place is not known yet.
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

    /// Gives the error its place in a template that is still being read, unless it has one.
    #[must_use]
    pub fn marked(mut self, mark: Mark) -> Self {
        self.0.mark = self.0.mark.or(Some(mark));
        self
    }

    /// Gives the error its place, unless it has one already.
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

    /// Adds to the message.
    #[must_use]
    pub fn note(mut self, more: &str) -> Self {
        self.0.message.push_str(more);
        self
    }

    /// Advice, such as a name that was meant.
    #[must_use]
    pub fn help(mut self, help: Option<String>) -> Self {
        self.0.help = help.or(self.0.help);
        self
    }

    /// Notes that `template` called what failed, in its line `line`.
    #[must_use]
    pub fn called_from(mut self, template: &Arc<str>, line: u32) -> Self {
        self.0.chain.push((Arc::clone(template), line));
        self
    }

    /// The kind.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// What is wrong, without the place.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The template it is in.
    pub fn template(&self) -> Option<&str> {
        self.0.template.as_deref()
    }

    /// Where in the template.
    pub fn mark(&self) -> Option<Mark> {
        self.0.mark
    }

    /// The line it is in.
    pub fn excerpt(&self) -> &str {
        &self.0.excerpt
    }

    /// Advice.
    pub fn advice(&self) -> Option<&str> {
        self.0.help.as_deref()
    }

    /// The templates that led here, innermost first.
    pub fn chain(&self) -> &[(Arc<str>, u32)] {
        &self.0.chain
    }

    /// As Ruby Liquid prints it inside a page: `Liquid error (line 2): …`.
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

/// What is shown of a line, and where the caret stands in it, from 0; a long line is cut at both
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
                // Tabs stay tabs, so that the caret stands under its letter.
                let before = details.excerpt.chars().chain(std::iter::repeat(' '));
                let before = before.take(details.caret);
                let indent: String = before.map(|c| if c == '\t' { c } else { ' ' }).collect();
                write!(f, "\n  {gutter} | {}\n  {blank} | {indent}^", details.excerpt)?;
            }
            _ => write!(f, "{}", details.message)?,
        }
        // A partial that calls itself is told once.
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
