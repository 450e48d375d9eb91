//! The console in production: signing in with an API token, roles by scope, and the audit log.

use crate::support::host::{Instance, TestHost};
use crate::support::html::{Form, forms};
use crate::support::http::{Answer, Visitor};
use rusqlite::Connection;

const READ: &str = "read-token-of-the-console-0123456789";
const OPERATE: &str = "operate-token-of-the-console-0123456789";
const ADMINISTER: &str = "administer-token-of-the-console-0123456789";

fn instance() -> Instance {
    Instance::new()
        .variable("SLUICEGATE_ENV", "production")
        .variable("SLUICEGATE_LOG", "error")
        .variable("SLUICEGATE_API_TOKEN", ADMINISTER)
        .variable("SLUICEGATE_API_TOKENS", &format!("read:{READ},operate:{OPERATE}"))
}

fn sign_in_form(visitor: &mut Visitor, path: &str) -> Form {
    let page = visitor.get(path).expect(401).text();
    let form = forms(&page).remove(0);
    assert_eq!(form.action, "/console/sign-in", "{page}");
    form
}

fn sign_in(host: &TestHost, token: &str) -> Visitor {
    let mut visitor = host.visitor();
    let form = sign_in_form(&mut visitor, "/console").with("token", token);
    let answer = visitor.post(&form.action, &form.pairs).expect(303);
    assert_eq!(answer.header("location"), Some("/console"));
    visitor
}

/// The token of the operator's pages.
fn csrf(visitor: &mut Visitor) -> String {
    let page = visitor.get("/console").expect(200).text();
    forms(&page).remove(0).value("authenticity_token")
}

fn try_it(visitor: &mut Visitor, csrf: &str, more: (&str, &str)) -> Answer {
    let headers = [("Content-Type", "application/json"), ("X-CSRF-Token", csrf), more];
    let body = b"{\"data\": {\"email\": \"tried@b.example\"}}";
    visitor.send("POST", "/console/request_types/create_customer", &headers, body)
}

const NOTHING: (&str, &str) = ("Accept", "application/json");

#[test]
fn an_operator_signs_in_with_a_token_and_out() {
    let host = instance().serve();
    let mut visitor = host.visitor();
    // Nothing is shown before, on any page.
    for path in ["/console", "/console/request_types/create_payment", "/console/executions/01J"] {
        let form = sign_in_form(&mut visitor, path);
        assert_eq!(form.value("return_to"), path);
    }
    let form = sign_in_form(&mut visitor, "/console/sign-in");
    assert_eq!(form.value("return_to"), "/console");
    let wrong = visitor.post(&form.action, &form.clone().with("token", "wrong").pairs).expect(401);
    assert!(wrong.text().contains("This token is not known."), "{}", wrong.text());
    assert!(!wrong.text().contains("wrong\""), "the token is not shown again");
    visitor.get("/console").expect(401);
    // In, to the page that was asked for.
    let form = sign_in_form(&mut visitor, "/console/request_types/create_payment");
    let form = form.with("token", READ);
    let answer = visitor.post(&form.action, &form.pairs).expect(303);
    assert_eq!(answer.header("location"), Some("/console/request_types/create_payment"));
    let cookie = answer.header("set-cookie").expect("a cookie").to_owned();
    for part in ["sluicegate_console=", "; HttpOnly", "; SameSite=Strict", "; Path=/"] {
        assert!(cookie.contains(part), "{part} in {cookie}");
    }
    assert!(!cookie.contains(READ));
    assert!(visitor.get("/console").expect(200).text().contains("Scope: read"));
    assert_eq!(visitor.get("/console/sign-in").expect(303).header("location"), Some("/console"));
    // Out, by the button only; the former cookie is void.
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    visitor.post("/console/sign-out", &[]).expect(403);
    let token = csrf(&mut visitor);
    visitor.post("/console/sign-out", &[pair("authenticity_token", &token)]).expect(303);
    visitor.get("/console").expect(401);
    let bare = cookie.split(';').next().expect("a pair");
    host.send("GET", "/console", &[("Cookie", bare)], b"").expect(401);
    // The token in a header works as before, and an unknown one does not.
    let bearer = format!("Bearer {READ}");
    host.send("GET", "/console", &[("Authorization", &bearer)], b"").expect(200);
    host.send("GET", "/console", &[("Authorization", "Bearer wrong")], b"").expect(401);
}

#[test]
fn what_an_operator_may_do_depends_on_the_scope() {
    let host = instance().serve();
    let mut reader = sign_in(&host, READ);
    let page = reader.get("/console/request_types/create_customer").expect(200).text();
    assert!(page.contains("disabled") && page.contains("needs <code>operate</code>"), "{page}");
    let token = csrf(&mut reader);
    try_it(&mut reader, &token, NOTHING).expect(403);
    reader.get("/console/source/views/pages/index.liquid").expect(403);
    let mut operator = sign_in(&host, OPERATE);
    let page = operator.get("/console/request_types/create_customer").expect(200).text();
    assert!(!page.contains("disabled"), "{page}");
    let token = csrf(&mut operator);
    assert_eq!(try_it(&mut operator, &token, NOTHING).expect(200).json()["state"], "completed");
    // Posts of other pages, and without the page's token.
    for (token, more) in [
        ("", NOTHING),
        ("wrong", NOTHING),
        (token.as_str(), ("Origin", "https://evil.example")),
        (token.as_str(), ("Origin", "null")),
        (token.as_str(), ("Sec-Fetch-Site", "cross-site")),
        (csrf(&mut reader).as_str(), NOTHING),
    ] {
        try_it(&mut operator, token, more).expect(403);
    }
    // The session is the console's, and opens nothing else.
    let kind = ("Content-Type", "application/json");
    let headers = [kind, ("X-CSRF-Token", token.as_str())];
    let body = b"{\"query\": \"{ records { per_page } }\", \"data\": {}}";
    operator.send("POST", "/graphql", &headers, body).expect(401);
    operator.send("POST", "/api/request_types/create_customer", &headers, body).expect(401);
    assert_eq!(host.stripe.read("/v1/customers")["data"].as_array().map(Vec::len), Some(1));
}

#[test]
fn guesses_are_limited_by_address() {
    let host = instance().serve();
    let mut visitor = host.visitor();
    let form = sign_in_form(&mut visitor, "/console");
    for guess in 0..10 {
        let form = form.clone().with("token", &format!("guess {guess}"));
        host.visitor().post(&form.action, &form.pairs).expect(401);
    }
    // The right token would tell that it is right.
    for token in ["guess", READ] {
        let form = form.clone().with("token", token);
        let answer = host.visitor().post(&form.action, &form.pairs).expect(429);
        let wait = answer.header("retry-after").and_then(|wait| wait.parse::<u64>().ok());
        assert!(wait.is_some_and(|wait| (1..=30).contains(&wait)), "{wait:?}");
        assert!(answer.header("set-cookie").is_none_or(|c| !c.contains("console")));
    }
    let bearer = format!("Bearer {READ}");
    host.send("GET", "/console", &[("Authorization", &bearer)], b"").expect(200);
}

#[test]
fn every_action_is_in_the_audit_log_and_no_token() {
    let host = instance().serve();
    let form = sign_in_form(&mut host.visitor(), "/console").with("token", "wrong-secret-guess");
    host.visitor().post(&form.action, &form.pairs).expect(401);
    let mut operator = sign_in(&host, OPERATE);
    let token = csrf(&mut operator);
    try_it(&mut operator, &token, NOTHING).expect(200);
    let mut reader = sign_in(&host, READ);
    let readers = csrf(&mut reader);
    try_it(&mut reader, &readers, NOTHING).expect(403);
    let pair = ("authenticity_token".to_owned(), token);
    operator.post("/console/sign-out", &[pair]).expect(303);
    crate::support::wait::eventually("all lines", || {
        let log = host.process.printed();
        let has = |parts: &[&str]| log.lines().any(|line| parts.iter().all(|p| line.contains(p)));
        let all = has(&["sluicegate::audit", "sign_in", "refused", "127.0.0.1"])
            && has(&["sign_in", "accepted", "operate"])
            && has(&["request_type", "create_customer", "completed", "operate"])
            && has(&["request_type", "create_customer", "forbidden", "read"])
            && has(&["sign_out", "done", "operate"]);
        if all { Ok(()) } else { Err(log) }
    });
    let log = host.process.printed();
    for secret in [READ, OPERATE, ADMINISTER, "wrong-secret-guess", "tried@b.example"] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
    let database = Connection::open(host.instance.root().join("data/sluicegate.db")).expect("it");
    let count: i64 = database
        .query_row(
            "SELECT count(*) FROM sessions WHERE data LIKE '%token-of-the-console%'",
            [],
            |row| row.get(0),
        )
        .expect("counted");
    assert_eq!(count, 0);
}

#[test]
fn a_session_ends_with_its_token_and_follows_its_scope() {
    let host = instance().serve();
    let (mut operator, mut reader) = (sign_in(&host, OPERATE), sign_in(&host, READ));
    let cookies = [&mut operator, &mut reader].map(|one| one.cookie("sluicegate_console"));
    let TestHost { instance, mut process, .. } = host;
    process.terminate();
    let instance = instance.variable("SLUICEGATE_API_TOKENS", &format!("read:{OPERATE}"));
    let host = instance.serve_with(&["--stripe", "sandbox", "--sandbox-addr", "127.0.0.1:0"]);
    let get = |cookie: &str| {
        let cookie = format!("sluicegate_console={cookie}");
        host.send("GET", "/console", &[("Cookie", &cookie)], b"")
    };
    assert!(get(&cookies[0]).expect(200).text().contains("Scope: read"));
    get(&cookies[1]).expect(401);
}

#[test]
fn the_page_leads_nowhere_else_and_is_closed_without_a_token() {
    let host = instance().variable("SLUICEGATE_URL", "https://shop.example").serve();
    for to in [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "/",
        "/consolex",
        "/console/sign-out",
    ] {
        let mut visitor = host.visitor();
        let form = sign_in_form(&mut visitor, "/console").with("token", READ);
        let form = form.with("return_to", to);
        let answer = visitor.post(&form.action, &form.pairs).expect(303);
        assert_eq!(answer.header("location"), Some("/console"), "{to}");
        let cookie = answer.header("set-cookie").expect("a cookie");
        assert!(cookie.starts_with("__Host-sluicegate_console="), "{cookie}");
        assert!(cookie.ends_with("; Secure"), "{cookie}");
    }
    // Another site's page cannot sign an operator in.
    let body = format!("token={READ}");
    let kind = ("Content-Type", "application/x-www-form-urlencoded");
    let foreign = [kind, ("Origin", "https://evil.example")];
    host.send("POST", "/console/sign-in", &foreign, body.as_bytes()).expect(403);
    let own = [kind, ("Origin", "https://shop.example"), ("Sec-Fetch-Site", "same-origin")];
    host.send("POST", "/console/sign-in", &own, body.as_bytes()).expect(303);
    let host = Instance::new().variable("SLUICEGATE_ENV", "production").serve();
    for path in ["/console", "/console/sign-in"] {
        let answer = host.visitor().get(path).expect(403);
        assert!(answer.text().contains("SLUICEGATE_API_TOKEN"), "{}", answer.text());
        assert!(!answer.text().contains("<form"), "{}", answer.text());
    }
    host.visitor().post("/console/sign-in", &[("token".to_owned(), String::new())]).expect(401);
}
