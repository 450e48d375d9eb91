//! Customers: create, retrieve, update, delete.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::event::emit;
use super::super::listing;
use super::super::lookup::live_customer;
use super::super::resource;
use super::super::state::Kind;
use super::super::tx::{Tx, text};
use super::cash_balance;
use super::customer_discount as discount;
use super::method::{attach, resolve};
use super::source;
use serde_json::{Value, json};

/// Paths below `/v1/customers`.
pub fn route(call: &Call, tx: &mut Tx<'_>, path: &[&str]) -> Option<Answer> {
    Some(match (call.method, path) {
        ("POST", []) => create(call, tx),
        ("GET", []) => listing::page(tx, call, tx.ids(Kind::Customer), &|customer| {
            customer.get("deleted").is_none()
                && listing::by_fields(&call.params, &["email", "test_clock"])(customer)
        }),
        ("GET", [id]) => {
            tx.get(Kind::Customer, id).ok_or_else(|| ApiError::not_found("customer", id))
        }
        ("POST", [id]) => update(call, tx, id),
        ("DELETE", [id]) => delete(tx, id),
        ("DELETE", [id, "discount"]) => discount::drop(tx, id),
        (_, [id, "sources" | "cards" | "bank_accounts", rest @ ..]) => {
            return match live_customer(tx, id) {
                Ok(customer) => source::route(call, tx, &customer, rest),
                Err(refusal) => Some(Err(refusal)),
            };
        }
        ("GET", [id, "payment_methods"]) => live_customer(tx, id).and_then(|_| {
            let filter = listing::by_fields(&call.params, &["type", "allow_redisplay"]);
            listing::page(tx, call, tx.children(Kind::Method, id), &filter)
        }),
        ("GET", [id, "payment_methods", method]) => live_customer(tx, id).and_then(|_| {
            tx.get(Kind::Method, method)
                .filter(|found| found["customer"] == *id)
                .ok_or_else(|| ApiError::not_found("PaymentMethod", method))
        }),
        (_, [_, name, ..])
            if name.starts_with("cash_balance") || *name == "funding_instructions" =>
        {
            return cash_balance::route(call, tx, path);
        }
        _ => return resource::route::route(call, tx, &[&["customers"], path].concat()),
    })
}

fn create(call: &Call, tx: &mut Tx<'_>) -> Answer {
    let id = match call.params.filled("id")? {
        Some(id) if tx.stored(id).is_some() => {
            return Err(ApiError::invalid("Customer already exists.")
                .code("resource_already_exists")
                .param("id"));
        }
        Some(id) => id.to_owned(),
        None => tx.id("cus_"),
    };
    let mut customer = blank(tx, Some(id));
    if let Some(clock) = call.params.filled("test_clock")? {
        let clock = resource::named(tx, "test_helpers.test_clock", clock, "test_clock")?;
        customer["test_clock"] = clock["id"].clone();
        customer["created"] = clock["frozen_time"].clone();
    }
    fill(call, tx, &mut customer)?;
    tx.insert(Kind::Customer, None, &customer);
    let method = match call.params.filled("payment_method")? {
        Some(name) => Some(first_method(tx, name)?),
        None => None,
    };
    let added = match call.params.has("source") || call.params.has("card") {
        true => Some(source::attach(call, tx, &customer)?),
        false => None,
    };
    if let Some(source) = &added {
        customer["default_source"] = source["id"].clone();
        tx.update(&customer);
    }
    discount::redeem(call, tx, &mut customer)?;
    let account = tx.account.clone();
    emit(tx, "customer.created", &account, &customer, None);
    if let Some(source) = added {
        emit(tx, "customer.source.created", &account, &source, None);
    }
    if let Some(method) = method {
        let attached = attach::run(tx, method, text(&customer, "id"))?;
        if customer["invoice_settings"]["default_payment_method"].is_string() {
            // A published name stands for the method that was made of it.
            customer["invoice_settings"]["default_payment_method"] = attached["id"].clone();
            tx.update(&customer);
        }
    }
    Ok(customer)
}

/// Refuses a default payment method that is not the customer's.
fn check_default(call: &Call, tx: &Tx<'_>, owner: &str) -> Result<(), ApiError> {
    let Some(settings) = call.params.group("invoice_settings") else { return Ok(()) };
    let wanted = settings.text("default_payment_method")?.unwrap_or_default();
    let comes_now = call.params.text("payment_method")? == Some(wanted);
    let known = tx.get(Kind::Method, wanted).or_else(|| tx.get(Kind::Source, wanted));
    if wanted.is_empty() || comes_now || known.is_some_and(|known| known["customer"] == owner) {
        return Ok(());
    }
    let message = format!(
        "The customer does not have a payment method with the ID {wanted}. The payment method \
         must be attached to the customer."
    );
    let refusal = ApiError::invalid(message).code("resource_missing");
    Err(refusal.param("invoice_settings[default_payment_method]"))
}

/// A customer with nothing but an id.
pub fn blank(tx: &mut Tx<'_>, id: Option<String>) -> Value {
    let id = id.unwrap_or_else(|| tx.id("cus_"));
    let prefix = super::super::identifier::make("", &id, 0)[..8].to_uppercase();
    json!({
        "id": id, "object": "customer", "address": null, "balance": 0, "created": tx.now,
        "currency": null, "default_source": null, "delinquent": false, "description": null,
        "discount": null, "email": null, "invoice_prefix": prefix,
        "invoice_settings": {"custom_fields": null, "default_payment_method": null, "footer": null},
        "livemode": false, "metadata": {}, "name": null, "next_invoice_sequence": 1, "phone": null,
        "preferred_locales": [], "shipping": null, "tax_exempt": "none",
    })
}

/// Stores a new customer and tells of it.
pub fn begin(tx: &mut Tx<'_>, customer: &Value) {
    tx.insert(Kind::Customer, None, customer);
    let account = tx.account.clone();
    emit(tx, "customer.created", &account, customer, None);
}

/// The payment method that a customer is created with.
fn first_method(tx: &mut Tx<'_>, name: &str) -> Answer {
    let known = tx.get(Kind::Method, name).or_else(|| resolve::published(tx, name));
    known.ok_or_else(|| ApiError::no_such("PaymentMethod", name, "payment_method"))
}

fn fill(call: &Call, tx: &Tx<'_>, customer: &mut Value) -> Result<(), ApiError> {
    let params = &call.params;
    if let Some(email) = params.text("email")?.filter(|email| !email.is_empty())
        && (!email.contains('@') || email.contains(char::is_whitespace) || email.len() > 512)
    {
        return Err(ApiError::parameter(
            "email_invalid",
            "email",
            format!("Invalid email address: {email}"),
        ));
    }
    params.patch(customer, &["description", "email", "name", "phone", "tax_exempt"])?;
    check_default(call, tx, text(customer, "id"))?;
    params.patch_groups(customer, &["address", "shipping", "invoice_settings"]);
    if let Some(balance) = params.integer("balance")?.or(params.integer("account_balance")?) {
        customer["balance"] = json!(balance);
    }
    if params.has("preferred_locales") {
        customer["preferred_locales"] = json!(params.list("preferred_locales"));
    }
    if let Some(group) = params.group("cash_balance") {
        cash_balance::set(&group, customer)?;
    }
    params.patch_metadata(customer)
}

fn update(call: &Call, tx: &mut Tx<'_>, id: &str) -> Answer {
    let before = live_customer(tx, id)?;
    let mut customer = before.clone();
    fill(call, tx, &mut customer)?;
    if let Some(wanted) =
        call.params.filled("default_source")?.or(call.params.filled("default_card")?)
    {
        if !tx.children(Kind::Source, id).iter().any(|source| &**source == wanted) {
            return Err(ApiError::no_such("source", wanted, "default_source"));
        }
        customer["default_source"] = json!(wanted);
    }
    discount::redeem(call, tx, &mut customer)?;
    tx.update(&customer);
    let account = tx.account.clone();
    if call.params.has("source") || call.params.has("card") {
        // A source given here replaces the default one.
        let added = source::attach(call, tx, &customer)?;
        let replaced = text(&before, "default_source").to_owned();
        if let Some(old) = tx.get(Kind::Source, &replaced) {
            tx.remove(&replaced);
            emit(tx, "customer.source.deleted", &account, &old, None);
        }
        customer["default_source"] = added["id"].clone();
        tx.update(&customer);
        emit(tx, "customer.source.created", &account, &added, None);
    }
    emit(tx, "customer.updated", &account, &customer, Some(&before));
    Ok(customer)
}

fn delete(tx: &mut Tx<'_>, id: &str) -> Answer {
    let customer = live_customer(tx, id)?;
    let account = tx.account.clone();
    emit(tx, "customer.deleted", &account, &customer, None);
    for source in tx.children(Kind::Source, id) {
        tx.remove(&source);
    }
    let gone = json!({"id": id, "object": "customer", "deleted": true});
    tx.update(&gone);
    Ok(gone)
}
