//! The `Host` trait: the only path from a template to the rest of the runtime.

use jiff::Timestamp;
use serde_json::Value as Json;

/// The services that the platform's tags and filters call during a render.
///
/// A host serves one render at a time and is never shared between threads.
pub trait Host {
    /// Runs a query; returns the data object, plus an `errors` key when there are errors.
    fn graphql(&self, call: GraphqlCall) -> Json;

    /// Why the render has to end: an answer of the host is not known now, because its database
    /// cannot be used. `None` while all is well.
    fn interruption(&self) -> Option<String> {
        None
    }

    /// Renders a form; returns its HTML, or the reason for the failure.
    fn include_form(&self, call: FormCall) -> Result<String, String>;

    /// Queues a job; returns its id, or the reason for the failure.
    fn background(&self, job: Job) -> Result<String, String> {
        let _ = job;
        Err("this host runs no background jobs".to_owned())
    }

    /// Returns the translation of a key, with its `%{variables}` not yet filled in.
    ///
    /// `options` may hold `locale`, `count` and `scope`.
    fn translate(&self, key: &str, options: &Json) -> Option<String> {
        let _ = (key, options);
        None
    }

    /// Returns the URL of an asset, even of one that does not exist.
    fn asset_url(&self, path: &str) -> String {
        format!("/assets/{path}")
    }

    /// Records a log line; the host hides secrets in it.
    fn log(&self, entry: LogEntry);

    /// Returns the current time, which stays the same during an execution.
    fn now(&self) -> Timestamp;

    /// Fills `bytes` with random bytes.
    fn random(&self, bytes: &mut [u8]);

    /// Begins or ends a transaction around record writes; nested transactions join the outer one.
    fn transaction(&self, step: Transaction) -> Result<(), String> {
        let _ = step;
        Err("this host has no transactions".to_owned())
    }

    /// Returns the token that a form on this page must send back.
    fn csrf_token(&self) -> String {
        String::new()
    }

    /// Returns the output stored by the `cache` tag, if it is still fresh.
    fn cached(&self, key: &str) -> Option<String> {
        let _ = key;
        None
    }

    /// Stores output for the `cache` tag, for `seconds`.
    fn store_cached(&self, key: &str, text: &str, seconds: u64) {
        let _ = (key, text, seconds);
    }
}

/// A query that a template runs.
#[derive(Debug, Clone, PartialEq)]
pub struct GraphqlCall {
    /// The logical name of a graph query; `None` for an inline one.
    pub name: Option<String>,
    /// The source of an inline query.
    pub source: Option<String>,
    /// The module whose template runs it; `None` for the root module.
    pub module: Option<String>,
    /// The variables, an object; the host ignores those that the query does not declare.
    pub variables: Json,
}

/// A form that a template includes.
#[derive(Debug, Clone, PartialEq)]
pub struct FormCall {
    /// The logical name of the form.
    pub name: String,
    /// The record to edit; `None` (or `new`) creates one.
    pub id: Option<String>,
    /// The named arguments, an object; they become variables of the body.
    pub arguments: Json,
    /// The variables the caller sees, an object.
    pub locals: Json,
}

/// A background job.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// The work to do.
    pub work: Work,
    /// The named arguments, an object: the only variables the job sees.
    pub arguments: Json,
    /// The delay in minutes; fractions are allowed.
    pub delay_minutes: f64,
    /// `high`, `default` or `low`.
    pub priority: String,
    /// The maximum number of attempts.
    pub max_attempts: u32,
    /// The display name in lists.
    pub source_name: Option<String>,
}

/// The work of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// Calls a partial.
    Partial(String),
    /// Renders the body of a `background` block.
    Body {
        /// The Liquid source.
        text: String,
        /// The file that contains it, relative to the instance root.
        path: std::path::PathBuf,
        /// The line on which it starts.
        line: u32,
    },
}

/// A log line.
#[derive(Debug, Clone, PartialEq)]
pub struct LogEntry {
    /// `info`, `error`, `debug`, or any other type that the template passes.
    pub kind: String,
    /// The value as a string.
    pub message: String,
    /// The value itself; constants are left out.
    pub data: Json,
    /// The file that contains the `log` tag, relative to the instance root.
    pub path: std::path::PathBuf,
    /// The line in that file.
    pub line: u32,
}

/// A step of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transaction {
    /// Begins a transaction: writes take effect only on `Commit`.
    Begin,
    /// Applies the writes since `Begin`.
    Commit,
    /// Discards the writes since `Begin`, and the jobs queued inside.
    Rollback,
}
