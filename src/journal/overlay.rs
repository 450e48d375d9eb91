//! The records that a phase has changed, overlaid on those in the store.

use super::error::Error;
use serde_json::Value as Json;
use sluicegate_store::contract::Store;
use sluicegate_store::page::Page;
use sluicegate_store::query::{Filter, Op, RecordQuery, Subject};
use sluicegate_store::record::{Record, RecordId};
use std::collections::BTreeMap;

/// Changed records, with an undo log.
#[derive(Debug, Default)]
pub struct Overlay {
    touched: BTreeMap<RecordId, Record>,
    undo: Vec<(RecordId, Option<Record>)>,
}

impl Overlay {
    /// A changed record; `None` if this phase has not changed it.
    pub fn get(&self, id: RecordId) -> Option<&Record> {
        self.touched.get(&id)
    }

    /// Stores a record's new version.
    pub fn put(&mut self, record: Record) {
        let id = record.id;
        let before = self.touched.insert(id, record);
        self.undo.push((id, before));
    }

    /// Every changed record in its latest version.
    pub fn into_records(self) -> impl Iterator<Item = Record> {
        self.touched.into_values()
    }

    /// The current position in the undo log.
    pub fn mark(&self) -> usize {
        self.undo.len()
    }

    /// Undoes every change after `mark`.
    pub fn rollback_to(&mut self, mark: usize) {
        while self.undo.len() > mark {
            match self.undo.pop() {
                Some((id, Some(before))) => drop(self.touched.insert(id, before)),
                Some((id, None)) => drop(self.touched.remove(&id)),
                None => return,
            }
        }
    }
}

/// The records that match a query: unchanged ones from the store, changed ones from the overlay.
pub fn records(
    store: &dyn Store,
    overlay: &Overlay,
    query: &RecordQuery,
) -> Result<Page<Record>, Error> {
    if overlay.touched.is_empty() {
        return Ok(store.records(query)?);
    }
    let (page, per_page) = (query.page.max(1), query.per_page.max(1));
    // Changed records may sort before stored ones, so every stored row up to this page is needed.
    let mut stored = query.clone();
    let ids = overlay.touched.keys().copied().map(Json::from).collect();
    stored.filters.push(Filter::on(Subject::Id, Op::In(ids)).negated());
    stored.page = 1;
    stored.per_page = page.saturating_mul(per_page);
    let stored = store.records(&stored)?;
    let mut results = stored.results;
    let ours: Vec<_> = overlay.touched.values().filter(|record| query.matches(record)).collect();
    let total_entries = stored.total_entries + ours.len() as u64;
    results.extend(ours.into_iter().cloned());
    results.sort_by(|a, b| query.compare(a, b));
    let end = (page as usize).saturating_mul(per_page as usize);
    let has_next_page = stored.has_next_page || results.len() > end;
    let skipped = end - per_page as usize;
    let results = results.into_iter().skip(skipped).take(per_page as usize).collect();
    Ok(Page { results, has_next_page, total_entries, current_page: page, per_page })
}
