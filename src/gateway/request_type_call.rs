//! A caller's request to run a request type, from any entry point.

use crate::gateway::outcome::Problem;
use crate::journal::intent::fingerprint;
use serde_json::{Map, Value as Json};
use sluicegate_module::request_type::RequestType;
use sluicegate_secret::card_number;

/// A request to run a request type.
#[derive(Debug, Clone, Default)]
pub struct RequestTypeCall {
    /// The request type's name.
    pub name: String,
    /// The gateway module, needed when two modules define the name.
    pub gateway: Option<String>,
    /// Parameters for the gateway.
    pub data: Map<String, Json>,
    /// Configuration: `callback`, messages and paths.
    pub config: Map<String, Json>,
    /// The caller's key; `data` may hold it instead.
    pub idempotency_key: Option<String>,
    /// The id of the signed-in user.
    pub user_id: Option<String>,
}

impl RequestTypeCall {
    /// Moves the caller's key out of `data`, in either spelling. An empty key counts as missing.
    #[must_use]
    pub(super) fn take_idempotency_key(mut self) -> Self {
        let mut in_data = None;
        for name in ["indempotency_key", "idempotency_key"] {
            if let Some(Json::String(key)) = self.data.shift_remove(name) {
                in_data = Some(key).filter(|key| !key.is_empty()).or(in_data);
            }
        }
        let own = self.idempotency_key.take().filter(|key| !key.is_empty());
        self.idempotency_key = own.or(in_data);
        self
    }

    /// The parameters that hold a card number, as problems. None of them repeats a value.
    pub(super) fn card_number_problems(&self) -> Vec<Problem> {
        let key = self.idempotency_key.as_deref().is_some_and(card_number::is_in);
        let key = key.then_some("idempotency_key");
        let names = self.data.iter().chain(&self.config).filter_map(|(name, value)| {
            if card_number::is_in(name) {
                return Some("The name of a parameter");
            }
            card_number::is_in_json(value).then_some(name.as_str())
        });
        let problem = |name: &str| {
            let message = format!("{name} is or contains a card number. {}", card_number::ADVICE);
            Problem::new(message, "invalid", Some(name).filter(|name| !name.contains(' ')))
        };
        names.chain(key).map(problem).collect()
    }

    /// The input that a replay needs, and its fingerprint. `data` is the submission's, checked and
    /// cast; `digested` is the same without secret values, if it has any.
    pub(super) fn into_input(
        self,
        request_type: &RequestType,
        data: Json,
        digested: Option<Json>,
    ) -> (Json, String) {
        let mut input = Map::new();
        input.insert("gateway".to_owned(), Json::from(request_type.gateway.as_str()));
        let (first, plain) = match digested {
            Some(digested) => (digested, Some(data)),
            None => (data, None),
        };
        input.insert("data".to_owned(), first);
        input.insert("config".to_owned(), Json::Object(self.config));
        input.insert("user_id".to_owned(), Json::from(self.user_id));
        let mut whole = Map::new();
        whole.insert("name".to_owned(), Json::from(request_type.name.as_str()));
        whole.insert("input".to_owned(), Json::Object(input));
        let mut whole = Json::Object(whole);
        let fingerprint = fingerprint(&whole);
        let mut input = whole["input"].take();
        if let Some(plain) = plain {
            input["data"] = plain;
        }
        (input, fingerprint)
    }
}
