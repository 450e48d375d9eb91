//! Pays a checkout session: makes its intent and confirms it.

use super::super::super::api_error::{Answer, ApiError};
use super::super::super::call::Call;
use super::super::super::params::Params;
use super::super::super::state::Kind;
use super::super::super::tx::{Tx, number, text};
use super::super::intent::{confirm, draft, method_types, unexpected};
use super::super::method::{attach, resolve};
use super::super::{customer, setup};
use super::{outcome, subscribe};
use serde_json::{Map, Value, json};

/// What a customer entered.
#[derive(Debug, Default)]
pub struct Payer {
    /// Their address for receipts.
    pub email: Option<String>,
    /// Their name.
    pub name: Option<String>,
}

/// Pays an open session with a method; returns the session and its intent.
pub fn run(
    tx: &mut Tx<'_>,
    mut session: Value,
    method: &Value,
    payer: &Payer,
) -> Result<(Value, Value), ApiError> {
    if session["mode"] == "payment" && session["amount_total"] == 0 {
        return Ok((free(tx, session, payer), Value::Null));
    }
    note_payer(tx, &mut session, method, payer);
    let call = call(tx, &session, method);
    let is_setup = session["mode"] == "setup";
    let mut intent = match is_setup {
        true => tx.get(Kind::SetupIntent, text(&session, "setup_intent")).unwrap_or_default(),
        false => {
            match tx.get(Kind::PaymentIntent, text(&session, outcome::intent_name(&session))) {
                Some(intent) => intent,
                None if session["mode"] == "subscription" => {
                    match subscribe::begin(tx, &mut session)? {
                        Some(intent) => intent,
                        None => return Ok(begin_trial(tx, session, method)),
                    }
                }
                None => new_intent(tx, &session),
            }
        }
    };
    let name = outcome::intent_name(&session);
    session[name] = intent["id"].clone();
    intent["customer"] = session["customer"].clone();
    tx.update(&session);
    if !is_setup {
        // The API may have paid or canceled it.
        unexpected::check_confirm(&intent)?;
    }
    method_types::check_method(&intent, method)?;
    let intent = if is_setup {
        setup::confirm::attempt(&call, tx, intent, method)?
    } else {
        confirm::attempt(&call, tx, intent, method)?
    };
    let session = outcome::after(tx, &intent).unwrap_or(session);
    Ok((session, intent))
}

/// A subscription that begins with a trial: the method is kept, and nothing is paid.
fn begin_trial(tx: &mut Tx<'_>, session: Value, method: &Value) -> (Value, Value) {
    let owner = text(&session, "customer").to_owned();
    let method = match tx.get(Kind::Method, text(method, "id")) {
        Some(method) => attach::put(tx, method, &owner),
        None => method.clone(),
    };
    subscribe::keep_method(tx, &session, &method["id"]);
    (outcome::complete(tx, session, "no_payment_required"), Value::Null)
}

/// Ends a session that costs nothing.
pub fn free(tx: &mut Tx<'_>, mut session: Value, payer: &Payer) -> Value {
    note_payer(tx, &mut session, &Value::Null, payer);
    outcome::complete(tx, session, "no_payment_required")
}

/// The confirmation, as the page sends it.
fn call(tx: &Tx<'_>, session: &Value, method: &Value) -> Call {
    let (base, id) = (&tx.state.base_url, text(session, "id"));
    let mut params = Map::new();
    let framed = if session["ui_mode"] == "hosted" { "" } else { "?framed=1" };
    let back = format!("{base}/checkout.stripe.com/c/pay/{id}{framed}");
    params.insert("return_url".into(), json!(back));
    params.insert("payment_method".into(), method["id"].clone());
    let own = Call::own("payment_pages", Params::new(params), &tx.state.settings.default_version);
    Call { key: "pk_test_checkout".into(), client_ip: "127.0.0.1".into(), ..own }
}

fn note_payer(tx: &mut Tx<'_>, session: &mut Value, method: &Value, payer: &Payer) {
    let details = &method["billing_details"];
    let known = tx.get(Kind::Customer, text(session, "customer")).unwrap_or_default();
    let own = |given: &Option<String>, name: &str| {
        let kept = session[format!("customer_{name}")].as_str().or(known[name].as_str());
        given.as_deref().or(details[name].as_str()).or(kept).map(str::to_owned)
    };
    let (email, name) = (own(&payer.email, "email"), own(&payer.name, "name"));
    session["customer_details"] = json!({
        "address": details["address"], "business_name": null, "email": email,
        "individual_name": null, "name": name, "phone": null, "tax_exempt": "none", "tax_ids": [],
    });
    let saves = !text(&session["_payment_intent_data"], "setup_future_usage").is_empty();
    let is_needed = session["customer_creation"] == "always"
        || session["mode"] == "subscription"
        || (session["mode"] == "payment" && saves);
    if session["customer"].is_null() && is_needed {
        let mut made = customer::blank(tx, None);
        made["email"] = json!(email);
        made["name"] = json!(name);
        customer::begin(tx, &made);
        session["customer"] = made["id"].clone();
    }
}

/// The payment intent of a session.
pub fn new_intent(tx: &mut Tx<'_>, session: &Value) -> Value {
    let amount = number(session, "amount_total");
    let mut intent = draft::blank(tx, amount, text(session, "currency"));
    for (name, value) in [
        ("customer", session["customer"].clone()),
        ("payment_method_types", session["payment_method_types"].clone()),
        ("payment_method_options", session["payment_method_options"].clone()),
        ("_session", session["id"].clone()),
    ] {
        intent[name] = value;
    }
    describe(&mut intent, &session["_payment_intent_data"]);
    draft::begin(tx, &intent);
    intent
}

/// Copies `payment_intent_data` or `setup_intent_data` into an intent.
pub fn describe(intent: &mut Value, data: &Value) {
    for (name, value) in data.as_object().into_iter().flatten() {
        let number = value.as_str().and_then(|text| text.parse::<i64>().ok());
        intent[name.as_str()] = match (name.as_str(), number) {
            ("application_fee_amount", Some(number)) => json!(number),
            _ => value.clone(),
        };
    }
    if let Some(share) = intent["transfer_data"]["amount"].as_str() {
        intent["transfer_data"]["amount"] = json!(share.parse::<i64>().ok());
    }
}

/// The method of a confirmation by the API.
pub fn method_of(tx: &mut Tx<'_>, params: &Params, session: &Value) -> Answer {
    let owner = session["customer"].as_str();
    let found = resolve::read(params, tx, owner)?;
    found.ok_or_else(|| ApiError::missing("payment_method"))
}
