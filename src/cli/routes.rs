//! `routes`: lists every route with the file that handles it.

use crate::app::instance::Instance;
use crate::cli::output::Output;
use crate::config::Config;
use anyhow::Result;
use serde_json::json;
use sluicegate_module::catalog::Catalog;
use std::process::ExitCode;

/// The host's own routes.
const HOST_ROUTES: [(&str, &str, &str); 9] = [
    ("POST", "/api/customizations", "forms (also /api/records, /api/models)"),
    ("POST", "/graphql", "GraphQL; GET is the explorer in development"),
    ("POST", "/api/request_types/NAME", "one request type"),
    ("GET", "/api/executions/ID", "what became of one"),
    ("GET", "/assets/PATH", "assets of modules"),
    ("GET", "/console", "the console"),
    ("GET", "/healthz", "alive"),
    ("GET", "/readyz", "ready"),
    ("GET", "/metrics", "numbers for Prometheus"),
];

/// Prints the routes of pages and of the host.
///
/// # Errors
/// When the folder is not an instance.
pub fn run(config: &Config, output: &Output) -> Result<ExitCode> {
    Instance::require(&config.root)?;
    let catalog = Catalog::load(&config.root, &|name| config.module_variable(name));
    let mut rows: Vec<Vec<String>> = catalog
        .pages
        .iter()
        .map(|page| {
            let path = format!("/{}", page.slug.trim_start_matches('/'));
            vec![page.method.to_string(), path, page.source.path.display().to_string()]
        })
        .collect();
    rows.extend(
        HOST_ROUTES.map(|(method, path, what)| vec![method.into(), path.into(), what.into()]),
    );
    let value: Vec<_> = rows
        .iter()
        .map(|row| json!({ "method": row[0], "path": row[1], "answered_by": row[2] }))
        .collect();
    output.table(&json!(value), &["METHOD", "PATH", "ANSWERED BY"], &rows)?;
    Ok(ExitCode::SUCCESS)
}
