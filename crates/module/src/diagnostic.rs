//! A fault in a file: what is wrong, where, and what to do about it.

use crate::source::Mark;
use serde::Serialize;
use std::fmt;
use std::path::{Path, PathBuf};

/// How much a fault matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The file, or the part of it, is not used: `sluicegate check` fails.
    Error,
    /// It works, and somebody should know.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// One thing that is wrong with what is written.
///
/// `Display` gives what `sluicegate check` prints, `Serialize` its JSON form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// How much it matters.
    pub severity: Severity,
    /// The file, relative to the instance root.
    pub path: PathBuf,
    /// The line, from one; zero when the fault is about the file as a whole.
    pub line: u32,
    /// The column, from one, in characters.
    pub column: u32,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// The line as it stands in the file (never what was pasted into it), or `None`.
    pub excerpt: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A fault about a place in a file; `text` is the file as it is on disk.
    pub fn at(
        severity: Severity,
        path: &Path,
        mark: Mark,
        text: &str,
        message: impl Into<String>,
    ) -> Self {
        Self {
            severity,
            path: path.to_owned(),
            line: mark.line,
            column: mark.column,
            message: message.into(),
            excerpt: excerpt(text, mark.line),
            help: None,
        }
    }

    /// A fault about a file as a whole.
    pub fn of_file(severity: Severity, path: &Path, message: impl Into<String>) -> Self {
        let mark = Mark { line: 0, column: 0 };
        Self::at(severity, path, mark, "", message)
    }

    /// The same fault with a line of advice.
    pub fn with_help(mut self, help: Option<String>) -> Self {
        self.help = help;
        self
    }

    /// True for an error.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// A long line says as much by its beginning.
const EXCERPT_CHARS_MAX: usize = 160;

fn excerpt(text: &str, line: u32) -> String {
    let Some(index) = line.checked_sub(1) else { return String::new() };
    let line = text.lines().nth(index as usize).unwrap_or_default();
    line.chars().map(|c| if c.is_control() { ' ' } else { c }).take(EXCERPT_CHARS_MAX).collect()
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Slashes everywhere: the listing is compared by machines.
        let path = self.path.display().to_string().replace('\\', "/");
        if self.line == 0 {
            write!(f, "{path}: {}: {}", self.severity, self.message)?;
        } else {
            let Self { line, column, severity, message, .. } = self;
            write!(f, "{path}:{line}:{column}: {severity}: {message}")?;
        }
        if !self.excerpt.trim().is_empty() {
            let gutter = self.line.to_string();
            let blank = " ".repeat(gutter.len());
            write!(f, "\n  {gutter} | {}", self.excerpt)?;
            let indent = (self.column as usize).saturating_sub(1);
            if indent <= self.excerpt.chars().count() {
                write!(f, "\n  {blank} | {}^", " ".repeat(indent))?;
            }
        }
        if let Some(help) = &self.help {
            write!(f, "\n  help: {help}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_prints_its_place_with_a_caret() {
        let mark = Mark { line: 2, column: 3 };
        let fault = Diagnostic::at(
            Severity::Error,
            Path::new("a/b.yml"),
            mark,
            "x\n  y: z\n",
            "no such key `y`",
        )
        .with_help(Some("did you mean `name`?".to_owned()));
        let expected = "a/b.yml:2:3: error: no such key `y`\n  2 |   y: z\n    |   ^\n  help: did you mean `name`?";
        assert_eq!(fault.to_string(), expected);
    }

    #[test]
    fn a_fault_of_a_file_has_no_excerpt() {
        let fault = Diagnostic::of_file(Severity::Warning, Path::new("a"), "too large");
        assert_eq!(fault.to_string(), "a: warning: too large");
    }
}
