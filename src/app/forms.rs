//! Form submissions: each runs a request type or writes a record, and produces a reply.

use crate::app::host::RequestHost;
use crate::app::operations::{self, Operations};
use crate::app::policies::{self, PolicyRefusal};
use crate::app::record_form::{self, RecordForm};
use crate::app::template_host::TemplateHost;
use crate::form::envelope::{Envelope, Refusal};
use crate::form::error::Error as FormError;
use crate::form::fields;
use crate::form::render::Refused;
use crate::form::submission::{self, FormRequest, FormResult, Reply, Submission};
use crate::gateway::outcome::{Outcome, State};
use crate::gateway::request_type_call::RequestTypeCall;
use crate::gateway::secret_params::SecretParams;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value as Json, json};
use sluicegate_module::form::Form;
use sluicegate_secret::card_number;
use sluicegate_store::error::Error as StoreError;
use sluicegate_store::execution::ExecutionId;

/// The maximum number of attempts with one rendered form.
const ATTEMPTS_MAX: usize = 20;
/// The purpose of the derived key that makes the idempotency key of the next attempt.
const ATTEMPT: &str = "form/attempt";

/// Why a submission was not taken to its end.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The form or its record failed.
    #[error(transparent)]
    Record(#[from] record_form::Error),
    /// The form's request type could not be run.
    #[error(transparent)]
    RequestType(#[from] operations::Error),
}

impl Error {
    /// The store's error, if that is the cause.
    pub fn store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Record(error) => error.store_error(),
            Self::RequestType(error) => error.store_error(),
        }
    }

    /// True when only the database failed: the same submission can be repeated.
    pub fn is_the_stores(&self) -> bool {
        match self {
            Self::Record(error) => error.is_the_stores(),
            Self::RequestType(error) => error.is_the_stores(),
        }
    }
}

/// The result of a submission.
#[derive(Debug)]
pub enum Submitted {
    /// The submission was accepted; the visitor is redirected.
    Done {
        /// The redirect and the flash messages.
        reply: Reply,
        /// The outcome, for a request-type form.
        outcome: Option<Box<Outcome>>,
        /// The record's id, for a record form.
        record_id: Option<String>,
    },
    /// A record form failed validation; the page shows it again.
    Invalid {
        /// The form's name.
        form: String,
        /// The posted values and the error messages.
        refused: Refused,
    },
    /// The signed envelope was refused; nothing was sent.
    Refused(Refusal),
    /// A policy of the form was not met; nothing was sent or written.
    Denied(PolicyRefusal),
}

/// The forms that one request or run submits.
pub struct Forms<'a> {
    host: &'a RequestHost,
}

impl<'a> Forms<'a> {
    /// The forms of a host.
    pub fn new(host: &'a RequestHost) -> Self {
        Self { host }
    }

    /// Handles a submission of the form `name`.
    ///
    /// # Errors
    /// [`Error::Record`] when the form or record does not exist, [`Error::RequestType`] when the
    /// request type cannot be run.
    pub async fn submit(
        &self,
        name: &str,
        id: Option<&str>,
        params: &Map<String, Json>,
    ) -> Result<Submitted, Error> {
        let form = self.form(name)?;
        if !form.request_allowed {
            return Err(record_form::Error::from(FormError::NotAllowed(name.to_owned())).into());
        }
        let posted = params.get("form").and_then(Json::as_object).cloned().unwrap_or_default();
        if let Some(refusal) = self.denied(form, &posted)? {
            return Ok(Submitted::Denied(refusal));
        }
        if form.request_type.is_some() {
            return self.submit_request_type(form, params).await;
        }
        let id = id.map(str::to_owned);
        Ok(self.submit_record(form, FormRequest { id, posted, ..FormRequest::default() })?)
    }

    /// Runs what a mutation asks through the form that it names.
    ///
    /// # Errors
    /// [`record_form::Error`], for example when the form or record does not exist.
    pub fn submit_values(
        &self,
        name: &str,
        request: &FormRequest,
    ) -> Result<FormResult, record_form::Error> {
        let form = self.form(name)?;
        if let Some(refusal) = self.denied(form, &request.posted)? {
            return Err(FormError::Denied(refusal.policy).into());
        }
        RecordForm { host: self.host, form, request }.run()
    }

    /// The refusal of the form's policies, which are asked whatever the door.
    fn denied(
        &self,
        form: &Form,
        posted: &Map<String, Json>,
    ) -> Result<Option<PolicyRefusal>, record_form::Error> {
        if form.policies.is_empty() {
            return Ok(None);
        }
        let request_context = self.host.request_context()?;
        let inside = TemplateHost::new(self.host, &request_context);
        let values = fields::plain(posted);
        let locals = json!({ "form": values, "params": values });
        let refusal = policies::first_refusal(
            &form.policies,
            self.host.catalog(),
            inside.renderer(),
            &locals,
        );
        Ok(refusal.map_err(FormError::from)?)
    }

    fn form(&self, name: &str) -> Result<&'a Form, record_form::Error> {
        let form = self.host.instance.catalog.form(name);
        Ok(form.ok_or_else(|| FormError::Unknown(name.to_owned()))?)
    }

    async fn submit_request_type(
        &self,
        form: &Form,
        params: &Map<String, Json>,
    ) -> Result<Submitted, Error> {
        let now = self.host.runtime.clock.now();
        let csrf_token = &self.host.scope.csrf_token;
        let (envelope, data) =
            match submission::open(form, params, self.host.key(), csrf_token, now) {
                Ok(opened) => opened,
                Err(refusal) => return Ok(Submitted::Refused(refusal)),
            };
        let outcome = self.attempt(&envelope, &data).await?;
        let catalog = self.host.catalog();
        let api_call = catalog.api_call_of(&envelope.request_type, Some(&envelope.gateway));
        let data = SecretParams::of(api_call).masked(&Json::Object(data));
        let mut shown = variable(&envelope, &data, &outcome);
        // A flash is kept in the session, and may repeat what was refused.
        card_number::mask_json(&mut shown);
        let reply = self.reply(form, &shown)?;
        Ok(Submitted::Done { reply, outcome: Some(Box::new(outcome)), record_id: None })
    }

    /// Runs the request type of an envelope. After a refusal that charged nothing, the same form
    /// with other data (another card, after the back button) is a further attempt under a key of
    /// its own. Attempts form a chain: each is begun only when the one before was refused for good,
    /// so there is one charge at most.
    async fn attempt(
        &self,
        envelope: &Envelope,
        data: &Map<String, Json>,
    ) -> Result<Outcome, Error> {
        let operations = Operations::at_door(self.host);
        let mut key = envelope.idempotency_key.clone();
        for _ in 1..ATTEMPTS_MAX {
            let outcome = operations.request_type(call(envelope, data, key.clone())).await?;
            let earlier = ExecutionId::from(outcome.execution.as_str());
            if outcome.state != State::Conflict {
                return Ok(outcome);
            }
            match operations.outcome(&earlier)? {
                Some((_, Some(earlier))) if charged_nothing(&earlier) => {}
                _ => return Ok(outcome),
            }
            let mac = self.host.key().mac(ATTEMPT, key.as_bytes());
            key = URL_SAFE_NO_PAD.encode(mac);
        }
        Ok(operations.request_type(call(envelope, data, key)).await?)
    }

    fn reply(&self, form: &Form, variable: &Json) -> Result<Reply, record_form::Error> {
        let request_context = self.host.request_context()?;
        let inside = TemplateHost::new(self.host, &request_context);
        let renderer = inside.renderer();
        let request = FormRequest::default();
        let writer = self.host.writer(&request.author);
        let submission = Submission { form, request: &request, renderer, writer };
        Ok(submission.reply(variable)?)
    }

    fn submit_record(
        &self,
        form: &Form,
        request: FormRequest,
    ) -> Result<Submitted, record_form::Error> {
        Ok(match (RecordForm { host: self.host, form, request: &request }).run()? {
            FormResult::Refused(refused) => Submitted::Invalid { form: form.name.clone(), refused },
            FormResult::Written(record, reply) => {
                let record_id = record.map(|record| record.id.to_string());
                Submitted::Done { reply, outcome: None, record_id }
            }
        })
    }
}

/// The call of one attempt.
fn call(envelope: &Envelope, data: &Map<String, Json>, key: String) -> RequestTypeCall {
    RequestTypeCall {
        name: envelope.request_type.clone(),
        gateway: Some(envelope.gateway.clone()),
        data: data.clone(),
        config: envelope.config.clone(),
        idempotency_key: Some(key),
        user_id: None,
    }
}

/// True for a refusal by which the gateway itself says that it did nothing.
fn charged_nothing(outcome: &Outcome) -> bool {
    let refused = outcome.gateway.as_ref().is_some_and(|g| matches!(g.status, 400 | 402 | 404));
    // Something was done under this key before.
    let unclear = outcome.errors.iter().any(|e| e.code.as_deref() == Some("idempotency_error"));
    match outcome.state {
        State::Declined => true,
        State::Failed => refused && !unclear,
        _ => false,
    }
}

/// The `form` variable for the redirect and flash templates of a request-type form.
fn variable(envelope: &Envelope, data: &Json, outcome: &Outcome) -> Json {
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
