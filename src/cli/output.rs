//! How commands print: JSON for programs, lines and tables for people.

use serde_json::{Value as Json, json};

/// Prints what a command found.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    /// `--json`.
    pub json: bool,
}

impl Output {
    /// One JSON value: pretty for people, a line for programs.
    pub fn value(&self, value: &Json) {
        if self.json {
            println!("{value}");
        } else {
            println!("{value:#}");
        }
    }

    /// A list under a word: `{"wrote": […]}`, or a line each.
    pub fn list(&self, word: &str, lines: &[String]) {
        if self.json {
            println!("{}", json!({ word: lines }));
        } else {
            lines.iter().for_each(|line| println!("{word} {line}"));
        }
    }

    /// Rows with a title each; `value` is what `--json` prints instead.
    pub fn table(&self, value: &Json, titles: &[&str], rows: &[Vec<String>]) {
        if self.json {
            println!("{value}");
            return;
        }
        let width = |column: usize| {
            let cells = rows.iter().filter_map(|row| row.get(column)).map(|c| c.chars().count());
            cells.chain([titles[column].len()]).max().unwrap_or_default()
        };
        let widths: Vec<usize> = (0..titles.len()).map(width).collect();
        let line = |cells: Vec<&str>| {
            let padded: Vec<String> =
                cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
            println!("{}", padded.join("  ").trim_end());
        };
        line(titles.to_vec());
        rows.iter().for_each(|row| line(row.iter().map(String::as_str).collect()));
    }
}
