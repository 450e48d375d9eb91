//! Takes deliveries: verified, read, stored once, and only then acknowledged.

use crate::clock::Clock;
use crate::journal::entry::Journal;
use crate::journal::intent::Intent;
use crate::secret::{InstanceKey, Secret};
use crate::store::contract::Store;
use crate::store::execution::ExecutionId;
use crate::store::query::RecordQuery;
use crate::webhook::error::Error;
use crate::webhook::event::Event;
use crate::webhook::signature;
use serde_json::{Value as Json, json};

/// The kind of these executions.
pub const KIND: &str = "webhook_event";
/// Where the secrets of endpoints that the runtime created are kept.
const ENDPOINT_TABLE: &str = "modules/payments/webhook_endpoint";

/// What became of a delivery; all are answered 200.
#[derive(Debug, Clone, PartialEq)]
pub enum Receipt {
    /// Stored now; the worker processes it.
    Stored(ExecutionId),
    /// It was stored before.
    Duplicate(ExecutionId),
}

/// The inbox of one instance.
pub struct Inbox<'a> {
    /// Tells the present moment.
    pub clock: &'a dyn Clock,
    /// Keeps events as executions.
    pub journal: &'a Journal,
    /// Has the secrets of created endpoints.
    pub store: &'a dyn Store,
    /// Opens them.
    pub key: &'a InstanceKey,
    /// The secrets of the environment.
    pub configured: &'a [Secret],
}

impl Inbox<'_> {
    /// Takes one delivery for `gateway`.
    ///
    /// # Errors
    /// [`Error::Refused`] and [`Error::NotAnEvent`] keep nothing; [`Error::Journal`] means it is
    /// not stored and must not be acknowledged.
    pub fn receive(&self, gateway: &str, header: &str, body: &[u8]) -> Result<Receipt, Error> {
        let secrets = self.secrets()?;
        signature::verify(header, body, &secrets, self.clock.now())?;
        let event = Event::read(body)?;
        let input = json!({ "gateway": gateway, "event": event.json });
        let intent = Intent {
            id: None,
            kind: KIND.to_owned(),
            name: event.kind.clone(),
            input,
            idempotency_key: Some(event.key()),
            // A second delivery of an event is the same event, whatever its body says now.
            fingerprint: event.key(),
            ordering_key: event.ordering_key(),
        };
        let entry = self.journal.enqueue(&intent, self.clock.now())?;
        let id = entry.execution.id;
        Ok(if entry.is_new { Receipt::Stored(id) } else { Receipt::Duplicate(id) })
    }

    /// Every secret that may have signed: of the environment, then of created endpoints.
    fn secrets(&self) -> Result<Vec<Secret>, Error> {
        let mut secrets = self.configured.to_vec();
        let query = RecordQuery { per_page: 100, ..RecordQuery::table(ENDPOINT_TABLE) };
        for record in self.store.records(&query)?.results {
            let sealed = record.properties.get("secret").and_then(|s| s.get("sealed"));
            let place = "records/properties/secret";
            secrets.extend(sealed.and_then(Json::as_str).and_then(|s| self.key.open(place, s)));
        }
        Ok(secrets)
    }
}
