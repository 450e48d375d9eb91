//! Checks the database after the burst.

use crate::database::Database;
use crate::sender::{Event, ids};
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Not a performance requirement: it only ends a test that would hang.
const PATIENCE: Duration = Duration::from_secs(600);

/// Waits until every event is processed.
pub fn settled(database: &Database, events: &[Event]) -> Result<(), String> {
    let begun = Instant::now();
    loop {
        let done = database.completed("webhook_event")?;
        if done >= events.len() {
            return Ok(());
        }
        if begun.elapsed() > PATIENCE {
            return Err(format!("{done} of {} events are processed", events.len()));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// No event is lost, none stored or applied twice, and the newest version of each object is stored.
pub fn check(
    database: &Database,
    events: &[Event],
    acknowledged: &[String],
    deliveries: usize,
) -> Result<(), String> {
    if acknowledged.len() != deliveries {
        return Err(format!("{} of {deliveries} deliveries were acknowledged", acknowledged.len()));
    }
    let database = database.look()?;
    let pairs = |sql: &str| -> Result<Vec<(String, String)>, String> {
        let mut statement = database.prepare(sql).map_err(|e| e.to_string())?;
        let rows = statement.query_map([], |row| {
            Ok((row.get(0)?, row.get::<_, Option<String>>(1)?.unwrap_or_default()))
        });
        rows.and_then(Iterator::collect).map_err(|e| e.to_string())
    };
    let stored = pairs(
        "SELECT json_extract(input, '$.event.id'), \
         state || ' ' || coalesce(json_extract(outcome, '$.processed'), '?') \
         FROM executions WHERE kind = 'webhook_event'",
    )?;
    let states: HashMap<&str, &str> =
        stored.iter().map(|(id, state)| (id.as_str(), state.as_str())).collect();
    if states.len() != stored.len() || stored.len() != events.len() {
        return Err(format!("{} rows for {} events", stored.len(), events.len()));
    }
    if let Some(lost) = ids(acknowledged.iter()).into_iter().find(|id| !states.contains_key(id)) {
        return Err(format!("{lost} was acknowledged and is lost"));
    }
    let mut applied: HashMap<String, usize> = HashMap::new();
    let rows = pairs(
        "SELECT json_extract(properties, '$.event_id'), NULL FROM records WHERE table_name = 'applied'",
    )?;
    for (id, _) in rows {
        *applied.entry(id).or_default() += 1;
    }
    let emails: HashMap<String, String> = pairs(
        "SELECT json_extract(properties, '$.gateway_id'), json_extract(properties, '$.email') \
         FROM records WHERE table_name = 'modules/payments/account'",
    )?
    .into_iter()
    .collect();
    let mut newest: HashMap<&str, &Event> = HashMap::new();
    for event in events {
        let known = newest.entry(&event.object).or_insert(event);
        if known.version < event.version {
            *known = event;
        }
        let wanted = match states[event.id.as_str()] {
            "completed 1" => 1,
            // Older than one that was processed before it.
            "completed 0" => 0,
            other => return Err(format!("{} is {other}", event.id)),
        };
        let count = applied.get(&event.id).copied().unwrap_or(0);
        if event.kind == "customer.updated" && count != wanted {
            return Err(format!("{} took effect {count} times, not {wanted}", event.id));
        }
    }
    if applied.is_empty() {
        return Err("nothing was applied: this has shown nothing".to_owned());
    }
    for (object, event) in newest {
        let email = format!("v{}@example.com", event.version);
        let is_last = match event.kind {
            "account.updated" => emails.get(object) == Some(&email),
            _ => states[event.id.as_str()] == "completed 1",
        };
        if !is_last {
            return Err(format!(
                "the newest word of {object} does not stand: {:?}",
                emails.get(object)
            ));
        }
    }
    Ok(())
}
