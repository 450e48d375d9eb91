//! A transaction: reads through its own writes; all of them are applied, or none.

use super::api_error::Answer;
use super::call::Call;
use super::ledger::{Posting, is_internal};
use super::state::{Changes, Kind, PLATFORM, SandboxState, Stored};
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};

/// An operation of the API: `None` when no path fits.
pub type Operate = fn(&Call, &mut Tx<'_>, &[&str]) -> Option<Answer>;
/// What an event about an object causes elsewhere.
pub type AfterEvent = fn(&mut Tx<'_>, &str, &Value);

/// What this layer calls in those above it; `sandbox.rs` sets it.
static ABOVE: OnceLock<(Operate, AfterEvent)> = OnceLock::new();

/// Sets what an operation calls for another operation, and after each event.
pub fn link(operate: Operate, after_event: AfterEvent) {
    // Every sandbox of a process sets the same.
    let _ = ABOVE.set((operate, after_event));
}

/// A running operation.
#[derive(Debug)]
pub struct Tx<'w> {
    /// The state as it was before the operation.
    pub state: &'w SandboxState,
    /// The account that it acts on.
    pub account: Arc<str>,
    /// The time of the sandbox's clock.
    pub now: i64,
    /// The request that caused it, for events.
    pub request: Option<(String, Option<String>)>,
    /// The ids of what was written, in order, for whoever empties it.
    pub written: Vec<Arc<str>>,
    changes: Changes,
    /// New objects by kind and account, and by kind and parent, oldest first.
    fresh: HashMap<(Kind, Arc<str>), Vec<Arc<str>>>,
}

/// A new balance transaction.
#[derive(Debug)]
pub struct BalanceEntry<'a> {
    /// Whose balance.
    pub account: &'a str,
    /// Its type.
    pub kind: &'static str,
    /// Gross, signed.
    pub amount: i64,
    /// Three letters.
    pub currency: &'a str,
    /// Stripe's part.
    pub stripe_fee: i64,
    /// The platform's part.
    pub application_fee: i64,
    /// When the net becomes available.
    pub available_on: i64,
    /// The object it belongs to.
    pub source: &'a str,
    /// A description.
    pub description: Option<&'a str>,
}

impl<'w> Tx<'w> {
    /// Begins an operation on `account`.
    pub fn new(state: &'w SandboxState, account: Arc<str>) -> Self {
        let changes = Changes { counter: state.counter, ..Changes::default() };
        let (written, fresh) = (Vec::new(), HashMap::new());
        Self { state, account, now: state.clock.now(), request: None, written, changes, fresh }
    }

    /// Runs another operation of the API within this one.
    pub fn operate(&mut self, call: &Call, path: &[&str]) -> Option<Answer> {
        let (operate, _) = ABOVE.get()?;
        operate(call, self, path)
    }

    /// Lets an event have its consequences.
    pub fn after_event(&mut self, kind: &str, object: &Value) {
        if let Some((_, after_event)) = ABOVE.get() {
            after_event(self, kind, object);
        }
    }

    /// Everything the operation wrote.
    pub fn into_changes(self) -> Changes {
        self.changes
    }

    /// Forgets everything written so far: for a preview.
    pub fn discard(&mut self) {
        self.changes.objects.clear();
        self.fresh.clear();
        self.changes.postings.clear();
    }

    /// Whether the platform itself is acting.
    pub fn is_platform(&self) -> bool {
        &*self.account == PLATFORM
    }

    /// A new id.
    pub fn id(&mut self, prefix: &str) -> String {
        self.changes.counter += 1;
        super::identifier::make(prefix, &self.state.seed, self.changes.counter)
    }

    /// A stored object of any account.
    pub fn stored(&self, id: &str) -> Option<&Stored> {
        match self.changes.objects.get(id) {
            Some(changed) => changed.as_ref(),
            None => self.state.stored(id),
        }
    }

    /// An object of a kind in an account.
    pub fn find(&self, kind: Kind, account: &str, id: &str) -> Option<Value> {
        let stored = self.stored(id)?;
        (stored.kind == kind && &*stored.account == account).then(|| stored.value())
    }

    /// An object of a kind in the account acted on.
    pub fn get(&self, kind: Kind, id: &str) -> Option<Value> {
        self.find(kind, &self.account, id)
    }

    /// An object of a kind in any account, with the account.
    pub fn anywhere(&self, kind: Kind, id: &str) -> Option<(Arc<str>, Value)> {
        let stored = self.stored(id)?;
        (stored.kind == kind).then(|| (stored.account.clone(), stored.value()))
    }

    /// Adds an object to the account acted on.
    pub fn insert(&mut self, kind: Kind, parent: Option<&str>, object: &Value) {
        let account = self.account.clone();
        self.insert_for(kind, &account, parent, object);
    }

    /// Adds an object to an account.
    pub fn insert_for(&mut self, kind: Kind, account: &str, parent: Option<&str>, object: &Value) {
        self.changes.counter += 1;
        let stored = Stored {
            kind,
            account: account.into(),
            parent: parent.map(Arc::from),
            seq: self.changes.counter,
            json: compact(object),
        };
        let id: Arc<str> = text(object, "id").into();
        for above in [Some(&stored.account), stored.parent.as_ref()].into_iter().flatten() {
            self.fresh.entry((kind, above.clone())).or_default().push(id.clone());
        }
        self.written.push(id.clone());
        self.changes.objects.insert(id, Some(stored));
    }

    /// Writes an object back to its place.
    pub fn update(&mut self, object: &Value) {
        let id = text(object, "id");
        let Some(stored) = self.stored(id) else { return };
        let stored = Stored { json: compact(object), ..stored.clone() };
        self.written.push(id.into());
        self.changes.objects.insert(id.into(), Some(stored));
    }

    /// Writes an object to its place, or adds it to the account acted on.
    pub fn put(&mut self, kind: Kind, object: &Value) {
        match self.stored(text(object, "id")) {
            Some(_) => self.update(object),
            None => self.insert(kind, None, object),
        }
    }

    /// Removes an object.
    pub fn remove(&mut self, id: &str) {
        self.changes.objects.insert(id.into(), None);
    }

    /// Has the Stripe CLI get an event again, if one listens.
    pub fn resend_to_cli(&mut self, event: &str) {
        self.changes.resent.push(event.into());
    }

    /// Ids of a kind under a parent, newest first.
    pub fn children(&self, kind: Kind, parent: &str) -> Vec<Arc<str>> {
        let under =
            |stored: &Stored| stored.kind == kind && stored.parent.as_deref() == Some(parent);
        self.overlaid(self.state.children(kind, parent), (kind, parent), under)
    }

    /// Ids of a kind in the account acted on, newest first.
    pub fn ids(&self, kind: Kind) -> Vec<Arc<str>> {
        self.ids_of(kind, &self.account)
    }

    /// Ids of a kind in an account, newest first.
    pub fn ids_of(&self, kind: Kind, account: &str) -> Vec<Arc<str>> {
        let owned = |stored: &Stored| stored.kind == kind && &*stored.account == account;
        self.overlaid(self.state.ids(kind, account), (kind, account), owned)
    }

    fn overlaid<'a>(
        &'a self,
        old: impl Iterator<Item = &'a Arc<str>>,
        (kind, above): (Kind, &str),
        belongs: impl Fn(&Stored) -> bool,
    ) -> Vec<Arc<str>> {
        let changed = &self.changes.objects;
        let made = self.fresh.get(&(kind, above.into())).map_or(&[][..], Vec::as_slice);
        let mut seen = HashSet::new();
        let fresh = made.iter().rev().filter(|id| {
            let stored = changed.get(*id).and_then(Option::as_ref);
            let is_new = self.state.stored(id).is_none() && seen.insert(Arc::clone(id));
            is_new && stored.is_some_and(&belongs)
        });
        let fresh: Vec<Arc<str>> = fresh.cloned().collect();
        let unchanged = old.filter(|id| !matches!(changed.get(*id), Some(None)));
        fresh.into_iter().chain(unchanged.cloned()).collect()
    }

    /// What an account can spend in a currency.
    pub fn available(&self, account: &str, currency: &str) -> i64 {
        let mine = self.changes.postings.iter().filter(|posting| {
            &*posting.account == account
                && &*posting.currency == currency
                && posting.available_on <= self.now
        });
        let fresh: i64 = mine.map(Posting::net).sum();
        self.state.ledger.balance(account, currency).available + fresh
    }

    /// Adds a balance transaction and its ledger entry; returns its id.
    pub fn post(&mut self, row: &BalanceEntry<'_>) -> String {
        let id = self.id("txn_");
        let fees = [
            (row.stripe_fee, "stripe_fee", "Stripe processing fees"),
            (row.application_fee, "application_fee", "application fee"),
        ];
        let fee_details: Vec<Value> = fees
            .into_iter()
            .filter(|(amount, ..)| *amount != 0)
            .map(|(amount, kind, description)| {
                json!({"amount": amount, "application": null, "currency": row.currency,
                    "description": description, "type": kind})
            })
            .collect();
        let fee = row.stripe_fee + row.application_fee;
        let object = json!({
            "id": id, "object": "balance_transaction", "amount": row.amount,
            "available_on": row.available_on, "balance_type": "payments", "created": self.now,
            "currency": row.currency, "description": row.description, "exchange_rate": null,
            "fee": fee, "fee_details": fee_details, "net": row.amount - fee,
            "reporting_category": reporting_category(row.kind), "source": row.source,
            "status": "pending", "type": row.kind,
        });
        self.insert_for(Kind::Transaction, row.account, Some(row.source), &object);
        self.changes.postings.push(Posting {
            account: row.account.into(),
            currency: row.currency.into(),
            amount: row.amount,
            stripe_fee: row.stripe_fee,
            application_fee: row.application_fee,
            internal: is_internal(row.kind),
            available_on: row.available_on,
        });
        id
    }
}

/// The stored JSON of an object: much faster than `Display`.
fn compact(object: &Value) -> Arc<str> {
    let mut text = Vec::with_capacity(4 * 1024);
    // Plain JSON can always be written to memory.
    let _ = serde_json::to_writer(&mut text, object);
    std::str::from_utf8(&text).unwrap_or_default().into()
}

/// A text field of an object, or nothing.
pub fn text<'v>(object: &'v Value, name: &str) -> &'v str {
    object.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// A number field of an object, or zero.
pub fn number(object: &Value, name: &str) -> i64 {
    object.get(name).and_then(Value::as_i64).unwrap_or_default()
}

/// Whether a field of an object is true.
pub fn is(object: &Value, name: &str) -> bool {
    object.get(name).and_then(Value::as_bool).unwrap_or_default()
}

fn reporting_category(kind: &str) -> &str {
    match kind {
        "payment" => "charge",
        "payment_refund" => "refund",
        "transfer_refund" => "transfer_reversal",
        "payout_cancel" | "payout_failure" => "payout_reversal",
        "application_fee" => "platform_earning",
        "application_fee_refund" => "platform_earning_refund",
        "adjustment" => "dispute",
        other => other,
    }
}
