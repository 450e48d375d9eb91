//! Receives deliveries: verifies, parses and stores each one before acknowledging it.

use crate::clock::Clock;
use crate::config::WEBHOOK_SECRET_CHARS_MIN;
use crate::gateway::contract::{FutureTimes, Gateway, Refusal};
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

/// The execution kind of webhook events.
pub const KIND: &str = ExecutionKind::WebhookEvent.name();

/// The result of an accepted delivery, which is answered with 200.
#[derive(Debug, Clone, PartialEq)]
pub enum Receipt {
    /// Newly stored; the worker processes it.
    Stored(ExecutionId),
    /// It was already stored.
    Duplicate(ExecutionId),
}

/// The inbox of one instance.
pub struct Inbox<'a> {
    /// Verifies the signatures.
    pub gateway: &'a dyn Gateway,
    /// The current time.
    pub clock: &'a dyn Clock,
    /// Stores events as executions.
    pub journal: &'a Journal,
    /// Holds the secrets of created endpoints.
    pub store: &'a dyn Store,
    /// Opens those secrets.
    pub key: &'a InstanceKey,
    /// The secrets of the environment.
    pub configured: &'a [Secret],
    /// The cache of all secrets.
    pub secrets: &'a Secrets,
    /// What becomes of signatures from the future.
    pub future: FutureTimes,
    /// Counts the deliveries.
    pub deliveries: &'a Deliveries,
}

impl Inbox<'_> {
    /// Receives one delivery for `gateway`.
    ///
    /// # Errors
    /// After [`Error::Refused`] and [`Error::NotAnEvent`] nothing is stored; after
    /// [`Error::Journal`] it is not stored and must not be acknowledged.
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

    /// Like [`Inbox::verify`], with cached secrets only; `None` when the database is needed.
    pub fn verify_cached(&self, header: &str, body: &[u8]) -> Option<Result<Event, Error>> {
        let now = self.clock.now();
        let known = self.secrets.cached(now)?;
        let place = self.gateway.verify(header, body, &known.1, now, self.future).ok()?;
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

    /// Counts a stored delivery.
    pub fn receipt(&self, entry: Enqueued) -> Receipt {
        self.deliveries.count(if entry.is_new {
            DeliveryResult::Stored
        } else {
            DeliveryResult::Duplicate
        });
        if entry.is_new { Receipt::Stored(entry.id) } else { Receipt::Duplicate(entry.id) }
    }

    /// True when the event is already stored.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn is_known(&self, event: &Event) -> Result<bool, Error> {
        Ok(self.store.execution_by_key(KIND, &event.key())?.is_some())
    }

    /// Stores a verified event, once.
    ///
    /// # Errors
    /// [`Error::Journal`]: it is not stored, and must not be acknowledged.
    pub fn store(&self, gateway: &str, event: Event) -> Result<Enqueued, Error> {
        failpoint!("inbox_before_insert");
        let entry = self.journal.enqueue(intent(gateway, event), self.clock.now())?;
        failpoint!("inbox_after_insert");
        Ok(entry)
    }

    /// Like [`Inbox::store`], without blocking.
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

    /// The name of the secret that signed. If none matches, the secrets are read again, because an
    /// endpoint may have just been created.
    fn signer(&self, header: &str, body: &[u8]) -> Result<String, Error> {
        let now = self.clock.now();
        let known = self.secrets.recent(now, || self.read_secrets())?;
        let (known, place) = match self.gateway.verify(header, body, &known.1, now, self.future) {
            Err(Refusal::Mismatch | Refusal::NoSecret) => {
                let fresh = self.secrets.fresh(now, || self.read_secrets())?;
                let place = self.gateway.verify(header, body, &fresh.1, now, self.future)?;
                (fresh, place)
            }
            verified => {
                let place = verified?;
                (known, place)
            }
        };
        Ok(known.0[place].clone())
    }

    /// Every valid secret with its name for the counters: those of the environment, then those of
    /// created endpoints. One that can be guessed would let anyone forge an event.
    fn read_secrets(&self) -> Result<Vec<(String, Secret)>, Error> {
        let configured = self.configured.iter().enumerate();
        let mut secrets: Vec<_> = configured
            .map(|(place, secret)| (format!("environment {}", place + 1), secret.clone()))
            .collect();
        let table = self.gateway.webhook_endpoints_table();
        for record in self.store.records_all(&RecordQuery::table(table))? {
            let sealed = record.properties.get("secret").and_then(|s| s.get("sealed"));
            let place = "records/properties/secret";
            let opened = sealed.and_then(Json::as_str).and_then(|s| self.key.open(place, s));
            let Some(secret) = opened else { continue };
            if secret.expose().len() >= WEBHOOK_SECRET_CHARS_MIN {
                secrets.push((format!("endpoint {}", record.id), secret));
            } else {
                self.secrets.refuse(record.id);
            }
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
        // A second delivery is the same event, even if its body differs.
        fingerprint: key.clone(),
        idempotency_key: Some(key),
        input: input(gateway, event.json),
        name: event.kind,
    }
}

/// `{"gateway": …, "event": …}`; an event that arrived as JSON text is embedded unchanged.
fn input(gateway: &str, event: Document) -> Document {
    let gateway = Json::from(gateway).to_string();
    let event = event.to_text().expect("what was read can be written");
    Document::of_text(["{\"gateway\":", &gateway, ",\"event\":", &event, "}"].concat())
}
