//! The only place that writes records: casts by the table, seals secret properties.

use crate::form::cast::cast;
use crate::form::error::Error;
use crate::journal::phase::{Draft, Phase};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};
use sluicegate_module::catalog::Catalog;
use sluicegate_module::table::{Property, Table, WritableBy};
use sluicegate_secret::{InstanceKey, card_number};
use sluicegate_store::property_index::INDEXED_CHARS_MAX;
use sluicegate_store::record::{Change, Record, RecordId};
use sluicegate_store::text;

/// On whose behalf records are written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// The host itself, for the mapper of a request type.
    Host,
    /// A template or a graph query of a module; `None` for those of the root module.
    Module(Option<String>),
    /// A caller from outside: a posted form, or a document at `/graphql`.
    #[default]
    Outside,
}

/// Writes records into a phase, by the rules of their tables.
#[derive(Clone, Copy)]
pub struct Writer<'a> {
    /// The source of the table definitions.
    pub catalog: &'a Catalog,
    /// The key that seals properties marked `secret`.
    pub key: &'a InstanceKey,
    /// The signed-in user, who owns new records.
    pub user_id: Option<&'a str>,
    /// On whose behalf it writes.
    pub author: &'a Author,
}

/// Attributes of a record beside its properties; `None` keeps what is there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attributes {
    /// The owner. A new record belongs to the signed-in user unless another is named.
    pub user_id: Option<String>,
    /// An id assigned by the module.
    pub external_id: Option<String>,
}

impl Writer<'_> {
    /// Creates a record of `table`.
    ///
    /// # Errors
    /// [`Error::Protected`]; [`Error::Journal`] when no id can be reserved.
    pub fn create(
        &self,
        phase: &mut Phase,
        table: &str,
        properties: Map<String, Json>,
    ) -> Result<Record, Error> {
        self.create_with(phase, table, properties, Attributes::default())
    }

    /// Creates a record of `table` with attributes.
    ///
    /// # Errors
    /// As [`Writer::create`].
    pub fn create_with(
        &self,
        phase: &mut Phase,
        table: &str,
        properties: Map<String, Json>,
        attributes: Attributes,
    ) -> Result<Record, Error> {
        self.check(table)?;
        let known = self.catalog.table(table);
        let mut values = defaults(known);
        if values.is_empty() {
            values = properties;
        } else {
            values.extend(properties);
        }
        for (name, value) in &mut values {
            *value = self.value(known, name, value.take())?;
        }
        let attributes = self.attributes(attributes)?;
        let draft = Draft {
            user_id: attributes.user_id.or_else(|| self.user_id.map(str::to_owned)),
            external_id: attributes.external_id,
            ..Draft::new(table, values)
        };
        Ok(phase.insert(draft)?)
    }

    /// Sets the named properties of a record; `None` if it is missing or deleted.
    ///
    /// # Errors
    /// [`Error::Protected`]; [`Error::Journal`] when the record cannot be read.
    pub fn update(
        &self,
        phase: &mut Phase,
        id: RecordId,
        properties: Map<String, Json>,
    ) -> Result<Option<Record>, Error> {
        let changes =
            properties.into_iter().map(|(name, value)| (name, Change::Set(value))).collect();
        self.change(phase, id, changes, Attributes::default())
    }

    /// Applies changes such as increments unchanged; values that are set are cast.
    ///
    /// # Errors
    /// As [`Writer::update`].
    pub fn change(
        &self,
        phase: &mut Phase,
        id: RecordId,
        changes: Vec<(String, Change)>,
        attributes: Attributes,
    ) -> Result<Option<Record>, Error> {
        let Some(record) = present(phase, id)? else { return Ok(None) };
        self.check(&record.table)?;
        let table = self.catalog.table(&record.table);
        let changes = changes.into_iter().map(|(name, change)| {
            let change = match change {
                Change::Set(value) => Change::Set(self.value(table, &name, value)?),
                _ if is_secret(table, &name) => return Err(Error::Sealed(name)),
                Change::Append(item) => Change::Append(self.without_card_numbers(&name, item)?),
                other => other,
            };
            Ok((name, change))
        });
        let changes = changes.collect::<Result<_, Error>>()?;
        let Attributes { user_id, external_id } = self.attributes(attributes)?;
        Ok(Some(phase.change(id, changes, user_id, external_id)?))
    }

    /// Marks a record deleted; `None` if it is missing or already deleted.
    ///
    /// # Errors
    /// As [`Writer::update`].
    pub fn delete(&self, phase: &mut Phase, id: RecordId) -> Result<Option<Record>, Error> {
        let Some(record) = present(phase, id)? else { return Ok(None) };
        self.check(&record.table)?;
        Ok(Some(phase.delete(id)?))
    }

    /// Refuses to write a table that is not the author's to write.
    fn check(&self, table: &str) -> Result<(), Error> {
        let Some(known) = self.catalog.table(table) else { return Ok(()) };
        let may = match (known.writable_by, self.author) {
            (WritableBy::Anyone, _) | (WritableBy::Module, Author::Host) => true,
            (WritableBy::Module, Author::Module(module)) => module.as_deref() == known.module(),
            (WritableBy::Module, Author::Outside) => false,
        };
        if may { Ok(()) } else { Err(Error::Protected(known.name.clone())) }
    }

    /// The value as it is stored: cast, and sealed if the property is secret.
    fn value(&self, table: Option<&Table>, name: &str, value: Json) -> Result<Json, Error> {
        let value = self.without_card_numbers(name, value)?;
        let Some(property) = table.and_then(|table| table.property(name)) else { return Ok(value) };
        let value = cast(property.kind, value);
        // What an answer says must be stored: the money has moved.
        if property.index && *self.author != Author::Host && is_too_long(&value) {
            return Err(Error::TooLong(name.to_owned()));
        }
        if !property.secret || value.is_null() || value.as_str() == Some("") {
            return Ok(value);
        }
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        Ok(json!({ "sealed": self.key.seal(&seal_place(name), &text) }))
    }

    fn attributes(&self, attributes: Attributes) -> Result<Attributes, Error> {
        let user_id = self.attribute("user_id", attributes.user_id)?;
        let external_id = self.attribute("external_id", attributes.external_id)?;
        Ok(Attributes { user_id, external_id })
    }

    fn attribute(&self, name: &str, value: Option<String>) -> Result<Option<String>, Error> {
        let Some(value) = value else { return Ok(None) };
        let value = self.without_card_numbers(name, Json::from(value))?;
        Ok(value.as_str().map(str::to_owned))
    }

    /// Refuses a card number. For the host's own writes it is masked instead: the money has moved,
    /// and what the answer says must be stored.
    fn without_card_numbers(&self, name: &str, mut value: Json) -> Result<Json, Error> {
        if card_number::is_in_json(&value) {
            if *self.author != Author::Host {
                return Err(Error::CardNumber(name.to_owned()));
            }
            card_number::mask_json(&mut value);
        }
        Ok(value)
    }
}

fn is_too_long(value: &Json) -> bool {
    text::of(value).is_some_and(|text| text.chars().count() > INDEXED_CHARS_MAX)
}

/// The values that the table gives to properties of a new record.
fn defaults(table: Option<&Table>) -> Map<String, Json> {
    let properties = table.into_iter().flat_map(|table| &table.properties);
    let default = |property: &Property| Some((property.name.clone(), property.default.clone()?));
    properties.filter_map(default).collect()
}

fn is_secret(table: Option<&Table>, name: &str) -> bool {
    table.and_then(|table| table.property(name)).is_some_and(|property| property.secret)
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
