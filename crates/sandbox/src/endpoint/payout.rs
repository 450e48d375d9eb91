//! Payouts to a bank account: manual and automatic, paid, failed, canceled.

use super::super::api_error::{Answer, ApiError};
use super::super::call::{Call, check_payout_step};
use super::super::clock::DAY;
use super::super::event::emit;
use super::super::listing;
use super::super::state::Kind;
use super::super::tx::{BalanceEntry, Tx, text};
use super::bank;
use serde_json::{Value, json};

/// Paths below `/v1/payouts`.
pub fn route(call: &Call, tx: &mut Tx<'_>, path: &[&str]) -> Option<Answer> {
    Some(match (call.method, path) {
        ("POST", []) => create(call, tx),
        ("GET", []) => {
            let filter = listing::by_fields(&call.params, &["destination", "status"]);
            listing::page(tx, call, tx.ids(Kind::Payout), &filter)
        }
        ("GET", [id]) => of(tx, id),
        ("POST", [id]) => update(call, tx, id),
        ("POST", [id, "cancel"]) => cancel(tx, id),
        ("POST", [id, "reverse"]) => reverse(call, tx, id),
        _ => return None,
    })
}

fn of(tx: &Tx<'_>, id: &str) -> Answer {
    tx.get(Kind::Payout, id).ok_or_else(|| ApiError::not_found("payout", id))
}

fn create(call: &Call, tx: &mut Tx<'_>) -> Answer {
    let params = &call.params;
    let amount = call.amount()?;
    let currency = call.currency()?;
    check_payout_step(amount, &currency)?;
    let method = params.choice("method", &["standard", "instant"])?.unwrap_or("standard");
    let account = tx.account.clone();
    let bank = match params.filled("destination")? {
        Some(id) => tx
            .get(Kind::Source, id)
            .filter(|bank| bank["account"] == *account)
            .ok_or_else(|| ApiError::no_such("external account", id, "destination"))?,
        None => default_bank(tx, &currency)?,
    };
    if tx.available(&account, &currency) < amount {
        let message = "You have insufficient funds in your Stripe account for this transfer. Your \
            card balance is too low. You can use the /v1/balance endpoint to view your Stripe \
            balance (for more details, see stripe.com/docs/api#balance).";
        return Err(ApiError::invalid(message).code("balance_insufficient"));
    }
    let mut fields = json!({"description": null, "statement_descriptor": null, "metadata": {}});
    params.patch(&mut fields, &["description", "statement_descriptor"])?;
    params.patch_metadata(&mut fields)?;
    let mut payout = object(tx, amount, &currency, &bank);
    payout["method"] = json!(method);
    super::super::params::merge(&mut payout, &fields);
    Ok(send(tx, payout))
}

/// The bank account payouts in a currency go to.
pub fn default_bank(tx: &Tx<'_>, currency: &str) -> Answer {
    let ids = tx.children(Kind::Source, &tx.account);
    let banks = ids.iter().filter_map(|id| tx.get(Kind::Source, id));
    let mut fitting: Vec<Value> =
        banks.filter(|bank| bank["currency"] == currency || bank["object"] == "card").collect();
    fitting.sort_by_key(|bank| bank["default_for_currency"] != true);
    fitting.into_iter().next().ok_or_else(|| {
        let message = format!(
            "Sorry, you don't have any external accounts in that currency ({currency}). See your \
             Dashboard to add one."
        );
        ApiError::invalid(message).param("currency")
    })
}

/// A payout object, not booked yet.
pub fn object(tx: &mut Tx<'_>, amount: i64, currency: &str, bank: &Value) -> Value {
    json!({
        "id": tx.id("po_"), "object": "payout", "amount": amount, "application_fee": null,
        "application_fee_amount": null, "arrival_date": tx.now + 2 * DAY, "automatic": false,
        "balance_transaction": null, "created": tx.now, "currency": currency,
        "description": null, "destination": bank["id"], "failure_balance_transaction": null,
        "failure_code": null, "failure_message": null, "livemode": false, "metadata": {},
        "method": "standard", "original_payout": null, "reconciliation_status": "not_applicable",
        "reversed_by": null, "source_type": "card", "statement_descriptor": null,
        "status": "pending", "type": bank["object"], "_number": bank["_number"],
    })
}

/// Books a payout and lets it travel; it arrives when the clock has passed two days, or a few
/// seconds when this sandbox settles at once.
pub fn send(tx: &mut Tx<'_>, mut payout: Value) -> Value {
    let amount = -super::super::tx::number(&payout, "amount");
    payout["balance_transaction"] = json!(row(tx, &payout, "payout", amount));
    let travel = if tx.state.settings.settle_immediately { 5 } else { 2 * DAY };
    payout["_due"] = json!((tx.now + travel) * 1_000);
    tx.insert(Kind::Payout, None, &payout);
    let account = tx.account.clone();
    emit(tx, "payout.created", &account, &payout, None);
    payout
}

fn row(tx: &mut Tx<'_>, payout: &Value, kind: &'static str, amount: i64) -> String {
    let account = tx.account.clone();
    tx.post(&BalanceEntry {
        account: &account,
        kind,
        amount,
        currency: text(payout, "currency"),
        stripe_fee: 0,
        application_fee: 0,
        available_on: tx.now,
        source: text(payout, "id"),
        description: Some("STRIPE PAYOUT"),
    })
}

/// A payout reaches the bank, which takes it or not.
pub fn arrive(tx: &mut Tx<'_>, mut payout: Value) {
    if payout["status"] != "pending" {
        return;
    }
    let account = tx.account.clone();
    let amount = super::super::tx::number(&payout, "amount");
    let before = payout.clone();
    let name = if let Some((code, message)) = bank::payout_failure(text(&payout, "_number")) {
        payout["status"] = json!("failed");
        payout["failure_code"] = json!(code);
        payout["failure_message"] = json!(message);
        payout["failure_balance_transaction"] = json!(row(tx, &payout, "payout_failure", amount));
        "payout.failed"
    } else {
        payout["status"] = json!("paid");
        "payout.paid"
    };
    tx.update(&payout);
    emit(tx, "payout.updated", &account, &payout, Some(&before));
    emit(tx, name, &account, &payout, None);
}

fn update(call: &Call, tx: &mut Tx<'_>, id: &str) -> Answer {
    let before = of(tx, id)?;
    let mut payout = before.clone();
    call.params.patch_metadata(&mut payout)?;
    tx.update(&payout);
    let account = tx.account.clone();
    emit(tx, "payout.updated", &account, &payout, Some(&before));
    Ok(payout)
}

fn cancel(tx: &mut Tx<'_>, id: &str) -> Answer {
    let mut payout = of(tx, id)?;
    if payout["status"] != "pending" || payout["automatic"] == true {
        let message = "Payouts can only be canceled while they are pending, and only when they \
            are manual.";
        return Err(ApiError::invalid(message));
    }
    let amount = super::super::tx::number(&payout, "amount");
    payout["status"] = json!("canceled");
    payout["failure_balance_transaction"] = json!(row(tx, &payout, "payout_cancel", amount));
    payout.as_object_mut().map(|fields| fields.shift_remove("_due"));
    tx.update(&payout);
    let account = tx.account.clone();
    emit(tx, "payout.canceled", &account, &payout, None);
    Ok(payout)
}

/// Takes a paid payout back from the bank.
fn reverse(call: &Call, tx: &mut Tx<'_>, id: &str) -> Answer {
    let mut payout = of(tx, id)?;
    if payout["status"] != "paid" || !payout["reversed_by"].is_null() {
        let message = "Payouts can only be reversed once, and only when they have been paid.";
        return Err(ApiError::invalid(message));
    }
    let amount = super::super::tx::number(&payout, "amount");
    let mut reversal = payout.clone();
    for (name, value) in [
        ("id", json!(tx.id("po_"))),
        ("amount", json!(-amount)),
        ("created", json!(tx.now)),
        ("arrival_date", json!(tx.now)),
        ("metadata", json!({})),
        ("original_payout", json!(id)),
    ] {
        reversal[name] = value;
    }
    call.params.patch_metadata(&mut reversal)?;
    reversal["balance_transaction"] = json!(row(tx, &reversal, "payout_cancel", amount));
    payout["reversed_by"] = reversal["id"].clone();
    tx.update(&payout);
    tx.insert(Kind::Payout, None, &reversal);
    let account = tx.account.clone();
    emit(tx, "payout.created", &account, &reversal, None);
    Ok(reversal)
}

/// An automatic payout of all that is available, with the rows it is made of.
pub fn run_automatic(tx: &mut Tx<'_>, currency: &str) -> Answer {
    let account = tx.account.clone();
    let amount = tx.available(&account, currency);
    if amount < 1 {
        return Err(ApiError::invalid("There is nothing available to pay out."));
    }
    let bank = default_bank(tx, currency)?;
    let mut payout = object(tx, amount, currency, &bank);
    payout["automatic"] = json!(true);
    payout["reconciliation_status"] = json!("completed");
    for id in tx.ids(Kind::Transaction) {
        let Some(mut paid) = tx.get(Kind::Transaction, &id) else { continue };
        let waits = super::super::tx::number(&paid, "available_on") > tx.now;
        if paid["currency"] == currency && paid.get("_payout").is_none() && !waits {
            paid["_payout"] = payout["id"].clone();
            tx.update(&paid);
        }
    }
    let sent = send(tx, payout);
    // A payout lists itself among its rows, as Stripe's reports do.
    if let Some(mut own) = tx.get(Kind::Transaction, text(&sent, "balance_transaction")) {
        own["_payout"] = sent["id"].clone();
        tx.update(&own);
    }
    Ok(sent)
}
