//! A phase: the record writes of one transaction, buffered, that the phase itself can read.

use super::begin::new_execution;
use super::error::Error;
use super::intent::Enqueue;
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

/// A record that is about to be made.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Draft {
    /// The table, with its module's prefix.
    pub table: String,
    /// Its properties.
    pub properties: Map<String, Json>,
    /// The user who makes it.
    pub user_id: Option<String>,
    /// An id the module gives it.
    pub external_id: Option<String>,
    /// An id reserved before with [`Phase::reserve_id`] (a run resumed remembers it).
    pub id: Option<RecordId>,
    /// A moment of making other than now.
    pub created_at: Option<Timestamp>,
}

impl Draft {
    /// A draft with these properties.
    pub fn new(table: &str, properties: Map<String, Json>) -> Self {
        Self { table: table.to_owned(), properties, ..Self::default() }
    }
}

/// A point in a phase to which it can go back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    borders: usize,
    writes: usize,
    overlay: usize,
}

/// Writes that nobody else sees until they are committed.
pub struct Phase {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    writes: Vec<Write>,
    overlay: Overlay,
    // How often it was emptied: what was before cannot be gone back to.
    borders: usize,
}

impl Phase {
    /// An empty phase; usually from [`super::begin::Journal::phase`].
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock, writes: Vec::new(), overlay: Overlay::default(), borders: 0 }
    }

    /// Reserves an id for a record.
    pub fn reserve_id(&self) -> Result<RecordId, Error> {
        Ok(self.store.next_record_id()?)
    }

    /// Makes a record.
    pub fn insert(&mut self, draft: Draft) -> Result<Record, Error> {
        let id = draft.id.map_or_else(|| self.store.next_record_id(), Ok)?;
        let at = timestamp::whole(draft.created_at.unwrap_or_else(|| self.clock.now()));
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
        let at = self.now();
        self.apply(RecordUpdate { id, changes, user_id: None, external_id: None, at })
    }

    /// Applies an update, which may also name a user or an external id.
    pub fn apply(&mut self, update: RecordUpdate) -> Result<Record, Error> {
        let mut record = self.present(update.id)?;
        record.apply(&update)?;
        self.writes.push(Write::RecordUpdate(update));
        self.overlay.put(record.clone());
        Ok(record)
    }

    /// Deletes a record softly.
    pub fn delete(&mut self, id: RecordId) -> Result<Record, Error> {
        let mut record = self.present(id)?;
        let at = self.now();
        record.deleted_at = Some(at);
        self.writes.push(Write::RecordDelete { id, at });
        self.overlay.put(record.clone());
        Ok(record)
    }

    /// A record as this phase sees it, softly deleted or not.
    pub fn record(&self, id: RecordId) -> Result<Option<Record>, Error> {
        match self.overlay.get(id) {
            Some(record) => Ok(Some(record.clone())),
            None => Ok(self.store.record(id)?),
        }
    }

    /// The records a query asks for, as this phase sees them.
    pub fn records(&self, query: &RecordQuery) -> Result<Page<Record>, Error> {
        overlay::records(self.store.as_ref(), &self.overlay, query)
    }

    /// Sets a constant to a sealed value.
    pub fn constant_set(&mut self, name: &str, sealed: String) {
        let constant = Constant { name: name.to_owned(), sealed, updated_at: self.now() };
        self.writes.push(Write::ConstantSet(constant));
    }

    /// All constants as this phase sees them, by name.
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

    /// Asks for an execution that exists once this phase is committed: effect and order together.
    pub fn enqueue(&mut self, later: Enqueue) -> ExecutionId {
        let execution = new_execution(later.intent, State::Available, self.now(), later.run_at);
        let id = execution.id.clone();
        self.writes.push(Write::ExecutionInsert(execution));
        id
    }

    /// Takes on what another phase would write, after what this one has.
    pub fn join(&mut self, other: Self) {
        self.writes.extend(other.writes);
        other.overlay.into_records().for_each(|record| self.overlay.put(record));
    }

    /// Adds a write of another kind (a session).
    pub fn push(&mut self, write: Write) {
        self.writes.push(write);
    }

    /// The present point.
    pub fn mark(&self) -> Mark {
        Mark { borders: self.borders, writes: self.writes.len(), overlay: self.overlay.mark() }
    }

    /// Undoes everything after a point, as far as it is not on disk. A point that was undone itself
    /// changes nothing.
    pub fn rollback_to(&mut self, mark: Mark) {
        if mark.borders < self.borders {
            self.writes.clear();
            self.overlay = Overlay::default();
            return;
        }
        self.writes.truncate(mark.writes);
        self.overlay.rollback_to(mark.overlay);
    }

    /// True when nothing would be written.
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    /// The writes so far.
    pub fn writes(&self) -> &[Write] {
        &self.writes
    }

    /// The writes, to be committed.
    pub fn into_writes(self) -> Vec<Write> {
        self.writes
    }

    /// Empties the phase: what it held is on disk.
    pub(super) fn forget(&mut self) {
        self.writes.clear();
        self.overlay = Overlay::default();
        self.borders += 1;
    }

    fn present(&self, id: RecordId) -> Result<Record, Error> {
        let gone = |why: &str| Error::from(store::error::Error::Gone(format!("record {id} {why}")));
        let record = self.record(id)?.ok_or_else(|| gone("does not exist"))?;
        if record.deleted_at.is_some() { Err(gone("is deleted")) } else { Ok(record) }
    }

    fn now(&self) -> Timestamp {
        timestamp::whole(self.clock.now())
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
