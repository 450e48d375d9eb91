//! A diagnostic: a problem in a file, its location, and how to fix it.

use crate::source::Mark;
use serde::Serialize;
use std::fmt;
use std::path::{Path, PathBuf};

/// The severity of a diagnostic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The file or a part of it is not used; `sluicegate check` fails.
    Error,
    /// The file is used, but may not do what its author expects.
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

/// A problem in a file of an instance.
///
/// `Display` formats it as `sluicegate check` does; `Serialize` is its JSON form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// The file, relative to the instance root.
    pub path: PathBuf,
    /// The line, starting at 1; 0 for a diagnostic about the complete file.
    pub line: u32,
    /// The column in characters, starting at 1.
    pub column: u32,
    /// The problem, in one sentence without a period.
    pub message: String,
    /// The line as on disk, without pasted values; may be empty.
    pub excerpt: String,
    /// How to fix it.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A diagnostic at a location; `text` is the file's content on disk.
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

    /// A diagnostic about a complete file.
    pub fn of_file(severity: Severity, path: &Path, message: impl Into<String>) -> Self {
        let mark = Mark { line: 0, column: 0 };
        Self::at(severity, path, mark, "", message)
    }

    /// Adds advice.
    pub fn with_help(mut self, help: Option<String>) -> Self {
        self.help = help;
        self
    }

    /// True for an error.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// Longer lines are cut to this length.
const EXCERPT_CHARS_MAX: usize = 160;

fn excerpt(text: &str, line: u32) -> String {
    let Some(index) = line.checked_sub(1) else { return String::new() };
    let line = text.lines().nth(index as usize).unwrap_or_default();
    line.chars().map(|c| if c.is_control() { ' ' } else { c }).take(EXCERPT_CHARS_MAX).collect()
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Slashes on every system, so that programs can compare the output.
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
    fn a_diagnostic_prints_its_location_with_a_caret() {
        let mark = Mark { line: 2, column: 3 };
        let diagnostic = Diagnostic::at(
            Severity::Error,
            Path::new("a/b.yml"),
            mark,
            "x\n  y: z\n",
            "no such key `y`",
        )
        .with_help(Some("did you mean `name`?".to_owned()));
        let expected = "a/b.yml:2:3: error: no such key `y`\n  2 |   y: z\n    |   ^\n  help: did you mean `name`?";
        assert_eq!(diagnostic.to_string(), expected);
    }

    #[test]
    fn a_diagnostic_of_a_file_has_no_excerpt() {
        let diagnostic = Diagnostic::of_file(Severity::Warning, Path::new("a"), "too large");
        assert_eq!(diagnostic.to_string(), "a: warning: too large");
    }
}
