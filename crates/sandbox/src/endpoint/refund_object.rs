//! The refund object.

use super::super::tx::Tx;
use serde_json::{Value, json};

/// A refund that has moved no money yet.
pub fn new(tx: &mut Tx<'_>, charge: &Value, amount: i64) -> Value {
    json!({
        "id": tx.id("re_"), "object": "refund", "amount": amount, "balance_transaction": null,
        "charge": charge["id"], "created": tx.now, "currency": charge["currency"],
        "destination_details": {"card": {"type": "refund"}, "type": "card"},
        "metadata": {}, "payment_intent": charge["payment_intent"], "reason": null, "receipt_number": null,
        "source_transfer_reversal": null, "status": "succeeded", "transfer_reversal": null,
    })
}
