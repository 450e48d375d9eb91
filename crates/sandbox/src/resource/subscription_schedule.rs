//! Subscription schedules: `not_started` → `active` → `completed`; or `canceled`, or `released`.
//!
//! The clock begins and ends the phases. A phase writes itself into the subscription as a request
//! would, just before the subscription renews.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::event::emit;
use super::super::lookup;
use super::super::tx::{Tx, number, text};
use super::subscription_terms::period_end;
use super::{
    Resource, id_of, invoice_pay, named, of, schedule_phases, subscription_change,
    subscription_cycle, test_clock,
};
use serde_json::{Value, json};

/// Schedules of subscriptions.
pub const SCHEDULE: Resource = Resource {
    create,
    update,
    listed,
    own_filters: &["scheduled", "canceled_at", "completed_at", "released_at"],
    actions: &[("POST", "cancel", cancel), ("POST", "release", release)],
    ..Resource::new("subscription_schedule", "subscription_schedules", "sub_sched_")
};

/// Seconds before the end that its event is sent.
const NOTICE: i64 = 7 * 86_400;

fn listed(call: &Call, schedule: &Value) -> bool {
    let scheduled = call.params.boolean("scheduled").ok().flatten();
    scheduled.is_none_or(|wanted| wanted == (schedule["status"] == "not_started"))
}

fn create(call: &Call, tx: &mut Tx<'_>, schedule: &mut Value) -> Result<(), ApiError> {
    let params = &call.params;
    schedule["end_behavior"] = json!(params.filled("end_behavior")?.unwrap_or("release"));
    schedule["billing_mode"] = json!({"type": "classic", "flexible": null});
    let settings = schedule["default_settings"].take();
    schedule["default_settings"] = defaults(&settings);
    schedule["pause_schedules"] = json!([]);
    if let Some(id) = params.filled("from_subscription")? {
        let alone = ["phases", "customer", "start_date", "end_behavior", "default_settings"];
        if let Some(name) = alone.into_iter().find(|name| params.has(name)) {
            let message = format!("You cannot set `{name}` if `from_subscription` is set.");
            return Err(ApiError::invalid(message).param(name));
        }
        return adopt(tx, schedule, id);
    }
    let owner = lookup::customer(tx, params.required("customer")?)?;
    test_clock::enter(tx, &owner);
    let start = match params.text("start_date")? {
        None | Some("now") => tx.now,
        Some(_) => params.integer("start_date")?.unwrap_or(tx.now),
    };
    let sent = params.group("phases").ok_or_else(|| ApiError::missing("phases"))?;
    schedule["customer"] = owner["id"].clone();
    schedule["created"] = json!(tx.now);
    schedule["test_clock"] = owner["test_clock"].clone();
    schedule["phases"] = json!(schedule_phases::read(tx, &sent, start)?);
    schedule["status"] = json!("not_started");
    if start <= tx.now {
        begin(tx, schedule)?;
    }
    plan(schedule);
    Ok(())
}

fn defaults(sent: &Value) -> Value {
    let mut settings = json!({"application_fee_percent": null, "automatic_tax": null,
        "billing_cycle_anchor": "automatic", "billing_thresholds": null,
        "collection_method": "charge_automatically", "default_payment_method": null,
        "description": null, "on_behalf_of": null, "transfer_data": null,
        "invoice_settings": {"account_tax_ids": null, "custom_fields": null,
            "days_until_due": null, "description": null, "footer": null,
            "issuer": {"type": "self"}}});
    settings.as_object_mut().map(|all| all.shift_remove("automatic_tax"));
    for (name, value) in sent.as_object().into_iter().flatten() {
        if !value.is_null() && name != "invoice_settings" && value != "" {
            settings[name.as_str()] = value.clone();
        }
    }
    settings
}

/// Takes over a subscription that exists.
fn adopt(tx: &mut Tx<'_>, schedule: &mut Value, id: &str) -> Result<(), ApiError> {
    let mut subscription = named(tx, "subscription", id, "from_subscription")?;
    test_clock::enter(tx, &subscription);
    if !subscription["schedule"].is_null() || !subscription["ended_at"].is_null() {
        let message = format!(
            "You cannot create a schedule from the subscription {id}: it has a schedule already, \
             or has ended."
        );
        return Err(ApiError::invalid(message).param("from_subscription"));
    }
    for (name, value) in [
        ("customer", subscription["customer"].clone()),
        ("phases", json!([schedule_phases::of_subscription(&subscription)])),
        ("status", json!("active")),
        ("subscription", json!(id)),
        ("test_clock", subscription["test_clock"].clone()),
    ] {
        schedule[name] = value;
    }
    subscription["schedule"] = schedule["id"].clone();
    tx.update(&subscription);
    enter_phase(schedule, 0);
    plan(schedule);
    Ok(())
}

/// Makes the subscription of the first phase.
fn begin(tx: &mut Tx<'_>, schedule: &mut Value) -> Result<(), ApiError> {
    let form = schedule_phases::form(&schedule["phases"][0], schedule, &[], tx.now);
    let form = format!("customer={}&{form}", id_of(schedule, "customer"));
    let made = invoice_pay::internal(tx, "subscriptions", &form);
    let made = made.unwrap_or_else(|| Err(ApiError::not_found("subscription", "")))?;
    let mut made = of(tx, "subscription", text(&made, "id"))?;
    made["schedule"] = schedule["id"].clone();
    tx.update(&made);
    schedule["subscription"] = made["id"].clone();
    schedule["status"] = json!("active");
    enter_phase(schedule, 0);
    Ok(())
}

fn enter_phase(schedule: &mut Value, at: usize) {
    let phase = schedule["phases"][at].clone();
    schedule["_phase"] = json!(at);
    schedule["current_phase"] =
        json!({"start_date": phase["start_date"], "end_date": phase["end_date"]});
}

/// Has the schedule wake at the next thing that happens to it.
fn plan(schedule: &mut Value) {
    let phases = schedule["phases"].as_array().cloned().unwrap_or_default();
    let last = phases.last().map_or(0, |phase| number(phase, "end_date"));
    let at = match text(schedule, "status") {
        "not_started" => Some(number(&phases[0], "start_date")),
        "active" => {
            let end = number(&schedule["current_phase"], "end_date");
            let notice = (last - NOTICE).max(number(schedule, "created") + 1);
            Some(if schedule["_noticed"] == true { end } else { end.min(notice) })
        }
        _ => None,
    };
    test_clock::schedule(schedule, at);
}

fn update(call: &Call, tx: &mut Tx<'_>, schedule: &mut Value) -> Result<(), ApiError> {
    if !matches!(text(schedule, "status"), "not_started" | "active") {
        let message = format!(
            "You cannot update a subscription schedule that is {}.",
            text(schedule, "status")
        );
        return Err(ApiError::invalid(message));
    }
    test_clock::enter(tx, schedule);
    if let Some(sent) = call.params.group("phases") {
        let before = of(tx, "subscription_schedule", text(schedule, "id"))?;
        let start = number(&before["phases"][0], "start_date");
        let phases = schedule_phases::read(tx, &sent, start)?;
        schedule["phases"] = json!(phases);
        if schedule["status"] == "active" {
            let now = tx.now;
            let at = phases.iter().position(|phase| number(phase, "end_date") > now);
            let Some(at) = at else {
                let message = "The last phase of an active schedule must end in the future.";
                return Err(ApiError::invalid(message).param("phases"));
            };
            enter_phase(schedule, at);
            apply_phase(tx, schedule)?;
        }
    }
    plan(schedule);
    Ok(())
}

/// Writes the current phase into the subscription.
fn apply_phase(tx: &mut Tx<'_>, schedule: &Value) -> Result<(), ApiError> {
    let at = usize::try_from(number(schedule, "_phase")).unwrap_or(0);
    let phase = &schedule["phases"][at];
    let subscription = of(tx, "subscription", id_of(schedule, "subscription"))?;
    let items = subscription["items"]["data"].as_array().cloned().unwrap_or_default();
    // At the end of a period there is nothing to prorate: the renewal follows.
    let proration = match period_end(&subscription) <= tx.now {
        true => "none",
        false => text(phase, "proration_behavior"),
    };
    let form = schedule_phases::form(phase, schedule, &items, tx.now);
    let path = format!("subscriptions/{}", text(&subscription, "id"));
    let form = format!("{form}&proration_behavior={proration}");
    invoice_pay::internal(tx, &path, &form).transpose()?;
    Ok(())
}

/// Time passed: the first phase begins, the next one does, the end is near, or the end is there.
pub fn wake(tx: &mut Tx<'_>, mut schedule: Value) -> Result<(), ApiError> {
    let account = tx.account.clone();
    let before = schedule.clone();
    let phases = schedule["phases"].as_array().cloned().unwrap_or_default();
    if schedule["status"] == "not_started" {
        begin(tx, &mut schedule)?;
    } else if number(&schedule["current_phase"], "end_date") > tx.now {
        schedule["_noticed"] = json!(true);
        plan(&mut schedule);
        tx.update(&schedule);
        emit(tx, "subscription_schedule.expiring", &account, &schedule, None);
        return Ok(());
    } else {
        let next = usize::try_from(number(&schedule, "_phase")).unwrap_or(0) + 1;
        if next == phases.len() && schedule["end_behavior"] == "renew" {
            schedule["phases"] = json!([&phases[..], &[again(&phases[next - 1])]].concat());
        } else if next >= phases.len() {
            return complete(tx, schedule);
        }
        enter_phase(&mut schedule, next);
        apply_phase(tx, &schedule)?;
    }
    plan(&mut schedule);
    tx.update(&schedule);
    emit(tx, "subscription_schedule.updated", &account, &schedule, Some(&before));
    Ok(())
}

/// A phase that follows another with the same items and the same length.
fn again(phase: &Value) -> Value {
    let (start, end) = (number(phase, "start_date"), number(phase, "end_date"));
    let mut next = phase.clone();
    next["start_date"] = json!(end);
    next["end_date"] = json!(end + (end - start));
    next["trial_end"] = Value::Null;
    next
}

/// The last phase ended: the subscription goes on, or ends with it.
fn complete(tx: &mut Tx<'_>, mut schedule: Value) -> Result<(), ApiError> {
    let mut subscription = of(tx, "subscription", id_of(&schedule, "subscription"))?;
    subscription["schedule"] = Value::Null;
    tx.update(&subscription);
    if schedule["end_behavior"] == "cancel" {
        subscription_cycle::end(tx, subscription);
    }
    ended(tx, &mut schedule, "completed");
    Ok(())
}

fn ended(tx: &mut Tx<'_>, schedule: &mut Value, status: &str) {
    schedule["status"] = json!(status);
    schedule[format!("{status}_at")] = json!(tx.now);
    schedule["current_phase"] = Value::Null;
    plan(schedule);
    tx.update(schedule);
    let account = tx.account.clone();
    emit(tx, &format!("subscription_schedule.{status}"), &account, schedule, None);
}

fn check_open(schedule: &Value, what: &str) -> Result<(), ApiError> {
    let status = text(schedule, "status");
    if matches!(status, "not_started" | "active") {
        return Ok(());
    }
    let message = format!(
        "You cannot {what} a subscription schedule that is currently in the `{status}` status. It \
         must be in `not_started` or `active`."
    );
    Err(ApiError::invalid(message))
}

fn cancel(call: &Call, tx: &mut Tx<'_>, mut schedule: Value) -> Answer {
    check_open(&schedule, "cancel")?;
    test_clock::enter(tx, &schedule);
    let id = id_of(&schedule, "subscription").to_owned();
    if !id.is_empty() {
        let mut subscription = of(tx, "subscription", &id)?;
        subscription["schedule"] = Value::Null;
        tx.update(&subscription);
        subscription_change::cancel(call, tx, &id)?;
    }
    ended(tx, &mut schedule, "canceled");
    Ok(schedule)
}

fn release(call: &Call, tx: &mut Tx<'_>, mut schedule: Value) -> Answer {
    check_open(&schedule, "release")?;
    test_clock::enter(tx, &schedule);
    let id = id_of(&schedule, "subscription").to_owned();
    if let Ok(mut subscription) = of(tx, "subscription", &id) {
        subscription["schedule"] = Value::Null;
        if call.params.boolean("preserve_cancel_date")? != Some(true) {
            subscription["cancel_at"] = Value::Null;
        }
        subscription_cycle::plan(&mut subscription);
        tx.update(&subscription);
        schedule["released_subscription"] = json!(id);
        schedule["subscription"] = Value::Null;
    }
    ended(tx, &mut schedule, "released");
    Ok(schedule)
}

/// A subscription ended without its schedule: the schedule is aborted.
pub fn subscription_ended(tx: &mut Tx<'_>, subscription: &Value) {
    let Ok(mut schedule) = of(tx, "subscription_schedule", id_of(subscription, "schedule")) else {
        return;
    };
    if check_open(&schedule, "abort").is_err() {
        return;
    }
    schedule["status"] = json!("canceled");
    schedule["canceled_at"] = json!(tx.now);
    schedule["current_phase"] = Value::Null;
    plan(&mut schedule);
    tx.update(&schedule);
    let account = tx.account.clone();
    emit(tx, "subscription_schedule.aborted", &account, &schedule, None);
}
