//! A form submission in the platform's order of steps, without the gateway's part.

use crate::form::cast;
use crate::form::envelope::{Envelope, Refusal, session_mark};
use crate::form::error::Error;
use crate::form::fields;
use crate::form::render::Refused;
use crate::form::validation::{ValidationContext, unreadable, validate};
use crate::form::write::{Attributes, Author, Writer, present};
use crate::journal::phase::Phase;
use crate::template::output::{Effects, OutputMode};
use crate::template::renderer::Renderer;
use crate::template::{date_parse, lenient_json};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};
use sluicegate_module::field::Field;
use sluicegate_module::form::{Form, Owner};
use sluicegate_module::source::Source;
use sluicegate_secret::InstanceKey;
use sluicegate_store::query::{Filter, Op, RecordQuery, Subject};
use sluicegate_store::record::{Change, Record};
use sluicegate_store::text;
use std::borrow::Cow;

/// What one submission of a record form asks.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FormRequest {
    /// The record to change or delete; `None` creates one.
    pub id: Option<String>,
    /// The posted `form` parameter.
    pub posted: Map<String, Json>,
    /// The attributes that a mutation states beside the properties.
    pub attributes: Attributes,
    /// True when the record is to be deleted.
    pub deletes: bool,
    /// Who asks.
    pub author: Author,
}

/// The dependencies of one submission, borrowed.
pub struct Submission<'a> {
    /// The form.
    pub form: &'a Form,
    /// What is asked.
    pub request: &'a FormRequest,
    /// The templates, with the request's context and host.
    pub renderer: Renderer<'a>,
    /// Writes records.
    pub writer: Writer<'a>,
}

/// The messages shown to the visitor, and the redirect.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reply {
    /// The path to redirect to; empty when the form names none.
    pub redirect_to: String,
    /// The success message.
    pub notice: Option<String>,
    /// The failure message.
    pub alert: Option<String>,
    /// What the callback changes in the visitor's session: `session` and `sign_in`.
    pub effects: Box<Effects>,
}

/// The result of validating and writing a record form's values.
#[derive(Debug)]
pub enum Validated {
    /// Valid: the record is written, in the phase.
    Written(Option<Record>),
    /// Validation failed.
    Refused(Refused),
}

/// The result of submitting a record form.
#[derive(Debug)]
pub enum FormResult {
    /// Valid: the record was written.
    Written(Option<Record>, Reply),
    /// Validation failed; nothing was written.
    Refused(Refused),
}

/// Opens a request-type form that the session with this token submitted; returns its envelope, and
/// its data with the visitor's input.
///
/// # Errors
/// [`Refusal`]: the caller must not send anything.
pub fn open(
    form: &Form,
    params: &Map<String, Json>,
    key: &InstanceKey,
    csrf_token: &str,
    now: Timestamp,
) -> Result<(Envelope, Map<String, Json>), Refusal> {
    let sealed = params.get("signed").and_then(Json::as_str).ok_or(Refusal::Tampered)?;
    let envelope = Envelope::open(sealed, &form.name, key, now)?;
    if envelope.session != session_mark(csrf_token) {
        return Err(Refusal::Foreign);
    }
    let posted = params.get("form").and_then(Json::as_object).cloned().unwrap_or_default();
    let plain = fields::plain(&posted);
    let part = |name: &str| plain.get("properties").and_then(|all| all.get(name));
    // Only the page sets the configuration.
    if part("config").and_then(Json::as_object).is_some_and(|config| !config.is_empty()) {
        return Err(Refusal::Added);
    }
    let mut filled = part("data").and_then(Json::as_object).cloned().unwrap_or_default();
    // A popup that did not ask for an email posts an empty one.
    filled.retain(|_, value| value.as_str() != Some(""));
    let data = envelope.fill(&filled)?;
    Ok((envelope, data))
}

impl Submission<'_> {
    /// Renders `redirect_to`, `flash_notice` and `flash_alert` with `form` as their variable.
    ///
    /// # Errors
    /// [`Error::Template`].
    pub fn reply(&self, form: &Json) -> Result<Reply, Error> {
        let text = |source: &Option<Source>| match source {
            None => Ok(None),
            Some(source) => {
                let locals = json!({ "form": form, "params": form });
                let output = self.renderer.raw(source, locals)?;
                let output = output.trim().to_owned();
                Ok::<_, Error>(Some(output).filter(|output| !output.is_empty()))
            }
        };
        Ok(Reply {
            redirect_to: text(&self.form.redirect_to)?.unwrap_or_default(),
            notice: text(&self.form.flash_notice)?,
            alert: text(&self.form.flash_alert)?,
            effects: Box::default(),
        })
    }

    /// Returns the posted values, with the form's `default_payload` merged over them.
    ///
    /// # Errors
    /// [`Error::DefaultPayload`], [`Error::DefaultPayloadJson`] and [`Error::Template`] when the
    /// form itself is wrong.
    pub fn values(&self) -> Result<Json, Error> {
        let mut plain = fields::plain(&self.request.posted);
        let Attributes { user_id, external_id } = &self.request.attributes;
        for (name, value) in [("user_id", user_id), ("external_id", external_id)] {
            plain.extend(value.iter().map(|value| (name.to_owned(), json!(value))));
        }
        let mut values = Json::Object(plain);
        if let Some(payload) = &self.form.default_payload {
            let payload = self.default_payload(payload, &values)?;
            merge(&mut values, payload);
        }
        Ok(self.with_defaults(fields::declared(self.form, &as_map(&values))))
    }

    /// Validates and writes a record form's values, or deletes its record.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the visitor may not change the record.
    pub fn record(&self, phase: &mut Phase, declared: Json) -> Result<Validated, Error> {
        let stored = self.stored(phase)?;
        let before =
            stored.as_ref().map_or(Json::Null, |record| json!({ "properties": record.properties }));
        let form = self.variable(&declared, stored.as_ref());
        let holds = |source: &Source| {
            self.renderer
                .raw(source, json!({ "form": form }))
                .is_ok_and(|text| text.trim() == "true")
        };
        let is_taken = |field: &Field, value: &Json, scope: &[String]| {
            let query = self.others_with(field, value, scope, (&declared, stored.as_ref()));
            // A store that cannot be read reports it when the record is written.
            let found = query.and_then(|query| phase.records(&query).ok());
            found.is_some_and(|page| !page.results.is_empty())
        };
        let limit = |source: &Source| self.limit(source, &form);
        let context = ValidationContext {
            holds: &holds,
            is_taken: &is_taken,
            stored: &before,
            limit: &limit,
        };
        let mut errors = validate(&self.form.fields, &declared, &context);
        let table = self.form.resource.table();
        if let Some(table) = table.and_then(|name| self.writer.catalog.table(name)) {
            for (path, messages) in unreadable(&self.form.fields, table, &declared) {
                errors.entry(path).or_insert(messages);
            }
        }
        if !errors.is_empty() {
            return Ok(Validated::Refused(Refused { values: declared, errors }));
        }
        Ok(Validated::Written(self.write(phase, &declared, stored)?))
    }

    /// Runs the form's callback after the write, and returns the reply to the visitor.
    ///
    /// # Errors
    /// [`Error::Template`].
    pub fn after(&self, declared: &Json, record: Option<&Record>) -> Result<Reply, Error> {
        let form = self.variable(declared, record);
        let mut effects = Effects::default();
        if let Some(callback) = &self.form.callback_actions {
            let locals = json!({ "form": form, "params": declared });
            effects = self.renderer.rendered(callback, locals, OutputMode::Raw)?.effects;
        }
        Ok(Reply { effects: Box::new(effects), ..self.reply(&form)? })
    }

    /// Renders the limit of a date rule: a date, or words such as `today`.
    fn limit(&self, source: &Source, form: &Json) -> Json {
        let rendered = self.renderer.raw(source, json!({ "form": form }));
        let text = rendered.map(|text| text.trim().to_owned()).unwrap_or_default();
        let value = json!(text);
        if cast::timestamp(&value).is_some() {
            return value;
        }
        let now = self.renderer.host.now().to_zoned(TimeZone::UTC);
        date_parse::read(&text, &now).map_or(Json::Null, |time| json!(time.timestamp().to_string()))
    }

    fn default_payload(&self, source: &Source, values: &Json) -> Result<Json, Error> {
        let output = self.renderer.raw(source, json!({ "form": values, "params": values }))?;
        let form = self.form.name.clone();
        match lenient_json::read(&output) {
            Ok(None) => Ok(json!({})),
            Ok(Some(Json::Object(map))) => Ok(Json::Object(fields::plain(&map))),
            Ok(Some(_)) => Err(Error::DefaultPayload { form }),
            Err(source) => Err(Error::DefaultPayloadJson { form, source }),
        }
    }

    /// Returns the record to edit. A missing record and another user's record return the same
    /// error.
    fn stored(&self, phase: &Phase) -> Result<Option<Record>, Error> {
        let id = self.request.id.as_deref().filter(|id| !id.is_empty() && *id != "new");
        let Some(id) = id else {
            return if self.request.deletes { Err(Error::NotFound) } else { Ok(None) };
        };
        let id = id.parse().map_err(|_| Error::NotFound)?;
        let record = present(phase, id)?.ok_or(Error::NotFound)?;
        let is_table = self.form.resource.table().is_none_or(|table| table == record.table);
        let is_owner = match self.form.resource_owner {
            Owner::Anyone => true,
            Owner::Creator | Owner::Itself => {
                record.user_id.is_some() && record.user_id.as_deref() == self.writer.user_id
            }
        };
        if is_table && is_owner { Ok(Some(record)) } else { Err(Error::NotFound) }
    }

    fn with_defaults(&self, mut values: Json) -> Json {
        for field in &self.form.fields {
            if let Some(default) = &field.default
                && fields::value_at(&values, &field.path).is_null()
            {
                fields::put(&mut values, &field.path, default.clone());
            }
        }
        values
    }

    /// The records of the form's table, except `own`, with this value where it must be unique.
    fn others_with(
        &self,
        field: &Field,
        value: &Json,
        scope: &[String],
        (values, own): (&Json, Option<&Record>),
    ) -> Option<RecordQuery> {
        let (table, property) = (self.form.resource.table()?, field.property()?);
        // Compared as it would be stored.
        let known = self.writer.catalog.table(table);
        let stored = |name: &str, value: Json| match known.and_then(|known| known.property(name)) {
            Some(property) => cast::cast(property.kind, value),
            None => value,
        };
        let mut query = RecordQuery::table(table).with(property, stored(property, value.clone()));
        for name in scope {
            let path = ["properties".to_owned(), name.clone()];
            query = query.with(name, stored(name, fields::value_at(values, &path).clone()));
        }
        if let Some(own) = own {
            query.filters.push(Filter::on(Subject::Id, Op::Equals(json!(own.id))).negated());
        }
        Some(query)
    }

    fn write(
        &self,
        phase: &mut Phase,
        values: &Json,
        stored: Option<Record>,
    ) -> Result<Option<Record>, Error> {
        let Some(table) = self.form.resource.table() else { return Ok(None) };
        let mut properties = values.get("properties").map(as_map).unwrap_or_default();
        for field in self.form.fields.iter().filter(|field| field.virtual_) {
            if let Some(name) = field.property() {
                properties.shift_remove(name);
            }
        }
        let attributes = self.attributes(values);
        match stored {
            Some(record) if self.request.deletes => self.writer.delete(phase, record.id),
            Some(record) => {
                let changes =
                    properties.into_iter().map(|(name, value)| (name, Change::Set(value)));
                self.writer.change(phase, record.id, changes.collect(), attributes)
            }
            None => self.writer.create_with(phase, table, properties, attributes).map(Some),
        }
    }

    /// The attributes of the record: those that the form declares as fields, else the mutation's.
    fn attributes(&self, values: &Json) -> Attributes {
        let declared = |name: &str| {
            let field = self.form.fields.iter().find(|field| field.path == [name]);
            let value = text::of(values.get(name).filter(|_| field.is_some_and(|f| !f.virtual_))?);
            value.filter(|text| !text.trim().is_empty()).map(Cow::into_owned)
        };
        let Attributes { user_id, external_id } = self.request.attributes.clone();
        Attributes {
            user_id: declared("user_id").or(user_id),
            external_id: declared("external_id").or(external_id),
        }
    }

    /// `form` as seen by callbacks, flash and redirect: the values, and the record's id.
    pub fn variable(&self, values: &Json, record: Option<&Record>) -> Json {
        let mut form = values.clone();
        if let (Json::Object(map), Some(record)) = (&mut form, record) {
            map.insert("id".to_owned(), json!(record.id.to_string()));
        }
        form
    }
}

fn as_map(value: &Json) -> Map<String, Json> {
    value.as_object().cloned().unwrap_or_default()
}

/// Deep-merges `over` into `base`: the platform puts `default_payload` over submitted values.
fn merge(base: &mut Json, over: Json) {
    match (base, over) {
        (Json::Object(base), Json::Object(over)) => {
            for (name, value) in over {
                merge(base.entry(name).or_insert(Json::Null), value);
            }
        }
        (base, over) => *base = over,
    }
}
