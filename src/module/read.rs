//! From the text of a file to a definition in the catalog.

use crate::module::api_call::ApiCall;
use crate::module::asset::Asset;
use crate::module::catalog::Catalog;
use crate::module::draft::{Draft, Report};
use crate::module::email::{Email, Sms};
use crate::module::fault::{Fault, Severity};
use crate::module::form::Form;
use crate::module::front_matter;
use crate::module::graph_query::GraphQuery;
use crate::module::layout::Layout;
use crate::module::migration::Migration;
use crate::module::mustache;
use crate::module::page::Page;
use crate::module::partial::Partial;
use crate::module::path::{self, Kind, Placed};
use crate::module::policy::Policy;
use crate::module::profile::Profile;
use crate::module::source::{Mark, Source};
use crate::module::table::Table;
use crate::module::yaml::{self, Node, Value};
use serde_json::{Map, Value as Json};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

/// A file that is part of a module, found on disk.
#[derive(Debug, Clone)]
pub struct File {
    /// What it is.
    pub placed: Placed,
    /// Relative to the instance root.
    pub path: PathBuf,
    /// On disk.
    pub disk: PathBuf,
    /// Its module; `None` is the root module.
    pub module: Option<Arc<str>>,
    /// It stands in `app/modules/NAME` in place of the module's own.
    pub is_override: bool,
    /// It stands in `private`.
    pub is_private: bool,
}

/// What a file's module lends to its reading.
#[derive(Clone, Copy)]
pub struct Setting<'a> {
    /// The module's profile.
    pub profile: Profile,
    /// The module is ours.
    pub strict: bool,
    /// Its template values.
    pub values: &'a Map<String, Json>,
}

/// Reads files one after the other; of two with the same name the first read wins.
#[derive(Default)]
pub struct Reader {
    /// What has been read.
    pub catalog: Catalog,
    /// What is wrong, and what is asked for.
    pub report: Report,
    taken: HashMap<(Kind, String), (PathBuf, bool)>,
}

impl Reader {
    /// Reads a text file.
    pub fn take(&mut self, file: &File, raw: &str, setting: Setting<'_>) {
        let text = mustache::fill(raw, setting.values);
        let name = path::logical(file.module.as_deref(), &file.placed.name);
        if matches!(file.placed.kind, Kind::Asset) {
            let filled = match text {
                Cow::Owned(text) => Some(Arc::from(text)),
                Cow::Borrowed(_) => None,
            };
            return self.take_asset(file, name, filled);
        }
        let whole = |line| {
            Source::new(name.clone(), file.path.clone(), line, "", setting.profile)
                .in_module(file.module.clone())
        };
        let (front, body) = match file.placed.kind {
            Kind::Table | Kind::ProfileType | Kind::TransactableType | Kind::Translation => {
                (Some((text.as_ref(), 1)), whole(1))
            }
            Kind::GraphQuery => (None, Source { text: Arc::from(text.as_ref()), ..whole(1) }),
            _ => {
                let split = front_matter::split(&text);
                if split.unclosed {
                    let message = "the front matter is never closed";
                    let mark = Mark { line: 1, column: 1 };
                    let help = Some("add a line `---` behind it".to_owned());
                    let fault = Fault::at(Severity::Error, &file.path, mark, raw, message);
                    self.report.faults.push(fault.with_help(help));
                    return;
                }
                (split.front, Source { text: Arc::from(split.body), ..whole(split.body_line) })
            }
        };
        let front = match front.map(|(yaml, line)| yaml::parse(yaml, line)) {
            None => nothing(),
            Some(Ok(node)) => node,
            Some(Err(problem)) => {
                let message = format!("this is not YAML: {}", problem.message);
                let fault = Fault::at(Severity::Error, &file.path, problem.mark, raw, message);
                self.report.faults.push(fault.with_help(yaml_help(raw, problem.mark)));
                return;
            }
        };
        let mut draft = Draft {
            name,
            short_name: file.placed.name.clone(),
            format: file.placed.format.clone(),
            path: file.path.clone(),
            module: file.module.clone(),
            profile: setting.profile,
            strict: setting.strict,
            raw,
            front,
            body,
            report: &mut self.report,
        };
        let taken = &mut self.taken;
        let catalog = &mut self.catalog;
        match file.placed.kind {
            Kind::Page => {
                if let Some(page) = Page::read(&mut draft)
                    && is_first(taken, &mut draft, file)
                {
                    catalog.pages.push(page);
                }
            }
            Kind::Migration => {
                if let Some(migration) = Migration::read(&mut draft)
                    && is_first(taken, &mut draft, file)
                {
                    catalog.migrations.push(migration);
                }
            }
            Kind::Translation => catalog.translations.read(&mut draft),
            Kind::GraphQuery => {
                let query = Some(GraphQuery { source: draft.body.clone() });
                keep(&mut catalog.graph_queries, query, taken, &mut draft, file);
            }
            Kind::Layout => {
                keep(&mut catalog.layouts, Layout::read(&mut draft), taken, &mut draft, file);
            }
            Kind::Partial => {
                keep(&mut catalog.partials, Partial::read(&mut draft), taken, &mut draft, file);
            }
            Kind::Policy => {
                keep(&mut catalog.policies, Policy::read(&mut draft), taken, &mut draft, file);
            }
            Kind::Form => keep(&mut catalog.forms, Form::read(&mut draft), taken, &mut draft, file),
            Kind::Table => {
                keep(&mut catalog.tables, Table::read(&mut draft), taken, &mut draft, file);
            }
            Kind::ProfileType => {
                keep(&mut catalog.profile_types, Table::read(&mut draft), taken, &mut draft, file);
            }
            Kind::TransactableType => {
                let all = &mut catalog.transactable_types;
                keep(all, Table::read(&mut draft), taken, &mut draft, file);
            }
            Kind::ApiCall => {
                keep(&mut catalog.api_calls, ApiCall::read(&mut draft), taken, &mut draft, file);
            }
            Kind::Email => {
                keep(&mut catalog.emails, Email::read(&mut draft), taken, &mut draft, file);
            }
            Kind::Sms => keep(&mut catalog.smses, Sms::read(&mut draft), taken, &mut draft, file),
            Kind::Asset => {}
        }
    }

    /// Takes an asset by its place; `text` is given when template values were filled in.
    pub fn take_asset(&mut self, file: &File, path: String, text: Option<Arc<str>>) {
        let asset = Asset {
            path: path.clone(),
            module: file.module.clone(),
            disk: file.disk.clone(),
            text,
        };
        self.catalog.assets.entry(path).or_insert(asset);
    }
}

fn nothing() -> Node {
    Node { value: Value::Scalar(Json::Null, String::new()), mark: Mark { line: 1, column: 1 } }
}

fn keep<T>(
    all: &mut BTreeMap<String, T>,
    definition: Option<T>,
    taken: &mut HashMap<(Kind, String), (PathBuf, bool)>,
    draft: &mut Draft<'_>,
    file: &File,
) {
    if let Some(definition) = definition
        && is_first(taken, draft, file)
    {
        all.insert(draft.name.clone(), definition);
    }
}

/// True for the first file of its name; a second is told, unless the first overrides it.
fn is_first(
    taken: &mut HashMap<(Kind, String), (PathBuf, bool)>,
    draft: &mut Draft<'_>,
    file: &File,
) -> bool {
    // Pages of one name differ by format or method, which their addresses tell apart.
    let key = match file.placed.kind {
        Kind::Page => (Kind::Page, file.path.display().to_string()),
        kind => (kind, draft.name.clone()),
    };
    let Some((first, overrides)) = taken.get(&key) else {
        taken.insert(key, (file.path.clone(), file.is_override));
        return true;
    };
    if *overrides == file.is_override {
        let noun = file.placed.kind.noun();
        let message = format!("there is another {noun} named `{}`", draft.name);
        let help = format!("{} is used, this file is not", first.display());
        draft.loose(draft.mark(&["name"]), message, Some(help));
    }
    false
}

/// The two mistakes nearly every broken front matter is made of.
fn yaml_help(raw: &str, mark: Mark) -> Option<String> {
    let index = (mark.line as usize).checked_sub(1)?;
    let lines: Vec<_> = raw.lines().collect();
    let near = lines.get(index.saturating_sub(1)..(index + 1).min(lines.len()))?;
    if near.iter().any(|line| line.contains('\t')) {
        return Some("YAML is indented with spaces, never with tabs".to_owned());
    }
    if near.iter().any(|line| line.contains(": {{") || line.contains(": {%")) {
        return Some("put Liquid in quotes, or in a block after `>`".to_owned());
    }
    None
}
