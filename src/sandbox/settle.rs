//! What time does: money becomes available, payouts arrive, authorizations expire, keys are forgotten.

use super::endpoint::{charge, payout, refund};
use super::event;
use super::turn::Turn;
use super::world::{Kind, PLATFORM, World};
use serde_json::json;
use std::sync::Arc;

/// Brings the world up to its clock.
pub fn run(world: &mut World) {
    let now = world.clock.now();
    let keep_seconds = world.settings.key_seconds;
    world.keys.forget_before(now - keep_seconds);
    for account in world.ledger.settle(now) {
        let mut turn = Turn::new(world, account.clone());
        let balance = super::endpoint::balance::object(&turn, &account);
        event::emit(&mut turn, "balance.available", &account, &balance, None);
        let changes = turn.into_changes();
        world.apply(changes);
    }
    while let Some(id) = world.take_due() {
        let Some(stored) = world.stored(&id).cloned() else { continue };
        let mut turn = Turn::new(world, stored.account.clone());
        let mut object = stored.value();
        if let Some(fields) = object.as_object_mut() {
            fields.shift_remove("_due");
        }
        turn.update(&object);
        match stored.kind {
            Kind::Charge => charge::expire(&mut turn, object),
            Kind::Payout => payout::arrive(&mut turn, object),
            Kind::Refund => refund::fail(&mut turn, object),
            _ => {}
        }
        let changes = turn.into_changes();
        world.apply(changes);
    }
}

/// The platform's own account and bank account, which exist from the start.
pub fn found(world: &mut World) {
    let mut turn = Turn::new(world, Arc::from(PLATFORM));
    let account = super::endpoint::account::platform(&turn);
    turn.insert(Kind::Account, None, &account);
    let bank = super::endpoint::bank::object(
        &mut turn,
        "000123456789",
        json!({
            "account": PLATFORM, "currency": "usd", "default_for_currency": true,
        }),
    );
    turn.insert(Kind::Source, Some(PLATFORM), &bank);
    let changes = turn.into_changes();
    world.apply(changes);
}
