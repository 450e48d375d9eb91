//! Command output: JSON for programs, lines and tables for people. All of it passes the redaction.

use serde_json::{Value as Json, json};
use sluicegate_secret::redaction;

/// Prints the result of a command.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    /// `--json`.
    pub json: bool,
}

impl Output {
    /// Prints one JSON value: pretty-printed for people, on one line for programs.
    pub fn value(&self, value: &Json) {
        let value = shown(value);
        if self.json {
            println!("{value}");
        } else {
            println!("{value:#}");
        }
    }

    /// Prints a list under a label: `{"wrote": […]}`, or one line for each.
    pub fn list(&self, word: &str, lines: &[String]) {
        if self.json {
            println!("{}", json!({ word: lines }));
        } else {
            lines.iter().for_each(|line| println!("{word} {line}"));
        }
    }

    /// Prints rows under column titles; with `--json`, prints `value` instead.
    pub fn table(&self, value: &Json, titles: &[&str], rows: &[Vec<String>]) {
        if self.json {
            println!("{}", shown(value));
            return;
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
            println!("{}", padded.join("  ").trim_end());
        };
        line(titles.to_vec());
        rows.iter().for_each(|row| line(row.iter().map(String::as_str).collect()));
    }
}

fn shown(value: &Json) -> Json {
    let mut value = value.clone();
    redaction::json(&mut value);
    value
}
