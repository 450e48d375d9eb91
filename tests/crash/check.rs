//! Checks the promises P1 to P6 against the double's ledger and the host's database.

use crate::double::Double;
use crate::host::{Fleet, Host, until};
use crate::life::{AnsweredCall, BOUND, PlacedOrder};
use rusqlite::{Connection, OpenFlags};
use serde_json::Value as Json;
use std::collections::{BTreeMap, HashSet};
use std::sync::Mutex;

/// Waits until all work is done, then compares everything.
pub fn check(
    fleet: &mut Fleet,
    double: &Double,
    answered_calls: &[AnsweredCall],
    acked: &Mutex<HashSet<(String, String)>>,
) -> Result<(), String> {
    until(BOUND, || {
        fleet.restart();
        let ledger = double.ledger.lock().unwrap();
        let wanted: HashSet<_> = ledger.events.iter().map(name_of).collect();
        let missing = wanted.difference(&acked.lock().unwrap()).count();
        if missing > 0 {
            return Err(format!("P5: {missing} events are not acknowledged"));
        }
        let open = open_executions(fleet.first())?;
        if open.is_empty() { Ok(()) } else { Err(format!("P4: not ended: {open:?}")) }
    })?;
    // A host that started late may not have begun it.
    until(BOUND, || migrated(&open(fleet.first())?))?;
    let database = open(fleet.first())?;
    let ledger = double.ledger.lock().unwrap();
    effects(&ledger.objects, answered_calls)?;
    records(&database, &ledger.objects, answered_calls)?;
    events(&database, &acked.lock().unwrap())?;
    accounts(&database, &ledger.objects)
}

fn name_of(event: &Json) -> (String, String) {
    let account = event["account"].as_str().unwrap_or("-").to_owned();
    (account, event["id"].as_str().unwrap().to_owned())
}

fn open(host: &Host) -> Result<Connection, String> {
    if let Some(url) = &host.database {
        return crate::copy::of(url);
    }
    let path = host.root.join("data/sluicegate.db");
    Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(|e| e.to_string())
}

fn open_executions(host: &Host) -> Result<Vec<String>, String> {
    let database = open(host)?;
    let sql = "SELECT kind || ' ' || name || ' ' || state || ' ' || attempt || ' ' || coalesce(error, '') \
               FROM executions WHERE state NOT IN ('completed', 'discarded')";
    let mut statement = database.prepare(sql).map_err(|e| e.to_string())?;
    let rows = statement.query_map([], |row| row.get(0)).map_err(|e| e.to_string())?;
    rows.collect::<Result<_, _>>().map_err(|e: rusqlite::Error| e.to_string())
}

fn collection(name: &str) -> &'static str {
    match name {
        "create_payment" => "charges",
        "create_refund" => "refunds",
        "create_transfer" => "transfers",
        "create_payment_intent" | "capture_payment_intent" => "payment_intents",
        "create_payout" => "payouts",
        "create_subscription" => "subscriptions",
        _ => "accounts",
    }
}

fn succeeded(object: &Json) -> bool {
    object["status"] != "failed" && object["status"] != "requires_payment_method"
}

/// The table of the objects of a collection; none when they are not recorded.
fn table(collection: &str) -> Option<&'static str> {
    Some(match collection {
        "charges" | "payment_intents" => "modules/payments/payment",
        "refunds" => "modules/payments/refund",
        "transfers" => "modules/payments/transfer",
        "accounts" => "modules/payments/account",
        "payouts" => "modules/payments/payout",
        "subscriptions" => "modules/payments/subscription",
        one if one.ends_with("/reversals") => "modules/payments/transfer_reversal",
        _ => return None,
    })
}

/// P1: one operation has one effect, and the client's answer matches it.
fn effects(objects: &[(String, Json)], answered_calls: &[AnsweredCall]) -> Result<(), String> {
    for one in answered_calls {
        let name = collection(one.name);
        let is_reversal = one.name == "reverse_transfer";
        let of = objects.iter().filter(|(of, object)| {
            (of == name || is_reversal && of.ends_with("/reversals")) && succeeded(object)
        });
        let count = match one.name {
            "create_refund" | "create_account" | "create_subscription" | "reverse_transfer" => of
                .filter(|(_, object)| {
                    Some(object["id"].as_str().unwrap()) == one.gateway_id.as_deref()
                })
                .count(),
            _ => of.filter(|(_, object)| object["amount"] == one.amount).count(),
        };
        let wanted = usize::from(one.state == "completed");
        if count != wanted {
            return Err(format!(
                "P1: {} {} was told {} and has {count} effects: {}",
                one.name, one.key, one.state, one.answer
            ));
        }
    }
    let mut by_charge: BTreeMap<&str, u32> = BTreeMap::new();
    for (_, refund) in objects.iter().filter(|(of, _)| of == "refunds") {
        *by_charge.entry(refund["charge"].as_str().unwrap()).or_default() += 1;
    }
    match by_charge.iter().find(|(_, count)| **count > 1) {
        Some((charge, count)) => Err(format!("P1: {charge} was refunded {count} times")),
        None => {
            for name in ["create_account", "create_subscription"] {
                let there = objects.iter().filter(|(of, _)| of == collection(name)).count();
                let asked = answered_calls.iter().filter(|one| one.name == name).count();
                if there > asked {
                    return Err(format!("P1: {there} effects of {asked} {name}"));
                }
            }
            Ok(())
        }
    }
}

/// P2, P3 and P6: every answered operation and every effect has one record, with its id and amount.
fn records(
    database: &Connection,
    objects: &[(String, Json)],
    answered_calls: &[AnsweredCall],
) -> Result<(), String> {
    let sql = "SELECT count(*), coalesce(sum(json_extract(properties, '$.amount_cents')), 0), \
               group_concat(json_extract(properties, '$.state')) FROM records \
               WHERE table_name = ?1 AND json_extract(properties, '$.gateway_id') = ?2";
    for (of, object) in objects.iter().filter(|(_, object)| succeeded(object)) {
        let Some(table) = table(of) else { continue };
        let id = object["id"].as_str().unwrap();
        let found = database.query_row(sql, [table, id], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, Option<String>>(2)?))
        });
        let (count, sum, state) = found.map_err(|e| e.to_string())?;
        if count != 1 {
            return Err(format!("P3: {id} is in Stripe and {count} times in {table}"));
        }
        let amount = object["amount"].as_i64().unwrap_or(0);
        if of != "accounts" && of != "subscriptions" && sum != amount {
            return Err(format!("P6: {id} is {amount} in Stripe and {sum} here"));
        }
        if of == "charges" && object["refunded"] == true && state.as_deref() != Some("refunded") {
            return Err(format!("P5: {id} is refunded in Stripe and {state:?} here"));
        }
        let is_taken = of == "payment_intents" && object["status"] == "succeeded";
        if is_taken && state.as_deref() != Some("paid") {
            return Err(format!("P5: {id} is taken in Stripe and {state:?} here"));
        }
        if of == "subscriptions" && state.as_deref() != object["status"].as_str() {
            return Err(format!("P5: {id} is {} in Stripe and {state:?} here", object["status"]));
        }
    }
    for one in answered_calls.iter().filter(|one| one.state == "completed") {
        let id = one.gateway_id.clone().unwrap_or_default();
        if !objects.iter().any(|(_, object)| object["id"] == id.as_str()) {
            return Err(format!("P2: {} was told {id}, which Stripe does not know", one.key));
        }
    }
    Ok(())
}

/// P5: every acknowledged event is in the inbox once, and processed.
fn events(database: &Connection, acked: &HashSet<(String, String)>) -> Result<(), String> {
    let sql = "SELECT count(*), group_concat(state) FROM executions WHERE kind = 'webhook_event' \
               AND json_extract(input, '$.event.id') = ?2 \
               AND coalesce(json_extract(input, '$.event.account'), '-') = ?1";
    for (account, id) in acked {
        let found = database.query_row(sql, [account, id], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, Option<String>>(1)?))
        });
        let (count, states) = found.map_err(|e| e.to_string())?;
        if count != 1 || states.as_deref() != Some("completed") {
            return Err(format!(
                "P5: {account} {id} was acknowledged and is {count} times here: {states:?}"
            ));
        }
    }
    Ok(())
}

/// An order that was placed by a form with a script is there with its payment, once, or neither is.
pub fn orders(host: &Host, double: &Double, placed: &[PlacedOrder]) -> Result<(), String> {
    let database = open(host)?;
    let sql = "SELECT count(*) FROM records WHERE table_name = 'order' \
               AND json_extract(properties, '$.amount') = ?1";
    let ledger = double.ledger.lock().unwrap();
    for order in placed {
        let records = database.query_row(sql, [order.amount], |row| row.get::<_, i64>(0));
        let records = records.map_err(|error| error.to_string())?;
        let charges = ledger.objects.iter();
        let paid = charges.filter(|(of, one)| of == "charges" && one["amount"] == order.amount);
        let paid = i64::try_from(paid.count()).expect("few");
        if records != paid || paid > 1 || (order.is_told && paid == 0) {
            return Err(format!("P1: {order:?} is {records} times here and paid {paid} times"));
        }
    }
    Ok(())
}

/// Each migration took effect once.
fn migrated(database: &Connection) -> Result<(), String> {
    let sql = "SELECT count(*) FROM records WHERE table_name = 'migrated'";
    let count: i64 = database.query_row(sql, [], |row| row.get(0)).map_err(|e| e.to_string())?;
    if count == 3 { Ok(()) } else { Err(format!("a migration of three rows left {count}")) }
}

/// A backup that is killed leaves a complete copy or none, and the next backup succeeds.
pub fn backup(host: &Host, place: &str) -> Result<(), String> {
    let to = host.root.join("copy.db");
    host.backup(&to, Some(place));
    if !to.exists() && !host.backup(&to, None) {
        return Err("no backup can be made after one that died".to_owned());
    }
    let rows = |path: &std::path::Path| {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        let database = Connection::open_with_flags(path, flags).map_err(|e| e.to_string())?;
        let sql = "SELECT (SELECT count(*) FROM executions), (SELECT count(*) FROM records), \
                   (SELECT group_concat(integrity_check) FROM pragma_integrity_check)";
        let row = |row: &rusqlite::Row<'_>| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, String>(2)?))
        };
        database.query_row(sql, [], row).map_err(|e| e.to_string())
    };
    let (copy, original) = (rows(&to)?, rows(&host.root.join("data/sluicegate.db"))?);
    if copy == original && copy.2 == "ok" {
        Ok(())
    } else {
        Err(format!("the backup holds {copy:?}, the database {original:?}"))
    }
}

/// P5: events of one object take effect in order, whatever their order of arrival.
fn accounts(database: &Connection, objects: &[(String, Json)]) -> Result<(), String> {
    let sql = "SELECT json_extract(properties, '$.email') FROM records WHERE \
               table_name = 'modules/payments/account' AND json_extract(properties, '$.gateway_id') = ?1";
    for (_, account) in objects.iter().filter(|(of, _)| of == "accounts") {
        let id = account["id"].as_str().unwrap();
        let email: String =
            database.query_row(sql, [id], |row| row.get(0)).map_err(|e| e.to_string())?;
        if account["email"] != email.as_str() {
            return Err(format!(
                "P5: {id} has the address {email}, and at Stripe {}",
                account["email"]
            ));
        }
    }
    Ok(())
}
