//! Checks that need the complete catalog: references to missing files, pages with the same URL.

use crate::api_call::Effect;
use crate::catalog::Catalog;
use crate::definition_reader::Reference;
use crate::diagnostic::{Diagnostic, Severity};
use crate::form::Resource;
use crate::manifest::Module;
use crate::path::{self, Kind};
use crate::request_type::RequestType;
use crate::source::Mark;
use crate::suggest;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Replaces every reference with its full name and reports the unresolved ones.
pub fn resolve(catalog: &mut Catalog, references: Vec<Reference>) {
    for mut reference in references {
        let module = reference.module.as_deref();
        if full_name(catalog, reference.kind, &reference.name, module).is_none() {
            let names = names(catalog, reference.kind);
            let help = suggest::did_you_mean(&reference.name, names.iter().map(String::as_str));
            reference.diagnostic.help = help;
            catalog.diagnostics.push(reference.diagnostic);
        }
    }
    let mut pages = std::mem::take(&mut catalog.pages);
    for page in &mut pages {
        let module = page.source.module.clone();
        // A layout is optional: without `application`, a page is rendered without one.
        page.layout = page
            .layout
            .take()
            .and_then(|name| full_name(catalog, Kind::Layout, &name, module.as_deref()));
        complete(catalog, Kind::Policy, &mut page.policies, module.as_deref());
    }
    catalog.pages = pages;
    let mut forms = std::mem::take(&mut catalog.forms);
    for form in forms.values_mut() {
        let module = form.source.module.clone();
        let module = module.as_deref();
        complete(catalog, Kind::Policy, &mut form.policies, module);
        complete(catalog, Kind::ApiCall, &mut form.api_call_notifications, module);
        complete(catalog, Kind::Email, &mut form.email_notifications, module);
        complete(catalog, Kind::Sms, &mut form.sms_notifications, module);
        if let Resource::Table(name) = &mut form.resource
            && let Some(full) = full_name(catalog, Kind::Table, name, module)
        {
            *name = full;
        }
    }
    catalog.forms = forms;
}

/// Completes the policies of `graphql_grants` and reports the missing ones, which grant nothing.
pub fn grants(catalog: &mut Catalog, root: &Path) {
    let mut modules = std::mem::take(&mut catalog.modules);
    for module in &mut modules {
        let inside = (!module.is_root).then(|| module.machine_name.clone());
        for (field, policy) in &mut module.graphql_grants {
            match full_name(catalog, Kind::Policy, policy, inside.as_deref()) {
                Some(full) => *policy = full,
                None => {
                    let file = module.root.join("template-values.json");
                    let file = file.strip_prefix(root).unwrap_or(&file).to_owned();
                    let message = format!(
                        "`graphql_grants` names the policy `{policy}` for `{field}`, which does \
                         not exist: nobody is granted it"
                    );
                    catalog.diagnostics.push(Diagnostic::of_file(Severity::Error, &file, message));
                }
            }
        }
    }
    catalog.modules = modules;
}

/// Completes names; an unresolved one stays, because a missing policy must not let a visitor pass.
fn complete(catalog: &Catalog, kind: Kind, names: &mut [String], module: Option<&str>) {
    for name in names {
        if let Some(full) = full_name(catalog, kind, name, module) {
            *name = full;
        }
    }
}

/// The full name for `name` in a file of `module`: first as written, then inside the module.
fn full_name(catalog: &Catalog, kind: Kind, name: &str, module: Option<&str>) -> Option<String> {
    let inside = module.map(|module| path::logical(Some(module), name.trim_matches('/')));
    path::spellings(name).chain(inside).find(|name| exists(catalog, kind, name))
}

fn exists(catalog: &Catalog, kind: Kind, name: &str) -> bool {
    match kind {
        Kind::Layout => catalog.layouts.contains_key(name),
        Kind::Policy => catalog.policies.contains_key(name),
        Kind::ApiCall => catalog.api_calls.contains_key(name),
        Kind::Email => catalog.emails.contains_key(name),
        Kind::Sms => catalog.smses.contains_key(name),
        Kind::Table => {
            catalog.tables.contains_key(name) || catalog.transactable_types.contains_key(name)
        }
        _ => true,
    }
}

fn names(catalog: &Catalog, kind: Kind) -> Vec<String> {
    fn keys<T>(all: &BTreeMap<String, T>) -> Vec<String> {
        all.keys().cloned().collect()
    }
    match kind {
        Kind::Layout => keys(&catalog.layouts),
        Kind::Policy => keys(&catalog.policies),
        Kind::ApiCall => keys(&catalog.api_calls),
        Kind::Email => keys(&catalog.emails),
        Kind::Sms => keys(&catalog.smses),
        Kind::Table => keys(&catalog.tables),
        _ => Vec::new(),
    }
}

fn severity(catalog: &Catalog, module: Option<&str>) -> Severity {
    let strict = match module {
        Some(name) => catalog.module(name).is_some_and(|module| module.strict),
        None => true,
    };
    if strict { Severity::Error } else { Severity::Warning }
}

/// Reports pages with the same URL; the first one is used.
pub fn addresses(catalog: &mut Catalog, texts: &HashMap<PathBuf, Arc<str>>) {
    let mut first: HashMap<(String, &str, String), &Path> = HashMap::new();
    let mut diagnostics = Vec::new();
    for page in &catalog.pages {
        let key = (page.pattern.shape(), page.method.as_str(), page.format.clone());
        let Some(other) = first.get(&key) else {
            first.insert(key, &page.source.path);
            continue;
        };
        let module = page.source.module.as_deref();
        let text = texts.get(&page.source.path).map_or("", |text| text);
        let severity = severity(catalog, module);
        let message =
            format!("another page answers {} /{}", page.method, page.slug.trim_matches('/'));
        let diagnostic = Diagnostic::at(severity, &page.source.path, page.slug_mark, text, message);
        let help = format!("{} is used, this page is not", other.display());
        diagnostics.push(diagnostic.with_help(Some(help)));
    }
    catalog.diagnostics.extend(diagnostics);
}

/// Reports form properties that the table lacks, because they would be lost.
pub fn fields(catalog: &mut Catalog, texts: &HashMap<PathBuf, Arc<str>>) {
    let mut diagnostics = Vec::new();
    for form in catalog.forms.values() {
        let Some(table) = form.resource.table().and_then(|name| catalog.tables.get(name)) else {
            continue;
        };
        for field in form.fields.iter().filter(|field| !field.virtual_) {
            let Some(name) = field.property() else { continue };
            if table.property(name).is_some() {
                continue;
            }
            let path = &form.source.path;
            let text = texts.get(path).map_or("", |text| text);
            let severity = severity(catalog, form.source.module.as_deref());
            let message = format!("the table `{}` has no property `{name}`", table.name);
            let known = table.properties.iter().map(|property| property.name.as_str());
            let help = suggest::did_you_mean(name, known)
                .unwrap_or_else(|| "add it to the table, or make the field virtual".to_owned());
            let diagnostic = Diagnostic::at(severity, path, field.mark, text, message);
            diagnostics.push(diagnostic.with_help(Some(help)));
        }
    }
    catalog.diagnostics.extend(diagnostics);
}

/// Reports incomplete request types: a call without a mapper, or a mapper without a call.
pub fn request_types(catalog: &mut Catalog) {
    let types = catalog.request_types();
    let mut diagnostics = Vec::new();
    for found in types {
        diagnostics.extend(doubtful_deletion(catalog, found));
        if found.response_mapper.is_some() {
            continue;
        }
        let Some(call) = catalog.api_calls.get(&found.api_call) else { continue };
        let severity = severity(catalog, Some(&found.gateway));
        let message = format!("the request type `{}` has no response mapper", found.name);
        let help =
            format!("add the partial modules/{}/response_mapper/{}", found.gateway, found.name);
        let diagnostic = Diagnostic::of_file(severity, &call.source.path, message);
        diagnostics.push(diagnostic.with_help(Some(help)));
    }
    for (name, partial) in &catalog.partials {
        let Some((gateway, mapped)) = name
            .strip_prefix("modules/")
            .and_then(|rest| rest.split_once("/response_mapper/"))
            .filter(|(gateway, mapped)| !gateway.contains('/') && !mapped.contains('/'))
        else {
            continue;
        };
        let is_called = types.iter().any(|t| t.gateway == gateway && t.name == mapped);
        // A leading underscore marks partials that mappers share.
        if !is_called && !mapped.starts_with('_') {
            let message = format!("the response mapper `{mapped}` has no API call");
            let help = format!("add the API call modules/{gateway}/{mapped}");
            let diagnostic = Diagnostic::of_file(Severity::Warning, &partial.source.path, message);
            diagnostics.push(diagnostic.with_help(Some(help)));
        }
    }
    catalog.diagnostics.extend(diagnostics);
}

/// A name that says delete beside a call that does not: its record is kept.
fn doubtful_deletion(catalog: &Catalog, found: &RequestType) -> Option<Diagnostic> {
    let call = catalog.api_calls.get(&found.api_call)?;
    let is_clear = call.states_effect() || call.effect() == Effect::Delete;
    if !found.name.starts_with("delete_") || is_clear {
        return None;
    }
    let message = format!("`{}` does not say what it does; its record is kept", found.name);
    let help = "add `effect: delete` to delete the record too, or `effect: update`".to_owned();
    let diagnostic = Diagnostic::of_file(Severity::Warning, &call.source.path, message);
    Some(diagnostic.with_help(Some(help)))
}

/// Reports dependencies on missing modules.
pub fn dependencies(modules: &[Module], diagnostics: &mut Vec<Diagnostic>, root: &Path) {
    for module in modules {
        for (name, _) in &module.dependencies {
            if modules.iter().any(|other| !other.is_root && *other.machine_name == **name) {
                continue;
            }
            let severity = if module.strict { Severity::Error } else { Severity::Warning };
            let folder = module.root.strip_prefix(root).unwrap_or(&module.root);
            let path = folder.join("template-values.json");
            let message = format!("it needs the module `{name}`, which is not installed");
            let help = format!("put it into modules/{name}");
            diagnostics.push(Diagnostic::of_file(severity, &path, message).with_help(Some(help)));
        }
    }
}

/// Sorts diagnostics by location, so that every load lists them in the same order.
pub fn sort(diagnostics: &mut [Diagnostic]) {
    diagnostics.sort_by(|a, b| {
        let key = |f: &Diagnostic| (f.path.clone(), Mark { line: f.line, column: f.column });
        key(a).cmp(&key(b)).then_with(|| a.message.cmp(&b.message))
    });
}
