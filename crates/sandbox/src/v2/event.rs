//! `/v2/core/events`: thin events, with the data that a delivery leaves out.

use super::page::page;
use crate::api_error::{Answer, ApiError};
use crate::call::Call;
use crate::thin::EVENT;
use crate::timestamp;
use crate::tx::{Tx, number, text};

/// Paths below `/v2/core/events`.
pub fn route(call: &Call, tx: &mut Tx<'_>, path: &[&str]) -> Option<Answer> {
    Some(match (call.method, path) {
        ("GET", []) => list(call, tx),
        ("GET", [id]) => tx.get(EVENT, id).ok_or_else(|| ApiError::not_found("event", id)),
        _ => return None,
    })
}

fn list(call: &Call, tx: &Tx<'_>) -> Answer {
    let mut ids = match call.params.filled("object_id")? {
        Some(object) => tx.children(EVENT, object),
        None => tx.ids(EVENT),
    };
    ids.retain(|id| tx.get(EVENT, id).is_some());
    let types = call.params.list("types");
    let span = created(call)?;
    page(tx, call, ids, &|_, event| {
        let wanted = types.is_empty() || types.contains(&text(&event, "type"));
        (wanted && span.contains(&number(&event, "_created"))).then_some(event)
    })
}

/// The span of times that `created[gt]` and its kin name.
fn created(call: &Call) -> Result<std::ops::RangeInclusive<i64>, ApiError> {
    let (mut from, mut to) = (i64::MIN, i64::MAX);
    let Some(group) = call.params.group("created") else { return Ok(from..=to) };
    for name in ["gt", "gte", "lt", "lte"] {
        let Some(given) = group.filled(name)? else { continue };
        let Some(at) = timestamp::read(given) else {
            let message = format!("created[{name}] is not a time, such as 2026-12-01T10:00:00Z.");
            return Err(ApiError::parameter("parameter_invalid", "created", message));
        };
        match name {
            "gt" => from = at.saturating_add(1),
            "gte" => from = at,
            "lt" => to = at.saturating_sub(1),
            _ => to = at,
        }
    }
    Ok(from..=to)
}
