//! The signed envelope of a request-type form: the page's decisions and the idempotency key.
//!
//! The classic module signs values without their names and lets the client say which were signed,
//! so a visitor can rename a signed `"1"` to `amount` or add `destination`. Here one signed string
//! holds names, values, form, expiry and key; any other name counts only if the page left it open.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use sha2::{Digest as _, Sha256};
use sluicegate_secret::InstanceKey;
use subtle::ConstantTimeEq as _;

/// How long a rendered form can be submitted.
pub const LIFETIME: SignedDuration = SignedDuration::from_hours(12);
/// The purpose of the derived key that signs envelopes.
const PURPOSE: &str = "form/envelope";

/// Everything a page decided about one gateway request when its form was rendered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Envelope {
    /// The form's name, so that a signature made for one form is not valid for another.
    pub form: String,
    /// The module that talks to the gateway, such as `stripe`.
    pub gateway: String,
    /// The request type, such as `create_payment`.
    pub request_type: String,
    /// The names and values sent to the gateway.
    pub data: Map<String, Json>,
    /// The names and values of the configuration.
    pub config: Map<String, Json>,
    /// The names of `data` that the visitor fills in, such as the card token.
    pub open: Vec<String>,
    /// The expiry, in Unix seconds.
    pub expires_at: i64,
    /// Created with the form, so that a double click, a reload and a retry are one operation.
    pub idempotency_key: String,
    /// The path to return to.
    pub current_path: String,
    /// The session that the form was rendered for, by [`session_mark`].
    #[serde(default)]
    pub session: String,
}

/// The mark of a session in its envelopes: made from the session's CSRF token, and telling nothing
/// of it.
pub fn session_mark(csrf_token: &str) -> String {
    hex::encode(&Sha256::digest(csrf_token.as_bytes())[..16])
}

/// Why a submitted envelope is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It was not made by this instance, or it was changed.
    #[error(
        "This form was changed after it was made, so nothing was sent. Please load the page again."
    )]
    Tampered,
    /// It is older than [`LIFETIME`].
    #[error("This form is too old, so nothing was sent. Please load the page again.")]
    Stale,
    /// It was rendered for another session.
    #[error(
        "This form belongs to another session, so nothing was sent. Please load the page again."
    )]
    Foreign,
    /// A field was posted that the page did not leave open.
    #[error(
        "The request has a field that this form does not have, so nothing was sent. Please load the page again."
    )]
    Added,
}

impl Envelope {
    /// Returns the expiry of a form rendered at `now`, in Unix seconds.
    pub fn expiry(now: Timestamp) -> i64 {
        now.as_second() + LIFETIME.as_secs()
    }

    /// Returns the value of the hidden input: `base64url(JSON) "." base64url(HMAC)`.
    pub fn seal(&self, key: &InstanceKey) -> String {
        let json = serde_json::to_vec(self).expect("an envelope holds nothing JSON cannot say");
        let text = URL_SAFE_NO_PAD.encode(json);
        let mac = key.mac(PURPOSE, text.as_bytes());
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(mac))
    }

    /// Opens a posted envelope that this instance made for `form` and that has not expired. The
    /// caller compares [`Envelope::session`].
    ///
    /// # Errors
    /// [`Refusal::Tampered`] or [`Refusal::Stale`]; the caller must not send anything.
    pub fn open(
        text: &str,
        form: &str,
        key: &InstanceKey,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let (json, mac) = text.split_once('.').ok_or(Refusal::Tampered)?;
        let given = URL_SAFE_NO_PAD.decode(mac).map_err(|_| Refusal::Tampered)?;
        let made = key.mac(PURPOSE, json.as_bytes());
        if !bool::from(given.ct_eq(&made[..])) {
            return Err(Refusal::Tampered);
        }
        let bytes = URL_SAFE_NO_PAD.decode(json).map_err(|_| Refusal::Tampered)?;
        let envelope: Self = serde_json::from_slice(&bytes).map_err(|_| Refusal::Tampered)?;
        if envelope.form != form {
            return Err(Refusal::Tampered);
        }
        if now.as_second() >= envelope.expires_at {
            return Err(Refusal::Stale);
        }
        Ok(envelope)
    }

    /// Returns the data of the submission: the signed values, and the visitor's values for open
    /// names.
    ///
    /// # Errors
    /// [`Refusal::Added`] when `posted` contains a name that is neither signed nor open, and
    /// [`Refusal::Tampered`] when it changes a signed value.
    pub fn fill(&self, posted: &Map<String, Json>) -> Result<Map<String, Json>, Refusal> {
        let mut data = self.data.clone();
        for (name, value) in posted {
            if self.open.contains(name) {
                data.insert(name.clone(), value.clone());
            } else {
                match self.data.get(name) {
                    Some(signed) if posted_text(signed) == posted_text(value) => {}
                    Some(_) => return Err(Refusal::Tampered),
                    None => return Err(Refusal::Added),
                }
            }
        }
        Ok(data)
    }
}

/// A value as a hidden input carries it: strings unquoted, everything else as JSON.
fn posted_text(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Null => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn map(value: Json) -> Map<String, Json> {
        value.as_object().expect("an object").clone()
    }

    fn envelope() -> Envelope {
        Envelope {
            form: "modules/payments/gateway_request_form".to_owned(),
            gateway: "stripe".to_owned(),
            request_type: "create_payment".to_owned(),
            data: map(json!({"amount": 500, "currency": "usd", "quantity": "1"})),
            config: map(json!({"button": "Buy"})),
            open: vec!["source".to_owned()],
            expires_at: 2_000,
            idempotency_key: "k1".to_owned(),
            current_path: "/".to_owned(),
            session: session_mark("token"),
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    #[test]
    fn opens_only_unchanged_for_its_form_and_in_time() {
        let key = InstanceKey::random();
        let (one, sealed) = (envelope(), envelope().seal(&key));
        let open = |text: &str, form: &str, second| Envelope::open(text, form, &key, at(second));
        assert_eq!(open(&sealed, &one.form, 1_999), Ok(one.clone()));
        assert_eq!(open(&sealed, &one.form, 2_000), Err(Refusal::Stale));
        assert_eq!(open(&sealed, "other_form", 1_000), Err(Refusal::Tampered));
        let other = Envelope::open(&sealed, &one.form, &InstanceKey::random(), at(1_000));
        assert_eq!(other, Err(Refusal::Tampered));
        for (place, byte) in sealed.bytes().enumerate() {
            let mut changed = sealed.clone().into_bytes();
            changed[place] = if byte == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).expect("ASCII");
            // The last character of a base64 string has unused bits, which must be zero.
            assert_eq!(open(&changed, &one.form, 1_000), Err(Refusal::Tampered), "{place}");
        }
        for bad in ["", ".", "e30.", "e30"] {
            assert_eq!(open(bad, &one.form, 1_000), Err(Refusal::Tampered));
        }
    }

    #[test]
    fn a_visitor_fills_open_names_only() {
        let one = envelope();
        let filled = one.fill(&map(json!({"source": "tok_visa", "amount": "500"}))).expect("fine");
        assert_eq!(filled["source"], json!("tok_visa"));
        assert_eq!(filled["amount"], json!(500));
        let changed = one.fill(&map(json!({"amount": "1"})));
        assert_eq!(changed, Err(Refusal::Tampered));
        let added = one.fill(&map(json!({"destination": "acct_thief"})));
        assert_eq!(added, Err(Refusal::Added));
    }
}
