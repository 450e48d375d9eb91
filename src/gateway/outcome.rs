//! The outcome of a request type: the same JSON from every entry point.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use sluicegate_store::record::Record;

/// The outcome of a request type.
///
/// An expected refusal (a declined card, bad data) is a value here, never an `Err`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The id of its execution in the journal; empty when nothing was begun.
    pub execution: String,
    /// The request type's name, such as `create_payment`.
    pub request_type: String,
    /// How it ended, or `Pending`.
    pub state: State,
    /// The record that was written.
    pub record: Option<RecordView>,
    /// The gateway's answer, summarized.
    pub gateway: Option<GatewayView>,
    /// Messages for the user; usually empty when `completed`.
    pub errors: Vec<Problem>,
    /// True when this is the stored outcome of an earlier request with the same key.
    pub replayed: bool,
}

/// How a request type ended; `web/respond.rs` has the HTTP status of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The gateway did it; the record, if any, is written.
    Completed,
    /// The gateway's answer is not known yet; the worker resolves it.
    Pending,
    /// The card was declined; nothing was charged.
    Declined,
    /// The key was used before with other data; nothing was sent.
    Conflict,
    /// The data is invalid; nothing was sent.
    Invalid,
    /// The gateway refused the call for a reason other than the card.
    Failed,
}

impl State {
    /// The name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Pending => "pending",
            Self::Declined => "declined",
            Self::Conflict => "conflict",
            Self::Invalid => "invalid",
            Self::Failed => "failed",
        }
    }
}

/// A record as clients see it: properties marked `secret` are left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordView {
    /// The id, as a string.
    pub id: String,
    /// The table with its module prefix, such as `modules/payments/payment`.
    pub table: String,
    /// Property name → value.
    pub properties: Map<String, Json>,
}

impl RecordView {
    /// A view of `record` without the properties named in `secret`.
    pub fn new(record: &Record, secret: &[&str]) -> Self {
        let mut properties = record.properties.clone();
        properties.retain(|name, _| !secret.contains(&name.as_str()));
        Self { id: record.id.to_string(), table: record.table.clone(), properties }
    }
}

/// The gateway's answer, without its body.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GatewayView {
    /// The HTTP status.
    pub status: u16,
    /// The id of the object in the answer, such as `ch_…`.
    pub id: Option<String>,
    /// Stripe's `Request-Id`, for its support.
    pub request_id: Option<String>,
    /// The object returned by a request type that only reads (`get_…`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Json>,
}

/// One reason for a refusal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// A sentence for the user of the form.
    pub message: String,
    /// A code for programs, such as `card_declined` or `required`.
    pub code: Option<String>,
    /// The name in `data` that it concerns.
    pub field: Option<String>,
}

impl Problem {
    /// A problem with a code; without `field` it concerns the complete request.
    pub fn new(message: impl Into<String>, code: &str, field: Option<&str>) -> Self {
        Self {
            message: message.into(),
            code: Some(code.to_owned()),
            field: field.map(str::to_owned),
        }
    }
}

impl Outcome {
    /// An outcome of a request that was refused before anything was begun.
    pub fn refused(request_type: &str, state: State, errors: Vec<Problem>) -> Self {
        Self {
            execution: String::new(),
            request_type: request_type.to_owned(),
            state,
            record: None,
            gateway: None,
            errors,
            replayed: false,
        }
    }

    /// The outcome of an execution whose answer is not known.
    pub fn pending(execution: &str, request_type: &str) -> Self {
        let message = "The payment gateway has not answered yet. The operation goes on by itself \
                       and will not be done twice.";
        Self {
            execution: execution.to_owned(),
            ..Self::refused(
                request_type,
                State::Pending,
                vec![Problem::new(message, "pending", None)],
            )
        }
    }

    /// The outcome of a discarded execution. If its call was sent and never answered, `state` is
    /// [`State::Pending`], because the call may have succeeded; otherwise [`State::Failed`].
    pub fn discarded(execution: &str, request_type: &str, state: State, why: &str) -> Self {
        let message = format!("The operation has no outcome: {why}.");
        let problem = Problem::new(message, "discarded", None);
        Self {
            execution: execution.to_owned(),
            ..Self::refused(request_type, state, vec![problem])
        }
    }

    /// The outcome without what a person said or is called: ids, state and codes.
    #[must_use]
    pub fn bare(mut self) -> Self {
        if let Some(record) = &mut self.record {
            record.properties.clear();
        }
        if let Some(gateway) = &mut self.gateway {
            gateway.body = None;
        }
        for problem in &mut self.errors {
            problem.message = "The details are no longer kept.".to_owned();
        }
        self
    }

    /// The error messages, joined for a flash message.
    pub fn message(&self) -> String {
        let messages: Vec<&str> = self.errors.iter().map(|e| e.message.as_str()).collect();
        messages.join(" ")
    }
}
