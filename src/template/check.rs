//! Checks templates before they run: syntax errors, and names that do not exist.

use crate::template::error::{Error, SourceLocation};
use crate::template::render::Templates;
use crate::template::similar::near;
use sluicegate_module::catalog::Catalog;
use sluicegate_module::diagnostic::{Diagnostic, Severity};
use sluicegate_module::source::Source;

impl Templates {
    /// Returns every problem in the catalog's templates: syntax errors, and names that do not
    /// exist.
    pub fn check(&self) -> Vec<Diagnostic> {
        check(self, &self.catalog)
    }
}

/// Compiles every source of the catalog and looks up every literal name in it.
fn check(templates: &Templates, catalog: &Catalog) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    for source in sources(catalog) {
        let compiled = templates.compiled(source);
        let template = match &compiled.template {
            Ok(template) => template,
            Err(error) => {
                diagnostics.push(of_error(source, &templates.error(error), Severity::Error));
                continue;
            }
        };
        for warning in template.warnings() {
            let error = templates.error(warning);
            diagnostics.push(of_error(source, &error, severity(catalog, source)));
        }
        for reference in template.references() {
            let Some((noun, help)) = dead(catalog, reference.kind, &reference.name) else {
                continue;
            };
            let mut location = SourceLocation::of(source, reference.mark);
            location.excerpt = catalog.redact(&location.excerpt);
            let message = format!("there is no {noun} `{}`", reference.name);
            diagnostics.push(diagnostic(location, severity(catalog, source), message, help));
        }
    }
    diagnostics
}

/// `None` when the name exists, otherwise the kind of thing it names, and a suggestion.
fn dead(catalog: &Catalog, kind: &str, name: &str) -> Option<(&'static str, Option<String>)> {
    fn near_key<T>(name: &str, all: &std::collections::BTreeMap<String, T>) -> Option<String> {
        near(name, all.keys().map(String::as_str))
    }
    match kind {
        "partial" => {
            catalog.partial(name).is_none().then(|| ("partial", near_key(name, &catalog.partials)))
        }
        "graphql" => catalog
            .graph_query(name)
            .is_none()
            .then(|| ("graph query", near_key(name, &catalog.graph_queries))),
        "form" => catalog.form(name).is_none().then(|| ("form", near_key(name, &catalog.forms))),
        _ => None,
    }
}

fn severity(catalog: &Catalog, source: &Source) -> Severity {
    let is_strict = match source.module.as_deref() {
        Some(name) => catalog.module(name).is_some_and(|module| module.strict),
        None => true,
    };
    if is_strict { Severity::Error } else { Severity::Warning }
}

fn of_error(source: &Source, error: &Error, severity: Severity) -> Diagnostic {
    let help = error.advice().map(str::to_owned);
    match error.location() {
        Some(location) => diagnostic(location.clone(), severity, error.message().to_owned(), help),
        None => Diagnostic::of_file(severity, &source.path, error.message()).with_help(help),
    }
}

fn diagnostic(
    location: SourceLocation,
    severity: Severity,
    message: String,
    help: Option<String>,
) -> Diagnostic {
    let SourceLocation { path, mark, excerpt } = location;
    Diagnostic { severity, path, line: mark.line, column: mark.column, message, excerpt, help }
}

/// Returns every Liquid source of the catalog.
fn sources(catalog: &Catalog) -> Vec<&Source> {
    let mut all: Vec<&Source> = Vec::new();
    for page in &catalog.pages {
        all.push(&page.source);
        all.extend(page.response_headers.iter().chain(&page.redirect_to));
    }
    all.extend(catalog.layouts.values().map(|layout| &layout.source));
    all.extend(catalog.partials.values().map(|partial| &partial.source));
    for form in catalog.forms.values() {
        all.push(&form.source);
        all.extend(form.default_payload.iter().chain(&form.callback_actions));
        all.extend(form.async_callback_actions.iter().map(|callback| &callback.source));
        all.extend(form.redirect_to.iter().chain(&form.flash_notice).chain(&form.flash_alert));
        all.extend(form.request_type.iter().chain(&form.response_headers));
    }
    for call in catalog.api_calls.values() {
        all.extend([&call.source, &call.to, &call.request_type]);
        all.extend(call.headers.iter().chain(&call.callback).chain(&call.trigger_condition));
    }
    for policy in catalog.policies.values() {
        all.push(&policy.source);
        all.extend(policy.redirect_to.iter().chain(&policy.flash_alert));
    }
    all.extend(catalog.migrations.iter().map(|migration| &migration.source));
    for email in catalog.emails.values() {
        all.push(&email.source);
        all.extend(email.to.iter().chain(&email.from).chain(&email.reply_to));
        all.extend(email.cc.iter().chain(&email.bcc).chain(&email.subject));
        all.extend(&email.delivery.trigger_condition);
    }
    for sms in catalog.smses.values() {
        all.push(&sms.source);
        all.extend(sms.to.iter().chain(&sms.delivery.trigger_condition));
    }
    all
}
