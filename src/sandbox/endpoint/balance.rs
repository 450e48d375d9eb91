//! Balances and the rows they are made of.

use super::super::call::Call;
use super::super::listing;
use super::super::refusal::{Answer, Refusal};
use super::super::turn::{Turn, text};
use super::super::world::Kind;
use serde_json::{Value, json};

/// `/v1/balance`, `/v1/balance_transactions` and the old `/v1/balance/history`.
pub fn route(call: &Call, turn: &mut Turn<'_>, path: &[&str]) -> Option<Answer> {
    Some(match (call.method, path) {
        ("GET", ["balance"]) => Ok(object(turn, &turn.account.clone())),
        ("GET", ["balance_transactions"]) => list(call, turn, false),
        // The old modules ask for 1000 rows here.
        ("GET", ["balance", "history"]) => list(call, turn, true),
        ("GET", ["balance_transactions", id] | ["balance", "history", id]) => turn
            .get(Kind::Transaction, id)
            .ok_or_else(|| Refusal::not_found("balance transaction", id)),
        _ => return None,
    })
}

/// An account's balance.
pub fn object(turn: &Turn<'_>, account: &str) -> Value {
    let mut balances = turn.world.ledger.balances(account);
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

fn list(call: &Call, turn: &Turn<'_>, lenient: bool) -> Answer {
    let params = &call.params;
    let matches = listing::by_fields(params, &["type", "source", "currency"]);
    let Some(id) = params.filled("payout")?.or(params.filled("transfer")?) else {
        return listing::page_at_most(turn, call, turn.ids(Kind::Transaction), &matches, lenient);
    };
    let payout =
        turn.get(Kind::Payout, id).ok_or_else(|| Refusal::no_such("payout", id, "payout"))?;
    if payout["automatic"] != true {
        let message =
            "Balance transaction history can only be filtered on automatic transfers, not manual.";
        return Err(Refusal::invalid(message).param("payout"));
    }
    let rows = turn.ids(Kind::Transaction);
    let of_payout = |row: &Value| text(row, "_payout") == id && matches(row);
    listing::page_at_most(turn, call, rows, &of_payout, lenient)
}
