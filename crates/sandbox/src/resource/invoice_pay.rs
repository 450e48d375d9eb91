//! Pays invoices. `charge` is the one place that takes the money.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::event::emit;
use super::super::form;
use super::super::params::Params;
use super::super::state::Kind;
use super::super::tx::{Tx, number, text};
use super::super::version::NEWEST;
use super::{id_of, kind, new, of, test_clock};
use serde_json::{Value, json};

/// Days between the attempts to collect an invoice: Stripe's smart retries, as a fixed plan.
const RETRY_DAYS: [i64; 3] = [3, 5, 7];

/// A payment of an invoice: its charge, and the intent it belongs to.
#[derive(Debug, Default)]
pub struct Payment {
    charge: Option<String>,
    intent: Option<String>,
}

/// Tries to collect an open invoice; a decline is stored with what follows from it.
pub fn attempt(tx: &mut Tx<'_>, mut invoice: Value, method: Option<&str>) -> Answer {
    let method = method.map(str::to_owned).or_else(|| default_method(tx, &invoice));
    match charge(tx, &invoice, method.as_deref(), true) {
        Ok(payment) => {
            invoice["attempt_count"] = json!(number(&invoice, "attempt_count") + 1);
            mark_paid(tx, invoice, Some(payment))
        }
        Err(refusal) => {
            failed(tx, invoice);
            Err(ApiError { keep: true, ..refusal })
        }
    }
}

/// What the invoice, its subscription or its customer is charged by.
pub fn default_method(tx: &Tx<'_>, invoice: &Value) -> Option<String> {
    let subscription = of(tx, "subscription", text(invoice, "subscription")).unwrap_or_default();
    let owner = tx.get(Kind::Customer, id_of(invoice, "customer")).unwrap_or_default();
    let candidates = [
        &invoice["default_payment_method"],
        &invoice["default_source"],
        &subscription["default_payment_method"],
        &subscription["default_source"],
        &owner["invoice_settings"]["default_payment_method"],
        &owner["default_source"],
    ];
    candidates.into_iter().find_map(|id| id.as_str().map(str::to_owned))
}

/// Takes the money of an invoice: by a payment intent, or by a charge where there are none.
fn charge(
    tx: &mut Tx<'_>,
    invoice: &Value,
    method: Option<&str>,
    confirm: bool,
) -> Result<Payment, ApiError> {
    if confirm && method.is_none() {
        return Err(ApiError::invalid(
            "This customer has no attached payment source or default payment method. Please \
             consider adding a default payment method. For more information, visit \
             https://stripe.com/docs/billing/subscriptions/payment-methods-setting.",
        )
        .code("resource_missing"));
    }
    let amount = number(invoice, "amount_remaining").to_string();
    let mut sent = form_urlencoded::Serializer::new(String::new());
    sent.append_pair("amount", &amount);
    sent.append_pair("currency", text(invoice, "currency"));
    sent.append_pair("customer", id_of(invoice, "customer"));
    let description = invoice["number"].as_str().map(|number| format!("Invoice {number}"));
    sent.append_pair("description", description.as_deref().unwrap_or("Invoice"));
    let common = sent.finish();
    let confirmed = match method {
        Some(method) if confirm => {
            format!("{common}&payment_method={method}&confirm=true&off_session=true")
        }
        _ => format!("{common}&setup_future_usage=off_session"),
    };
    if let Some(answer) = internal(tx, "payment_intents", &confirmed) {
        let intent = answer?;
        let id = text(&intent, "id").to_owned();
        if confirm && intent["status"] != "succeeded" {
            return Err(ApiError::card(
                "invoice_payment_intent_requires_action",
                "This payment requires additional user action before it can be completed \
                 successfully.",
            ));
        }
        let charge = intent["latest_charge"].as_str().map(str::to_owned);
        return Ok(Payment { charge, intent: Some(id) });
    }
    if !confirm {
        return Ok(Payment::default());
    }
    let source = method.map(|method| format!("&source={method}")).unwrap_or_default();
    let made = internal(tx, "charges", &format!("{common}{source}"));
    let made = made.unwrap_or_else(|| Err(ApiError::invalid("The sandbox takes no charges.")))?;
    Ok(Payment { charge: Some(text(&made, "id").to_owned()), intent: None })
}

/// Calls another endpoint in the same operation.
pub fn internal(tx: &mut Tx<'_>, path: &str, sent: &str) -> Option<Answer> {
    let params = Params::new(form::decode(sent.as_bytes()).unwrap_or_default());
    tx.operate(&Call::own(path, params, NEWEST), &path.split('/').collect::<Vec<_>>())
}

/// An open invoice gets the intent that a page can confirm, when it is not charged by itself.
pub fn prepare(tx: &mut Tx<'_>, invoice: &mut Value) -> Result<(), ApiError> {
    let wanted = invoice["_wants_intent"] == true || invoice["collection_method"] == "send_invoice";
    if wanted {
        waiting_intent(tx, invoice)?;
    }
    Ok(())
}

/// The id of the intent by which an open invoice waits to be paid. It is made when there is none,
/// or when it was canceled.
pub fn waiting_intent(tx: &mut Tx<'_>, invoice: &mut Value) -> Result<Option<String>, ApiError> {
    let known = tx.get(Kind::PaymentIntent, text(invoice, "payment_intent"));
    if let Some(intent) = known.filter(|intent| intent["status"] != "canceled") {
        return Ok(intent["id"].as_str().map(str::to_owned));
    }
    let payment = charge(tx, invoice, None, false)?;
    let Some(id) = payment.intent.clone() else { return Ok(None) };
    let intent = tx.stored(&id).map(|stored| stored.value()).unwrap_or_default();
    invoice["payment_intent"] = json!(id);
    invoice["confirmation_secret"] =
        json!({"client_secret": intent["client_secret"], "type": "payment_intent"});
    record(tx, invoice, &payment, "open");
    tx.update(invoice);
    Ok(Some(id))
}

/// Attaches an intent: one that succeeded pays the invoice, another one when it succeeds.
pub fn attach(tx: &mut Tx<'_>, mut invoice: Value, intent: &Value) -> Answer {
    let payment = Payment {
        charge: intent["latest_charge"].as_str().map(str::to_owned),
        intent: intent["id"].as_str().map(str::to_owned),
    };
    if intent["status"] == "succeeded" {
        return mark_paid(tx, invoice, Some(payment));
    }
    record(tx, &mut invoice, &payment, "open");
    tx.update(&invoice);
    Ok(invoice)
}

/// The invoice's payment, as an object of its own.
fn record(tx: &mut Tx<'_>, invoice: &mut Value, payment: &Payment, status: &str) {
    let mut made = new(tx, "invoice_payment", "inpay_");
    let amount = number(invoice, "amount_remaining");
    let paid = (status == "paid").then_some(amount);
    let of = match (&payment.intent, &payment.charge) {
        (Some(intent), _) => json!({"type": "payment_intent", "payment_intent": intent}),
        (None, charge) => json!({"type": "charge", "charge": charge}),
    };
    for (name, value) in [
        ("amount_paid", json!(paid)),
        ("amount_requested", json!(amount)),
        ("currency", invoice["currency"].clone()),
        ("invoice", invoice["id"].clone()),
        ("is_default", json!(true)),
        ("payment", of),
        ("status", json!(status)),
    ] {
        made[name] = value;
    }
    made["status_transitions"]["paid_at"] = json!(paid.map(|_| tx.now));
    let above = payment.intent.clone().unwrap_or_else(|| text(invoice, "id").to_owned());
    tx.insert(kind("invoice_payment"), Some(&above), &made);
    let list = json!({"object": "list", "data": [made], "has_more": false,
        "url": format!("/v1/invoice_payments?invoice={}", text(invoice, "id"))});
    invoice["payments"] = list;
    if status == "paid" {
        let account = tx.account.clone();
        emit(tx, "invoice_payment.paid", &account, &made, None);
    }
}

/// Marks an invoice as paid, by a payment or without one.
pub fn mark_paid(tx: &mut Tx<'_>, mut invoice: Value, payment: Option<Payment>) -> Answer {
    close(tx, &invoice, payment.as_ref().and_then(|payment| payment.intent.as_deref()));
    if let Some(payment) = &payment {
        record(tx, &mut invoice, payment, "paid");
        invoice["charge"] = json!(payment.charge);
        invoice["payment_intent"] = json!(payment.intent);
    }
    let due = number(&invoice, "amount_due");
    test_clock::schedule(&mut invoice, None);
    let out_of_band = payment.is_none() && due > 0;
    for (name, value) in [
        ("status", json!("paid")),
        ("attempted", json!(true)),
        ("amount_paid", json!(due)),
        ("amount_paid_off_stripe", json!(if out_of_band { due } else { 0 })),
        ("amount_remaining", json!(0)),
        ("next_payment_attempt", Value::Null),
        ("paid", json!(true)),
    ] {
        invoice[name] = value;
    }
    invoice["status_transitions"]["paid_at"] = json!(tx.now);
    tx.update(&invoice);
    let account = tx.account.clone();
    emit(tx, "invoice.paid", &account, &invoice, None);
    emit(tx, "invoice.payment_succeeded", &account, &invoice, None);
    Ok(invoice)
}

/// Cancels the intents that could pay an invoice, except the one that `pays` it: a page with one
/// of them may still be open.
pub fn close(tx: &mut Tx<'_>, invoice: &Value, pays: Option<&str>) {
    for mut waiting in waiting(tx, invoice) {
        let id = text(&waiting["payment"], "payment_intent").to_owned();
        if pays == Some(&id) {
            continue;
        }
        // A debit that is on its way cannot be taken back, as at Stripe.
        let is_open = tx.get(Kind::PaymentIntent, &id).is_some_and(|intent| {
            !matches!(text(&intent, "status"), "processing" | "succeeded" | "canceled")
        });
        if is_open {
            drop(internal(tx, &format!("payment_intents/{id}/cancel"), ""));
            waiting["status"] = json!("canceled");
            waiting["status_transitions"]["canceled_at"] = json!(tx.now);
            tx.update(&waiting);
        }
    }
}

/// The payments of an invoice that nobody made yet.
fn waiting(tx: &Tx<'_>, invoice: &Value) -> Vec<Value> {
    let all = invoice["payments"]["data"].as_array().cloned().unwrap_or_default();
    let stored = all.iter().filter_map(|one| tx.get(kind("invoice_payment"), text(one, "id")));
    stored.filter(|one| one["status"] == "open").collect()
}

/// An open invoice costs something else now: so do the intents that wait to pay it.
pub fn reprice(tx: &mut Tx<'_>, invoice: &Value) {
    let amount = number(invoice, "amount_remaining");
    for waiting in waiting(tx, invoice) {
        let path = format!("payment_intents/{}", text(&waiting["payment"], "payment_intent"));
        let changed = internal(tx, &path, &format!("amount={amount}"));
        if changed.is_none_or(|answer| answer.is_err()) {
            // Less than can be paid by an intent: another one is made when it is more again.
            return close(tx, invoice, None);
        }
    }
}

/// Notes a failed attempt and plans the next.
fn failed(tx: &mut Tx<'_>, mut invoice: Value) {
    let count = number(&invoice, "attempt_count") + 1;
    invoice["attempt_count"] = json!(count);
    invoice["attempted"] = json!(true);
    let retries = invoice["billing_reason"] == "subscription_cycle";
    let days = usize::try_from(count - 1).ok().and_then(|at| RETRY_DAYS.get(at));
    let next = days.filter(|_| retries).map(|days| tx.now + days * 86_400);
    invoice["next_payment_attempt"] = json!(next);
    test_clock::schedule(&mut invoice, next);
    tx.update(&invoice);
    let account = tx.account.clone();
    emit(tx, "invoice.payment_failed", &account, &invoice, None);
}

/// A payment intent succeeded: the invoice that waits for it is paid.
pub fn intent_succeeded(tx: &mut Tx<'_>, intent: &Value) {
    for id in tx.children(kind("invoice_payment"), text(intent, "id")) {
        let Some(waiting) = tx.get(kind("invoice_payment"), &id) else { continue };
        let invoice = of(tx, "invoice", text(&waiting, "invoice"));
        let Some(invoice) = invoice.ok().filter(|invoice| invoice["status"] == "open") else {
            continue;
        };
        let payment = Payment {
            charge: intent["latest_charge"].as_str().map(str::to_owned),
            intent: Some(text(intent, "id").to_owned()),
        };
        tx.remove(&id);
        // Nothing is charged here, so it cannot be declined.
        let _ = mark_paid(tx, invoice, Some(payment));
    }
}
