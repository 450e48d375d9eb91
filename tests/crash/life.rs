//! One run: clients pay, refund, transfer and open accounts, events arrive in any order, the host
//! is killed, sometimes a day passes, and at the end everything is compared.

use crate::check;
use crate::double::{Double, Ledger, Line, set};
use crate::host::{Fleet, Host, NEXT_SECRET, SECRET, TOKEN, post};
use crate::postgres::Cluster;
use crate::rng::Rng;
use serde_json::{Value as Json, json};
use sluicegate::gateway::stripe::signature::sign;
use sluicegate_secret::Secret;
use std::collections::HashSet;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Once no more faults are injected, nothing may take longer than this.
pub const BOUND: Duration = Duration::from_secs(60);

/// How far a clock is moved, in seconds. Signatures are accepted for 300: by more than that no event
/// is accepted until the clock is right again.
const CLOCK_MOVES: [i64; 4] = [-2400, -240, 240, 2400];

/// Inserts three rows, exactly once, whatever is killed meanwhile.
const MIGRATION: &str = "\
{%- for number in (1..3) -%}
  {%- graphql r -%}
    mutation { record_create(record: { table: \"migrated\", properties: [] }) { id } }
  {%- endgraphql -%}
{%- endfor -%}
";

/// A form whose script pays: the record and the payment are one execution.
const ORDER_TABLE: &str = "name: order\nproperties:\n- { name: amount, type: integer }\n";
const ORDER_FORM: &str = "\
---
name: place_order
resource: order
resource_owner: anyone
fields:
  properties:
    amount:
callback_actions: >
  {% graphql r, amount: form.properties.amount %}
    mutation pay($amount: Int!) {
      create_payment(data: { amount: $amount, currency: \"usd\", source: \"tok_visa\" }) { state }
    }
  {% endgraphql %}
---
";

/// An order that a client placed, once.
#[derive(Debug, Clone)]
pub struct PlacedOrder {
    pub amount: i64,
    /// True when the client was told that it is placed.
    pub is_told: bool,
}

/// An answer that a client received.
#[derive(Debug, Clone)]
pub struct AnsweredCall {
    pub key: String,
    pub name: &'static str,
    pub amount: i64,
    pub state: String,
    pub gateway_id: Option<String>,
    /// The complete answer.
    pub answer: String,
}

/// The plan of a run.
#[derive(Debug, Clone)]
pub struct Plan {
    pub seed: u64,
    /// `failpoint:n`; without one, the host is killed at random.
    pub crash_at: Option<String>,
    pub planted: Option<String>,
    /// A day passes while some answers are not known.
    pub day_passes: bool,
    /// Two hosts on their own database in this cluster, or one host on its own file.
    pub cluster: Option<&'static Cluster>,
}

/// The statistics of a run that kept its promises.
pub struct Lived {
    /// How often a host was started.
    pub starts: u32,
    /// True when the planned failpoint was hit.
    pub died_there: bool,
}

/// Failpoints that only one of two hosts reaches: the first to start, or the one that takes over.
fn is_for_one(place: &str) -> bool {
    let ones = ["file_", "schema_", "migration_", "unknown_", "look_", "anew_"];
    ones.iter().any(|one| place.starts_with(one))
}

/// An instance with the modules of `template` and a migration, in memory.
fn instance(template: &Path) -> tempfile::TempDir {
    let folder = tempfile::tempdir_in(shared_memory()).expect("a folder");
    for part in ["modules", "views", "graphql", "assets", "notifications", "template-values.json"] {
        let from = template.join(part);
        if from.exists() {
            std::os::unix::fs::symlink(from, folder.path().join(part)).expect("a link");
        }
    }
    let migrations = folder.path().join("migrations");
    std::fs::create_dir(&migrations).expect("a folder");
    std::fs::write(migrations.join("20260101000000_rows.liquid"), MIGRATION).expect("a migration");
    for (path, text) in [
        ("custom_model_types/order.yml", ORDER_TABLE),
        ("form_configurations/place_order.liquid", ORDER_FORM),
    ] {
        let path = folder.path().join(path);
        std::fs::create_dir(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("written");
    }
    folder
}

/// Lives it, or tells what went wrong.
pub fn live(plan: &Plan, template: &Path) -> Result<Lived, String> {
    let folder = instance(template);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.expect("a runtime");
    let double = Double::new(plan.seed, true);
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).expect("a port");
    let stripe = listener.local_addr().expect("an address");
    let router = double.router();
    runtime.spawn(async move { axum::serve(listener, router).await });

    let mut fleet = Fleet(Vec::new());
    let database = plan.cluster.map(Cluster::database);
    for _ in 0..if database.is_some() { 2 } else { 1 } {
        let mut host = Host::new(folder.path(), stripe, plan.planted.as_deref());
        host.database.clone_from(&database);
        host.is_development = plan.seed.is_multiple_of(8);
        fleet.0.push(host);
    }
    // One of two is killed where the plan says, or the only one that gets there.
    for (place, host) in fleet.0.iter_mut().enumerate() {
        host.crash_at = plan.crash_at.clone().filter(|at| place == 0 || is_for_one(at));
        host.start();
    }
    let answered_calls = Arc::new(Mutex::new(Vec::new()));
    let orders = Arc::new(Mutex::new(Vec::new()));
    let acked = Arc::new(Mutex::new(HashSet::new()));
    let stop = Arc::new(AtomicBool::new(false));
    let rotated = Arc::new(AtomicBool::new(false));
    let (addrs, seed) = (fleet.addrs(), plan.seed);
    let clients = clients(&addrs, &double, seed, &answered_calls, &orders);
    let sender = {
        let (double, acked, stop) = (Arc::clone(&double), Arc::clone(&acked), Arc::clone(&stop));
        let (rotated, addrs) = (Arc::clone(&rotated), addrs.clone());
        std::thread::spawn(move || send_events(&addrs, &double, seed, &acked, &stop, &rotated))
    };
    kill_repeatedly(&mut fleet, &double, plan, &rotated, || {
        clients.iter().all(JoinHandle::is_finished)
    });
    double.faulty.store(false, Ordering::SeqCst);
    let mut result = Ok(());
    for one in clients {
        match one.join() {
            Ok(Ok(())) => {}
            Ok(Err(why)) => result = result.and(Err(why)),
            Err(_) => result = result.and(Err("a client panicked".to_owned())),
        }
        // A failpoint that is reached late, by the recovery itself.
        fleet.restart();
    }
    let answered_calls = answered_calls.lock().unwrap().clone();
    let result = result.and_then(|()| check::check(&mut fleet, &double, &answered_calls, &acked));
    let placed = orders.lock().unwrap().clone();
    let result = result.and_then(|()| check::orders(fleet.first(), &double, &placed));
    let result = result.and_then(|()| match plan.crash_at.as_deref() {
        Some(place) if place.starts_with("backup") => check::backup(fleet.first(), place),
        _ => Ok(()),
    });
    stop.store(true, Ordering::SeqCst);
    let _ = sender.join();
    fleet.kill();
    runtime.shutdown_timeout(Duration::from_millis(100));
    let starts = fleet.0.iter().map(|host| host.starts).sum();
    let died_there = fleet.0.iter().any(|host| host.died_there);
    if result.is_err() && std::env::var_os("CRASH_KEEP").is_some() {
        println!("kept: {}", keep(folder, &double.ledger.lock().unwrap()));
    }
    result.map(|()| Lived { starts, died_there })
}

/// The clients of a run, each on a thread of its own.
fn clients(
    addrs: &[SocketAddr],
    double: &Arc<Double>,
    seed: u64,
    answered_calls: &Arc<Mutex<Vec<AnsweredCall>>>,
    orders: &Arc<Mutex<Vec<PlacedOrder>>>,
) -> Vec<JoinHandle<Result<(), String>>> {
    let begin = |number| {
        let (answered_calls, double) = (Arc::clone(answered_calls), Arc::clone(double));
        let (addrs, orders) = (addrs.to_owned(), Arc::clone(orders));
        std::thread::spawn(move || {
            order(&addrs, &double, number, &orders);
            client(&addrs, &double, seed, number, &answered_calls)
        })
    };
    (0..3).map(begin).collect()
}

/// Keeps the folder of a run, with Stripe's ledger in it, for an investigation.
fn keep(folder: tempfile::TempDir, ledger: &Ledger) -> String {
    let folder = folder.keep();
    let objects = json!(ledger.objects).to_string();
    std::fs::write(folder.join("ledger.json"), objects).expect("written");
    folder.display().to_string()
}

/// A folder in memory if there is one: a kill does not lose what the kernel holds.
fn shared_memory() -> std::path::PathBuf {
    let shm = std::path::PathBuf::from("/dev/shm");
    if shm.is_dir() { shm } else { std::env::temp_dir() }
}

/// When the host is killed next. The speed of a run depends on the machine, so most kills are timed
/// by a number of exchanges instead of milliseconds; some happen during startup.
struct Kill {
    /// After this number of exchanges since the start of the run,
    exchanges: u64,
    /// or after this time since the last start,
    soon: Option<Duration>,
    /// plus a short delay.
    pause: Duration,
}

impl Kill {
    fn new(rng: &mut Rng, exchanges: u64) -> Self {
        Self {
            exchanges: exchanges + 1 + rng.below(45),
            soon: rng.percent(25).then(|| Duration::from_micros(rng.below(120_000))),
            pause: Duration::from_micros(rng.below(6_000)),
        }
    }

    fn is_due(&self, exchanges: u64, since_start: Duration) -> bool {
        exchanges >= self.exchanges || self.soon.is_some_and(|soon| since_start >= soon)
    }
}

/// Kills the host as planned, and restarts it each time.
fn kill_repeatedly(
    fleet: &mut Fleet,
    double: &Double,
    plan: &Plan,
    rotated: &AtomicBool,
    done: impl Fn() -> bool,
) {
    let mut rng = Rng::new(plan.seed ^ 0xdead);
    let (begun, mut started) = (Instant::now(), Instant::now());
    let mut kills = if plan.crash_at.is_some() { rng.below(2) } else { 1 + rng.below(2) };
    let mut next = Kill::new(&mut rng, 0);
    let mut day = plan.day_passes.then(|| 8 + rng.below(25));
    // A host still to be killed when the clients have finished is killed over the remaining events.
    while (!done() || kills > 0) && begun.elapsed() < BOUND * 2 {
        fleet.restart();
        let exchanges = double.exchanges.load(Ordering::SeqCst);
        if kills > 0 && (done() || next.is_due(exchanges, started.elapsed())) {
            std::thread::sleep(next.pause);
            kills -= 1;
            // Meanwhile an operator rotates the secret: both are valid, then only the new one.
            if plan.seed.is_multiple_of(3) {
                fleet.0.iter_mut().for_each(|host| host.rotation += 1);
                rotated.store(true, Ordering::SeqCst);
            }
            next = Kill::new(&mut rng, exchanges);
            if moves_clock(plan) {
                set_clocks(fleet, double, CLOCK_MOVES[usize::try_from(rng.below(4)).unwrap()]);
            } else {
                let one = usize::try_from(rng.below(fleet.0.len() as u64)).unwrap();
                fleet.0[one].kill();
                fleet.0[one].start();
            }
            started = Instant::now();
        }
        if day.is_some_and(|at| exchanges >= at) {
            day = None;
            a_day_passes(fleet, double, &mut rng, &done);
        }
        // No more faults: the remaining work must complete by itself.
        if begun.elapsed() > Duration::from_secs(3) {
            double.faulty.store(false, Ordering::SeqCst);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    if moves_clock(plan) {
        set_clocks(fleet, double, 0);
    }
}

/// In a fifth of the runs the hosts' clock is moved at each kill, and is right again at the end.
fn moves_clock(plan: &Plan) -> bool {
    plan.seed % 5 == 1
}

/// Restarts the hosts with a clock that is `ahead` of Stripe's, in seconds, or behind it.
fn set_clocks(fleet: &mut Fleet, double: &Double, ahead: i64) {
    fleet.kill();
    // What the double counts beyond a day are seconds between its events.
    let base = double.ahead.load(Ordering::SeqCst) / 3600 * 3600;
    fleet.0.iter_mut().for_each(|host| host.ahead = base + ahead);
    fleet.restart();
}

/// The line to Stripe breaks, the hosts are killed while a client waits, and restarted when
/// the key of that request has long expired.
fn a_day_passes(fleet: &mut Fleet, double: &Double, rng: &mut Rng, done: &impl Fn() -> bool) {
    let broken = if rng.percent(50) { Line::NoRequest } else { Line::NoAnswer };
    double.line.store(broken as u8, Ordering::SeqCst);
    // Sometimes at the first attempt, sometimes after a pending outcome was returned.
    let (begun, tries) = (Instant::now(), 1 + rng.below(15));
    while double.cut.load(Ordering::SeqCst) < tries
        && !done()
        && begun.elapsed() < Duration::from_millis(800)
    {
        std::thread::sleep(Duration::from_millis(1));
        fleet.restart();
    }
    fleet.kill();
    double.line.store(Line::Whole as u8, Ordering::SeqCst);
    double.ahead.store(25 * 3600, Ordering::SeqCst);
    fleet.0.iter_mut().for_each(|host| host.ahead = 25 * 3600);
    fleet.restart();
}

/// Places an order by a form with a script, and does not ask again: nothing says that two are one.
fn order(addrs: &[SocketAddr], double: &Double, number: u64, orders: &Mutex<Vec<PlacedOrder>>) {
    let amount = 90_000 + i64::try_from(number).unwrap();
    let query = format!(
        "mutation {{ record_create(record: {{ properties: [{{ name: \"amount\", value_int: {amount} \
         }}] }}, form_name: \"place_order\") {{ id }} }}"
    );
    let headers = [("Authorization", format!("Bearer {TOKEN}"))];
    let door = addrs[usize::try_from(number).unwrap() % addrs.len()];
    // Only what a host has not seen may be sent again.
    let begun = Instant::now();
    while TcpStream::connect(door).is_err() && begun.elapsed() < BOUND {
        std::thread::sleep(Duration::from_millis(5));
    }
    let answer = post(door, "/graphql", &headers, &json!({ "query": query }).to_string());
    double.exchanges.fetch_add(1, Ordering::SeqCst);
    let is_told =
        answer.is_some_and(|(_, answer)| answer["data"]["record_create"]["id"].is_string());
    orders.lock().unwrap().push(PlacedOrder { amount, is_told });
}

/// Pays, refunds, transfers and opens an account, each until the outcome is final.
fn client(
    addrs: &[SocketAddr],
    double: &Double,
    seed: u64,
    number: u64,
    answered_calls: &Mutex<Vec<AnsweredCall>>,
) -> Result<(), String> {
    let mut rng = Rng::new(seed.wrapping_mul(31).wrapping_add(number));
    // Every amount is unique, so that it identifies its effect.
    let amount = |n: i64| 1_000 + i64::try_from(number).unwrap() * 100 + n;
    let ask = |name: &'static str, n: i64, data: Json| {
        let key = format!("client-{number}-{name}-{n}");
        let one = retry_until_final(addrs, double, name, &key, amount(n), &data)?;
        answered_calls.lock().unwrap().push(one.clone());
        Ok::<AnsweredCall, String>(one)
    };
    let pay = |n: i64, source: &str| {
        ask(
            "create_payment",
            n,
            json!({ "amount": amount(n), "currency": "usd", "source": source }),
        )
    };
    let first = pay(1, "tok_visa")?;
    if let Some(charge) = &first.gateway_id {
        ask("create_refund", 2, json!({ "charge": charge }))?;
    }
    let second = pay(3, if rng.percent(20) { "tok_chargeDeclined" } else { "tok_visa" })?;
    if let Some(charge) = second.gateway_id.filter(|_| second.state == "completed") {
        // A refund made in Stripe's dashboard: only an event reports it.
        let change = json!({ "refunded": true, "amount_refunded": amount(3) });
        double.happen(&charge, "charge.refunded", None, &change);
    }
    let method = if rng.percent(20) { "pm_card_chargeDeclined" } else { "pm_card_visa" };
    let intent = |n: i64, more: Json| {
        let mut data = json!({ "amount": amount(n), "currency": "usd", "confirm": true });
        set(&mut data, more);
        ask("create_payment_intent", n, data)
    };
    intent(7, json!({ "payment_method": method }))?;
    let held = json!({ "payment_method": "pm_card_visa", "capture_method": "manual" });
    if let Some(held) = intent(8, held)?.gateway_id {
        ask("capture_payment_intent", 8, json!({ "gateway_id": held }))?;
    }
    ask("create_payout", 9, json!({ "amount": amount(9), "currency": "usd" }))?;
    let items = json!([{ "price": "price_1" }]);
    ask("create_subscription", 10, json!({ "customer": format!("cus_{number}"), "items": items }))?;
    let email = format!("first-{number}@example.com");
    let opened = ask(
        "create_account",
        4,
        json!({ "email": email, "country": "US", "business_type": "individual" }),
    )?;
    if let Some(account) = opened.gateway_id {
        let sent = ask(
            "create_transfer",
            5,
            json!({ "amount": amount(5), "currency": "usd", "destination": account }),
        )?;
        if let Some(transfer) = sent.gateway_id {
            ask("reverse_transfer", 6, json!({ "gateway_id": transfer }))?;
        }
        for version in 1..=3 {
            let email = format!("version-{version}-{number}@example.com");
            double.ahead.fetch_add(1, Ordering::SeqCst);
            double.happen(&account, "account.updated", None, &json!({ "email": email }));
        }
        // The same event id, from a connected account.
        double.happen(&account, "account.external_account.created", Some(&account), &json!({}));
    }
    Ok(())
}

/// Retries until the outcome is final.
fn retry_until_final(
    addrs: &[SocketAddr],
    double: &Double,
    name: &'static str,
    key: &str,
    amount: i64,
    data: &Json,
) -> Result<AnsweredCall, String> {
    let body = json!({ "data": data, "idempotency_key": key }).to_string();
    let headers = [("Authorization", format!("Bearer {TOKEN}"))];
    let begun = Instant::now();
    let mut last = String::from("no answer");
    // A client that gets no answer tries the next host.
    let mut doors = addrs.iter().cycle().skip(usize::try_from(amount).unwrap() % 2);
    while begun.elapsed() < BOUND {
        let addr = *doors.next().unwrap();
        let answer = post(addr, &format!("/api/request_types/{name}"), &headers, &body);
        if let Some((status, outcome)) = answer {
            double.exchanges.fetch_add(1, Ordering::SeqCst);
            let state = outcome["state"].as_str().unwrap_or_default().to_owned();
            if matches!(
                state.as_str(),
                "completed" | "declined" | "failed" | "conflict" | "invalid"
            ) {
                let gateway_id = outcome["gateway"]["id"].as_str().map(str::to_owned);
                let answer = outcome.to_string();
                let answered_calls =
                    AnsweredCall { key: key.to_owned(), name, amount, state, gateway_id, answer };
                if matches!(answered_calls.state.as_str(), "completed" | "declined") {
                    return Ok(answered_calls);
                }
                return Err(format!("P3: {name} {key} was told {outcome}"));
            }
            last = format!("{status} {outcome}");
        }
        std::thread::sleep(Duration::from_millis(15));
    }
    Err(format!("P4: {name} {key} is stuck: {last}"))
}

/// Delivers events late, twice and out of order, until each is acknowledged.
fn send_events(
    addrs: &[SocketAddr],
    double: &Double,
    seed: u64,
    acked: &Mutex<HashSet<(String, String)>>,
    stop: &AtomicBool,
    rotated: &AtomicBool,
) {
    let mut rng = Rng::new(seed ^ 0xe7e7);
    let secrets = [SECRET, NEXT_SECRET].map(Secret::new);
    let mut waiting: Vec<Json> = Vec::new();
    let mut seen = 0;
    while !stop.load(Ordering::SeqCst) {
        let fresh: Vec<Json> = double.ledger.lock().unwrap().events[seen..].to_vec();
        seen += fresh.len();
        for event in fresh {
            if rng.percent(25) {
                waiting.push(event.clone());
            }
            waiting.push(event);
        }
        if waiting.is_empty() {
            std::thread::sleep(Duration::from_millis(5));
            continue;
        }
        let place = usize::try_from(rng.below(waiting.len() as u64)).unwrap();
        let event = waiting.swap_remove(place);
        let body = event.to_string();
        let now = jiff::Timestamp::from_second(double.now()).unwrap();
        // A refused delivery is signed with the other secret the next time.
        let newer = rotated.load(Ordering::SeqCst) && rng.percent(70);
        let signature = sign(&secrets[usize::from(newer)], body.as_bytes(), now);
        let headers = [("Stripe-Signature", signature)];
        let addr = addrs[usize::try_from(rng.below(addrs.len() as u64)).unwrap()];
        match post(addr, "/webhooks/listen", &headers, &body) {
            Some((200, _)) => {
                double.exchanges.fetch_add(1, Ordering::SeqCst);
                let account = event["account"].as_str().unwrap_or("-").to_owned();
                let id = event["id"].as_str().unwrap().to_owned();
                acked.lock().unwrap().insert((account, id));
            }
            _ => {
                waiting.push(event);
                std::thread::sleep(Duration::from_millis(10));
            }
        }
    }
}
