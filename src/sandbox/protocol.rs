//! One API request from bytes to bytes: key, faults, version, account, idempotency, execution.

use super::call::Call;
use super::connection::Peer;
use super::fault::{Fault, Rule};
use super::idempotency::{self, Begun, KeptAnswer};
use super::params::Params;
use super::refusal::{Refusal, masked};
use super::render;
use super::reply::Reply;
use super::state::Shared;
use super::turn::Turn;
use super::world::{Kind, LoggedRequest, PLATFORM, World};
use super::{endpoint, form, parameters, settle, version};
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, Response};
use base64::Engine;
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Bytes a body may have.
const BODY_MAX: usize = 1024 * 1024;
/// Objects the sandbox holds before it asks to be reset.
const OBJECTS_MAX: usize = 1_000_000;

/// A request whose protocol was read.
struct Asked {
    call: Call,
    account: Arc<str>,
    key: Option<String>,
    fingerprint: String,
}

/// Answers one API request.
pub async fn handle(shared: Arc<Shared>, peer: Peer, request: Request<Body>) -> Response<Body> {
    let started = Instant::now();
    let request_id = shared.request_id();
    let (parts, body) = request.into_parts();
    let method = method(&parts.method);
    let path = normalized(parts.uri.path());
    let mut log = LoggedRequest {
        id: request_id.clone(),
        created: shared.world().clock.now(),
        method: parts.method.to_string(),
        path: path.chars().take(300).collect(),
        status: 0,
        account: header(&parts.headers, "stripe-account"),
        idempotency_key: header(&parts.headers, "idempotency-key"),
        replayed: false,
        fault: None,
        error: None,
        ms: 0,
    };
    let answered = match to_bytes(body, BODY_MAX).await {
        Ok(bytes) => {
            let query = parts.uri.query().unwrap_or_default();
            let read = read(&shared, method, &path, query, &bytes, &parts.headers, &peer);
            run(&shared, read, &parts.headers, &request_id, &mut log, (method, &path)).await
        }
        Err(_) => {
            let refusal = Refusal::invalid("The request body is too large.").status(413);
            Some(Reply::refused(&refusal, &request_id))
        }
    };
    let Some(mut reply) = answered else {
        finish_log(&shared, log, 0, started);
        peer.cut();
        return Response::new(Body::empty());
    };
    log.replayed = reply.headers.iter().any(|(name, _)| *name == "idempotent-replayed");
    log.error = reply.body["error"]["message"].as_str().map(str::to_owned);
    finish_log(&shared, log, reply.status, started);
    reply.headers.push(("request-id", request_id));
    for (name, sent) in
        [("idempotency-key", "idempotency-key"), ("stripe-account", "stripe-account")]
    {
        if let Some(value) = header(&parts.headers, sent) {
            reply.headers.push((name, value));
        }
    }
    if !reply.headers.iter().any(|(name, _)| *name == "stripe-version") {
        let version = header(&parts.headers, "stripe-version")
            .unwrap_or_else(|| shared.world().settings.default_version.clone());
        reply.headers.push(("stripe-version", version));
    }
    reply.headers.push(("access-control-allow-origin", "*".into()));
    reply.headers.push(("access-control-expose-headers", "Request-Id, Stripe-Should-Retry".into()));
    reply.headers.push(("cache-control", "no-cache, no-store".into()));
    reply.into_response()
}

fn finish_log(shared: &Shared, mut log: LoggedRequest, status: u16, started: Instant) {
    log.status = status;
    log.ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    shared.world().log(log);
}

fn method(method: &axum::http::Method) -> &'static str {
    match method.as_str() {
        "GET" | "HEAD" => "GET",
        "POST" | "PUT" | "PATCH" => "POST",
        "DELETE" => "DELETE",
        _ => "",
    }
}

/// One slash where the old modules send two, and none at the end.
fn normalized(path: &str) -> String {
    let decoded = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
    let segments = decoded.trim().split('/').filter(|segment| !segment.is_empty());
    segments.fold(String::new(), |path, segment| path + "/" + segment.trim())
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// Reads the protocol: who calls, in which version, on which account, with what.
fn read(
    shared: &Shared,
    method: &'static str,
    path: &str,
    query: &str,
    body: &[u8],
    headers: &HeaderMap,
    peer: &Peer,
) -> Result<Asked, Refusal> {
    let refuse = |message| Refusal { saved: false, ..Refusal::invalid(message) };
    let mut values = form::decode(query.as_bytes()).map_err(refuse)?;
    values.extend(form::decode(body).map_err(refuse)?);
    // stripe.js sends these in the form, to spare itself a preflight.
    let mut own =
        |name: &str| values.shift_remove(name).and_then(|v| v.as_str().map(str::to_owned));
    let form_key = own("key").filter(|key| key.starts_with("pk_"));
    let form_account = own("_stripe_account");
    let form_version = own("_stripe_version");
    let key = authorize(headers, form_key, method, path)?;
    let world = shared.world();
    let version = header(headers, "stripe-version").or(form_version).filter(|v| !v.is_empty());
    let version = version.unwrap_or_else(|| world.settings.default_version.clone());
    if !version::is_valid(&version) {
        return Err(refuse(format!("Invalid Stripe API version: {version}")));
    }
    let account = header(headers, "stripe-account").or(form_account).filter(|id| !id.is_empty());
    let account = account.unwrap_or_else(|| PLATFORM.to_owned());
    let known = world
        .stored(&account)
        .filter(|stored| stored.kind == Kind::Account && stored.value().get("deleted").is_none());
    if known.is_none() {
        return Err(Refusal::account(&key, &account));
    }
    drop(world);
    let idempotency_key = match headers.get("idempotency-key") {
        Some(value) if method == "POST" => {
            let value = value.to_str().unwrap_or_default().to_owned();
            idempotency::check_length(&value)?;
            Some(value)
        }
        _ => None,
    };
    let fingerprint = idempotency::fingerprint(method, &values);
    let client_ip = peer.address.ip().to_string();
    let params = Params::new(values);
    let call = Call { method, path: path.to_owned(), params, version, key, client_ip };
    Ok(Asked { call, account: account.into(), key: idempotency_key, fingerprint })
}

/// The API key, when it may do this.
fn authorize(
    headers: &HeaderMap,
    form_key: Option<String>,
    method: &str,
    path: &str,
) -> Result<String, Refusal> {
    let refuse =
        |message: String| Err(Refusal { saved: false, ..Refusal::invalid(message).status(401) });
    let given = header(headers, "authorization").unwrap_or_default();
    let (scheme, value) = given.trim().split_once(' ').unwrap_or((given.trim(), ""));
    let key = match scheme.to_ascii_lowercase().as_str() {
        "bearer" => value.trim().to_owned(),
        "basic" => {
            let bytes = base64::engine::general_purpose::STANDARD.decode(value.trim());
            let text = String::from_utf8(bytes.unwrap_or_default()).unwrap_or_default();
            text.split(':').next().unwrap_or_default().to_owned()
        }
        _ => String::new(),
    };
    let key = if key.is_empty() { form_key.unwrap_or_default() } else { key };
    if key.is_empty() {
        return refuse(
            "You did not provide an API key. You need to provide your API key in the \
             Authorization header, using Bearer auth (e.g. 'Authorization: Bearer \
             YOUR_SECRET_KEY'). See https://stripe.com/docs/api#authentication for details, or we \
             can help at https://support.stripe.com/."
                .into(),
        );
    }
    if ["sk_live_", "rk_live_", "pk_live_"].iter().any(|kind| key.starts_with(kind)) {
        return refuse(format!(
            "This is a sandbox: it refuses live keys. Provided: {}",
            masked(&key)
        ));
    }
    if key.starts_with("pk_test_") && key.len() > 8 {
        let open =
            path.starts_with("/v1/tokens") || (method == "POST" && path == "/v1/payment_methods");
        if open {
            return Ok(key);
        }
        return refuse(
            "This API call cannot be made with a publishable API key. Please use a secret API \
             key. You can find a list of your API keys at \
             https://dashboard.stripe.com/account/apikeys."
                .into(),
        )
        .map_err(|refusal: Refusal| refusal.code("secret_key_required"));
    }
    let secret = ["sk_test_", "rk_test_"].iter().any(|kind| key.starts_with(kind) && key.len() > 8);
    if secret { Ok(key) } else { refuse(format!("Invalid API Key provided: {}", masked(&key))) }
}

/// Executes what was asked, with the faults that strike; `None` hangs up.
async fn run(
    shared: &Shared,
    read: Result<Asked, Refusal>,
    headers: &HeaderMap,
    request_id: &str,
    log: &mut LoggedRequest,
    (method, path): (&'static str, &str),
) -> Option<Reply> {
    let asked = match read {
        Ok(asked) => asked,
        Err(refusal) => return Some(Reply::refused(&refusal, request_id)),
    };
    let rule = shared.world().faults.strike(method, path);
    log.fault = rule.as_ref().map(|rule| rule.fault.name());
    if rule.as_ref().is_some_and(|rule| rule.fault == Fault::DropBefore) {
        return None;
    }
    if let Some(reply) = rule.as_ref().and_then(|rule| before(rule, request_id)) {
        return Some(reply);
    }
    let begun = shared.world().begin(&asked);
    let mut reply = match begun {
        Err(refusal) => Reply::refused(&refusal, request_id),
        Ok(Some(kept)) => replay(&kept),
        Ok(None) => {
            if let Some(rule) = rule.as_ref().filter(|rule| rule.fault == Fault::Delay) {
                tokio::time::sleep(Duration::from_millis(rule.delay_ms.min(120_000))).await;
            }
            let broken = rule.as_ref().filter(|rule| rule.fault == Fault::ErrorExecuted);
            let reply = shared.world().execute(&asked, request_id, broken);
            shared.bell.notify_one();
            reply
        }
    };
    if !headers.contains_key("stripe-version") {
        reply = reply.with("stripe-version", asked.call.version.clone());
    }
    match rule.map(|rule| rule.fault) {
        Some(Fault::DropAfter) => None,
        Some(Fault::Garbage) => {
            reply.body = Value::String("<html>upstream connect error</html>".into());
            Some(reply)
        }
        _ => Some(reply),
    }
}

/// The answer of a fault that strikes before anything is executed.
fn before(rule: &Rule, request_id: &str) -> Option<Reply> {
    let (status, kind, code, message) = match rule.fault {
        Fault::ErrorNotExecuted => (500, "api_error", None, "An unknown error occurred"),
        Fault::Unavailable => (503, "api_error", None, "Stripe is temporarily unavailable."),
        Fault::RateLimit => (
            429,
            "invalid_request_error",
            Some("rate_limit"),
            "Request rate limit exceeded. Learn more about rate limits here \
             https://stripe.com/docs/rate-limits.",
        ),
        Fault::LockTimeout => (
            429,
            "invalid_request_error",
            Some("lock_timeout"),
            "This object cannot be accessed right now because another API request or Stripe \
             process is currently accessing it. If you see this error intermittently, retry the \
             request.",
        ),
        Fault::Conflict => {
            (409, "invalid_request_error", None, "The request conflicts with another request.")
        }
        _ => return None,
    };
    let refusal = Refusal { kind, code, ..Refusal::invalid(message).status(status) };
    let mut reply = Reply::refused(&refusal, request_id);
    if rule.fault == Fault::RateLimit {
        reply = reply.with("stripe-rate-limited-reason", "global-rate");
    }
    if let Some(retry) = rule.should_retry {
        reply = reply.with("stripe-should-retry", retry.to_string());
    }
    Some(reply)
}

fn replay(kept: &KeptAnswer) -> Reply {
    let body = serde_json::from_str(&kept.body).unwrap_or_default();
    Reply { status: kept.status, body, headers: Vec::new() }
        .with("idempotent-replayed", "true")
        .with("original-request", kept.request_id.clone())
}

impl World {
    /// Opens the idempotency key, if there is one; some answer to be replayed, or none.
    fn begin(&mut self, asked: &Asked) -> Result<Option<Arc<KeptAnswer>>, Refusal> {
        settle::run(self);
        let Some(key) = &asked.key else { return Ok(None) };
        match self.keys.begin(&asked.account, key, &asked.call.path, &asked.fingerprint)? {
            Begun::New => Ok(None),
            Begun::Replay(kept) => Ok(Some(kept)),
        }
    }

    /// Executes, applies, and keeps the answer under its key.
    fn execute(&mut self, asked: &Asked, request_id: &str, broken: Option<&Rule>) -> Reply {
        let mut turn = Turn::new(self, asked.account.clone());
        turn.request = Some((request_id.to_owned(), asked.key.clone()));
        let result = operate(&asked.call, &mut turn);
        let (changes, mut saved) = match &result {
            Ok(_) => (Some(turn.into_changes()), true),
            Err(refusal) => (refusal.keep.then(|| turn.into_changes()), refusal.saved),
        };
        if let Some(changes) = changes.filter(|_| asked.call.method != "GET") {
            self.apply(changes);
        }
        let mut reply = match result {
            Ok(body) => Reply::good(body),
            Err(refusal) => Reply::refused(&refusal, request_id),
        };
        if let Some(rule) = broken {
            let failed =
                Refusal { kind: "api_error", ..Refusal::invalid("An unknown error occurred") };
            reply = Reply::refused(&failed.status(500), request_id);
            if let Some(retry) = rule.should_retry {
                reply = reply.with("stripe-should-retry", retry.to_string());
            }
            saved = true;
        }
        if let Some(key) = &asked.key {
            self.remember(asked, key, &reply, saved, request_id);
        }
        reply
    }

    fn remember(&mut self, asked: &Asked, key: &str, reply: &Reply, saved: bool, request_id: &str) {
        if !saved {
            self.keys.release(&asked.account, key);
            return;
        }
        let answer = KeptAnswer {
            path: asked.call.path.clone(),
            fingerprint: asked.fingerprint.clone(),
            status: reply.status,
            body: reply.body.to_string(),
            request_id: request_id.to_owned(),
            created: self.clock.now(),
        };
        if let Some(journal) = &mut self.journal {
            journal.append_key(&asked.account, key, &answer);
        }
        self.keys.finish(&asked.account, key, Arc::new(answer));
    }
}

/// Runs the endpoint and renders its answer.
fn operate(call: &Call, turn: &mut Turn<'_>) -> Result<Value, Refusal> {
    let unknown = || Refusal::unrecognized(call.method, &call.path);
    let below = call.path.strip_prefix("/v1/").ok_or_else(unknown)?;
    let path: Vec<&str> = below.split('/').collect();
    if call.is("POST") && turn.world.objects.len() >= OBJECTS_MAX {
        let full = Refusal::invalid("The sandbox is full; reset it: POST /_sandbox/reset.");
        return Err(Refusal { saved: false, kind: "api_error", ..full.status(503) });
    }
    parameters::check(call.method, &path, &call.params)?;
    let answer = endpoint::route(call, turn, &path).ok_or_else(unknown)?;
    // An answer that cannot be rendered (a bad `expand`) undoes what was written.
    render::answer(turn, call, answer?)
}

/// The answer to a browser that asks whether it may.
pub fn preflight() -> Response<Body> {
    let allow = [
        ("access-control-allow-origin", "*".to_owned()),
        ("access-control-allow-methods", "GET, POST, DELETE".to_owned()),
        (
            "access-control-allow-headers",
            "authorization, content-type, idempotency-key, stripe-account, stripe-version"
                .to_owned(),
        ),
        ("access-control-max-age", "600".to_owned()),
    ];
    super::reply::response(204, "text/plain", String::new(), &allow)
}

/// No parameters, for endpoints run by control.
pub fn no_params() -> Params {
    Params::new(Map::new())
}
