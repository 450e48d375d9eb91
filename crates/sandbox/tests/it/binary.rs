//! The binary `stripe-sandbox`: prints its address, serves, and stops on SIGTERM.

use super::client::{id, send};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};

/// Killed when a test fails.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn binary() -> Command {
    Command::new(env!("CARGO_BIN_EXE_stripe-sandbox"))
}

#[tokio::test]
async fn it_makes_a_charge_and_stops_on_sigterm() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = binary();
    command.args(["--addr", "127.0.0.1:0", "--seed", "test", "--settle-immediately"]);
    command.args(["--webhook-backoff", "0.5,2"]);
    command.arg("--data").arg(folder.path().join("stripe.jsonl"));
    let mut server = Server(command.stdout(Stdio::piped()).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(server.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let url = line.trim().rsplit(' ').next().unwrap().to_owned();
    assert!(url.starts_with("http://127.0.0.1:"), "{line}");

    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let charge = http.post(format!("{url}/v1/charges")).bearer_auth("sk_test_sandbox1234");
    let charge = send(charge.body("amount=2000&currency=usd&source=tok_visa")).await.ok();
    assert_eq!((&charge["amount"], &charge["paid"]), (&2000.into(), &true.into()));
    let balance = http.get(format!("{url}/v1/balance")).bearer_auth("sk_test_sandbox1234");
    assert_eq!(send(balance).await.ok()["available"][0]["amount"], 1912);

    let pid = server.0.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert!(server.0.wait().unwrap().success());
    assert!(http.get(&url).send().await.is_err());
}

/// Starts it with a state file; returns its address.
fn start(data: &std::path::Path) -> (Server, String) {
    let mut command = binary();
    command.args(["--addr", "127.0.0.1:0", "--seed", "kill", "--data"]).arg(data);
    let mut server = Server(command.stdout(Stdio::piped()).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(server.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let url = line.trim().rsplit(' ').next().unwrap().to_owned();
    (server, url)
}

struct Caller {
    http: reqwest::Client,
    url: String,
}

impl Caller {
    fn new(url: String) -> Self {
        Self { http: reqwest::Client::builder().no_proxy().build().unwrap(), url }
    }

    async fn get(&self, path: &str) -> Value {
        let request = self.http.get(format!("{}{path}", self.url));
        send(request.bearer_auth("sk_test_sandbox1234")).await.ok()
    }

    async fn post(&self, path: &str, form: &str) -> Value {
        let request = self.http.post(format!("{}{path}", self.url)).body(form.to_owned());
        send(request.bearer_auth("sk_test_sandbox1234")).await.ok()
    }

    /// All that a caller can see.
    async fn state(&self) -> Value {
        let state = self.get("/_sandbox/state").await;
        let mut seen = json!({"ledger": self.get("/_sandbox/ledger").await,
            "counts": state["counts"], "settings": state["settings"],
            "instance": state["instance"], "ahead": state["clock"]["ahead_seconds"]});
        for family in [
            "customers",
            "charges",
            "refunds",
            "payouts",
            "invoices",
            "subscriptions",
            "events",
            "balance_transactions",
            "webhook_endpoints",
            "disputes",
            "transfers",
        ] {
            seen[family] = self.get(&format!("/v1/{family}?limit=100")).await;
        }
        seen["v2"] = self.get("/v2/core/events").await;
        seen
    }
}

#[tokio::test]
async fn a_killed_process_has_the_same_state_again() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("stripe.jsonl");
    let (mut server, url) = start(&data);
    let caller = Caller::new(url);
    let customer = id(&caller.post("/v1/customers", "email=a@b.c&source=tok_visa").await);
    let charge = id(&caller.post("/v1/charges", "amount=5000&currency=usd&source=tok_visa").await);
    caller.post("/v1/refunds", &format!("charge={charge}&amount=700")).await;
    caller.post("/v1/charges", "amount=900&currency=usd&source=tok_createDispute").await;
    let price = "currency=usd&unit_amount=500&recurring[interval]=month&product_data[name]=Tea";
    let price = id(&caller.post("/v1/prices", price).await);
    let form = format!("customer={customer}&items[0][price]={price}");
    caller.post("/v1/subscriptions", &form).await;
    caller.post("/_sandbox/clock", r#"{"days": 40}"#).await;
    caller.post("/_sandbox/settings", r#"{"fee_fixed": 31}"#).await;
    caller.post("/v1/payouts", "amount=1000&currency=usd").await;
    let before = caller.state().await;
    // SIGKILL: nothing is told to the process.
    server.0.kill().unwrap();
    server.0.wait().unwrap();
    let (_server, url) = start(&data);
    let after = Caller::new(url).state().await;
    assert_eq!(after, before);
}

#[tokio::test]
async fn a_process_killed_in_the_middle_loses_no_answer_and_doubles_none() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("stripe.jsonl");
    let (mut server, url) = start(&data);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let charge = |url: &str, at: usize| {
        let request = http.post(format!("{url}/v1/charges")).bearer_auth("sk_test_sandbox1234");
        let form = format!("amount={}&currency=usd&source=tok_visa", 1_000 + at);
        request.header("idempotency-key", format!("key-{at}")).body(form)
    };
    let sent: Vec<_> = (0..200).map(|at| tokio::spawn(charge(&url, at).send())).collect();
    let mut sent = sent.into_iter();
    // Some are answered before the kill, the others meet it wherever they are.
    let mut answered = Vec::new();
    for task in sent.by_ref().take(20) {
        let body = task.await.unwrap().unwrap().text().await.unwrap();
        answered.push(serde_json::from_str::<Value>(&body).unwrap());
    }
    server.0.kill().unwrap();
    server.0.wait().unwrap();
    for task in sent {
        if let Ok(Ok(response)) = task.await
            && let Ok(body) = response.text().await
            && let Ok(body) = serde_json::from_str::<Value>(&body)
        {
            answered.push(body);
        }
    }
    let (_server, url) = start(&data);
    let caller = Caller::new(url.clone());
    for charge in &answered {
        assert_eq!(caller.get(&format!("/v1/charges/{}", id(charge))).await["id"], charge["id"]);
    }
    let mut ids = std::collections::BTreeSet::new();
    for at in 0..200 {
        ids.insert(id(&send(charge(&url, at)).await.ok()));
    }
    assert_eq!(ids.len(), 200);
    assert!(answered.iter().all(|charge| ids.contains(&id(charge))), "a key made a second charge");
    let ledger = caller.get("/_sandbox/ledger").await;
    assert_eq!((&ledger["balanced"], &ledger["faults"]), (&json!(true), &json!([])));
    let state = caller.get("/_sandbox/state").await;
    assert_eq!(state["counts"]["charge"], 200);
}

#[test]
fn it_reports_what_it_cannot_do() {
    let refused = |arguments: &[&str]| {
        let mut command = binary();
        let mut child = command.args(arguments).stderr(Stdio::piped()).spawn().unwrap();
        let mut message = String::new();
        child.stderr.take().unwrap().read_to_string(&mut message).unwrap();
        assert!(!child.wait().unwrap().success());
        message
    };
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    assert!(refused(&["--addr", &addr]).contains("cannot listen on"));
    let version = refused(&["--addr", "127.0.0.1:0", "--api-version", "2026-10-29"]);
    assert!(version.contains("`2026-10-29` is not a version of Stripe's API"), "{version}");
    let backoff = refused(&["--webhook-backoff", "1,soon"]);
    assert!(backoff.contains("`soon` is not a number of seconds"), "{backoff}");
}

#[test]
fn a_state_file_has_one_sandbox() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("stripe.jsonl");
    let (server, _) = start(&data);
    let second = || {
        let mut command = binary();
        command.args(["--addr", "127.0.0.1:0", "--data"]).arg(&data);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let refused = second().wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("another sandbox is running"), "{said}");
    // Killed, it holds nothing.
    drop(server);
    let (_server, url) = start(&data);
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");
}
