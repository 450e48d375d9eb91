//! Indexes over properties, as SQL.

use super::dialect::Dialect;
use super::filter::has_column;
use crate::property_index::{PropertyIndex, PropertyIndexes};
use sha2::{Digest as _, Sha256};

/// What the names of all these indexes begin with.
pub const PREFIX: &str = "property_";
/// Changes when an index of the same property is written differently.
const VERSION: u8 = 1;

/// An index of the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseIndex {
    /// Its name.
    pub name: String,
    /// What it makes unique, or finds; without `CREATE`.
    definition: String,
    /// It makes unique; otherwise it finds.
    pub is_unique: bool,
    /// What it is made for.
    pub index: PropertyIndex,
}

impl DatabaseIndex {
    /// The statement that makes it. `option` is what the database knows beside, such as
    /// `CONCURRENTLY`.
    pub fn create(&self, option: &str) -> String {
        let unique = if self.is_unique { "UNIQUE " } else { "" };
        format!("CREATE {unique}INDEX {option}{} {}", self.name, self.definition)
    }
}

/// Those of these that a database has, by the names of all that it has.
pub fn existing(all: &[DatabaseIndex], names: &[String]) -> PropertyIndexes {
    let mut indexes = PropertyIndexes::default();
    for one in all.iter().filter(|one| names.contains(&one.name)) {
        match one.is_unique {
            true => indexes.add_unique(&one.name, &one.index),
            false => indexes.add(&one.index),
        }
    }
    indexes
}

/// The indexes of the database for the declared ones: one to find and to sort by, and one that
/// makes unique.
pub fn database_indexes<D: Dialect>(wanted: &[PropertyIndex]) -> Vec<DatabaseIndex> {
    let mut all = Vec::new();
    for index in wanted {
        let rows = rows_of(&index.table);
        let key = D::property_literal(&index.property);
        // These have an index of the schema.
        if !has_column(&index.property) {
            let key = D::index_key(&key).key;
            let definition =
                format!("ON records ({}{key}, created_at, id) WHERE {rows}", D::INDEX_PREFIX);
            all.push(named(index, definition, false));
        }
        if index.unique {
            let text = D::unique_text(&key);
            let definition = format!("ON records (({text})) WHERE {rows}");
            all.push(named(index, definition, true));
        }
    }
    all
}

fn named(index: &PropertyIndex, definition: String, is_unique: bool) -> DatabaseIndex {
    let mut hash = Sha256::new();
    for part in [&*index.table, &*index.property, if is_unique { "unique" } else { "" }] {
        hash.update(part);
        hash.update([0, VERSION]);
    }
    let digits: String = hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let name = format!("{PREFIX}{digits}");
    DatabaseIndex { name, definition, is_unique, index: index.clone() }
}

/// The rows that the indexes of a table have.
pub fn rows_of(table: &str) -> String {
    format!("table_name = {} AND deleted_at IS NULL", literal(table))
}

/// A text as an SQL literal.
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
