//! Metrics and health: what is open, what needs a token, and the address of their own.

use crate::support::host::Instance;
use crate::support::http::{Answer, send};
use regex::Regex;
use serde_json::json;

const ADMINISTER: &str = "administer-token-of-metrics-0123456789";
const READ: &str = "read-token-of-metrics-0123456789abcdef";

fn instance(environment: &str) -> Instance {
    Instance::new().variable("SLUICEGATE_ENV", environment)
}

#[test]
fn outside_development_numbers_and_details_need_a_token() {
    for environment in ["staging", "production"] {
        let instance = instance(environment)
            .variable("SLUICEGATE_API_TOKEN", ADMINISTER)
            .variable("SLUICEGATE_API_TOKENS", &format!("read:{READ}"));
        let host = instance.serve();
        let get = |path: &str, token: &str| -> Answer {
            let bearer = format!("Bearer {token}");
            let headers = [("Authorization", bearer.as_str())];
            host.send("GET", path, if token.is_empty() { &[] } else { &headers }, b"")
        };
        for token in ["", "wrong", "wrong-token-of-metrics-0123456789abcde"] {
            let refused = get("/metrics", token).expect(401);
            assert!(!refused.text().contains("sluicegate_"), "{}", refused.text());
            assert_eq!(get("/healthz", token).expect(200).json(), json!({ "status": "ok" }));
            assert_eq!(get("/readyz", token).expect(200).json(), json!({ "status": "ready" }));
        }
        for token in [READ, ADMINISTER] {
            assert!(get("/metrics", token).expect(200).text().contains("sluicegate_executions"));
            assert_eq!(get("/healthz", token).expect(200).json()["environment"], environment);
            assert_eq!(get("/readyz", token).expect(200).json()["module_errors"], 0);
        }
    }
    let host = instance("production").serve();
    let refused = host.send("GET", "/metrics", &[], b"").expect(403).text();
    assert!(refused.contains("SLUICEGATE_METRICS_ADDR"), "{refused}");
    assert_eq!(host.send("GET", "/healthz", &[], b"").json(), json!({ "status": "ok" }));
}

#[test]
fn an_address_of_their_own_needs_no_token_and_has_nothing_else() {
    let arguments = ["--stripe", "sandbox", "--sandbox-addr", "127.0.0.1:0", "--metrics-addr", "0"];
    let host = instance("production").serve_with(&arguments);
    let printed = host.process.printed();
    let line = Regex::new(r"metrics +http://(127\.0\.0\.1:[0-9]+)/metrics").expect("a pattern");
    let addr = line.captures(&printed).expect("it is printed")[1].parse().expect("an address");
    let get = |path: &str| send(addr, "GET", path, &[], b"").expect("an answer");
    assert!(get("/metrics").expect(200).text().contains("sluicegate_executions"));
    assert_eq!(get("/healthz").expect(200).json()["environment"], "production");
    assert_eq!(get("/readyz").expect(200).json()["module_errors"], 0);
    for path in ["/", "/console", "/graphql", "/payments", "/assets/stylesheets/shop.css"] {
        get(path).expect(404);
    }
    host.send("GET", "/metrics", &[], b"").expect(403);
    let mut host = host;
    assert_eq!(host.process.terminate(), Some(0));
}

#[test]
fn a_wrong_address_stops_the_start() {
    for wrong in ["metrics.example", "70000"] {
        let ran = instance("development").run(&[
            "serve",
            "--addr",
            "127.0.0.1:0",
            "--metrics-addr",
            wrong,
        ]);
        assert_ne!(ran.code, 0);
        assert!(ran.err.contains("--metrics-addr") && ran.err.contains(wrong), "{ran:?}");
    }
}
