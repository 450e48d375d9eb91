//! Startup: from a folder of files to an answer, without configuration and with broken files.

use crate::support::host::{Instance, Process, TestHost};
use crate::support::wait::eventually;
use serde_json::json;

#[test]
fn a_fresh_copy_answers_and_says_where_its_sandbox_is() {
    let host = TestHost::start();
    let health = host.send("GET", "/healthz", &[], b"").expect(200).json();
    assert_eq!(health["status"], "ok", "{health}");
    assert!(health.to_string().contains(&host.stripe.addr.to_string()), "{health}");
    assert!(host.process.printed().contains(&host.stripe.addr.to_string()), "printed at start");
    assert_ne!(host.stripe.addr, host.addr);
    let ready = host.send("GET", "/readyz", &[], b"").expect(200).json();
    assert_eq!(ready["module_errors"], 0, "{ready}");
    let page = host.visitor().get("/").expect(200).text();
    assert!(page.contains("data-test=\"buy-mug\""), "{page}");
}

#[test]
fn metrics_count_executions() {
    let host = TestHost::start();
    let data = json!({ "data": { "amount": 700, "currency": "usd", "source": "tok_visa" } });
    host.request_type("create_payment", &data).expect(200);
    // One that waits for its answer is counted in the state that it is in; a completed one is not.
    host.stripe.breaks("/v1/charges", "drop_before", 100);
    assert_eq!(host.request_type("create_payment", &data).json()["state"], "pending");
    eventually("it is counted", || {
        let text = host.send("GET", "/metrics", &[], b"").expect(200).text();
        let counts = text.lines().filter_map(|line| line.strip_prefix("sluicegate_executions{"));
        let counts: Vec<_> = counts.filter_map(|line| line.split_once(' ')).collect();
        let open = counts.iter().filter(|(state, count)| {
            *count == "1" && ["running", "retryable", "unknown"].iter().any(|s| state.contains(s))
        });
        let is_counted = open.count() == 1 && !text.contains("state=\"completed\"");
        if is_counted { Ok(()) } else { Err(format!("{counts:?}")) }
    });
}

#[test]
fn an_error_in_one_file_is_printed_and_stops_nothing_else() {
    let instance = Instance::new();
    instance
        .write("views/pages/broken.liquid", "---\nslug: broken\n---\n{% if true %}never closed");
    let host = instance.serve();
    host.visitor().get("/").expect(200);
    let broken = host.visitor().get("/broken");
    assert!(broken.status >= 500, "{}", broken.text());
    eventually("it is listed at start", || {
        let printed = host.process.printed();
        if printed.contains("views/pages/broken.liquid") { Ok(()) } else { Err(printed) }
    });
}

#[test]
fn a_folder_that_is_no_instance_is_refused_in_one_line() {
    let folder = Instance::empty();
    for command in
        [&["serve", "--addr", "127.0.0.1:0"][..], &["call", "create_payment"], &["migrate"]]
    {
        let ran = folder.run(command);
        assert_ne!(ran.code, 0);
        assert!(ran.err.contains("is not an instance"), "{ran:?}");
        assert!(!ran.err.contains("panicked"), "{ran:?}");
        assert!(!folder.root().join("data").exists(), "{command:?} wrote into the folder");
    }
}

#[test]
fn a_taken_port_is_reported() {
    let host = TestHost::start();
    let other = Instance::new();
    let taken = host.addr.to_string();
    let ran = other.run(&["serve", "--addr", &taken, "--sandbox-addr", "127.0.0.1:0"]);
    assert_ne!(ran.code, 0);
    assert!(ran.err.contains(&taken), "{ran:?}");
}

#[test]
fn records_and_sandbox_survive_a_power_cut() {
    let mut host = TestHost::start();
    let data = json!({ "data": { "amount": 700, "currency": "usd", "source": "tok_visa" } });
    let first = host.request_type("create_payment", &data).expect(200).json();
    let port = host.stripe.addr.to_string();
    host.process.kill();
    let TestHost { instance, process, .. } = host;
    drop(process);
    let again = instance.serve_with(&["--sandbox-addr", &port]);
    let payments = again.records("modules/payments/payment");
    assert_eq!(payments[0]["properties"]["gateway_id"], first["gateway"]["id"]);
    let refund = json!({ "data": { "charge": first["gateway"]["id"] } });
    let outcome = again.request_type("create_refund", &refund).expect(200).json();
    assert_eq!(outcome["state"], "completed", "{outcome}");
}

#[test]
fn the_sandbox_alone_is_a_command() {
    let instance = Instance::new();
    let mut process = Process::start(&instance, &["sandbox", "--addr", "127.0.0.1:0"]);
    let addr = process.address("/_sandbox/health");
    assert_ne!(addr.port(), 0);
    assert!(process.is_alive());
}

#[test]
fn a_backup_made_while_people_pay_has_everything_that_was_answered_before() {
    let host = TestHost::start();
    let pay = |key: &str| {
        let data = serde_json::json!({ "data": { "amount": 700, "currency": "usd", "source": "tok_visa" },
            "idempotency_key": key });
        host.request_type("create_payment", &data).expect(200).json()
    };
    let paid: Vec<_> = (0..5).map(|n| pay(&format!("before-{n}"))).collect();
    let folder = tempfile::tempdir().expect("a folder");
    let copy = folder.path().join("copy.db");
    let to = copy.to_str().expect("a path");
    std::thread::scope(|scope| {
        scope.spawn(|| (0..5).for_each(|n| drop(pay(&format!("while-{n}")))));
        host.run(&["backup", to, "--json"]).good();
    });
    let again = host.run(&["backup", to]);
    assert_ne!(again.code, 0, "it is never written over");
    assert!(again.err.contains("already"), "{again:?}");
    assert_eq!(std::fs::read_dir(folder.path()).expect("files").count(), 1, "nothing else is left");
    let database = rusqlite::Connection::open(&copy).expect("it opens");
    let whole: String =
        database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("a word");
    assert_eq!(whole, "ok");
    for one in &paid {
        let sql = "SELECT state FROM executions WHERE id = ?1";
        let id = one["execution"].as_str().expect("an id");
        let state: String = database.query_row(sql, [id], |row| row.get(0)).expect("it is there");
        assert_eq!(state, "completed");
    }
}
