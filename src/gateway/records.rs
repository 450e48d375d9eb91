//! Turns a mapper's output into record writes, by the rules of the request type's form.

use crate::form::validation::{ValidationContext, validate};
use crate::form::write::{Writer, secret_properties};
use crate::gateway::error::Error;
use crate::gateway::mapper::{Action, Mapped, RecordTarget, Related};
use crate::gateway::outcome::{Problem, RecordView};
use crate::journal::phase::Phase;
use serde_json::{Map, Value as Json, json};
use sluicegate_module::form::Form;
use sluicegate_module::request_type::RequestType;
use sluicegate_store::query::{RecordQuery, Sort, Subject};
use sluicegate_store::record::{Record, RecordId};

/// Writes the records of one answer.
pub struct RecordWriter<'a> {
    /// Applies the rules of the tables.
    pub writer: Writer<'a>,
}

impl RecordWriter<'_> {
    /// Writes the request type's own record: deletes it for `delete_…`, updates it when the mapper
    /// returns an id, creates it otherwise. Rule violations become notes, not refusals: money may
    /// have moved, so the data is kept.
    ///
    /// # Errors
    /// [`Error`] when the store cannot be read.
    pub fn record(
        &self,
        phase: &mut Phase,
        request_type: &RequestType,
        mapped: &Mapped,
    ) -> Result<(Option<RecordView>, Vec<Problem>), Error> {
        let id = mapped.id.as_deref().and_then(|id| id.parse::<RecordId>().ok());
        if request_type.name.starts_with("delete_") {
            let gone = match id {
                Some(id) => self.writer.delete(phase, id)?,
                None => None,
            };
            return Ok((gone.map(|record| self.view(&record)), Vec::new()));
        }
        let Some(properties) = &mapped.properties else { return Ok((None, Vec::new())) };
        let form = request_type.form.as_deref().and_then(|form| self.writer.catalog.form(form));
        let Some(form) = form else {
            let message = format!("There is no form to save {} with.", request_type.name);
            return Ok((None, vec![Problem::new(message, "no_form", None)]));
        };
        let (properties, notes) = with_problems(form, allowed(form, properties));
        let record = match (id, form.resource.table()) {
            (Some(id), _) => self.writer.update(phase, id, properties)?,
            (None, Some(table)) => Some(self.writer.create(phase, table, properties)?),
            (None, None) => None,
        };
        Ok((record.map(|record| self.view(&record)), notes))
    }

    /// Writes the further records of the same transaction.
    ///
    /// # Errors
    /// [`Error`] when the store cannot be read, or the mapper names an unknown form.
    pub fn related(&self, phase: &mut Phase, all: &[Related]) -> Result<(), Error> {
        for related in all {
            let (table, properties) = self.target(related)?;
            match related.action {
                Action::Create => drop(self.writer.create(phase, &table, properties)?),
                Action::Update => {
                    if let Some(id) = find(phase, &table, related)? {
                        self.writer.update(phase, id, properties)?;
                    }
                }
                Action::Delete => {
                    if let Some(id) = find(phase, &table, related)? {
                        self.writer.delete(phase, id)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// The answer's values for properties marked `secret`, which only the record may hold.
    pub fn secrets(&self, request_type: &RequestType, mapped: &Mapped) -> Vec<String> {
        let form = request_type.form.as_deref().and_then(|form| self.writer.catalog.form(form));
        let own = form.and_then(|form| form.resource.table()).zip(mapped.properties.as_ref());
        let places: Vec<_> =
            mapped.records.iter().filter_map(|one| self.target(one).ok()).collect();
        let related = places.iter().map(|(table, properties)| (table.as_str(), properties));
        let values = own.into_iter().chain(related).flat_map(|(table, properties)| {
            let names = secret_properties(self.writer.catalog, table);
            names.into_iter().filter_map(|name| properties.get(name)?.as_str())
        });
        values.filter(|value| !value.is_empty()).map(str::to_owned).collect()
    }

    fn target(&self, related: &Related) -> Result<(String, Map<String, Json>), Error> {
        match &related.target {
            RecordTarget::Table(table) => Ok((table.clone(), related.properties.clone())),
            RecordTarget::Form(name) => {
                let form = self.writer.catalog.form(name);
                let table = form.and_then(|form| form.resource.table());
                match (form, table) {
                    (Some(form), Some(table)) => {
                        Ok((table.to_owned(), allowed(form, &related.properties)))
                    }
                    _ => Err(Error::Mapper {
                        template: name.clone(),
                        message: "a mapper saves a record with this form, and it has no table"
                            .to_owned(),
                    }),
                }
            }
        }
    }

    fn view(&self, record: &Record) -> RecordView {
        RecordView::new(record, &secret_properties(self.writer.catalog, &record.table))
    }
}

/// The properties that the form declares; others are dropped, as on the platform.
fn allowed(form: &Form, properties: &Map<String, Json>) -> Map<String, Json> {
    let declared = |name: &str| {
        form.fields.iter().any(|field| field.property() == Some(name) && !field.virtual_)
    };
    properties
        .iter()
        .filter(|(name, _)| declared(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// The properties, and the form's rules that they violate.
fn with_problems(form: &Form, properties: Map<String, Json>) -> (Map<String, Json>, Vec<Problem>) {
    let context =
        ValidationContext { holds: &|_| true, is_taken: &|_, _, _| false, stored: &Json::Null };
    let mut values = json!({ "properties": null });
    values["properties"] = Json::Object(properties);
    let errors = validate(&form.fields, &values, &context);
    let first =
        |messages: &Json| messages.get(0).and_then(Json::as_str).unwrap_or("is invalid").to_owned();
    let note = |(path, messages): (&String, &Json)| {
        let name = path.rsplit('.').next().unwrap_or(path);
        let message = format!("The record was saved although {name} {}.", first(messages));
        Problem::new(message, "record_invalid", Some(name))
    };
    let notes = errors.iter().map(note).collect();
    match values["properties"].take() {
        Json::Object(properties) => (properties, notes),
        _ => unreachable!("it was put there as an object"),
    }
}

fn find(phase: &Phase, table: &str, related: &Related) -> Result<Option<RecordId>, Error> {
    if let Some(id) = &related.id {
        return Ok(id.parse().ok());
    }
    if related.find.is_empty() {
        return Ok(None);
    }
    let mut query = RecordQuery::table(table);
    for (name, value) in &related.find {
        query = query.with(name, value.clone());
    }
    query.sort = vec![Sort { by: Subject::Id, descending: true }];
    query.per_page = 1;
    let page = phase.records(&query)?;
    Ok(page.results.first().map(|record| record.id))
}
