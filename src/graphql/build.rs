//! Collects the parts of a schema: shapes, request types, tables.

use super::error::Error;
use super::request_type::{self, Mutation};
use super::shape::Shapes;
use super::tables::TableIndex;
use sluicegate_module::catalog::Catalog;
use sluicegate_module::diagnostic::Diagnostic;

/// The platform's schema in SDL, in reading order.
const SDL_FILES: &[&str] = &[
    include_str!("schema/records.graphql"),
    include_str!("schema/classic.graphql"),
    include_str!("schema/platform.graphql"),
    include_str!("schema/executions.graphql"),
];

/// The parts of a schema, without its machinery.
pub(super) struct Parts {
    pub(super) shapes: Shapes,
    pub(super) table_index: TableIndex,
    pub(super) mutations: Vec<Mutation>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// Collects the parts from the built-in SDL and a catalog.
pub(super) fn parts(catalog: &Catalog) -> Result<Parts, Error> {
    let mut shapes = Shapes::default();
    for text in SDL_FILES {
        shapes.read(text)?;
    }
    let mut diagnostics = Vec::new();
    let mutations = request_type::add(catalog, &mut shapes, &mut diagnostics);
    Ok(Parts {
        shapes,
        table_index: TableIndex::of(catalog.tables.values()),
        mutations,
        diagnostics,
    })
}
