//! A model of Stripe at the HTTP level: a ledger that only grows, and keys that expire.

use crate::fault::{WireFault, die};
use crate::harness::Harness;
use serde_json::{Map, Value as Json, json};
use sluicegate::clock::{Clock as _, ManualClock};
use sluicegate::executor::BoxFuture;
use sluicegate::gateway::call::Call;
use sluicegate::gateway::http::HttpClient;
use sluicegate::gateway::reply::Answer;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};

const KEY_LIFE_SECS: i64 = 24 * 3600;
const LATE_SECS: i64 = 12;
/// Longer than a lease.
const STALL_SECS: i64 = 65;
/// Short pages, so that a list has several.
const PAGE: usize = 2;

/// Stripe, and the network in front of it.
pub struct Stripe {
    clock: Arc<ManualClock>,
    begun: (Instant, i64),
    state: Mutex<State>,
    /// The harness whose worker takes over while the host stalls.
    harness: OnceLock<Weak<Harness>>,
}

#[derive(Default)]
struct State {
    ledger: Ledger,
    keys: HashMap<String, Kept>,
    faults: VecDeque<WireFault>,
    later: Vec<(i64, String, String, String)>,
    exchanges: u64,
}

/// Everything that happened.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    /// Collection and object.
    pub objects: Vec<(String, Json)>,
    /// How often the account was deleted.
    pub deletions: usize,
    /// Captures of the prepared charge.
    pub captures: usize,
}

struct Kept {
    request: String,
    at: i64,
    /// `None` while the request is in progress.
    answer: Option<(u16, Json)>,
}

impl std::fmt::Debug for Stripe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Stripe")
    }
}

impl Stripe {
    pub fn new(clock: Arc<ManualClock>) -> Self {
        let begun = (Instant::now(), clock.now().as_second());
        Self { clock, begun, state: Mutex::default(), harness: OnceLock::new() }
    }

    pub fn meet(&self, harness: Weak<Harness>) {
        drop(self.harness.set(harness));
    }

    /// The faults of the next exchanges, in order.
    pub fn expect(&self, faults: &[WireFault]) {
        self.held().faults = faults.iter().copied().collect();
    }

    pub fn ledger(&self) -> Ledger {
        let mut state = self.held();
        state.settle(i64::MAX);
        state.ledger.clone()
    }

    pub fn exchanges(&self) -> u64 {
        self.held().exchanges
    }

    fn held(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stall(&self) {
        self.clock.advance(STALL_SECS);
        let harness = self.harness.get().and_then(Weak::upgrade);
        if let Some(harness) = harness {
            harness.work_beside();
        }
    }
}

impl Stripe {
    fn answer_to(&self, url: &reqwest::Url, call: &Call) -> Result<Answer, String> {
        self.clock.advance(1);
        let fault = {
            let mut state = self.held();
            state.exchanges += 1;
            state.settle(self.clock.now().as_second());
            state.faults.pop_front()
        };
        match fault {
            Some(WireFault::RequestLost) => return Err("the request was lost".into()),
            Some(WireFault::DiesBefore) => die(),
            Some(WireFault::TooMany) => return Ok(answer(429, &json!({ "error": {} }), false)),
            Some(WireFault::InUse) => {
                let body = json!({ "error": { "code": "idempotency_key_in_use" } });
                return Ok(answer(409, &body, false));
            }
            Some(WireFault::StallsBefore) => self.stall(),
            _ => {}
        }
        let path = url.path().trim_start_matches("/v1/").trim_matches('/').to_owned();
        let key =
            call.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("idempotency-key"));
        let key = key.map(|(_, value)| value.expose().to_owned()).unwrap_or_default();
        let now = self.clock.now().as_second();
        let answered = match call.method.as_str() {
            "GET" => self.held().read(&path, url.query().unwrap_or_default()),
            "DELETE" => self.held().delete(),
            _ if fault == Some(WireFault::TakesEffectLater) => {
                self.held().promise(now, &path, &call.body, &key);
                return Err("the connection broke".into());
            }
            _ => self.held().write(now, &path, &call.body, &key, fault),
        };
        match fault {
            Some(WireFault::AnswerLost | WireFault::TakesEffectLater) => {
                return Err("the answer was lost".into());
            }
            Some(WireFault::DiesAfter) => die(),
            Some(WireFault::Stalls) => self.stall(),
            _ => {}
        }
        Ok(answered)
    }
}

impl HttpClient for Stripe {
    fn exchange<'a>(
        &'a self,
        url: &'a reqwest::Url,
        call: &'a Call,
    ) -> BoxFuture<'a, Result<Answer, String>> {
        Box::pin(async { self.answer_to(url, call) })
    }

    fn now(&self) -> Instant {
        let passed = self.clock.now().as_second() - self.begun.1;
        self.begun.0 + Duration::from_secs(passed.unsigned_abs())
    }

    fn pause(&self, wait: Duration) -> BoxFuture<'_, ()> {
        self.clock.advance(i64::try_from(wait.as_secs()).expect("a short wait") + 1);
        Box::pin(std::future::ready(()))
    }
}

impl State {
    fn write(
        &mut self,
        now: i64,
        path: &str,
        body: &str,
        key: &str,
        fault: Option<WireFault>,
    ) -> Answer {
        let request = format!("{path}?{body}");
        if let Some(kept) = self.keys.get(key).filter(|kept| now - kept.at < KEY_LIFE_SECS) {
            if kept.request != request {
                let body = json!({ "error": { "type": "idempotency_error", "message": "other" } });
                return answer(400, &body, false);
            }
            return match &kept.answer {
                Some((status, body)) => answer(*status, body, true),
                None => {
                    answer(409, &json!({ "error": { "code": "idempotency_key_in_use" } }), false)
                }
            };
        }
        let broken = (500, json!({ "error": { "type": "api_error" } }));
        let answered = match fault {
            Some(WireFault::BreaksBefore) => broken,
            Some(WireFault::BreaksAfterEffect) => {
                self.ledger.effect(now, path, body);
                broken
            }
            _ => self.ledger.effect(now, path, body),
        };
        let kept = Kept { request, at: now, answer: Some(answered.clone()) };
        self.keys.insert(key.to_owned(), kept);
        answer(answered.0, &answered.1, false)
    }

    /// The key is stored now, the effect comes later.
    fn promise(&mut self, now: i64, path: &str, body: &str, key: &str) {
        let taken = self.keys.get(key).is_some_and(|kept| now - kept.at < KEY_LIFE_SECS);
        if !taken {
            let kept = Kept { request: format!("{path}?{body}"), at: now, answer: None };
            self.keys.insert(key.to_owned(), kept);
            self.later.push((now + LATE_SECS, path.to_owned(), body.to_owned(), key.to_owned()));
        }
    }

    fn settle(&mut self, now: i64) {
        let (due, later) =
            std::mem::take(&mut self.later).into_iter().partition(|one| one.0 <= now);
        self.later = later;
        for (at, path, body, key) in due {
            let answered = self.ledger.effect(at, &path, &body);
            if let Some(kept) = self.keys.get_mut(&key) {
                kept.answer = Some(answered);
            }
        }
    }

    fn read(&self, path: &str, query: &str) -> Answer {
        let parts: Vec<&str> = path.split('/').collect();
        let [collection] = parts[..] else {
            let id = parts.last().copied().unwrap_or_default();
            let found = self.ledger.objects.iter().find(|(_, one)| one["id"] == id);
            return match found {
                Some((_, object)) => answer(200, object, false),
                None => answer(404, &json!({ "error": { "code": "resource_missing" } }), false),
            };
        };
        let pairs: HashMap<String, String> =
            form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let from: i64 = pairs.get("created[gte]").and_then(|t| t.parse().ok()).unwrap_or(0);
        let all = self
            .ledger
            .objects
            .iter()
            .rev()
            .filter(|(of, one)| of == collection && one["created"].as_i64() >= Some(from));
        let mut list: Vec<Json> = all.map(|(_, one)| one.clone()).collect();
        if let Some(after) = pairs.get("starting_after") {
            let place = list.iter().position(|one| one["id"] == after.as_str()).unwrap_or(0);
            list.drain(..=place);
        }
        let more = list.len() > PAGE;
        list.truncate(PAGE);
        answer(200, &json!({ "object": "list", "data": list, "has_more": more }), false)
    }

    fn delete(&mut self) -> Answer {
        self.ledger.deletions += 1;
        if self.ledger.deletions > 1 {
            let body = json!({ "error": { "code": "account_invalid", "message": "gone" } });
            return answer(403, &body, false);
        }
        answer(200, &json!({ "id": "acct_1", "deleted": true }), false)
    }
}

impl Ledger {
    fn effect(&mut self, now: i64, path: &str, body: &str) -> (u16, Json) {
        let form: HashMap<String, String> =
            form_urlencoded::parse(body.as_bytes()).into_owned().collect();
        if path == "charges/ch_held/capture" {
            self.captures += 1;
            let (_, held) =
                self.objects.iter_mut().find(|(_, o)| o["id"] == "ch_held").expect("it");
            if held["captured"] == true {
                let body = json!({ "error": { "code": "charge_already_captured", "message": "captured" } });
                return (400, body);
            }
            held["captured"] = json!(true);
            return (200, held.clone());
        }
        let collection = if path.ends_with("/sources") { "sources" } else { path };
        let mut metadata = Map::new();
        for (name, value) in &form {
            if let Some(name) = name.strip_prefix("metadata[").and_then(|n| n.strip_suffix(']')) {
                metadata.insert(name.to_owned(), json!(value));
            }
        }
        let amount: i64 = form.get("amount").and_then(|text| text.parse().ok()).unwrap_or(0);
        let id = format!("{collection}_{}", self.objects.len());
        let declined = form.get("source").is_some_and(|one| one == "tok_chargeDeclined");
        let status = if declined { "failed" } else { "succeeded" };
        let object = json!({ "id": id, "object": collection.trim_end_matches('s'), "amount": amount, "currency": "usd",
            "created": now, "metadata": metadata, "status": status, "paid": !declined, "captured": !declined,
            "source": form.get("source"), "failure_code": declined.then_some("card_declined"),
            "failure_message": declined.then_some("declined") });
        self.objects.push((collection.to_owned(), object.clone()));
        if declined {
            let error =
                json!({ "type": "card_error", "code": "card_declined", "message": "declined" });
            return (402, json!({ "error": error }));
        }
        (200, object)
    }
}

fn answer(status: u16, body: &Json, replayed: bool) -> Answer {
    let mut headers = Map::new();
    if replayed {
        headers.insert("idempotent-replayed".to_owned(), json!("true"));
    }
    Answer { status, headers, body: body.to_string() }
}

impl Stripe {
    /// Creates a charge to be captured, and others that a search must skip.
    pub fn seed(&self) {
        let mut state = self.held();
        let created = self.clock.now().as_second();
        let held = json!({ "id": "ch_held", "object": "charge", "amount": 77, "currency": "usd",
            "created": created, "captured": false, "paid": true, "status": "succeeded", "metadata": {} });
        state.ledger.objects.push(("charges".to_owned(), held));
    }

    /// Charges of others made meanwhile, so that a list grows.
    pub fn happen_elsewhere(&self) {
        let mut state = self.held();
        let now = self.clock.now().as_second();
        for collection in ["charges", "transfers"] {
            for _ in 0..3 {
                state.ledger.effect(now, collection, "amount=1&currency=usd&source=elsewhere");
            }
        }
    }
}
