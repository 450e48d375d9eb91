//! The indexes that the tables of the modules declare.

use crate::app::runtime::Runtime;
use sluicegate_module::catalog::Catalog;
use sluicegate_store::property_index::PropertyIndex;

/// The indexes over properties that the tables declare, in the order of their names.
pub fn declared(catalog: &Catalog) -> Vec<PropertyIndex> {
    let indexed = catalog.tables.values().flat_map(|table| {
        let properties = table.properties.iter().filter(|property| property.index);
        properties.map(|property| PropertyIndex {
            table: table.name.clone(),
            property: property.name.clone(),
            unique: property.unique,
        })
    });
    let mut indexed: Vec<_> = indexed.collect();
    indexed.sort();
    indexed
}

/// Makes the declared indexes that the database lacks, and drops the others. What cannot be made is
/// logged, and shown on the console: queries work without it, and a unique property is not unique.
pub fn apply(runtime: &Runtime) {
    let wanted = declared(&runtime.instance().catalog);
    let failed = match runtime.store.set_indexes(&wanted) {
        Ok(failed) => failed.iter().map(ToString::to_string).collect(),
        Err(error) => vec![format!("the indexes of the tables could not be made: {error}")],
    };
    for one in &failed {
        tracing::error!("{one}");
    }
    *runtime.index_faults.lock() = failed;
}
