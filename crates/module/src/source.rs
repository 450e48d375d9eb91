//! A piece of Liquid with its location.

use crate::profile::Profile;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// A position in a file; lines and columns start at 1, columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

impl Mark {
    /// The position of a byte offset in a string.
    pub fn of(text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let small = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self { line: small(line), column: small(column) }
    }
}

/// The location of a run of lines: the text from `offset` on is at `mark` in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchor {
    /// The byte offset at which the run starts.
    pub offset: usize,
    /// Its position in the file.
    pub mark: Mark,
}

/// A template with its logical name and its location on disk.
///
/// The content may hold values pasted by `<%= =%>`, so `Debug` omits it.
#[derive(Clone)]
pub struct Source {
    /// The logical name, such as `modules/stripe/response_mapper/create_payment`. A value of a
    /// front matter is named after its file and key: `modules/stripe/create_payment#headers`.
    pub name: String,
    /// The file, relative to the instance root.
    pub path: PathBuf,
    /// The line of the file on which `text` starts.
    pub line: u32,
    /// The template's content.
    pub text: Arc<str>,
    /// The module; `None` for the root module.
    pub module: Option<Arc<str>>,
    /// The profile that it was written for.
    pub profile: Profile,
    /// The locations of its lines if they are not consecutive lines of the file (indented or folded
    /// block scalars); see [`Source::position`].
    pub anchors: Arc<[Anchor]>,
}

impl Source {
    /// A source whose lines are consecutive in `path`, starting at `line`.
    pub fn new(
        name: impl Into<String>,
        path: impl Into<PathBuf>,
        line: u32,
        text: impl Into<Arc<str>>,
        profile: Profile,
    ) -> Self {
        Self {
            name: name.into(),
            path: path.into(),
            line,
            text: text.into(),
            module: None,
            profile,
            anchors: Arc::from([]),
        }
    }

    /// Sets the module.
    pub fn in_module(mut self, module: Option<Arc<str>>) -> Self {
        self.module = module;
        self
    }

    /// The position in the file of a line and column of the content (all start at 1).
    pub fn position(&self, line: u32, column: u32) -> Mark {
        let plain = Mark { line: self.line + line.saturating_sub(1), column };
        if self.anchors.is_empty() {
            return plain;
        }
        let start: usize = self
            .text
            .split_inclusive('\n')
            .take(line.saturating_sub(1) as usize)
            .map(str::len)
            .sum();
        let rest = self.text.get(start..).unwrap_or_default();
        let within: usize =
            rest.chars().take(column.saturating_sub(1) as usize).map(char::len_utf8).sum();
        let offset = start + within;
        let after = self.anchors.partition_point(|a| a.offset <= offset);
        let Some(anchor) = after.checked_sub(1).and_then(|i| self.anchors.get(i)) else {
            return plain;
        };
        let run = self.text.get(anchor.offset..offset).unwrap_or_default().chars().count();
        Mark {
            line: anchor.mark.line,
            column: anchor.mark.column + u32::try_from(run).unwrap_or(u32::MAX),
        }
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({} at {}:{})", self.name, self.path.display(), self.line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_source_counts_from_its_first_line() {
        let source = Source::new("a", "a.liquid", 5, "x\ny", Profile::Modern);
        assert_eq!(source.position(2, 1), Mark { line: 6, column: 1 });
    }

    #[test]
    fn a_folded_source_finds_the_line_it_was_written_on() {
        let mut source = Source::new("a", "a.liquid", 5, "one two\nthree\n", Profile::Modern);
        let at = |offset, line, column| Anchor { offset, mark: Mark { line, column } };
        source.anchors = Arc::from([at(0, 5, 3), at(4, 6, 3), at(8, 8, 3)]);
        assert_eq!(source.position(1, 5), Mark { line: 6, column: 3 });
        assert_eq!(source.position(2, 3), Mark { line: 8, column: 5 });
    }
}
