//! Collects the parts of a schema: shapes, request types, tables.

use super::error::Error;
use super::request_type::{self, Mutation};
use super::shape::Shapes;
use super::tables::TableIndex;
use sluicegate_module::catalog::Catalog;
use sluicegate_module::diagnostic::{Diagnostic, Severity};
use sluicegate_module::manifest::Module;

/// The platform's schema in SDL, in reading order.
const SDL_FILES: &[&str] = &[
    include_str!("schema/records.graphql"),
    include_str!("schema/classic.graphql"),
    include_str!("schema/platform.graphql"),
    include_str!("schema/executions.graphql"),
];

/// Fields that `graphql_grants` names and that the schema does not have.
fn unknown_grants(catalog: &Catalog, shapes: &Shapes) -> Vec<Diagnostic> {
    let top = catalog.root().map(|root| root.root.clone()).unwrap_or_default();
    let is_known = |field: &str| {
        let has = |root| shapes.object(root).is_some_and(|fields| fields.contains_key(field));
        has("Query") || has("Mutation")
    };
    let all =
        catalog.modules.iter().flat_map(|one| one.graphql_grants.iter().map(move |g| (one, g)));
    let unknown = all.filter(|(_, (field, _))| !is_known(field));
    let fault = |(module, (field, _)): (&Module, &(String, String))| {
        let file = module.root.join("template-values.json");
        let file = file.strip_prefix(&top).unwrap_or(&file);
        let why = format!("`graphql_grants` names `{field}`, which is no operation of GraphQL");
        Diagnostic::of_file(Severity::Error, file, why)
    };
    unknown.map(fault).collect()
}

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
    diagnostics.extend(unknown_grants(catalog, &shapes));
    Ok(Parts {
        shapes,
        table_index: TableIndex::of(catalog.tables.values()),
        mutations,
        diagnostics,
    })
}
