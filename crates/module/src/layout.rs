//! Layouts: what a page is wrapped in.

use crate::definition_reader::DefinitionReader;
use crate::source::Source;

/// A layout.
#[derive(Debug, Clone)]
pub struct Layout {
    /// The body.
    pub source: Source,
}

impl Layout {
    /// Reads a layout.
    pub(super) fn read(draft: &mut DefinitionReader<'_>) -> Option<Self> {
        draft.only(&["name", "metadata", "converter", "description"]);
        Some(Self { source: draft.body.clone() })
    }
}
