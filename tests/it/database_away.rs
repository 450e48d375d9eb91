//! The database away: every kind of route says so, with 503 and `Retry-After`, and nothing wrong.

use crate::support::host::{Instance, Process, TestHost};
use crate::support::html::forms;
use crate::support::http::{Answer, Visitor, encode};
use crate::support::postgres::Cluster;
use crate::support::signature::{header, now};
use crate::support::stripe::Stripe;
use crate::support::wait::eventually;
use serde_json::json;

const SECRET: &str = "whsec_of_the_test_0123456789";
const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
const TOKEN: &str = "administer-token-of-the-outage-0123456789";

/// Shows how many payments there are, or that a query failed.
const COUNT: &str = "---\nslug: count\nlayout: ''\n---\n\
    {% graphql r %}{ records(filter: { table: { value: \"modules/payments/payment\" } }) { total_entries } }{% endgraphql %}\
    count {{ r.records.total_entries | default: 0 }}";
/// The same inside `try`, whose `catch` is not asked.
const TRYING: &str = "---\nslug: trying\nlayout: ''\n---\n\
    {% try %}{% graphql r %}{ records { total_entries } }{% endgraphql %}{% catch e %}caught{% endtry %}told";
/// Signs in.
const SIGN_IN: &str = "---\nslug: sign-in-test\nlayout: ''\n---\n\
    {% parse_json user %}{\"id\": \"7\"}{% endparse_json %}{% session current_user = user %}\
    {{ context.current_user.id }}{{ context.authenticity_token }}";

/// A policy that asks the database who may see the page.
const POLICY: &str = "---\nflash_alert: You may not.\n---\n\
    {% graphql r %}{ records { total_entries } }{% endgraphql %}{% if r.records %}true{% endif %}";
const GUARDED: &str =
    "---\nslug: guarded\nlayout: ''\nauthorization_policies:\n- counted\n---\nshown";

fn instance(database: &str) -> Instance {
    let instance = Instance::new()
        .variable("SLUICEGATE_DATABASE", database)
        .variable("SLUICEGATE_SECRET_KEY", KEY)
        .variable("SLUICEGATE_API_TOKEN", TOKEN)
        .variable("STRIPE_WEBHOOK_SECRET", SECRET);
    for (name, page) in
        [("count", COUNT), ("trying", TRYING), ("sign_in_test", SIGN_IN), ("guarded", GUARDED)]
    {
        instance.write(&format!("views/pages/{name}.liquid"), page);
    }
    instance.write("authorization_policies/counted.liquid", POLICY);
    instance
}

/// A request of each kind, made ready while all is well.
struct Doors<'a> {
    host: &'a TestHost,
    visitor: Visitor,
    form: (String, Vec<(String, String)>),
    execution: String,
}

impl<'a> Doors<'a> {
    fn new(host: &'a TestHost) -> Self {
        let data = json!({ "data": { "amount": 700, "currency": "usd", "source": "tok_visa" } });
        let bearer = format!("Bearer {TOKEN}");
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
        let body = data.to_string();
        let path = "/api/request_types/create_payment";
        let paid = host.send("POST", path, &headers, body.as_bytes()).expect(200).json();
        let execution = paid["execution"].as_str().expect("an id").to_owned();
        let mut visitor = host.visitor();
        visitor.get("/sign-in-test").expect(200);
        let page = visitor.get("/customer").expect(200).text();
        let form = forms(&page).remove(0);
        Self { host, visitor, form: (form.action, form.pairs), execution }
    }

    /// Every kind of request that needs the database.
    fn all(&mut self) -> Vec<(String, Answer)> {
        let bearer = format!("Bearer {TOKEN}");
        let token = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
        let execution = self.execution.clone();
        let query = json!({ "query": "{ records { total_entries } }" }).to_string();
        let mutation = "mutation { create_customer(data: { email: \"a@b.example\" }) { state } }";
        let mutation = json!({ "query": mutation }).to_string();
        let data = json!({ "data": { "email": "a@b.example" } }).to_string();
        let programs = [
            ("POST", "/graphql", query.as_str()),
            ("POST", "/graphql", mutation.as_str()),
            ("POST", "/api/request_types/create_customer", data.as_str()),
            ("POST", "/console/request_types/create_customer", data.as_str()),
            ("GET", &format!("/api/executions/{execution}"), ""),
            ("GET", "/console", ""),
            ("GET", &format!("/console/executions/{execution}"), ""),
            ("GET", "/readyz", ""),
        ];
        let mut answers = Vec::new();
        for (method, path, body) in programs {
            let answer = self.host.send(method, path, &token, body.as_bytes());
            answers.push((format!("{method} {path} {body}"), answer));
        }
        for path in ["/payments", "/count", "/trying", "/guarded", "/sign-in-test"] {
            answers.push((format!("a visitor's {path}"), self.host.visitor().get(path)));
            answers.push((format!("a user's {path}"), self.visitor.get(path)));
        }
        let (action, pairs) = self.form.clone();
        answers.push(("a form".to_owned(), self.visitor.post(&action, &pairs)));
        let kind = ("Content-Type", "application/x-www-form-urlencoded");
        let json = [kind, ("Accept", "application/json")];
        let answer = self.visitor.send("POST", &action, &json, encode(&pairs).as_bytes());
        answers.push(("a program's form".to_owned(), answer));
        let sign_in = self.host.send(
            "POST",
            "/console/sign-in",
            &[kind],
            format!("token={TOKEN}").as_bytes(),
        );
        answers.push(("a sign-in to the console".to_owned(), sign_in));
        answers.push(("a webhook".to_owned(), self.webhook()));
        answers
    }

    fn webhook(&self) -> Answer {
        let body = br#"{"id": "evt_away", "type": "customer.updated"}"#;
        let signature = header(body, SECRET, now());
        let headers = [("Stripe-Signature", signature.as_str())];
        self.host.send("POST", "/webhooks/listen", &headers, body)
    }
}

#[test]
fn every_kind_of_route_says_that_the_database_is_away() {
    let Some(cluster) = Cluster::start("fsync = on") else { return };
    let sandbox = Process::sandbox();
    let stripe = Stripe { addr: sandbox.address("/_sandbox/health") };
    let stripe_url = format!("http://{}", stripe.addr);
    let host = instance(&cluster.database()).serve_with(&["--stripe", &stripe_url]);
    let mut doors = Doors::new(&host);
    for (door, answer) in doors.all() {
        assert!(answer.status < 500, "{door}: {}", answer.text());
    }
    let customers = stripe.read("/v1/customers");
    cluster.kill();
    eventually("it is noticed", || match host.send("GET", "/readyz", &[], b"").status {
        503 => Ok(()),
        other => Err(other),
    });
    // Constants and secrets are remembered for some seconds.
    std::thread::sleep(std::time::Duration::from_secs(6));
    for (door, answer) in doors.all() {
        assert_eq!(answer.status, 503, "{door}: {}", answer.text());
        assert!(answer.header("Retry-After").is_some(), "{door}");
        for wrong in ["count 0", "caught", "told", "You may not", "has ended", "not known"] {
            assert!(!answer.text().contains(wrong), "{door}: {}", answer.text());
        }
    }
    // What needs no database is there.
    let token = [("Authorization", format!("Bearer {TOKEN}"))];
    let token = [(token[0].0, token[0].1.as_str())];
    let metrics = host.send("GET", "/metrics", &token, b"").expect(200).text();
    assert!(metrics.contains("sluicegate_database_up 0"), "{metrics}");
    host.send("GET", "/healthz", &[], b"").expect(200);
    host.send("GET", "/assets/stylesheets/shop.css", &[], b"").expect(200);
    // Those who try again and again say it once.
    let log = host.process.printed();
    for who in ["the worker of calls:", "the worker of events and jobs:", "readiness:"] {
        assert_eq!(log.matches(who).count(), 1, "{who} in {log}");
    }
    cluster.restart();
    eventually("all is well again", || {
        let failed = doors.all().into_iter().find(|(_, answer)| answer.status >= 500);
        failed.map_or(Ok(()), |(door, answer)| Err(format!("{door}: {}", answer.text())))
    });
    let metrics = host.send("GET", "/metrics", &token, b"").expect(200).text();
    assert!(metrics.contains("sluicegate_database_up 1"), "{metrics}");
    let before = customers["data"].as_array().expect("customers").len();
    let after = stripe.read("/v1/customers?limit=100")["data"].as_array().expect("some").len();
    assert!(after > before, "{before} {after}");
}
