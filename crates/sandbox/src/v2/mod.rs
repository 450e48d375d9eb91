//! The second version of the API, below `/v2/`: JSON in place of forms, thin events, own errors.

use super::api_error::{Answer, ApiError};
use super::call::Call;
use super::description::check::check;
use super::description::shape::conform;
use super::tx::Tx;
use serde_json::Value;

mod account;
mod account_link;
mod account_shape;
pub mod body;
mod destination;
mod event;
pub mod fault;
mod meter_event;
mod page;
mod person;
pub mod stream;

/// Whether a path is of this version.
pub fn is_path(path: &str) -> bool {
    path.starts_with("/v2/")
}

/// Runs the operation that a path names, and gives its answer the shape that Stripe describes.
pub fn run(call: &Call, tx: &mut Tx<'_>) -> Answer {
    let path: Vec<&str> = call.path.trim_start_matches('/').split('/').collect();
    let mut params = call.params.clone();
    // Every list takes the token of a page.
    params.remove("page");
    check(call.method, &path, &params)?;
    let unknown = || ApiError::unrecognized(call.method, &call.path);
    let mut answer = route(call, tx, &path[1..]).ok_or_else(unknown)??;
    if call.is("DELETE") {
        return Ok(answer);
    }
    hide(&mut answer);
    match answer.get_mut("data").and_then(Value::as_array_mut) {
        Some(items) => items.iter_mut().for_each(conform),
        None => conform(&mut answer),
    }
    Ok(answer)
}

fn route(call: &Call, tx: &mut Tx<'_>, path: &[&str]) -> Option<Answer> {
    match path {
        ["core", "accounts", id, "persons", rest @ ..] => person::route(call, tx, id, rest),
        ["core", "accounts", rest @ ..] => account::route(call, tx, rest),
        ["core", "account_links"] if call.is("POST") => Some(account_link::create(call, tx)),
        ["core", "event_destinations", rest @ ..] => destination::route(call, tx, rest),
        ["core", "events", rest @ ..] => event::route(call, tx, rest),
        ["billing", rest @ ..] => meter_event::route(call, tx, rest),
        _ => None,
    }
}

/// Removes what no answer shows.
fn hide(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(hide),
        Value::Object(fields) => {
            fields.retain(|name, _| !name.starts_with('_'));
            let free = ["metadata", "payload"];
            let rest = fields.iter_mut().filter(|(name, _)| !free.contains(&name.as_str()));
            rest.for_each(|(_, inner)| hide(inner));
        }
        _ => {}
    }
}
