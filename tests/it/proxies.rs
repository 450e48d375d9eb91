//! Proxies and names that resolve to this machine: who counts as a local program, and whose address
//! a request has.

use crate::support::host::{Instance, TestHost};
use crate::support::html::forms;
use crate::support::http::Answer;
use crate::support::wait::eventually;
use serde_json::json;

const ADMINISTER: &str = "administer-token-of-the-proxies-0123456789";

/// Every door that lets a local program in, in development.
fn doors(host: &TestHost, headers: &[(&str, &str)]) -> Vec<(&'static str, Answer)> {
    let kind = [("Content-Type", "application/json")];
    let headers = [&kind[..], headers].concat();
    let query = json!({ "query": "{ records { total_entries } }" }).to_string();
    [
        ("POST", "/graphql", query.as_str()),
        ("POST", "/api/request_types/create_customer", r#"{"data": {"email": "a@b.example"}}"#),
        ("GET", "/api/executions/none", ""),
        ("GET", "/console", ""),
        ("GET", "/console/sign-in", ""),
        ("GET", "/console/executions/none", ""),
        ("GET", "/console/source/views/pages/index.liquid", ""),
        ("POST", "/console/request_types/create_customer", r#"{"data": {"email": "a@b.example"}}"#),
    ]
    .into_iter()
    .map(|(method, path, body)| (path, host.send(method, path, &headers, body.as_bytes())))
    .collect()
}

#[test]
fn only_a_program_that_asks_this_machine_itself_is_local() {
    for trusted in ["192.0.2.1", "127.0.0.1"] {
        let host = Instance::new().variable("SLUICEGATE_TRUSTED_PROXIES", trusted).serve();
        for own in ["localhost:3000", "127.0.0.1", "[::1]:1"] {
            for (path, answer) in doors(&host, &[("Host", own)]) {
                assert!(![401, 403].contains(&answer.status), "{own} {path}: {}", answer.text());
            }
        }
        for header in [
            ("Forwarded", "for=127.0.0.1"),
            ("X-Forwarded-For", "127.0.0.1"),
            ("X-Forwarded-Host", "localhost"),
            ("X-Forwarded-Proto", "https"),
            ("X-Real-IP", "127.0.0.1"),
            ("Via", "1.1 proxy"),
            ("Host", "evil.example"),
            ("Host", "localhost.evil.example:3000"),
            ("Origin", "https://evil.example"),
            ("Sec-Fetch-Site", "cross-site"),
        ] {
            for (path, answer) in doors(&host, &[header]) {
                assert_eq!(answer.status, 403, "{trusted} {header:?} {path}: {}", answer.text());
            }
        }
    }
}

const ADDRESS: &str = "---\nslug: address\nlayout: ''\n---\n{{ context.visitor.ip }}";

fn instance(trusted: &str) -> Instance {
    let instance = Instance::new()
        .variable("SLUICEGATE_ENV", "production")
        .variable("SLUICEGATE_API_TOKEN", ADMINISTER)
        .variable("SLUICEGATE_TRUSTED_PROXIES", trusted);
    instance.write("views/pages/address.liquid", ADDRESS);
    instance
}

fn guess(host: &TestHost, forwarded_for: &str) -> u16 {
    let header = ("X-Forwarded-For", forwarded_for);
    let page = host.send("GET", "/console", &[header], b"").expect(401).text();
    let form = forms(&page).remove(0).with("token", "guess");
    let kind = ("Content-Type", "application/x-www-form-urlencoded");
    let body = crate::support::http::encode(&form.pairs);
    host.send("POST", &form.action, &[kind, header], body.as_bytes()).status
}

#[test]
fn a_trusted_proxy_names_the_client() {
    let host = instance("127.0.0.1, 10.0.0.0/8").serve();
    let seen = |forwarded_for: &str| {
        let header = [("X-Forwarded-For", forwarded_for)];
        host.send("GET", "/address", &header, b"").expect(200).text().trim().to_owned()
    };
    assert_eq!(seen("203.0.113.1"), "203.0.113.1");
    assert_eq!(seen("198.51.100.66, 203.0.113.1, 10.1.2.3"), "203.0.113.1", "not what it claims");
    assert_eq!(seen("nonsense"), "127.0.0.1");
    for _ in 0..10 {
        assert_eq!(guess(&host, "198.51.100.66, 203.0.113.1"), 401);
    }
    assert_eq!(guess(&host, "203.0.113.1"), 429);
    assert_eq!(guess(&host, "203.0.113.2"), 401, "another client of the same proxy");
    eventually("the audit log names the client", || {
        let log = host.process.printed();
        let named = |line: &str| line.contains("sluicegate::audit") && line.contains("203.0.113.1");
        if log.lines().any(named) { Ok(()) } else { Err(log) }
    });
}

#[test]
fn an_untrusted_peer_names_nobody() {
    let host = instance("192.0.2.1").serve();
    let header = [("X-Forwarded-For", "203.0.113.1"), ("X-Real-IP", "203.0.113.1")];
    assert_eq!(host.send("GET", "/address", &header, b"").text().trim(), "127.0.0.1");
    for number in 0..10 {
        assert_eq!(guess(&host, &format!("203.0.113.{number}")), 401);
    }
    assert_eq!(guess(&host, "203.0.113.99"), 429, "all of them came from one address");
}

#[test]
fn wrong_proxies_stop_the_start() {
    for wrong in ["proxy.example", "10.0.0.0/40", "0.0.0.0/0"] {
        let instance = Instance::new().variable("SLUICEGATE_TRUSTED_PROXIES", wrong);
        let ran = instance.run(&["serve", "--addr", "127.0.0.1:0"]);
        assert_ne!(ran.code, 0);
        assert!(
            ran.err.contains("SLUICEGATE_TRUSTED_PROXIES") && ran.err.contains(wrong),
            "{ran:?}"
        );
    }
}
