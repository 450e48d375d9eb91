//! Starting: from a folder of files to an answer, with nothing configured and with faults in the files.

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
    let text = host.send("GET", "/metrics", &[], b"").expect(200).text();
    assert!(text.contains("sluicegate_executions{state=\"completed\"}"), "{text}");
}

#[test]
fn a_fault_in_one_file_stops_nothing_else_and_is_printed() {
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
    let ran = Instance::empty().run(&["serve", "--addr", "127.0.0.1:0"]);
    assert_ne!(ran.code, 0);
    assert!(ran.err.to_lowercase().contains("instance") || ran.err.contains("views"), "{ran:?}");
    assert!(!ran.err.contains("panicked"), "{ran:?}");
}

#[test]
fn a_taken_port_is_said_plainly() {
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
