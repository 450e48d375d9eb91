//! What is written, loaded and compiled: swapped as a whole when files change.

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
    /// What is written.
    pub catalog: Arc<Catalog>,
    /// Its compiled templates.
    pub templates: Templates,
    /// Differs from one load to the next: assets are addressed with it.
    pub version: i64,
    /// The GraphQL schema with a mutation per request type; none when a module spoils it.
    pub schema: Option<Schema>,
    /// Why there is no schema.
    schema_error: Option<String>,
}

impl Instance {
    /// Loads the instance at `root`. What is wrong is in the catalog; nothing here fails.
    pub fn load(root: &Path, version: i64, environment: &dyn Fn(&str) -> Option<String>) -> Self {
        let catalog = Arc::new(Catalog::load(root, environment));
        let templates = Templates::new(Arc::clone(&catalog));
        let (schema, schema_error) = match Schema::build(&catalog) {
            Ok(schema) => (Some(schema), None),
            Err(error) => (None, Some(error.to_string())),
        };
        Self { catalog, templates, version, schema, schema_error }
    }

    /// Every fault: of the files' structure, and of their templates and references.
    pub fn faults(&self) -> Vec<Diagnostic> {
        let mut faults = self.catalog.faults.clone();
        faults.extend(self.templates.check());
        faults.extend(self.schema.iter().flat_map(|schema| schema.faults().iter().cloned()));
        faults.extend(self.schema_error.iter().map(|message| {
            Diagnostic::of_file(
                Severity::Error,
                Path::new("modules"),
                format!("no GraphQL schema: {message}"),
            )
        }));
        faults.extend(self.query_faults());
        faults.sort_by(|one, other| {
            (&one.path, one.line, one.column).cmp(&(&other.path, other.line, other.column))
        });
        faults
    }

    /// What is wrong with the graph queries, in this schema.
    fn query_faults(&self) -> Vec<Diagnostic> {
        let Some(schema) = &self.schema else { return Vec::new() };
        let mut faults = Vec::new();
        for query in self.catalog.graph_queries.values() {
            let source = &query.source;
            let ours = source
                .module
                .as_deref()
                .is_none_or(|name| self.catalog.module(name).is_some_and(|module| module.strict));
            let severity = if ours { Severity::Error } else { Severity::Warning };
            for problem in schema.check(&source.text) {
                let mark = source.position(problem.line, problem.column);
                faults.push(Diagnostic::at(
                    severity,
                    &source.path,
                    mark,
                    &source.text,
                    problem.message,
                ));
            }
        }
        faults
    }

    /// Values of the environment that templates see as `context.constants`.
    pub fn constants(&self) -> BTreeMap<String, Secret> {
        self.catalog.secrets.iter().cloned().collect()
    }
}
