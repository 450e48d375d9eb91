//! The host of one request, which templates call: its runtime, instance and scope.

use crate::app::error::Error;
use crate::app::instance::Instance;
use crate::app::runtime::Runtime;
use crate::app::scope::Scope;
use crate::app::side_effect::SideEffect;
use crate::form::render::FormRenderer;
use crate::graphql::limits::Limits;
use crate::journal::buffer::Buffer;
use crate::journal::phase::Phase;
use crate::journal::scripted_run::ScriptedRun;
use crate::template::host::{FormCall, GraphqlCall, Host, Job, LogEntry, Transaction};
use crate::template::renderer::Renderer;
use crate::template::request_context::RequestContext;
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// The runtime as one request or run sees it.
#[derive(Clone)]
pub struct RequestHost {
    /// The runtime.
    pub runtime: Arc<Runtime>,
    /// The loaded files when the request began.
    pub instance: Arc<Instance>,
    /// The user, the context, and where writes go.
    pub scope: Arc<Scope>,
}

impl Runtime {
    /// A host for one request or run.
    pub fn host(self: &Arc<Self>, scope: Scope) -> RequestHost {
        RequestHost { runtime: Arc::clone(self), instance: self.instance(), scope: Arc::new(scope) }
    }
}

impl RequestHost {
    /// A request context for this request's templates, including constants.
    ///
    /// # Errors
    /// [`Error::Store`] when constants cannot be read.
    pub fn request_context(&self) -> Result<RequestContext, Error> {
        let scope = Arc::clone(&self.scope);
        let request_context = RequestContext::made_by(move || scope.context.clone());
        request_context.set_constants(self.runtime.constants(&self.instance)?);
        self.apply_written_constants(&request_context);
        Ok(request_context)
    }

    /// Copies the constants that this request wrote into a request context.
    fn apply_written_constants(&self, request_context: &RequestContext) {
        let written = self.scope.constants.lock().expect("no holder of the constants panics");
        for (name, value) in written.iter() {
            request_context.set_constant(name, value.clone());
        }
    }

    /// The template host for renders that share `request_context`.
    pub fn on<'a>(&'a self, request_context: &'a RequestContext) -> ContextHost<'a> {
        ContextHost { host: self, request_context }
    }

    /// Runs an external GraphQL query. Returns `{data, errors}`.
    pub fn graphql(
        &self,
        source: &str,
        operation: Option<&str>,
        variables: Json,
        introspection: bool,
    ) -> Json {
        let Some(schema) = &self.instance.schema else {
            return json!({ "data": null, "errors": [{ "message": "there is no schema" }] });
        };
        let limits =
            if introspection { Limits::EXTERNAL.with_introspection() } else { Limits::EXTERNAL };
        schema.execute(source, operation, &variables, Arc::new(self.clone()), limits)
    }

    /// Runs `work` on the scope's phase, or on a new one that is committed at once.
    pub(super) fn write<T, E: From<crate::journal::error::Error>>(
        &self,
        work: impl FnOnce(&mut Phase) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut phase = self.scope.phase.lock().expect("no holder of the phase panics");
        if let Some(phase) = phase.as_mut() {
            return work(phase);
        }
        drop(phase);
        let mut own = self.runtime.journal.phase();
        let result = work(&mut own)?;
        self.runtime.journal.write(own)?;
        Ok(result)
    }

    /// Reads through the scope's phase, so that a template sees its own writes.
    pub(super) fn read<T>(&self, work: impl FnOnce(&Phase) -> T) -> T {
        let phase = self.scope.phase.lock().expect("no holder of the phase panics");
        match phase.as_ref() {
            Some(phase) => work(phase),
            None => {
                drop(phase);
                work(&self.runtime.journal.phase())
            }
        }
    }

    /// True while the scope has a phase that buffers writes.
    pub(super) fn is_buffered(&self) -> bool {
        self.scope.phase.lock().expect("no holder of the phase panics").is_some()
    }

    /// Runs `work` on the scope's phase; `None` if there is none.
    pub(super) fn in_phase<T>(&self, work: impl FnOnce(&mut Phase) -> T) -> Option<T> {
        self.scope.phase.lock().expect("no holder of the phase panics").as_mut().map(work)
    }

    /// Appends the writes of `own` to the scope's phase.
    pub(super) fn join(&self, own: Phase) {
        let mut phase = self.scope.phase.lock().expect("no holder of the phase panics");
        if let Some(phase) = phase.as_mut() {
            phase.join(own);
        }
    }
}

/// The template host for renders that share a request context.
pub struct ContextHost<'a> {
    host: &'a RequestHost,
    request_context: &'a RequestContext,
}

impl Buffer for ContextHost<'_> {
    fn swap_phase(&self, phase: Option<Phase>) -> Option<Phase> {
        let mut slot = self.host.scope.phase.lock().expect("no holder of the phase panics");
        std::mem::replace(&mut *slot, phase)
    }

    fn swap_run(&self, run: Option<ScriptedRun>) -> Option<ScriptedRun> {
        std::mem::replace(&mut *self.host.scripted_run(), run)
    }
}

impl ContextHost<'_> {
    /// The instance's templates, with this host and its context.
    pub fn renderer(&self) -> Renderer<'_> {
        let templates = &self.host.instance.templates;
        Renderer { templates, request_context: self.request_context, host: self }
    }

    fn run_graphql(&self, call: GraphqlCall) -> Json {
        let Some(schema) = &self.host.instance.schema else {
            return failed("there is no schema".to_owned());
        };
        let backend = Arc::new(self.host.clone());
        let name = call.name.unwrap_or_default();
        let stored = self.host.instance.catalog.graph_query(&name).map(|query| &*query.source.text);
        let Some(text) = call.source.as_deref().or(stored) else {
            return failed(format!("there is no graph query `{name}`"));
        };
        let data = schema.run_for_liquid(text, &call.variables, backend, Limits::TEMPLATE);
        self.host.apply_written_constants(self.request_context);
        data
    }
}

fn failed(message: impl ToString) -> Json {
    json!({ "errors": [{ "message": message.to_string() }] })
}

impl Host for ContextHost<'_> {
    fn graphql(&self, call: GraphqlCall) -> Json {
        let name = call.name.clone().unwrap_or_else(|| "inline".to_owned());
        let asked = json!([call.source, call.variables]);
        let effect = SideEffect { kind: "graphql", name: &name, asked };
        self.host.run_once(&effect, || self.run_graphql(call)).unwrap_or_else(failed)
    }

    fn include_form(&self, call: FormCall) -> Result<String, String> {
        let RequestHost { runtime, instance, scope } = self.host;
        let form_renderer = FormRenderer {
            catalog: &instance.catalog,
            renderer: self.renderer(),
            key: &runtime.config.instance_key,
            csrf_token: &scope.csrf_token,
            now: runtime.clock.now(),
            current_path: &scope.current_path,
            page_id: &scope.page_id,
            output: scope.output,
        };
        let refused = scope.refused.as_ref().filter(|(name, _)| *name == call.name);
        form_renderer.render(&call, refused.map(|(_, refused)| refused)).map_err(|e| e.to_string())
    }

    fn background(&self, job: Job) -> Result<String, String> {
        self.host.enqueue(&job).map_err(|e| e.to_string())
    }

    fn translate(&self, key: &str, options: &Json) -> Option<String> {
        let locale = options.get("locale").and_then(Json::as_str).unwrap_or("en");
        let all = &self.host.instance.catalog.translations;
        all.get(locale, key).or_else(|| all.get("en", key)).map(str::to_owned)
    }

    fn asset_url(&self, path: &str) -> String {
        // A missing asset has a URL too, which returns 404.
        format!("/assets/{}?updated={}", path.trim_start_matches('/'), self.host.instance.version)
    }

    fn transaction(&self, step: Transaction) -> Result<(), String> {
        self.host.transaction(step).map_err(|e| e.to_string())
    }

    fn csrf_token(&self) -> String {
        self.host.scope.csrf_token.clone()
    }

    fn log(&self, entry: LogEntry) {
        let message = self.host.instance.catalog.redact(&entry.message);
        tracing::info!(kind = entry.kind, "{message}");
    }

    fn now(&self) -> Timestamp {
        let scripted_run = self.host.scripted_run();
        scripted_run.as_ref().map_or_else(|| self.host.runtime.clock.now(), ScriptedRun::now)
    }

    fn random(&self, bytes: &mut [u8]) {
        match self.host.scripted_run().as_mut() {
            Some(scripted_run) => {
                scripted_run.random(&self.host.runtime.config.instance_key, bytes)
            }
            None => rand::fill(bytes),
        }
    }
}
