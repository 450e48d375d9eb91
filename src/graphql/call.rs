//! One call of a resolver: arguments, parent, and what the whole document shares.

use super::backend::{Backend, ResolverError};
use super::build::TableIndex;
use serde_json::{Map, Value as Json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// Somebody outside.
    External,
    /// A template of a module, on the way to its own page.
    Template,
}

/// What all calls of one document share.
pub(super) struct DocumentContext {
    pub(super) backend: Arc<dyn Backend>,
    pub(super) table_index: Arc<TableIndex>,
    pub(super) origin: Origin,
    /// How many more queries for related records are done.
    pub(super) related_left: AtomicU32,
}

/// How many queries for related records one document gets.
const RELATED_MAX: u32 = 2_000;

impl DocumentContext {
    pub(super) fn new(
        backend: Arc<dyn Backend>,
        table_index: Arc<TableIndex>,
        origin: Origin,
    ) -> Self {
        Self { backend, table_index, origin, related_left: AtomicU32::new(RELATED_MAX) }
    }

    /// Takes one query for related records, while there are any left.
    pub(super) fn take_related(&self) -> Result<(), ResolverError> {
        let less = |left: u32| left.checked_sub(1);
        match self.related_left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less) {
            Ok(_) => Ok(()),
            Err(_) => Err(ResolverError::new(
                "too_complex",
                format!("a document gets at most {RELATED_MAX} queries for related records"),
            )),
        }
    }
}

/// A call.
pub(super) struct FieldCall<'a> {
    pub(super) args: &'a Map<String, Json>,
    /// The object whose field is asked; nothing at the root.
    pub(super) parent: Option<&'a Json>,
    pub(super) shared: &'a DocumentContext,
}

impl<'a> FieldCall<'a> {
    pub(super) fn backend(&self) -> &'a dyn Backend {
        &*self.shared.backend
    }

    pub(super) fn table_index(&self) -> &'a TableIndex {
        &self.shared.table_index
    }

    /// An argument that is there and not null.
    pub(super) fn arg(&self, name: &str) -> Option<&'a Json> {
        self.args.get(name).filter(|value| !value.is_null())
    }

    /// A text that is there and not null.
    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        self.arg(name)?.as_str()
    }

    /// A text that is there and not blank.
    pub(super) fn word(&self, name: &str) -> Option<&'a str> {
        self.text(name).filter(|text| !text.trim().is_empty())
    }

    /// A text the schema demands.
    pub(super) fn needed(&self, name: &str) -> &'a str {
        self.text(name).unwrap_or_default()
    }

    /// An argument as it is; null when it is not there.
    pub(super) fn json(&self, name: &str) -> Json {
        self.args.get(name).cloned().unwrap_or_default()
    }

    /// A list of texts; `None` when it is not there or null.
    pub(super) fn texts(&self, name: &str) -> Option<Vec<String>> {
        self.arg(name).map(texts)
    }

    /// A value of the parent.
    pub(super) fn of_parent(&self, key: &str) -> Option<&'a Json> {
        self.parent?.get(key).filter(|value| !value.is_null())
    }
}

/// The texts of a list.
pub(super) fn texts(list: &Json) -> Vec<String> {
    let items = list.as_array().map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
}
