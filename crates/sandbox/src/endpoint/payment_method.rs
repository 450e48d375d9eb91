//! Payment methods, as far as Stripe.js needs them.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::card;
use super::super::event::emit;
use super::super::listing;
use super::super::state::Kind;
use super::super::tx::{Tx, text};
use super::{card_object, source};
use serde_json::{Value, json};

/// Paths below `/v1/payment_methods`.
pub fn route(call: &Call, tx: &mut Tx<'_>, path: &[&str]) -> Option<Answer> {
    Some(match (call.method, path) {
        ("POST", []) => create(call, tx),
        ("GET", []) => {
            let filter = listing::by_fields(&call.params, &["customer", "type"]);
            listing::page(tx, call, tx.ids(Kind::Method), &filter)
        }
        ("GET", [id]) => of(tx, id),
        ("POST", [id]) => of(tx, id).and_then(|mut method| {
            call.params.patch_groups(&mut method, &["billing_details"]);
            call.params.patch_metadata(&mut method)?;
            tx.update(&method);
            Ok(method)
        }),
        ("POST", [id, "attach"]) => attach(call, tx, id),
        ("POST", [id, "detach"]) => of(tx, id).map(|mut method| {
            method["customer"] = Value::Null;
            let account = tx.account.clone();
            // Taken out and put back, so that it leaves its customer's list.
            tx.remove(id);
            tx.insert(Kind::Method, None, &method);
            emit(tx, "payment_method.detached", &account, &method, None);
            method
        }),
        _ => return None,
    })
}

fn of(tx: &Tx<'_>, id: &str) -> Answer {
    tx.get(Kind::Method, id).ok_or_else(|| ApiError::not_found("PaymentMethod", id))
}

fn create(call: &Call, tx: &mut Tx<'_>) -> Answer {
    let params = &call.params;
    let kind = params.required("type")?;
    if kind != "card" {
        let message = format!("This sandbox makes payment methods of type card, not {kind}.");
        return Err(ApiError { saved: false, ..ApiError::invalid(message) }.param("type"));
    }
    let fields = params.group("card").ok_or_else(|| ApiError::missing("card"))?;
    let card = match fields.filled("token")? {
        Some(token) => source::take_token(tx, token, "card[token]")?,
        None => card_object::from_fields(tx, &fields)?,
    };
    let mut method = object(tx, &card);
    params.patch_groups(&mut method, &["billing_details"]);
    params.patch_metadata(&mut method)?;
    tx.insert(Kind::Method, None, &method);
    Ok(method)
}

fn object(tx: &mut Tx<'_>, card: &Value) -> Value {
    let brand = network(text(card, "brand"));
    json!({
        "id": tx.id("pm_"), "object": "payment_method",
        "billing_details": {"address": {"city": null, "country": null, "line1": null,
            "line2": null, "postal_code": card["address_zip"], "state": null},
            "email": null, "name": card["name"], "phone": null},
        "card": {"brand": brand, "checks": {"address_line1_check": null,
                "address_postal_code_check": card["address_zip_check"],
                "cvc_check": card["cvc_check"]},
            "country": card["country"], "exp_month": card["exp_month"],
            "exp_year": card["exp_year"], "fingerprint": card["fingerprint"],
            "funding": card["funding"], "last4": card["last4"],
            "networks": {"available": [brand], "preferred": null},
            "three_d_secure_usage": {"supported": true}, "wallet": null},
        "created": tx.now, "customer": null, "livemode": false, "metadata": {}, "type": "card",
        "_number": card["_number"],
    })
}

fn attach(call: &Call, tx: &mut Tx<'_>, id: &str) -> Answer {
    let customer = call.params.required("customer")?;
    super::customer::named(tx, customer)?;
    let mut method = match card::published(id) {
        Some(found) => {
            let card = card_object::of_test_card(tx, found);
            object(tx, &card)
        }
        None => of(tx, id)?,
    };
    if let behavior @ card::Behavior::Decline(.., card::DeclinedWhen::Attached) =
        card::behavior(text(&method, "_number"))
        && let Some(refusal) = card::refusal(behavior)
    {
        return Err(refusal);
    }
    method["customer"] = json!(customer);
    let method_id = text(&method, "id").to_owned();
    tx.remove(&method_id);
    tx.insert(Kind::Method, Some(customer), &method);
    let account = tx.account.clone();
    emit(tx, "payment_method.attached", &account, &method, None);
    Ok(method)
}

/// A brand as newer objects spell it.
pub fn network(brand: &str) -> String {
    match brand {
        "American Express" => "amex".into(),
        "Diners Club" => "diners".into(),
        other => other.to_lowercase(),
    }
}
