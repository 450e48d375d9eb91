//! The binary `stripe-sandbox`: prints its address, serves, and stops on SIGTERM.

use super::client::send;
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
