//! A full disk and a failing disk: the real binary reports it, loses nothing, and continues by
//! itself when there is space again.

use crate::support::host::{Instance, Process};
use crate::support::http::{Answer, send};
use crate::support::signature::{header, now};
use crate::support::stripe::Stripe;
use crate::support::wait::eventually;
use rusqlite::Connection;
use serde_json::{Value as Json, json};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const SECRET: &str = "whsec_disk_test_0123456789abcdef";
/// A small disk in memory for the database, visible only to the host.
const SMALL: &str = "mount -t tmpfs -o size=3m tmpfs \"$DATA\" && exec \"$@\"";

/// A host run by another program, and a separate Stripe.
struct Pair {
    child: Child,
    addr: SocketAddr,
    stripe: Stripe,
    root: PathBuf,
    _sandbox: Process,
    _instance: Instance,
}

impl Drop for Pair {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Pair {
    fn start(under: &[&str]) -> Self {
        let sandbox = Process::sandbox();
        let stripe = Stripe { addr: sandbox.address("/_sandbox/health") };
        let instance = Instance::new();
        let root = instance.root().to_owned();
        std::fs::create_dir_all(root.join("data")).unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = free.local_addr().unwrap();
        drop(free);
        let (url, at) = (format!("http://{}", stripe.addr), addr.to_string());
        let plain = instance.command(&["serve", "--addr", &at, "--stripe", &url]);
        let mut command = match under {
            [] => Command::new(plain.get_program()),
            [program, options @ ..] => {
                let mut command = Command::new(program);
                command.args(options).arg(plain.get_program());
                command
            }
        };
        command.args(plain.get_args()).env("DATA", root.join("data"));
        command.env("STRIPE_WEBHOOK_SECRET", SECRET).env("SLUICEGATE_EVENTS_EVERY", "0");
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().expect("it starts");
        let pair = Self { child, addr, stripe, root, _sandbox: sandbox, _instance: instance };
        eventually("it is ready", || pair.is_ready(200));
        pair
    }

    fn is_ready(&self, status: u16) -> Result<String, String> {
        let answer = send(self.addr, "GET", "/readyz", &[], b"").map_err(|e| e.to_string())?;
        if answer.status == status { Ok(answer.text()) } else { Err(answer.text()) }
    }

    fn pay(&self, key: &str, amount: i64) -> Answer {
        let data = json!({ "amount": amount, "currency": "usd", "source": "tok_visa" });
        let body = json!({ "data": data, "idempotency_key": key }).to_string();
        let kind = [("Content-Type", "application/json")];
        let path = "/api/request_types/create_payment";
        send(self.addr, "POST", path, &kind, body.as_bytes()).expect("an answer")
    }

    fn deliver(&self, id: &str) -> Answer {
        let body =
            json!({ "id": id, "object": "event", "type": "charge.refunded", "livemode": false,
            "created": jiff::Timestamp::now().as_second(),
            "data": { "object": { "id": "ch_1", "object": "charge" } } })
            .to_string();
        let signature = header(body.as_bytes(), SECRET, now());
        let headers = [("Stripe-Signature", signature.as_str())];
        send(self.addr, "POST", "/webhooks/listen", &headers, body.as_bytes()).expect("an answer")
    }

    fn charges_of(&self, amount: i64) -> usize {
        self.stripe.charges().iter().filter(|charge| charge["amount"] == amount).count()
    }

    /// The folder as the host sees it.
    fn data(&self) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.child.id()));
        root.join(self.root.join("data").strip_prefix("/").unwrap())
    }

    fn completed(&self, key: &str, amount: i64) -> Json {
        eventually("it is completed", || {
            let answer = self.pay(key, amount);
            if answer.status == 200 { Ok(answer.json()) } else { Err(answer.text()) }
        })
    }

    fn is_whole(&self) {
        let database = Connection::open(self.data().join("sluicegate.db")).unwrap();
        let verdict: String =
            database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(verdict, "ok");
    }
}

fn works(program: &str, options: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(options).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn fill(data: &Path) -> PathBuf {
    use std::io::Write as _;
    let path = data.join("filling");
    let mut file = std::fs::File::create(&path).unwrap();
    for size in [65_536, 512, 1] {
        while file.write_all(&vec![7; size]).is_ok() {}
    }
    path
}

#[test]
fn a_full_disk_is_reported_loses_nothing_and_recovers() {
    let under = ["-rm", "sh", "-c", SMALL, "sh"];
    if !works("unshare", &["-rm", "sh", "-c", "mount -t tmpfs tmpfs /mnt"]) {
        eprintln!("SKIPPED: a small disk cannot be mounted here");
        return;
    }
    let pair = Pair::start(&[&["unshare"], &under[..]].concat());
    pair.completed("before", 501);
    assert_eq!(pair.deliver("evt_before").status, 200);

    let filling = fill(&pair.data());
    let said = eventually("it is not ready", || pair.is_ready(503));
    assert!(said.contains("space"), "{said}");
    assert_eq!(send(pair.addr, "GET", "/healthz", &[], b"").unwrap().status, 200);
    let refused = pair.pay("meanwhile", 502);
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert!(refused.text().contains("database"), "{}", refused.text());
    assert_eq!(pair.deliver("evt_meanwhile").status, 503, "not stored, so not acknowledged");
    assert_eq!(pair.charges_of(502), 0, "nothing leaves before it is on disk");

    std::fs::remove_file(&filling).unwrap();
    eventually("it is ready again", || pair.is_ready(200));
    assert_eq!(pair.deliver("evt_meanwhile").status, 200);
    pair.completed("meanwhile", 502);
    assert_eq!((pair.charges_of(501), pair.charges_of(502)), (1, 1));
    pair.is_whole();
}

#[test]
fn a_disk_that_fills_while_stripe_answers_forgets_no_charge() {
    let under = ["-rm", "sh", "-c", SMALL, "sh"];
    if !works("unshare", &["-rm", "sh", "-c", "mount -t tmpfs tmpfs /mnt"]) {
        eprintln!("SKIPPED: a small disk cannot be mounted here");
        return;
    }
    let pair = Pair::start(&[&["unshare"], &under[..]].concat());
    let slow = json!({ "path": "/v1/charges", "times": 1, "fault": "delay", "delay_ms": 1500 });
    pair.stripe.control("POST", "/faults", &slow);
    let filling = std::thread::scope(|scope| {
        let paying = scope.spawn(|| pair.pay("between", 503));
        std::thread::sleep(Duration::from_millis(700));
        let filling = fill(&pair.data());
        let answer = paying.join().unwrap();
        assert!([202, 503].contains(&answer.status), "{}", answer.text());
        filling
    });
    assert_eq!(pair.charges_of(503), 1, "Stripe did it");
    std::fs::remove_file(&filling).unwrap();
    let done = pair.completed("between", 503);
    assert_eq!(done["gateway"]["id"], pair.stripe.charges()[0]["id"]);
    assert_eq!(pair.charges_of(503), 1, "and not again");
    pair.is_whole();
}

#[test]
fn a_failing_disk_acknowledges_nothing_and_recovers() {
    if !works("strace", &["-f", "-o", "/dev/null", "true"]) {
        eprintln!("SKIPPED: strace is missing, or may not trace here");
        return;
    }
    let pair = Pair::start(&[]);
    pair.completed("before", 601);
    let id = pair.child.id().to_string();
    let mut strace = Command::new("strace");
    strace.args(["-f", "-p", &id, "-o", "/dev/null", "-e", "trace=fsync,fdatasync"]);
    strace.args(["-e", "inject=fsync,fdatasync:error=EIO"]);
    let mut tracer = strace.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    eventually("it is not ready", || pair.is_ready(503));
    assert_eq!(pair.pay("meanwhile", 602).status, 503);
    assert_eq!(pair.deliver("evt_meanwhile").status, 503);
    assert_eq!(pair.charges_of(602), 0, "nothing leaves before it is on disk");
    // Stopped separately, it releases the host.
    assert!(works("kill", &["-TERM", &tracer.id().to_string()]));
    tracer.wait().unwrap();
    eventually("it is ready again", || pair.is_ready(200));
    assert_eq!(pair.deliver("evt_meanwhile").status, 200);
    pair.completed("meanwhile", 602);
    assert_eq!((pair.charges_of(601), pair.charges_of(602)), (1, 1));
    pair.is_whole();
}
