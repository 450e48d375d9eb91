//! The state of a sandbox: objects and their indexes, ledger, idempotency keys, logs.

use super::clock::Clock;
use super::fault::Faults;
use super::idempotency::{Answered, Keys};
use super::ledger::{Ledger, Posting};
use super::request_log::LoggedRequest;
use super::stripe_cli::feed::{Feed, Notice};
use super::webhook_ports::WebhookPorts;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

/// The platform's account: the one that a secret key belongs to.
pub const PLATFORM: &str = "acct_1SluicegatePlatform";
/// Events and deliveries that are stored; older ones are deleted.
const EVENTS_MAX: usize = 5_000;
/// Requests in the log.
const REQUESTS_MAX: usize = 500;

/// The kind of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Kind {
    AccessToken,
    Account,
    AccountLink,
    Application,
    AuthorizationCode,
    Charge,
    CliSession,
    ConfirmationToken,
    Customer,
    Delivery,
    Dispute,
    Endpoint,
    Event,
    Fee,
    FeeRefund,
    File,
    Mandate,
    Method,
    PaymentIntent,
    Payout,
    Person,
    RefreshToken,
    Refund,
    Reversal,
    Session,
    SessionItem,
    SetupAttempt,
    SetupIntent,
    Source,
    Token,
    Transaction,
    Transfer,
    /// One of the resources that the description drives.
    #[serde(untagged)]
    Resource(ObjectName),
}

/// The name of an object in the description: `coupon`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ObjectName(pub &'static str);

impl<'de> Deserialize<'de> for ObjectName {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let name = String::deserialize(from)?;
        let known = super::description::table::OBJECTS.name(&name).map(ObjectName);
        known.ok_or_else(|| serde::de::Error::custom(format!("no object is called {name:?}")))
    }
}

impl Kind {
    /// The kind of a resource that the description drives.
    pub const fn resource(object: &'static str) -> Self {
        Self::Resource(ObjectName(object))
    }
}

/// A stored object: its JSON, and where it belongs.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Its kind.
    pub kind: Kind,
    /// The account that it belongs to.
    pub account: Arc<str>,
    /// The object above it: the customer of a card, the charge of a refund.
    pub parent: Option<Arc<str>>,
    /// Its position in the order of creation.
    pub seq: u64,
    /// Its compact JSON.
    pub json: Arc<str>,
}

impl Stored {
    /// The object.
    pub fn value(&self) -> Value {
        serde_json::from_str(&self.json).unwrap_or_default()
    }

    /// Whether the object is the stub of a deleted one.
    pub fn is_deleted(&self) -> bool {
        // A cheap test first: nearly no object is.
        self.json.contains("\"deleted\":") && self.value().get("deleted").is_some()
    }
}

/// How this sandbox behaves; the control interface sets it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Money becomes available at once instead of two days later.
    pub settle_immediately: bool,
    /// Refuse charges and transfers to accounts without the capability.
    pub enforce_capabilities: bool,
    /// API version of requests that name none.
    pub default_version: String,
    /// Stripe's fee in hundredths of a percent.
    pub fee_basis_points: i64,
    /// Stripe's fixed fee for a charge.
    pub fee_fixed: i64,
    /// Seconds an idempotency key is remembered.
    pub key_seconds: i64,
}

impl Settings {
    /// What is wrong with them, if anything is.
    pub fn fault(&self) -> Option<&'static str> {
        let fees = 0..=100_000;
        if !fees.contains(&self.fee_basis_points) || !fees.contains(&self.fee_fixed) {
            return Some("Fees are from 0 to 100000.");
        }
        if !(0..=366 * 86_400).contains(&self.key_seconds) {
            return Some("key_seconds is from 0 to a year.");
        }
        (!super::version::is_known(&self.default_version)).then_some(
            "default_version is not a version of Stripe's API, such as 2026-10-28.endive.",
        )
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            settle_immediately: false,
            enforce_capabilities: true,
            default_version: super::version::NEWEST.into(),
            fee_basis_points: 290,
            fee_fixed: 30,
            key_seconds: 86_400,
        }
    }
}

/// What one operation changes, applied as a whole.
#[derive(Debug, Default)]
pub struct Changes {
    /// New and changed objects, and removed ones as `None`, in order.
    pub objects: indexmap::IndexMap<Arc<str>, Option<Stored>>,
    /// Entries of the ledger, in order.
    pub postings: Vec<Posting>,
    /// Events that the Stripe CLI gets again.
    pub resent: Vec<Arc<str>>,
    /// The answer given under an idempotency key.
    pub answer: Option<Answered>,
    /// The id counter afterwards.
    pub counter: u64,
}

/// Ids of the objects below one, in the order of creation within a kind.
type Children = BTreeMap<(Kind, u64), Arc<str>>;

/// Where changes are stored; see `journal.rs`.
pub trait Storage: std::fmt::Debug + Send {
    /// Stores the changes of one operation.
    fn append(&mut self, changes: &Changes);
    /// Stores the clock and the settings.
    fn append_settings(&mut self, state: &SandboxState);
    /// Stores the whole state in place of everything before, when much of that is stale.
    fn compact_when_due(&mut self, state: &SandboxState);
    /// Stores the whole state in place of everything before.
    fn rewrite(&mut self, state: &SandboxState);
}

/// The whole state; `Shared` holds it behind a mutex.
#[derive(Debug)]
pub struct SandboxState {
    /// The id of this state; a reset changes it.
    pub instance: String,
    /// What ids are derived from, with the counter.
    pub seed: String,
    /// Counts ids and positions.
    pub counter: u64,
    /// The sandbox's time.
    pub clock: Clock,
    /// How it behaves.
    pub settings: Settings,
    /// Where its pages are: `http://127.0.0.1:12111`.
    pub base_url: String,
    /// Where programs find it: the same, or the path of a world.
    pub api_url: String,
    /// Objects, at most.
    pub objects_max: usize,
    /// Where webhooks may go on this machine.
    pub webhook_ports: WebhookPorts,
    /// All balances.
    pub ledger: Ledger,
    /// Idempotency keys.
    pub keys: Keys,
    /// Faults to inject into requests.
    pub faults: Faults,
    /// Who hears of events and requests as they happen.
    pub feed: Feed,
    /// The last requests, newest last.
    pub requests: VecDeque<LoggedRequest>,
    /// Where changes are stored; `None` keeps the state in memory only.
    pub storage: Option<Box<dyn Storage>>,
    pub(super) objects: HashMap<Arc<str>, Stored>,
    by_kind: BTreeMap<(Kind, Arc<str>, u64), Arc<str>>,
    by_parent: HashMap<Arc<str>, Children>,
    /// Deliveries by the millisecond they are due.
    pub(super) deliveries_due: BTreeSet<(i64, Arc<str>)>,
    /// Operations applied since the start.
    applied: u64,
    /// All other objects that wait for a time.
    due: BTreeSet<(i64, Arc<str>)>,
}

impl SandboxState {
    /// An empty state; `Tx`s fill it.
    pub fn new(seed: String, settings: Settings) -> Self {
        Self {
            instance: super::identifier::make("sbx_", &seed, 0),
            seed,
            counter: 0,
            clock: Clock::default(),
            settings,
            base_url: "http://127.0.0.1:12111".into(),
            api_url: "http://127.0.0.1:12111".into(),
            objects_max: usize::MAX,
            webhook_ports: WebhookPorts::Only(Vec::new()),
            ledger: Ledger::default(),
            keys: Keys::default(),
            faults: Faults::default(),
            feed: Feed::default(),
            requests: VecDeque::new(),
            storage: None,
            objects: HashMap::new(),
            by_kind: BTreeMap::new(),
            by_parent: HashMap::new(),
            deliveries_due: BTreeSet::new(),
            due: BTreeSet::new(),
            applied: 0,
        }
    }

    /// A stored object.
    pub fn stored(&self, id: &str) -> Option<&Stored> {
        self.objects.get(id)
    }

    /// Ids of one kind in one account, newest first.
    pub fn ids(&self, kind: Kind, account: &str) -> impl Iterator<Item = &Arc<str>> {
        let account: Arc<str> = account.into();
        let span = (kind, account.clone(), 0)..=(kind, account, u64::MAX);
        self.by_kind.range(span).rev().map(|(_, id)| id)
    }

    /// Ids of one kind over all accounts, grouped by account.
    pub fn ids_everywhere(&self, kind: Kind) -> impl Iterator<Item = &Arc<str>> {
        let span = (kind, Arc::from(""), 0)..;
        self.by_kind.range(span).take_while(move |((of, _, _), _)| *of == kind).map(|(_, id)| id)
    }

    /// Ids of one kind under one parent, newest first.
    pub fn children(&self, kind: Kind, parent: &str) -> impl Iterator<Item = &Arc<str>> {
        let under = self.by_parent.get(parent).into_iter();
        under.flat_map(move |all| all.range((kind, 0)..=(kind, u64::MAX)).rev().map(|(_, id)| id))
    }

    /// How many objects there are, by kind.
    pub fn counts(&self) -> BTreeMap<Kind, usize> {
        let mut counts = BTreeMap::new();
        for stored in self.objects.values() {
            *counts.entry(stored.kind).or_default() += 1;
        }
        counts
    }

    /// Applies and stores an operation's changes.
    pub fn apply(&mut self, changes: Changes) {
        changes.resent.iter().for_each(|id| self.feed.tell(&Notice::Resend(id.clone())));
        if changes.objects.is_empty() && changes.answer.is_none() {
            return;
        }
        let now = self.clock.now();
        self.counter = self.counter.max(changes.counter);
        if let Some(storage) = &mut self.storage {
            storage.append(&changes);
        }
        for posting in &changes.postings {
            self.ledger.post(posting, now);
        }
        for (id, stored) in changes.objects {
            let is_event = stored.as_ref().is_some_and(|stored| stored.kind == Kind::Event);
            if is_event && self.feed.is_heard() && self.stored(&id).is_none() {
                self.feed.tell(&Notice::Event(id.clone()));
            }
            self.place(id, stored);
        }
        if let Some(answered) = changes.answer {
            self.keys.finish(answered);
        }
        self.applied += 1;
        // Counting is linear, so not after every operation.
        if self.applied.is_multiple_of(256) {
            self.delete_old_events();
        }
        self.with_storage(|storage, state| storage.compact_when_due(state));
    }

    /// Inserts one object into the maps, or removes it.
    pub(super) fn place(&mut self, id: Arc<str>, stored: Option<Stored>) {
        if let Some(old) = self.objects.remove(&id) {
            self.by_kind.remove(&(old.kind, old.account, old.seq));
            if let Some(parent) = old.parent
                && let Some(all) = self.by_parent.get_mut(&parent)
            {
                all.remove(&(old.kind, old.seq));
                if all.is_empty() {
                    self.by_parent.remove(&parent);
                }
            }
            if let Some(due) = due(&old.json) {
                self.deliveries_due.remove(&(due, id.clone()));
                self.due.remove(&(due, id.clone()));
            }
        }
        let Some(new) = stored else { return };
        if let Some(due) = due(&new.json) {
            let waiting =
                if new.kind == Kind::Delivery { &mut self.deliveries_due } else { &mut self.due };
            waiting.insert((due, id.clone()));
        }
        self.by_kind.insert((new.kind, new.account.clone(), new.seq), id.clone());
        if let Some(parent) = &new.parent {
            let all = self.by_parent.entry(parent.clone()).or_default();
            all.insert((new.kind, new.seq), id.clone());
        }
        self.objects.insert(id, new);
    }

    /// Takes the next object (no delivery) that is due.
    pub fn take_due(&mut self) -> Option<Arc<str>> {
        let (due, _) = self.due.first()?;
        if *due > self.clock.now_ms() { None } else { self.due.pop_first().map(|(_, id)| id) }
    }

    /// Adds a line to the request log.
    pub fn log(&mut self, request: LoggedRequest) {
        if self.feed.is_heard() {
            self.feed.tell(&Notice::Request(Arc::new(request.clone())));
        }
        if self.requests.len() >= REQUESTS_MAX {
            self.requests.pop_front();
        }
        self.requests.push_back(request);
    }

    /// Deletes the oldest events and deliveries when there are too many.
    fn delete_old_events(&mut self) {
        for kind in [Kind::Event, Kind::Delivery, Kind::resource("v2.core.event")] {
            let span = (kind, Arc::from(""), 0)..;
            let all = self.by_kind.range(span).take_while(|((of, _, _), _)| *of == kind);
            let mut ids: Vec<(u64, Arc<str>)> =
                all.map(|((_, _, seq), id)| (*seq, id.clone())).collect();
            if ids.len() > EVENTS_MAX {
                ids.sort_unstable();
                let surplus = ids.len() - EVENTS_MAX;
                for (_, id) in ids.into_iter().take(surplus) {
                    self.place(id, None);
                }
            }
        }
    }

    /// Calls the storage, if there is one, with this state.
    pub fn with_storage(&mut self, store: impl FnOnce(&mut dyn Storage, &Self)) {
        if let Some(mut storage) = self.storage.take() {
            store(&mut *storage, self);
            self.storage = Some(storage);
        }
    }
}

/// The time in milliseconds that an object waits for, if it does.
fn due(json: &str) -> Option<i64> {
    // A cheap test first: nearly no object waits.
    if !json.contains("\"_due\":") {
        return None;
    }
    serde_json::from_str::<Value>(json).ok()?.get("_due")?.as_i64()
}
