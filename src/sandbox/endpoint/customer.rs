//! Customers.

use super::super::call::Call;
use super::super::event::emit;
use super::super::listing;
use super::super::refusal::{Answer, Refusal};
use super::super::turn::{Turn, text};
use super::super::world::Kind;
use super::source;
use serde_json::{Value, json};

/// Paths below `/v1/customers`.
pub fn route(call: &Call, turn: &mut Turn<'_>, path: &[&str]) -> Option<Answer> {
    Some(match (call.method, path) {
        ("POST", []) => create(call, turn),
        ("GET", []) => listing::page(turn, call, turn.ids(Kind::Customer), &|customer| {
            customer.get("deleted").is_none()
                && listing::by_fields(&call.params, &["email"])(customer)
        }),
        ("GET", [id]) => {
            turn.get(Kind::Customer, id).ok_or_else(|| Refusal::not_found("customer", id))
        }
        ("POST", [id]) => update(call, turn, id),
        ("DELETE", [id]) => delete(turn, id),
        (_, [id, "sources" | "cards" | "bank_accounts", rest @ ..]) => {
            return match live(turn, id) {
                Ok(customer) => source::route(call, turn, &customer, rest),
                Err(refusal) => Some(Err(refusal)),
            };
        }
        ("GET", [id, "payment_methods"]) => live(turn, id)
            .and_then(|_| listing::page(turn, call, turn.children(Kind::Method, id), &|_| true)),
        _ => return None,
    })
}

/// A customer that is not deleted.
fn live(turn: &Turn<'_>, id: &str) -> Answer {
    let customer =
        turn.get(Kind::Customer, id).filter(|customer| customer.get("deleted").is_none());
    customer.ok_or_else(|| Refusal::not_found("customer", id))
}

/// A customer named among the parameters.
pub fn named(turn: &Turn<'_>, id: &str) -> Answer {
    live(turn, id).map_err(|_| Refusal::no_such("customer", id, "customer"))
}

fn create(call: &Call, turn: &mut Turn<'_>) -> Answer {
    let id = match call.params.filled("id")? {
        Some(id) if turn.stored(id).is_some() => {
            return Err(Refusal::invalid("Customer already exists.")
                .code("resource_already_exists")
                .param("id"));
        }
        Some(id) => id.to_owned(),
        None => turn.id("cus_"),
    };
    let prefix = super::super::identifier::make("", &id, 0)[..8].to_uppercase();
    let mut customer = json!({
        "id": id, "object": "customer", "address": null, "balance": 0, "created": turn.now,
        "currency": null, "default_source": null, "delinquent": false, "description": null,
        "discount": null, "email": null, "invoice_prefix": prefix,
        "invoice_settings": {"custom_fields": null, "default_payment_method": null, "footer": null},
        "livemode": false, "metadata": {}, "name": null, "next_invoice_sequence": 1, "phone": null,
        "preferred_locales": [], "shipping": null, "tax_exempt": "none",
    });
    fill(call, &mut customer)?;
    turn.insert(Kind::Customer, None, &customer);
    let added = match call.params.has("source") || call.params.has("card") {
        true => Some(source::attach(call, turn, &customer)?),
        false => None,
    };
    if let Some(source) = &added {
        customer["default_source"] = source["id"].clone();
        turn.update(&customer);
    }
    let account = turn.account.clone();
    emit(turn, "customer.created", &account, &customer, None);
    if let Some(source) = added {
        emit(turn, "customer.source.created", &account, &source, None);
    }
    Ok(customer)
}

fn fill(call: &Call, customer: &mut Value) -> Result<(), Refusal> {
    let params = &call.params;
    if let Some(email) = params.text("email")?.filter(|email| !email.is_empty())
        && (!email.contains('@') || email.contains(char::is_whitespace) || email.len() > 512)
    {
        return Err(Refusal::parameter(
            "email_invalid",
            "email",
            format!("Invalid email address: {email}"),
        ));
    }
    params.patch(customer, &["description", "email", "name", "phone", "tax_exempt"])?;
    params.patch_groups(customer, &["address", "shipping", "invoice_settings"]);
    if let Some(balance) = params.integer("balance")?.or(params.integer("account_balance")?) {
        customer["balance"] = json!(balance);
    }
    if params.has("preferred_locales") {
        customer["preferred_locales"] = json!(params.list("preferred_locales"));
    }
    params.patch_metadata(customer)
}

fn update(call: &Call, turn: &mut Turn<'_>, id: &str) -> Answer {
    let before = live(turn, id)?;
    let mut customer = before.clone();
    fill(call, &mut customer)?;
    if let Some(wanted) =
        call.params.filled("default_source")?.or(call.params.filled("default_card")?)
    {
        if !turn.children(Kind::Source, id).iter().any(|source| &**source == wanted) {
            return Err(Refusal::no_such("source", wanted, "default_source"));
        }
        customer["default_source"] = json!(wanted);
    }
    turn.update(&customer);
    let account = turn.account.clone();
    if call.params.has("source") || call.params.has("card") {
        // A source given here replaces the default one.
        let added = source::attach(call, turn, &customer)?;
        let replaced = text(&before, "default_source").to_owned();
        if let Some(old) = turn.get(Kind::Source, &replaced) {
            turn.remove(&replaced);
            emit(turn, "customer.source.deleted", &account, &old, None);
        }
        customer["default_source"] = added["id"].clone();
        turn.update(&customer);
        emit(turn, "customer.source.created", &account, &added, None);
    }
    emit(turn, "customer.updated", &account, &customer, Some(&before));
    Ok(customer)
}

fn delete(turn: &mut Turn<'_>, id: &str) -> Answer {
    let customer = live(turn, id)?;
    let account = turn.account.clone();
    emit(turn, "customer.deleted", &account, &customer, None);
    for source in turn.children(Kind::Source, id) {
        turn.remove(&source);
    }
    let gone = json!({"id": id, "object": "customer", "deleted": true});
    turn.update(&gone);
    Ok(gone)
}
