//! The state of one request or run: its user, its context, and where its record writes go.

use crate::app::gateway_lanes::Lane;
use crate::form::render::Refused;
use crate::gateway::secret_params::SecretTexts;
use crate::journal::begin::Journal;
use crate::journal::error::Error as JournalError;
use crate::journal::phase::{Mark, Phase};
use crate::journal::scripted_run::ScriptedRun;
use crate::template::host::Transaction;
use crate::template::output::OutputMode;
use crate::template::request_context::RequestContext;
use parking_lot::{MappedMutexGuard, Mutex, MutexGuard};
use serde_json::{Map, Value as Json};
use sluicegate_secret::Secret;
use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};

/// What templates and runs are told.
pub const INTERRUPTED: &str = "an answer of the database is not available just now";

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
    /// True for a request of the web, which shares its threads with all others.
    pub shares_threads: bool,
    /// True for a dry run, which must not send anything.
    pub is_dry_run: bool,
    /// The execution that templates run for, if any.
    run: Mutex<Option<ScriptedRun>>,
    /// Buffers record writes; without a phase, each is committed on its own.
    phase: Mutex<Option<Phase>>,
    /// Constants that this request wrote, visible to its templates before the commit.
    constants: Mutex<BTreeMap<String, Secret>>,
    /// True when an answer to a template is not known: the database could not be used.
    interrupted: AtomicBool,
    /// The values of secret parameters that this request passed, which its log must not have.
    secret_texts: Mutex<SecretTexts>,
    /// The open transactions of templates: where each began, or `None` for one that opened the
    /// phase itself.
    transactions: Mutex<Vec<Option<Mark>>>,
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
            shares_threads: false,
            is_dry_run: false,
            run: Mutex::new(None),
            phase: Mutex::new(None),
            constants: Mutex::default(),
            interrupted: AtomicBool::new(false),
            secret_texts: Mutex::default(),
            transactions: Mutex::new(Vec::new()),
        }
    }

    /// True when a template did not get an answer, because the database could not be used: what it
    /// rendered is not to be shown, and what it decided does not count.
    pub fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    /// Ends the renders of this request, and the run, which is resumed later.
    pub(super) fn interrupt(&self) {
        self.interrupted.store(true, Ordering::Relaxed);
        if let Some(mut run) = self.run()
            && run.stopped.is_none()
        {
            run.stopped = Some(JournalError::Busy(INTERRUPTED.to_owned()));
        }
    }

    /// The phase that buffers record writes, locked; `None` when each is committed on its own.
    pub(super) fn phase(&self) -> Option<MappedMutexGuard<'_, Phase>> {
        MutexGuard::try_map(self.phase.lock(), Option::as_mut).ok()
    }

    /// Replaces the phase and returns the previous one.
    pub(super) fn swap_phase(&self, phase: Option<Phase>) -> Option<Phase> {
        std::mem::replace(&mut *self.phase.lock(), phase)
    }

    /// The run that templates run for, locked; `None` outside a run.
    pub(super) fn run(&self) -> Option<MappedMutexGuard<'_, ScriptedRun>> {
        MutexGuard::try_map(self.run.lock(), Option::as_mut).ok()
    }

    /// Replaces the run and returns the previous one.
    pub(super) fn swap_run(&self, run: Option<ScriptedRun>) -> Option<ScriptedRun> {
        std::mem::replace(&mut *self.run.lock(), run)
    }

    /// Where a template of this request waits for the gateway.
    pub(super) fn template_lane(&self) -> Lane {
        if self.shares_threads { Lane::Template } else { Lane::Own }
    }

    /// The idempotency key of the run's next nested execution; `None` outside a run.
    pub(super) fn nested_key(&self) -> Option<String> {
        self.run().map(|mut run| run.nested_key())
    }

    /// Makes a constant that this request wrote visible to its templates.
    pub(super) fn constant_written(&self, name: &str, value: Secret) {
        self.constants.lock().insert(name.to_owned(), value);
    }

    /// Copies the constants that this request wrote into a request context.
    pub(super) fn copy_constants(&self, request_context: &RequestContext) {
        for (name, value) in self.constants.lock().iter() {
            request_context.set_constant(name, value.clone());
        }
    }

    /// Keeps the values of secret parameters out of what this request logs.
    pub(super) fn secret_passed(&self, texts: SecretTexts) {
        if !texts.is_empty() {
            self.secret_texts.lock().add(texts);
        }
    }

    /// A text for the log, without the values of secret parameters.
    pub(super) fn without_secrets(&self, text: &str) -> String {
        self.secret_texts.lock().masked(text)
    }

    /// True inside a template's transaction.
    pub(super) fn is_in_transaction(&self) -> bool {
        !self.transactions.lock().is_empty()
    }

    /// Begins, commits or rolls back a template's transaction.
    ///
    /// # Errors
    /// The journal's error when the transaction's writes cannot be committed.
    pub(super) fn transaction(
        &self,
        step: Transaction,
        journal: &Journal,
    ) -> Result<(), JournalError> {
        let mut open = self.transactions.lock();
        let mut slot = self.phase.lock();
        match step {
            Transaction::Begin => {
                open.push(slot.as_ref().map(|phase| phase.mark()));
                slot.get_or_insert_with(|| journal.phase());
            }
            Transaction::Commit => {
                // A nested transaction is committed with the outer one.
                if let Some(None) = open.pop()
                    && let Some(phase) = slot.take()
                {
                    journal.write(phase)?;
                }
            }
            Transaction::Rollback => match open.pop() {
                Some(Some(mark)) => {
                    if let Some(phase) = slot.as_mut() {
                        phase.rollback_to(mark);
                    }
                }
                Some(None) => *slot = None,
                None => {}
            },
        }
        Ok(())
    }
}
