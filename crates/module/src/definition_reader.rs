//! Reads typed values from a file's front matter and reports what is wrong with them.

use crate::diagnostic::{Diagnostic, Severity};
use crate::path::{self, Kind};
use crate::profile::Profile;
use crate::source::{Mark, Source};
use crate::suggest;
use crate::yaml::{Node, Pair, Value};
use serde_json::Value as Json;
use std::path::PathBuf;
use std::sync::Arc;

/// A name in one file that another file must provide.
#[derive(Debug)]
pub struct Reference {
    /// The kind of file.
    pub kind: Kind,
    /// The name as written.
    pub name: String,
    /// The module with the reference.
    pub module: Option<Arc<str>>,
    /// The diagnostic to report if the name does not exist.
    pub diagnostic: Diagnostic,
}

/// The diagnostics and references of the files read so far.
#[derive(Debug, Default)]
pub struct Report {
    /// The diagnostics.
    pub diagnostics: Vec<Diagnostic>,
    /// References to check once every file is read.
    pub references: Vec<Reference>,
}

/// One file being read.
pub struct DefinitionReader<'a> {
    /// The logical name.
    pub name: String,
    /// The name relative to its folder, without the module prefix.
    pub short_name: String,
    /// The format from the file name.
    pub format: Option<String>,
    /// The file, relative to the instance root.
    pub path: PathBuf,
    /// The file's module; `None` for the root module.
    pub module: Option<Arc<str>>,
    /// The module's profile.
    pub profile: Profile,
    /// True for a module in strict mode: unresolved references are errors.
    pub strict: bool,
    /// The file's content on disk, for excerpts.
    pub raw: &'a str,
    /// The front matter, or all of a YAML file.
    pub front: Node,
    /// The body.
    pub body: Source,
    /// Collects diagnostics and references.
    pub report: &'a mut Report,
}

/// The first position in a file.
const START: Mark = Mark { line: 1, column: 1 };

impl DefinitionReader<'_> {
    /// Reports an error.
    pub fn error(&mut self, mark: Mark, message: impl Into<String>, help: Option<String>) {
        self.diagnostic(Severity::Error, mark, message, help);
    }

    /// Reports an unresolved reference or the like: an error in strict mode, otherwise a warning.
    pub fn loose(&mut self, mark: Mark, message: impl Into<String>, help: Option<String>) {
        let severity = if self.strict { Severity::Error } else { Severity::Warning };
        self.diagnostic(severity, mark, message, help);
    }

    /// Reports a diagnostic at a location in this file.
    pub fn diagnostic(
        &mut self,
        severity: Severity,
        mark: Mark,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        let diagnostic =
            Diagnostic::at(severity, &self.path, mark, self.raw, message).with_help(help);
        self.report.diagnostics.push(diagnostic);
    }

    /// Records that `name` must exist; severity as for [`DefinitionReader::loose`].
    pub fn refer(&mut self, kind: Kind, name: &str, mark: Mark) {
        let severity = if self.strict { Severity::Error } else { Severity::Warning };
        self.reference(severity, kind, name, mark);
    }

    /// Refers to something without which the definition does not work: an error if it is missing.
    pub fn require(&mut self, kind: Kind, name: &str, mark: Mark) {
        self.reference(Severity::Error, kind, name, mark);
    }

    fn reference(&mut self, severity: Severity, kind: Kind, name: &str, mark: Mark) {
        let message = format!("there is no {} `{name}`", kind.noun());
        let diagnostic = Diagnostic::at(severity, &self.path, mark, self.raw, message);
        let module = self.module.clone();
        self.report.references.push(Reference { kind, name: name.to_owned(), module, diagnostic });
    }

    /// Reports every unknown key.
    pub fn only(&mut self, known: &[&str]) {
        let front = self.front.clone();
        if !matches!(front.value, Value::Map(_)) {
            if !front.is_null() {
                let message = format!("expected `key: value` pairs, found {}", front.kind());
                self.error(front.mark, message, None);
            }
            return;
        }
        self.only_in(&front, "", known);
    }

    /// Reports every unknown key of `node`.
    pub fn only_in(&mut self, node: &Node, inside: &str, known: &[&str]) {
        for pair in node.pairs() {
            if let Some(first) = pair.repeats {
                let message = format!("the key `{}` is here twice", pair.key);
                let help = format!("it was first given on line {}; this one is used", first.line);
                self.diagnostic(Severity::Warning, pair.mark, message, Some(help));
            }
            if !known.contains(&pair.key.as_str()) {
                let place = if inside.is_empty() { String::new() } else { format!(" in {inside}") };
                let message = format!("unknown key `{}`{place}", pair.key);
                let help = suggest::did_you_mean(&pair.key, known.iter().copied());
                self.loose(pair.mark, message, help);
            }
        }
    }

    /// The pair of the first of `keys` that exists and is not null.
    pub fn pair(&self, keys: &[&str]) -> Option<Pair> {
        keys.iter().filter_map(|key| self.front.get(key)).find(|pair| !pair.node.is_null()).cloned()
    }

    /// The location of a key's value, or the start of the file.
    pub fn mark(&self, keys: &[&str]) -> Mark {
        self.pair(keys).map_or(START, |pair| pair.node.mark)
    }

    /// A string; a number or boolean is read as spelled.
    pub fn text(&mut self, keys: &[&str]) -> Option<String> {
        let pair = self.pair(keys)?;
        match &pair.node.value {
            Value::Text(text) => Some(text.text.clone()),
            Value::Scalar(_, spelling) => Some(spelling.clone()),
            _ => self.wrong(&pair, "a text"),
        }
    }

    /// A string that is not blank.
    pub fn filled(&mut self, keys: &[&str]) -> Option<String> {
        self.text(keys).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// A template in the front matter; `None` if blank.
    pub fn template(&mut self, keys: &[&str]) -> Option<Source> {
        let pair = self.pair(keys)?;
        match self.template_of(&pair) {
            Some(source) => Some(source).filter(|source| !source.text.trim().is_empty()),
            None => {
                let found = pair.node.kind();
                let message = format!("`{}` should be a text, found {found}", pair.key);
                let help = "put it in quotes, or in a block after `>`".to_owned();
                self.error(pair.node.mark, message, Some(help));
                None
            }
        }
    }

    /// The value of a pair as a template, if it is a string or a scalar.
    pub fn template_of(&self, pair: &Pair) -> Option<Source> {
        let (text, anchors) = match &pair.node.value {
            Value::Text(text) => (text.text.as_str(), text.anchors.clone()),
            Value::Scalar(_, spelling) => (spelling.as_str(), Vec::new()),
            _ => return None,
        };
        let line = anchors.first().map_or(pair.node.mark.line, |first| first.mark.line);
        let name = format!("{}#{}", self.name, pair.key);
        let mut source = Source::new(name, self.path.clone(), line, text, self.profile)
            .in_module(self.module.clone());
        source.anchors = Arc::from(anchors);
        Some(source)
    }

    /// A boolean; a quoted one is accepted.
    pub fn boolean(&mut self, keys: &[&str]) -> Option<bool> {
        let pair = self.pair(keys)?;
        match pair.node.json() {
            Json::Bool(value) => Some(value),
            Json::String(text) if text.trim() == "true" => Some(true),
            Json::String(text) if text.trim() == "false" => Some(false),
            Json::String(text) if text.trim().is_empty() => None,
            _ => self.wrong(&pair, "true or false"),
        }
    }

    /// A non-negative integer; quoted digits are accepted.
    pub fn number(&mut self, keys: &[&str]) -> Option<u32> {
        let pair = self.pair(keys)?;
        let number = match pair.node.json() {
            Json::Number(number) => number.as_u64(),
            Json::String(text) if text.trim().is_empty() => return None,
            Json::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        match number.and_then(|number| u32::try_from(number).ok()) {
            Some(number) => Some(number),
            None => self.wrong(&pair, "a whole number"),
        }
    }

    /// A list of names with their locations. A single name is accepted; blank is an empty list.
    pub fn names(&mut self, keys: &[&str]) -> Vec<(String, Mark)> {
        let Some(pair) = self.pair(keys) else { return Vec::new() };
        let nodes = match &pair.node.value {
            Value::List(nodes) => nodes.clone(),
            Value::Text(_) => vec![pair.node.clone()],
            _ => {
                self.wrong::<()>(&pair, "a list of names");
                return Vec::new();
            }
        };
        let mut names = Vec::new();
        for node in nodes {
            match &node.value {
                Value::Text(text) if text.text.trim().is_empty() => {}
                Value::Text(text) => names.push((text.text.trim().to_owned(), node.mark)),
                _ if node.is_null() => {}
                _ => {
                    let message = format!("`{}` lists names, found {}", pair.key, node.kind());
                    self.error(node.mark, message, None);
                }
            }
        }
        names
    }

    /// Full names of other files, recorded as references.
    pub fn references(&mut self, kind: Kind, keys: &[&str]) -> Vec<String> {
        let names = self.names(keys);
        for (name, mark) in &names {
            if !name.contains("{{") {
                self.refer(kind, name, *mark);
            }
        }
        names.into_iter().map(|(name, _)| name).collect()
    }

    /// A mapping, as JSON.
    pub fn mapping(&mut self, keys: &[&str]) -> Json {
        match self.pair(keys) {
            None => Json::Object(serde_json::Map::new()),
            Some(pair) if matches!(pair.node.value, Value::Map(_)) => pair.node.json(),
            Some(pair) => {
                self.wrong::<()>(&pair, "a mapping");
                Json::Object(serde_json::Map::new())
            }
        }
    }

    /// Replaces the name with that of `name:`, if the file has one.
    pub fn rename(&mut self) {
        if let Some(name) = self.filled(&["name"]) {
            let module = self.module.clone();
            self.name = path::logical(module.as_deref(), &name);
            self.short_name = name;
            self.body.name.clone_from(&self.name);
        }
    }

    /// Reports a value of the wrong type. Returns `None`.
    pub fn wrong<T>(&mut self, pair: &Pair, expected: &str) -> Option<T> {
        let found = pair.node.kind();
        let message = format!("`{}` should be {expected}, found {found}", pair.key);
        self.error(pair.node.mark, message, None);
        None
    }
}
