//! Other people's modules: every template has to compile. Reads folders named by the environment.

use sluicegate::module::catalog::Catalog;
use sluicegate::template::render::Templates;
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
        for fault in Templates::new(catalog).check() {
            println!("{fault}");
            if fault.is_error() {
                errors.push(fault.to_string());
            }
        }
    }
    assert!(errors.is_empty(), "{}", errors.join("\n"));
}
