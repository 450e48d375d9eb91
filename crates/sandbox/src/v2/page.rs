//! Lists of v2: newest first, continued at `next_page_url`.

use crate::api_error::{Answer, ApiError};
use crate::call::Call;
use crate::tx::{Tx, text};
use serde_json::{Value, json};
use std::sync::Arc;

const LIMIT: i64 = 20;
const LIMIT_MAX: i64 = 100;

/// A page of the objects with these ids, which are newest first, as `show` makes them; `None` is
/// left out.
pub fn page(
    tx: &Tx<'_>,
    call: &Call,
    ids: Vec<Arc<str>>,
    show: &dyn Fn(&Tx<'_>, Value) -> Option<Value>,
) -> Answer {
    let limit = call.params.integer("limit")?.unwrap_or(LIMIT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        let message = format!("limit must be between 1 and {LIMIT_MAX}, and is {limit}.");
        return Err(ApiError::parameter("parameter_invalid_integer", "limit", message));
    }
    let limit = usize::try_from(limit).unwrap_or(1);
    let matching: Vec<Value> = ids
        .iter()
        .filter_map(|id| tx.stored(id))
        .filter_map(|stored| {
            let object = stored.value();
            let id = text(&object, "id").to_owned();
            let mut shown = show(tx, object)?;
            // What has another id outside is still found by the one it is stored under.
            shown["_stored"] = json!(id);
            Some(shown)
        })
        .collect();
    let from = match call.params.filled("page")? {
        None => 0,
        Some(token) => start(&matching, token)?,
    };
    let until = matching.len().min(from + limit);
    let url = |at: usize| address(call, text(&matching[at], "_stored"));
    let next = (until < matching.len()).then(|| url(until));
    let previous = (from > 0).then(|| url(from.saturating_sub(limit)));
    Ok(json!({"data": matching[from..until], "next_page_url": next,
        "previous_page_url": previous}))
}

/// Where the page of a token begins.
fn start(matching: &[Value], token: &str) -> Result<usize, ApiError> {
    let first = token.strip_prefix("page_");
    let found = matching.iter().position(|object| Some(text(object, "_stored")) == first);
    found.ok_or_else(|| {
        let message = format!("page is not the token of a page: {token}");
        ApiError::parameter("parameter_invalid", "page", message)
    })
}

/// The address of the page that begins with an object: this call's parameters, and a token.
fn address(call: &Call, first: &str) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in call.params.values().iter().filter(|(name, _)| *name != "page") {
        append(&mut query, name.clone(), value);
    }
    query.append_pair("page", &format!("page_{first}"));
    format!("{}?{}", call.path, query.finish())
}

fn append(query: &mut form_urlencoded::Serializer<'_, String>, name: String, value: &Value) {
    match value {
        Value::Object(inner) => {
            for (key, value) in inner {
                append(query, format!("{name}[{key}]"), value);
            }
        }
        other => {
            query.append_pair(&name, other.as_str().unwrap_or_default());
        }
    }
}
