//! Limits for each address of what is not verified: forms, and deliveries with a wrong signature.

use crate::support::host::{Instance, TestHost};
use crate::support::http::Answer;
use crate::support::signature::{header, now};
use crate::support::wait::eventually;

const SECRET: &str = "whsec_of_the_test_0123456789";

fn host(name: &str, rate: &str) -> TestHost {
    Instance::new()
        .variable(name, rate)
        .variable("SLUICEGATE_TRUSTED_PROXIES", "127.0.0.1")
        .variable("STRIPE_WEBHOOK_SECRET", SECRET)
        .serve()
}

/// Sends until the address is refused; how often it was not.
#[track_caller]
fn until_limited(mut send: impl FnMut() -> Answer) -> (usize, Answer) {
    for count in 0..100 {
        let answer = send();
        if answer.status == 429 {
            let wait = answer.header("retry-after").and_then(|wait| wait.parse::<u64>().ok());
            assert!(wait.is_some_and(|wait| (1..=60).contains(&wait)), "{wait:?}");
            return (count, answer);
        }
    }
    panic!("it is never limited");
}

#[track_caller]
fn is_counted(host: &TestHost, limit: &str) {
    let metrics = host.send("GET", "/metrics", &[], b"").expect(200).text();
    let line = format!("sluicegate_rate_limited_total{{limit=\"{limit}\"}} ");
    let count = metrics.lines().find_map(|found| found.strip_prefix(&line));
    assert!(count.is_some_and(|count| count != "0"), "{line} in {metrics}");
}

#[test]
fn an_address_sends_so_many_forms_a_minute() {
    let host = host("SLUICEGATE_FORM_RATE", "4");
    let post = |path: &str, from: &str, accept: &str| {
        let kind = ("Content-Type", "application/x-www-form-urlencoded");
        let headers = [kind, ("X-Forwarded-For", from), ("Accept", accept)];
        host.send("POST", path, &headers, b"form_id=none")
    };
    let paths = ["/api/customizations", "/api/records/1", "/api/models"];
    let mut turn = paths.iter().cycle();
    let mut next = || post(turn.next().expect("endless"), "203.0.113.1", "text/html");
    let (count, answer) = until_limited(&mut next);
    assert!(count >= 4, "{count}");
    assert!(answer.text().contains("<html") && answer.text().contains("nothing was sent"));
    let answer = post("/api/records", "203.0.113.1", "application/json");
    if answer.status == 429 {
        assert!(answer.json()["error"]["message"].is_string());
    }
    // Others, other requests, and programs on this machine.
    assert_ne!(post("/api/records", "203.0.113.2", "text/html").status, 429);
    let from = [("X-Forwarded-For", "203.0.113.1")];
    host.send("GET", "/", &from, b"").expect(200);
    for _ in 0..20 {
        let alone = host.send("POST", "/api/records", &[], b"");
        assert_ne!(alone.status, 429);
    }
    // IPv6 is limited by the network of one subscriber.
    let mut number = 0;
    until_limited(|| {
        number += 1;
        post("/api/records", &format!("2001:db8:1:2::{number}"), "text/html")
    });
    assert_ne!(post("/api/records", "2001:db8:1:3::1", "text/html").status, 429);
    is_counted(&host, "forms");
}

#[test]
fn a_rate_of_zero_limits_nothing() {
    let host = host("SLUICEGATE_FORM_RATE", "0");
    for _ in 0..130 {
        let from = [("X-Forwarded-For", "203.0.113.1")];
        assert_ne!(host.send("POST", "/api/records", &from, b"").status, 429);
    }
    for wrong in ["-1", "many", "1.5"] {
        let instance = Instance::new().variable("SLUICEGATE_FORM_RATE", wrong);
        let ran = instance.run(&["serve", "--addr", "127.0.0.1:0"]);
        assert!(ran.code != 0 && ran.err.contains("SLUICEGATE_FORM_RATE"), "{ran:?}");
    }
}

#[test]
fn wrong_signatures_are_limited_and_right_ones_never() {
    let host = host("SLUICEGATE_WEBHOOK_REFUSAL_RATE", "3");
    let deliver = |signature: &str, body: &str| {
        let headers = [("Stripe-Signature", signature), ("X-Forwarded-For", "203.0.113.1")];
        host.send("POST", "/webhooks/listen", &headers, body.as_bytes())
    };
    let mut number = 0;
    let mut good = || {
        number += 1;
        let body = format!("{{\"id\": \"evt_{number}\", \"type\": \"customer.updated\"}}");
        deliver(&header(body.as_bytes(), SECRET, now()), &body).expect(200);
    };
    for _ in 0..10 {
        good();
    }
    let wrong = "t=1,v1=00";
    let (count, _) = until_limited(|| {
        good();
        deliver(wrong, "{}")
    });
    assert!(count >= 3, "right ones count nothing: {count}");
    for _ in 0..10 {
        good();
        let status = deliver(wrong, "{}").status;
        assert!([400, 429].contains(&status), "{status}");
    }
    let other = [("Stripe-Signature", wrong), ("X-Forwarded-For", "203.0.113.2")];
    host.send("POST", "/webhooks/listen", &other, b"{}").expect(400);
    is_counted(&host, "refused_webhooks");
    eventually("each that is not limited is logged", || {
        let log = host.process.printed();
        if log.contains("203.0.113.2") { Ok(()) } else { Err(log) }
    });
}
