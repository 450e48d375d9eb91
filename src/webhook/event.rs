//! The parts of a webhook event that the host reads, and the name of its processor.

use crate::webhook::partial_json::{self, Select};
use jiff::Timestamp;
use serde_json::Value as Json;
use sluicegate_failpoint::injected_bug;
use sluicegate_store::document::{Document, without_spaces};

/// The maximum length of an id, and of the name by which a type is stored.
const NAME_CHARS_MAX: usize = 255;

/// The members of an event that are read on arrival.
const WANTED: &[Select] = &[
    Select::Value("id", 0),
    Select::Value("type", 1),
    Select::Value("account", 2),
    Select::Value("livemode", 3),
    Select::Inside("data", &[Select::Inside("object", &[Select::Value("id", 4)])]),
    Select::Inside("related_object", &[Select::Value("id", 5)]),
];

/// The parts of an event that the host reads, and the complete event for its processor.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The event's id, `evt_…`.
    pub id: String,
    /// The event's type, such as `charge.refunded` or `v2.core.account[requirements].updated`. Of a
    /// type that is no name, what can be stored of it.
    pub kind: String,
    /// The connected account it concerns; `None` for the platform's own.
    pub account: Option<String>,
    /// False for test mode.
    pub livemode: bool,
    /// The id of its object, or of a thin event's related object; events of one object are
    /// processed in order.
    pub object: Option<String>,
    /// The complete event as it was spelled, without white space.
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
    /// `id` or `type` is missing or blank, `id` is too long, or `account` is not text.
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
    /// [`Error`]. Any type is taken; [`processor`] makes a safe name of it.
    pub fn read(body: &[u8]) -> Result<Self, Error> {
        let text = str::from_utf8(body)?;
        // serde_json bounds the nesting at 128 levels.
        let read = partial_json::read(text, WANTED)?;
        Self::of(read, || Document::of_text(without_spaces(text)))
    }

    /// Reads an event that is already parsed: a stored or a listed one.
    ///
    /// # Errors
    /// [`Error::Field`].
    pub fn from_json(json: impl Into<Document>) -> Result<Self, Error> {
        let json = json.into();
        let paths =
            ["/id", "/type", "/account", "/livemode", "/data/object/id", "/related_object/id"];
        let read = paths.map(|path| json.pointer(path).cloned().unwrap_or_default());
        Self::of(read, || json)
    }

    /// The event from the members in [`WANTED`] and the complete document.
    fn of(read: [Json; 6], whole: impl FnOnce() -> Document) -> Result<Self, Error> {
        let [id, kind, account, livemode, object, related] = read;
        let id = text(id).filter(|id| is_storable(id)).ok_or(Error::Field("id"))?;
        let kind = text(kind).filter(|kind| !kind.trim().is_empty()).ok_or(Error::Field("type"))?;
        let kind = kind.chars().map(|c| if c.is_control() { '_' } else { c });
        let kind = kind.take(NAME_CHARS_MAX).collect();
        let account = match account {
            Json::Null => None,
            account => {
                let account = text(account).filter(|account| is_storable(account));
                Some(account.ok_or(Error::Field("account"))?)
            }
        };
        let livemode = livemode.as_bool().unwrap_or(false);
        let object = text(object).or_else(|| text(related)).filter(|id| is_storable(id));
        Ok(Self { id, kind, account, livemode, object, json: whole() })
    }

    /// When Stripe created it, in seconds since 1970.
    pub fn created(&self) -> Option<i64> {
        seconds(self.json.get("created")?)
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

/// When an event was created: seconds, or the time that a thin event states.
pub fn seconds(created: &Json) -> Option<i64> {
    match created {
        Json::String(text) => text.parse::<Timestamp>().ok().map(Timestamp::as_second),
        other => other.as_i64(),
    }
}

/// The partial that processes events of type `kind` in the module of `gateway`:
/// `modules/stripe/webhook_processors/charge_refunded`. A run of other characters than letters and
/// digits is one `_`: `v2_core_account_requirements_updated`.
pub fn processor(gateway: &str, kind: &str) -> String {
    let mut name = String::with_capacity(kind.len());
    for c in kind.chars() {
        match c {
            c if c.is_ascii_alphanumeric() || c == '_' => name.push(c),
            _ if name.ends_with('_') => {}
            _ => name.push('_'),
        }
    }
    format!("modules/{gateway}/webhook_processors/{name}")
}

fn text(json: Json) -> Option<String> {
    match json {
        Json::String(text) => Some(text),
        _ => None,
    }
}

fn is_storable(text: &str) -> bool {
    !text.trim().is_empty() && text.len() <= NAME_CHARS_MAX && !text.contains(char::is_control)
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
    fn a_thin_event_is_ordered_by_its_related_object() {
        let event = read(json!({"id": "evt_1", "object": "v2.core.event",
            "type": "v2.core.account[requirements].updated", "created": "2026-11-20T12:00:00.000Z",
            "livemode": false, "related_object": {"id": "acct_1", "type": "v2.core.account"}}))
        .expect("an event");
        assert_eq!(event.ordering_key().as_deref(), Some("-:acct_1"));
        assert_eq!(event.created(), Some(1_795_176_000));
        let again = Event::from_json(event.json.clone()).expect("an event");
        assert_eq!((again.object, again.kind), (event.object, event.kind));
    }

    #[test]
    fn a_type_cannot_name_a_file_elsewhere() {
        for (kind, name) in [
            ("../../x", "_x"),
            ("a/b", "a_b"),
            ("a\0b", "a_b"),
            ("charge refunded", "charge_refunded"),
            ("v2.core.account[requirements].updated", "v2_core_account_requirements_updated"),
            ("zażółć", "za_"),
        ] {
            let event = read(json!({"id": "evt_1", "type": kind})).expect("an event");
            let partial = format!("modules/stripe/webhook_processors/{name}");
            assert_eq!(processor("stripe", &event.kind), partial, "{kind:?}");
            assert!(!event.kind.contains('\0'));
        }
        let long = read(json!({"id": "evt_1", "type": "x".repeat(10_000)})).expect("an event");
        assert_eq!(long.kind.len(), NAME_CHARS_MAX);
        for kind in [json!(""), json!(" "), json!(null), json!(1)] {
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
