//! Test clocks: a time of their own for customers and all that hangs on them.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::event::emit;
use super::super::state::Kind;
use super::super::tx::{Tx, number, text};
use super::subscription_items::rhythm;
use super::{Resource, kind, of, period, wake};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

const OBJECT: &str = "test_helpers.test_clock";
/// Steps that one advance takes at most.
const STEPS_MAX: usize = 50_000;

/// Test clocks.
pub const TEST_CLOCK: Resource = Resource {
    create,
    delete,
    actions: &[("POST", "advance", advance)],
    ..Resource::new(OBJECT, "test_helpers/test_clocks", "clock_")
};

fn create(call: &Call, tx: &mut Tx<'_>, clock: &mut Value) -> Result<(), ApiError> {
    let frozen = call.params.integer("frozen_time")?;
    clock["frozen_time"] = json!(frozen.ok_or_else(|| ApiError::missing("frozen_time"))?);
    clock["deletes_after"] = json!(tx.now + 30 * 86_400);
    clock["status"] = json!("ready");
    clock["status_details"] = json!({});
    Ok(())
}

/// Deletes the clock's customers with it, and cancels what they have.
fn delete(_: &Call, tx: &mut Tx<'_>, clock: &mut Value) -> Result<(), ApiError> {
    for object in hanging(
        tx,
        text(clock, "id"),
        &[Kind::Customer, kind("subscription"), kind("subscription_schedule")],
    ) {
        tx.remove(text(&object, "id"));
    }
    Ok(())
}

/// Moves the time of everything that hangs on the clock, one due thing after another.
fn advance(call: &Call, tx: &mut Tx<'_>, mut clock: Value) -> Answer {
    let target = call.params.integer("frozen_time")?.unwrap_or(0);
    if target <= number(&clock, "frozen_time") {
        let message = "You must pass a frozen_time in the future of the test clock's time.";
        return Err(ApiError::invalid(message).param("frozen_time"));
    }
    let id = text(&clock, "id").to_owned();
    if target > latest(tx, &id, number(&clock, "frozen_time")) {
        let message = "You cannot advance a test clock by more than two years, or two intervals \
            of a subscription on it that are longer. Advance it in steps.";
        return Err(ApiError::invalid(message).param("frozen_time"));
    }
    let account = tx.account.clone();
    let real = tx.now;
    clock["status"] = json!("advancing");
    emit(tx, "test_helpers.test_clock.advancing", &account, &clock, None);
    let advancing = clock.clone();
    run(tx, &mut clock, target)?;
    tx.now = real;
    clock["frozen_time"] = json!(target);
    clock["status"] = json!("ready");
    tx.update(&clock);
    emit(tx, "test_helpers.test_clock.ready", &account, &clock, None);
    let mut shown = advancing;
    shown["frozen_time"] = json!(target);
    Ok(shown)
}

/// Wakes what is due until a time, one after another. What a step writes is looked at once more,
/// and nothing else: many subscriptions over years take as many steps as things happen.
fn run(tx: &mut Tx<'_>, clock: &mut Value, target: i64) -> Result<(), ApiError> {
    let id = text(clock, "id").to_owned();
    let mut due: BTreeSet<(i64, Arc<str>)> = BTreeSet::new();
    let when = |object: &Value| object["_wake"].as_i64().filter(|at| *at <= target);
    for object in waiting(tx, &id) {
        due.extend(when(&object).map(|at| (at, Arc::from(text(&object, "id")))));
    }
    tx.written.clear();
    for _ in 0..STEPS_MAX {
        let Some((at, next)) = due.pop_first() else { return Ok(()) };
        let Some(object) = tx.stored(&next).map(|stored| stored.value()) else { continue };
        if object["_wake"].as_i64() != Some(at) {
            continue;
        }
        tx.now = at;
        clock["frozen_time"] = json!(at);
        tx.update(clock);
        wake(tx, object)?;
        for id in std::mem::take(&mut tx.written) {
            let stored = tx.stored(&id).filter(|one| one.json.contains("\"_wake\":"));
            let object = stored.map(|stored| stored.value()).unwrap_or_default();
            if object["test_clock"] == clock["id"] {
                due.extend(when(&object).map(|at| (at, id)));
            }
        }
    }
    let message = format!(
        "More than {STEPS_MAX} things happen to the objects of this test clock until then. \
         Advance it in smaller steps."
    );
    Err(ApiError::invalid(message).param("frozen_time"))
}

/// How far a clock can be advanced at once. Stripe allows no more than two intervals of the
/// shortest subscription.
fn latest(tx: &Tx<'_>, clock: &str, from: i64) -> i64 {
    let subscriptions = hanging(tx, clock, &[kind("subscription")]);
    let ends = subscriptions.iter().map(|subscription| {
        let (interval, count) = rhythm(subscription);
        period::add(from, &interval, 2 * count)
    });
    ends.max().unwrap_or(from).max(period::add(from, "year", 2))
}

/// What may have a time to wake at: of many invoices, few do.
fn waiting(tx: &Tx<'_>, clock: &str) -> Vec<Value> {
    let kinds = ["subscription_schedule", "subscription", "invoice"];
    let ids = kinds.into_iter().map(kind).flat_map(|kind| tx.ids(kind));
    let stored = ids.filter_map(|id| tx.stored(&id));
    let waiting = stored.filter(|stored| stored.json.contains("\"_wake\":"));
    waiting.map(|stored| stored.value()).filter(|object| object["test_clock"] == clock).collect()
}

fn hanging(tx: &Tx<'_>, clock: &str, kinds: &[Kind]) -> Vec<Value> {
    let ids: Vec<Arc<str>> = kinds.iter().flat_map(|kind| tx.ids(*kind)).collect();
    let objects = ids.iter().filter_map(|id| Some(tx.stored(id)?.value()));
    objects.filter(|object| object["test_clock"] == clock).collect()
}

/// Sets the time of an operation to that of the object's clock, if it has one.
pub fn enter(tx: &mut Tx<'_>, object: &Value) {
    let clock = text(object, "test_clock");
    if !clock.is_empty()
        && let Ok(clock) = of(tx, OBJECT, clock)
    {
        tx.now = number(&clock, "frozen_time");
    }
}

/// Has an object wake at a time of its clock, or at none.
pub fn schedule(object: &mut Value, at: Option<i64>) {
    let Some(fields) = object.as_object_mut() else { return };
    fields.shift_remove("_wake");
    fields.shift_remove("_due");
    let Some(at) = at else { return };
    fields.insert("_wake".into(), json!(at));
    if fields.get("test_clock").is_none_or(Value::is_null) {
        fields.insert("_due".into(), json!(at * 1_000));
    }
}
