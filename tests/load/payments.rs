//! Payments by many callers over one, two or four hosts on one database, with an embedded sandbox
//! in this process. Each has a key of its own, a tenth are sent a second time: at the end the
//! sandbox has one charge for each key.

use crate::connection::Connection;
use crate::database::Database;
use crate::host::{self, Host};
use serde_json::{Value, json};
use sluicegate_sandbox::{Config, Sandbox};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Every tenth call is sent again.
const AGAIN_EVERY: usize = 10;
/// A caller repeats what is refused or not answered; this only ends a test that would hang.
const TRIES_MAX: usize = 200;

/// What is measured.
pub struct Plan {
    pub payments: usize,
    pub hosts: usize,
    pub callers: usize,
}

/// Makes the payments, prints what they took, and checks that each was made once.
pub fn run(root: &Path, database: &Database, plan: &Plan) -> Result<(), String> {
    let tokio = tokio::runtime::Runtime::new().map_err(|error| error.to_string())?;
    let sandbox = tokio
        .block_on(Sandbox::start(Config::demonstration()))
        .map_err(|error| error.to_string())?;
    host::link(root);
    let start = |_| Host::start(root, database, &sandbox.url());
    let hosts: Vec<Host> = (0..plan.hosts).map(start).collect();
    let idle = hosts.iter().map(Host::megabytes_now).max().unwrap_or(0);
    let addrs: Vec<_> = hosts.iter().map(|host| host.addr).collect();
    // The first call of each host compiles its templates.
    send(&addrs, plan.hosts, plan.hosts, "first");
    let before = Times::read(&hosts);
    database.count_statements();
    let statements = database.statements();
    let mut waits = send(&addrs, plan.payments, plan.callers, "load");
    let times = Times::read(&hosts).since(&before);
    let asked = waits.len();
    waits.sort();
    let rate = plan.payments as f64 / times.real.as_secs_f64();
    let held = hosts.iter().map(Host::megabytes_now).max().unwrap_or(0);
    println!(
        "payments: {} by {} callers and {} hosts in {:.1} s, {rate:.0}/s, p50 {:.1?}, p99 {:.1?}",
        plan.payments,
        plan.callers,
        plan.hosts,
        times.real.as_secs_f64(),
        waits[asked / 2],
        waits[asked * 99 / 100],
    );
    println!("payments: {}", times.told(plan.payments));
    if let (Some(before), Some(after)) = (statements, database.statements()) {
        let each = (after - before) as f64 / plan.payments as f64;
        println!("payments: {each:.1} statements each");
    }
    println!("payments: a host held {idle} MB when it was idle, {held} MB after them");
    check(&tokio, &sandbox, database, plan.payments + plan.hosts)
}

/// Sends payments until each is answered by 200; returns how long each took.
fn send(addrs: &[SocketAddr], count: usize, callers: usize, name: &str) -> Vec<Duration> {
    let (next, all) = (AtomicUsize::new(0), Mutex::new(Vec::with_capacity(count)));
    std::thread::scope(|scope| {
        for (_, addr) in (0..callers).zip(addrs.iter().cycle()) {
            scope.spawn(|| {
                let (mut connection, mut mine) = (Connection::to(*addr), Vec::new());
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        break;
                    }
                    let body = body(&format!("{name}_{number}"));
                    let begun = Instant::now();
                    pay(&mut connection, &body);
                    mine.push(begun.elapsed());
                    if number.is_multiple_of(AGAIN_EVERY) {
                        pay(&mut connection, &body);
                    }
                }
                all.lock().unwrap().extend(mine);
            });
        }
    });
    all.into_inner().unwrap()
}

fn body(key: &str) -> String {
    json!({ "idempotency_key": key, "data": { "amount": 2000, "currency": "usd",
        "source": "tok_visa", "description": "Two mugs", "metadata": { "order": key } } })
    .to_string()
}

fn pay(connection: &mut Connection, body: &str) {
    for _ in 0..TRIES_MAX {
        let status = connection.post("/api/request_types/create_payment", "Accept: */*", body);
        if status == Some(200) {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// One charge for each key, none twice, and each execution is completed.
fn check(
    tokio: &tokio::runtime::Runtime,
    sandbox: &Sandbox,
    database: &Database,
    wanted: usize,
) -> Result<(), String> {
    let url = format!("{}/_sandbox/state", sandbox.url());
    let state = tokio.block_on(async { reqwest::get(url).await?.text().await });
    let state: Value = serde_json::from_str(&state.map_err(|error| error.to_string())?)
        .map_err(|error| error.to_string())?;
    let charges = state["counts"]["charge"].as_u64().unwrap_or(0);
    let completed = database.completed("request_type")?;
    if charges != wanted as u64 || completed != wanted {
        let why = format!("{wanted} payments made {charges} charges, {completed} are completed");
        return Err(why);
    }
    Ok(())
}

/// Times so far: of the wall clock, and of processors.
struct Times {
    at: Instant,
    real: Duration,
    hosts: Duration,
    own: Duration,
    machine: Duration,
}

impl Times {
    fn read(hosts: &[Host]) -> Self {
        Self {
            at: Instant::now(),
            real: Duration::ZERO,
            hosts: hosts.iter().map(Host::cpu_time).sum(),
            own: host::cpu_time("self"),
            machine: machine(),
        }
    }

    fn since(&self, before: &Self) -> Self {
        Self {
            at: self.at,
            real: self.at - before.at,
            hosts: self.hosts - before.hosts,
            own: self.own - before.own,
            machine: self.machine - before.machine,
        }
    }

    /// Who took the processors, for each payment.
    fn told(&self, payments: usize) -> String {
        let each = |time: Duration| time.as_secs_f64() * 1_000.0 / payments as f64;
        let others = self.machine.saturating_sub(self.hosts + self.own);
        format!(
            "{:.2} ms of processor each in the hosts, {:.2} in callers and sandbox, {:.2} in \
             everything else (the database, if it is a server); {:.0} % of the machine busy",
            each(self.hosts),
            each(self.own),
            each(others),
            100.0 * self.machine.as_secs_f64()
                / (self.real.as_secs_f64()
                    * std::thread::available_parallelism().map_or(1, usize::from) as f64)
        )
    }
}

/// The processor time that the whole machine took so far, in steps of 10 ms.
fn machine() -> Duration {
    let stat = std::fs::read_to_string("/proc/stat").unwrap_or_default();
    let fields: Vec<u64> = stat
        .lines()
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .skip(1)
        .filter_map(|field| field.parse().ok())
        .collect();
    // user, nice, system, idle, iowait, irq, softirq
    let busy = [0, 1, 2, 5, 6].iter().filter_map(|at| fields.get(*at)).sum::<u64>();
    Duration::from_millis(10 * busy)
}
