//! Turns a file's content into a definition in the catalog.

use crate::api_call::ApiCall;
use crate::asset::Asset;
use crate::catalog::Catalog;
use crate::definition_reader::{DefinitionReader, Report};
use crate::diagnostic::{Diagnostic, Severity};
use crate::email::{Email, Sms};
use crate::form::Form;
use crate::front_matter;
use crate::graph_query::GraphQuery;
use crate::layout::Layout;
use crate::migration::Migration;
use crate::mustache;
use crate::page::Page;
use crate::partial::Partial;
use crate::paste;
use crate::path::{self, Kind, Placed};
use crate::policy::Policy;
use crate::profile::Profile;
use crate::source::{Mark, Source};
use crate::table::Table;
use crate::yaml::{self, Node, Value};
use serde_json::{Map, Value as Json};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

/// A file that is part of a module, found on disk.
#[derive(Debug, Clone)]
pub struct File {
    /// Its kind and name.
    pub placed: Placed,
    /// The path relative to the instance root.
    pub path: PathBuf,
    /// The path on disk.
    pub disk: PathBuf,
    /// The module; `None` for the root module.
    pub module: Option<Arc<str>>,
    /// True for a file in `app/modules/NAME`, which replaces the module's own.
    pub is_override: bool,
    /// True for a file in `private`.
    pub is_private: bool,
}

/// The module settings that reading a file needs.
#[derive(Clone, Copy)]
pub struct Setting<'a> {
    /// The module's profile.
    pub profile: Profile,
    /// True in strict mode.
    pub strict: bool,
    /// The template values.
    pub values: &'a Map<String, Json>,
    /// The keys of values that come from the environment.
    pub secret_keys: &'a [String],
}

/// Reads files one after another; of two with the same name, the first wins.
#[derive(Default)]
pub struct Reader {
    /// The definitions read so far.
    pub catalog: Catalog,
    /// Diagnostics and references.
    pub report: Report,
    taken: HashMap<(Kind, String), (PathBuf, bool)>,
}

impl Reader {
    /// Reads a text file.
    pub fn take(&mut self, file: &File, raw: &str, setting: Setting<'_>) {
        let text = mustache::fill(raw, setting.values);
        let name = path::logical(file.module.as_deref(), &file.placed.name);
        let Setting { values, secret_keys, strict, .. } = setting;
        let pasted = paste::check(&file.path, raw, values, secret_keys, strict);
        self.report.diagnostics.extend(pasted);
        if file.placed.kind == Kind::Asset {
            let filled = matches!(text, Cow::Owned(_)).then(|| Arc::from(text.as_ref()));
            return self.take_asset(file, name, filled);
        }
        let parts = match parts(file, &text) {
            Ok(parts) => parts,
            Err((mark, message, help)) => {
                let diagnostic = Diagnostic::at(Severity::Error, &file.path, mark, raw, message);
                return self.report.diagnostics.push(diagnostic.with_help(help));
            }
        };
        let body = Source::new(name, file.path.clone(), parts.line, parts.body, setting.profile);
        let draft = DefinitionReader {
            name: body.name.clone(),
            short_name: file.placed.name.clone(),
            format: file.placed.format.clone(),
            path: file.path.clone(),
            module: file.module.clone(),
            profile: setting.profile,
            strict: setting.strict,
            raw,
            front: parts.front,
            body: body.in_module(file.module.clone()),
            report: &mut self.report,
        };
        DefinitionInserter { taken: &mut self.taken, draft, file }.insert_into(&mut self.catalog);
    }

    /// Adds an asset; `text` is its content when template values were filled in.
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

/// The parts of a file.
struct Parts<'a> {
    front: Node,
    body: &'a str,
    line: u32,
}

/// Splits a file, or returns the location of the error, its message and advice.
fn parts<'a>(file: &File, text: &'a str) -> Result<Parts<'a>, (Mark, String, Option<String>)> {
    let (front, body, line) = match file.placed.kind {
        Kind::Table | Kind::ProfileType | Kind::TransactableType | Kind::Translation => {
            (Some((text, 1)), "", 1)
        }
        Kind::GraphQuery => (None, text, 1),
        _ => {
            let split = front_matter::split(text);
            if split.unclosed {
                let message = "the front matter is never closed".to_owned();
                let help = "add a line `---` behind it".to_owned();
                return Err((Mark { line: 1, column: 1 }, message, Some(help)));
            }
            (split.front, split.body, split.body_line)
        }
    };
    let front = match front {
        Some((yaml, line)) => yaml::parse(yaml, line).map_err(|problem| {
            let message = format!("this is not YAML: {}", problem.message);
            (problem.mark, message, yaml_help(text, problem.mark))
        })?,
        None => Node {
            value: Value::Scalar(Json::Null, String::new()),
            mark: Mark { line: 1, column: 1 },
        },
    };
    Ok(Parts { front, body, line })
}

/// Adds a definition to the catalog, unless its name is taken.
struct DefinitionInserter<'a> {
    taken: &'a mut HashMap<(Kind, String), (PathBuf, bool)>,
    draft: DefinitionReader<'a>,
    file: &'a File,
}

impl DefinitionInserter<'_> {
    fn insert_into(mut self, catalog: &mut Catalog) {
        match self.file.placed.kind {
            Kind::Page => {
                let page = Page::read(&mut self.draft).filter(|_| self.is_first());
                catalog.pages.extend(page);
            }
            Kind::Migration => {
                let migration = Migration::read(&mut self.draft).filter(|_| self.is_first());
                catalog.migrations.extend(migration);
            }
            Kind::Translation => catalog.translations.read(&mut self.draft),
            Kind::GraphQuery => {
                let query = GraphQuery { source: self.draft.body.clone() };
                self.insert(&mut catalog.graph_queries, |_| Some(query));
            }
            Kind::Layout => self.insert(&mut catalog.layouts, Layout::read),
            Kind::Partial => self.insert(&mut catalog.partials, Partial::read),
            Kind::Policy => self.insert(&mut catalog.policies, Policy::read),
            Kind::Form => self.insert(&mut catalog.forms, Form::read),
            Kind::Table => self.insert(&mut catalog.tables, Table::read),
            Kind::ProfileType => self.insert(&mut catalog.profile_types, Table::read),
            Kind::TransactableType => self.insert(&mut catalog.transactable_types, Table::read),
            Kind::ApiCall => self.insert(&mut catalog.api_calls, ApiCall::read),
            Kind::Email => self.insert(&mut catalog.emails, Email::read),
            Kind::Sms => self.insert(&mut catalog.smses, Sms::read),
            Kind::Asset => {}
        }
    }

    fn insert<T>(
        &mut self,
        all: &mut BTreeMap<String, T>,
        read: impl FnOnce(&mut DefinitionReader<'_>) -> Option<T>,
    ) {
        if let Some(definition) = read(&mut self.draft)
            && self.is_first()
        {
            all.insert(self.draft.name.clone(), definition);
        }
    }

    /// True for the first file with its name; reports a second one, unless the first overrides it.
    fn is_first(&mut self) -> bool {
        let file = self.file;
        let key = match file.placed.kind {
            // Pages with the same name may differ by format or method, which the check of URLs
            // compares; an override has the same path as the file it replaces.
            Kind::Page => {
                let format = self.draft.format.clone().unwrap_or_default();
                (Kind::Page, format!("{}.{format}", self.draft.name))
            }
            kind => (kind, self.draft.name.clone()),
        };
        let Some((first, overrides)) = self.taken.get(&key) else {
            self.taken.insert(key, (file.path.clone(), file.is_override));
            return true;
        };
        if *overrides == file.is_override {
            let noun = file.placed.kind.noun();
            let message = format!("there is another {noun} named `{}`", self.draft.name);
            let help = format!("{} is used, this file is not", first.display());
            let mark = self.draft.mark(&["name"]);
            self.draft.loose(mark, message, Some(help));
        }
        false
    }
}

/// Advice for the two most frequent mistakes in front matter.
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
