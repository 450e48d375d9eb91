//! A phase: the buffered record writes of one transaction, readable before they are committed.

use super::error::Error;
use super::intent::{Enqueue, new_execution};
use super::overlay::{self, Overlay};
use crate::clock::Clock;
use jiff::Timestamp;
use serde_json::{Map, Value as Json};
use sluicegate_store as store;
use sluicegate_store::contract::Store;
use sluicegate_store::execution::{ExecutionId, State};
use sluicegate_store::page::Page;
use sluicegate_store::query::RecordQuery;
use sluicegate_store::record::{Change, Record, RecordId, RecordUpdate};
use sluicegate_store::state::{Activity, Constant};
use sluicegate_store::timestamp;
use sluicegate_store::write::Write;
use std::sync::Arc;

/// A record to insert.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Draft {
    /// The table, with its module's prefix.
    pub table: String,
    /// Its properties.
    pub properties: Map<String, Json>,
    /// The user who creates the record.
    pub user_id: Option<String>,
    /// An id assigned by the module.
    pub external_id: Option<String>,
    /// An id from [`Phase::reserve_id`] (recorded, so a resumed run uses the same one).
    pub id: Option<RecordId>,
    /// The creation time, if it is not now.
    pub created_at: Option<Timestamp>,
}

impl Draft {
    /// A draft with a table and properties; everything else is unset.
    pub fn new(table: &str, properties: Map<String, Json>) -> Self {
        Self { table: table.to_owned(), properties, ..Self::default() }
    }
}

/// A point in a phase to roll back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    commits: usize,
    writes: usize,
    overlay: usize,
}

/// Writes that other readers cannot see until they are committed.
pub struct Phase {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    writes: Vec<Write>,
    overlay: Overlay,
    // How often the phase was committed and emptied. A rollback cannot cross a commit.
    commits: usize,
}

impl Phase {
    /// An empty phase; usually from [`super::begin::Journal::phase`].
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock, writes: Vec::new(), overlay: Overlay::default(), commits: 0 }
    }

    /// Reserves an id for a record.
    pub fn reserve_id(&self) -> Result<RecordId, Error> {
        Ok(self.store.next_record_id()?)
    }

    /// Inserts a record.
    pub fn insert(&mut self, draft: Draft) -> Result<Record, Error> {
        let id = draft.id.map_or_else(|| self.store.next_record_id(), Ok)?;
        let at = timestamp::truncate(draft.created_at.unwrap_or_else(|| self.clock.now()));
        let mut record = Record::new(id, &draft.table, draft.properties, at);
        record.updated_at = self.now();
        record.user_id = draft.user_id;
        record.external_id = draft.external_id;
        self.writes.push(Write::RecordInsert(record.clone()));
        self.overlay.put(record.clone());
        Ok(record)
    }

    /// Changes some properties of a record.
    pub fn update(
        &mut self,
        id: RecordId,
        changes: Vec<(String, Change)>,
    ) -> Result<Record, Error> {
        self.change(id, changes, None, None)
    }

    /// Changes some properties of a record, and its user and external id where they are given.
    pub fn change(
        &mut self,
        id: RecordId,
        changes: Vec<(String, Change)>,
        user_id: Option<String>,
        external_id: Option<String>,
    ) -> Result<Record, Error> {
        let at = self.now();
        self.apply(RecordUpdate { id, changes, user_id, external_id, at })
    }

    /// Applies an update, which may also set the user or the external id.
    pub fn apply(&mut self, update: RecordUpdate) -> Result<Record, Error> {
        let mut record = self.present(update.id)?;
        record.apply(&update)?;
        self.writes.push(Write::RecordUpdate(update));
        self.overlay.put(record.clone());
        Ok(record)
    }

    /// Soft-deletes a record.
    pub fn delete(&mut self, id: RecordId) -> Result<Record, Error> {
        let mut record = self.present(id)?;
        let at = self.now();
        record.deleted_at = Some(at);
        self.writes.push(Write::RecordDelete { id, at });
        self.overlay.put(record.clone());
        Ok(record)
    }

    /// A record as this phase sees it, soft-deleted or not.
    pub fn record(&self, id: RecordId) -> Result<Option<Record>, Error> {
        match self.overlay.get(id) {
            Some(record) => Ok(Some(record.clone())),
            None => Ok(self.store.record(id)?),
        }
    }

    /// The records that match a query, as this phase sees them.
    pub fn records(&self, query: &RecordQuery) -> Result<Page<Record>, Error> {
        overlay::records(self.store.as_ref(), &self.overlay, query)
    }

    /// Sets a constant to a sealed value.
    pub fn constant_set(&mut self, name: &str, sealed: String) {
        let constant = Constant { name: name.to_owned(), sealed, updated_at: self.now() };
        self.writes.push(Write::ConstantSet(constant));
    }

    /// All constants as this phase sees them, sorted by name.
    pub fn constants(&self) -> Result<Vec<Constant>, Error> {
        let mut constants = self.store.constants()?;
        for write in &self.writes {
            let Write::ConstantSet(new) = write else { continue };
            match constants.binary_search_by(|old| old.name.cmp(&new.name)) {
                Ok(place) => constants[place] = new.clone(),
                Err(place) => constants.insert(place, new.clone()),
            }
        }
        Ok(constants)
    }

    /// Publishes an activity.
    pub fn activity(&mut self, payload: Json) -> Activity {
        let activity = Activity { uuid: new_uuid(), payload, created_at: self.now() };
        self.writes.push(Write::ActivityInsert(activity.clone()));
        activity
    }

    /// Enqueues an execution in the same commit as the phase's record writes.
    pub fn enqueue(&mut self, later: Enqueue) -> ExecutionId {
        let execution = new_execution(later.intent, State::Available, self.now(), later.run_at);
        let id = execution.id.clone();
        self.writes.push(Write::ExecutionInsert(execution));
        id
    }

    /// Appends another phase's writes to this one.
    pub fn join(&mut self, other: Self) {
        self.writes.extend(other.writes);
        other.overlay.into_records().for_each(|record| self.overlay.put(record));
    }

    /// Adds a write that has no method of its own, such as a session.
    pub fn push(&mut self, write: Write) {
        self.writes.push(write);
    }

    /// The current point, for [`Phase::rollback_to`].
    pub fn mark(&self) -> Mark {
        Mark { commits: self.commits, writes: self.writes.len(), overlay: self.overlay.mark() }
    }

    /// Undoes every write after `mark`, except those already committed. A mark that was itself
    /// undone has no effect.
    pub fn rollback_to(&mut self, mark: Mark) {
        if mark.commits < self.commits {
            self.writes.clear();
            self.overlay = Overlay::default();
            return;
        }
        self.writes.truncate(mark.writes);
        self.overlay.rollback_to(mark.overlay);
    }

    /// True when there is nothing to commit.
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    /// The buffered writes, in order.
    pub fn writes(&self) -> &[Write] {
        &self.writes
    }

    /// The buffered writes, to be committed.
    pub fn into_writes(self) -> Vec<Write> {
        self.writes
    }

    /// Empties the phase after its writes were committed.
    pub(super) fn forget(&mut self) {
        self.writes.clear();
        self.overlay = Overlay::default();
        self.commits += 1;
    }

    fn present(&self, id: RecordId) -> Result<Record, Error> {
        let gone = |why: &str| Error::from(store::error::Error::Gone(format!("record {id} {why}")));
        let record = self.record(id)?.ok_or_else(|| gone("does not exist"))?;
        if record.deleted_at.is_some() { Err(gone("is deleted")) } else { Ok(record) }
    }

    fn now(&self) -> Timestamp {
        timestamp::truncate(self.clock.now())
    }
}

fn new_uuid() -> String {
    let mut bytes: [u8; 16] = rand::random();
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let digits = hex::encode(bytes);
    let part = |from: usize, to: usize| &digits[from..to];
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}
