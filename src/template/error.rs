//! Template errors, with the place in the file where they occurred.

use sluicegate_liquid::error::{Error as LiquidError, Kind, Mark as LiquidMark};
use sluicegate_module::source::{Mark, Source};
use std::fmt;
use std::path::{Path, PathBuf};

/// An error or warning of a template, in a form for its author.
///
/// `Display` shows file, line, column, the line with a caret, and the call chain. The excerpt
/// contains no value from the environment.
#[derive(Debug, Clone, PartialEq)]
pub struct Error(Box<Details>);

#[derive(Debug, Clone, PartialEq)]
struct Details {
    kind: Kind,
    message: String,
    location: Option<SourceLocation>,
    help: Option<String>,
    /// The call chain as files and lines, innermost first.
    chain: Vec<(PathBuf, u32)>,
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceLocation {
    /// The file, relative to the instance root.
    pub path: PathBuf,
    /// The line and column in it.
    pub mark: Mark,
    /// The line, as far as it is known.
    pub excerpt: String,
}

impl SourceLocation {
    /// Converts a place in a source's text to the place in the file.
    pub fn of(source: &Source, mark: LiquidMark) -> Self {
        let in_file = source.position(mark.line, mark.column);
        let line = source.text.lines().nth(mark.line.saturating_sub(1) as usize);
        let mut excerpt: String = line.unwrap_or_default().chars().take(160).collect();
        // A front-matter value begins further right in the file than in its own text.
        let shift = in_file.column.saturating_sub(mark.column) as usize;
        excerpt.insert_str(0, &" ".repeat(shift.min(80)));
        Self { path: source.path.clone(), mark: in_file, excerpt }
    }
}

impl Error {
    /// Creates an error without a place.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        let message = message.into();
        Self(Box::new(Details { kind, message, location: None, help: None, chain: Vec::new() }))
    }

    /// Converts the engine's error, mapping its places to files. `source` returns the source of a
    /// template name; `clean` removes secrets from a string.
    pub(super) fn from_liquid<'a>(
        error: &LiquidError,
        source: impl Fn(&str) -> Option<&'a Source>,
        clean: impl Fn(&str) -> String,
    ) -> Self {
        let location = error.template().zip(error.mark()).and_then(|(name, mark)| {
            let mut location = SourceLocation::of(source(name)?, mark);
            location.excerpt = clean(&location.excerpt);
            Some(location)
        });
        let caller = |(name, line): &(std::sync::Arc<str>, u32)| {
            let source = source(name)?;
            Some((source.path.clone(), source.position(*line, 1).line))
        };
        Self(Box::new(Details {
            kind: error.kind(),
            message: clean(error.message()),
            location,
            help: error.advice().map(str::to_owned),
            chain: error.chain().iter().filter_map(caller).collect(),
        }))
    }

    /// The kind of error.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// True when the render ended because an answer of the host is not known now.
    pub fn is_interruption(&self) -> bool {
        self.kind() == Kind::Interrupted
    }

    /// The message, without its place.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The place of the error.
    pub fn location(&self) -> Option<&SourceLocation> {
        self.0.location.as_ref()
    }

    /// The file of the error.
    pub fn path(&self) -> Option<&Path> {
        self.0.location.as_ref().map(|location| &*location.path)
    }

    /// A suggestion for the fix.
    pub fn advice(&self) -> Option<&str> {
        self.0.help.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.location {
            None => f.write_str(&self.0.message)?,
            Some(SourceLocation { path, mark: Mark { line, column }, excerpt }) => {
                let path = path.display().to_string().replace('\\', "/");
                write!(f, "{path}:{line}:{column}: {}", self.0.message)?;
                let gutter = line.to_string();
                let blank = " ".repeat(gutter.len());
                if !excerpt.trim().is_empty() {
                    write!(f, "\n  {gutter} | {excerpt}")?;
                    let indent = column.saturating_sub(1) as usize;
                    if indent <= excerpt.chars().count() {
                        write!(f, "\n  {blank} | {}^", " ".repeat(indent))?;
                    }
                }
            }
        }
        // A recursive partial is reported once.
        for same in self.0.chain.chunk_by(|one, other| one == other) {
            let (path, line) = &same[0];
            write!(f, "\n  called from {}:{line}", path.display())?;
            if same.len() > 1 {
                write!(f, " ({} times)", same.len())?;
            }
        }
        if let Some(help) = &self.0.help {
            write!(f, "\n  help: {help}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}
