//! The money of financial accounts: every flow has a transaction, and each step of it an entry;
//! the balance is the sum of the entries. It is apart from the ledger of the payments balance.

use super::super::api_error::{Answer, ApiError};
use super::super::tx::{Tx, number, text};
use super::{kind, named, new, of};
use serde_json::{Value, json};

/// Parts of a balance.
const PARTS: [&str; 3] = ["cash", "inbound_pending", "outbound_pending"];
const TRANSACTION: &str = "treasury.transaction";
const ENTRY: &str = "treasury.transaction_entry";

/// What a step adds to cash, to what comes in, and to what goes out.
pub type Impact = [i64; 3];

/// The open account of a request.
pub fn account(tx: &Tx<'_>, id: &str) -> Answer {
    let found = named(tx, "treasury.financial_account", id, "financial_account")?;
    if found["status"] != "open" {
        let message = format!("The financial account {id} is closed.");
        return Err(ApiError::invalid(message).param("financial_account"));
    }
    Ok(found)
}

/// What an account can spend.
pub fn cash(account: &Value, currency: &str) -> i64 {
    number(&account["balance"]["cash"], currency)
}

/// Refuses to spend more than there is.
pub fn check_funds(account: &Value, amount: i64, currency: &str) -> Result<(), ApiError> {
    if cash(account, currency) >= amount {
        return Ok(());
    }
    let message = "The financial account does not have enough money for this operation.";
    Err(ApiError::invalid(message).code("insufficient_funds").param("amount"))
}

/// The word of a flow in a transaction: `outbound_payment`.
fn flow_type(flow: &Value) -> String {
    text(flow, "object").trim_start_matches("treasury.").to_owned()
}

/// Books a step of a flow; its first one makes the transaction, whose id the flow gets.
pub fn book(tx: &mut Tx<'_>, flow: &mut Value, step: &str, impact: Impact) -> Result<(), ApiError> {
    let currency = text(flow, "currency").to_owned();
    let mut account = of(tx, "treasury.financial_account", text(flow, "financial_account"))?;
    for (part, amount) in PARTS.into_iter().zip(impact) {
        let sum = number(&account["balance"][part], &currency) + amount;
        account["balance"][part][&currency] = json!(sum);
    }
    tx.update(&account);
    let mut transaction = match of(tx, TRANSACTION, text(flow, "transaction")) {
        Ok(known) => known,
        Err(_) => begin(tx, flow),
    };
    flow["transaction"] = transaction["id"].clone();
    for (part, amount) in PARTS.into_iter().zip(impact) {
        let sum = number(&transaction["balance_impact"], part) + amount;
        transaction["balance_impact"][part] = json!(sum);
    }
    tx.update(&transaction);
    let mut entry = new(tx, ENTRY, "trxne_");
    for name in ["currency", "financial_account", "flow", "flow_type"] {
        entry[name] = transaction[name].clone();
    }
    entry["balance_impact"] =
        json!({"cash": impact[0], "inbound_pending": impact[1], "outbound_pending": impact[2]});
    entry["effective_at"] = json!(tx.now);
    entry["transaction"] = transaction["id"].clone();
    entry["type"] = json!(step);
    let id = text(&transaction, "id").to_owned();
    tx.insert(kind(ENTRY), Some(&id), &entry);
    Ok(())
}

fn begin(tx: &mut Tx<'_>, flow: &Value) -> Value {
    let mut made = new(tx, TRANSACTION, "trxn_");
    let amount = number(flow, "amount");
    let word = flow_type(flow);
    let spends = matches!(
        word.as_str(),
        "outbound_payment" | "outbound_transfer" | "received_debit" | "credit_reversal"
    );
    for (name, value) in [
        ("amount", json!(if spends { -amount } else { amount })),
        ("currency", flow["currency"].clone()),
        ("description", json!(flow["description"].as_str().unwrap_or(&word.replace('_', " ")))),
        ("financial_account", flow["financial_account"].clone()),
        ("flow", flow["id"].clone()),
        ("flow_type", json!(word)),
        ("status", json!("open")),
        ("status_transitions", json!({"posted_at": null, "void_at": null})),
    ] {
        made[name] = value;
    }
    made.as_object_mut().map(|fields| fields.shift_remove("entries"));
    let account = text(flow, "financial_account").to_owned();
    tx.insert(kind(TRANSACTION), Some(&account), &made);
    made
}

/// Ends the transaction of a flow: `posted` or `void`.
pub fn settle(tx: &mut Tx<'_>, flow: &Value, status: &str) {
    let Ok(mut transaction) = of(tx, TRANSACTION, text(flow, "transaction")) else { return };
    transaction["status"] = json!(status);
    transaction["status_transitions"][format!("{status}_at")] = json!(tx.now);
    tx.update(&transaction);
}
