//! Makes payment methods from card fields, tokens, bank accounts, and the fields of other types.

use super::super::super::api_error::{Answer, ApiError};
use super::super::super::call::Call;
use super::super::super::params::Params;
use super::super::super::state::{Kind, PLATFORM};
use super::super::super::tx::{Tx, text};
use super::super::{card_object, source};
use super::{bank_debit, kinds, object};
use serde_json::{Value, json};

/// `POST /v1/payment_methods`.
pub fn run(call: &Call, tx: &mut Tx<'_>) -> Answer {
    let params = &call.params;
    if let Some(original) = params.filled("payment_method")? {
        return clone(call, tx, original);
    }
    let method = from_params(tx, params)?;
    tx.insert(Kind::Method, None, &method);
    Ok(method)
}

/// A payment method of `params`: those of the endpoint, or of `payment_method_data`.
pub fn from_params(tx: &mut Tx<'_>, params: &Params) -> Answer {
    let kind = params.required("type")?;
    let known = kinds::named(kind).ok_or_else(|| {
        let message = format!("Invalid type: {kind} is not a type of payment method.");
        ApiError::parameter("payment_method_unsupported_type", &params.full("type"), message)
    })?;
    let fields = params.group(kind);
    let mut method = match known.name {
        "card" => card(tx, fields.ok_or_else(|| ApiError::missing(&params.full("card")))?)?,
        name if known.course == kinds::Course::Debit => {
            let fields = fields.ok_or_else(|| ApiError::missing(&params.full(name)))?;
            bank_debit::object(tx, name, &fields)?
        }
        name => other(tx, name, fields.as_ref()),
    };
    params.patch_groups(&mut method, &["billing_details"]);
    params.patch(&mut method, &["allow_redisplay"])?;
    params.patch_metadata(&mut method)?;
    check_name(params, &method, known.course)?;
    Ok(method)
}

/// Debits need the name of who is debited.
fn check_name(params: &Params, method: &Value, course: kinds::Course) -> Result<(), ApiError> {
    if course != kinds::Course::Debit || method["billing_details"]["name"].is_string() {
        return Ok(());
    }
    let details = params.group("billing_details").unwrap_or_default();
    let name = if details.values().is_empty() {
        params.full("billing_details[name]")
    } else {
        details.full("name")
    };
    Err(ApiError::missing(&name))
}

fn card(tx: &mut Tx<'_>, fields: Params) -> Answer {
    let card = match fields.filled("token")? {
        Some(token) => source::take_token(tx, token, &fields.full("token"))?,
        None => card_object::from_fields(tx, &fields)?,
    };
    Ok(object::of_card(tx, &card))
}

/// A method that carries little but its type.
fn other(tx: &mut Tx<'_>, kind: &str, fields: Option<&Params>) -> Value {
    let mut method = object::blank(tx, kind);
    let mut own = match kind {
        "ideal" => json!({"bank": null, "bic": null}),
        "eps" | "p24" | "fpx" => json!({"bank": null}),
        "sofort" => json!({"country": null}),
        "klarna" => json!({"dob": null}),
        "link" => json!({"email": null}),
        "cashapp" => json!({"buyer_id": null, "cashtag": null}),
        "boleto" => json!({"tax_id": ""}),
        "paypal" => json!({"country": null, "payer_email": null, "payer_id": null}),
        _ => json!({}),
    };
    for (name, value) in fields.iter().flat_map(|fields| fields.values()) {
        own[name.as_str()] = value.clone();
    }
    method[kind] = own;
    method
}

/// A customer's payment method of the platform, for a connected account.
fn clone(call: &Call, tx: &mut Tx<'_>, original: &str) -> Answer {
    let no_such = || ApiError::no_such("PaymentMethod", original, "payment_method");
    let found = tx.find(Kind::Method, PLATFORM, original).ok_or_else(no_such)?;
    let owner = call.params.filled("customer")?.unwrap_or_default();
    if text(&found, "customer") != owner {
        let message = format!(
            "The customer '{owner}' does not have a payment method with the ID {original}. The \
             payment method must be attached to the customer."
        );
        return Err(ApiError::invalid(message).code("resource_missing").param("payment_method"));
    }
    if tx.is_platform() {
        let message = "You can only clone a PaymentMethod to a connected account, with the \
            Stripe-Account header.";
        return Err(ApiError::invalid(message).param("payment_method"));
    }
    let mut method = found;
    method["id"] = json!(tx.id("pm_"));
    method["created"] = json!(tx.now);
    method["customer"] = Value::Null;
    method["metadata"] = json!({});
    call.params.patch_metadata(&mut method)?;
    tx.insert(Kind::Method, None, &method);
    Ok(method)
}
