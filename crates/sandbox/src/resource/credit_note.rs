//! Credit notes: what an invoice's customer need not pay, or gets back.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::description::shape::blank;
use super::super::event::emit;
use super::super::listing;
use super::super::tx::{Tx, number, text};
use super::{Resource, customer_money, invoice_pay, kind, named, new, of, test_clock};
use serde_json::{Value, json};

/// Credit notes.
pub const CREDIT_NOTE: Resource = Resource {
    create,
    actions: &[
        ("POST", "void", void),
        ("GET", "lines", |call, _, note| {
            listing::page_of(call, note["lines"]["data"].as_array().map_or(&[], Vec::as_slice))
        }),
    ],
    ..Resource::new("credit_note", "credit_notes", "cn_")
};

fn create(call: &Call, tx: &mut Tx<'_>, note: &mut Value) -> Result<(), ApiError> {
    let id = call.params.required("invoice")?;
    let invoice = named(tx, "invoice", id, "invoice")?;
    test_clock::enter(tx, &invoice);
    compose(call, tx, note, &invoice)?;
    // The time and the amounts are the invoice's.
    book(call, tx, note, invoice)
}

/// `GET /v1/credit_notes/preview` and its lines: the note, which is not stored.
pub fn preview(call: &Call, tx: &mut Tx<'_>, path: &[&str]) -> Answer {
    let id = call.params.required("invoice")?;
    let invoice = named(tx, "invoice", id, "invoice")?;
    let mut note = new(tx, "credit_note", "cn_");
    compose(call, tx, &mut note, &invoice)?;
    tx.discard();
    if path.last() == Some(&"lines") {
        return listing::page_of(call, note["lines"]["data"].as_array().map_or(&[], Vec::as_slice));
    }
    Ok(note)
}

fn compose(
    call: &Call,
    tx: &mut Tx<'_>,
    note: &mut Value,
    invoice: &Value,
) -> Result<(), ApiError> {
    if !matches!(text(invoice, "status"), "open" | "paid") {
        let message = "You can only create a credit note for an open or paid invoice.";
        return Err(ApiError::invalid(message).param("invoice"));
    }
    let lines = lines(call, tx, invoice)?;
    let each = lines.iter().map(|line| number(line, "amount"));
    let amount = each.fold(0_i64, i64::saturating_add);
    let credited = number(invoice, "pre_payment_credit_notes_amount")
        + number(invoice, "post_payment_credit_notes_amount");
    if amount < 1 || amount > number(invoice, "total") - credited {
        let message = "The sum of credit amount, refund amount and out of band amount must be at \
            least 1 and at most the rest of the invoice's amount.";
        return Err(ApiError::invalid(message).param("amount"));
    }
    let is_open = invoice["status"] == "open";
    let count = notes(tx, invoice).len() + 1;
    let id = text(note, "id").to_owned();
    for (name, value) in [
        ("amount", json!(amount)),
        ("created", json!(tx.now)),
        ("currency", invoice["currency"].clone()),
        ("customer", invoice["customer"].clone()),
        ("effective_at", json!(call.params.integer("effective_at")?.unwrap_or(tx.now))),
        ("invoice", invoice["id"].clone()),
        ("number", json!(format!("{}-CN-{count:02}", text(invoice, "number")))),
        ("pdf", json!(format!("https://pay.stripe.com/credit_notes/test/{id}/pdf"))),
        ("pre_payment_amount", json!(if is_open { amount } else { 0 })),
        ("post_payment_amount", json!(if is_open { 0 } else { amount })),
        ("status", json!("issued")),
        ("subtotal", json!(amount)),
        ("subtotal_excluding_tax", json!(amount)),
        ("total", json!(amount)),
        ("total_excluding_tax", json!(amount)),
        ("type", json!(if is_open { "pre_payment" } else { "post_payment" })),
        (
            "lines",
            json!({"object": "list", "data": lines, "has_more": false,
                "url": format!("/v1/credit_notes/{id}/lines")}),
        ),
    ] {
        note[name] = value;
    }
    Ok(())
}

fn notes(tx: &Tx<'_>, invoice: &Value) -> Vec<Value> {
    let all = tx.children(kind("credit_note"), text(invoice, "customer"));
    let found = all.iter().filter_map(|id| Some(tx.stored(id)?.value()));
    found.filter(|note| note["invoice"] == invoice["id"]).collect()
}

/// The lines that the call names, or one with the whole amount.
fn lines(call: &Call, tx: &mut Tx<'_>, invoice: &Value) -> Result<Vec<Value>, ApiError> {
    let params = &call.params;
    let mut made = Vec::new();
    let mut line = |tx: &mut Tx<'_>, amount: i64, description: Value, of: Option<&str>| {
        let mut line = blank("credit_note_line_item");
        line["id"] = json!(tx.id("cnli_"));
        line["amount"] = json!(amount);
        line["description"] = description;
        line["quantity"] = json!(1);
        line["unit_amount"] = json!(amount);
        line["unit_amount_decimal"] = json!(amount.to_string());
        line["type"] = json!(if of.is_some() { "invoice_line_item" } else { "custom_line_item" });
        if let Some(of) = of {
            line["invoice_line_item"] = json!(of);
        }
        made.push(line);
    };
    let Some(sent) = params.group("lines") else {
        let parts = ["amount", "refund_amount", "credit_amount", "out_of_band_amount"];
        let first = parts.iter().find(|name| params.has(name));
        let first = first.ok_or_else(|| ApiError::missing("amount"))?;
        let amount = params.integer(first)?.unwrap_or(0);
        line(tx, amount, json!(params.text("memo")?), None);
        return Ok(made);
    };
    for key in sent.values().keys() {
        let Some(one) = sent.group(key) else { continue };
        if let Some(id) = one.filled("invoice_line_item")? {
            let all = invoice["lines"]["data"].as_array().into_iter().flatten();
            let found = all.into_iter().find(|line| line["id"] == id);
            let found = found.ok_or_else(|| ApiError::no_such("invoice line item", id, "lines"))?;
            let whole = number(found, "amount");
            let amount = match (one.integer("amount")?, one.integer("quantity")?) {
                (Some(amount), _) => amount,
                (None, Some(quantity)) => whole / number(found, "quantity").max(1) * quantity,
                (None, None) => whole,
            };
            line(tx, amount, found["description"].clone(), Some(id));
        } else {
            let unit = one.integer("unit_amount")?.or(one.integer("amount")?).unwrap_or(0);
            let amount = unit.saturating_mul(one.integer("quantity")?.unwrap_or(1));
            line(tx, amount, json!(one.text("description")?), None);
        }
    }
    Ok(made)
}

/// Takes the note off an open invoice, or gives back what was paid.
fn book(
    call: &Call,
    tx: &mut Tx<'_>,
    note: &mut Value,
    mut invoice: Value,
) -> Result<(), ApiError> {
    let amount = number(note, "amount");
    if invoice["status"] == "open" {
        let rest = number(&invoice, "amount_remaining") - amount;
        let before = number(&invoice, "pre_payment_credit_notes_amount");
        invoice["pre_payment_credit_notes_amount"] = json!(before + amount);
        invoice["amount_due"] = json!(number(&invoice, "amount_due") - amount);
        invoice["amount_remaining"] = json!(rest);
        tx.update(&invoice);
        if rest <= 0 {
            invoice_pay::mark_paid(tx, invoice, None)?;
        } else {
            invoice_pay::reprice(tx, &invoice);
        }
        return Ok(());
    }
    let params = &call.params;
    let part = |name: &str| params.integer(name).map(|part| part.unwrap_or(0));
    let (refunded, outside) = (part("refund_amount")?, part("out_of_band_amount")?);
    let credited = match params.integer("credit_amount")? {
        Some(credited) => credited,
        // Without parts the whole amount goes to the customer's balance.
        None => amount - refunded - outside,
    };
    if refunded + outside + credited != amount {
        let message = "The sum of credit amount, refund amount and out of band amount must equal \
            the amount of the credit note.";
        return Err(ApiError::invalid(message).param("amount"));
    }
    if refunded > 0 {
        let charge = text(&invoice, "charge");
        let form = format!("charge={charge}&amount={refunded}");
        let refund = invoice_pay::internal(tx, "refunds", &form);
        let refund = refund.unwrap_or_else(|| Err(ApiError::missing("refund_amount")))?;
        note["refunds"] = json!([{"amount_refunded": refunded, "payment_record_refund": null,
            "refund": refund["id"], "type": "refund"}]);
    }
    if credited > 0 {
        customer_money::book(tx, note, "credit_note", -credited)?;
    }
    note["out_of_band_amount"] = if outside > 0 { json!(outside) } else { Value::Null };
    let before = number(&invoice, "post_payment_credit_notes_amount");
    invoice["post_payment_credit_notes_amount"] = json!(before + amount);
    tx.update(&invoice);
    Ok(())
}

fn void(_: &Call, tx: &mut Tx<'_>, mut note: Value) -> Answer {
    let mut invoice = of(tx, "invoice", text(&note, "invoice"))?;
    if note["status"] == "void" || invoice["status"] != "open" {
        let message = "Only credit notes of open invoices can be voided, and only once.";
        return Err(ApiError::invalid(message));
    }
    let amount = number(&note, "amount");
    for (name, sign) in
        [("pre_payment_credit_notes_amount", -1), ("amount_due", 1), ("amount_remaining", 1)]
    {
        invoice[name] = json!(number(&invoice, name) + sign * amount);
    }
    tx.update(&invoice);
    invoice_pay::reprice(tx, &invoice);
    note["status"] = json!("void");
    note["voided_at"] = json!(tx.now);
    tx.update(&note);
    let account = tx.account.clone();
    emit(tx, "credit_note.voided", &account, &note, None);
    Ok(note)
}
