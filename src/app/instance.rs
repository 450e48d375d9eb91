//! The instance's files, loaded and compiled; replaced as one when files change.

use crate::app::error::Error;
use crate::app::inline_scripts;
use crate::config::is_instance;
use crate::graphql::schema::Schema;
use crate::template::render::Templates;
use sluicegate_module::catalog::Catalog;
use sluicegate_module::diagnostic::{Diagnostic, Severity};
use sluicegate_secret::Secret;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// One loaded state of the instance's files.
pub struct Instance {
    /// The definitions of the modules.
    pub catalog: Arc<Catalog>,
    /// Its compiled templates.
    pub templates: Templates,
    /// Changes with every load; part of every asset URL.
    pub version: i64,
    /// True when templates have scripts in their text, for which pages need `unsafe-inline`.
    pub has_inline_scripts: bool,
    /// The GraphQL schema with a mutation per request type; `None` when it cannot be built.
    pub schema: Option<Schema>,
    /// Why the schema could not be built.
    schema_error: Option<String>,
}

impl Instance {
    /// Refuses a folder that is not an instance.
    ///
    /// # Errors
    /// [`Error::NoInstance`].
    pub fn require(root: &Path) -> Result<(), Error> {
        match is_instance(root) {
            true => Ok(()),
            false => Err(Error::NoInstance(root.display().to_string())),
        }
    }

    /// Loads the instance at `root`. Never fails: errors in files become diagnostics.
    pub fn load(root: &Path, version: i64, environment: &dyn Fn(&str) -> Option<String>) -> Self {
        let catalog = Arc::new(Catalog::load(root, environment));
        let templates = Templates::new(Arc::clone(&catalog));
        let (schema, schema_error) = match Schema::build(&catalog) {
            Ok(schema) => (Some(schema), None),
            Err(error) => (None, Some(error.to_string())),
        };
        let has_inline_scripts = inline_scripts::in_catalog(&catalog);
        Self { catalog, templates, version, has_inline_scripts, schema, schema_error }
    }

    /// All diagnostics: of the files' structure, and of their templates and references.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        let mut diagnostics = self.catalog.diagnostics.clone();
        diagnostics.extend(self.templates.check());
        diagnostics
            .extend(self.schema.iter().flat_map(|schema| schema.diagnostics().iter().cloned()));
        diagnostics.extend(self.schema_error.iter().map(|message| {
            Diagnostic::of_file(
                Severity::Error,
                Path::new("modules"),
                format!("no GraphQL schema: {message}"),
            )
        }));
        diagnostics.extend(self.query_diagnostics());
        diagnostics.sort_by(|one, other| {
            (&one.path, one.line, one.column).cmp(&(&other.path, other.line, other.column))
        });
        diagnostics
    }

    /// Diagnostics of the graph queries against this schema.
    fn query_diagnostics(&self) -> Vec<Diagnostic> {
        let Some(schema) = &self.schema else { return Vec::new() };
        let mut diagnostics = Vec::new();
        for query in self.catalog.graph_queries.values() {
            let source = &query.source;
            let ours = source
                .module
                .as_deref()
                .is_none_or(|name| self.catalog.module(name).is_some_and(|module| module.strict));
            let severity = if ours { Severity::Error } else { Severity::Warning };
            let wrong = schema.check(&source.text).into_iter().map(|one| (severity, one));
            let slow = schema.unindexed(&source.text).into_iter();
            let slow = slow.map(|one| (Severity::Warning, one));
            for (severity, problem) in wrong.chain(slow) {
                let mark = source.position(problem.line, problem.column);
                diagnostics.push(Diagnostic::at(
                    severity,
                    &source.path,
                    mark,
                    &source.text,
                    problem.message,
                ));
            }
        }
        diagnostics
    }

    /// The environment's values that templates see as `context.constants`.
    pub fn constants(&self) -> BTreeMap<String, Secret> {
        self.catalog.secrets.iter().cloned().collect()
    }
}
