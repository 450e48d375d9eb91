//! The state of one request or run: its user, its context, and where its record writes go.

use crate::form::render::Refused;
use crate::journal::phase::{Mark, Phase};
use crate::journal::scripted_run::ScriptedRun;
use crate::template::output::OutputMode;
use serde_json::{Map, Value as Json};
use sluicegate_secret::Secret;
use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex};

/// The `context` variable, built on first access.
pub type Context = LazyLock<Map<String, Json>, Box<dyn FnOnce() -> Map<String, Json> + Send>>;

/// The state of one request or run.
pub struct Scope {
    /// The id of the signed-in user.
    pub user_id: Option<String>,
    /// `context` for the templates of this request.
    pub context: Context,
    /// The session's CSRF token.
    pub csrf_token: String,
    /// The path with its query, for redirects back.
    pub current_path: String,
    /// The page's name.
    pub page_id: String,
    /// How output is escaped on this page.
    pub output: OutputMode,
    /// The name and values of a refused form that is shown again.
    pub refused: Option<(String, Refused)>,
    /// The execution that templates run for, if any.
    pub(super) scripted_run: Mutex<Option<ScriptedRun>>,
    /// True for a dry run, which must not send anything.
    pub is_dry_run: bool,
    /// Buffers record writes; without a phase, each is committed on its own.
    pub(super) phase: Mutex<Option<Phase>>,
    /// Constants that this request wrote, visible to its templates before the commit.
    pub(super) constants: Mutex<BTreeMap<String, Secret>>,
    /// The open transactions of templates: where each began, or `None` for one that opened the
    /// phase itself.
    pub(super) transactions: Mutex<Vec<Option<Mark>>>,
}

impl Scope {
    /// A scope with only a context, for a command or a worker's run.
    pub fn new(context: Map<String, Json>) -> Self {
        Self::made_by(move || context)
    }

    /// Like [`Scope::new`], with a context that is built when a template first reads it.
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
