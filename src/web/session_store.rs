//! Sessions in the store: read with a request, written only when there is something to remember.

use crate::app::runtime::Runtime;
use crate::template::output::Effects;
use crate::web::session::{IdKind, Session, user_id};
use axum::http::header::{self, HeaderValue};
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value as Json, json};
use sluicegate_secret::card_number;
use sluicegate_store::error::Error as StoreError;
use sluicegate_store::state::Session as Stored;
use sluicegate_store::write::Write;
use std::sync::Arc;
use tokio::task::JoinError;

/// A row whose end would move by less than this part of its idle lifetime is not written again.
const TOUCH_PART: i32 = 10;

/// How long a message waits for the page that shows it.
const FLASH_KEPT: SignedDuration = SignedDuration::from_mins(10);

/// True when cookies are for HTTPS only.
pub fn is_secure(runtime: &Runtime) -> bool {
    runtime.public_url().starts_with("https://")
}

/// The session of a `Cookie` header, or a new one.
///
/// # Errors
/// The store's: a visitor who is signed in is not told that they are not.
pub async fn load(runtime: &Arc<Runtime>, cookies: &str) -> Result<Session, StoreError> {
    let (key, now) = (&runtime.config.instance_key, runtime.clock.now());
    let fresh = || Session::fresh(key, IdKind::Anonymous, now);
    let lifetime = runtime.config.sessions.lifetime;
    let sent = Session::id_in(cookies, is_secure(runtime));
    let known = sent.and_then(|id| Session::of_id(id, key, now, lifetime));
    let Some(mut session) = known else { return Ok(fresh()) };
    let (ours, hash) = (Arc::clone(runtime), session.hash());
    let reading = tokio::task::spawn_blocking(move || stored(&ours, &hash)).await;
    let panicked = |error: JoinError| StoreError::Broken(format!("it panicked: {error}").into());
    match reading.unwrap_or_else(|error| Err(panicked(error)))? {
        Some(stored) => fill(&mut session, stored),
        // It was ended, or it expired.
        None if session.kind == IdKind::User => return Ok(fresh()),
        None => {}
    }
    Ok(session)
}

/// The row of a session hash, unless it has expired.
fn stored(runtime: &Runtime, hash: &str) -> Result<Option<Stored>, StoreError> {
    let found = runtime.store.session(hash)?;
    Ok(found.filter(|found| found.expires_at > runtime.clock.now()))
}

fn fill(session: &mut Session, mut stored: Stored) {
    let mut part = |name: &str| match stored.data.get_mut(name).map(Json::take) {
        Some(Json::Object(map)) => map,
        _ => Map::new(),
    };
    (session.data, session.flash) = (part("data"), part("flash"));
    session.idle_seconds = stored.data.get("idle_seconds").and_then(Json::as_i64);
    session.expires_at = Some(stored.expires_at);
}

/// Stores what the effects change, and sets the cookie when the id is new. A flash that was shown
/// is removed; a new one is kept for the next request.
///
/// The id changes at sign-in, at sign-out and with the user.
///
/// # Errors
/// The store's, when the id or the data was to change. A flash is not worth a page.
pub fn keep(
    runtime: &Runtime,
    session: &Session,
    effects: &Effects,
    response: &mut Response,
) -> Result<(), StoreError> {
    let now = runtime.clock.now();
    let after = after(runtime, session, effects, now);
    let mut writes = Vec::new();
    if after.session.id != session.id && session.expires_at.is_some() {
        writes.push(Write::SessionDelete { id_hash: session.hash() });
    }
    writes.extend(write(runtime, session, &after, now));
    if !writes.is_empty()
        && let Err(error) = runtime.store.commit(writes)
    {
        if after.session.id != session.id || after.session.data != session.data {
            return Err(error);
        }
        tracing::warn!("the session could not be kept: {error}");
    }
    if after.session.is_new {
        let cookie = after.session.cookie(is_secure(runtime), runtime.config.sessions.lifetime);
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
    Ok(())
}

/// A session after its request.
struct After {
    session: Session,
    /// Messages for the next request.
    flash: Map<String, Json>,
}

fn after(runtime: &Runtime, session: &Session, effects: &Effects, now: Timestamp) -> After {
    let mut next = session.clone();
    let flash = effects.flash.clone();
    if !session.is_trusted {
        return After { session: next, flash };
    }
    let before = session.user_id();
    apply(&mut next.data, &effects.session);
    if let Some((user, minutes)) = &effects.sign_in {
        // A page may have stored more about the same user.
        if user_id(&next.data).as_ref() != Some(user) {
            next.data.insert("current_user".to_owned(), json!({ "id": user }));
        }
        let minutes = minutes.filter(|minutes| *minutes > 0);
        next.idle_seconds = minutes.map(|minutes| i64::from(minutes) * 60);
    }
    let user = user_id(&next.data);
    if user == before && effects.sign_in.is_none() {
        return After { session: next, flash };
    }
    let kind = if user.is_some() { IdKind::User } else { IdKind::Anonymous };
    let mut data = next.data;
    if before.is_some() && before != user {
        // Nothing of the former user is left to the next one.
        let current_user = data.shift_remove("current_user").filter(|_| user.is_some());
        data = Map::from_iter(current_user.map(|user| ("current_user".to_owned(), user)));
        let others = effects.session.iter().filter(|(name, _)| name != "current_user");
        apply(&mut data, &others.cloned().collect::<Vec<_>>());
    }
    let fresh = Session::fresh(&runtime.config.instance_key, kind, now);
    let idle_seconds = next.idle_seconds.filter(|_| effects.sign_in.is_some());
    After { session: Session { data, idle_seconds, ..fresh }, flash }
}

/// Sets the names of the `session` tag; a blank value removes one.
fn apply(data: &mut Map<String, Json>, set: &[(String, Json)]) {
    for (name, value) in set {
        if value.is_null() || value.as_str() == Some("") {
            data.shift_remove(name);
        } else {
            data.insert(name.clone(), value.clone());
        }
    }
}

/// The write of the session, if its row has to change.
fn write(runtime: &Runtime, before: &Session, after: &After, now: Timestamp) -> Option<Write> {
    let After { session, flash } = after;
    let limits = &runtime.config.sessions;
    let idle = session.idle_seconds.map_or(limits.idle, SignedDuration::from_secs);
    let expires_at = (now + idle).min(session.issued_at + limits.lifetime);
    let has_row = session.expires_at.is_some();
    let is_changed = session.id != before.id
        || session.data != before.data
        || !flash.is_empty()
        || !before.flash.is_empty();
    let is_stale = session.expires_at.is_some_and(|end| end + idle / TOUCH_PART < expires_at);
    if !is_changed && !is_stale {
        return None;
    }
    let id_hash = session.hash();
    if session.data.is_empty() && flash.is_empty() {
        return has_row.then_some(Write::SessionDelete { id_hash });
    }
    // A message for the next page is nothing to remember for long: anybody may cause one.
    let has_data = !session.data.is_empty();
    let expires_at = if has_data { expires_at } else { expires_at.min(now + FLASH_KEPT) };
    let mut data = json!({ "idle_seconds": session.idle_seconds });
    data["data"] = Json::Object(session.data.clone());
    data["flash"] = Json::Object(flash.clone());
    card_number::mask_json(&mut data);
    let user_id = user_id(&session.data);
    let stored = Stored { id_hash, data, user_id, expires_at };
    // A user's session that was ended meanwhile stays ended.
    let is_update = has_row && session.kind == IdKind::User;
    Some(if is_update { Write::SessionUpdate(stored) } else { Write::SessionPut(stored) })
}
