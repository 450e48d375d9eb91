//! Events, read back.

use super::super::call::Call;
use super::super::listing;
use super::super::refusal::{Answer, Refusal};
use super::super::turn::{Turn, number, text};
use super::super::world::Kind;
use serde_json::Value;

/// Paths below `/v1/events`.
pub fn route(call: &Call, turn: &mut Turn<'_>, path: &[&str]) -> Option<Answer> {
    Some(match (call.method, path) {
        ("GET", []) => list(call, turn),
        ("GET", [id]) => turn.get(Kind::Event, id).ok_or_else(|| Refusal::not_found("event", id)),
        _ => return None,
    })
}

fn list(call: &Call, turn: &Turn<'_>) -> Answer {
    let kind = call.params.filled("type")?;
    let kinds = call.params.list("types");
    let delivered = call.params.boolean("delivery_success")?;
    let fits = |name: &str, event: &Value| {
        let have = text(event, "type");
        name == have || name.strip_suffix('*').is_some_and(|family| have.starts_with(family))
    };
    listing::page(turn, call, turn.ids(Kind::Event), &|event| {
        kind.is_none_or(|name| fits(name, event))
            && (kinds.is_empty() || kinds.iter().any(|name| fits(name, event)))
            && delivered.is_none_or(|wanted| (number(event, "pending_webhooks") == 0) == wanted)
    })
}
