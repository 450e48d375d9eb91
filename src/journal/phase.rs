//! The record writes of one transaction, buffered, and readable before they are committed.

use crate::clock::Clock;
use crate::store::contract::Store;
use crate::store::error::Error;
use crate::store::record::{Change, Record, RecordId};
use crate::store::record_query::{RecordPage, RecordQuery};
use crate::store::write::Write;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Runs work whose record writes go into a phase instead of being committed one by one.
pub trait Buffer {
    /// Calls `work`; what it writes is in `phase` afterwards.
    fn within(&self, phase: &mut Phase, work: &mut dyn FnMut());
}

/// Writes on their way into one commit. Reading through a phase sees them.
pub struct Phase {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    writes: Vec<Write>,
    /// Every record touched, as it will be.
    touched: BTreeMap<RecordId, Record>,
}

/// A place in a phase to go back to.
#[derive(Debug, Clone)]
pub struct Mark {
    writes: usize,
    touched: BTreeMap<RecordId, Record>,
}

impl Phase {
    /// An empty phase.
    pub(super) fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock, writes: Vec::new(), touched: BTreeMap::new() }
    }

    /// An empty phase over the same store, for work of its own.
    pub fn sibling(&self) -> Self {
        Self::new(Arc::clone(&self.store), Arc::clone(&self.clock))
    }

    /// True when nothing would be written.
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    /// A new record.
    ///
    /// # Errors
    /// [`Error`] when no id can be reserved.
    pub fn insert(
        &mut self,
        table: &str,
        properties: Map<String, Json>,
        user_id: Option<&str>,
    ) -> Result<Record, Error> {
        let now = self.clock.now();
        let record = Record {
            id: self.store.next_record_id()?,
            table: table.to_owned(),
            external_id: properties.get("external_id").and_then(Json::as_str).map(str::to_owned),
            properties,
            user_id: user_id.map(str::to_owned),
            created_at: now,
            updated_at: now,
            deleted_at: None,
        };
        self.touched.insert(record.id, record.clone());
        self.writes.push(Write::RecordInsert(record.clone()));
        Ok(record)
    }

    /// Changes properties of a record that is not deleted; the others stay.
    ///
    /// # Errors
    /// [`Error`] when it cannot be read.
    pub fn update(
        &mut self,
        id: RecordId,
        changes: Vec<(String, Change)>,
    ) -> Result<Option<Record>, Error> {
        let Some(mut record) = self.record(id)? else { return Ok(None) };
        let at = self.clock.now();
        record.apply(&changes, at);
        self.touched.insert(id, record.clone());
        self.writes.push(Write::RecordUpdate { id, changes, at });
        Ok(Some(record))
    }

    /// Marks a record deleted.
    ///
    /// # Errors
    /// [`Error`] when it cannot be read.
    pub fn delete(&mut self, id: RecordId) -> Result<Option<Record>, Error> {
        let Some(mut record) = self.record(id)? else { return Ok(None) };
        let at = self.clock.now();
        record.deleted_at = Some(at);
        record.updated_at = at;
        self.touched.insert(id, record.clone());
        self.writes.push(Write::RecordDelete { id, at });
        Ok(Some(record))
    }

    /// Any other write that belongs into this commit.
    pub fn push(&mut self, write: Write) {
        self.writes.push(write);
    }

    /// A record as it will be; nothing when it is not there or deleted.
    ///
    /// # Errors
    /// [`Error`] when it cannot be read.
    pub fn record(&self, id: RecordId) -> Result<Option<Record>, Error> {
        let record = match self.touched.get(&id) {
            Some(record) => Some(record.clone()),
            None => self.store.record(id)?,
        };
        Ok(record.filter(|record| record.deleted_at.is_none()))
    }

    /// A page of records as they will be.
    ///
    /// # Errors
    /// [`Error`] when they cannot be read.
    pub fn records(&self, query: &RecordQuery) -> Result<RecordPage, Error> {
        if self.touched.is_empty() {
            return self.store.records(query);
        }
        // The pages shift with what was touched: take all that match, then cut the page anew.
        let all = RecordQuery { page: 1, per_page: u32::MAX, ..query.clone() };
        let stored = self.store.records(&all)?.results.into_iter();
        let mut matching: Vec<_> = stored.filter(|r| !self.touched.contains_key(&r.id)).collect();
        matching.extend(self.touched.values().filter(|r| query.matches(r)).cloned());
        Ok(query.paginate(matching))
    }

    /// A place to go back to.
    pub fn mark(&self) -> Mark {
        Mark { writes: self.writes.len(), touched: self.touched.clone() }
    }

    /// Forgets everything since the mark.
    pub fn rollback_to(&mut self, mark: Mark) {
        self.writes.truncate(mark.writes);
        self.touched = mark.touched;
    }

    /// Takes on the writes of a sibling.
    pub fn join(&mut self, other: Self) {
        self.writes.extend(other.writes);
        self.touched.extend(other.touched);
    }

    /// Commits what there is on its own, and begins anew.
    ///
    /// # Errors
    /// [`Error`]; nothing of it is written then, and it is forgotten.
    pub fn commit(&mut self) -> Result<(), Error> {
        self.touched.clear();
        self.store.commit(std::mem::take(&mut self.writes))
    }

    /// The writes, for the commit that ends the phase.
    pub(super) fn into_writes(self) -> Vec<Write> {
        self.writes
    }
}
