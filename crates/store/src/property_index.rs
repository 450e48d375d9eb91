//! Indexes over properties of records, as modules declare them.

use super::error::Error;
use std::collections::{BTreeMap, BTreeSet};

/// The length of a text that an index takes, in characters. A row of an index has to fit into a
/// page of PostgreSQL; a host refuses longer ones on every database, so that a module runs on both.
pub const INDEXED_CHARS_MAX: usize = 500;

/// The properties by which every table has an index, because gateways find records by them.
pub const ALWAYS_INDEXED: [&str; 2] = ["gateway_id", "external_id"];

/// An index over one property of a table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PropertyIndex {
    /// The table, with its module's prefix.
    pub table: String,
    /// The property.
    pub property: String,
    /// No two records of the table that are not deleted have the same value.
    pub unique: bool,
}

/// Why an index could not be made; the store works without it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("table {}, property {}: the index could not be made: {error}", .index.table, .index.property)]
pub struct IndexError {
    /// The index.
    pub index: PropertyIndex,
    /// The database's reason.
    #[source]
    pub error: Error,
}

/// The indexes that a database has.
#[derive(Debug, Default)]
pub struct PropertyIndexes {
    /// The indexed properties of each table.
    tables: BTreeMap<String, BTreeSet<String>>,
    /// Those that make unique, by their names in the database.
    unique: BTreeMap<String, PropertyIndex>,
}

impl PropertyIndexes {
    /// Adds an index by which records are found.
    pub(crate) fn add(&mut self, index: &PropertyIndex) {
        self.tables.entry(index.table.clone()).or_default().insert(index.property.clone());
    }

    /// Adds an index that makes unique, by its name.
    pub(crate) fn add_unique(&mut self, name: &str, index: &PropertyIndex) {
        self.unique.insert(name.to_owned(), index.clone());
    }

    /// The indexed properties of a table.
    pub fn of_table(&self, table: &str) -> Option<&BTreeSet<String>> {
        self.tables.get(table)
    }

    /// Says which property has to be unique, where the database names only its index.
    pub(crate) fn explain(&self, error: Error) -> Error {
        let Error::Refused(reason) = &error else { return error };
        match self.unique.iter().find(|(name, _)| reason.contains(name.as_str())) {
            Some((_, index)) => Error::Refused(
                format!(
                    "another record of {} has the same {}, which is unique",
                    index.table, index.property
                )
                .into(),
            ),
            None => error,
        }
    }
}
