//! Transactions of issued cards: captures and refunds, each with its balance transaction.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::event::emit;
use super::super::params::Params;
use super::super::tx::{Tx, number, text};
use super::issuing_money::{self, part, post};
use super::{Resource, id_of, kind, new, of};
use serde_json::{Value, json};

/// Transactions.
pub const TRANSACTION: Resource = Resource {
    events: "issuing_transaction",
    ..Resource::new("issuing.transaction", "issuing/transactions", "ipi_")
};

/// What a test does with them.
pub const TEST: Resource = Resource {
    path: "test_helpers/issuing/transactions",
    actions: &[("POST", "refund", refund)],
    ..TRANSACTION
};

/// `POST /v1/test_helpers/issuing/transactions/create_force_capture` and `create_unlinked_refund`.
pub fn create(call: &Call, tx: &mut Tx<'_>, what: &str) -> Option<Answer> {
    let (word, sign) = match what {
        "create_force_capture" => ("capture", -1),
        "create_unlinked_refund" => ("refund", 1),
        _ => return None,
    };
    Some(issuing_money::card(call, tx).and_then(|card| {
        let currency = issuing_money::currency(call, &card)?;
        let from = json!({"card": card, "currency": currency, "id": null,
            "merchant_data": issuing_money::merchant(call), "wallet": null});
        book(call, tx, &from, (word, sign * call.amount()?))
    }))
}

/// The transaction of a captured authorization.
pub fn capture(call: &Call, tx: &mut Tx<'_>, authorization: &Value, amount: i64) -> Answer {
    book(call, tx, authorization, ("capture", -amount))
}

fn book(call: &Call, tx: &mut Tx<'_>, from: &Value, (word, amount): (&str, i64)) -> Answer {
    let mut made = new(tx, "issuing.transaction", "ipi_");
    let card = of(tx, "issuing.card", id_of(from, "card"))?;
    for (name, value) in [
        ("amount", json!(amount)),
        ("amount_details", json!({"atm_fee": null, "cashback_amount": null})),
        ("authorization", from["id"].clone()),
        ("card", card["id"].clone()),
        ("cardholder", json!(id_of(&card, "cardholder"))),
        ("currency", from["currency"].clone()),
        ("merchant_amount", json!(amount)),
        ("merchant_currency", from["currency"].clone()),
        ("merchant_data", from["merchant_data"].clone()),
        (
            "network_data",
            json!({"authorization_code": null, "processing_date": null, "transaction_id": null}),
        ),
        ("type", json!(word)),
        ("wallet", from["wallet"].clone()),
    ] {
        made[name] = value;
    }
    let row = post(tx, "issuing_transaction", &made, amount);
    made["balance_transaction"] = row["id"].clone();
    let details = call.params.group("purchase_details");
    if let Some(details) = &details {
        made["purchase_details"] = purchase(details)?;
    }
    tx.insert(kind("issuing.transaction"), None, &made);
    let account = tx.account.clone();
    emit(tx, "issuing_transaction.created", &account, &made, None);
    if details.is_some_and(|details| details.has("receipt")) {
        let event = "issuing_transaction.purchase_details_receipt_updated";
        emit(tx, event, &account, &made, None);
    }
    Ok(made)
}

/// What was bought: a receipt and a reference; of other details only their absence is shown.
fn purchase(sent: &Params) -> Result<Value, ApiError> {
    let mut receipt = Vec::new();
    let lines = sent.group("receipt").unwrap_or_default();
    for line in lines.values().keys().filter_map(|key| lines.group(key)) {
        let quantity = line.text("quantity")?.and_then(|text| text.parse::<f64>().ok());
        receipt.push(json!({"description": line.text("description")?, "quantity": quantity,
            "total": line.integer("total")?, "unit_cost": line.integer("unit_cost")?}));
    }
    let receipt = if receipt.is_empty() { Value::Null } else { json!(receipt) };
    Ok(json!({"fleet": null, "flight": null, "fuel": null, "lodging": null,
        "receipt": receipt, "reference": sent.text("reference")?}))
}

fn refund(call: &Call, tx: &mut Tx<'_>, mut captured: Value) -> Answer {
    if captured["type"] != "capture" {
        return Err(ApiError::invalid("Only transactions of type capture can be refunded."));
    }
    let rest = -number(&captured, "amount") - number(&captured, "_refunded");
    let amount = part(call, "refund_amount", rest, text(&captured, "currency"))?;
    captured["_refunded"] = json!(number(&captured, "_refunded") + amount);
    tx.update(&captured);
    let mut from = captured.clone();
    from["id"] = captured["authorization"].clone();
    book(call, tx, &from, ("refund", amount))
}
