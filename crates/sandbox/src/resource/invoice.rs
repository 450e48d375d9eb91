//! Invoices: create, finalize, send, void, and their lines.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::event::emit;
use super::super::listing;
use super::super::lookup;
use super::super::state::Kind;
use super::super::tx::{Tx, number, text};
use super::discount::{self, Redeemed};
use super::{
    Resource, customer_money, engine, invoice_lines, invoice_pay, invoice_totals, kind, new, of,
    test_clock,
};
use serde_json::{Value, json};

/// Seconds between an automatic invoice and its finalization.
pub const DRAFT_SECONDS: i64 = 3_600;

/// Invoices.
pub const INVOICE: Resource = Resource {
    create,
    update: change,
    delete: |_, tx, invoice| {
        invoice_lines::check_draft(invoice)?;
        release_items(tx, invoice);
        Ok(())
    },
    actions: &[
        ("POST", "finalize", |call, tx, invoice| {
            let auto = call.params.boolean("auto_advance")?;
            finalize(tx, invoice, auto)
        }),
        ("POST", "pay", pay),
        ("POST", "attach_payment", attach),
        ("POST", "send", send),
        ("POST", "void", |_, tx, invoice| void_now(tx, invoice)),
        ("POST", "mark_uncollectible", mark_uncollectible),
        ("POST", "add_lines", add_lines),
        ("POST", "remove_lines", remove_lines),
        ("POST", "update_lines", update_lines),
        ("GET", "lines", |call, _, invoice| {
            listing::page_of(call, invoice["lines"]["data"].as_array().map_or(&[], Vec::as_slice))
        }),
    ],
    ..Resource::new("invoice", "invoices", "in_")
};

/// A draft for a customer, in the time of its clock.
pub fn draft(tx: &mut Tx<'_>, customer: &Value, currency: &str) -> Value {
    let mut invoice = new(tx, "invoice", "in_");
    fill_draft(tx, &mut invoice, customer, currency);
    invoice
}

fn fill_draft(tx: &Tx<'_>, invoice: &mut Value, customer: &Value, currency: &str) {
    let id = text(invoice, "id").to_owned();
    for (name, value) in [
        ("created", json!(tx.now)),
        ("account_country", json!("US")),
        ("account_name", json!("Sluicegate")),
        ("billing_reason", json!("manual")),
        ("currency", json!(currency)),
        ("customer", customer["id"].clone()),
        ("customer_address", customer["address"].clone()),
        ("customer_email", customer["email"].clone()),
        ("customer_name", customer["name"].clone()),
        ("customer_phone", customer["phone"].clone()),
        ("customer_shipping", customer["shipping"].clone()),
        ("customer_tax_exempt", json!("none")),
        ("customer_tax_ids", json!([])),
        ("issuer", json!({"type": "self"})),
        ("period_end", json!(tx.now)),
        ("period_start", json!(tx.now)),
        ("starting_balance", json!(0)),
        ("status", json!("draft")),
        ("subscription", Value::Null),
        ("test_clock", customer["test_clock"].clone()),
        (
            "lines",
            json!({"object": "list", "data": [], "has_more": false,
                "url": format!("/v1/invoices/{id}/lines")}),
        ),
    ] {
        invoice[name] = value;
    }
    for name in ["collection_method", "auto_advance"] {
        if invoice.get(name).is_none_or(Value::is_null) {
            let is_method = name == "collection_method";
            invoice[name] = if is_method { json!("charge_automatically") } else { json!(false) };
        }
    }
}

fn create(call: &Call, tx: &mut Tx<'_>, invoice: &mut Value) -> Result<(), ApiError> {
    let params = &call.params;
    let owner = lookup::customer(tx, params.required("customer")?)?;
    test_clock::enter(tx, &owner);
    let known = owner["currency"].as_str().unwrap_or("usd").to_owned();
    let currency = params.filled("currency")?.map_or(known, str::to_lowercase);
    fill_draft(tx, invoice, &owner, &currency);
    if text(invoice, "collection_method") == "send_invoice" {
        invoice["due_date"] = match (params.integer("due_date")?, params.integer("days_until_due")?)
        {
            (Some(due), _) => json!(due),
            (None, Some(days)) => json!(tx.now + days * 86_400),
            (None, None) => {
                let message = "You must pass either `due_date` or `days_until_due` when \
                    `collection_method` is `send_invoice`.";
                return Err(ApiError::invalid(message).param("days_until_due"));
            }
        };
    }
    invoice["_default_tax_rates"] = json!(params.list("default_tax_rates"));
    invoice["default_tax_rates"] =
        super::tax_rates(tx, &params.list("default_tax_rates"), "default_tax_rates")?;
    discounts(call, tx, invoice)?;
    // Since 2022 an invoice begins empty unless the call says otherwise.
    let includes = match params.filled("pending_invoice_items_behavior")? {
        Some(behavior) => behavior == "include",
        None => call.version.as_str() < "2022-08-01",
    };
    if includes {
        take_items(tx, invoice)?;
    }
    invoice_totals::update(tx, invoice)?;
    if invoice["auto_advance"] == true {
        test_clock::schedule(invoice, Some(tx.now + DRAFT_SECONDS));
        invoice["automatically_finalizes_at"] = json!(tx.now + DRAFT_SECONDS);
    }
    Ok(())
}

/// The discounts that the call names: coupons, promotion codes, or existing discounts.
pub fn discounts(call: &Call, tx: &mut Tx<'_>, object: &mut Value) -> Result<(), ApiError> {
    let params = &call.params;
    let owner = text(object, "customer").to_owned();
    let of = (text(object, "object") == "subscription").then(|| text(object, "id").to_owned());
    let mut ids = Vec::new();
    let mut sent = Vec::new();
    let list = params.group("discounts");
    for key in list.iter().flat_map(|list| list.values().keys()) {
        sent.extend(list.as_ref().and_then(|list| list.group(key)));
    }
    if params.has("coupon") || params.has("promotion_code") {
        sent.push(params.clone());
    }
    for one in sent {
        if let Some(id) = one.filled("discount")? {
            ids.push(json!(id));
            continue;
        }
        let by = Redeemed {
            coupon: one.filled("coupon")?,
            promotion_code: one.filled("promotion_code")?,
            customer: Some(&owner),
            subscription: of.as_deref(),
            currency: object["currency"].as_str().filter(|currency| !currency.is_empty()),
            amount: None,
        };
        let made = discount::redeem(tx, &by)?;
        ids.push(made["id"].clone());
        tx.insert(kind("discount"), Some(&owner), &made);
        let account = tx.account.clone();
        emit(tx, "customer.discount.created", &account, &made, None);
    }
    if ids.is_empty() && of.is_none() && !params.has("discounts") {
        ids.extend(of_customer(tx, &owner));
    }
    if !ids.is_empty() || params.has("discounts") || !object["discounts"].is_array() {
        object["discounts"] = json!(ids);
    }
    Ok(())
}

/// The discount that the customer has.
pub fn of_customer(tx: &Tx<'_>, customer: &str) -> Option<Value> {
    let owner = tx.get(Kind::Customer, customer)?;
    owner["discount"]["id"].as_str().map(|id| json!(id))
}

/// `POST /v1/invoices/in_1/attach_payment`.
fn attach(call: &Call, tx: &mut Tx<'_>, invoice: Value) -> Answer {
    let Some(id) = call.params.filled("payment_intent")? else {
        let message = "Attach a payment_intent; payment records cannot be attached here.";
        return Err(ApiError::invalid(message).param("payment_intent"));
    };
    let missing = || ApiError::no_such("payment_intent", id, "payment_intent");
    let intent = tx.get(Kind::PaymentIntent, id).ok_or_else(missing)?;
    if invoice["status"] != "open" {
        return Err(ApiError::invalid("A payment can only be attached to an open invoice."));
    }
    if intent["amount"] != invoice["amount_remaining"] || intent["currency"] != invoice["currency"]
    {
        let message = "The PaymentIntent must have the currency of the invoice, and the amount \
            that remains of it.";
        return Err(ApiError::invalid(message).param("payment_intent"));
    }
    invoice_pay::attach(tx, invoice, &intent)
}

/// Takes the customer's pending items into a draft.
pub fn take_items(tx: &mut Tx<'_>, invoice: &mut Value) -> Result<(), ApiError> {
    let mut ids = tx.children(kind("invoiceitem"), text(invoice, "customer"));
    ids.reverse();
    for id in ids {
        let Some(mut item) = tx.get(kind("invoiceitem"), &id) else { continue };
        let fits = item["customer"] == invoice["customer"]
            && item["currency"] == invoice["currency"]
            && item["invoice"].is_null();
        if fits {
            item["invoice"] = invoice["id"].clone();
            tx.update(&item);
            invoice_lines::add(tx, invoice, invoice_lines::of_item(&item))?;
        }
    }
    Ok(())
}

fn release_items(tx: &mut Tx<'_>, invoice: &Value) {
    for id in tx.children(kind("invoiceitem"), text(invoice, "customer")) {
        if let Some(mut item) = tx.get(kind("invoiceitem"), &id)
            && item["invoice"] == invoice["id"]
        {
            item["invoice"] = Value::Null;
            tx.update(&item);
        }
    }
}

fn change(call: &Call, tx: &mut Tx<'_>, invoice: &mut Value) -> Result<(), ApiError> {
    test_clock::enter(tx, invoice);
    let amounts = ["discounts", "default_tax_rates"];
    if amounts.iter().any(|name| call.params.has(name)) {
        invoice_lines::check_draft(invoice)?;
        if call.params.has("default_tax_rates") {
            let rates = call.params.list("default_tax_rates");
            invoice["_default_tax_rates"] = json!(rates);
            invoice["default_tax_rates"] = super::tax_rates(tx, &rates, "default_tax_rates")?;
        }
        discounts(call, tx, invoice)?;
        invoice_totals::update(tx, invoice)?;
    }
    if call.params.has("auto_advance") && invoice["status"] == "draft" {
        let at = (invoice["auto_advance"] == true).then_some(tx.now + DRAFT_SECONDS);
        test_clock::schedule(invoice, at);
        invoice["automatically_finalizes_at"] = json!(at);
    }
    Ok(())
}

/// Finalizes a draft: its number, the customer's balance, and what is free is paid.
pub fn finalize(tx: &mut Tx<'_>, mut invoice: Value, auto: Option<bool>) -> Answer {
    if invoice["status"] != "draft" {
        let message =
            "This invoice is already finalized, you can't re-finalize a non-draft invoice.";
        return Err(ApiError::invalid(message).code("invoice_not_editable"));
    }
    test_clock::enter(tx, &invoice);
    test_clock::schedule(&mut invoice, None);
    let id = text(&invoice, "customer").to_owned();
    let mut owner =
        tx.get(Kind::Customer, &id).ok_or_else(|| ApiError::not_found("customer", &id))?;
    let sequence = number(&owner, "next_invoice_sequence").max(1);
    owner["next_invoice_sequence"] = json!(sequence + 1);
    if owner["currency"].is_null() {
        owner["currency"] = invoice["currency"].clone();
    }
    tx.update(&owner);
    let total = number(&invoice, "total");
    let balance = number(&owner, "balance");
    // A credit pays what it can; a debt is collected; a negative total becomes credit.
    let applied = if total < 0 { total } else { (-balance).min(total) };
    let due = total - applied;
    if applied != 0 {
        let what =
            if applied > 0 || total < 0 { "applied_to_invoice" } else { "unapplied_from_invoice" };
        customer_money::book(tx, &invoice, what, applied)?;
    }
    let secret: String = super::super::identifier::make("", text(&invoice, "id"), 7);
    let (base, id) = (&tx.state.base_url, text(&invoice, "id"));
    let url = format!("{base}/invoice.stripe.com/i/{}/test_{id}_{secret}", tx.account);
    for (name, value) in [
        ("status", json!("open")),
        ("number", json!(format!("{}-{sequence:04}", text(&owner, "invoice_prefix")))),
        ("starting_balance", json!(balance)),
        ("ending_balance", json!(balance + applied)),
        ("amount_due", json!(due)),
        ("amount_remaining", json!(due)),
        ("automatically_finalizes_at", Value::Null),
        ("effective_at", json!(tx.now)),
        ("hosted_invoice_url", json!(format!("{url}?s=ap"))),
        ("invoice_pdf", json!(format!("{url}/pdf?s=ap"))),
    ] {
        invoice[name] = value;
    }
    invoice["status_transitions"]["finalized_at"] = json!(tx.now);
    if let Some(auto) = auto {
        invoice["auto_advance"] = json!(auto);
    }
    tx.put(kind("invoice"), &invoice);
    let account = tx.account.clone();
    emit(tx, "invoice.finalized", &account, &invoice, None);
    if invoice_totals::is_free(&invoice) {
        return invoice_pay::mark_paid(tx, invoice, None);
    }
    invoice_pay::prepare(tx, &mut invoice)?;
    Ok(invoice)
}

/// A draft is finalized, and an open invoice is collected again.
pub fn wake(tx: &mut Tx<'_>, invoice: Value) -> Result<(), ApiError> {
    let invoice = match text(&invoice, "status") {
        "draft" => finalize(tx, invoice, Some(true))?,
        "open" => invoice,
        _ => return Ok(()),
    };
    if invoice["status"] == "open" && invoice["collection_method"] == "charge_automatically" {
        // A decline is the invoice's state; what follows from it was done.
        let _ = invoice_pay::attempt(tx, invoice, None);
        return Ok(());
    }
    if invoice["status"] == "open" {
        return send_now(tx, invoice).map(|_| ());
    }
    Ok(())
}

fn send(_: &Call, tx: &mut Tx<'_>, invoice: Value) -> Answer {
    let invoice = match text(&invoice, "status") {
        "draft" => finalize(tx, invoice, None)?,
        _ => invoice,
    };
    send_now(tx, invoice)
}

fn send_now(tx: &mut Tx<'_>, invoice: Value) -> Answer {
    let account = tx.account.clone();
    emit(tx, "invoice.sent", &account, &invoice, None);
    Ok(invoice)
}

/// Voids an invoice.
pub fn void_now(tx: &mut Tx<'_>, mut invoice: Value) -> Answer {
    if !matches!(text(&invoice, "status"), "open" | "uncollectible") {
        let message = format!("You can't void an invoice that is {}.", text(&invoice, "status"));
        return Err(ApiError::invalid(message));
    }
    test_clock::enter(tx, &invoice);
    // What the customer's balance paid goes back to it.
    let applied = number(&invoice, "total") - number(&invoice, "amount_due");
    if applied != 0 {
        customer_money::book(tx, &invoice, "unapplied_from_invoice", -applied)?;
    }
    invoice_pay::close(tx, &invoice, None);
    invoice["status"] = json!("void");
    invoice["status_transitions"]["voided_at"] = json!(tx.now);
    ended(tx, invoice, "invoice.voided")
}

/// `POST /v1/invoices/in_1/pay`.
fn pay(call: &Call, tx: &mut Tx<'_>, found: Value) -> Answer {
    let invoice = match text(&found, "status") {
        "draft" => finalize(tx, found, None)?,
        "open" | "uncollectible" => found,
        "paid" => return Err(ApiError::invalid("Invoice is already paid")),
        other => {
            let message = format!("You can't pay an invoice that is {other}.");
            return Err(ApiError::invalid(message));
        }
    };
    if invoice["status"] == "paid" {
        return Ok(invoice);
    }
    test_clock::enter(tx, &invoice);
    if call.params.boolean("paid_out_of_band")? == Some(true) {
        return invoice_pay::mark_paid(tx, invoice, None);
    }
    let given = match call.params.filled("payment_method")? {
        Some(id) => Some(id),
        None => call.params.filled("source")?,
    };
    invoice_pay::attempt(tx, invoice, given)
}

fn mark_uncollectible(_: &Call, tx: &mut Tx<'_>, invoice: Value) -> Answer {
    give_up(tx, invoice)
}

/// Marks an invoice as uncollectible.
pub fn give_up(tx: &mut Tx<'_>, mut invoice: Value) -> Answer {
    if invoice["status"] != "open" {
        let message = "You can only mark an open invoice as uncollectible.";
        return Err(ApiError::invalid(message));
    }
    test_clock::enter(tx, &invoice);
    invoice["status"] = json!("uncollectible");
    invoice["status_transitions"]["marked_uncollectible_at"] = json!(tx.now);
    ended(tx, invoice, "invoice.marked_uncollectible")
}

fn ended(tx: &mut Tx<'_>, mut invoice: Value, event: &str) -> Answer {
    test_clock::schedule(&mut invoice, None);
    invoice["next_payment_attempt"] = Value::Null;
    tx.update(&invoice);
    let account = tx.account.clone();
    emit(tx, event, &account, &invoice, None);
    Ok(invoice)
}

fn add_lines(call: &Call, tx: &mut Tx<'_>, mut invoice: Value) -> Answer {
    invoice_lines::check_draft(&invoice)?;
    let sent = call.params.group("lines").ok_or_else(|| ApiError::missing("lines"))?;
    let currency = text(&invoice, "currency").to_owned();
    for key in sent.values().keys() {
        let Some(line) = sent.group(key) else { continue };
        let line = match line.filled("invoice_item")? {
            Some(id) => {
                let mut item = of(tx, "invoiceitem", id)?;
                item["invoice"] = invoice["id"].clone();
                tx.update(&item);
                invoice_lines::of_item(&item)
            }
            None => invoice_lines::read(tx, &line, &currency)?,
        };
        invoice_lines::add(tx, &mut invoice, line)?;
    }
    saved(tx, invoice)
}

fn remove_lines(call: &Call, tx: &mut Tx<'_>, mut invoice: Value) -> Answer {
    invoice_lines::check_draft(&invoice)?;
    let sent = call.params.group("lines").ok_or_else(|| ApiError::missing("lines"))?;
    for key in sent.values().keys() {
        let Some(line) = sent.group(key) else { continue };
        let id = line.required("id")?;
        invoice_lines::find(&mut invoice, id)?;
        invoice_lines::remove(tx, &mut invoice, |line| line["id"] == id)?;
    }
    saved(tx, invoice)
}

fn update_lines(call: &Call, tx: &mut Tx<'_>, mut invoice: Value) -> Answer {
    invoice_lines::check_draft(&invoice)?;
    let sent = call.params.group("lines").ok_or_else(|| ApiError::missing("lines"))?;
    for key in sent.values().keys() {
        let Some(changed) = sent.group(key) else { continue };
        change_line(tx, &mut invoice, changed.required("id")?, &changed)?;
    }
    invoice_totals::update(tx, &mut invoice)?;
    saved(tx, invoice)
}

/// `POST /v1/invoices/in_1/lines/il_1`.
pub fn update_line(call: &Call, tx: &mut Tx<'_>, id: &str, line: &str) -> Answer {
    let mut invoice = of(tx, "invoice", id)?;
    invoice_lines::check_draft(&invoice)?;
    change_line(tx, &mut invoice, line, &call.params)?;
    invoice_totals::update(tx, &mut invoice)?;
    saved(tx, invoice.clone())?;
    Ok(invoice_lines::find(&mut invoice, line)?.clone())
}

/// Changes one line; the totals follow.
fn change_line(
    tx: &mut Tx<'_>,
    invoice: &mut Value,
    id: &str,
    sent: &super::super::params::Params,
) -> Answer {
    let currency = text(invoice, "currency").to_owned();
    let fresh = invoice_lines::read(tx, sent, &currency)?;
    let line = invoice_lines::find(invoice, id)?;
    let priced = ["amount", "pricing", "price_data", "price"].iter().any(|name| sent.has(name));
    let names: &[&str] = if priced { &["amount", "pricing", "quantity"] } else { &[] };
    for name in names {
        line[*name] = fresh[*name].clone();
    }
    if sent.has("quantity") && !priced {
        let old = number(line, "quantity").max(1);
        let wanted = sent.integer("quantity")?.unwrap_or(1);
        line["amount"] = json!(number(line, "amount") / old * wanted);
        line["quantity"] = json!(wanted);
    }
    if sent.has("tax_rates") {
        line["_tax_rates"] = fresh["_tax_rates"].clone();
    }
    sent.patch(line, &["description"])?;
    sent.patch_metadata(line)?;
    line["subtotal"] = line["amount"].clone();
    line["quantity_decimal"] = json!(number(line, "quantity").to_string());
    Ok(line.clone())
}

fn saved(tx: &mut Tx<'_>, invoice: Value) -> Answer {
    tx.update(&invoice);
    engine::emit(tx, &INVOICE, "updated", &invoice, None);
    Ok(invoice)
}
