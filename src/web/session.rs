//! Sessions: a cookie with a random id, data in the store under its hash, flash for one request.
//!
//! A session is written only when it changes, so that visitors who only read cost no commit. The
//! CSRF token is derived from the id and not stored.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value as Json};
use sha2::{Digest as _, Sha256};
use sluicegate_secret::InstanceKey;
use subtle::ConstantTimeEq as _;

/// The cookie's name.
pub const COOKIE: &str = "sluicegate_session";
/// How long an unused session is kept, in seconds: two weeks.
pub const LIFETIME_SECONDS: i64 = 14 * 24 * 3600;

/// A visitor's session during one request.
#[derive(Debug, Clone, Default)]
pub struct Session {
    /// The secret id in the cookie.
    pub id: String,
    /// True when the visitor does not have the cookie yet.
    pub is_new: bool,
    /// The data that templates stored with the `session` tag.
    pub data: Map<String, Json>,
    /// Messages for this request, set by the previous one.
    pub flash: Map<String, Json>,
}

impl Session {
    /// A new session for a visitor without a cookie.
    pub fn fresh() -> Self {
        let id: [u8; 32] = rand::random();
        Self { id: URL_SAFE_NO_PAD.encode(id), is_new: true, ..Self::default() }
    }

    /// The id in a `Cookie` header, if it has the format of a session id.
    pub fn id_in(cookies: &str) -> Option<String> {
        let cookie = cookies.split(';').filter_map(|c| c.trim().split_once('='));
        let (_, id) = cookie.into_iter().find(|(name, _)| *name == COOKIE)?;
        let is_ours = URL_SAFE_NO_PAD.decode(id).is_ok_and(|bytes| bytes.len() == 32);
        is_ours.then(|| id.to_owned())
    }

    /// The store's key of the session; reading the database does not reveal the cookie.
    pub fn hash(&self) -> String {
        hex::encode(Sha256::digest(self.id.as_bytes()))
    }

    /// The CSRF token of this session.
    pub fn csrf_token(&self, key: &InstanceKey) -> String {
        URL_SAFE_NO_PAD.encode(key.mac("web/csrf", self.id.as_bytes()))
    }

    /// True when `token` is this session's CSRF token.
    pub fn accepts(&self, token: &str, key: &InstanceKey) -> bool {
        !self.is_new && bool::from(self.csrf_token(key).as_bytes().ct_eq(token.as_bytes()))
    }

    /// The signed-in user as `context.current_user`, or null.
    pub fn current_user(&self) -> Json {
        self.data.get("current_user").cloned().unwrap_or(Json::Null)
    }

    /// The `Set-Cookie` value; `Secure` if the site is served over HTTPS.
    pub fn cookie(&self, secure: bool) -> String {
        let secure = if secure { "; Secure" } else { "" };
        format!(
            "{COOKIE}={}; Path=/; HttpOnly; SameSite=Lax; Max-Age={LIFETIME_SECONDS}{secure}",
            self.id
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_one_sessions_and_one_instances() {
        let key = InstanceKey::random();
        let mut session = Session::fresh();
        let token = session.csrf_token(&key);
        assert!(!session.accepts(&token, &key), "a visitor without the cookie posts for nobody");
        session.is_new = false;
        assert!(session.accepts(&token, &key));
        assert!(!session.accepts("", &key));
        assert!(!session.accepts(&token, &InstanceKey::random()));
        assert!(!Session::fresh().accepts(&token, &key));
    }

    #[test]
    fn only_our_cookie_is_read() {
        let session = Session::fresh();
        let cookies = format!("a=b; {COOKIE}={}; c=d", session.id);
        assert_eq!(Session::id_in(&cookies), Some(session.id));
        assert_eq!(Session::id_in("sluicegate_session=short"), None);
        assert_eq!(Session::id_in(""), None);
    }
}
