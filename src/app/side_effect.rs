//! A side effect of a run: what it is, what identifies it, and what it waits for.

use crate::journal::error::Error as JournalError;
use crate::journal::intent::StepIntent;
use serde_json::{Value as Json, json};
use sluicegate_store::execution::ExecutionId;

/// Something that is sent for a run, or done as one piece.
pub struct SideEffect<'a> {
    /// `request_type`, `api_call_send`.
    pub kind: &'a str,
    /// What it is called in the list of steps.
    pub name: &'a str,
    /// What it is asked to do: another on a repetition stops the run.
    pub asked: Json,
}

impl SideEffect<'_> {
    /// What has to end before the templates can go on.
    pub(super) fn waits_for(&self, answer: &Json) -> Option<JournalError> {
        let is_pending = answer.get("state").and_then(Json::as_str) == Some("pending");
        let execution = answer.get("execution").and_then(Json::as_str).filter(|_| is_pending)?;
        Some(JournalError::Waiting(ExecutionId::from(execution)))
    }

    pub(super) fn intent(&self) -> StepIntent {
        let identity = json!([self.kind, self.name, self.asked]);
        StepIntent::new(self.kind, json!({ "name": self.name })).identified_by(&identity)
    }
}
