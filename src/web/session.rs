//! Sessions: a cookie with a signed id, and data in the store under the id's hash.
//!
//! A visitor with nothing to remember has a cookie and no row: the id is signed with the instance
//! key, and the CSRF token is derived from it. An id that this instance did not issue is not taken
//! over. The id of a signed-in user counts only while its row exists.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value as Json};
use sha2::{Digest as _, Sha256};
use sluicegate_secret::InstanceKey;
use subtle::ConstantTimeEq as _;

/// The cookie's name over plain HTTP.
pub const COOKIE: &str = "sluicegate_session";
/// The cookie's name over HTTPS: browsers accept it from this host only, and only over HTTPS.
pub const SECURE_COOKIE: &str = "__Host-sluicegate_session";

/// The purpose of the key that signs ids.
const SIGNED: &str = "web/session";
/// The purpose of the key that derives CSRF tokens.
const CSRF: &str = "web/csrf";
/// The purpose of the key that derives the ids that pages see.
const VISITOR: &str = "web/visitor";
/// Kind, time of issue, random bytes.
const PAYLOAD_BYTES: usize = 1 + 8 + 24;
const MAC_BYTES: usize = 32;

/// What an id was issued for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IdKind {
    /// A visitor who is not signed in. It needs no row.
    #[default]
    Anonymous,
    /// A signed-in user. Without its row it is void.
    User,
}

/// A visitor's session during one request.
#[derive(Debug, Clone, Default)]
pub struct Session {
    /// The secret id in the cookie.
    pub id: String,
    /// What the id was issued for.
    pub kind: IdKind,
    /// When the id was issued.
    pub issued_at: Timestamp,
    /// True when the visitor does not have the cookie yet.
    pub is_new: bool,
    /// False when a changing request came without the CSRF token: templates then see no session,
    /// and change none.
    pub is_trusted: bool,
    /// The data that templates stored with the `session` tag.
    pub data: Map<String, Json>,
    /// Messages for this request, set by the previous one.
    pub flash: Map<String, Json>,
    /// The idle lifetime that `sign_in` asked for, in seconds.
    pub idle_seconds: Option<i64>,
    /// When the stored row expires; `None` without a row.
    pub expires_at: Option<Timestamp>,
}

impl Session {
    /// A new session.
    pub fn fresh(key: &InstanceKey, kind: IdKind, now: Timestamp) -> Self {
        let mut payload = Vec::with_capacity(PAYLOAD_BYTES + MAC_BYTES);
        payload.push(u8::from(kind == IdKind::User));
        payload.extend(now.as_second().to_be_bytes());
        payload.extend(rand::random::<[u8; 24]>());
        let mac = key.mac(SIGNED, &payload);
        payload.extend(mac);
        let id = URL_SAFE_NO_PAD.encode(payload);
        Self { id, kind, issued_at: now, is_new: true, is_trusted: true, ..Self::default() }
    }

    /// The session of an id that this instance issued not longer ago than `lifetime`; its data is
    /// not read yet.
    pub fn of_id(
        id: &str,
        key: &InstanceKey,
        now: Timestamp,
        lifetime: SignedDuration,
    ) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(id).ok()?;
        let (payload, mac) = bytes.split_at_checked(PAYLOAD_BYTES)?;
        if !bool::from(key.mac(SIGNED, payload).ct_eq(mac)) {
            return None;
        }
        let kind = if payload[0] == 1 { IdKind::User } else { IdKind::Anonymous };
        let second = i64::from_be_bytes(payload.get(1..9)?.try_into().ok()?);
        let issued_at = Timestamp::from_second(second).ok()?;
        let is_over = now.duration_since(issued_at) >= lifetime;
        let id = id.to_owned();
        (!is_over).then(|| Self { id, kind, issued_at, is_trusted: true, ..Self::default() })
    }

    /// The id in a `Cookie` header.
    pub fn id_in(cookies: &str, secure: bool) -> Option<&str> {
        cookie_named(cookies, cookie_name(secure))
    }

    /// The store's key of the session; reading the database does not reveal the cookie.
    pub fn hash(&self) -> String {
        hex::encode(Sha256::digest(self.id.as_bytes()))
    }

    /// The CSRF token of this session.
    pub fn csrf_token(&self, key: &InstanceKey) -> String {
        URL_SAFE_NO_PAD.encode(key.mac(CSRF, self.id.as_bytes()))
    }

    /// True when `token` is this session's CSRF token.
    pub fn accepts(&self, token: &str, key: &InstanceKey) -> bool {
        !self.is_new && bool::from(self.csrf_token(key).as_bytes().ct_eq(token.as_bytes()))
    }

    /// A name of this visitor that pages may store, as `context.visitor.id`: it lasts as long as
    /// the session's id and tells nothing of it.
    pub fn visitor_id(&self, key: &InstanceKey) -> String {
        hex::encode(&key.mac(VISITOR, self.id.as_bytes())[..16])
    }

    /// The signed-in user as `context.current_user`, or null.
    pub fn current_user(&self) -> Json {
        self.data.get("current_user").filter(|_| self.is_trusted).cloned().unwrap_or(Json::Null)
    }

    /// The signed-in user's id.
    pub fn user_id(&self) -> Option<String> {
        user_id(&self.data).filter(|_| self.is_trusted)
    }

    /// The `Set-Cookie` value.
    pub fn cookie(&self, secure: bool, lifetime: SignedDuration) -> String {
        let (name, id, age) = (cookie_name(secure), &self.id, lifetime.as_secs());
        let secure = if secure { "; Secure" } else { "" };
        format!("{name}={id}; Path=/; HttpOnly; SameSite=Lax; Max-Age={age}{secure}")
    }
}

/// The id of the user that a session's data names.
pub fn user_id(data: &Map<String, Json>) -> Option<String> {
    match data.get("current_user")?.get("id")? {
        Json::String(id) if !id.trim().is_empty() => Some(id.clone()),
        Json::Number(id) => Some(id.to_string()),
        _ => None,
    }
}

/// The value of a cookie in a `Cookie` header.
pub fn cookie_named<'a>(cookies: &'a str, name: &str) -> Option<&'a str> {
    let mut cookies = cookies.split(';').filter_map(|cookie| cookie.trim().split_once('='));
    cookies.find(|(known, _)| *known == name).map(|(_, value)| value)
}

fn cookie_name(secure: bool) -> &'static str {
    if secure { SECURE_COOKIE } else { COOKIE }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    #[test]
    fn a_token_is_one_sessions_and_one_instances() {
        let key = InstanceKey::random();
        let mut session = Session::fresh(&key, IdKind::Anonymous, at(0));
        let token = session.csrf_token(&key);
        assert!(!session.accepts(&token, &key), "a visitor without the cookie posts for nobody");
        session.is_new = false;
        assert!(session.accepts(&token, &key));
        assert!(!session.accepts("", &key));
        assert!(!session.accepts(&token, &InstanceKey::random()));
        let mut other = Session::fresh(&key, IdKind::Anonymous, at(0));
        other.is_new = false;
        assert!(!other.accepts(&token, &key));
        assert_ne!(session.visitor_id(&key), other.visitor_id(&key));
    }

    #[test]
    fn only_an_id_that_was_issued_here_and_lately_counts() {
        let key = InstanceKey::random();
        for kind in [IdKind::Anonymous, IdKind::User] {
            let id = Session::fresh(&key, kind, at(1_000)).id;
            let known = Session::of_id(&id, &key, at(2_000), WEEK).expect("issued here");
            assert_eq!((known.kind, known.issued_at, known.is_new), (kind, at(1_000), false));
            assert!(Session::of_id(&id, &InstanceKey::random(), at(2_000), WEEK).is_none());
            assert!(Session::of_id(&id, &key, at(1_000) + WEEK, WEEK).is_none());
            // Another kind, time or number under the same signature.
            let bytes = URL_SAFE_NO_PAD.decode(&id).expect("base64");
            for place in 0..bytes.len() {
                let mut changed = bytes.clone();
                changed[place] ^= 1;
                let changed = URL_SAFE_NO_PAD.encode(changed);
                assert!(Session::of_id(&changed, &key, at(2_000), WEEK).is_none(), "{place}");
            }
        }
        for id in ["", "short", &"A".repeat(43), &"A".repeat(87), &"A".repeat(10_000)] {
            assert!(Session::of_id(id, &key, at(0), WEEK).is_none(), "{id}");
        }
    }

    #[test]
    fn the_name_of_the_cookie_depends_on_the_scheme() {
        let cookies = format!("a=b; {COOKIE}=plain; {SECURE_COOKIE}=secure; c=d");
        assert_eq!(Session::id_in(&cookies, false), Some("plain"));
        assert_eq!(Session::id_in(&cookies, true), Some("secure"));
        assert_eq!(Session::id_in(&format!("{COOKIE}=plain"), true), None);
        assert_eq!(Session::id_in("", false), None);
        let session = Session::fresh(&InstanceKey::random(), IdKind::Anonymous, at(0));
        let cookie = session.cookie(true, WEEK);
        assert!(cookie.starts_with("__Host-") && cookie.contains("; Path=/;"), "{cookie}");
        assert!(cookie.ends_with("; Secure") && !cookie.contains("Domain"), "{cookie}");
        assert!(!session.cookie(false, WEEK).contains("Secure"));
    }
}
