//! Layouts: templates that wrap pages.

use crate::definition_reader::DefinitionReader;
use crate::source::Source;

/// A layout.
#[derive(Debug, Clone)]
pub struct Layout {
    /// The template of the layout.
    pub source: Source,
}

impl Layout {
    /// Reads a layout from its file.
    pub(super) fn read(draft: &mut DefinitionReader<'_>) -> Option<Self> {
        draft.only(&["name", "metadata", "converter", "description"]);
        Some(Self { source: draft.body.clone() })
    }
}
