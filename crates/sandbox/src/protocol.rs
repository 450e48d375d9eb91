//! Handles one API request: key, version, account, idempotency, faults, execution, answer.

use super::api_error::ApiError;
use super::authorization::{authorize, is_of_publishable_key, is_open};
use super::call::Call;
use super::connection::Peer;
use super::description::boolean::respell;
use super::execution::{ApiRequest, replay};
use super::fault::{InjectedFault, Rule};
use super::params::Params;
use super::reply::Reply;
use super::request_log::{KEPT_BYTES_MAX, LoggedRequest};
use super::shared::Shared;
use super::state::{Kind, PLATFORM, SandboxState, Stored};
use super::{form, idempotency, multipart, oauth, origin, v2, version};
use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, Request, Response};
use serde_json::Map;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The largest body.
const BODY_MAX: usize = 1024 * 1024;
/// The largest upload.
const UPLOAD_MAX: usize = 10 * 1024 * 1024;

/// The longest delay of an answer in milliseconds.
const DELAY_MAX: u64 = 120_000;

/// A request before it is decoded.
struct Incoming<'a> {
    method: &'static str,
    path: &'a str,
    query: &'a str,
    headers: &'a HeaderMap,
    client_ip: String,
}

/// Answers one API request.
pub async fn handle(shared: Arc<Shared>, peer: Peer, request: Request<Body>) -> Response<Body> {
    let started = Instant::now();
    let (parts, body) = request.into_parts();
    let path = normalized(parts.uri.path());
    let incoming = Incoming {
        method: method(&parts.method),
        path: &path,
        query: parts.uri.query().unwrap_or_default(),
        headers: &parts.headers,
        client_ip: peer.address.ip().to_string(),
    };
    let mut log = Log { started, request: first_log(&shared, &parts.method, &incoming) };
    let request_id = log.request.id.clone();
    let kept = Arc::clone(&log.request.answered);
    let most = if path == "/v1/files" { UPLOAD_MAX } else { BODY_MAX };
    let read = match to_bytes(body, most).await {
        Ok(bytes) => {
            log.request.sent = sent(incoming.query, &bytes);
            read(&incoming, &bytes).await
        }
        Err(_) => Err(ApiError::invalid("The request body is too large.").status(413)),
    };
    // Answers to a publishable key are for pages, as with Stripe; no others are.
    let is_for_pages = is_open(incoming.method, &path)
        || match &read {
            Ok(request) => request.call.key.starts_with("pk_"),
            Err(refusal) => is_of_publishable_key(refusal),
        };
    let answered = match read {
        Ok(request) => run(&shared, request, &incoming, log).await,
        Err(refusal) => {
            let reply = Some(Reply::refused(&refusal, &request_id));
            log.end(&mut shared.state(), reply.as_ref());
            reply
        }
    };
    let Some(mut reply) = answered else {
        peer.cut();
        return Response::new(Body::empty());
    };
    if v2::is_path(&path) && reply.status >= 400 {
        reply.body = v2::fault::body(reply.status, &reply.body);
    }
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
            .unwrap_or_else(|| shared.state().settings.default_version.clone());
        reply.headers.push(("stripe-version", version));
    }
    if is_for_pages {
        let exposed = "Request-Id, Stripe-Should-Retry";
        reply.headers.push(("access-control-allow-origin", "*".into()));
        reply.headers.push(("access-control-expose-headers", exposed.into()));
    }
    reply.headers.push(("cache-control", "no-cache, no-store".into()));
    reply.into_kept_response(&kept)
}

/// What was sent, when it is short enough to be kept.
fn sent(query: &str, body: &Bytes) -> Bytes {
    match (query.len(), body.len()) {
        (0, ..=KEPT_BYTES_MAX) => body.clone(),
        (1..=KEPT_BYTES_MAX, 0) => Bytes::copy_from_slice(query.as_bytes()),
        _ => Bytes::new(),
    }
}

/// A line of the request log before it is written.
struct Log {
    started: Instant,
    request: LoggedRequest,
}

impl Log {
    /// Writes it, with the answer if there was one.
    fn end(mut self, state: &mut SandboxState, reply: Option<&Reply>) {
        let took = self.started.elapsed();
        self.request.created = state.clock.now() - i64::try_from(took.as_secs()).unwrap_or(0);
        self.request.ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        if let Some(reply) = reply {
            self.request.status = reply.status;
            self.request.replayed =
                reply.headers.iter().any(|(name, _)| *name == "idempotent-replayed");
            let error = |name: &str| reply.body["error"][name].as_str().map(str::to_owned);
            self.request.error = error("message");
            self.request.error_type = error("type");
            self.request.error_code = error("code");
        }
        state.log(self.request);
    }
}

fn first_log(
    shared: &Shared,
    method: &axum::http::Method,
    incoming: &Incoming<'_>,
) -> LoggedRequest {
    LoggedRequest {
        id: shared.request_id(),
        created: 0,
        method: method.to_string(),
        path: incoming.path.chars().take(300).collect(),
        status: 0,
        account: header(incoming.headers, "stripe-account"),
        idempotency_key: header(incoming.headers, "idempotency-key"),
        replayed: false,
        fault: None,
        error: None,
        error_type: None,
        error_code: None,
        ms: 0,
        sent: Bytes::new(),
        answered: Arc::default(),
    }
}

fn method(method: &axum::http::Method) -> &'static str {
    match method.as_str() {
        "GET" | "HEAD" => "GET",
        "POST" | "PUT" | "PATCH" => "POST",
        "DELETE" => "DELETE",
        _ => "",
    }
}

/// Removes doubled slashes, which old modules send, and the last one.
fn normalized(path: &str) -> String {
    let decoded = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
    let segments = decoded.trim().split('/').filter(|segment| !segment.is_empty());
    segments.fold(String::new(), |path, segment| path + "/" + segment.trim())
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// Decodes a request: key, version, account, idempotency key, parameters.
async fn read(incoming: &Incoming<'_>, body: &[u8]) -> Result<ApiRequest, ApiError> {
    let Incoming { method, path, headers, .. } = *incoming;
    let mut values = form::decode(incoming.query.as_bytes()).map_err(refuse)?;
    let boundary = header(headers, "content-type").as_deref().and_then(multipart::boundary);
    let form = match boundary {
        None if v2::is_path(path) => v2::body::decode(body),
        Some(boundary) => multipart::decode(body, boundary).await,
        None => form::decode(body),
    };
    values.extend(form.map_err(refuse)?);
    respell(method, path, &mut values);
    // Stripe.js sends these in the form, to avoid a preflight request.
    let mut own =
        |name: &str| values.shift_remove(name).and_then(|v| v.as_str().map(str::to_owned));
    let form_key = own("key").filter(|key| key.starts_with("pk_"));
    let form_account = own("_stripe_account");
    let form_version = own("_stripe_version");
    let key = if let Some(token) = v2::stream::token(headers, path) {
        token
    } else if oauth::is_path(path) {
        let key = authorize(headers, own("client_secret"), method, path);
        key.map_err(|refusal| oauth::refuse("invalid_client", refusal.message).status(401))?
    } else {
        authorize(headers, form_key, method, path)?
    };
    if origin::is_foreign(headers) && !key.starts_with("pk_") {
        let message = "A page of another origin cannot use a secret key.";
        return Err(ApiError { saved: false, ..ApiError::invalid(message).status(403) });
    }
    let version = header(headers, "stripe-version").or(form_version).unwrap_or_default();
    let account = header(headers, "stripe-account").or(form_account).filter(|id| !id.is_empty());
    let account = account.unwrap_or_else(|| PLATFORM.to_owned());
    let idempotency_key = match headers.get("idempotency-key") {
        Some(value) if method == "POST" || (method == "DELETE" && v2::is_path(path)) => {
            let value = value.to_str().unwrap_or_default().to_owned();
            idempotency::check_length(&value)?;
            Some(value)
        }
        _ => None,
    };
    let fingerprint = idempotency::fingerprint(method, &values);
    let client_ip = incoming.client_ip.clone();
    let params = Params::new(values);
    let names_version = !version.is_empty();
    let path = path.to_owned();
    let call = Call { method, path, params, version, names_version, key, client_ip };
    Ok(ApiRequest { call, account: account.into(), key: idempotency_key, fingerprint })
}

/// Checks that the version and the account exist; without a version the default applies.
fn admit(state: &SandboxState, request: &mut ApiRequest) -> Result<(), ApiError> {
    let version = &mut request.call.version;
    if version.is_empty() {
        version.clone_from(&state.settings.default_version);
    }
    if !version::is_known(version) {
        return Err(refuse(format!("Invalid Stripe API version: {version}")));
    }
    let call = &request.call;
    v2::stream::check(state, &call.key, &call.path)?;
    if let Some(own) = oauth::access::account_of(state, &call.key, call.method, &call.path)? {
        if *request.account != *PLATFORM && request.account != own {
            return Err(ApiError::account(&call.key, &request.account));
        }
        request.account = own;
    }
    let known = state.stored(&request.account);
    match known.filter(|stored| stored.kind == Kind::Account && !stored.is_deleted()) {
        Some(stored) if !is_cut_off(stored) => Ok(()),
        _ => Err(ApiError::account(&request.call.key, &request.account)),
    }
}

/// Whether the platform has no access to an account any more.
fn is_cut_off(stored: &Stored) -> bool {
    // A cheap test first: nearly no account is.
    stored.json.contains("\"_connected\":false") && oauth::access::is_disconnected(&stored.value())
}

fn refuse(message: String) -> ApiError {
    ApiError { saved: false, ..ApiError::invalid(message) }
}

/// The first result of a request.
enum First {
    /// An answer, or `None` to close the connection.
    Answer(Option<Reply>),
    /// It is executed after this many milliseconds.
    Late(ApiRequest, u64),
}

/// Executes a request, with the faults that match it; `None` closes the connection.
async fn run(
    shared: &Arc<Shared>,
    mut request: ApiRequest,
    incoming: &Incoming<'_>,
    mut log: Log,
) -> Option<Reply> {
    let request_id = log.request.id.clone();
    let unversioned = !incoming.headers.contains_key("stripe-version");
    let version;
    // The lock is taken once: every request needs it.
    let (request, delay) = {
        let _turn = shared.turn().await;
        let mut state = shared.state();
        if let Err(refusal) = admit(&state, &mut request) {
            return finish(log, &mut state, Some(Reply::refused(&refusal, &request_id)), None);
        }
        version = unversioned.then(|| request.call.version.clone());
        let rule = state.faults.matching(incoming.method, incoming.path);
        log.request.fault = rule.as_ref().map(|rule| rule.fault.name());
        match first(&mut state, request, rule.as_ref(), &request_id) {
            First::Answer(reply) => {
                let reply = finish(log, &mut state, reply, version);
                shared.wake_delivery_if_queued(&state);
                return reply;
            }
            First::Late(request, delay) => (request, delay),
        }
    };
    let ours = Arc::clone(shared);
    // In a task of its own: when the client hangs up meanwhile, its key must not stay in flight
    // for ever. Nothing else waits between the key and its answer.
    let late = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(delay)).await;
        let mut state = ours.state();
        let reply = state.execute(&request, &request_id, None);
        ours.wake_delivery_if_queued(&state);
        reply
    });
    let reply = late.await.unwrap_or_else(|failed| std::panic::resume_unwind(failed.into_panic()));
    finish(log, &mut shared.state(), Some(reply), version)
}

/// Logs the answer; an answer to a request without a version names the version that applied.
fn finish(
    log: Log,
    state: &mut SandboxState,
    reply: Option<Reply>,
    version: Option<String>,
) -> Option<Reply> {
    let reply = reply.map(|reply| match version {
        Some(version) => reply.with("stripe-version", version),
        None => reply,
    });
    log.end(state, reply.as_ref());
    reply
}

/// What a request comes to at once, with the fault that strikes it.
fn first(
    state: &mut SandboxState,
    request: ApiRequest,
    rule: Option<&Rule>,
    request_id: &str,
) -> First {
    if rule.is_some_and(|rule| rule.fault == InjectedFault::DropBefore) {
        return First::Answer(None);
    }
    if let Some(reply) = rule.and_then(|rule| before(rule, request_id)) {
        return First::Answer(Some(reply));
    }
    let mut reply = match state.begin(&request) {
        Err(refusal) => Reply::refused(&refusal, request_id),
        Ok(Some(stored)) => replay(&stored),
        Ok(None) => match rule {
            Some(rule) if rule.fault == InjectedFault::Delay => {
                return First::Late(request, rule.delay_ms.min(DELAY_MAX));
            }
            rule => {
                let broken = rule.filter(|rule| rule.fault == InjectedFault::ErrorExecuted);
                state.execute(&request, request_id, broken)
            }
        },
    };
    match rule.map(|rule| rule.fault) {
        Some(InjectedFault::DropAfter) => return First::Answer(None),
        Some(InjectedFault::Garbage) => reply.garbled = true,
        _ => {}
    }
    First::Answer(Some(reply))
}

/// The answer of a fault that fails before execution.
fn before(rule: &Rule, request_id: &str) -> Option<Reply> {
    let (status, kind, code, message) = match rule.fault {
        InjectedFault::ErrorNotExecuted => (500, "api_error", None, "An unknown error occurred"),
        InjectedFault::Unavailable => {
            (503, "api_error", None, "Stripe is temporarily unavailable.")
        }
        InjectedFault::RateLimit => (
            429,
            "invalid_request_error",
            Some("rate_limit"),
            "Request rate limit exceeded. Learn more about rate limits here \
             https://stripe.com/docs/rate-limits.",
        ),
        InjectedFault::LockTimeout => (
            429,
            "invalid_request_error",
            Some("lock_timeout"),
            "This object cannot be accessed right now because another API request or Stripe \
             process is currently accessing it. If you see this error intermittently, retry the \
             request.",
        ),
        InjectedFault::Conflict => {
            (409, "invalid_request_error", None, "The request conflicts with another request.")
        }
        _ => return None,
    };
    let refusal = ApiError { kind, code, ..ApiError::invalid(message).status(status) };
    let mut reply = Reply::refused(&refusal, request_id);
    if rule.fault == InjectedFault::RateLimit {
        reply = reply.with("stripe-rate-limited-reason", "global-rate");
    }
    if let Some(retry) = rule.should_retry {
        reply = reply.with("stripe-should-retry", retry.to_string());
    }
    Some(reply)
}

/// The answer to a CORS preflight request: only what a publishable key may do is open to pages.
pub fn preflight(path: &str) -> Response<Body> {
    if !is_open("POST", &normalized(path)) {
        return super::reply::response(403, "text/plain", String::new(), &[]);
    }
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

/// No parameters, for endpoints that the control interface calls.
pub fn no_params() -> Params {
    Params::new(Map::new())
}
