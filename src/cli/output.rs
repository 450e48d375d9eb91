//! Command output: JSON for programs, lines and tables for people. All of it passes the redaction.

use anyhow::Result;
use serde_json::{Value as Json, json};
use sluicegate_secret::redaction;
use std::io::Write as _;

/// Prints the result of a command. Every method fails when standard output cannot be written.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    /// `--json`.
    pub json: bool,
}

impl Output {
    /// Prints one line.
    pub fn line(&self, text: &str) -> Result<()> {
        write(&redaction::text(text))
    }

    /// Prints one JSON value: pretty-printed for people, on one line for programs.
    pub fn value(&self, value: &Json) -> Result<()> {
        let value = shown(value);
        write(&if self.json { format!("{value}") } else { format!("{value:#}") })
    }

    /// Prints a list under a label: `{"wrote": […]}`, or one line for each.
    pub fn list(&self, word: &str, lines: &[String]) -> Result<()> {
        if self.json {
            return self.value(&json!({ word: lines }));
        }
        lines.iter().try_for_each(|line| self.line(&format!("{word} {line}")))
    }

    /// Prints rows under column titles; with `--json`, prints `value` instead.
    pub fn table(&self, value: &Json, titles: &[&str], rows: &[Vec<String>]) -> Result<()> {
        if self.json {
            return self.value(value);
        }
        let mask = |cell: &String| redaction::text(cell).into_owned();
        let rows: Vec<Vec<String>> =
            rows.iter().map(|row| row.iter().map(mask).collect()).collect();
        let width = |column: usize| {
            let cells = rows.iter().filter_map(|row| row.get(column)).map(|c| c.chars().count());
            cells.chain([titles[column].len()]).max().unwrap_or_default()
        };
        let widths: Vec<usize> = (0..titles.len()).map(width).collect();
        let line = |cells: Vec<&str>| {
            let padded: Vec<String> =
                cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
            self.line(padded.join("  ").trim_end())
        };
        line(titles.to_vec())?;
        rows.iter().try_for_each(|row| line(row.iter().map(String::as_str).collect()))
    }
}

fn write(line: &str) -> Result<()> {
    Ok(writeln!(std::io::stdout(), "{line}")?)
}

fn shown(value: &Json) -> Json {
    let mut value = value.clone();
    redaction::json(&mut value);
    value
}

/// A number of things: `1 error`, `2 errors`.
pub fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
