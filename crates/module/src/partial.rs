//! Partials: Liquid that other files include, render or run.

use crate::definition_reader::DefinitionReader;
use crate::source::Source;
use crate::yaml::Value;
use serde_json::Value as Json;

/// A partial.
#[derive(Debug, Clone)]
pub struct Partial {
    /// The template.
    pub source: Source,
    /// The `metadata` from the front matter.
    pub metadata: Json,
    /// For form templates: the inputs that a visitor may fill; all others are signed (`open:
    /// source, email`, our extension).
    pub open: Vec<String>,
}

impl Partial {
    /// Reads a partial from its file.
    pub(super) fn read(draft: &mut DefinitionReader<'_>) -> Option<Self> {
        draft.only(&["name", "metadata", "converter", "description", "open"]);
        Some(Self {
            source: draft.body.clone(),
            metadata: draft.mapping(&["metadata"]),
            open: open(draft),
        })
    }
}

/// Reads `open`, at the top level or in the metadata, as a list or as comma-separated names.
fn open(draft: &mut DefinitionReader<'_>) -> Vec<String> {
    let in_metadata = || draft.front.get("metadata").and_then(|p| p.node.get("open").cloned());
    let Some(pair) = draft.pair(&["open"]).or_else(in_metadata) else { return Vec::new() };
    let text = match &pair.node.value {
        Value::Text(text) => text.text.clone(),
        Value::List(nodes) => nodes
            .iter()
            .filter_map(|n| n.json().as_str().map(str::to_owned))
            .collect::<Vec<_>>()
            .join(","),
        _ => {
            draft.wrong::<()>(&pair, "names between commas, or a list");
            return Vec::new();
        }
    };
    let names = text.split([',', ' ', '\n']).map(str::trim).filter(|name| !name.is_empty());
    names.map(str::to_owned).collect()
}
