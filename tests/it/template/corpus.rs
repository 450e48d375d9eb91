//! Third-party modules: every template must compile. Reads folders named in the environment.

use super::fake_host::FakeHost;
use serde_json::json;
use sluicegate::template::output::OutputMode;
use sluicegate::template::render::Templates;
use sluicegate::template::request_context::RequestContext;
use sluicegate_module::catalog::Catalog;
use std::path::Path;
use std::sync::Arc;

/// `SLUICEGATE_CORPUS=/path/a:/path/b cargo test -- --ignored every_template_of_a_corpus`
#[test]
#[ignore = "reads folders outside the repository"]
fn every_template_of_a_corpus_compiles() {
    let folders = std::env::var("SLUICEGATE_CORPUS").expect("SLUICEGATE_CORPUS names folders");
    let mut errors = Vec::new();
    for folder in folders.split(':') {
        let catalog = Arc::new(Catalog::load(Path::new(folder), &|_| None));
        println!("{folder}: {} partials, {} pages", catalog.partials.len(), catalog.pages.len());
        for diagnostic in Templates::new(catalog).check() {
            println!("{diagnostic}");
            if diagnostic.is_error() {
                errors.push(diagnostic.to_string());
            }
        }
    }
    assert!(errors.is_empty(), "{}", errors.join("\n"));
}

/// Renders without any data: every problem is reported, nothing panics.
#[test]
#[ignore = "reads folders outside the repository"]
fn every_partial_of_a_corpus_renders_or_says_why_not() {
    let folders = std::env::var("SLUICEGATE_CORPUS").expect("SLUICEGATE_CORPUS names folders");
    for folder in folders.split(':') {
        let catalog = Arc::new(Catalog::load(Path::new(folder), &|_| None));
        let templates = Templates::new(Arc::clone(&catalog));
        let bodies = catalog.partials.values().map(|partial| &partial.source);
        let calls = catalog.api_calls.values().flat_map(|call| [&call.source, &call.to]);
        let pages = catalog.pages.iter().map(|page| &page.source);
        for source in bodies.chain(calls).chain(pages) {
            let request_context = RequestContext::new(serde_json::Map::new());
            let host = FakeHost::default();
            let mode = OutputMode::Raw;
            match templates.render(source, &request_context, json!({ "data": {} }), mode, &host) {
                Ok(rendered) => {
                    rendered.warnings.iter().for_each(|warning| println!("W {warning}"))
                }
                Err(error) => println!("E {error}"),
            }
        }
    }
}
