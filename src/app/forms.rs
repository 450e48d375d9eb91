//! The form door: a submission over HTTP becomes a request type or a record, and a reply.

use crate::app::error::Error;
use crate::app::host::RequestHost;
use crate::form::envelope::{Envelope, Refusal};
use crate::form::error::Error as FormError;
use crate::form::render::Refused;
use crate::form::submission::{self, Ended, Reply, Submission};
use crate::form::write::Writer;
use crate::gateway::outcome::{Outcome, State};
use crate::gateway::request_type::Submission as Wanted;
use crate::journal::buffer::Buffer as _;
use crate::journal::error::Error as JournalError;
use crate::module::form::Form;
use crate::store::record::RecordId;
use serde_json::{Map, Value as Json, json};

/// What a submission came to.
#[derive(Debug)]
pub enum Submitted {
    /// It was taken; the visitor goes on.
    Done {
        /// Where to and with which words.
        reply: Reply,
        /// For a request-type form.
        outcome: Option<Box<Outcome>>,
        /// For a record form, the record's id.
        record_id: Option<String>,
    },
    /// A record form did not pass; the page shows it again.
    Again {
        /// The form.
        form: String,
        /// Values and messages.
        refused: Refused,
    },
    /// The envelope was refused; nothing was sent.
    Refused(Refusal),
}

impl RequestHost {
    /// Takes a submission of the form `name`.
    ///
    /// # Errors
    /// [`Error::Form`] when there is no such form or record, [`Error::Gateway`] when the request
    /// type cannot be run.
    pub fn submit(
        &self,
        name: &str,
        id: Option<&str>,
        params: &Map<String, Json>,
    ) -> Result<Submitted, Error> {
        let form =
            self.world.catalog.form(name).ok_or_else(|| FormError::Unknown(name.to_owned()))?;
        if !form.request_allowed {
            return Err(FormError::NotAllowed(name.to_owned()).into());
        }
        if form.request_type.is_some() {
            return self.submit_request_type(form, params);
        }
        self.submit_record(form, id, params)
    }

    fn submit_request_type(
        &self,
        form: &Form,
        params: &Map<String, Json>,
    ) -> Result<Submitted, Error> {
        let key = &self.house.config.instance_key;
        let (envelope, data) = match submission::open(form, params, key, self.house.clock.now()) {
            Ok(opened) => opened,
            Err(refusal) => return Ok(Submitted::Refused(refusal)),
        };
        let outcome = self.request_type(Wanted {
            name: envelope.request_type.clone(),
            gateway: Some(envelope.gateway.clone()),
            data: data.clone(),
            config: envelope.config.clone(),
            idempotency_key: Some(envelope.idempotency_key.clone()),
            user_id: None,
        })?;
        let reply = self.reply(form, &variable(&envelope, &data, &outcome))?;
        Ok(Submitted::Done { reply, outcome: Some(Box::new(outcome)), record_id: None })
    }

    fn reply(&self, form: &Form, variable: &Json) -> Result<Reply, Error> {
        let scene = self.scene()?;
        let host = self.on(&scene);
        let submission = Submission {
            form,
            templates: &self.world.templates,
            scene: &scene,
            host: &host,
            writer: self.writer(),
        };
        Ok(submission.reply(variable)?)
    }

    fn submit_record(
        &self,
        form: &Form,
        id: Option<&str>,
        params: &Map<String, Json>,
    ) -> Result<Submitted, Error> {
        let posted = params.get("form").and_then(Json::as_object).cloned().unwrap_or_default();
        Ok(match self.run_form(form, id, &posted)? {
            Ended::Refused(refused) => Submitted::Again { form: form.name.clone(), refused },
            Ended::Written(record, reply) => {
                let record_id = record.map(|record| record.id.to_string());
                Submitted::Done { reply, outcome: None, record_id }
            }
        })
    }

    /// Takes properties through a form for a mutation that names it.
    ///
    /// # Errors
    /// [`Error::Form`] when there is no such form or record.
    pub fn submit_values(
        &self,
        name: &str,
        id: Option<RecordId>,
        properties: Map<String, Json>,
    ) -> Result<Ended, Error> {
        let form =
            self.world.catalog.form(name).ok_or_else(|| FormError::Unknown(name.to_owned()))?;
        let posted = Map::from_iter([("properties".to_owned(), Json::Object(properties))]);
        self.run_form(form, id.map(|id| id.to_string()).as_deref(), &posted)
    }

    /// Runs a record form; what it and its callbacks write is committed together, with the
    /// scope's phase when there is one.
    fn run_form(
        &self,
        form: &Form,
        id: Option<&str>,
        posted: &Map<String, Json>,
    ) -> Result<Ended, Error> {
        let scene = self.scene()?;
        let host = self.on(&scene);
        let submission = Submission {
            form,
            templates: &self.world.templates,
            scene: &scene,
            host: &host,
            writer: self.writer(),
        };
        let mut phase = self.house.journal.phase();
        let mut ended = None;
        host.within(&mut phase, &mut || {
            let mut own = self.house.journal.phase();
            let result = submission.record(&mut own, posted, id);
            if result.is_ok() {
                self.join(own);
            }
            ended = Some(result);
        });
        let ended = ended.unwrap_or(Err(FormError::NotFound))?;
        if matches!(ended, Ended::Written(..)) {
            self.write(|outer| {
                outer.join(phase);
                Ok::<_, JournalError>(())
            })?;
        }
        Ok(ended)
    }

    /// Writes records for whoever asks.
    pub(super) fn writer(&self) -> Writer<'_> {
        Writer {
            catalog: &self.world.catalog,
            key: &self.house.config.instance_key,
            user_id: self.scope.user_id.as_deref(),
        }
    }
}

/// `form` as redirect and flash of a request-type form see it (platformos.md C5, C6).
fn variable(envelope: &Envelope, data: &Map<String, Json>, outcome: &Outcome) -> Json {
    let failed = !matches!(outcome.state, State::Completed | State::Pending);
    let errors = if failed { json!(outcome.errors) } else { Json::Null };
    json!({
        "request_type": envelope.request_type,
        "state": outcome.state.name(),
        "current_path": envelope.current_path,
        "id": outcome.record.as_ref().map(|record| record.id.clone()),
        "properties": {
            "gateway": envelope.gateway,
            "request_type": envelope.request_type,
            "config": envelope.config,
            "data": data,
            "request_errors": errors,
            "response": outcome.record,
        },
    })
}
