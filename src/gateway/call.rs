//! One API call as bytes: rendered once from its template, stored, and sent unchanged.

use crate::gateway::error::Error;
use crate::journal::intent::StepIntent;
use crate::template::lenient_json;
use crate::template::render::Locals;
use crate::template::renderer::Renderer;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value as Json, json};
use sluicegate_module::api_call::ApiCall;
use sluicegate_module::source::Source;
use sluicegate_secret::{InstanceKey, Secret, card_number};
use sluicegate_store::document::Document;

/// The context that sealed header values are bound to: they cannot be opened in another one.
const SEAL_PLACE: &str = "steps/request/headers";
/// The context that a call with secret parameters is bound to.
pub const SEALED_CALL: &str = "steps/request";
/// Stripe's limit for an idempotency key, in characters.
pub const KEY_CHARS_MAX: usize = 255;

/// A rendered API call.
#[derive(Debug, Clone)]
pub struct Call {
    /// `GET`, `POST`, … in upper case.
    pub method: String,
    /// The URL as rendered, before a replacement server is applied.
    pub url: String,
    /// Header names as rendered; every value is a `Secret` because some are credentials.
    pub headers: Vec<(String, Secret)>,
    /// The payload, form-encoded or JSON.
    pub body: String,
    /// True when it has the values of secret parameters, and is stored sealed as a whole.
    pub is_secret: bool,
}

/// A call as a step stores it.
#[derive(Serialize)]
struct StoredCall<'a> {
    method: &'a str,
    url: &'a str,
    #[serde(serialize_with = "in_order")]
    headers: Vec<(&'a str, StoredText)>,
    body: &'a str,
}

/// A stored header: credentials are sealed.
#[derive(Serialize)]
#[serde(untagged)]
enum StoredText {
    Plain(String),
    Sealed { sealed: String },
}

fn in_order<S: Serializer>(
    headers: &[(&str, StoredText)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(headers.iter().map(|(name, value)| (name, value)))
}

impl Call {
    /// Renders an API call in this order: `to`, `request_type`, `headers`, body.
    ///
    /// # Errors
    /// [`Error::Template`] with the location in the module; [`Error::Call`] when the result is not
    /// a valid call.
    pub fn render(api_call: &ApiCall, data: &Json, renderer: &Renderer<'_>) -> Result<Self, Error> {
        let text = |source: &Source| text(source, data, renderer);
        let url: String = text(&api_call.to)?.split_whitespace().collect();
        let method = text(&api_call.request_type)?.trim().to_ascii_uppercase();
        let headers = match &api_call.headers {
            Some(source) => read_headers(&api_call.name, &text(source)?)?,
            None => Vec::new(),
        };
        let body = text(&api_call.source)?.trim().to_owned();
        let mut call = Self { method, url, headers, body, is_secret: false };
        call.check_method(&api_call.name)?;
        call.move_body_to_query();
        Ok(call)
    }

    /// Ensures that a POST carries an idempotency key: the template's own, or `derived`.
    ///
    /// # Errors
    /// [`Error::Call`] when the template's key exceeds Stripe's limit.
    pub fn key(&mut self, template: &str, derived: &str) -> Result<(), Error> {
        // Stripe rejects an empty key, and the classic templates send one.
        self.headers.retain(|(name, value)| !is_key(name) || !value.is_blank());
        let own = self.headers.iter().find(|(name, _)| is_key(name)).map(|(_, value)| value);
        if own.is_some_and(|key| key.expose().chars().count() > KEY_CHARS_MAX) {
            return Err(Error::Call {
                template: template.to_owned(),
                message: format!("the idempotency key is longer than {KEY_CHARS_MAX} characters"),
            });
        }
        if own.is_none() && self.method == "POST" {
            self.headers.push(("Idempotency-Key".to_owned(), Secret::new(derived)));
        }
        Ok(())
    }

    /// True when a card number is in the URL, the body or a header, however they encode it.
    pub fn holds_card_number(&self) -> bool {
        let is_in = |text: &str| {
            let plain = percent_encoding::percent_decode_str(text).decode_utf8_lossy();
            card_number::is_in(&plain)
        };
        let headers = self.headers.iter().filter(|(name, _)| !is_credential(name));
        is_in(&self.url)
            || is_in(&self.body)
            || headers.map(|(_, value)| value).any(|value| is_in(value.expose()))
    }

    /// Replaces the idempotency key.
    pub fn set_idempotency_key(&mut self, key: &str) {
        self.headers.retain(|(name, _)| !is_key(name));
        self.headers.push(("Idempotency-Key".to_owned(), Secret::new(key)));
    }

    /// The call as a step stores it. Credentials are sealed with the instance key; of a call with
    /// secret parameters everything is, because its template may put them anywhere.
    pub fn to_stored(&self, key: &InstanceKey) -> Document {
        if self.is_secret {
            let sealed = key.seal(SEALED_CALL, &self.plain().to_string());
            return json!({ "method": self.method, "sealed": sealed }).into();
        }
        let header = |(name, value): &(String, Secret)| match is_credential(name) {
            true => StoredText::Sealed { sealed: key.seal(SEAL_PLACE, value.expose()) },
            false => StoredText::Plain(value.expose().to_owned()),
        };
        let headers = self.headers.iter().map(|one| (one.0.as_str(), header(one))).collect();
        let Self { method, url, body, .. } = self;
        Document::of(&StoredCall { method, url, headers, body }).expect("texts can be written")
    }

    fn plain(&self) -> Json {
        let headers = self.headers.iter();
        let headers: Map<_, _> =
            headers.map(|(name, value)| (name.clone(), json!(value.expose()))).collect();
        json!({ "method": self.method, "url": self.url, "headers": headers, "body": self.body })
    }

    /// What a replay must match: everything but the credentials, whose sealed form differs each
    /// time. Of a call with secret parameters it is a keyed digest.
    fn identity(&self, key: &InstanceKey) -> Json {
        let headers: Map<String, Json> = self
            .headers
            .iter()
            .filter(|(name, _)| !is_credential(name))
            .map(|(name, value)| (name.clone(), json!(value.expose())))
            .collect();
        let identity = json!({ "method": self.method, "url": self.url, "headers": headers, "body": self.body });
        if !self.is_secret {
            return identity;
        }
        json!({ "digest": hex::encode(key.mac(SEALED_CALL, identity.to_string().as_bytes())) })
    }

    /// The step that stores this call before it is sent.
    pub fn step(&self, key: &InstanceKey) -> StepIntent {
        StepIntent::identified("api_call", self.to_stored(key), &self.identity(key))
    }

    /// The call that [`Call::to_stored`] stored, byte for byte; `None` if it cannot be opened.
    pub fn from_json(stored: &Json, key: &InstanceKey) -> Option<Self> {
        if let Some(sealed) = stored.get("sealed").and_then(Json::as_str) {
            let plain = serde_json::from_str(key.open(SEALED_CALL, sealed)?.expose()).ok()?;
            return Some(Self { is_secret: true, ..Self::from_json(&plain, key)? });
        }
        let text = |name: &str| stored.get(name)?.as_str().map(str::to_owned);
        let headers = stored.get("headers")?.as_object()?.iter().map(|(name, value)| {
            let value = match value.get("sealed").and_then(Json::as_str) {
                Some(sealed) => key.open(SEAL_PLACE, sealed)?,
                None => Secret::new(value.as_str()?),
            };
            Some((name.clone(), value))
        });
        Some(Self {
            method: text("method")?,
            url: text("url")?,
            headers: headers.collect::<Option<_>>()?,
            body: text("body")?,
            is_secret: false,
        })
    }

    fn check_method(&self, template: &str) -> Result<(), Error> {
        if matches!(self.method.as_str(), "GET" | "POST" | "PUT" | "PATCH" | "DELETE") {
            return Ok(());
        }
        let message =
            format!("request_type `{}` is not one of GET, POST, PUT, PATCH, DELETE", self.method);
        Err(Error::Call { template: template.to_owned(), message })
    }

    /// Stripe documents query parameters for GET, and servers may drop the body of a GET.
    fn move_body_to_query(&mut self) {
        if self.method == "GET" && !self.body.is_empty() {
            let mark = if self.url.contains('?') { '&' } else { '?' };
            let body = std::mem::take(&mut self.body);
            self.url = format!("{}{mark}{body}", self.url);
        }
    }
}

/// Renders one part of a call. `form` is an alias of `data`.
fn text(source: &Source, data: &Json, renderer: &Renderer<'_>) -> Result<String, Error> {
    if !source.text.contains("{{") && !source.text.contains("{%") {
        // Most URLs and methods are plain strings.
        return Ok(source.text.to_string());
    }
    let mut locals = Locals::default().with("data", data);
    locals.share("data", "form");
    Ok(renderer.raw(source, locals)?)
}

fn is_key(name: &str) -> bool {
    name.eq_ignore_ascii_case("idempotency-key")
}

fn is_credential(name: &str) -> bool {
    name.eq_ignore_ascii_case("authorization") || name.eq_ignore_ascii_case("cookie")
}

/// Header names and values from the rendered JSON object; a blank string has no headers.
fn read_headers(template: &str, text: &str) -> Result<Vec<(String, Secret)>, Error> {
    let refused = |message: String| Error::Call { template: template.to_owned(), message };
    let read = lenient_json::read(text)
        // The input holds the secret key: report only the reason.
        .map_err(|e| refused(format!("headers are not a JSON object: {e}")))?;
    let Some(Json::Object(map)) = read else {
        return if read.is_none() {
            Ok(Vec::new())
        } else {
            Err(refused("headers are not a JSON object".to_owned()))
        };
    };
    let mut headers = Vec::with_capacity(map.len());
    for (name, value) in map {
        let value = match value {
            Json::String(text) => text,
            Json::Null => continue,
            other => other.to_string(),
        };
        if reqwest::header::HeaderName::from_bytes(name.as_bytes()).is_err() {
            return Err(refused(format!("header `{}` is not allowed", name.escape_debug())));
        }
        // A line break in a value would let data inject headers.
        if value.bytes().any(|byte| byte != b' ' && !byte.is_ascii_graphic()) {
            return Err(Error::Header { name });
        }
        headers.push((name, Secret::new(value)));
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(method: &str, headers: &[(&str, &str)]) -> Call {
        Call {
            method: method.to_owned(),
            url: "https://api.stripe.com/v1/charges".to_owned(),
            headers: headers.iter().map(|(n, v)| ((*n).to_owned(), Secret::new(*v))).collect(),
            body: "amount=500".to_owned(),
            is_secret: false,
        }
    }

    fn keys(call: &Call) -> Vec<&str> {
        call.headers.iter().filter(|(n, _)| is_key(n)).map(|(_, v)| v.expose()).collect()
    }

    #[test]
    fn a_post_always_has_a_key_and_never_an_empty_one() {
        let mut own = call("POST", &[("idempotency-key", "mine")]);
        own.key("t", "derived").expect("fine");
        assert_eq!(keys(&own), ["mine"]);
        let mut empty = call("POST", &[("Idempotency-Key", " ")]);
        empty.key("t", "derived").expect("fine");
        assert_eq!(keys(&empty), ["derived"]);
        let mut get = call("GET", &[("Idempotency-Key", "")]);
        get.key("t", "derived").expect("fine");
        assert!(keys(&get).is_empty());
        let long = "k".repeat(256);
        assert!(call("POST", &[("Idempotency-Key", &long)]).key("t", "d").is_err());
    }

    #[test]
    fn a_stored_call_hides_its_credentials_and_reads_back() {
        let key = InstanceKey::random();
        let stored =
            call("POST", &[("Authorization", "Bearer sk_test_canary"), ("X", "1")]).to_stored(&key);
        assert!(!stored.to_string().contains("sk_test_canary"));
        let read = Call::from_json(&stored, &key).expect("opens");
        assert_eq!(read.headers[0].1.expose(), "Bearer sk_test_canary");
        assert_eq!((read.body.as_str(), read.headers[1].1.expose()), ("amount=500", "1"));
        assert!(Call::from_json(&stored, &InstanceKey::random()).is_none());
    }

    #[test]
    fn a_call_with_secret_parameters_is_sealed_as_a_whole_and_reads_back() {
        let key = InstanceKey::random();
        let mut one = call("POST", &[("Idempotency-Key", "canary-1"), ("X", "canary-2")]);
        one.url.push_str("?canary=3");
        one.body = "id_number=canary-4".to_owned();
        one.is_secret = true;
        let stored = one.to_stored(&key);
        assert!(!stored.to_string().contains("canary"), "{stored:?}");
        let read = Call::from_json(&stored, &key).expect("opens");
        assert_eq!(read.plain(), one.plain());
        assert!(read.is_secret, "it is sealed again when it is sent under a new key");
        assert!(Call::from_json(&stored, &InstanceKey::random()).is_none());
        let other = InstanceKey::random();
        assert_eq!(one.step(&key).fingerprint, read.step(&key).fingerprint);
        assert_ne!(one.step(&key).fingerprint, one.step(&other).fingerprint);
    }

    #[test]
    fn headers_cannot_smuggle_lines() {
        assert!(read_headers("t", "{\"A\": \"1\\r\\nB: 2\"}").is_err());
        assert!(read_headers("t", "{\"A B\": \"1\"}").is_err());
        assert!(read_headers("t", "[1]").is_err());
        assert!(read_headers("t", " \n ").expect("none").is_empty());
        assert_eq!(read_headers("t", "{\"A\": 1, \"B\": null}").expect("one").len(), 1);
    }

    #[test]
    fn the_body_of_a_get_is_its_query() {
        let mut get = call("GET", &[]);
        get.url.push_str("?limit=1");
        get.move_body_to_query();
        assert_eq!(get.url, "https://api.stripe.com/v1/charges?limit=1&amount=500");
        assert!(get.body.is_empty());
    }
}
