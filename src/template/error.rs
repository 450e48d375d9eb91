//! What can go wrong in a template, with the place in the file it was written in.

use sluicegate_liquid::error::{Error as LiquidError, Kind, Mark as LiquidMark};
use sluicegate_module::source::{Mark, Source};
use std::fmt;
use std::path::{Path, PathBuf};

/// An error or a warning of a template, as its author should see it.
///
/// `Display` shows file, line, column, the line with a caret, and the way that led there. The
/// excerpt holds no value that came from the environment.
#[derive(Debug, Clone, PartialEq)]
pub struct Error(Box<Details>);

#[derive(Debug, Clone, PartialEq)]
struct Details {
    kind: Kind,
    message: String,
    place: Option<Place>,
    help: Option<String>,
    /// Files and lines that led here, innermost first.
    chain: Vec<(PathBuf, u32)>,
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file, relative to the instance root.
    pub path: PathBuf,
    /// Where in it.
    pub mark: Mark,
    /// The line, or as much of it as is known.
    pub excerpt: String,
}

impl Place {
    /// The place in the file of a place in a source's text.
    pub fn of(source: &Source, mark: LiquidMark) -> Self {
        let in_file = source.position(mark.line, mark.column);
        let line = source.text.lines().nth(mark.line.saturating_sub(1) as usize);
        let mut excerpt: String = line.unwrap_or_default().chars().take(160).collect();
        // A value of the front matter stands further right in the file than in its own text.
        let shift = in_file.column.saturating_sub(mark.column) as usize;
        excerpt.insert_str(0, &" ".repeat(shift.min(80)));
        Self { path: source.path.clone(), mark: in_file, excerpt }
    }
}

impl Error {
    /// An error without a place.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        let message = message.into();
        Self(Box::new(Details { kind, message, place: None, help: None, chain: Vec::new() }))
    }

    /// The engine's error, its places found in files. `source` gives the source of a template's
    /// name, `clean` takes secrets out of a text.
    pub(super) fn from_liquid<'a>(
        error: &LiquidError,
        source: impl Fn(&str) -> Option<&'a Source>,
        clean: impl Fn(&str) -> String,
    ) -> Self {
        let place = error.template().zip(error.mark()).and_then(|(name, mark)| {
            let mut place = Place::of(source(name)?, mark);
            place.excerpt = clean(&place.excerpt);
            Some(place)
        });
        let caller = |(name, line): &(std::sync::Arc<str>, u32)| {
            let source = source(name)?;
            Some((source.path.clone(), source.position(*line, 1).line))
        };
        Self(Box::new(Details {
            kind: error.kind(),
            message: clean(error.message()),
            place,
            help: error.advice().map(str::to_owned),
            chain: error.chain().iter().filter_map(caller).collect(),
        }))
    }

    /// What kind of error it is.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// What is wrong, without its place.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Where it is wrong.
    pub fn place(&self) -> Option<&Place> {
        self.0.place.as_ref()
    }

    /// The file it is in.
    pub fn path(&self) -> Option<&Path> {
        self.0.place.as_ref().map(|place| &*place.path)
    }

    /// What to do about it.
    pub fn advice(&self) -> Option<&str> {
        self.0.help.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.place {
            None => f.write_str(&self.0.message)?,
            Some(Place { path, mark: Mark { line, column }, excerpt }) => {
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
        // A partial that calls itself is told once.
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
