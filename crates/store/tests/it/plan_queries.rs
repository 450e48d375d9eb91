//! What requests, events, claims, pages, metrics and upkeep ask of a database, by name; the tests
//! of plans run each over a hundred thousand rows.

use jiff::Timestamp;
use serde_json::json;
use sluicegate_store::contract::Store;
use sluicegate_store::execution::{ExecutionId, ExecutionQuery, Queue, State};
use sluicegate_store::page::Paging;
use sluicegate_store::property_index::PropertyIndex;
use sluicegate_store::query::{Deleted, Filter, Op, Range, RecordQuery, Sort, Subject};
use sluicegate_store::write::Write;

/// The rows of each large table.
const ROWS: u32 = 100_000;
const TABLE: &str = "modules/shop/order";

/// One use of a store.
type Run = Box<dyn Fn(&dyn Store)>;
/// The same with its name.
pub type Use = (&'static str, Run);

/// The statements that fill a database; `json` casts a text to the type of a JSON column.
pub fn filling(json: fn(&str) -> String) -> Vec<String> {
    let rows =
        format!("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS})");
    let properties = json(
        "'{\"gateway_id\":\"ch_' || i || '\",\"state\":\"' || CASE WHEN i % 50 = 0 THEN 'failed' \
         ELSE 'paid' END || '\",\"amount\":' || (i % 9000) || ',\"customer\":\"' || (i % 500) \
         || '\"}'",
    );
    let state = "CASE WHEN i % 1000 = 0 THEN 'discarded' WHEN i > 99900 THEN 'available' \
                 WHEN i > 99890 THEN 'running' ELSE 'completed' END";
    let kind = "CASE i % 2 WHEN 0 THEN 'request_type' ELSE 'webhook_event' END";
    vec![
        format!(
            "INSERT INTO records (id, table_name, properties, user_id, external_id, created_at, \
             updated_at, deleted_at) {rows} SELECT i, CASE i % 4 WHEN 0 THEN 'modules/shop/item' \
             ELSE '{TABLE}' END, {properties}, CASE i % 3 WHEN 0 THEN 'u' || (i % 100) END, \
             'x' || i, i, i, CASE i % 20 WHEN 0 THEN i END FROM n"
        ),
        format!(
            "INSERT INTO executions (id, kind, name, input, idempotency_key, fingerprint, state, \
             attempt, run_at, ordering_key, created_at, finished_at) {rows} SELECT 'e' || i, \
             {kind}, 'name', '{{}}', 'k' || i, 'f', {state}, 1, i, CASE i % 2 WHEN 1 THEN 'o' || \
             (i % 1000) END, i, CASE WHEN i <= 99890 THEN i END FROM n"
        ),
        format!(
            "INSERT INTO steps (execution_id, seq, kind, request, fingerprint, created_at) {rows} \
             SELECT 'e' || i, 0, 'api_call', '{{}}', 'f', i FROM n"
        ),
        format!(
            "INSERT INTO sessions (id_hash, data, expires_at, user_id) {rows} \
             SELECT 's' || i, '{{}}', i, 'u' || (i % 1000) FROM n"
        ),
        format!(
            "INSERT INTO activities (uuid, payload, created_at) {rows} \
             SELECT 'a' || i, '{{}}', i FROM n"
        ),
    ]
}

/// The indexes that the module of these records declares.
pub fn indexes() -> Vec<PropertyIndex> {
    ["amount", "customer", "state"]
        .map(|property| PropertyIndex {
            table: TABLE.into(),
            property: property.into(),
            unique: false,
        })
        .to_vec()
}

/// All uses.
pub fn uses() -> Vec<Use> {
    let mut all = records();
    all.extend(executions());
    all.extend(upkeep());
    all
}

fn records() -> Vec<Use> {
    let table = || RecordQuery::table(TABLE);
    let newest = || vec![Sort { by: Subject::CreatedAt, descending: true }];
    let by = |property: &str, descending: bool| {
        vec![Sort { by: Subject::Property(property.into()), descending }]
    };
    let with = |op: Op| RecordQuery { filters: vec![Filter::property("amount", op)], ..table() };
    let on = |subject: Subject, value: &str| RecordQuery {
        filters: vec![Filter::on(subject, Op::Equals(json!(value)))],
        sort: newest(),
        ..table()
    };
    let range = Range { gte: Some(json!(100)), lt: Some(json!(110)), ..Range::default() };
    let since = Range { gte: Some(json!("2026-11-01")), ..Range::default() };
    let customers = vec![json!("7"), json!("8")];
    let named: Vec<(&'static str, RecordQuery)> = vec![
        ("the records of a table", table()),
        ("the newest records of a table", RecordQuery { sort: newest(), ..table() }),
        (
            "the records after one",
            RecordQuery {
                sort: vec![Sort { by: Subject::CreatedAt, descending: false }],
                after: Some((at(500), 500)),
                count_up_to: 0,
                ..table()
            },
        ),
        ("deleted records", RecordQuery { deleted: Deleted::Only, sort: newest(), ..table() }),
        ("by a gateway's id", RecordQuery { sort: newest(), ..table().with("gateway_id", "ch_7") }),
        (
            "by a gateway's id, deleted or not",
            RecordQuery {
                deleted: Deleted::Any,
                sort: newest(),
                ..table().with("gateway_id", "ch_7")
            },
        ),
        ("by the external id", on(Subject::ExternalId, "x7")),
        ("by the user", on(Subject::UserId, "u3")),
        ("by an indexed property", table().with("customer", "7a")),
        (
            "by an indexed property, newest first",
            RecordQuery { sort: newest(), ..table().with("customer", "c7") },
        ),
        (
            "by a property that few have",
            RecordQuery { sort: newest(), ..table().with("state", "failed") },
        ),
        (
            "by one of several values",
            RecordQuery {
                filters: vec![Filter::property("customer", Op::In(customers))],
                ..table()
            },
        ),
        ("by a number", with(Op::Equals(json!(500)))),
        ("by a range of numbers", with(Op::Range(range))),
        ("by a range of texts", with(Op::Range(since))),
        ("without a value", with(Op::Exists(false))),
        ("sorted by an indexed property", RecordQuery { sort: by("amount", false), ..table() }),
        ("sorted, from large to small", RecordQuery { sort: by("amount", true), ..table() }),
        ("without a count", RecordQuery { count_up_to: 0, ..table().with("state", "paid") }),
    ];
    let mut all: Vec<Use> = named
        .into_iter()
        .map(|(name, query)| -> Use {
            (name, Box::new(move |store| drop(store.records(&query).expect("read"))))
        })
        .collect();
    all.push(("a record", Box::new(|store| drop(store.record(7).expect("read")))));
    all
}

fn executions() -> Vec<Use> {
    let query = ExecutionQuery::default;
    let named: Vec<(&'static str, ExecutionQuery)> = vec![
        ("the newest executions", ExecutionQuery { count_up_to: 0, ..query() }),
        (
            "older executions",
            ExecutionQuery {
                before: Some((at(500), ExecutionId::from("e500"))),
                count_up_to: 0,
                ..query()
            },
        ),
        ("completed executions", ExecutionQuery { states: vec![State::Completed], ..query() }),
        ("discarded executions", ExecutionQuery { states: vec![State::Discarded], ..query() }),
        ("executions of a kind", ExecutionQuery { kind: Some("request_type".into()), ..query() }),
        (
            "waiting events",
            ExecutionQuery {
                states: vec![State::Available],
                kind: Some("webhook_event".into()),
                per_page: 1,
                ..query()
            },
        ),
        (
            "the events of an object",
            ExecutionQuery {
                states: vec![State::Completed],
                kind: Some("webhook_event".into()),
                ordering_key: Some("o7".into()),
                created_from: Some(at(1)),
                ..query()
            },
        ),
    ];
    let mut all: Vec<Use> = named
        .into_iter()
        .map(|(name, query)| -> Use {
            (name, Box::new(move |store| drop(store.executions(&query).expect("read"))))
        })
        .collect();
    all.extend(claims());
    all
}

fn claims() -> Vec<Use> {
    vec![
        ("an execution", Box::new(|store| drop(store.execution(&"e7".into()).expect("read")))),
        (
            "an execution by its key",
            Box::new(|store| drop(store.execution_by_key("request_type", "k8").expect("read"))),
        ),
        ("the steps of an execution", Box::new(|s| drop(s.steps(&"e7".into()).expect("read")))),
        (
            "what is due at the gateway",
            Box::new(|store| drop(store.due(at(200_000), Queue::Gateway, 10).expect("read"))),
        ),
        (
            "what is due here",
            Box::new(|store| drop(store.due(at(200_000), Queue::Local, 10).expect("read"))),
        ),
        ("the next of an object", Box::new(|s| drop(s.next_in_order("o7", None, at(9)).unwrap()))),
        (
            "the oldest that waits",
            Box::new(|store| assert!(store.oldest_open().expect("read").is_some())),
        ),
        (
            "claims",
            Box::new(|store| {
                drop(store.claim(at(200_000), Queue::Local, 2, at(200_001)).expect("claimed"));
            }),
        ),
    ]
}

fn upkeep() -> Vec<Use> {
    let commit = |write: fn() -> Write| -> Run {
        Box::new(move |store| store.commit(vec![write()]).expect("committed"))
    };
    vec![
        (
            "what is old",
            Box::new(|s| drop(s.finished_before("webhook_event", at(9), 10).expect("read"))),
        ),
        (
            "how much is old",
            Box::new(|s| {
                assert!(s.count_finished_before("webhook_event", at(9)).expect("read") <= 4)
            }),
        ),
        ("a session", Box::new(|store| drop(store.session("s7").expect("read")))),
        ("activities", Box::new(|s| drop(s.activities(&[], Paging::new(1, 20, 0)).expect("read")))),
        (
            "activities by their ids",
            Box::new(|store| {
                drop(store.activities(&["a7".into()], Paging::new(1, 20, 0)).expect("read"));
            }),
        ),
        ("constants", Box::new(|store| drop(store.constants().expect("read")))),
        ("the end of sessions", commit(|| Write::SessionsExpire { before: at(3) })),
        ("the end of a user's sessions", commit(|| Write::SessionsEnd { user_id: "u5".into() })),
        (
            "a clock that was set back",
            commit(|| Write::ExecutionsClockSetBack {
                now: at(1),
                leases_until: at(300_000),
                waits_until: at(300_000),
            }),
        ),
        (
            "the end of old events",
            commit(|| Write::ExecutionsPurge {
                kind: "webhook_event".into(),
                before: at(20),
                limit: 3,
            }),
        ),
    ]
}

fn at(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).expect("in range")
}
