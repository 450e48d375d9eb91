//! Executing a request once: the idempotency key around it, the endpoint in it, all or nothing.

use super::call::Call;
use super::fault::Rule;
use super::idempotency::{Begun, KeptAnswer};
use super::refusal::Refusal;
use super::reply::Reply;
use super::turn::Turn;
use super::world::World;
use super::{endpoint, parameters, render, settle};
use serde_json::Value;
use std::sync::Arc;

/// Objects the sandbox holds before it asks to be reset.
const OBJECTS_MAX: usize = 1_000_000;

/// A request whose protocol was read.
#[derive(Debug)]
pub struct Asked {
    /// The request.
    pub call: Call,
    /// The account acted on.
    pub account: Arc<str>,
    /// Its idempotency key.
    pub key: Option<String>,
    /// What the key is compared by.
    pub fingerprint: String,
}

impl World {
    /// Opens the idempotency key, if there is one; some answer to be replayed, or none.
    pub fn begin(&mut self, asked: &Asked) -> Result<Option<Arc<KeptAnswer>>, Refusal> {
        settle::run(self);
        let Some(key) = &asked.key else { return Ok(None) };
        match self.keys.begin(&asked.account, key, &asked.call.path, &asked.fingerprint)? {
            Begun::New => Ok(None),
            Begun::Replay(kept) => Ok(Some(kept)),
        }
    }

    /// Executes, applies, and keeps the answer under its key.
    pub fn execute(&mut self, asked: &Asked, request_id: &str, broken: Option<&Rule>) -> Reply {
        let mut turn = Turn::new(self, asked.account.clone());
        turn.request = Some((request_id.to_owned(), asked.key.clone()));
        let result = operate(&asked.call, &mut turn);
        let (changes, mut saved) = match &result {
            Ok(_) => (Some(turn.into_changes()), true),
            Err(refusal) => (refusal.keep.then(|| turn.into_changes()), refusal.saved),
        };
        if let Some(changes) = changes.filter(|_| asked.call.method != "GET") {
            self.apply(changes);
        }
        let mut reply = match result {
            Ok(body) => Reply::good(body),
            Err(refusal) => Reply::refused(&refusal, request_id),
        };
        if let Some(rule) = broken {
            let failed =
                Refusal { kind: "api_error", ..Refusal::invalid("An unknown error occurred") };
            reply = Reply::refused(&failed.status(500), request_id);
            if let Some(retry) = rule.should_retry {
                reply = reply.with("stripe-should-retry", retry.to_string());
            }
            saved = true;
        }
        if let Some(key) = &asked.key {
            self.remember(asked, key, &reply, saved, request_id);
        }
        reply
    }

    fn remember(&mut self, asked: &Asked, key: &str, reply: &Reply, saved: bool, request_id: &str) {
        if !saved {
            self.keys.release(&asked.account, key);
            return;
        }
        let answer = KeptAnswer {
            path: asked.call.path.clone(),
            fingerprint: asked.fingerprint.clone(),
            status: reply.status,
            body: reply.body.to_string(),
            request_id: request_id.to_owned(),
            created: self.clock.now(),
        };
        if let Some(journal) = &mut self.journal {
            journal.append_key(&asked.account, key, &answer);
        }
        self.keys.finish(&asked.account, key, Arc::new(answer));
    }
}

/// Runs the endpoint and renders its answer.
fn operate(call: &Call, turn: &mut Turn<'_>) -> Result<Value, Refusal> {
    let unknown = || Refusal::unrecognized(call.method, &call.path);
    let below = call.path.strip_prefix("/v1/").ok_or_else(unknown)?;
    let path: Vec<&str> = below.split('/').collect();
    if call.is("POST") && turn.world.objects.len() >= OBJECTS_MAX {
        let full = Refusal::invalid("The sandbox is full; reset it: POST /_sandbox/reset.");
        return Err(Refusal { saved: false, kind: "api_error", ..full.status(503) });
    }
    parameters::check(call.method, &path, &call.params)?;
    let answer = endpoint::route(call, turn, &path).ok_or_else(unknown)?;
    // An answer that cannot be rendered (a bad `expand`) undoes what was written.
    render::answer(turn, call, answer?)
}

/// A kept answer, given again.
pub fn replay(kept: &KeptAnswer) -> Reply {
    let body = serde_json::from_str(&kept.body).unwrap_or_default();
    Reply { status: kept.status, body, headers: Vec::new() }
        .with("idempotent-replayed", "true")
        .with("original-request", kept.request_id.clone())
}
