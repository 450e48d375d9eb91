//! The only place that writes records: casts by the table, seals secret properties.

use crate::form::cast::cast;
use crate::form::error::Error;
use crate::journal::phase::{Draft, Phase};
use serde_json::{Map, Value as Json, json};
use sluicegate_module::catalog::Catalog;
use sluicegate_module::table::Table;
use sluicegate_secret::InstanceKey;
use sluicegate_store::record::{Change, Record, RecordId};

/// Writes records into a phase, by the rules of their tables.
#[derive(Clone, Copy)]
pub struct Writer<'a> {
    /// The source of the table definitions.
    pub catalog: &'a Catalog,
    /// The key that seals properties marked `secret`.
    pub key: &'a InstanceKey,
    /// The signed-in user, who owns new records.
    pub user_id: Option<&'a str>,
}

impl Writer<'_> {
    /// Creates a record of `table`.
    ///
    /// # Errors
    /// [`Error::Journal`] when no id can be reserved.
    pub fn create(
        &self,
        phase: &mut Phase,
        table: &str,
        properties: Map<String, Json>,
    ) -> Result<Record, Error> {
        let mut values = Map::new();
        if let Some(known) = self.catalog.table(table) {
            for property in &known.properties {
                if let Some(default) = &property.default {
                    values.insert(property.name.clone(), default.clone());
                }
            }
        }
        values.extend(self.stored(table, properties));
        let draft = Draft { user_id: self.user_id.map(str::to_owned), ..Draft::new(table, values) };
        Ok(phase.insert(draft)?)
    }

    /// Sets the named properties of a record; `None` if it is missing or deleted.
    ///
    /// # Errors
    /// [`Error::Journal`] when the record cannot be read.
    pub fn update(
        &self,
        phase: &mut Phase,
        id: RecordId,
        properties: Map<String, Json>,
    ) -> Result<Option<Record>, Error> {
        let Some(record) = present(phase, id)? else { return Ok(None) };
        let changes = self
            .stored(&record.table, properties)
            .into_iter()
            .map(|(name, value)| (name, Change::Set(value)))
            .collect();
        Ok(Some(phase.update(id, changes)?))
    }

    /// Applies changes such as increments unchanged; values that are set are cast.
    ///
    /// # Errors
    /// [`Error::Journal`] when the record cannot be read.
    pub fn change(
        &self,
        phase: &mut Phase,
        id: RecordId,
        changes: Vec<(String, Change)>,
    ) -> Result<Option<Record>, Error> {
        let Some(record) = present(phase, id)? else { return Ok(None) };
        let changes = changes
            .into_iter()
            .map(|(name, change)| match change {
                Change::Set(value) => {
                    let value = self.value(self.catalog.table(&record.table), &name, value);
                    (name, Change::Set(value))
                }
                other => (name, other),
            })
            .collect();
        Ok(Some(phase.update(id, changes)?))
    }

    /// Marks a record deleted; `None` if it is missing or already deleted.
    ///
    /// # Errors
    /// [`Error::Journal`] when the record cannot be read.
    pub fn delete(&self, phase: &mut Phase, id: RecordId) -> Result<Option<Record>, Error> {
        match present(phase, id)? {
            Some(_) => Ok(Some(phase.delete(id)?)),
            None => Ok(None),
        }
    }

    fn stored(&self, table: &str, properties: Map<String, Json>) -> Map<String, Json> {
        let table = self.catalog.table(table);
        properties
            .into_iter()
            .map(|(name, value)| {
                let value = self.value(table, &name, value);
                (name, value)
            })
            .collect()
    }

    fn value(&self, table: Option<&Table>, name: &str, value: Json) -> Json {
        let Some(property) = table.and_then(|table| table.property(name)) else { return value };
        let value = cast(property.kind, &value);
        match &value {
            Json::String(text) if property.secret && !text.is_empty() => {
                json!({ "sealed": self.key.seal(&seal_place(name), text) })
            }
            _ => value,
        }
    }
}

/// Returns a record that exists and is not deleted.
pub fn present(phase: &Phase, id: RecordId) -> Result<Option<Record>, Error> {
    Ok(phase.record(id)?.filter(|record| record.deleted_at.is_none()))
}

/// The binding of a secret property, so that its sealed value cannot be opened elsewhere.
pub fn seal_place(property: &str) -> String {
    format!("records/properties/{property}")
}

/// The secret properties of a table, which never leave the runtime.
pub fn secret_properties<'a>(catalog: &'a Catalog, table: &str) -> Vec<&'a str> {
    catalog.table(table).map_or_else(Vec::new, |table| {
        table.properties.iter().filter(|p| p.secret).map(|p| p.name.as_str()).collect()
    })
}
