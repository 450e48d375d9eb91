//! A host that answers from a fixture and records its calls.

use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};
use sluicegate::template::host::{FormCall, GraphqlCall, Host, Job, LogEntry, Transaction, Work};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

/// Answers from tables; its clock is fixed and its random bytes count up.
#[derive(Default)]
pub struct FakeHost {
    /// Query name → data.
    pub graphql: Map<String, Json>,
    /// Form name → HTML.
    pub forms: Map<String, Json>,
    /// The calls, one per line.
    pub asked: RefCell<Vec<String>>,
    pub cache: RefCell<BTreeMap<String, String>>,
    pub random: Cell<u8>,
}

impl FakeHost {
    /// A host with these queries and forms.
    pub fn answering(graphql: Map<String, Json>, forms: Map<String, Json>) -> Self {
        Self { graphql, forms, ..Self::default() }
    }

    fn note(&self, line: String) {
        self.asked.borrow_mut().push(line);
    }
}

impl Host for FakeHost {
    fn graphql(&self, call: GraphqlCall) -> Json {
        let what = call.name.clone().unwrap_or_else(|| "inline".to_owned());
        let source = call.source.map(|s| format!(" {}", s.trim())).unwrap_or_default();
        self.note(format!("graphql {what}{source} {}", call.variables));
        self.graphql.get(&what).cloned().unwrap_or_else(
            || json!({ "errors": [{ "message": format!("there is no graph query `{what}`") }] }),
        )
    }

    fn include_form(&self, call: FormCall) -> Result<String, String> {
        let FormCall { name, id, arguments, locals } = call;
        self.note(format!("form {name} id={id:?} arguments={arguments} locals={locals}"));
        let html = self.forms.get(&name).and_then(Json::as_str).map(str::to_owned);
        html.ok_or_else(|| format!("there is no form `{name}`"))
    }

    fn background(&self, job: Job) -> Result<String, String> {
        let work = match &job.work {
            Work::Partial(name) => name.clone(),
            Work::Body { text, path, line } => {
                format!("{}:{line} {:?}", path.display(), text.trim())
            }
        };
        let Job { arguments, delay_minutes, priority, max_attempts, source_name, .. } = job;
        self.note(format!(
            "background {work} {arguments} delay={delay_minutes} {priority} x{max_attempts} {source_name:?}"
        ));
        Ok("job-1".to_owned())
    }

    fn translate(&self, key: &str, _options: &Json) -> Option<String> {
        match key {
            "greeting" => Some("Hello %{name}!".to_owned()),
            "shop.title" => Some("The shop".to_owned()),
            _ => None,
        }
    }

    fn asset_url(&self, path: &str) -> String {
        format!("/assets/{path}")
    }

    fn log(&self, entry: LogEntry) {
        let LogEntry { kind, message, path, line, .. } = entry;
        self.note(format!("log {kind} {message} ({}:{line})", path.display()));
    }

    fn now(&self) -> Timestamp {
        "2026-03-10T12:30:00Z".parse().expect("a timestamp")
    }

    fn random(&self, bytes: &mut [u8]) {
        for byte in bytes {
            self.random.set(self.random.get().wrapping_add(37));
            *byte = self.random.get();
        }
    }

    fn transaction(&self, step: Transaction) -> Result<(), String> {
        self.note(format!("transaction {step:?}"));
        Ok(())
    }

    fn csrf_token(&self) -> String {
        "token".to_owned()
    }

    fn cached(&self, key: &str) -> Option<String> {
        self.cache.borrow().get(key).cloned()
    }

    fn store_cached(&self, key: &str, text: &str, seconds: u64) {
        self.note(format!("keep {key} {text:?} for {seconds}s"));
        self.cache.borrow_mut().insert(key.to_owned(), text.to_owned());
    }
}
