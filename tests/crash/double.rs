//! The test double of Stripe: an append-only ledger, expiring keys, and network faults. It runs in
//! the parent process, so that no crash of the host affects it.

use crate::rng::Rng;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::Response;
use serde_json::{Map, Value as Json, json};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const KEY_SECONDS: i64 = 24 * 3600;

/// A running double.
pub struct Double {
    pub ledger: Mutex<Ledger>,
    /// While false, no faults are injected.
    pub faulty: AtomicBool,
    /// Seconds by which its clock is ahead of the machine's.
    pub ahead: AtomicI64,
    /// The number of requests so far, to the double and to the host: the progress of a run.
    pub exchanges: AtomicU64,
    /// A [`Line`].
    pub line: AtomicU8,
    /// The number of exchanges cut off by a broken line.
    pub cut: AtomicU64,
    rng: Mutex<Rng>,
}

/// The connection between host and Stripe. While it is broken, writing requests are cut off.
#[derive(Clone, Copy)]
pub enum Line {
    Whole = 0,
    NoRequest = 1,
    NoAnswer = 2,
}

/// Everything that happened.
#[derive(Default)]
pub struct Ledger {
    /// Every effect in order: the collection of its path, and the current object.
    pub objects: Vec<(String, Json)>,
    /// Events to deliver.
    pub events: Vec<Json>,
    keys: HashMap<String, Kept>,
}

struct Kept {
    request: String,
    status: u16,
    body: Json,
    at: i64,
}

enum Fault {
    None,
    RequestLost,
    AnswerLost,
    ErrorAfterEffect,
    Refused(u16),
    Slow,
    /// The request takes effect, and a proxy answers with this status in Stripe's place.
    Garbled(u16),
    /// A retry is no longer authorized: answered before the idempotency key is looked at.
    KeyRolled,
}

impl Double {
    pub fn new(seed: u64, faulty: bool) -> Arc<Self> {
        Arc::new(Self {
            ledger: Mutex::default(),
            faulty: AtomicBool::new(faulty),
            ahead: AtomicI64::new(0),
            exchanges: AtomicU64::new(0),
            line: AtomicU8::new(Line::Whole as u8),
            cut: AtomicU64::new(0),
            rng: Mutex::new(Rng::new(seed)),
        })
    }

    pub fn router(self: &Arc<Self>) -> Router {
        Router::new().fallback(any).with_state(Arc::clone(self))
    }

    pub fn now(&self) -> i64 {
        let machine = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        i64::try_from(machine).unwrap() + self.ahead.load(Ordering::SeqCst)
    }

    fn fault(&self, method: &Method) -> Fault {
        let line = self.line.load(Ordering::SeqCst);
        if method == Method::POST && line != Line::Whole as u8 {
            self.cut.fetch_add(1, Ordering::SeqCst);
            let is_lost = line == Line::NoRequest as u8;
            return if is_lost { Fault::RequestLost } else { Fault::AnswerLost };
        }
        if !self.faulty.load(Ordering::SeqCst) {
            return Fault::None;
        }
        let roll = self.rng.lock().unwrap().below(100);
        match (method, roll) {
            (&Method::POST, 0..=11) => Fault::RequestLost,
            (&Method::POST, 12..=25) => Fault::AnswerLost,
            (&Method::POST, 26..=31) => Fault::ErrorAfterEffect,
            (&Method::POST, 32..=35) => Fault::Refused(429),
            (&Method::POST, 36..=39) => Fault::Refused(409),
            (&Method::POST, 40..=47) => Fault::Slow,
            (&Method::POST, 48..=51) => Fault::Garbled(200),
            (&Method::POST, 52..=53) => Fault::Garbled(403),
            (&Method::POST, 54..=57) => Fault::KeyRolled,
            (&Method::GET, 0..=9) => Fault::RequestLost,
            (&Method::GET, 10..=14) => Fault::Garbled(200),
            _ => Fault::None,
        }
    }
}

async fn any(
    State(double): State<Arc<Double>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    double.exchanges.fetch_add(1, Ordering::SeqCst);
    let fault = double.fault(&method);
    let request = String::from_utf8_lossy(&body).into_owned();
    match fault {
        Fault::RequestLost => return hang_up(),
        Fault::Refused(status) => {
            let code = if status == 409 { "idempotency_key_in_use" } else { "rate_limit" };
            return answer(status, &json!({ "error": { "code": code } }), false);
        }
        Fault::Slow => tokio::time::sleep(Duration::from_millis(60)).await,
        _ => {}
    }
    let path = uri.path().trim_start_matches("/v1/").trim_matches('/').to_owned();
    if method != Method::POST {
        let (status, body) = double.read(&path, uri.query().unwrap_or_default());
        return match fault {
            Fault::Garbled(status) => garbled(status),
            _ => answer(status, &body, false),
        };
    }
    let key = headers.get("idempotency-key").and_then(|v| v.to_str().ok()).unwrap_or_default();
    if matches!(fault, Fault::KeyRolled) && double.ledger.lock().unwrap().keys.contains_key(key) {
        return answer(401, &json!({ "error": { "message": "Invalid API Key provided" } }), false);
    }
    let broken = matches!(fault, Fault::ErrorAfterEffect);
    let (status, body, replayed) = double.write(&path, &request, key, broken);
    match fault {
        Fault::AnswerLost => hang_up(),
        Fault::Garbled(status) => garbled(status),
        _ => answer(status, &body, replayed),
    }
}

impl Double {
    fn write(&self, path: &str, body: &str, key: &str, broken: bool) -> (u16, Json, bool) {
        let now = self.now();
        let mut ledger = self.ledger.lock().unwrap();
        let request = format!("{path}?{body}");
        if let Some(kept) = ledger.keys.get(key).filter(|kept| now - kept.at < KEY_SECONDS) {
            if kept.request != request {
                let error = json!({ "error": { "type": "idempotency_error", "message": "another request" } });
                return (400, error, false);
            }
            return (kept.status, kept.body.clone(), true);
        }
        let (mut status, mut answer) = ledger.effect(path, body, key, now);
        if broken {
            (status, answer) =
                (500, json!({ "error": { "type": "api_error", "message": "oops" } }));
        }
        let kept = Kept { request, status, body: answer.clone(), at: now };
        ledger.keys.insert(key.to_owned(), kept);
        (status, answer, false)
    }

    fn read(&self, path: &str, query: &str) -> (u16, Json) {
        let ledger = self.ledger.lock().unwrap();
        if path == "events" {
            return (200, json!({ "object": "list", "has_more": false, "data": [] }));
        }
        let parts: Vec<&str> = path.split('/').collect();
        let is_list = parts.len() == 1 || parts.last() == Some(&"reversals");
        if is_list {
            let collection = path;
            let pairs: HashMap<String, String> =
                form_urlencoded::parse(query.as_bytes()).into_owned().collect();
            let from: i64 = pairs.get("created[gte]").and_then(|t| t.parse().ok()).unwrap_or(0);
            let all = ledger.objects.iter().rev();
            let ended = pairs.get("status").is_some_and(|status| status == "all");
            let mine = all.filter(|(of, o)| {
                let is_shown = of != "subscriptions" || ended || o["status"] != "canceled";
                of == collection && is_shown && o["created"].as_i64() >= Some(from)
            });
            let mut list: Vec<Json> = mine.map(|(_, object)| object.clone()).collect();
            if let Some(after) = pairs.get("starting_after") {
                let place = list.iter().position(|o| o["id"] == after.as_str()).unwrap_or(0);
                list.drain(..=place);
            }
            // Short pages, so that there are several.
            let more = list.len() > 3;
            list.truncate(3);
            return (200, json!({ "object": "list", "data": list, "has_more": more }));
        }
        let found =
            ledger.objects.iter().find(|(_, o)| Some(&o["id"].as_str().unwrap()) == parts.last());
        match found {
            Some((_, object)) => (200, ledger.expanded(object, query)),
            None => (404, json!({ "error": { "code": "resource_missing" } })),
        }
    }

    /// A change at Stripe that the host did not cause: only an event reports it.
    pub fn happen(&self, id: &str, event: &str, account: Option<&str>, change: &Json) {
        let now = self.now();
        let mut ledger = self.ledger.lock().unwrap();
        let object = ledger.change(id, change);
        ledger.event(event, object, now, None, account);
    }
}

/// The prefix and the kind of the objects of a collection.
const KINDS: [(&str, &str, &str); 8] = [
    ("charges", "ch", "charge"),
    ("refunds", "re", "refund"),
    ("transfers", "tr", "transfer"),
    ("customers", "cus", "customer"),
    ("accounts", "acct", "account"),
    ("payment_intents", "pi", "payment_intent"),
    ("payouts", "po", "payout"),
    ("subscriptions", "sub", "subscription"),
];

/// What a call makes: the members of its object, and the event that tells of it.
type Made = (Json, Option<&'static str>);

impl Ledger {
    fn effect(&mut self, path: &str, body: &str, key: &str, now: i64) -> (u16, Json) {
        let form: HashMap<String, String> =
            form_urlencoded::parse(body.as_bytes()).into_owned().collect();
        let text = |name: &str| form.get(name).cloned().unwrap_or_default();
        let metadata = metadata(&form);
        let amount: i64 = text("amount").parse().unwrap_or(0);
        let number = self.objects.len() + 1;
        let base = |prefix: &str, kind: &str| {
            json!({ "id": format!("{prefix}_{number}"), "object": kind, "created": now,
                "metadata": metadata, "amount": amount, "currency": text("currency"), "livemode": false })
        };
        if let [of, id, action @ ("capture" | "reversals")] =
            path.split('/').collect::<Vec<_>>()[..]
        {
            let made = base("trr", "transfer_reversal");
            return self.act((of, id, action), path, made, (key, now));
        }
        let Some((_, prefix, kind)) = KINDS.into_iter().find(|(of, ..)| *of == path) else {
            return (404, json!({ "error": { "message": "no such path" } }));
        };
        let mut object = base(prefix, kind);
        if let Some((members, error)) = declined(path, &form) {
            set(&mut object, members);
            self.objects.push((path.to_owned(), object.clone()));
            let mut error = error;
            error[kind] = object;
            return (402, json!({ "error": error }));
        }
        let mut about = None;
        let (members, event) = match path {
            "refunds" => {
                let (members, charge) = self.refund(&text("charge"));
                about = Some(charge);
                (members, Some("charge.refunded"))
            }
            "charges" | "payment_intents" => payment(path, &form, amount),
            _ => other(path, &form, (number, now)),
        };
        set(&mut object, members);
        self.objects.push((path.to_owned(), object.clone()));
        if let Some(event) = event {
            let about = about.unwrap_or_else(|| object.clone());
            self.event(event, about, now, Some(key), None);
        }
        (200, self.expanded(&object, body))
    }

    /// Refunds a charge; the members of the refund, and the charge.
    fn refund(&mut self, id: &str) -> (Json, Json) {
        let charge = self.change(id, &json!({ "refunded": true, "amount_refunded": 0 }));
        let amount = charge["amount"].clone();
        let charge = self.change(id, &json!({ "amount_refunded": amount.clone() }));
        let members =
            json!({ "charge": id, "status": "succeeded", "amount": amount, "currency": "usd" });
        (members, charge)
    }

    /// An action on an object that is there: an intent is captured, a transfer taken back.
    fn act(
        &mut self,
        (of, id, action): (&str, &str, &str),
        path: &str,
        mut made: Json,
        (key, now): (&str, i64),
    ) -> (u16, Json) {
        let Some((_, before)) = self.objects.iter().find(|(_, one)| one["id"] == id) else {
            return (404, json!({ "error": { "code": "resource_missing" } }));
        };
        let amount = before["amount"].clone();
        let is_done = before["status"] == "succeeded" || before["reversed"] == true;
        if is_done {
            let message = format!("{of} {id} had its {action}");
            return (400, json!({ "error": { "code": "unexpected_state", "message": message } }));
        }
        if action == "capture" {
            let change = json!({ "status": "succeeded", "amount_received": amount });
            let intent = self.change(id, &change);
            self.event("payment_intent.succeeded", intent.clone(), now, Some(key), None);
            return (200, intent);
        }
        let change = json!({ "reversed": true, "amount_reversed": amount });
        let transfer = self.change(id, &change);
        set(&mut made, json!({ "transfer": id, "amount": amount, "currency": "usd" }));
        self.objects.push((path.to_owned(), made.clone()));
        self.event("transfer.reversed", transfer.clone(), now, Some(key), None);
        made["transfer"] = transfer;
        (200, made)
    }

    fn change(&mut self, id: &str, change: &Json) -> Json {
        let found = self.objects.iter_mut().find(|(_, object)| object["id"] == id);
        let Some((_, object)) = found else { return json!({}) };
        for (name, value) in change.as_object().unwrap() {
            object[name] = value.clone();
        }
        object.clone()
    }

    fn expanded(&self, object: &Json, asked: &str) -> Json {
        let mut object = object.clone();
        for name in ["charge", "transfer"] {
            let id = object[name].as_str().map(str::to_owned);
            if let Some(id) = id.filter(|_| asked.contains("expand")) {
                let found = self.objects.iter().find(|(_, one)| one["id"] == id.as_str());
                object[name] = found.map_or(Json::Null, |(_, one)| one.clone());
            }
        }
        object
    }

    fn event(
        &mut self,
        kind: &str,
        object: Json,
        now: i64,
        key: Option<&str>,
        account: Option<&str>,
    ) {
        let number = self.events.len() + 1;
        let mut event = json!({ "id": format!("evt_{number}"), "object": "event", "type": kind, "livemode": false,
            "created": now, "data": { "object": object }, "request": { "idempotency_key": key } });
        if let Some(account) = account {
            // Ids are unique only within an account: the platform uses this one as well.
            event["account"] = json!(account);
            event["id"] = json!(format!("evt_{}", number.saturating_sub(1).max(1)));
        }
        self.events.push(event);
    }
}

/// The members and the error of a payment whose card is declined.
fn declined(path: &str, form: &HashMap<String, String>) -> Option<(Json, Json)> {
    let is = |name: &str, value: &str| form.get(name).is_some_and(|own| own == value);
    let message = "Your card was declined.";
    let error = json!({ "type": "card_error", "code": "card_declined", "message": message });
    let members = match path {
        "charges" if is("source", "tok_chargeDeclined") => {
            json!({ "status": "failed", "paid": false, "failure_code": "card_declined",
                "failure_message": message })
        }
        "payment_intents" if is("payment_method", "pm_card_chargeDeclined") => {
            json!({ "status": "requires_payment_method", "last_payment_error": error })
        }
        _ => return None,
    };
    Some((members, error))
}

fn payment(path: &str, form: &HashMap<String, String>, amount: i64) -> Made {
    if path == "charges" {
        let members = json!({ "status": "succeeded", "paid": true, "captured": true,
            "refunded": false, "amount_refunded": 0 });
        return (members, Some("charge.succeeded"));
    }
    let is_held = form.get("capture_method").is_some_and(|method| method == "manual");
    let status = if is_held { "requires_capture" } else { "succeeded" };
    let received = if is_held { 0 } else { amount };
    let members = json!({ "status": status, "amount_received": received });
    (members, (!is_held).then_some("payment_intent.succeeded"))
}

fn other(path: &str, form: &HashMap<String, String>, (number, now): (usize, i64)) -> Made {
    let text = |name: &str| form.get(name).cloned().unwrap_or_default();
    match path {
        "payouts" => (json!({ "status": "pending", "arrival_date": now }), Some("payout.created")),
        "subscriptions" => {
            // Some are canceled in the dashboard as soon as they are there.
            let status = if number.is_multiple_of(3) { "canceled" } else { "active" };
            let members = json!({ "status": status, "customer": text("customer") });
            (members, Some("customer.subscription.created"))
        }
        "transfers" => {
            let members = json!({ "destination": text("destination"), "reversed": false,
                "amount_reversed": 0 });
            (members, Some("transfer.created"))
        }
        "accounts" => {
            let members = json!({ "email": text("email"), "charges_enabled": false,
                "payouts_enabled": false, "details_submitted": false,
                "requirements": { "currently_due": [] } });
            (members, None)
        }
        _ => (json!({ "email": text("email") }), None),
    }
}

fn answer(status: u16, body: &Json, replayed: bool) -> Response {
    let mut response = Response::builder().status(StatusCode::from_u16(status).unwrap());
    response = response.header("content-type", "application/json").header("request-id", "req_1");
    if replayed {
        response = response.header("idempotent-replayed", "true");
    }
    response.body(Body::from(body.to_string())).unwrap()
}

/// A proxy's page; sometimes JSON, but never an object.
fn garbled(status: u16) -> Response {
    let page = Json::from("<html>upstream connect error</html>");
    answer(status, &page, false)
}

/// Closes the connection before the answer is complete.
fn hang_up() -> Response {
    let broken = Broken(Some(Err(std::io::Error::other("lost"))));
    Response::builder().header("content-length", "100").body(Body::new(broken)).unwrap()
}

/// A body that fails at its first byte.
struct Broken(Option<Result<Bytes, std::io::Error>>);

impl http_body::Body for Broken {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, std::io::Error>>> {
        std::task::Poll::Ready(self.0.take().map(|first| first.map(http_body::Frame::data)))
    }
}

/// The metadata of a posted form.
fn metadata(form: &HashMap<String, String>) -> Map<String, Json> {
    let inside = |name: &str| Some(name.strip_prefix("metadata[")?.strip_suffix(']')?.to_owned());
    form.iter().filter_map(|(name, value)| Some((inside(name)?, json!(value)))).collect()
}

/// Sets members of an object.
pub fn set(object: &mut Json, more: Json) {
    for (name, value) in more.as_object().expect("an object") {
        object[name] = value.clone();
    }
}
