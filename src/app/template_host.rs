//! The template host: what templates of one request may ask for, answered by its services.

use crate::app::host::RequestHost;
use crate::app::job_queue::JobQueue;
use crate::app::replay::Replay;
use crate::app::scope::INTERRUPTED;
use crate::app::side_effect::SideEffect;
use crate::form::render::FormRenderer;
use crate::form::write::Author;
use crate::graphql::limits::Limits;
use crate::graphql::permission::UNAVAILABLE;
use crate::journal::buffer::Buffer;
use crate::journal::error::Error as JournalError;
use crate::journal::phase::Phase;
use crate::journal::scripted_run::ScriptedRun;
use crate::template::host::{FormCall, GraphqlCall, Host, Job, LogEntry, Transaction};
use crate::template::renderer::Renderer;
use crate::template::request_context::RequestContext;
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use sluicegate_secret::{MASK, Secret, redaction};

/// Shorter constants are words such as `usd`, not secrets.
const CONSTANT_BYTES_MIN: usize = 6;

/// The template host for renders that share a request context.
pub struct TemplateHost<'a> {
    host: &'a RequestHost,
    request_context: &'a RequestContext,
}

impl Buffer for TemplateHost<'_> {
    fn swap_phase(&self, phase: Option<Phase>) -> Option<Phase> {
        self.host.scope.swap_phase(phase)
    }

    fn swap_run(&self, run: Option<ScriptedRun>) -> Option<ScriptedRun> {
        self.host.scope.swap_run(run)
    }
}

impl<'a> TemplateHost<'a> {
    /// The template host of a request, for renders that share `request_context`.
    pub fn new(host: &'a RequestHost, request_context: &'a RequestContext) -> Self {
        Self { host, request_context }
    }

    /// The instance's templates, with this host and its context.
    pub fn renderer(&self) -> Renderer<'_> {
        let templates = &self.host.instance.templates;
        Renderer { templates, request_context: self.request_context, host: self }
    }

    fn run_graphql(&self, call: GraphqlCall) -> Json {
        let Some(schema) = &self.host.instance.schema else {
            return failed("there is no schema".to_owned());
        };
        let name = call.name.unwrap_or_default();
        // A mutation is the act of the file that it is written in.
        let stored = self.host.catalog().graph_query(&name).map(|query| &query.source);
        let (text, module) = match (&call.source, stored) {
            (Some(text), _) => (text.as_str(), call.module.clone()),
            (None, Some(source)) => (&*source.text, source.module.as_deref().map(str::to_owned)),
            (None, None) => return failed(format!("there is no graph query `{name}`")),
        };
        let backend = self.host.backend(Author::Module(module));
        let data = schema.run_for_liquid(text, &call.variables, backend, Limits::TEMPLATE);
        self.host.scope.copy_constants(self.request_context);
        self.note(is_unavailable(&data));
        data
    }

    /// Interrupts the request when the database could not be used: a template that reads an empty
    /// answer would tell something that is not so.
    fn note(&self, is_the_stores: bool) {
        if is_the_stores {
            self.host.scope.interrupt();
        }
    }

    fn noted(&self, error: &JournalError) -> String {
        self.note(matches!(error, JournalError::Store(error) if !error.is_about_the_writes()));
        error.to_string()
    }
}

/// True for an answer with an error of the database.
fn is_unavailable(answer: &Json) -> bool {
    let errors = answer.get("errors").and_then(Json::as_array);
    errors.into_iter().flatten().any(|error| error["extensions"]["code"] == UNAVAILABLE)
}

fn failed(message: impl ToString) -> Json {
    json!({ "errors": [{ "message": message.to_string() }] })
}

impl TemplateHost<'_> {
    /// A text of a template for the log: without keys, constants and values of the environment.
    fn masked(&self, text: &str) -> String {
        let mut text = self.host.catalog().redact(text);
        // Without the constants only what looks like a key is known.
        let constants = self.host.runtime.constants(&self.host.instance).unwrap_or_default();
        for constant in constants.values().map(Secret::expose) {
            if constant.len() >= CONSTANT_BYTES_MIN && text.contains(constant) {
                text = text.replace(constant, MASK);
            }
        }
        self.host.scope.without_secrets(&redaction::text(&text))
    }
}

impl Host for TemplateHost<'_> {
    fn graphql(&self, call: GraphqlCall) -> Json {
        let name = call.name.clone().unwrap_or_else(|| "inline".to_owned());
        let asked = json!([call.source, call.variables]);
        let effect = SideEffect { kind: "graphql", name: &name, asked };
        match Replay::new(self.host).run_once(&effect, || self.run_graphql(call)) {
            Ok(answer) => answer,
            Err(error) => {
                self.note(error.is_the_stores());
                failed(error)
            }
        }
    }

    fn interruption(&self) -> Option<String> {
        self.host.scope.is_interrupted().then(|| INTERRUPTED.to_owned())
    }

    fn include_form(&self, call: FormCall) -> Result<String, String> {
        let scope = &self.host.scope;
        let form_renderer = FormRenderer {
            catalog: self.host.catalog(),
            renderer: self.renderer(),
            key: self.host.key(),
            csrf_token: &scope.csrf_token,
            now: self.host.runtime.clock.now(),
            current_path: &scope.current_path,
            page_id: &scope.page_id,
            output: scope.output,
        };
        let refused = scope.refused.as_ref().filter(|(name, _)| *name == call.name);
        form_renderer.render(&call, refused.map(|(_, refused)| refused)).map_err(|e| e.to_string())
    }

    fn background(&self, job: Job) -> Result<String, String> {
        JobQueue::new(self.host).enqueue(&job).map_err(|error| self.noted(&error))
    }

    fn translate(&self, key: &str, options: &Json) -> Option<String> {
        let locale = options.get("locale").and_then(Json::as_str).unwrap_or("en");
        let all = &self.host.catalog().translations;
        all.get(locale, key).or_else(|| all.get("en", key)).map(str::to_owned)
    }

    fn asset_url(&self, path: &str) -> String {
        // A missing asset has a URL too, which returns 404.
        format!("/assets/{}?updated={}", path.trim_start_matches('/'), self.host.instance.version)
    }

    fn transaction(&self, step: Transaction) -> Result<(), String> {
        self.host.scope.transaction(step, self.host.journal()).map_err(|error| self.noted(&error))
    }

    fn csrf_token(&self) -> String {
        self.host.scope.csrf_token.clone()
    }

    fn log(&self, entry: LogEntry) {
        let (kind, message) = (self.masked(&entry.kind), self.masked(&entry.message));
        tracing::info!(kind, "{message}");
    }

    fn now(&self) -> Timestamp {
        match self.host.scope.run() {
            Some(run) => run.now(),
            None => self.host.runtime.clock.now(),
        }
    }

    fn random(&self, bytes: &mut [u8]) {
        match self.host.scope.run() {
            Some(mut run) => run.random(self.host.key(), bytes),
            None => rand::fill(bytes),
        }
    }
}
