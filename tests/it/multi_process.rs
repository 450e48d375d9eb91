//! Many processes on one PostgreSQL database: shared work, takeover, and database outages.

use crate::support::host::{Instance, Process, TestHost};
use crate::support::postgres::{Cluster, shared};
use crate::support::signature::{header, now};
use crate::support::stripe::Stripe;
use crate::support::wait::eventually;
use serde_json::{Value as Json, json};

const SECRET: &str = "whsec_of_the_test_0123456789";
const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// Processes that share a database, an instance key and a Stripe.
struct Fleet {
    sandbox: Process,
    stripe: Stripe,
    database: String,
}

impl Fleet {
    fn new(cluster: &Cluster) -> Self {
        let sandbox = Process::sandbox();
        let stripe = Stripe { addr: sandbox.address("/_sandbox/health") };
        Self { sandbox, stripe, database: cluster.database() }
    }

    fn instance(&self) -> Instance {
        Instance::new()
            .variable("SLUICEGATE_DATABASE", &self.database)
            .variable("SLUICEGATE_SECRET_KEY", KEY)
            .variable("STRIPE_WEBHOOK_SECRET", SECRET)
    }

    fn process(&self) -> TestHost {
        let mut host =
            self.instance().serve_with(&["--stripe", &format!("http://{}", self.stripe.addr)]);
        host.stripe = Stripe { addr: self.stripe.addr };
        host
    }
}

fn charge(amount: u64, key: &str) -> Json {
    let data = json!({ "amount": amount, "currency": "usd", "source": "tok_visa" });
    json!({ "data": data, "idempotency_key": key })
}

fn deliver(host: &TestHost, event: &Json) -> u16 {
    let body = event.to_string().into_bytes();
    let signature = header(&body, SECRET, now());
    let headers = [("Content-Type", "application/json"), ("Stripe-Signature", &signature)];
    host.send("POST", "/webhooks/listen", &headers, &body).status
}

/// A counter for each event: an event applied twice would show.
fn counting(instance: &Instance) {
    instance.write(
        "modules/stripe/public/views/partials/webhook_processors/test_counted.liquid",
        r#"{% graphql r, n: event.id %}mutation($n: String) { record_create(record: { table: "counted", properties: [{ name: "event", value: $n }] }) { id } }{% endgraphql %}"#,
    );
    instance.write(
        "custom_model_types/counted.yml",
        "name: counted\nproperties:\n  - name: event\n    type: string\n",
    );
}

fn open(host: &TestHost) -> Vec<Json> {
    let states = ["available", "running", "retryable", "unknown"];
    let mut all = Vec::new();
    for state in states {
        let page = host.run(&["executions", "list", "--state", state, "--json"]).good().json();
        all.extend(page["results"].as_array().expect("a list").clone());
    }
    all
}

#[track_caller]
fn quiet(host: &TestHost) {
    eventually("nothing is left to do", || {
        let left = open(host);
        if left.is_empty() { Ok(()) } else { Err(json!(left).to_string()) }
    });
}

#[test]
fn two_processes_share_keys_events_and_work() {
    let Some(cluster) = shared() else { return };
    let fleet = Fleet::new(cluster);
    let start = || {
        let instance = fleet.instance();
        counting(&instance);
        let mut host = instance.serve_with(&["--stripe", &format!("http://{}", fleet.stripe.addr)]);
        host.stripe = Stripe { addr: fleet.stripe.addr };
        host
    };
    // Both start concurrently: the schema and the migrations are applied once.
    let (one, two) = std::thread::scope(|scope| {
        let one = scope.spawn(start);
        let two = scope.spawn(start);
        (one.join().expect("one"), two.join().expect("two"))
    });
    let both = [&one, &two];
    // The same key sent to both processes at once makes one charge.
    std::thread::scope(|scope| {
        for n in 0..40 {
            for host in both {
                scope.spawn(move || {
                    let answer =
                        host.request_type("create_payment", &charge(500 + n, &format!("k{n}")));
                    assert!([200, 202].contains(&answer.status), "{}", answer.text());
                });
            }
        }
    });
    quiet(&one);
    assert_eq!(fleet.stripe.control("GET", "/ledger", &Json::Null)["balanced"], true);
    let charges: Vec<_> = (0..40)
        .map(|n| two.request_type("create_payment", &charge(500 + n, &format!("k{n}"))).json())
        .collect();
    assert!(charges.iter().all(|c| c["state"] == "completed" && c["replayed"] == true));
    assert_eq!(one.records("modules/payments/payment").len(), 40);
    assert_eq!(all_charges(&fleet.stripe), 40);
    // Both receive every event: each is applied once.
    std::thread::scope(|scope| {
        for n in 0..60 {
            for host in both {
                scope.spawn(move || {
                    let event = json!({ "id": format!("evt_{n}"), "object": "event",
                        "type": "test.counted", "livemode": false, "created": 1_700_000_000,
                        "data": { "object": { "id": format!("obj_{}", n % 7) } } });
                    assert_eq!(deliver(host, &event), 200);
                });
            }
        }
    });
    quiet(&two);
    let mut counted: Vec<_> = one
        .records("counted")
        .iter()
        .map(|record| record["properties"]["event"].as_str().expect("a text").to_owned())
        .collect();
    counted.sort();
    assert_eq!(counted.len(), 60);
    counted.dedup();
    assert_eq!(counted.len(), 60, "none twice");
    drop(fleet.sandbox);
}

fn all_charges(stripe: &Stripe) -> usize {
    let (mut count, mut after) = (0, String::new());
    loop {
        let page = stripe.read(&format!("/v1/charges?limit=100{after}"));
        let charges = page["data"].as_array().expect("a list");
        count += charges.len();
        let Some(last) = charges.last().filter(|_| page["has_more"] == true) else { return count };
        after = format!("&starting_after={}", last["id"].as_str().expect("an id"));
    }
}

#[test]
fn what_a_dead_process_left_is_completed_by_another() {
    let Some(cluster) = shared() else { return };
    let fleet = Fleet::new(cluster);
    let (mut one, two) = (fleet.process(), fleet.process());
    fleet.stripe.breaks("/v1/charges", "unavailable", 1000);
    let addr = one.addr;
    let calling = std::thread::spawn(move || {
        let body = charge(900, "orphan").to_string();
        let kind = [("Content-Type", "application/json")];
        // No answer comes: the host is killed.
        let path = "/api/request_types/create_payment";
        drop(crate::support::http::send(addr, "POST", path, &kind, body.as_bytes()));
    });
    eventually("it is being sent", || {
        let requests = fleet.stripe.control("GET", "/requests", &Json::Null);
        let all = requests["data"].as_array().expect("a list");
        if all.iter().any(|r| r["path"] == "/v1/charges") {
            Ok(())
        } else {
            Err(requests.to_string())
        }
    });
    one.process.kill();
    drop(calling.join());
    fleet.stripe.control("DELETE", "/faults", &Json::Null);
    // Its lease ends after half a minute; then the other resends the same bytes with the same key.
    eventually("the other ends it", || {
        let answer = two.request_type("create_payment", &charge(900, "orphan"));
        let outcome = answer.json();
        if outcome["state"] == "completed" { Ok(()) } else { Err(outcome.to_string()) }
    });
    assert_eq!(all_charges(&fleet.stripe), 1);
    assert_eq!(two.records("modules/payments/payment").len(), 1);
}

#[test]
fn a_database_that_goes_away_and_comes_back_loses_nothing() {
    // With fsync: a server that is killed keeps what it committed.
    let Some(cluster) = Cluster::start("fsync = on") else { return };
    let fleet = Fleet::new(&cluster);
    let host = fleet.process();
    let paid = host.request_type("create_payment", &charge(700, "before")).expect(200).json();
    let stop = std::sync::atomic::AtomicBool::new(false);
    let told = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for caller in 0..4 {
            let (host, stop, told) = (&host, &stop, &told);
            scope.spawn(move || {
                for n in 0.. {
                    if stop.load(std::sync::atomic::Ordering::Relaxed) {
                        return;
                    }
                    let key = format!("during-{caller}-{n}");
                    let answer = host.request_type("create_payment", &charge(1000, &key));
                    if answer.status == 503 {
                        // As clients do: the response has Retry-After.
                        std::thread::sleep(std::time::Duration::from_millis(50));
                    }
                    told.lock().expect("told").push((key, answer.status));
                }
            });
        }
        std::thread::sleep(std::time::Duration::from_millis(700));
        cluster.kill();
        eventually("it is told that the database is away", || {
            let ready = host.send("GET", "/readyz", &[], b"");
            let waits = ready.header("Retry-After").is_some();
            if ready.status == 503 && waits { Ok(()) } else { Err(ready.text()) }
        });
        std::thread::sleep(std::time::Duration::from_millis(700));
        cluster.restart();
        eventually("it heals without help", || {
            let ready = host.send("GET", "/readyz", &[], b"");
            if ready.status == 200 { Ok(()) } else { Err(ready.text()) }
        });
        std::thread::sleep(std::time::Duration::from_millis(500));
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    eventually("all have ended", || {
        let left = open(&host);
        if left.is_empty() { Ok(()) } else { Err(json!(left).to_string()) }
    });
    let told = told.into_inner().expect("told");
    assert!(told.iter().all(|(_, status)| [200, 202, 503].contains(status)), "{told:?}");
    assert!(told.iter().any(|(_, status)| *status == 503), "it was away");
    // Every "completed" or "pending" has one charge; repeating its key returns the same one.
    let mut charged = 1;
    for (key, status) in &told {
        let again = host.request_type("create_payment", &charge(1000, key)).expect(200).json();
        assert_eq!(again["state"], "completed");
        if *status != 503 {
            assert_eq!(again["replayed"], true, "{key}: {status}");
        }
        charged += 1;
    }
    assert_eq!(paid["state"], "completed");
    assert_eq!(all_charges(&fleet.stripe), charged);
    let ledger = fleet.stripe.control("GET", "/ledger", &Json::Null);
    assert_eq!(ledger["balanced"], true);
}

#[test]
fn a_database_that_answers_before_it_has_synced_is_refused() {
    let Some(cluster) = shared() else { return };
    let database = cluster.database();
    let ran = |options: &str| {
        let url = format!("{database}{options}");
        let instance = Instance::new().variable("SLUICEGATE_DATABASE", &url);
        instance.variable("SLUICEGATE_SECRET_KEY", KEY).run(&["executions", "list"])
    };
    let refused = ran("&options=-c%20synchronous_commit%3Doff");
    assert_ne!(refused.code, 0);
    assert!(refused.err.contains("ALTER ROLE"), "{}", refused.err);
    ran("&options=-c%20synchronous_commit%3Dlocal").good();
    // This server never syncs.
    assert!(ran("").good().err.contains("`fsync = off`"));
}

#[test]
fn another_instance_key_is_refused_with_a_clear_message() {
    let Some(cluster) = shared() else { return };
    let database = cluster.database();
    let with = |key: &str| {
        let instance = Instance::new()
            .variable("SLUICEGATE_DATABASE", &database)
            .variable("SLUICEGATE_SECRET_KEY", key);
        instance.run(&["executions", "list"])
    };
    with(KEY).good();
    let ran = with(&KEY.replace("00", "ff"));
    assert_ne!(ran.code, 0);
    assert!(ran.err.contains("another instance key"), "{}", ran.err);
    with(KEY).good();
}

#[test]
fn an_unreachable_database_is_reported_without_its_password() {
    let instance = Instance::new()
        .variable("SLUICEGATE_DATABASE", "postgres://me:very-secret@127.0.0.1:1/none");
    let ran = instance.run(&["executions", "list"]);
    assert_ne!(ran.code, 0);
    assert!(ran.err.contains("does not answer"), "{}", ran.err);
    assert!(!format!("{}{}", ran.out, ran.err).contains("very-secret"));
}

#[test]
fn a_process_that_is_stopped_exits_cleanly_and_leaves_nothing_behind() {
    let mut fleets = vec![None];
    fleets.extend(shared().map(|cluster| Some(Fleet::new(cluster))));
    for fleet in fleets {
        let mut host = match &fleet {
            Some(fleet) => fleet.process(),
            None => Instance::new().serve(),
        };
        host.request_type("create_payment", &charge(700, "last")).expect(200);
        assert_eq!(host.process.terminate(), Some(0), "{}", host.process.printed());
        let printed = host.process.printed();
        assert!(!printed.contains("panicked"), "{printed}");
    }
}

#[test]
fn a_record_that_postgresql_never_takes_does_not_keep_a_payment_open() {
    let Some(cluster) = shared() else { return };
    let fleet = Fleet::new(cluster);
    let instance = fleet.instance();
    // A module of somebody who did not think of a longest text.
    let path = "modules/stripe/public/notifications/api_call_notifications/create_payment.liquid";
    let call = std::fs::read_to_string(instance.root().join(path)).expect("a file");
    assert!(call.contains("external_id: { type: string, max_length: 500"), "{call}");
    instance.write(path, &call.replace("max_length: 500, ", ""));
    instance.write(
        "views/partials/greet.liquid",
        "{% graphql r %}mutation { create_customer(data: { email: \"a@example.com\" }) { state } }{% endgraphql %}",
    );
    let mut host = instance.serve_with(&["--stripe", &format!("http://{}", fleet.stripe.addr)]);
    host.stripe = Stripe { addr: fleet.stripe.addr };
    // Not compressible: an index takes 2,704 bytes.
    let long: String = (0..1_500).map(|n: u32| format!("{:x}", n * 2_654_435 % 65_537)).collect();
    let mut payment = charge(900, "long");
    payment["data"]["external_id"] = json!(long);
    let outcome = host.request_type("create_payment", &payment).expect(200).json();
    assert_eq!(outcome["state"], "completed", "{outcome:#}");
    assert_eq!(
        (&outcome["record"], &outcome["errors"][0]["code"]),
        (&Json::Null, &json!("not_stored"))
    );
    assert!(outcome["gateway"]["id"].as_str().is_some_and(|id| id.starts_with("ch_")));
    assert_eq!(host.request_type("create_payment", &payment).expect(200).json()["replayed"], true);
    assert_eq!(host.stripe.charges().len(), 1);
    assert!(open(&host).is_empty(), "nothing waits");
    // With a callback, which would send only after the record is committed.
    let mut payment = charge(901, "long-with-callback");
    payment["data"]["external_id"] = json!(long);
    payment["config"] = json!({ "callback": "greet" });
    let outcome = host.request_type("create_payment", &payment).expect(200).json();
    assert_eq!(
        (&outcome["state"], &outcome["record"]),
        (&json!("completed"), &Json::Null),
        "{outcome:#}"
    );
    let again = host.request_type("create_payment", &payment).expect(200).json();
    assert_eq!(
        (&again["state"], &again["replayed"]),
        (&json!("completed"), &json!(true)),
        "{again:#}"
    );
    assert_eq!(host.stripe.charges().len(), 2);
    assert_eq!(host.stripe.read("/v1/customers")["data"], json!([]), "the callback sent nothing");
    assert!(open(&host).is_empty(), "nothing waits");
    // What only one request asks is not a failure of the database.
    let filter = json!({ "query": "{ records(filter: { external_id: { value: \"a\\u0000\" } }) { total_entries } }" });
    let answer = host.post_json("/graphql", &filter);
    assert_eq!(
        (answer.status, &answer.json()["errors"][0]["extensions"]["code"]),
        (200, &json!("invalid"))
    );
    assert_ne!(host.send("GET", "/api/executions/a%00b", &[], b"").status, 503);
}

#[test]
fn a_run_whose_records_postgresql_never_takes_ends_for_an_operator() {
    let Some(cluster) = shared() else { return };
    let fleet = Fleet::new(cluster);
    let instance = fleet.instance();
    counting(&instance);
    instance.write(
        "modules/stripe/public/views/partials/webhook_processors/test_noted.liquid",
        r#"{% graphql r, n: event.data.object.note %}mutation($n: String) { record_create(record: { table: "counted", properties: [{ name: "event", value: $n }] }) { id } }{% endgraphql %}"#,
    );
    instance.write(
        "form_configurations/scripted.liquid",
        "---\nname: scripted\nresource: counted\nresource_owner: anyone\nfields:\n  properties:\n    \
         event:\ncallback_actions: >\n  {% log form.id, type: 'after' %}\n---\n",
    );
    let host = instance.serve_with(&["--stripe", &format!("http://{}", fleet.stripe.addr)]);
    // A processor that writes what the database does not take.
    let event = json!({ "id": "evt_nul", "object": "event", "type": "test.noted", "livemode": false,
        "created": now(), "data": { "object": { "id": "x_1", "object": "x", "note": "a\u{0}" } } });
    assert_eq!(deliver(&host, &event), 200);
    let discarded = || {
        let listed = host.run(&["executions", "list", "--state", "discarded", "--json"]);
        let found = listed.good().json()["results"].clone();
        found.as_array().expect("a list").clone()
    };
    eventually("the event is a dead letter", || {
        let found = discarded();
        if found.len() == 1 { Ok(()) } else { Err(format!("{found:?} {:?}", open(&host))) }
    });
    // A form with a script.
    let submit = json!({ "query": "mutation { record_create(record: { properties: [{ name: \"event\", \
        value: \"a\\u0000\" }] }, form_name: \"scripted\") { id } }" });
    let answer = host.post_json("/graphql", &submit);
    assert_eq!(answer.json()["errors"][0]["extensions"]["code"], "invalid", "{}", answer.text());
    let ended = discarded();
    assert_eq!(ended.len(), 2, "{ended:?}");
    for one in &ended {
        let why = one["error"].as_str().expect("a reason");
        assert!(why.contains("NUL character"), "{why}");
    }
    assert!(open(&host).is_empty(), "nothing is open for ever");
    assert!(host.records("counted").is_empty());
}
