//! Balances and balance transactions.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::listing::{self, OverLimit};
use super::super::state::Kind;
use super::super::tx::{Tx, text};
use serde_json::{Value, json};

/// `/v1/balance`, `/v1/balance_transactions` and the old `/v1/balance/history`.
pub fn route(call: &Call, tx: &mut Tx<'_>, path: &[&str]) -> Option<Answer> {
    Some(match (call.method, path) {
        ("GET", ["balance"]) => Ok(object(tx, &tx.account.clone())),
        ("GET", ["balance_transactions"]) => list(call, tx, OverLimit::Refused),
        // The old modules ask for 1000 rows here.
        ("GET", ["balance", "history"]) => list(call, tx, OverLimit::Lowered),
        ("GET", ["balance_transactions", id] | ["balance", "history", id]) => tx
            .get(Kind::Transaction, id)
            .ok_or_else(|| ApiError::not_found("balance transaction", id)),
        _ => return None,
    })
}

/// An account's balance.
pub fn object(tx: &Tx<'_>, account: &str) -> Value {
    let mut balances = tx.state.ledger.balances(account);
    if balances.is_empty() {
        balances.push(("usd".into(), Default::default()));
    }
    let side = |of: &dyn Fn(usize) -> i64| -> Vec<Value> {
        let entries = balances.iter().enumerate();
        entries
            .map(|(at, (currency, _))| {
                let amount = of(at);
                json!({"amount": amount, "currency": &**currency, "source_types": {"card": amount}})
            })
            .collect()
    };
    json!({
        "object": "balance", "available": side(&|at| balances[at].1.available),
        "connect_reserved": side(&|_| 0), "livemode": false,
        "pending": side(&|at| balances[at].1.pending),
    })
}

fn list(call: &Call, tx: &Tx<'_>, over_limit: OverLimit) -> Answer {
    let params = &call.params;
    let matches = listing::by_fields(params, &["type", "source", "currency"]);
    let Some(id) = params.filled("payout")?.or(params.filled("transfer")?) else {
        return listing::page_at_most(tx, call, tx.ids(Kind::Transaction), &matches, over_limit);
    };
    let payout =
        tx.get(Kind::Payout, id).ok_or_else(|| ApiError::no_such("payout", id, "payout"))?;
    if payout["automatic"] != true {
        let message =
            "Balance transaction history can only be filtered on automatic transfers, not manual.";
        return Err(ApiError::invalid(message).param("payout"));
    }
    let rows = tx.ids(Kind::Transaction);
    let of_payout = |row: &Value| text(row, "_payout") == id && matches(row);
    listing::page_at_most(tx, call, rows, &of_payout, over_limit)
}
