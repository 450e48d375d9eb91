//! The `Host` trait: the only way from a template to the rest of the runtime.

use jiff::Timestamp;
use serde_json::Value as Json;

/// What the platform's tags and filters ask of whoever renders.
///
/// A host serves one render at a time and is never shared between threads.
pub trait Host {
    /// Runs a query; returns the data object, with `errors` beside the data when there are any.
    fn graphql(&self, call: GraphqlCall) -> Json;

    /// Renders a form; returns its HTML, or why it could not be.
    fn include_form(&self, call: FormCall) -> Result<String, String>;

    /// Queues a job; returns its id, or why it could not be.
    fn background(&self, job: Job) -> Result<String, String> {
        let _ = job;
        Err("this host runs no background jobs".to_owned())
    }

    /// The text of a translation key, its `%{variables}` not yet filled in.
    ///
    /// `options` may hold `locale`, `count` and `scope`.
    fn translate(&self, key: &str, options: &Json) -> Option<String> {
        let _ = (key, options);
        None
    }

    /// The address of an asset; one that does not exist has an address too.
    fn asset_url(&self, path: &str) -> String {
        format!("/assets/{path}")
    }

    /// Keeps a log line; hiding secrets is the host's.
    fn log(&self, entry: LogEntry);

    /// The current time, the same for a whole execution.
    fn now(&self) -> Timestamp;

    /// Fills `bytes` with random ones.
    fn random(&self, bytes: &mut [u8]);

    /// Opens or ends a transaction around record writes; nested ones are one.
    fn transaction(&self, step: Transaction) -> Result<(), String> {
        let _ = step;
        Err("this host has no transactions".to_owned())
    }

    /// The token that a form of this page has to send back.
    fn csrf_token(&self) -> String {
        String::new()
    }

    /// A text kept by the `cache` tag, when it is still fresh.
    fn cached(&self, key: &str) -> Option<String> {
        let _ = key;
        None
    }

    /// Keeps a text for the `cache` tag.
    fn keep(&self, key: &str, text: &str, seconds: u64) {
        let _ = (key, text, seconds);
    }
}

/// A query that a template asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct GraphqlCall {
    /// The logical name of a graph query; nothing for an inline one.
    pub name: Option<String>,
    /// The text of an inline query.
    pub source: Option<String>,
    /// The variables, an object; those the query does not declare are to be ignored.
    pub variables: Json,
}

/// A form that a template includes.
#[derive(Debug, Clone, PartialEq)]
pub struct FormCall {
    /// The logical name of the form.
    pub name: String,
    /// The record to edit; nothing (or `new`) makes one.
    pub id: Option<String>,
    /// The named arguments, an object: they become variables of the body.
    pub arguments: Json,
    /// The variables the caller sees, an object.
    pub locals: Json,
}

/// Work for later.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// What is done.
    pub work: Work,
    /// The named arguments, an object: the only variables the job sees.
    pub arguments: Json,
    /// How long to wait; parts of a minute are possible.
    pub delay_minutes: f64,
    /// `high`, `default` or `low`.
    pub priority: String,
    /// How often it is tried.
    pub max_attempts: u32,
    /// What it is called in lists.
    pub source_name: Option<String>,
}

/// What a job does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// Calls a partial.
    Partial(String),
    /// Renders a text that stood in a template; it opens on that line of that file.
    Body {
        /// The Liquid itself.
        text: String,
        /// The file it stood in, relative to the instance root.
        path: std::path::PathBuf,
        /// The line on which it starts.
        line: u32,
    },
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct LogEntry {
    /// `info`, `error`, `debug`, or whatever the template says.
    pub kind: String,
    /// The value as text.
    pub message: String,
    /// The value itself; constants are left out.
    pub data: Json,
    /// The file that logged, relative to the instance root.
    pub path: std::path::PathBuf,
    /// Its line.
    pub line: u32,
}

/// A step of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transaction {
    /// From here on nothing counts before `Commit`.
    Begin,
    /// What was written since `Begin` counts.
    Commit,
    /// What was written since `Begin` never happened; jobs queued inside are dropped.
    Rollback,
}
