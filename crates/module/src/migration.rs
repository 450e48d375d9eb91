//! Migrations: Liquid that runs once per instance, in timestamp order.

use crate::definition_reader::DefinitionReader;
use crate::source::{Mark, Source};

/// A migration.
#[derive(Debug, Clone)]
pub struct Migration {
    /// The template; its name identifies the migration permanently.
    pub source: Source,
    /// The digits at the start of the file name.
    pub timestamp: u64,
}

impl Migration {
    /// Reads a migration from its file.
    pub(super) fn read(draft: &mut DefinitionReader<'_>) -> Option<Self> {
        draft.only(&["name", "metadata", "description"]);
        let file = draft.short_name.rsplit('/').next().unwrap_or_default();
        let digits: String = file.chars().take_while(char::is_ascii_digit).collect();
        match digits.parse() {
            Ok(timestamp) if digits.len() >= 8 => {
                Some(Self { source: draft.body.clone(), timestamp })
            }
            _ => {
                let help = "name it like 20260131120000_what_it_does.liquid".to_owned();
                let message = "a migration's file name starts with its timestamp";
                draft.error(Mark { line: 1, column: 1 }, message, Some(help));
                None
            }
        }
    }
}
