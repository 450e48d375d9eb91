//! Takes deliveries: verified, read, stored once, and only then acknowledged.

use crate::clock::Clock;
use crate::gateway::contract::{Gateway, Refusal};
use crate::journal::begin::{Enqueued, Journal};
use crate::journal::intent::Intent;
use crate::webhook::deliveries::{Deliveries, DeliveryResult};
use crate::webhook::error::Error;
use crate::webhook::event::Event;
use crate::webhook::secrets::Secrets;
use serde_json::Value as Json;
use sluicegate_failpoint::failpoint;
use sluicegate_secret::{InstanceKey, Secret};
use sluicegate_store::contract::Store;
use sluicegate_store::document::Document;
use sluicegate_store::execution::ExecutionId;
use sluicegate_store::kind::ExecutionKind;
use sluicegate_store::query::RecordQuery;

/// The kind of these executions, as it is stored.
pub const KIND: &str = ExecutionKind::WebhookEvent.name();

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
    /// How deliveries are signed.
    pub gateway: &'a dyn Gateway,
    /// The current time.
    pub clock: &'a dyn Clock,
    /// Keeps events as executions.
    pub journal: &'a Journal,
    /// Has the secrets of created endpoints.
    pub store: &'a dyn Store,
    /// Opens them.
    pub key: &'a InstanceKey,
    /// The secrets of the environment.
    pub configured: &'a [Secret],
    /// Those and the ones of created endpoints, as they were a moment ago.
    pub secrets: &'a Secrets,
    /// Counts what arrives.
    pub deliveries: &'a Deliveries,
}

impl Inbox<'_> {
    /// Takes one delivery for `gateway`.
    ///
    /// # Errors
    /// [`Error::Refused`] and [`Error::NotAnEvent`] keep nothing; [`Error::Journal`] means it is
    /// not stored and must not be acknowledged.
    pub fn receive(&self, gateway: &str, header: &str, body: &[u8]) -> Result<Receipt, Error> {
        let event = self.verify(header, body)?;
        Ok(self.receipt(self.store(gateway, event)?))
    }

    /// The event of a delivery that is signed with one of our secrets.
    ///
    /// # Errors
    /// [`Error::Refused`], [`Error::NotAnEvent`]; [`Error::Store`] when the secrets cannot be read.
    pub fn verify(&self, header: &str, body: &[u8]) -> Result<Event, Error> {
        let signer = self.signer(header, body);
        self.signed_event(signer, body)
    }

    /// The same without reading the database; `None` when that takes the database.
    pub fn verify_cached(&self, header: &str, body: &[u8]) -> Option<Result<Event, Error>> {
        let now = self.clock.now();
        let known = self.secrets.kept(now)?;
        let place = self.gateway.verify(header, body, &known.1, now).ok()?;
        Some(self.signed_event(Ok(known.0[place].clone()), body))
    }

    fn signed_event(&self, signer: Result<String, Error>, body: &[u8]) -> Result<Event, Error> {
        let event = signer.and_then(|signer| Ok((signer, Event::read(body)?)));
        match event {
            Ok((signer, event)) => {
                self.deliveries.signed(signer);
                Ok(event)
            }
            Err(error) => {
                self.deliveries.count(DeliveryResult::Refused);
                Err(error)
            }
        }
    }

    /// Counts what was kept.
    pub fn receipt(&self, entry: Enqueued) -> Receipt {
        self.deliveries.count(if entry.is_new {
            DeliveryResult::Stored
        } else {
            DeliveryResult::Duplicate
        });
        if entry.is_new { Receipt::Stored(entry.id) } else { Receipt::Duplicate(entry.id) }
    }

    /// True when the event was stored before.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn is_known(&self, event: &Event) -> Result<bool, Error> {
        Ok(self.store.execution_by_key(KIND, &event.key())?.is_some())
    }

    /// Stores an event that is believed, once.
    ///
    /// # Errors
    /// [`Error::Journal`]: it is not stored, and must not be acknowledged.
    pub fn store(&self, gateway: &str, event: Event) -> Result<Enqueued, Error> {
        failpoint!("inbox_before_insert");
        let entry = self.journal.enqueue(intent(gateway, event), self.clock.now())?;
        failpoint!("inbox_after_insert");
        Ok(entry)
    }

    /// The same for a caller that has no thread to wait with.
    pub fn store_with_callback(
        &self,
        gateway: &str,
        event: Event,
        then: impl FnOnce(Result<Enqueued, Error>) + Send + 'static,
    ) {
        failpoint!("inbox_before_insert");
        self.journal.enqueue_then(intent(gateway, event), self.clock.now(), |entry| {
            failpoint!("inbox_after_insert");
            then(entry.map_err(Error::from));
        });
    }

    /// The name of the secret that signed; one that is not known is looked for anew, because its
    /// endpoint may have been made a moment ago.
    fn signer(&self, header: &str, body: &[u8]) -> Result<String, Error> {
        let now = self.clock.now();
        let known = self.secrets.recent(now, || self.read_secrets())?;
        let (known, place) = match self.gateway.verify(header, body, &known.1, now) {
            Err(Refusal::Mismatch | Refusal::NoSecret) => {
                let fresh = self.secrets.fresh(now, || self.read_secrets())?;
                let place = self.gateway.verify(header, body, &fresh.1, now)?;
                (fresh, place)
            }
            verified => {
                let place = verified?;
                (known, place)
            }
        };
        Ok(known.0[place].clone())
    }

    /// Every secret that may have signed, with its name for the counts: of the environment, then
    /// of created endpoints.
    fn read_secrets(&self) -> Result<Vec<(String, Secret)>, Error> {
        let configured = self.configured.iter().enumerate();
        let mut secrets: Vec<_> = configured
            .map(|(place, secret)| (format!("environment {}", place + 1), secret.clone()))
            .collect();
        let query = RecordQuery {
            per_page: 100,
            ..RecordQuery::table(self.gateway.webhook_endpoints_table())
        };
        for record in self.store.records(&query)?.results {
            let sealed = record.properties.get("secret").and_then(|s| s.get("sealed"));
            let place = "records/properties/secret";
            let opened = sealed.and_then(Json::as_str).and_then(|s| self.key.open(place, s));
            secrets.extend(opened.map(|secret| (format!("endpoint {}", record.id), secret)));
        }
        Ok(secrets)
    }
}

/// The execution of an event.
fn intent(gateway: &str, event: Event) -> Intent {
    let key = event.key();
    Intent {
        id: None,
        kind: KIND.to_owned(),
        ordering_key: event.ordering_key(),
        // A second delivery of an event is the same event, whatever its body says now.
        fingerprint: key.clone(),
        idempotency_key: Some(key),
        input: input(gateway, event.json),
        name: event.kind,
    }
}

/// `{"gateway": …, "event": …}`; an event that came as text is in it as it came.
fn input(gateway: &str, event: Document) -> Document {
    let gateway = Json::from(gateway).to_string();
    let event = event.to_text().expect("what was read can be written");
    Document::of_text(["{\"gateway\":", &gateway, ",\"event\":", &event, "}"].concat())
}
