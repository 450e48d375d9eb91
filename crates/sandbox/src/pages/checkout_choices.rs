//! What a customer chooses on the page of a checkout session besides the method: a promotion code,
//! a way of shipping, the shop's own fields.

use super::super::call::money;
use super::super::endpoint::checkout::{custom_field, reprice, totals};
use super::super::resource::{kind, of};
use super::super::state::Kind;
use super::super::tx::{Tx, is, number, text};
use serde_json::{Map, Value, json};

/// The input that is wrong, and why.
pub type Fault = (&'static str, String);

/// Takes the choices into the session; a fault leaves what was chosen before.
pub fn take(tx: &mut Tx<'_>, session: &mut Value, sent: &Map<String, Value>) -> Result<(), Fault> {
    let entry = |name: &str| sent.get(name).and_then(Value::as_str).unwrap_or_default().trim();
    let before = session.clone();
    if !entry("shipping").is_empty() && !totals::ship(session, entry("shipping")) {
        return Err(("shipping", "Choose a way of shipping.".to_owned()));
    }
    let wanted = entry("promotion_code");
    if !wanted.is_empty() && is(session, "allow_promotion_codes") {
        if session["subscription"].is_string() {
            // Its invoice has an amount already.
            return Err(("promotion_code", "It is too late for a promotion code.".to_owned()));
        }
        let known = tx.ids(kind("promotion_code")).into_iter().find(|id| {
            of(tx, "promotion_code", id).is_ok_and(|code| {
                is(&code, "active") && text(&code, "code").eq_ignore_ascii_case(wanted)
            })
        });
        let taken = known.map(|id| totals::apply(tx, session, None, Some(&id)));
        if !matches!(taken, Some(Ok(()))) {
            return Err(("promotion_code", "This code is invalid.".to_owned()));
        }
    }
    if *session != before {
        add_up(tx, session, &before)?;
    }
    if sent.get("apply").is_some() {
        return Ok(());
    }
    let mut fields = session["custom_fields"].take();
    let mut wrong = None;
    for field in fields.as_array_mut().into_iter().flatten() {
        let name = format!("custom_{}", text(field, "key"));
        let value = entry(&name);
        wrong = wrong.or_else(|| custom_field::fault(field, value));
        let kind = text(field, "type").to_owned();
        field[kind.as_str()]["value"] = json!((!value.is_empty()).then_some(value));
    }
    session["custom_fields"] = fields;
    tx.update(session);
    wrong.map_or(Ok(()), |message| Err(("custom", message)))
}

/// Adds up what was chosen; a total that cannot be paid leaves everything as it was `before`.
fn add_up(tx: &mut Tx<'_>, session: &mut Value, before: &Value) -> Result<(), Fault> {
    let items = tx.children(Kind::SessionItem, text(session, "id"));
    let items: Vec<Value> = items.iter().filter_map(|id| tx.get(Kind::SessionItem, id)).collect();
    totals::add_up(tx, session, &items);
    let total = number(session, "amount_total");
    let checked = totals::check(total, text(session, "currency"));
    if let Err(refusal) = checked.and_then(|()| reprice::run(tx, session)) {
        *session = before.clone();
        totals::add_up(tx, session, &items);
        tx.update(session);
        return Err(("promotion_code", refusal.message));
    }
    tx.update(session);
    Ok(())
}

/// The choices as the page shows them.
pub fn shown(tx: &Tx<'_>, session: &Value) -> Value {
    let currency = text(session, "currency");
    let chosen = &session["shipping_cost"]["shipping_rate"];
    let options = session["shipping_options"].as_array().into_iter().flatten().map(|option| {
        let rate = of(tx, "shipping_rate", text(option, "shipping_rate")).unwrap_or_default();
        json!({"id": option["shipping_rate"], "name": rate["display_name"],
            "amount": money(number(option, "shipping_amount"), currency),
            "checked": option["shipping_rate"] == *chosen})
    });
    let fields = session["custom_fields"].as_array().into_iter().flatten().map(|field| {
        let own = &field[text(field, "type")];
        let value = own["value"].as_str().or(own["default_value"].as_str()).unwrap_or_default();
        let options = own["options"].as_array().into_iter().flatten().map(|option| {
            json!({"label": option["label"], "value": option["value"],
                "selected": option["value"] == value})
        });
        json!({"name": format!("custom_{}", text(field, "key")), "value": value,
            "label": field["label"]["custom"], "optional": field["optional"],
            "is_dropdown": field["type"] == "dropdown",
            "is_numeric": field["type"] == "numeric", "options": options.collect::<Vec<_>>()})
    });
    let off = number(&session["total_details"], "amount_discount");
    let shipping = number(&session["total_details"], "amount_shipping");
    json!({
        "shipping": options.collect::<Vec<_>>(), "fields": fields.collect::<Vec<_>>(),
        "takes_code": is(session, "allow_promotion_codes"),
        "discount": (off > 0).then(|| money(off, currency)),
        "shipping_amount": session["shipping_cost"].is_object().then(|| money(shipping, currency)),
    })
}
