//! Turns a mapper's output into record writes, by the rules of the request type's form.

use crate::form::validation::{ValidationContext, unreadable, validate};
use crate::form::write::{Writer, present, secret_properties};
use crate::gateway::error::Error;
use crate::gateway::mapper::{Action, Mapped, RecordTarget, Related};
use crate::gateway::outcome::{Problem, RecordView};
use crate::journal::phase::Phase;
use serde_json::{Map, Value as Json, json};
use sluicegate_module::api_call::Effect;
use sluicegate_module::form::Form;
use sluicegate_module::request_type::RequestType;
use sluicegate_module::validation::ValidationKind;
use sluicegate_store::query::{RecordQuery, Sort, Subject};
use sluicegate_store::record::{Record, RecordId};

/// The property that holds the gateway's id of an object.
const GATEWAY_ID: &str = "gateway_id";

/// Where a further record is stored: its form if it has one, the table, and the properties that the
/// form allows.
type Target<'a> = (Option<&'a Form>, String, Map<String, Json>);

/// Writes the records of one answer.
pub struct RecordWriter<'a> {
    /// Applies the rules of the tables.
    pub writer: Writer<'a>,
}

impl RecordWriter<'_> {
    /// Writes the request type's own record: deletes it when the call deletes, updates the one that
    /// the answer belongs to, creates it otherwise. A rule violation becomes a problem of the
    /// outcome, not a refusal: money may have moved, so the data is kept. Only an answer without
    /// the gateway's id is not saved, because nothing says which record it belongs to.
    ///
    /// # Errors
    /// [`Error`] when the store cannot be read.
    pub fn record(
        &self,
        phase: &mut Phase,
        request_type: &RequestType,
        mapped: &mut Mapped,
    ) -> Result<(Option<RecordView>, Vec<Problem>), Error> {
        let form = request_type.form.as_deref().and_then(|form| self.writer.catalog.form(form));
        let place = form.and_then(|form| Some((form, form.resource.table()?)));
        let none = Map::new();
        let properties = mapped.properties.take();
        if self.deletes(request_type) {
            let Some((_, table)) = place else { return Ok((None, Vec::new())) };
            let id = mapped.id.as_deref();
            let identity = self.identity(table, &none, properties.as_ref().unwrap_or(&none));
            let gone = match find(phase, table, id, &identity)? {
                Some(record) => self.writer.delete(phase, record.id)?,
                None => None,
            };
            return Ok((gone.map(|record| self.view(&record)), Vec::new()));
        }
        let Some(properties) = properties else { return Ok((None, Vec::new())) };
        let Some((form, table)) = place else {
            let message = format!("There is no form to save {} with.", request_type.name);
            return Ok((None, vec![Problem::new(message, "no_form", None)]));
        };
        let properties = allowed(form, properties);
        let identity = self.identity(table, &none, &properties);
        let stored = match mapped.id.as_deref() {
            Some(id) => find(phase, table, Some(id), &identity)?,
            None => None,
        };
        let (properties, mut problems) = self.problems(form, table, properties, stored.as_ref());
        if let Some(problem) = without_gateway_id(form, &properties) {
            problems = vec![problem];
            return Ok((None, problems));
        }
        let record = match stored {
            Some(record) => self.writer.update(phase, record.id, properties)?,
            None => Some(self.writer.create(phase, table, properties)?),
        };
        Ok((record.map(|record| self.view(&record)), problems))
    }

    fn deletes(&self, request_type: &RequestType) -> bool {
        let call = self.writer.catalog.api_call(&request_type.api_call);
        call.is_some_and(|call| call.effect() == Effect::Delete)
    }

    /// Writes the further records of the same transaction. Returns what is wrong with them.
    ///
    /// # Errors
    /// [`Error`] when the store cannot be read, or the mapper names an unknown form.
    pub fn related(&self, phase: &mut Phase, all: &[Related]) -> Result<Vec<Problem>, Error> {
        let mut problems = Vec::new();
        for related in all {
            let (form, table, mut properties) = self.target(related)?;
            let identity = self.identity(&table, &related.find, &properties);
            let stored = match related.action {
                Action::Create => None,
                Action::Update | Action::Delete => {
                    find(phase, &table, related.id.as_deref(), &identity)?
                }
            };
            if related.action == Action::Delete {
                if let Some(record) = stored {
                    self.writer.delete(phase, record.id)?;
                }
                continue;
            }
            if related.action == Action::Update && stored.is_none() {
                continue;
            }
            if let Some(form) = form {
                if stored.is_none()
                    && let Some(problem) = without_gateway_id(form, &properties)
                {
                    problems.push(problem);
                    continue;
                }
                let found;
                (properties, found) = self.problems(form, &table, properties, stored.as_ref());
                problems.extend(found);
            }
            match stored {
                Some(record) => drop(self.writer.update(phase, record.id, properties)?),
                None => drop(self.writer.create(phase, &table, properties)?),
            }
        }
        Ok(problems)
    }

    /// The values that the record of an answer must already have: those that the mapper selects by,
    /// and the gateway's id where the table has one.
    fn identity(
        &self,
        table: &str,
        find: &Map<String, Json>,
        properties: &Map<String, Json>,
    ) -> Map<String, Json> {
        let mut identity = find.clone();
        let known = self.writer.catalog.table(table);
        let has_id = known.is_none_or(|table| table.property(GATEWAY_ID).is_some());
        if has_id && let Some(id) = properties.get(GATEWAY_ID).filter(|id| !is_blank(id)) {
            identity.insert(GATEWAY_ID.to_owned(), id.clone());
        }
        identity
    }

    /// The properties, and the form's rules that they violate, and the values that the table cannot
    /// hold.
    fn problems(
        &self,
        form: &Form,
        table: &str,
        properties: Map<String, Json>,
        stored: Option<&Record>,
    ) -> (Map<String, Json>, Vec<Problem>) {
        let stored = stored.map_or(Json::Null, |record| json!({ "properties": record.properties }));
        // The conditions and limits of these rules are literal: no visitor's form is rendered.
        let context = ValidationContext {
            holds: &|_| true,
            is_taken: &|_, _, _| false,
            stored: &stored,
            limit: &|source| json!(source.text.as_ref()),
        };
        let mut values = Json::Object(Map::new());
        values["properties"] = Json::Object(properties);
        let mut errors = validate(&form.fields, &values, &context);
        if let Some(table) = self.writer.catalog.table(table) {
            for (path, messages) in unreadable(&form.fields, table, &values) {
                errors.entry(path).or_insert(messages);
            }
        }
        let first = |messages: &Json| {
            messages.get(0).and_then(Json::as_str).unwrap_or("is invalid").to_owned()
        };
        let problem = |(path, messages): (&String, &Json)| {
            let name = path.rsplit('.').next().unwrap_or(path);
            let message = format!("The record was saved although {name} {}.", first(messages));
            Problem::new(message, "record_invalid", Some(name))
        };
        let problems = errors.iter().map(problem).collect();
        let Json::Object(properties) = values["properties"].take() else { return <_>::default() };
        (properties, problems)
    }

    fn target(&self, related: &Related) -> Result<Target<'_>, Error> {
        match &related.target {
            RecordTarget::Table(table) => Ok((None, table.clone(), related.properties.clone())),
            RecordTarget::Form(name) => {
                let form = self.writer.catalog.form(name);
                let table = form.and_then(|form| form.resource.table());
                match (form, table) {
                    (Some(form), Some(table)) => {
                        let properties = allowed(form, related.properties.clone());
                        Ok((Some(form), table.to_owned(), properties))
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
fn allowed(form: &Form, mut properties: Map<String, Json>) -> Map<String, Json> {
    let declared = |name: &str| {
        form.fields.iter().any(|field| field.property() == Some(name) && !field.virtual_)
    };
    properties.retain(|name, _| declared(name));
    properties
}

/// The problem of an answer without the gateway's id, when the form demands one.
fn without_gateway_id(form: &Form, properties: &Map<String, Json>) -> Option<Problem> {
    let field = form.fields.iter().find(|field| field.property() == Some(GATEWAY_ID))?;
    let demanded =
        field.validation.iter().any(|rule| matches!(rule.kind, ValidationKind::Presence));
    let missing = properties.get(GATEWAY_ID).is_none_or(is_blank);
    (demanded && missing).then(|| {
        let message = format!(
            "The gateway's answer has no id, so no record was saved with {}. Look the object up \
             at the gateway.",
            form.name
        );
        Problem::new(message, "record_without_id", Some(GATEWAY_ID))
    })
}

fn is_blank(value: &Json) -> bool {
    value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty())
}

/// The record of `table` with this id if it has all values of `identity`; else the newest that has.
/// Without `identity` only the id counts. An id of another table's record is never taken.
fn find(
    phase: &Phase,
    table: &str,
    id: Option<&str>,
    identity: &Map<String, Json>,
) -> Result<Option<Record>, Error> {
    let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let is_it = |record: &Record| {
        let same = |(name, value): (&String, &Json)| {
            record.properties.get(name).is_some_and(|stored| text(stored) == text(value))
        };
        record.table == table && identity.iter().all(same)
    };
    if let Some(id) = id.and_then(|id| id.parse::<RecordId>().ok())
        && let Some(record) = present(phase, id)?.filter(is_it)
    {
        return Ok(Some(record));
    }
    if identity.is_empty() {
        return Ok(None);
    }
    let mut query = RecordQuery::table(table);
    for (name, value) in identity {
        query = query.with(name, value.clone());
    }
    query.sort = vec![Sort { by: Subject::Id, descending: true }];
    query.per_page = 1;
    query.count_up_to = 0;
    Ok(phase.records(&query)?.results.into_iter().next())
}
