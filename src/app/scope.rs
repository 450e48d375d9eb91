//! What belongs to one request or one run: who asks, and where its record writes go.

use crate::form::render::Refused;
use crate::journal::phase::{Mark, Phase};
use crate::secret::Secret;
use crate::store::execution::ExecutionId;
use crate::template::render::OutputMode;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

/// One request or run.
pub struct Scope {
    /// Who asks, when signed in.
    pub user_id: Option<String>,
    /// `context` for the templates of this request.
    pub context: Map<String, Json>,
    /// The session's anti-forgery token.
    pub csrf_token: String,
    /// The path with its query, to come back to.
    pub current_path: String,
    /// The page's name.
    pub page_id: String,
    /// How output is escaped on this page.
    pub output: OutputMode,
    /// The form that was refused and is shown again, by its name.
    pub refused: Option<(String, Refused)>,
    /// The execution this runs for; keys of what it sends are derived from it.
    pub parent: Option<ExecutionId>,
    /// How many things were sent for the parent.
    nested: AtomicU32,
    /// Where record writes go; without a phase each is committed by itself.
    pub(super) phase: Mutex<Option<Phase>>,
    /// Constants written by this request: its templates see them before they are committed.
    pub(super) constants: Mutex<BTreeMap<String, Secret>>,
    /// Transactions that templates opened: where each began, or nothing for one that opened the
    /// phase itself.
    pub(super) transactions: Mutex<Vec<Option<Mark>>>,
}

impl Scope {
    /// A scope with a context and nothing else: a command, a worker's run.
    pub fn new(context: Map<String, Json>) -> Self {
        Self {
            user_id: None,
            context,
            csrf_token: String::new(),
            current_path: "/".to_owned(),
            page_id: String::new(),
            output: OutputMode::Escape,
            refused: None,
            parent: None,
            nested: AtomicU32::new(0),
            phase: Mutex::new(None),
            constants: Mutex::default(),
            transactions: Mutex::new(Vec::new()),
        }
    }

    /// The key of the next thing sent for the parent: the same in every run of it, so that
    /// running it again finds what was sent instead of sending again.
    pub fn nested_key(&self) -> Option<String> {
        let parent = self.parent.as_ref()?;
        let number = self.nested.fetch_add(1, Ordering::Relaxed);
        Some(format!("sluicegate-{parent}-nested-{number}"))
    }
}
