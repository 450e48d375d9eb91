//! The balance of billing credits: what grants add, and what voiding or expiring them takes away.
//! No invoice applies credits, so nothing else takes from it.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::event::emit;
use super::super::listing;
use super::super::lookup;
use super::super::tx::{Tx, number, text};
use super::{id_of, kind, named, new};
use serde_json::{Value, json};

const TRANSACTION: &str = "billing.credit_balance_transaction";
const GRANT: &str = "billing.credit_grant";

/// `/v1/billing/credit_balance_…`; `None` for other paths.
pub fn route(call: &Call, tx: &mut Tx<'_>, path: &[&str]) -> Option<Answer> {
    Some(match (call.method, path) {
        ("GET", ["billing", "credit_balance_summary"]) => summary(call, tx),
        ("GET", ["billing", "credit_balance_transactions"]) => list(call, tx),
        ("GET", ["billing", "credit_balance_transactions", id]) => super::of(tx, TRANSACTION, id),
        _ => return None,
    })
}

/// A grant began: its credits are booked.
pub fn granted(tx: &mut Tx<'_>, grant: &Value) {
    let credit = json!({"amount": grant["amount"], "type": "credits_granted",
        "credits_application_invoice_voided": null});
    book(tx, grant, "credit", credit);
}

/// A grant was voided or expired: what is left of it is booked out.
pub fn ended(tx: &mut Tx<'_>, grant: &Value, why: &str) {
    let debit = json!({"amount": grant["amount"], "type": why, "credits_applied": null});
    book(tx, grant, "debit", debit);
}

fn book(tx: &mut Tx<'_>, grant: &Value, side: &str, detail: Value) {
    let mut made = new(tx, TRANSACTION, "cbtxn_test_");
    for (name, value) in [
        ("credit_grant", grant["id"].clone()),
        ("effective_at", json!(tx.now)),
        ("type", json!(side)),
        (side, detail),
    ] {
        made[name] = value;
    }
    let customer = id_of(grant, "customer").to_owned();
    tx.insert(kind(TRANSACTION), Some(&customer), &made);
    let account = tx.account.clone();
    emit(tx, "billing.credit_balance_transaction.created", &account, &made, None);
}

fn list(call: &Call, tx: &Tx<'_>) -> Answer {
    let customer = lookup::customer(tx, call.params.required("customer")?)?;
    let wanted = call.params.text("credit_grant")?;
    let ids = tx.children(kind(TRANSACTION), text(&customer, "id"));
    listing::page(tx, call, ids, &|one| wanted.is_none_or(|id| one["credit_grant"] == id))
}

fn summary(call: &Call, tx: &Tx<'_>) -> Answer {
    let customer = lookup::customer(tx, call.params.required("customer")?)?;
    let id = text(&customer, "id");
    let filter = call.params.group("filter").unwrap_or_default();
    let only = match filter.required("type")? {
        "credit_grant" => {
            let grant = filter.required("credit_grant")?;
            Some(named(tx, GRANT, grant, "filter[credit_grant]")?["id"].clone())
        }
        _ => None,
    };
    let mut sums: Vec<(String, i64)> = Vec::new();
    let mut ids = tx.children(kind(TRANSACTION), id);
    ids.reverse();
    for row in ids.iter().filter_map(|id| tx.get(kind(TRANSACTION), id)) {
        if only.as_ref().is_some_and(|only| row["credit_grant"] != *only) {
            continue;
        }
        let side = text(&row, "type");
        let money = &row[side]["amount"]["monetary"];
        let value = number(money, "value") * if side == "credit" { 1 } else { -1 };
        let currency = text(money, "currency");
        match sums.iter_mut().find(|(known, _)| known == currency) {
            Some((_, sum)) => *sum += value,
            None => sums.push((currency.to_owned(), value)),
        }
    }
    let amount = |currency: &str, value: i64| json!({"type": "monetary", "monetary": {"currency": currency, "value": value}});
    let balances: Vec<Value> = sums
        .iter()
        .map(|(currency, sum)| {
            json!({"available_balance": amount(currency, *sum),
                "ledger_balance": amount(currency, *sum)})
        })
        .collect();
    Ok(json!({"object": "billing.credit_balance_summary", "balances": balances,
        "customer": id, "customer_account": null, "livemode": false}))
}

/// Refuses to void or expire a grant that has ended.
pub fn check_open(grant: &Value, now: i64) -> Result<(), ApiError> {
    let expired = grant["expires_at"].as_i64().is_some_and(|at| at <= now);
    if grant["voided_at"].is_null() && !expired {
        return Ok(());
    }
    Err(ApiError::invalid("This credit grant was voided or has expired already."))
}
