//! Lists: `limit`, cursors, `created` ranges, newest first.

use super::api_error::{Answer, ApiError};
use super::call::Call;
use super::params::Params;
use super::tx::{Tx, number, text};
use serde_json::{Value, json};
use std::sync::Arc;

/// Which objects of a list match.
pub type Filter<'f> = &'f dyn Fn(&Value) -> bool;

/// A page of the objects with these ids, which are newest first.
pub fn page(tx: &Tx<'_>, call: &Call, ids: Vec<Arc<str>>, filter: Filter<'_>) -> Answer {
    page_at_most(tx, call, ids, filter, OverLimit::Refused)
}

/// What happens to a limit over 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OverLimit {
    /// The request is refused.
    Refused,
    /// It is lowered to 100.
    Lowered,
}

/// A page, with a limit of at most 100.
pub fn page_at_most(
    tx: &Tx<'_>,
    call: &Call,
    mut ids: Vec<Arc<str>>,
    filter: Filter<'_>,
    over_limit: OverLimit,
) -> Answer {
    let limit = limit(&call.params, over_limit)?;
    let created = Created::read(&call.params)?;
    let after = call.params.filled("starting_after")?;
    let before = call.params.filled("ending_before")?;
    if after.is_some() && before.is_some() {
        let message = "You can't use both ending_before and starting_after.";
        return Err(ApiError { saved: false, ..ApiError::invalid(message) });
    }
    let what = ids.first().and_then(|id| tx.stored(id)).map(|first| first.value());
    let what = what.as_ref().map_or("object", |value| text(value, "object")).to_owned();
    let total = ids.len();
    if let Some((cursor, param)) =
        after.map(|c| (c, "starting_after")).or(before.map(|c| (c, "ending_before")))
    {
        let Some(at) = ids.iter().position(|id| &**id == cursor) else {
            return Err(ApiError::no_such(&what, cursor, param));
        };
        if param == "starting_after" {
            ids.drain(..=at);
        } else {
            ids.truncate(at);
            ids.reverse();
        }
    }
    let mut data = Vec::new();
    let mut has_more = false;
    for id in ids {
        let Some(object) = tx.stored(&id).map(|stored| stored.value()) else { continue };
        if !filter(&object) || !created.contains(number(&object, "created")) {
            continue;
        }
        if data.len() == limit {
            has_more = true;
            break;
        }
        data.push(object);
    }
    if before.is_some() {
        data.reverse();
    }
    let mut list = json!({"object": "list", "data": data, "has_more": has_more, "url": call.path});
    if call.params.list("include").contains(&"total_count") {
        list["total_count"] = json!(total);
    }
    Ok(list)
}

/// A page of elements that are inside another object, in their own order.
pub fn page_of(call: &Call, items: &[Value]) -> Answer {
    let limit = limit(&call.params, OverLimit::Refused)?;
    let mut from = 0;
    if let Some(cursor) = call.params.filled("starting_after")? {
        let at = items.iter().position(|item| text(item, "id") == cursor);
        from = at.ok_or_else(|| ApiError::no_such("line item", cursor, "starting_after"))? + 1;
    }
    let data: Vec<&Value> = items.iter().skip(from).take(limit).collect();
    let has_more = items.len() > from + data.len();
    Ok(json!({"object": "list", "data": data, "has_more": has_more, "url": call.path}))
}

fn limit(params: &Params, over_limit: OverLimit) -> Result<usize, ApiError> {
    let limit = params.integer("limit")?.or(params.integer("count").ok().flatten()).unwrap_or(10);
    let wrong = |bound: &str| {
        let message = format!("This value must be {bound} (it currently is '{limit}').");
        Err(ApiError::parameter("parameter_invalid_integer", "limit", message))
    };
    match limit {
        1..=100 => Ok(usize::try_from(limit).unwrap_or(10)),
        101.. if over_limit == OverLimit::Lowered => Ok(100),
        101.. => wrong("less than or equal to 100"),
        _ => wrong("greater than or equal to 1"),
    }
}

/// A span of creation times.
struct Created {
    from: i64,
    to: i64,
}

impl Created {
    fn read(params: &Params) -> Result<Self, ApiError> {
        let mut span = Self { from: i64::MIN, to: i64::MAX };
        if let Some(group) = params.group("created") {
            let read = |name: &str| group.integer(name);
            span.from = span.from.max(read("gte")?.unwrap_or(i64::MIN));
            span.from = span.from.max(read("gt")?.map_or(i64::MIN, |at| at.saturating_add(1)));
            span.to = span.to.min(read("lte")?.unwrap_or(i64::MAX));
            span.to = span.to.min(read("lt")?.map_or(i64::MAX, |at| at.saturating_sub(1)));
        } else if let Some(at) = params.integer("created")? {
            (span.from, span.to) = (at, at);
        }
        Ok(span)
    }

    fn contains(&self, timestamp: i64) -> bool {
        // Objects without a creation time (old cards) are in every span.
        timestamp == 0 || (self.from..=self.to).contains(&timestamp)
    }
}

/// A filter on text fields named like their parameters.
pub fn by_fields<'p>(params: &'p Params, names: &'p [&'p str]) -> impl Fn(&Value) -> bool + 'p {
    move |object| {
        names.iter().all(|name| match params.values().get(*name).and_then(Value::as_str) {
            Some(wanted) if !wanted.is_empty() => match object.get(*name) {
                Some(Value::String(have)) => have == wanted,
                Some(Value::Bool(have)) => have.to_string() == wanted,
                _ => false,
            },
            _ => true,
        })
    }
}
