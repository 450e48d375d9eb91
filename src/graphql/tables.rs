//! The tables as resolvers see them: declared properties, and which of them are secret.

use serde_json::Value as Json;
use sluicegate_module::table::Table;
use sluicegate_store::property_index::ALWAYS_INDEXED;
use std::collections::{BTreeMap, BTreeSet};

/// The properties of all tables.
#[derive(Debug, Default)]
pub(super) struct TableIndex {
    tables: BTreeMap<String, Known>,
    /// The names of all properties that are secret in any table.
    secrets: BTreeSet<String>,
}

#[derive(Debug, Default)]
struct Known {
    properties: BTreeSet<String>,
    secrets: BTreeSet<String>,
    indexed: BTreeSet<String>,
}

impl TableIndex {
    pub(super) fn of<'t>(tables: impl Iterator<Item = &'t Table>) -> Self {
        let mut table_index = Self::default();
        for table in tables {
            let known = table_index.tables.entry(table.name.clone()).or_default();
            for property in &table.properties {
                known.properties.insert(property.name.clone());
                if property.index {
                    known.indexed.insert(property.name.clone());
                }
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

    /// True when records of the table are found by this property through an index: one that the
    /// table declares, or one that every table has.
    pub(super) fn is_indexed(&self, table: &str, property: &str) -> bool {
        ALWAYS_INDEXED.contains(&property)
            || self.tables.get(table).is_some_and(|known| known.indexed.contains(property))
    }

    /// True when the property is secret in the table, or in any table when `table` is `None`.
    pub(super) fn is_secret(&self, table: Option<&str>, property: &str) -> bool {
        match table {
            Some(table) => {
                self.tables.get(table).is_some_and(|known| known.secrets.contains(property))
            }
            None => self.secrets.contains(property),
        }
    }

    /// Replaces the secret properties of a table with null.
    pub(super) fn redact(&self, table: &str, properties: &mut Json) {
        let Some(known) = self.tables.get(table) else { return };
        for name in &known.secrets {
            if let Some(value) = properties.get_mut(name) {
                *value = Json::Null;
            }
        }
    }
}
