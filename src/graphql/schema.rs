//! The schema of an instance, and the two ways to run a document against it.

use super::backend::Backend;
use super::build;
use super::call::{DocumentContext, Origin};
use super::coerce::Coercion;
use super::document::{self, Normalized, Problem, Rules, VariableValues};
use super::error::Error;
use super::limits::{CostCounter, Limits};
use super::permission::{self, Caller};
use super::shape::Shapes;
use super::tables::TableIndex;
use super::{duplicate_mutations, dynamic, unindexed};
use crate::executor;
use async_graphql::parser::parse_query;
use async_graphql::parser::types::{DocumentOperations, ExecutableDocument};
use async_graphql::{Request, Response};
use parking_lot::Mutex;
use serde_json::{Map, Value as Json, json};
use sluicegate_module::catalog::Catalog;
use sluicegate_module::diagnostic::Diagnostic;
use sluicegate_secret::api_token::TokenScope;
use std::collections::HashMap;
use std::sync::Arc;

/// The platform's schema plus one mutation per request type of a catalog. It is built once per
/// catalog and shared by all threads; running a document blocks.
pub struct Schema {
    shapes: Shapes,
    table_index: Arc<TableIndex>,
    inner: async_graphql::dynamic::Schema,
    diagnostics: Vec<Diagnostic>,
    /// Parsed documents of modules, which run repeatedly.
    read: Mutex<HashMap<String, Arc<ExecutableDocument>>>,
}

/// The maximum number of parsed documents kept.
const READ_MAX: usize = 512;

/// A document of an external caller.
#[derive(Debug, Clone, Copy)]
pub struct ExternalDocument<'a> {
    /// Its text.
    pub source: &'a str,
    /// The operation to run, when it has several.
    pub operation: Option<&'a str>,
    /// The variables, an object or null.
    pub variables: &'a Json,
    /// The limits on its cost.
    pub limits: Limits,
    /// Who sent it.
    pub caller: Caller,
}

/// A document to run.
struct ExecuteRequest<'a> {
    source: &'a str,
    operation: Option<&'a str>,
    variables: &'a Json,
    limits: Limits,
    /// `None` for a template of a module.
    caller: Option<Caller>,
}

impl Schema {
    /// Builds the schema of a catalog. Errors of its modules are in [`Schema::diagnostics`].
    pub fn build(catalog: &Catalog) -> Result<Self, Error> {
        let parts = build::parts(catalog)?;
        let inner = dynamic::build(&parts)?;
        let table_index = Arc::new(parts.table_index);
        let read = Mutex::new(HashMap::new());
        Ok(Self { shapes: parts.shapes, table_index, inner, diagnostics: parts.diagnostics, read })
    }

    /// Name clashes and other errors of modules.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// Returns the schema in SDL.
    pub fn sdl(&self) -> String {
        self.inner.sdl()
    }

    /// The root fields with their type and the scope that each states, in schema order.
    pub fn root_fields(&self) -> Vec<(&'static str, &str, Option<TokenScope>)> {
        let fields_of = |root: &'static str| {
            let fields = self.shapes.object(root).into_iter().flatten();
            fields.map(move |(name, field)| (root, name.as_str(), field.scope))
        };
        ["Query", "Mutation"].into_iter().flat_map(fields_of).collect()
    }

    /// Runs a document of an external caller, strictly by the specification: `{data, errors?}`.
    pub async fn execute(
        &self,
        document: &ExternalDocument<'_>,
        backend: Arc<dyn Backend>,
    ) -> Json {
        let ExternalDocument { source, operation, variables, limits, caller } = *document;
        let caller = Some(caller);
        let request = ExecuteRequest { source, operation, variables, limits, caller };
        match self.run(&request, backend).await {
            Ok(response) => shown(response),
            Err(problems) => json!({ "errors": errors(&problems) }),
        }
    }

    /// Runs a document of a module: returns the keys of `data`, and `errors` when there are any.
    /// Values are coerced leniently, as templates write them; undeclared variables are ignored.
    pub fn run_for_liquid(
        &self,
        source: &str,
        variables: &Json,
        backend: Arc<dyn Backend>,
        limits: Limits,
    ) -> Json {
        let request = ExecuteRequest { source, operation: None, variables, limits, caller: None };
        let mut answer = match executor::wait(self.run(&request, backend)) {
            Ok(response) => shown(response),
            Err(problems) => json!({ "errors": errors(&problems) }),
        };
        let mut result = match answer.get_mut("data").map(Json::take) {
            Some(Json::Object(data)) => data,
            _ => Map::new(),
        };
        if let Some(errors) = answer.get_mut("errors").map(Json::take) {
            result.insert("errors".to_owned(), errors);
        }
        Json::Object(result)
    }

    /// Returns every problem in a module's document, whatever its variables will be.
    pub fn check(&self, source: &str) -> Vec<Problem> {
        let document = match self.parse_once(source, &Limits::TEMPLATE) {
            Ok(document) => document,
            Err(problem) => return vec![problem],
        };
        let operations: Vec<_> =
            document.operations.iter().map(|(_, operation)| operation).collect();
        let rules = Rules { shapes: &self.shapes, how: Coercion::Lax, introspection: false };
        let mut problems = Vec::new();
        for operation in operations {
            match document::normalize(rules, &document, operation, VariableValues::Unknown) {
                Ok(normalized) => {
                    problems.extend(self.check_cost(&normalized, &Limits::TEMPLATE).err())
                }
                Err(found) => problems.extend(found),
            }
        }
        problems.sort_by_key(|problem| (problem.line, problem.column));
        problems
    }

    /// Returns what a module's document looks up without an index.
    pub fn unindexed(&self, source: &str) -> Vec<Problem> {
        let document = self.parse_once(source, &Limits::TEMPLATE);
        document.map_or_else(|_| Vec::new(), |one| unindexed::warnings(&one, &self.table_index))
    }

    async fn run(
        &self,
        request: &ExecuteRequest<'_>,
        backend: Arc<dyn Backend>,
    ) -> Result<Response, Vec<Problem>> {
        let ExecuteRequest { source, operation, variables, limits, caller } = *request;
        let (origin, how) = match caller {
            None => (Origin::Template, Coercion::Lax),
            Some(_) => (Origin::External, Coercion::Normalized),
        };
        let document = match origin {
            Origin::Template => self.parse_once(source, &limits),
            Origin::External => self.parse(source, &limits).map(Arc::new),
        };
        let document = document.map_err(|problem| vec![problem])?;
        let operation = document::choose(&document, operation.filter(|name| !name.is_empty()), how)
            .map_err(|problem| vec![problem])?;
        let none = Map::new();
        let values = match variables {
            Json::Null => &none,
            Json::Object(values) => values,
            _ => return Err(vec![Problem::without_location("`variables` is not an object")]),
        };
        let rules = Rules { shapes: &self.shapes, how, introspection: limits.introspection };
        let normalized =
            document::normalize(rules, &document, operation, VariableValues::Values(values))?;
        self.check_cost(&normalized, &limits).map_err(|problem| vec![problem])?;
        if let Some(caller) = caller {
            permission::check(&self.shapes, &normalized, caller, &*backend)?;
        }
        let document = ExecutableDocument {
            operations: DocumentOperations::Single(normalized.operation),
            fragments: normalized.fragments,
        };
        let shared = DocumentContext::new(backend, Arc::clone(&self.table_index), origin);
        let mut request = Request::new(String::new()).data(shared);
        request.set_parsed_query(document);
        if !limits.introspection {
            request = request.disable_introspection();
        }
        Ok(self.inner.execute(request).await)
    }

    fn check_cost(&self, normalized: &Normalized, limits: &Limits) -> Result<(), Problem> {
        let set = &normalized.operation.node.selection_set.node;
        CostCounter::new(&self.shapes, &normalized.fragments)
            .check(set, normalized.root, limits)
            .map_err(Problem::without_location)?;
        match normalized.root {
            "Mutation" => duplicate_mutations::check(set, &normalized.fragments),
            _ => Ok(()),
        }
    }

    fn parse(&self, source: &str, limits: &Limits) -> Result<ExecutableDocument, Problem> {
        limits.check_source(source).map_err(Problem::without_location)?;
        parse_query(source).map_err(|error| {
            let message = reason(&error.to_string());
            match error.positions().next() {
                Some(pos) => Problem::at(pos, message),
                None => Problem::without_location(message),
            }
        })
    }

    fn parse_once(
        &self,
        source: &str,
        limits: &Limits,
    ) -> Result<Arc<ExecutableDocument>, Problem> {
        let lock = || self.read.lock();
        if let Some(document) = lock().get(source) {
            return Ok(Arc::clone(document));
        }
        let document = Arc::new(self.parse(source, limits)?);
        let mut read = lock();
        if read.len() >= READ_MAX {
            // Templates can create sources at run time: clear the cache rather than let it grow.
            read.clear();
        }
        read.insert(source.to_owned(), Arc::clone(&document));
        Ok(document)
    }
}

/// The line of a syntax error that says what was expected; the rest is an excerpt.
fn reason(error: &str) -> String {
    let said = error.lines().find_map(|line| line.trim_start().strip_prefix("= "));
    format!("The document cannot be read: {}", said.unwrap_or(error).trim())
}

fn shown(response: Response) -> Json {
    let errors = serde_json::to_value(&response.errors).unwrap_or_default();
    match (response.data.into_json().unwrap_or_default(), response.errors.is_empty()) {
        // A directive excluded every field.
        (Json::Null, true) => json!({ "data": {} }),
        (data, true) => json!({ "data": data }),
        // A document that did not run has no data, not even null.
        (Json::Null, false) => json!({ "errors": errors }),
        (data, false) => json!({ "data": data, "errors": errors }),
    }
}

fn errors(problems: &[Problem]) -> Json {
    let error = |problem: &Problem| {
        let mut error = json!({ "message": problem.message });
        if problem.line > 0 {
            error["locations"] = json!([{ "line": problem.line, "column": problem.column }]);
        }
        if let Some(code) = problem.code {
            error["extensions"] = json!({ "code": code });
        }
        error
    };
    problems.iter().map(error).collect()
}
