//! A side effect of a run: its kind, its identity, and what it waits for.

use crate::journal::error::Error as JournalError;
use crate::journal::intent::StepIntent;
use serde_json::{Value as Json, json};
use sluicegate_store::execution::ExecutionId;

/// A call of a run, or an operation recorded as one step.
pub struct SideEffect<'a> {
    /// `request_type`, `api_call_send`, `graphql` or `form_record`.
    pub kind: &'a str,
    /// The name shown in the list of steps.
    pub name: &'a str,
    /// Its input; a replay with different input stops the run.
    pub asked: Json,
}

impl SideEffect<'_> {
    /// The execution that must finish before the templates can continue, as an error.
    pub(super) fn waits_for(&self, answer: &Json) -> Option<JournalError> {
        let is_pending = answer.get("state").and_then(Json::as_str) == Some("pending");
        let execution = answer.get("execution").and_then(Json::as_str).filter(|_| is_pending)?;
        Some(JournalError::Waiting(ExecutionId::from(execution)))
    }

    pub(super) fn intent(&self) -> StepIntent {
        let identity = json!([self.kind, self.name, self.asked]);
        StepIntent::identified(self.kind, json!({ "name": self.name }).into(), &identity)
    }
}
