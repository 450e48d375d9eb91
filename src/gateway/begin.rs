//! Begins a request type: checks the data, looks for an earlier execution, renders the call, and
//! commits the execution with its bytes. Nothing is sent before that commit.

use crate::gateway::call::{Call, KEY_CHARS_MAX};
use crate::gateway::drive::{Driver, InFlight};
use crate::gateway::error::Error;
use crate::gateway::outcome::{Outcome, Problem, State};
use crate::gateway::param;
use crate::gateway::request_type_call::RequestTypeCall;
use crate::gateway::runner::{KIND, Runner, operation, pending_after};
use crate::gateway::secret_params::SecretParams;
use crate::journal::error::Error as JournalError;
use crate::journal::intent::Intent;
use crate::journal::run::Begun;
use serde_json::{Map, Value as Json, json};
use sluicegate_failpoint::{failpoint, injected_bug};
use sluicegate_module::api_call::ApiCall;
use sluicegate_module::request_type::RequestType;
use sluicegate_store::error::Error as StoreError;
use sluicegate_store::execution::ExecutionId;
use sluicegate_store::text::has_nul;

/// The result of beginning a request type.
#[expect(clippy::large_enum_variant, reason = "it is taken apart at once")]
pub enum BeginResult {
    /// There is nothing to send: the call was refused, or is a replay.
    Ended(Outcome),
    /// The call is rendered. It is committed next, and sent after that.
    Rendered(Box<Rendered>),
}

/// A rendered call, before its first commit.
pub struct Rendered {
    intent: Intent,
    request_type: RequestType,
    call: Call,
    pending: Outcome,
}

/// The result of the first commit.
#[expect(clippy::large_enum_variant, reason = "it is taken apart at once")]
pub enum Committed {
    /// The intent is on disk; the caller sends the call.
    InFlight(Box<InFlight>),
    /// Its key belongs to another execution.
    Known(Begun),
    /// It is not known whether the intent is on disk.
    Ended(Outcome),
}

impl Driver<'_> {
    /// The first commit: the execution and the rendered bytes.
    ///
    /// # Errors
    /// [`Error::Journal`]; nothing was begun.
    pub async fn commit(&self, rendered: Rendered) -> Result<Committed, Error> {
        let Rendered { intent, request_type, call, pending } = rendered;
        let step = call.step(self.key);
        failpoint!("intent_before_commit");
        match self.journal.begin_awaited(intent, Some(step)).await {
            Ok(Begun::New(run)) => {
                failpoint!("intent_after_commit");
                Ok(Committed::InFlight(Box::new(InFlight::first(run, request_type, call))))
            }
            Ok(known) => Ok(Committed::Known(known)),
            // If the commit succeeded after all, the worker sends the call.
            Err(JournalError::Store(error @ StoreError::Unresolved(_))) => {
                Ok(Committed::Ended(pending_after(pending, &error)))
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// What is wrong with a value that PostgreSQL does not store: nothing may be sent whose answer
/// cannot be kept.
fn nul_problem(data: &Map<String, Json>) -> Option<Problem> {
    let (name, _) = data.iter().find(|(name, value)| name.contains('\0') || has_nul(value))?;
    let name = name.replace('\0', "");
    let message = format!("{name} contains a NUL character.");
    Some(Problem::new(message, "invalid", Some(&name)))
}

/// Stripe refuses them, and encoded as `metadata[a]]` a name could pass for another.
fn has_bracket(metadata: &Json) -> bool {
    let names = metadata.as_object().into_iter().flat_map(Map::keys);
    names.into_iter().any(|name| name.contains(['[', ']']))
}

impl Runner<'_> {
    /// Begins a request type, up to its first commit.
    ///
    /// # Errors
    /// As [`Runner::run`]; nothing was begun.
    pub fn begin(&self, request_type_call: RequestTypeCall) -> Result<BeginResult, Error> {
        let request_type =
            self.find(&request_type_call.name, request_type_call.gateway.as_deref())?;
        let request_type_call = request_type_call.take_idempotency_key();
        let name = &request_type.name;
        // First of all, because other problems repeat names.
        let problems = request_type_call.card_number_problems();
        if !problems.is_empty() {
            return Ok(BeginResult::Ended(Outcome::refused(name, State::Invalid, problems)));
        }
        let data = match self.check(&request_type, &request_type_call) {
            Ok(data) => data,
            Err(problems) => {
                return Ok(BeginResult::Ended(Outcome::refused(name, State::Invalid, problems)));
            }
        };
        let key = request_type_call.idempotency_key.clone();
        if let Some(message) = key.as_deref().and_then(unusable_key) {
            let problem = Problem::new(message, "invalid", Some("idempotency_key"));
            return Ok(BeginResult::Ended(Outcome::refused(name, State::Invalid, vec![problem])));
        }
        let secrets = SecretParams::of(self.catalog.api_call(&request_type.api_call));
        let data = Json::Object(data);
        let digested = secrets.are_in(&data).then(|| secrets.digested(&data, self.key));
        let is_secret = digested.is_some();
        let (mut input, fingerprint) = request_type_call.into_input(&request_type, data, digested);
        if let Some(known) = self.earlier(key.as_deref(), &fingerprint)? {
            return Ok(BeginResult::Ended(self.stored(known, name)?));
        }
        let id = self.journal.next_id();
        let call = match self.render(&request_type, &input["data"], key.as_deref(), &id) {
            // The data made it so, not the module.
            Err(error @ (Error::Header { .. } | Error::Path { .. } | Error::CardNumber(_))) => {
                let problem = Problem::new(error.to_string(), "invalid", None);
                return Ok(BeginResult::Ended(Outcome::refused(
                    name,
                    State::Invalid,
                    vec![problem],
                )));
            }
            rendered => rendered?,
        };
        if is_secret {
            input["data"] = secrets.sealed(&input["data"], self.key);
        }
        let pending = Outcome::pending(id.as_str(), name);
        let intent = Intent {
            id: Some(id),
            kind: KIND.to_owned(),
            name: name.clone(),
            input: input.into(),
            idempotency_key: key.filter(|_| !injected_bug("callers_key_forgotten")),
            fingerprint,
            ordering_key: None,
        };
        let rendered = Rendered { intent, request_type, call, pending };
        Ok(BeginResult::Rendered(Box::new(rendered)))
    }

    fn check(
        &self,
        request_type: &RequestType,
        request_type_call: &RequestTypeCall,
    ) -> Result<Map<String, Json>, Vec<Problem>> {
        let api_call = self.catalog.api_call(&request_type.api_call);
        if api_call.is_some_and(|call| !call.enabled) {
            let message = format!("{} is switched off.", request_type.name);
            return Err(vec![Problem::new(message, "disabled", None)]);
        }
        let data = match api_call.and_then(|call| call.params.as_ref()) {
            Some(params) => param::check(params, &request_type_call.data)?,
            None => request_type_call.data.clone(),
        };
        if let Some(problem) = nul_problem(&data) {
            return Err(vec![problem]);
        }
        match self.metadata_problem(&data) {
            Some(problem) => Err(vec![problem]),
            None => Ok(data),
        }
    }

    /// What is wrong with the names of `metadata`: a blank one would become a list at the gateway,
    /// and the host's own would replace the caller's value.
    fn metadata_problem(&self, data: &Map<String, Json>) -> Option<Problem> {
        let given = data.get("metadata")?;
        let read = given.as_str().and_then(|text| serde_json::from_str(text).ok());
        let metadata = read.as_ref().unwrap_or(given);
        let own = self.gateway().own_metadata();
        let message = if param::has_blank_name(metadata) {
            "metadata has a name that is blank.".to_owned()
        } else if metadata.get(own).is_some() {
            format!("{own} in metadata is the host's own name; choose another.")
        } else if has_bracket(metadata) {
            "metadata has a name with a square bracket.".to_owned()
        } else {
            return None;
        };
        Some(Problem::new(message, "invalid", Some("metadata")))
    }

    /// An earlier execution with this key. Looked up before rendering, so a replay costs one read.
    fn earlier(&self, key: Option<&str>, fingerprint: &str) -> Result<Option<Begun>, Error> {
        match key {
            Some(_) if injected_bug("callers_key_forgotten") => Ok(None),
            Some(key) => Ok(self.journal.find(KIND, key, fingerprint)?),
            None => Ok(None),
        }
    }

    /// Renders the call. The template sees the caller's key as `data.idempotency_key`.
    fn render(
        &self,
        request_type: &RequestType,
        data: &Json,
        key: Option<&str>,
        id: &ExecutionId,
    ) -> Result<Call, Error> {
        let name = &request_type.api_call;
        let api_call = self.catalog.api_call(name).ok_or_else(|| Error::Call {
            template: name.clone(),
            message: "the API call does not exist any more".to_owned(),
        })?;
        let mut data = data.clone();
        if let Some(key) = key {
            data["idempotency_key"] = json!(key);
            data["indempotency_key"] = json!(key);
        }
        let operation = operation(id, KIND, &request_type.name, key);
        self.prepare(api_call, &data, id, &operation)
    }

    /// Renders a call of the execution `id`, ready to be committed: a POST whose template sets no
    /// idempotency key gets one derived from `id`, and `operation` is in it as the gateway's mark.
    pub(super) fn prepare(
        &self,
        api_call: &ApiCall,
        data: &Json,
        id: &ExecutionId,
        operation: &str,
    ) -> Result<Call, Error> {
        let secrets = SecretParams::of(Some(api_call));
        let is_secret = secrets.are_in(data);
        let rendered = Call::render(api_call, data, &self.renderer);
        // The message of a template's error may repeat a value.
        let texts = secrets.texts(data);
        let mut call = match rendered {
            Err(error) if is_secret => return Err(texts.mask_error(&api_call.name, error)),
            rendered => rendered?,
        };
        call.is_secret = is_secret;
        // Whatever the template put together, and wherever it took it from.
        if call.holds_card_number() {
            return Err(Error::CardNumber(api_call.name.clone()));
        }
        call.key(&api_call.name, &format!("sluicegate-{id}-0"))?;
        if self.gateway().has_own_metadata(&call) {
            let own = self.gateway().own_metadata();
            return Err(Error::Call {
                template: api_call.name.clone(),
                message: format!("it sets metadata[{own}], which is the host's own name"),
            });
        }
        self.gateway().mark(&mut call, operation);
        self.transport.check(&call).map_err(|error| match error {
            // A path may have the value too.
            Error::Path { .. } if is_secret => Error::Path { url: api_call.name.clone() },
            Error::NotAUrl { .. } | Error::Address { .. } if is_secret => Error::Call {
                template: api_call.name.clone(),
                message: "its URL is not allowed".to_owned(),
            },
            error => error,
        })?;
        Ok(call)
    }
}

/// Why a caller's idempotency key cannot be used: no header can carry it unchanged, so the gateway
/// would see another key than the journal, or none.
fn unusable_key(key: &str) -> Option<&'static str> {
    if key.trim() != key {
        return Some("The idempotency key begins or ends with white space.");
    }
    if !key.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
        return Some("The idempotency key has characters other than printable ASCII.");
    }
    if key.len() > KEY_CHARS_MAX {
        return Some("The idempotency key is longer than 255 characters.");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_what_a_header_carries_unchanged() {
        for good in ["k", "order 7", "a-b_c.~!", &"k".repeat(255)] {
            assert_eq!(unusable_key(good), None, "{good}");
        }
        for bad in [
            " k",
            "k ",
            "\tk",
            "k\n",
            "a\nb",
            "a\rb",
            "a\0b",
            "\u{7f}",
            "\u{e9}",
            " ",
            &"k".repeat(256),
        ] {
            assert!(unusable_key(bad).is_some(), "{bad:?}");
        }
    }
}
