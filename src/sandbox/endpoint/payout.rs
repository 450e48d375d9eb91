//! Payouts: to a bank account, by hand or automatic, arriving, failing, cancelled.

use super::super::call::Call;
use super::super::clock::DAY;
use super::super::event::emit;
use super::super::listing;
use super::super::refusal::{Answer, Refusal};
use super::super::turn::{Row, Turn, text};
use super::super::world::Kind;
use super::bank;
use serde_json::{Value, json};

/// Paths below `/v1/payouts`.
pub fn route(call: &Call, turn: &mut Turn<'_>, path: &[&str]) -> Option<Answer> {
    Some(match (call.method, path) {
        ("POST", []) => create(call, turn),
        ("GET", []) => {
            let filter = listing::by_fields(&call.params, &["destination", "status"]);
            listing::page(turn, call, turn.ids(Kind::Payout), &filter)
        }
        ("GET", [id]) => of(turn, id),
        ("POST", [id]) => update(call, turn, id),
        ("POST", [id, "cancel"]) => cancel(turn, id),
        _ => return None,
    })
}

fn of(turn: &Turn<'_>, id: &str) -> Answer {
    turn.get(Kind::Payout, id).ok_or_else(|| Refusal::not_found("payout", id))
}

fn create(call: &Call, turn: &mut Turn<'_>) -> Answer {
    let params = &call.params;
    let amount = call.amount()?;
    let currency = call.currency()?;
    let method = params.choice("method", &["standard", "instant"])?.unwrap_or("standard");
    let account = turn.account.clone();
    let bank = match params.filled("destination")? {
        Some(id) => turn
            .get(Kind::Source, id)
            .filter(|bank| bank["account"] == *account)
            .ok_or_else(|| Refusal::no_such("external account", id, "destination"))?,
        None => default_bank(turn, &currency)?,
    };
    if turn.available(&account, &currency) < amount {
        let message = "You have insufficient funds in your Stripe account for this transfer. Your \
            card balance is too low. You can use the /v1/balance endpoint to view your Stripe \
            balance (for more details, see stripe.com/docs/api#balance).";
        return Err(Refusal::invalid(message).code("balance_insufficient"));
    }
    let mut fields = json!({"description": null, "statement_descriptor": null, "metadata": {}});
    params.patch(&mut fields, &["description", "statement_descriptor"])?;
    params.patch_metadata(&mut fields)?;
    let mut payout = object(turn, amount, &currency, &bank);
    payout["method"] = json!(method);
    super::super::params::merge(&mut payout, &fields);
    Ok(send(turn, payout))
}

/// The bank account payouts in a currency go to.
pub fn default_bank(turn: &Turn<'_>, currency: &str) -> Answer {
    let ids = turn.children(Kind::Source, &turn.account);
    let banks = ids.iter().filter_map(|id| turn.get(Kind::Source, id));
    let mut fitting: Vec<Value> =
        banks.filter(|bank| bank["currency"] == currency || bank["object"] == "card").collect();
    fitting.sort_by_key(|bank| bank["default_for_currency"] != true);
    fitting.into_iter().next().ok_or_else(|| {
        let message = format!(
            "Sorry, you don't have any external accounts in that currency ({currency}). See your \
             Dashboard to add one."
        );
        Refusal::invalid(message).param("currency")
    })
}

/// A payout object, not booked yet.
pub fn object(turn: &mut Turn<'_>, amount: i64, currency: &str, bank: &Value) -> Value {
    json!({
        "id": turn.id("po_"), "object": "payout", "amount": amount, "application_fee": null,
        "application_fee_amount": null, "arrival_date": turn.now + 2 * DAY, "automatic": false,
        "balance_transaction": null, "created": turn.now, "currency": currency,
        "description": null, "destination": bank["id"], "failure_balance_transaction": null,
        "failure_code": null, "failure_message": null, "livemode": false, "metadata": {},
        "method": "standard", "original_payout": null, "reconciliation_status": "not_applicable",
        "reversed_by": null, "source_type": "card", "statement_descriptor": null,
        "status": "pending", "type": bank["object"], "_number": bank["_number"],
    })
}

/// Books a payout and lets it travel; it arrives when the clock has passed two days, or a few
/// seconds when this sandbox settles at once.
pub fn send(turn: &mut Turn<'_>, mut payout: Value) -> Value {
    let amount = -super::super::turn::number(&payout, "amount");
    payout["balance_transaction"] = json!(row(turn, &payout, "payout", amount));
    let travel = if turn.world.settings.settle_immediately { 5 } else { 2 * DAY };
    payout["_due"] = json!((turn.now + travel) * 1_000);
    turn.insert(Kind::Payout, None, &payout);
    let account = turn.account.clone();
    emit(turn, "payout.created", &account, &payout, None);
    payout
}

fn row(turn: &mut Turn<'_>, payout: &Value, kind: &'static str, amount: i64) -> String {
    let account = turn.account.clone();
    turn.post(&Row {
        account: &account,
        kind,
        amount,
        currency: text(payout, "currency"),
        stripe_fee: 0,
        application_fee: 0,
        available_on: turn.now,
        source: text(payout, "id"),
        description: Some("STRIPE PAYOUT"),
    })
}

/// A payout reaches the bank, which takes it or not.
pub fn arrive(turn: &mut Turn<'_>, mut payout: Value) {
    if payout["status"] != "pending" {
        return;
    }
    let account = turn.account.clone();
    let amount = super::super::turn::number(&payout, "amount");
    let before = payout.clone();
    let name = if let Some((code, message)) = bank::payout_failure(text(&payout, "_number")) {
        payout["status"] = json!("failed");
        payout["failure_code"] = json!(code);
        payout["failure_message"] = json!(message);
        payout["failure_balance_transaction"] = json!(row(turn, &payout, "payout_failure", amount));
        "payout.failed"
    } else {
        payout["status"] = json!("paid");
        "payout.paid"
    };
    turn.update(&payout);
    emit(turn, "payout.updated", &account, &payout, Some(&before));
    emit(turn, name, &account, &payout, None);
}

fn update(call: &Call, turn: &mut Turn<'_>, id: &str) -> Answer {
    let before = of(turn, id)?;
    let mut payout = before.clone();
    call.params.patch_metadata(&mut payout)?;
    turn.update(&payout);
    let account = turn.account.clone();
    emit(turn, "payout.updated", &account, &payout, Some(&before));
    Ok(payout)
}

fn cancel(turn: &mut Turn<'_>, id: &str) -> Answer {
    let mut payout = of(turn, id)?;
    if payout["status"] != "pending" || payout["automatic"] == true {
        let message = "Payouts can only be canceled while they are pending, and only when they \
            are manual.";
        return Err(Refusal::invalid(message));
    }
    let amount = super::super::turn::number(&payout, "amount");
    payout["status"] = json!("canceled");
    payout["failure_balance_transaction"] = json!(row(turn, &payout, "payout_cancel", amount));
    payout.as_object_mut().map(|fields| fields.shift_remove("_due"));
    turn.update(&payout);
    let account = turn.account.clone();
    emit(turn, "payout.canceled", &account, &payout, None);
    Ok(payout)
}

/// An automatic payout of all that is available, with the rows it is made of.
pub fn run_automatic(turn: &mut Turn<'_>, currency: &str) -> Answer {
    let account = turn.account.clone();
    let amount = turn.available(&account, currency);
    if amount < 1 {
        return Err(Refusal::invalid("There is nothing available to pay out."));
    }
    let bank = default_bank(turn, currency)?;
    let mut payout = object(turn, amount, currency, &bank);
    payout["automatic"] = json!(true);
    payout["reconciliation_status"] = json!("completed");
    for id in turn.ids(Kind::Transaction) {
        let Some(mut paid) = turn.get(Kind::Transaction, &id) else { continue };
        let waits = super::super::turn::number(&paid, "available_on") > turn.now;
        if paid["currency"] == currency && paid.get("_payout").is_none() && !waits {
            paid["_payout"] = payout["id"].clone();
            turn.update(&paid);
        }
    }
    let sent = send(turn, payout);
    // A payout lists itself among its rows, as Stripe's reports do.
    if let Some(mut own) = turn.get(Kind::Transaction, text(&sent, "balance_transaction")) {
        own["_payout"] = sent["id"].clone();
        turn.update(&own);
    }
    Ok(sent)
}
