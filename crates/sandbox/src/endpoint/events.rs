//! Events: retrieve, list, and send again, as `stripe events resend` asks.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::listener::{listeners, queue};
use super::super::listing;
use super::super::state::Kind;
use super::super::tx::{Tx, number, text};
use serde_json::Value;

/// Paths below `/v1/events`.
pub fn route(call: &Call, tx: &mut Tx<'_>, path: &[&str]) -> Option<Answer> {
    Some(match (call.method, path) {
        ("GET", []) => list(call, tx),
        ("GET", [id]) => tx.get(Kind::Event, id).ok_or_else(|| ApiError::not_found("event", id)),
        ("POST", [id, "retry"]) => retry(call, tx, id),
        _ => return None,
    })
}

/// Sends an event again: to one endpoint, to the CLI (`for_stripecli`), or to all that listen.
fn retry(call: &Call, tx: &mut Tx<'_>, id: &str) -> Answer {
    let (account, event) =
        tx.anywhere(Kind::Event, id).ok_or_else(|| ApiError::not_found("event", id))?;
    if call.params.boolean("for_stripecli")?.unwrap_or(false) {
        tx.resend_to_cli(id);
        return Ok(event);
    }
    let endpoints = match call.params.filled("webhook_endpoint")? {
        Some(one) if tx.get(Kind::Endpoint, one).is_some() => vec![one.to_owned()],
        Some(other) => {
            return Err(ApiError::no_such("webhook endpoint", other, "webhook_endpoint"));
        }
        None => listeners(tx, text(&event, "type"), &account),
    };
    for endpoint in endpoints {
        queue(tx, &event, &endpoint);
    }
    Ok(event)
}

fn list(call: &Call, tx: &Tx<'_>) -> Answer {
    let kind = call.params.filled("type")?;
    let kinds = call.params.list("types");
    let delivered = call.params.boolean("delivery_success")?;
    let fits = |name: &str, event: &Value| {
        let have = text(event, "type");
        name == have || name.strip_suffix('*').is_some_and(|family| have.starts_with(family))
    };
    listing::page(tx, call, tx.ids(Kind::Event), &|event| {
        kind.is_none_or(|name| fits(name, event))
            && (kinds.is_empty() || kinds.iter().any(|name| fits(name, event)))
            && delivered.is_none_or(|wanted| (number(event, "pending_webhooks") == 0) == wanted)
    })
}
