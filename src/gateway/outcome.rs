//! What became of a request type: the same JSON from every door.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use sluicegate_store::record::Record;

/// What became of a request type.
///
/// An expected refusal (a declined card, bad data) is a value here, never an `Err`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The execution that the journal knows it by; empty when nothing was begun.
    pub execution: String,
    /// Its name, such as `create_payment`.
    pub request_type: String,
    /// How it ended, or that it has not.
    pub state: State,
    /// The record that was written.
    pub record: Option<RecordView>,
    /// What the gateway said.
    pub gateway: Option<GatewayView>,
    /// What is wrong, for people; empty when `completed`.
    pub errors: Vec<Problem>,
    /// True when this is the stored outcome of an earlier run with the same key.
    pub replayed: bool,
}

/// How a request type ended; `web/form.rs` has the HTTP status of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Stripe did it and the record is written.
    Completed,
    /// Stripe's answer is not known yet; the worker finds out.
    Pending,
    /// Stripe refused the card; nothing was charged.
    Declined,
    /// The key was used before with other data; nothing was sent.
    Conflict,
    /// The data is wrong; nothing was sent.
    Invalid,
    /// Stripe refused the call for another reason than the card.
    Failed,
}

impl State {
    /// The word in JSON.
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

/// A record as the outside sees it: properties marked `secret` are left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordView {
    /// The id, as text.
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

/// What the gateway said, without its body.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GatewayView {
    /// The HTTP status.
    pub status: u16,
    /// The id of the object it answered with, such as `ch_…`.
    pub id: Option<String>,
    /// Stripe's `Request-Id`, to ask its support about.
    pub request_id: Option<String>,
    /// The answered object of a request type that only reads (`get_…`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Json>,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// A sentence for the person at the form.
    pub message: String,
    /// A word for programs, such as `card_declined` or `required`.
    pub code: Option<String>,
    /// The name in `data` it is about.
    pub field: Option<String>,
}

impl Problem {
    /// A problem with a code, about a field or the whole.
    pub fn new(message: impl Into<String>, code: &str, field: Option<&str>) -> Self {
        Self {
            message: message.into(),
            code: Some(code.to_owned()),
            field: field.map(str::to_owned),
        }
    }
}

impl Outcome {
    /// An outcome that ended before anything was begun.
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
    pub fn pending(execution: &str, request_type: &str, replayed: bool) -> Self {
        let message = "The payment gateway has not answered yet. The operation goes on by itself \
                       and will not be done twice.";
        Self {
            execution: execution.to_owned(),
            replayed,
            ..Self::refused(
                request_type,
                State::Pending,
                vec![Problem::new(message, "pending", None)],
            )
        }
    }

    /// The outcome of an execution that was given up. When it was sent and never answered, it
    /// stays `pending`: nobody may call it a failure.
    pub fn given_up(execution: &str, request_type: &str, sent: bool, why: &str) -> Self {
        let state = if sent { State::Pending } else { State::Failed };
        let message = format!("The operation has no outcome: {why}.");
        let problem = Problem::new(message, "discarded", None);
        Self {
            execution: execution.to_owned(),
            ..Self::refused(request_type, state, vec![problem])
        }
    }

    /// The errors as one sentence for a flash message.
    pub fn message(&self) -> String {
        let messages: Vec<&str> = self.errors.iter().map(|e| e.message.as_str()).collect();
        messages.join(" ")
    }
}
