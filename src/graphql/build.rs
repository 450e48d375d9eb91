//! Collects what a schema is made of: shapes, request types, tables.

use super::error::Error;
use super::request_type::{self, Mutation};
use super::shape::Shapes;
use serde_json::Value as Json;
use sluicegate_module::catalog::Catalog;
use sluicegate_module::diagnostic::Diagnostic;
use sluicegate_module::table::Table;
use std::collections::{BTreeMap, BTreeSet};

/// The platform's schema, in the order in which it is read.
const TEXTS: &[&str] = &[
    include_str!("schema/records.graphql"),
    include_str!("schema/classic.graphql"),
    include_str!("schema/platform.graphql"),
    include_str!("schema/executions.graphql"),
];

/// What resolvers know of the tables.
#[derive(Debug, Default)]
pub(super) struct TableIndex {
    tables: BTreeMap<String, Known>,
    /// Secret properties of any table.
    secrets: BTreeSet<String>,
}

#[derive(Debug, Default)]
struct Known {
    properties: BTreeSet<String>,
    secrets: BTreeSet<String>,
}

/// Everything of a schema but its machinery.
pub(super) struct Parts {
    pub(super) shapes: Shapes,
    pub(super) table_index: TableIndex,
    pub(super) mutations: Vec<Mutation>,
    pub(super) faults: Vec<Diagnostic>,
}

/// Gathers the parts.
pub(super) fn parts(catalog: &Catalog) -> Result<Parts, Error> {
    let mut shapes = Shapes::default();
    for text in TEXTS {
        shapes.read(text)?;
    }
    let mut faults = Vec::new();
    let mutations = request_type::add(catalog, &mut shapes, &mut faults);
    Ok(Parts { shapes, table_index: TableIndex::of(catalog.tables.values()), mutations, faults })
}

impl TableIndex {
    fn of<'t>(tables: impl Iterator<Item = &'t Table>) -> Self {
        let mut table_index = Self::default();
        for table in tables {
            let known = table_index.tables.entry(table.name.clone()).or_default();
            for property in &table.properties {
                known.properties.insert(property.name.clone());
                if property.secret {
                    known.secrets.insert(property.name.clone());
                    table_index.secrets.insert(property.name.clone());
                }
            }
        }
        table_index
    }

    /// True when the table declares this property.
    pub(super) fn declares(&self, table: &str, property: &str) -> bool {
        self.tables.get(table).is_some_and(|known| known.properties.contains(property))
    }

    /// True when this property is secret in that table, or, without a table, in any.
    pub(super) fn is_secret(&self, table: Option<&str>, property: &str) -> bool {
        match table {
            Some(table) => {
                self.tables.get(table).is_some_and(|known| known.secrets.contains(property))
            }
            None => self.secrets.contains(property),
        }
    }

    /// Puts null in the place of the secret properties of a table.
    pub(super) fn hide(&self, table: &str, properties: &mut Json) {
        let Some(known) = self.tables.get(table) else { return };
        for name in &known.secrets {
            if let Some(value) = properties.get_mut(name) {
                *value = Json::Null;
            }
        }
    }
}
