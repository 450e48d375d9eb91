//! The parts of a webhook event that the host reads, and the name of its processor.

use crate::webhook::partial_json::{self, Select};
use serde_json::Value as Json;
use sluicegate_failpoint::injected_bug;
use sluicegate_store::document::Document;

/// The maximum length of an id or type.
const NAME_CHARS_MAX: usize = 255;

/// The members of an event that are read on arrival.
const WANTED: &[Select] = &[
    Select::Value("id", 0),
    Select::Value("type", 1),
    Select::Value("account", 2),
    Select::Value("livemode", 3),
    Select::Inside("data", &[Select::Inside("object", &[Select::Value("id", 4)])]),
];

/// The parts of an event that the host reads, and the complete event for its processor.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The event's id, `evt_…`.
    pub id: String,
    /// The event's type, such as `charge.refunded`.
    pub kind: String,
    /// The connected account it concerns; `None` for the platform's own.
    pub account: Option<String>,
    /// False for test mode.
    pub livemode: bool,
    /// The id of its object; events of one object are processed in order.
    pub object: Option<String>,
    /// The complete event as it was sent.
    pub json: Document,
}

/// Why a signed body is not an event. It is refused with 400 and not stored.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not JSON, or nested too deeply.
    #[error("the body is not JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// Not UTF-8, so not JSON.
    #[error("the body is not JSON: {0}")]
    Utf8(#[from] std::str::Utf8Error),
    /// `id`, `type` or `account` is missing, too long, or has unexpected characters.
    #[error("the event has no usable `{0}`")]
    Field(&'static str),
}

#[cfg(test)]
impl PartialEq for Error {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl Event {
    /// Parses a body whose signature was verified.
    ///
    /// # Errors
    /// [`Error`]. A type may only hold letters, digits, `.` and `_`, because it names a partial.
    pub fn read(body: &[u8]) -> Result<Self, Error> {
        let text = str::from_utf8(body)?;
        // serde_json bounds the nesting at 128 levels.
        let read = partial_json::read(text, WANTED)?;
        Self::of(read, || Document::of_text(text))
    }

    /// Reads an event that is already parsed: a stored or a listed one.
    ///
    /// # Errors
    /// [`Error::Field`].
    pub fn from_json(json: impl Into<Document>) -> Result<Self, Error> {
        let json = json.into();
        let paths = ["/id", "/type", "/account", "/livemode", "/data/object/id"];
        let read = paths.map(|path| json.pointer(path).cloned().unwrap_or_default());
        Self::of(read, || json)
    }

    /// The event from the members in [`WANTED`] and the complete document.
    fn of(read: [Json; 5], whole: impl FnOnce() -> Document) -> Result<Self, Error> {
        let [id, kind, account, livemode, object] = read;
        let id = text(id).filter(|id| is_plain(id, "_-")).ok_or(Error::Field("id"))?;
        let kind = text(kind).filter(|kind| is_plain(kind, "._")).ok_or(Error::Field("type"))?;
        let account = match account {
            Json::Null => None,
            account => {
                let account = text(account).filter(|a| is_plain(a, "_-"));
                Some(account.ok_or(Error::Field("account"))?)
            }
        };
        let livemode = livemode.as_bool().unwrap_or(false);
        Ok(Self { id, kind, account, livemode, object: text(object), json: whole() })
    }

    /// When Stripe created it, in seconds since 1970.
    pub fn created(&self) -> Option<i64> {
        self.json.get("created").and_then(Json::as_i64)
    }

    /// Unique across all of Stripe's events: event ids are unique within an account.
    pub fn key(&self) -> String {
        if injected_bug("key_without_account") {
            return self.id.clone();
        }
        format!("{}:{}", self.account.as_deref().unwrap_or("-"), self.id)
    }

    /// The ordering key, shared by all events about one object; `None` without an object id.
    pub fn ordering_key(&self) -> Option<String> {
        let object = self.object.as_deref()?;
        Some(format!("{}:{object}", self.account.as_deref().unwrap_or("-")))
    }
}

/// The partial that processes events of type `kind` in the module of `gateway`:
/// `modules/stripe/webhook_processors/charge_refunded`.
pub fn processor(gateway: &str, kind: &str) -> String {
    format!("modules/{gateway}/webhook_processors/{}", kind.replace('.', "_"))
}

fn text(json: Json) -> Option<String> {
    match json {
        Json::String(text) => Some(text),
        _ => None,
    }
}

fn is_plain(text: &str, marks: &str) -> bool {
    !text.is_empty()
        && text.len() <= NAME_CHARS_MAX
        && text.chars().all(|c| c.is_ascii_alphanumeric() || marks.contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(json: Json) -> Result<Event, Error> {
        Event::read(json.to_string().as_bytes())
    }

    #[test]
    fn reads_what_the_host_needs() {
        let event =
            read(json!({"id": "evt_1", "type": "charge.dispute.created", "account": "acct_1",
            "livemode": false, "data": {"object": {"id": "du_1"}}}))
            .expect("an event");
        assert_eq!(event.key(), "acct_1:evt_1");
        assert_eq!(event.ordering_key().as_deref(), Some("acct_1:du_1"));
        let partial = "modules/stripe/webhook_processors/charge_dispute_created";
        assert_eq!(processor("stripe", &event.kind), partial);
    }

    #[test]
    fn a_type_cannot_name_a_file_elsewhere() {
        for kind in ["", "../../x", "a/b", "a\0b", "charge refunded", &"x".repeat(10_000)] {
            let event = read(json!({"id": "evt_1", "type": kind}));
            assert_eq!(event, Err(Error::Field("type")), "{kind:?}");
        }
        assert_eq!(read(json!({"id": 1, "type": "a.b"})), Err(Error::Field("id")));
        assert_eq!(
            read(json!({"id": "evt_1", "type": "a.b", "account": {"id": 1}})),
            Err(Error::Field("account"))
        );
        assert!(matches!(Event::read(b"{"), Err(Error::Json(_))));
        assert!(matches!(Event::read("[".repeat(100_000).as_bytes()), Err(Error::Json(_))));
    }
}
