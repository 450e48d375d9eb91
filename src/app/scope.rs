//! State of one request or run: its user, its context, and where its record writes go.

use crate::form::render::Refused;
use crate::journal::phase::{Mark, Phase};
use crate::journal::scripted_run::ScriptedRun;
use crate::template::render::OutputMode;
use serde_json::{Map, Value as Json};
use sluicegate_secret::Secret;
use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex};

/// `context`, made when somebody first looks at it.
pub type Context = LazyLock<Map<String, Json>, Box<dyn FnOnce() -> Map<String, Json> + Send>>;

/// One request or run.
pub struct Scope {
    /// Who asks, when signed in.
    pub user_id: Option<String>,
    /// `context` for the templates of this request.
    pub context: Context,
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
    /// The execution this runs for, while one does.
    pub(super) scripted_run: Mutex<Option<ScriptedRun>>,
    /// True for a dry run: nothing may leave the runtime.
    pub is_dry_run: bool,
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
        Self::made_by(move || context)
    }

    /// The same with a context that is made when a template first looks at it.
    pub fn made_by(context: impl FnOnce() -> Map<String, Json> + Send + 'static) -> Self {
        Self {
            user_id: None,
            context: LazyLock::new(Box::new(context)),
            csrf_token: String::new(),
            current_path: "/".to_owned(),
            page_id: String::new(),
            output: OutputMode::Escape,
            refused: None,
            scripted_run: Mutex::new(None),
            is_dry_run: false,
            phase: Mutex::new(None),
            constants: Mutex::default(),
            transactions: Mutex::new(Vec::new()),
        }
    }
}
