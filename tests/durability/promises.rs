//! What the host has promised once a byte has left it: the row that must then be on disk.

use crate::life::{Asked, Lived};
use crate::trace::Call;
use rusqlite::{Connection, OptionalExtension as _};
use serde_json::Value as Json;

/// A promise, and what made it.
#[derive(Debug, Clone, PartialEq)]
pub enum Promise {
    /// A client received the state of its request.
    Answered { key: String, state: String, gateway_id: Option<String> },
    /// Stripe received the acknowledgement of its event.
    Kept { event: String },
    /// A call was sent to Stripe under this key.
    Sent { key: String },
}

/// What these bytes promise, if anything.
///
/// # Errors
/// Bytes that cannot be read: nothing would be checked then.
pub fn promises(call: &Call, lived: &Lived) -> Result<Option<Promise>, String> {
    let Call::Send { local, remote, bytes } = call else { return Ok(None) };
    let text = String::from_utf8_lossy(bytes);
    if *remote == lived.stripe.to_string() && text.starts_with("POST ") {
        let key = text.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("idempotency-key").then(|| value.trim().to_owned())
        });
        return Ok(Some(Promise::Sent { key: key.ok_or("a POST without an idempotency key")? }));
    }
    if *local != lived.host.to_string() || !text.starts_with("HTTP/1.1 ") {
        return Ok(None);
    }
    let port = remote.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).unwrap_or(0);
    let Some(asked) = lived.asked.get(&port) else { return Ok(None) };
    let is_good = text.starts_with("HTTP/1.1 2");
    match asked {
        Asked::Event { id } => Ok(is_good.then(|| Promise::Kept { event: id.clone() })),
        Asked::Call { key } => {
            let body = text.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default();
            let answer: Json = serde_json::from_str(body)
                .map_err(|e| format!("an answer in parts ({e}): {text}"))?;
            let state = answer["state"].as_str().unwrap_or_default().to_owned();
            if !is_good && answer["execution"].as_str().unwrap_or_default().is_empty() {
                return Ok(None);
            }
            let gateway_id = answer["gateway"]["id"].as_str().map(str::to_owned);
            Ok(Some(Promise::Answered { key: key.clone(), state, gateway_id }))
        }
    }
}

impl Promise {
    /// Checks whether a database keeps this promise.
    pub fn is_paid(&self, database: &Connection) -> Result<(), String> {
        let broken = |error: rusqlite::Error| format!("{self:?}: {error}");
        let one = |sql: &str, value: &str| {
            let row = |row: &rusqlite::Row<'_>| {
                Ok((row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?))
            };
            database.query_row(sql, [value], row).optional().map_err(broken)
        };
        match self {
            Self::Kept { event } => {
                let sql = "SELECT state, NULL FROM executions WHERE kind = 'webhook_event' \
                           AND json_extract(input, '$.event.id') = ?1";
                one(sql, event)?.map(drop).ok_or_else(|| format!("{self:?} is not on disk"))
            }
            Self::Sent { key } => {
                // The caller's key, or one derived from the execution's id; its bytes are a step.
                let sql = "SELECT state, request FROM executions JOIN steps ON execution_id = id \
                           WHERE idempotency_key = ?1 OR ?1 LIKE 'sluicegate-' || id || '-%' LIMIT 1";
                one(sql, key)?.map(drop).ok_or_else(|| format!("{self:?} is not on disk"))
            }
            Self::Answered { key, state, gateway_id } => {
                let sql = "SELECT state, outcome FROM executions \
                           WHERE kind = 'request_type' AND idempotency_key = ?1";
                let Some((_, outcome)) = one(sql, key)? else {
                    return Err(format!("{self:?} is not on disk"));
                };
                if state == "pending" {
                    return Ok(());
                }
                let outcome: Json = serde_json::from_str(&outcome.unwrap_or_default())
                    .map_err(|_| format!("{self:?} has no outcome on disk"))?;
                if outcome["state"] != state.as_str()
                    || outcome["gateway"]["id"].as_str() != gateway_id.as_deref()
                {
                    return Err(format!("{self:?} is on disk as {outcome}"));
                }
                let Some(id) = gateway_id.as_ref().filter(|_| state == "completed") else {
                    return Ok(());
                };
                let sql = "SELECT 'there', NULL FROM records \
                           WHERE json_extract(properties, '$.gateway_id') = ?1";
                one(sql, id)?.map(drop).ok_or_else(|| format!("{self:?} has no record on disk"))
            }
        }
    }
}
