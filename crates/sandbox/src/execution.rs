//! Executes a request: the idempotency key around it, the endpoint in it, all or nothing.

use super::api_error::ApiError;
use super::call::Call;
use super::description::check::check;
use super::fault::Rule;
use super::idempotency::{Answered, Begun, StoredAnswer};
use super::params::Params;
use super::reply::Reply;
use super::state::{Changes, SandboxState};
use super::tx::Tx;
use super::{due_work, endpoint, oauth, render, v2};
use serde_json::Value;
use std::sync::Arc;

/// A decoded request.
#[derive(Debug)]
pub struct ApiRequest {
    /// The call.
    pub call: Call,
    /// The account that it acts on.
    pub account: Arc<str>,
    /// Its idempotency key.
    pub key: Option<String>,
    /// The digest that requests with the same key are compared by.
    pub fingerprint: String,
}

impl SandboxState {
    /// Locks the idempotency key, if there is one; returns the answer to replay, or `None`.
    pub fn begin(&mut self, request: &ApiRequest) -> Result<Option<Arc<StoredAnswer>>, ApiError> {
        due_work::run(self);
        let Some(key) = &request.key else { return Ok(None) };
        match self.keys.begin(&request.account, key, &request.call.path, &request.fingerprint)? {
            Begun::New => Ok(None),
            Begun::Replay(stored) => Ok(Some(stored)),
        }
    }

    /// Executes, applies, and stores the answer under its key.
    pub fn execute(
        &mut self,
        request: &ApiRequest,
        request_id: &str,
        broken: Option<&Rule>,
    ) -> Reply {
        let mut tx = Tx::new(self, request.account.clone());
        tx.request = Some((request_id.to_owned(), request.key.clone()));
        let result = operate(&request.call, &mut tx);
        let result = result.map_err(|refusal| render::refusal(&tx, &request.call, refusal));
        let (keep, mut saved) = match &result {
            Ok(_) => (request.call.method != "GET", true),
            Err(refusal) => (refusal.keep, refusal.saved),
        };
        let mut changes = if keep { tx.into_changes() } else { Changes::default() };
        let mut reply = match result {
            Ok(body) => Reply::good(body),
            Err(refusal) => Reply::refused(&refusal, request_id),
        };
        if let Some(rule) = broken {
            reply = failure(rule, request_id);
            saved = true;
        }
        if let Some(key) = &request.key {
            if saved {
                // Stored with the changes: a crash loses both or neither.
                changes.answer = Some(self.answer(request, key, &reply, request_id));
            } else {
                self.keys.release(&request.account, key);
            }
        }
        self.apply(changes);
        reply
    }

    fn answer(&self, request: &ApiRequest, key: &str, reply: &Reply, request_id: &str) -> Answered {
        let answer = StoredAnswer {
            path: request.call.path.clone(),
            fingerprint: request.fingerprint.clone(),
            status: reply.status,
            body: serde_json::to_string(&reply.body).unwrap_or_default(),
            request_id: request_id.to_owned(),
            created: self.clock.now(),
        };
        Answered { account: request.account.clone(), key: key.to_owned(), answer: Arc::new(answer) }
    }
}

/// The answer of a fault that fails after execution.
fn failure(rule: &Rule, request_id: &str) -> Reply {
    let failed = ApiError { kind: "api_error", ..ApiError::invalid("An unknown error occurred") };
    let reply = Reply::refused(&failed.status(500), request_id);
    match rule.should_retry {
        Some(retry) => reply.with("stripe-should-retry", retry.to_string()),
        None => reply,
    }
}

/// Runs the endpoint and renders its answer.
fn operate(call: &Call, tx: &mut Tx<'_>) -> Result<Value, ApiError> {
    if let Some(answer) = oauth::route(call, tx) {
        return answer;
    }
    let unknown = || ApiError::unrecognized(call.method, &call.path);
    let is_full = call.is("POST") && tx.state.objects.len() >= tx.state.objects_max;
    if is_full {
        let full = ApiError::invalid("The sandbox is full; reset it: POST /_sandbox/reset.");
        return Err(ApiError { saved: false, kind: "api_error", ..full.status(503) });
    }
    if v2::is_path(&call.path) {
        // What failed is tried again under the same key.
        return v2::run(call, tx).map_err(|refusal| ApiError { saved: false, ..refusal });
    }
    let below = call.path.strip_prefix("/v1/").ok_or_else(unknown)?;
    let path: Vec<&str> = below.split('/').collect();
    if let Err(wrong) = check(call.method, &path, &call.params) {
        // That an operation does not exist is told first. One that does is tried without
        // parameters, and what it writes is discarded.
        let bare = call.again(&call.path, Params::default());
        let exists = endpoint::route(&bare, tx, &path).is_some();
        return Err(if exists { wrong } else { unknown() });
    }
    let answer = endpoint::route(call, tx, &path).ok_or_else(unknown)?;
    // An answer that cannot be rendered (a bad `expand`) undoes the operation.
    render::answer(tx, call, answer?)
}

/// Replays a stored answer.
pub fn replay(stored: &StoredAnswer) -> Reply {
    let body = serde_json::from_str(&stored.body).unwrap_or_default();
    Reply { status: stored.status, body, headers: Vec::new(), garbled: false }
        .with("idempotent-replayed", "true")
        .with("original-request", stored.request_id.clone())
}
