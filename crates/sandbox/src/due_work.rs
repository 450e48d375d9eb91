//! What the clock causes: money becomes available, payouts arrive, authorizations expire.

use super::endpoint::{charge, checkout, intent, payout, refund};
use super::event;
use super::resource;
use super::state::{Kind, PLATFORM, SandboxState};
use super::tx::Tx;
use serde_json::json;
use std::sync::Arc;

/// Applies everything that is due.
pub fn run(state: &mut SandboxState) {
    let now = state.clock.now();
    state.keys.expire(now - state.settings.key_seconds);
    for account in state.ledger.settle(now) {
        let mut tx = Tx::new(state, account.clone());
        let balance = super::endpoint::balance::object(&tx, &account);
        event::emit(&mut tx, "balance.available", &account, &balance, None);
        let changes = tx.into_changes();
        state.apply(changes);
    }
    while let Some(id) = state.take_due() {
        let Some(stored) = state.stored(&id).cloned() else { continue };
        let mut tx = Tx::new(state, stored.account.clone());
        let mut object = stored.value();
        if let Some(fields) = object.as_object_mut() {
            fields.shift_remove("_due");
        }
        tx.update(&object);
        match stored.kind {
            Kind::Charge => {
                charge::expire(&mut tx, object);
                intent::cancel::expire(&mut tx, &id);
            }
            Kind::PaymentIntent => {
                intent::debit::end(&mut tx, object);
                if let Some((_, intent)) = tx.anywhere(Kind::PaymentIntent, &id) {
                    checkout::outcome::after(&mut tx, &intent);
                }
            }
            Kind::Session => drop(checkout::expire(&mut tx, object)),
            Kind::Payout => payout::arrive(&mut tx, object),
            Kind::Refund => refund::end(&mut tx, object),
            Kind::Resource(_) => resource::due(&mut tx, object),
            _ => {}
        }
        let changes = tx.into_changes();
        state.apply(changes);
    }
}

/// Creates the platform's account and its bank account.
pub fn create_platform(state: &mut SandboxState) {
    let mut tx = Tx::new(state, Arc::from(PLATFORM));
    let account = super::endpoint::account::platform(&tx);
    tx.insert(Kind::Account, None, &account);
    let bank = super::endpoint::bank::object(
        &mut tx,
        "000123456789",
        json!({
            "account": PLATFORM, "currency": "usd", "default_for_currency": true,
        }),
    );
    tx.insert(Kind::Source, Some(PLATFORM), &bank);
    resource::method_settings::default(&mut tx);
    resource::template::default(&mut tx);
    let changes = tx.into_changes();
    state.apply(changes);
}
