//! Payment methods, as far as the browser needs them.

use super::super::call::Call;
use super::super::card;
use super::super::event::emit;
use super::super::listing;
use super::super::refusal::{Answer, Refusal};
use super::super::turn::{Turn, text};
use super::super::world::Kind;
use super::source;
use serde_json::{Value, json};

/// Paths below `/v1/payment_methods`.
pub fn route(call: &Call, turn: &mut Turn<'_>, path: &[&str]) -> Option<Answer> {
    Some(match (call.method, path) {
        ("POST", []) => create(call, turn),
        ("GET", []) => {
            let filter = listing::by_fields(&call.params, &["customer", "type"]);
            listing::page(turn, call, turn.ids(Kind::Method), &filter)
        }
        ("GET", [id]) => of(turn, id),
        ("POST", [id]) => of(turn, id).and_then(|mut method| {
            call.params.patch_groups(&mut method, &["billing_details"]);
            call.params.patch_metadata(&mut method)?;
            turn.update(&method);
            Ok(method)
        }),
        ("POST", [id, "attach"]) => attach(call, turn, id),
        ("POST", [id, "detach"]) => of(turn, id).map(|mut method| {
            method["customer"] = Value::Null;
            let account = turn.account.clone();
            // Taken out and put back, so that it leaves its customer's list.
            turn.remove(id);
            turn.insert(Kind::Method, None, &method);
            emit(turn, "payment_method.detached", &account, &method, None);
            method
        }),
        _ => return None,
    })
}

fn of(turn: &Turn<'_>, id: &str) -> Answer {
    turn.get(Kind::Method, id).ok_or_else(|| Refusal::not_found("PaymentMethod", id))
}

fn create(call: &Call, turn: &mut Turn<'_>) -> Answer {
    let params = &call.params;
    let kind = params.required("type")?;
    if kind != "card" {
        let message = format!("This sandbox makes payment methods of type card, not {kind}.");
        return Err(Refusal { saved: false, ..Refusal::invalid(message) }.param("type"));
    }
    let fields = params.group("card").ok_or_else(|| Refusal::missing("card"))?;
    let card = match fields.filled("token")? {
        Some(token) => source::take_token(turn, token, "card[token]")?,
        None => source::card_from_fields(turn, &fields)?,
    };
    let mut method = object(turn, &card);
    params.patch_groups(&mut method, &["billing_details"]);
    params.patch_metadata(&mut method)?;
    turn.insert(Kind::Method, None, &method);
    Ok(method)
}

fn object(turn: &mut Turn<'_>, card: &Value) -> Value {
    let brand = network(text(card, "brand"));
    json!({
        "id": turn.id("pm_"), "object": "payment_method",
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
        "created": turn.now, "customer": null, "livemode": false, "metadata": {}, "type": "card",
        "_number": card["_number"],
    })
}

fn attach(call: &Call, turn: &mut Turn<'_>, id: &str) -> Answer {
    let customer = call.params.required("customer")?;
    super::customer::named(turn, customer)?;
    let mut method = match card::published(id) {
        Some(found) => {
            let card = source::test_card(turn, found);
            object(turn, &card)
        }
        None => of(turn, id)?,
    };
    if let behaviour @ card::Behaviour::Decline(.., true) =
        card::behaviour(text(&method, "_number"))
        && let Some(refusal) = card::refusal(behaviour)
    {
        return Err(refusal);
    }
    method["customer"] = json!(customer);
    let method_id = text(&method, "id").to_owned();
    turn.remove(&method_id);
    turn.insert(Kind::Method, Some(customer), &method);
    let account = turn.account.clone();
    emit(turn, "payment_method.attached", &account, &method, None);
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
