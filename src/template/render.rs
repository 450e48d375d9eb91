//! The compiled templates of a catalog, and their rendering.

use crate::template::bridge::HostBridge;
use crate::template::dialect;
use crate::template::error::Error;
use crate::template::host::Host;
use crate::template::json;
use crate::template::output::{Effects, OutputMode};
use crate::template::request_context::RequestContext;
use crate::template::similar;
use parking_lot::RwLock;
use serde_json::{Value as Json, json};
use sluicegate_liquid::budget::Limits;
use sluicegate_liquid::engine::Engine;
use sluicegate_liquid::error::{Error as LiquidError, Kind};
use sluicegate_liquid::partials::Partials;
use sluicegate_liquid::render::RenderOptions;
use sluicegate_liquid::tag::Flow;
use sluicegate_liquid::template::Template;
use sluicegate_liquid::text::Text;
use sluicegate_liquid::value::Value;
use sluicegate_module::catalog::Catalog;
use sluicegate_module::profile::Profile;
use sluicegate_module::source::Source;
use std::collections::HashMap;
use std::sync::Arc;

/// More compiled templates than any instance has; only sources created at run time exceed it.
const CACHE_MAX: usize = 20_000;

/// The result of a render.
#[derive(Debug, Clone, Default)]
pub struct Rendered {
    /// The rendered output.
    pub output: String,
    /// The value of `return`, when the template ended with one.
    pub returned: Option<Json>,
    /// Effects on the HTTP response, inner renders included; the outermost render reports them all.
    pub effects: Effects,
    /// Warnings: unknown filters, and errors that the legacy profile prints inline.
    pub warnings: Vec<Error>,
}

/// The compiled templates of a catalog.
pub struct Templates {
    pub(super) catalog: Arc<Catalog>,
    legacy: Engine,
    modern: Engine,
    limits: Limits,
    compiled: RwLock<HashMap<(usize, Profile), Arc<Compiled>>>,
}

/// A compiled source. It owns the source's text, so the text's address stays unique.
pub(super) struct Compiled {
    /// The engine's name for it.
    name: Arc<str>,
    pub(super) source: Source,
    pub(super) template: Result<Template, LiquidError>,
}

impl Templates {
    /// Creates the templates of a catalog; each is compiled on first use.
    pub fn new(catalog: Arc<Catalog>) -> Self {
        Self {
            catalog,
            legacy: dialect::engine(Profile::Legacy),
            modern: dialect::engine(Profile::Modern),
            limits: LIMITS,
            compiled: RwLock::default(),
        }
    }

    /// Replaces the per-request limits.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Renders a source with `locals`, an object of variables.
    ///
    /// # Errors
    /// The error with its place; in the legacy profile only errors that stop a render.
    pub fn render(
        &self,
        source: &Source,
        request_context: &RequestContext,
        locals: impl Into<Locals>,
        output: OutputMode,
        host: &dyn Host,
    ) -> Result<Rendered, Error> {
        let locals: Locals = locals.into();
        let Some(budget) = request_context.enter(self.limits) else {
            return Err(Error::new(Kind::Limit, "forms and calls nest too deep"));
        };
        let bridge = HostBridge { host, request_context, templates: self, output };
        let compiled = self.compiled(source);
        let result = compiled.template.clone().and_then(|template| {
            let options = RenderOptions::new()
                .variables(locals.0)
                .globals(globals(request_context, source.profile))
                .partials(self)
                .host(&bridge)
                .escape(output.escape())
                .now(host.now())
                .budget(&budget);
            self.engine(source.profile).render(&template, options)
        });
        let effects = request_context.leave();
        let rendered = result.map_err(|error| self.error(&error))?;
        let noticed = compiled.template.as_ref().map(Template::warnings).unwrap_or_default();
        Ok(Rendered {
            output: rendered.output,
            returned: (rendered.flow == Flow::Return)
                .then(|| rendered.returned.map(|value| json::plain(&value)))
                .flatten(),
            effects,
            warnings: noticed.iter().chain(&rendered.warnings).map(|e| self.error(e)).collect(),
        })
    }

    /// Returns the engine of a profile.
    fn engine(&self, profile: Profile) -> &Engine {
        match profile {
            Profile::Legacy => &self.legacy,
            Profile::Modern => &self.modern,
        }
    }

    /// Returns the compiled source, compiling it on first use.
    pub(super) fn compiled(&self, source: &Source) -> Arc<Compiled> {
        let key = (source.text.as_ptr() as usize, source.profile);
        let is_same = |one: &Arc<Compiled>| {
            Arc::ptr_eq(&one.source.text, &source.text)
                && one.source.name == source.name
                && one.source.path == source.path
                && one.source.line == source.line
        };
        let known = self.compiled.read().get(&key).map(Arc::clone);
        if let Some(known) = known.filter(is_same) {
            return known;
        }
        let name = self.free_name(&source.name);
        let engine = self.engine(source.profile);
        let template = engine.compile(Arc::clone(&name), Arc::clone(&source.text));
        let compiled = Arc::new(Compiled { name, source: source.clone(), template });
        let mut all = self.compiled.write();
        if all.len() >= CACHE_MAX {
            all.clear();
        }
        all.insert(key, Arc::clone(&compiled));
        compiled
    }

    /// A unique engine name for the source: a page and a partial may share one.
    fn free_name(&self, wanted: &str) -> Arc<str> {
        let all = self.compiled.read();
        let is_free = |name: &str| all.values().all(|one| &*one.name != name);
        let numbered = (2..).map(|number| format!("{wanted} ({number})"));
        let mut names = std::iter::once(wanted.to_owned()).chain(numbered);
        names.find(|name| is_free(name)).unwrap_or_else(|| wanted.to_owned()).into()
    }

    /// Returns the source that the engine calls `name`.
    pub(super) fn source(&self, name: &str) -> Option<Source> {
        let all = self.compiled.read();
        all.values().find(|one| &*one.name == name).map(|one| one.source.clone())
    }

    /// Converts the engine's error, mapping its places to files.
    pub(super) fn error(&self, error: &LiquidError) -> Error {
        // Errors are rare and the cache is small enough to search.
        let all: Vec<Arc<Compiled>> = self.compiled.read().values().cloned().collect();
        Error::from_liquid(
            error,
            |name| all.iter().find(|one| &*one.name == name).map(|one| &one.source),
            |text| self.catalog.redact(text),
        )
    }
}

/// What one request may spend on templates. Only template time counts; waiting for Stripe does
/// not.
pub const LIMITS: Limits = Limits::new().time(std::time::Duration::from_secs(5));

impl Partials for Templates {
    fn find(&self, name: &str) -> Result<Template, LiquidError> {
        let Some(partial) = self.catalog.partial(name) else {
            let near = similar::near(name, self.catalog.partials.keys().map(String::as_str));
            let message = format!("can't find partial \"{name}\"");
            return Err(LiquidError::new(Kind::Partial, message).help(near));
        };
        self.compiled(&partial.source).template.clone()
    }
}

/// The initial variables of a template.
#[derive(Debug, Default)]
pub struct Locals(Vec<(Text, Value)>);

impl Locals {
    /// Adds a variable.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.push((Text::from(name), value.into()));
        self
    }

    /// Makes the value available under a second name; both names share one value.
    pub fn share(&mut self, name: &str, as_well_as: &str) {
        let shared = self.0.iter().find(|(other, _)| other.as_str() == name);
        let shared = shared.map(|(_, value)| value.clone()).unwrap_or_default();
        self.0.push((Text::from(as_well_as), shared));
    }
}

/// The properties of an object. `{"html_safe": text}` becomes a string that is not escaped.
impl From<Json> for Locals {
    fn from(locals: Json) -> Self {
        let Json::Object(map) = locals else { return Self::default() };
        let value = |value: Json| match &value {
            Json::Object(map) if map.len() == 1 => match map.get("html_safe") {
                Some(Json::String(text)) => Value::safe(text.as_str()),
                _ => Value::from(value),
            },
            _ => Value::from(value),
        };
        Self(map.into_iter().map(|(name, local)| (Text::from(name), value(local))).collect())
    }
}

/// Variables visible everywhere: `context`, and the old names of its parts.
fn globals(request_context: &RequestContext, profile: Profile) -> Vec<(Text, Value)> {
    let mut globals = vec![("context".into(), request_context.context())];
    if profile.switches().old_variables {
        for name in ["params", "page", "current_user", "flash"] {
            globals.push((name.into(), request_context.field(name)));
        }
        let host = request_context.field("location").property("host");
        let platform = Value::from(json!({ "host": host.to_json() }));
        globals.push(("platform_context".into(), platform));
    }
    globals
}
