//! The indexes that the tables of the modules declare.

use crate::app::runtime::Runtime;
use sluicegate_module::catalog::Catalog;
use sluicegate_store::error::Error as StoreError;
use sluicegate_store::property_index::PropertyIndex;
use std::time::Duration;

/// How long to wait for a database that is away or busy.
const AWAY_WAIT: Duration = Duration::from_secs(10);

/// What the log names when they cannot be made.
const WHO: &str = "the indexes of the tables";

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
/// While the database is away, it waits.
pub fn apply(runtime: &Runtime) {
    loop {
        let wanted = declared(&runtime.instance().catalog);
        match runtime.store.set_indexes(&wanted) {
            Ok(failed) => {
                runtime.database_log.works(WHO);
                failed.iter().for_each(|one| tracing::error!("{one}"));
                *runtime.index_faults.lock() = failed.iter().map(ToString::to_string).collect();
                return;
            }
            Err(error) => {
                runtime.database_log.failed(WHO, &error);
                *runtime.index_faults.lock() = vec![format!("{WHO}: {error}")];
                if !matches!(error, StoreError::Busy(_)) || runtime.is_stopping() {
                    return;
                }
                std::thread::sleep(AWAY_WAIT);
            }
        }
    }
}
