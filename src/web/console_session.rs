//! The console's own sessions: an operator who signed in with an API token.
//!
//! A session is a row of its own with the fingerprint of the token. It ends when the token is taken
//! out of the settings, and its scope is what the settings give the token now.

use crate::app::runtime::Runtime;
use crate::web::access;
use crate::web::error::HttpError;
use crate::web::platform_request::{PlatformRequest, header_text};
use crate::web::responder::blocking;
use crate::web::session::{IdKind, Session, cookie_named};
use crate::web::session_store::is_secure;
use axum::http::{HeaderValue, StatusCode};
use jiff::SignedDuration;
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use sluicegate_secret::api_token::{ApiToken, TokenScope};
use sluicegate_store::error::Error as StoreError;
use sluicegate_store::state::Session as Stored;
use sluicegate_store::write::Write;
use std::sync::Arc;
use subtle::ConstantTimeEq as _;

/// How long a session lasts without a request.
const IDLE: SignedDuration = SignedDuration::from_hours(1);
/// How long it lasts in all.
const LIFETIME: SignedDuration = SignedDuration::from_hours(12);
/// Its end is moved when that gains this much.
const TOUCH: SignedDuration = SignedDuration::from_mins(5);

const COOKIE: &str = "sluicegate_console";
const SECURE_COOKIE: &str = "__Host-sluicegate_console";
/// The purposes of the derived keys.
const FINGERPRINT: &str = "web/console-token";
const CSRF: &str = "web/console-csrf";

/// Who uses the console.
#[derive(Debug, Clone)]
pub struct Operator {
    /// What they may do.
    pub scope: TokenScope,
    /// The fingerprint of their token, or `loopback`.
    pub name: String,
    /// The id of their session; `None` for a program, which sends its token each time.
    session: Option<String>,
}

impl Operator {
    /// Refuses an operator whose scope is too small.
    ///
    /// # Errors
    /// 403.
    pub fn check(&self, needed: TokenScope) -> Result<(), HttpError> {
        access::check_scope(self.scope, needed)
    }

    /// Refuses a post of another site's page: a browser sends its cookie with it.
    ///
    /// # Errors
    /// 403 without the token of the session's pages.
    pub fn check_csrf(&self, runtime: &Runtime, visit: &PlatformRequest) -> Result<(), HttpError> {
        let posted = visit.params.get("authenticity_token").and_then(Json::as_str);
        let sent = posted.or_else(|| header_text(&visit.headers, "x-csrf-token"));
        let own = self.csrf_token(runtime);
        let is_ours = bool::from(own.as_bytes().ct_eq(sent.unwrap_or_default().as_bytes()));
        if (is_ours || self.session.is_none()) && !access::is_foreign(runtime, &visit.headers) {
            return Ok(());
        }
        let message = "This page is too old. Please load it again.";
        Err(HttpError::new(StatusCode::FORBIDDEN, message))
    }

    /// The CSRF token of the operator's pages; empty without a session.
    pub fn csrf_token(&self, runtime: &Runtime) -> String {
        let mac = |id: &String| hex::encode(runtime.config.instance_key.mac(CSRF, id.as_bytes()));
        self.session.as_ref().map(mac).unwrap_or_default()
    }

    /// True for an operator with a session, who can sign out.
    pub fn has_session(&self) -> bool {
        self.session.is_some()
    }
}

/// Who asks: the bearer of a token, a local program in development, or a signed-in operator.
///
/// # Errors
/// As [`access::scope`]; 503 when the database cannot be read.
pub async fn operator(
    runtime: &Arc<Runtime>,
    visit: &PlatformRequest,
) -> Result<Operator, HttpError> {
    if access::bearer(&visit.headers).is_none()
        && let Some(operator) = signed_in(runtime, visit).await?
    {
        return Ok(operator);
    }
    let scope = access::scope(runtime, visit)?;
    let name = access::bearer(&visit.headers)
        .map_or_else(|| "loopback".to_owned(), |token| fingerprint(runtime, token.trim()));
    Ok(Operator { scope, name, session: None })
}

async fn signed_in(
    runtime: &Arc<Runtime>,
    visit: &PlatformRequest,
) -> Result<Option<Operator>, HttpError> {
    let Some(id) = id(runtime, visit) else { return Ok(None) };
    let runtime = Arc::clone(runtime);
    blocking(move || Ok(read(&runtime, &id)?)).await
}

/// The id of the session in the cookie, if this instance issued it lately.
fn id(runtime: &Runtime, visit: &PlatformRequest) -> Option<Session> {
    let cookies = header_text(&visit.headers, "cookie")?;
    let id = cookie_named(cookies, cookie_name(runtime))?;
    Session::of_id(id, &runtime.config.instance_key, runtime.clock.now(), LIFETIME)
}

fn read(runtime: &Runtime, id: &Session) -> Result<Option<Operator>, StoreError> {
    let now = runtime.clock.now();
    let found = runtime.store.session(&row(&id.id))?.filter(|found| found.expires_at > now);
    let Some(mut found) = found else { return Ok(None) };
    let name = found.data.get("token").and_then(Json::as_str).unwrap_or_default().to_owned();
    let is_it = |one: &&ApiToken| fingerprint(runtime, one.token.expose()) == name;
    let Some(token) = runtime.config.api_tokens.iter().find(is_it) else { return Ok(None) };
    let end = (now + IDLE).min(id.issued_at + LIFETIME);
    if found.expires_at + TOUCH < end {
        found.expires_at = end;
        // The console is needed most while nothing can be stored.
        if let Err(error) = runtime.store.commit(vec![Write::SessionUpdate(found)]) {
            tracing::warn!("the operator's session could not be extended: {error}");
        }
    }
    Ok(Some(Operator { scope: token.scope, name, session: Some(id.id.clone()) }))
}

/// Begins a session for a token that the settings know; its scope, and the cookie.
///
/// # Errors
/// The store's.
pub fn begin(
    runtime: &Runtime,
    token: &str,
) -> Result<Option<(Operator, HeaderValue)>, StoreError> {
    let Some(scope) = runtime.config.api_tokens.scope_of(token) else { return Ok(None) };
    let now = runtime.clock.now();
    let session = Session::fresh(&runtime.config.instance_key, IdKind::User, now);
    let name = fingerprint(runtime, token);
    let stored = Stored {
        id_hash: row(&session.id),
        data: json!({ "token": name }),
        user_id: None,
        expires_at: now + IDLE,
    };
    runtime.store.commit(vec![Write::SessionPut(stored)])?;
    let cookie = cookie(runtime, &session.id, LIFETIME);
    Ok(Some((Operator { scope, name, session: Some(session.id) }, cookie)))
}

/// Ends the operator's session; the cookie that removes theirs.
///
/// # Errors
/// The store's.
pub fn end(runtime: &Runtime, operator: &Operator) -> Result<HeaderValue, StoreError> {
    if let Some(id) = &operator.session {
        runtime.store.commit(vec![Write::SessionDelete { id_hash: row(id) }])?;
    }
    Ok(cookie(runtime, "", SignedDuration::ZERO))
}

/// The key of a console session's row: no visitor's session has it.
fn row(id: &str) -> String {
    hex::encode(Sha256::digest(format!("console/{id}")))
}

/// A short name of a token, for rows and the audit log; the token cannot be found from it.
pub fn fingerprint(runtime: &Runtime, token: &str) -> String {
    hex::encode(&runtime.config.instance_key.mac(FINGERPRINT, token.as_bytes())[..8])
}

fn cookie_name(runtime: &Runtime) -> &'static str {
    if is_secure(runtime) { SECURE_COOKIE } else { COOKIE }
}

fn cookie(runtime: &Runtime, id: &str, age: SignedDuration) -> HeaderValue {
    let (name, age) = (cookie_name(runtime), age.as_secs());
    let secure = if is_secure(runtime) { "; Secure" } else { "" };
    let text = format!("{name}={id}; Path=/; HttpOnly; SameSite=Strict; Max-Age={age}{secure}");
    HeaderValue::from_str(&text).expect("base64 and digits are ASCII")
}
