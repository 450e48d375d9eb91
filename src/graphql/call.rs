//! One call of a resolver: its arguments, its parent, and the state of the document.

use super::backend::{Backend, ResolverError};
use super::tables::TableIndex;
use serde_json::{Map, Value as Json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// The origin of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// An external caller.
    External,
    /// A template of a module, during the render of its page.
    Template,
}

/// State shared by all calls of one document.
pub(super) struct DocumentContext {
    pub(super) backend: Arc<dyn Backend>,
    pub(super) table_index: Arc<TableIndex>,
    pub(super) origin: Origin,
    /// The number of related-record queries left.
    pub(super) related_left: AtomicU32,
}

/// The maximum number of related-record queries per document.
const RELATED_MAX: u32 = 2_000;

impl DocumentContext {
    pub(super) fn new(
        backend: Arc<dyn Backend>,
        table_index: Arc<TableIndex>,
        origin: Origin,
    ) -> Self {
        Self { backend, table_index, origin, related_left: AtomicU32::new(RELATED_MAX) }
    }

    /// Counts one related-record query; an error when none is left.
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

/// One call of a resolver.
pub(super) struct FieldCall<'a> {
    pub(super) args: &'a Map<String, Json>,
    /// The object whose field is resolved; `None` at the root.
    pub(super) parent: Option<&'a Json>,
    pub(super) shared: &'a DocumentContext,
    /// True when the document selects this field of the result.
    pub(super) selects: &'a dyn Fn(&str) -> bool,
}

impl<'a> FieldCall<'a> {
    pub(super) fn backend(&self) -> &'a dyn Backend {
        &*self.shared.backend
    }

    pub(super) fn table_index(&self) -> &'a TableIndex {
        &self.shared.table_index
    }

    /// Returns an argument that is present and not null.
    pub(super) fn arg(&self, name: &str) -> Option<&'a Json> {
        self.args.get(name).filter(|value| !value.is_null())
    }

    /// Returns a string argument that is present and not null.
    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        self.arg(name)?.as_str()
    }

    /// Returns a string argument that is present and not blank.
    pub(super) fn non_blank(&self, name: &str) -> Option<&'a str> {
        self.text(name).filter(|text| !text.trim().is_empty())
    }

    /// Returns a string argument that the schema requires.
    pub(super) fn required(&self, name: &str) -> &'a str {
        self.text(name).unwrap_or_default()
    }

    /// Returns an argument unchanged; null when it is absent.
    pub(super) fn json(&self, name: &str) -> Json {
        self.args.get(name).cloned().unwrap_or_default()
    }

    /// Returns a list of strings; `None` when it is absent or null.
    pub(super) fn texts(&self, name: &str) -> Option<Vec<String>> {
        self.arg(name).map(texts)
    }

    /// Returns a non-null value of the parent.
    pub(super) fn of_parent(&self, key: &str) -> Option<&'a Json> {
        self.parent?.get(key).filter(|value| !value.is_null())
    }
}

/// Returns the strings of a list; other items are skipped.
pub(super) fn texts(list: &Json) -> Vec<String> {
    let items = list.as_array().map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
}
