//! Parameters marked `secret`: sealed in an execution's input, masked once the call is rendered.
//!
//! Only the rendered call has their values, and is sealed as a whole. Mappers, callbacks, flashes
//! and outcomes see [`MASK`] in their place, so none of them can store or show one.

use crate::gateway::error::Error;
use crate::gateway::outcome::Outcome;
use crate::gateway::reply::Answer;
use serde_json::{Map, Value as Json, json};
use sluicegate_module::api_call::ApiCall;
use sluicegate_module::param::{Param, SecretPart};
use sluicegate_secret::{InstanceKey, MASK};

/// The context that a sealed parameter is bound to.
pub const PLACE: &str = "executions/input/data";
/// The purpose of the derived key of digests in place of secret values.
const DIGEST: &str = "executions/fingerprint";
/// A shorter value is not searched for in an answer: it may be there for another reason.
const ECHO_CHARS_MIN: usize = 6;
/// Nor is one that is shorter than this in a message.
const MESSAGE_CHARS_MIN: usize = 4;

/// The parameters of an API call that are marked `secret`.
pub struct SecretParams<'a> {
    params: Vec<&'a Param>,
}

impl<'a> SecretParams<'a> {
    /// Those of this call.
    pub fn of(api_call: Option<&'a ApiCall>) -> Self {
        let params = api_call.and_then(|call| call.params.as_ref()).into_iter().flatten();
        Self { params: params.filter(|param| param.secret != SecretPart::None).collect() }
    }

    /// True when the call has such a parameter.
    pub fn are_any(&self) -> bool {
        !self.params.is_empty()
    }

    /// True when `data` has a secret value.
    pub fn are_in(&self, data: &Json) -> bool {
        let mut found = false;
        if self.params.iter().any(|param| data.get(&param.name).is_some()) {
            self.each(&mut data.clone(), &mut |_| found = true);
        }
        found
    }

    /// The data with sealed values, as an execution stores it.
    pub fn sealed(&self, data: &Json, key: &InstanceKey) -> Json {
        self.replaced(data, &|value| json!({ "sealed": key.seal(PLACE, &value.to_string()) }))
    }

    /// The data with keyed digests in place of the values, for a fingerprint: whoever reads a plain
    /// digest of nine digits finds the digits by trying all of them.
    pub fn digested(&self, data: &Json, key: &InstanceKey) -> Json {
        self.replaced(data, &|value| {
            json!({ "digest": hex::encode(key.mac(DIGEST, value.to_string().as_bytes())) })
        })
    }

    /// The data with [`MASK`] in place of the values.
    pub fn masked(&self, data: &Json) -> Json {
        self.replaced(data, &|_| Json::from(MASK))
    }

    /// The values, as texts.
    pub fn texts(&self, data: &Json) -> SecretTexts {
        let mut texts = Vec::new();
        if self.are_in(data) {
            self.each(&mut data.clone(), &mut |value| leaves(value, &mut texts));
        }
        SecretTexts::of(texts)
    }

    fn replaced(&self, data: &Json, by: &dyn Fn(&Json) -> Json) -> Json {
        let mut data = data.clone();
        self.each(&mut data, &mut |value| *value = by(value));
        data
    }

    fn each(&self, data: &mut Json, visit: &mut dyn FnMut(&mut Json)) {
        for param in &self.params {
            let Some(value) = data.get_mut(&param.name) else { continue };
            match &param.secret {
                SecretPart::Names(names) if value.is_object() || value.is_array() => {
                    named(value, names, visit);
                }
                // The JSON of a hash, which nothing has parsed, is secret as a whole.
                _ if !is_blank(value) => visit(value),
                _ => {}
            }
        }
    }
}

/// Visits the values of these names, at any depth.
fn named(value: &mut Json, names: &[String], visit: &mut dyn FnMut(&mut Json)) {
    match value {
        Json::Object(map) => {
            for (name, value) in map {
                if !names.contains(name) {
                    named(value, names, visit);
                } else if !is_blank(value) {
                    visit(value);
                }
            }
        }
        Json::Array(items) => items.iter_mut().for_each(|item| named(item, names, visit)),
        _ => {}
    }
}

fn is_blank(value: &Json) -> bool {
    value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty())
}

/// Secret values as texts, the longest first, for removing their echoes.
#[derive(Default)]
pub struct SecretTexts(Vec<String>);

impl SecretTexts {
    /// Opens the sealed values in the stored data.
    pub fn of_stored(data: Option<&Json>, key: &InstanceKey) -> Self {
        let mut texts = Vec::new();
        if let Some(data) = data {
            collect(data, &mut |sealed| {
                let open = key.open(PLACE, sealed);
                let value = open.and_then(|open| serde_json::from_str(open.expose()).ok());
                // A value that cannot be opened is a secret nevertheless.
                leaves(&value.unwrap_or(Json::from("")), &mut texts);
            });
        }
        Self::of(texts)
    }

    fn of(mut texts: Vec<String>) -> Self {
        // A part of another is masked after it.
        texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
        Self(texts)
    }

    /// Adds further values.
    pub fn add(&mut self, others: Self) {
        self.0.extend(others.0);
        self.0.sort_by_key(|text| std::cmp::Reverse(text.len()));
    }

    /// The text of a message or a log line without the values.
    pub fn masked(&self, text: &str) -> String {
        self.mask_text(text, MESSAGE_CHARS_MIN)
    }

    /// True when the execution has no secret value.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The answer without echoes of the values, for mappers and callbacks.
    pub fn without_echoes(&self, answer: &Answer) -> Answer {
        let mut kept = answer.clone();
        match answer.json() {
            Some(mut body) => {
                self.mask(&mut body, ECHO_CHARS_MIN);
                kept.body = body.to_string();
            }
            None => kept.body = self.masked(&answer.body),
        }
        kept
    }

    /// An error of rendering the call, without the values.
    pub fn mask_error(&self, template: &str, error: Error) -> Error {
        let Error::Template(error) = error else { return error };
        let message = self.masked(&error.to_string());
        Error::Call { template: template.to_owned(), message }
    }

    /// Masks the values in messages, and in what the gateway returned.
    pub fn mask_outcome(&self, outcome: &mut Outcome) {
        for problem in &mut outcome.errors {
            problem.message = self.masked(&problem.message);
        }
        if let Some(body) = outcome.gateway.as_mut().and_then(|gateway| gateway.body.as_mut()) {
            self.mask(body, ECHO_CHARS_MIN);
        }
    }

    fn mask(&self, value: &mut Json, chars_min: usize) {
        match value {
            Json::String(text) => *text = self.mask_text(text, chars_min),
            Json::Number(number) => {
                let text = number.to_string();
                if self.mask_text(&text, chars_min) != text {
                    *value = Json::from(MASK);
                }
            }
            Json::Array(items) => items.iter_mut().for_each(|item| self.mask(item, chars_min)),
            Json::Object(map) => map.values_mut().for_each(|value| self.mask(value, chars_min)),
            Json::Null | Json::Bool(_) => {}
        }
    }

    /// Masks the values where they are whole words, so that no id is torn.
    fn mask_text(&self, text: &str, chars_min: usize) -> String {
        let mut masked = text.to_owned();
        for secret in self.0.iter().filter(|secret| secret.chars().count() >= chars_min) {
            masked = mask_word(&masked, secret);
        }
        masked
    }
}

fn mask_word(text: &str, secret: &str) -> String {
    let is_word = |char: Option<char>| char.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let (mut masked, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find(secret) {
        let (before, found) = rest.split_at(at);
        let after = &found[secret.len()..];
        let last = before.chars().next_back().or_else(|| masked.chars().next_back());
        let is_whole = !is_word(last) && !is_word(after.chars().next());
        masked.push_str(before);
        masked.push_str(if is_whole { MASK } else { secret });
        rest = after;
    }
    masked + rest
}

/// Stored data as templates see it after the call: [`MASK`] in place of sealed values.
pub fn shown(data: &Json) -> Json {
    match data {
        Json::Object(map) if sealed(data).is_none() => {
            let shown: Map<_, _> = map.iter().map(|(name, v)| (name.clone(), shown(v))).collect();
            Json::Object(shown)
        }
        Json::Array(items) => items.iter().map(shown).collect(),
        data if sealed(data).is_some() => Json::from(MASK),
        data => data.clone(),
    }
}

fn sealed(value: &Json) -> Option<&str> {
    let map = value.as_object().filter(|map| map.len() == 1)?;
    map.get("sealed")?.as_str().filter(|text| text.starts_with("v1."))
}

fn collect(value: &Json, visit: &mut dyn FnMut(&str)) {
    match (sealed(value), value) {
        (Some(sealed), _) => visit(sealed),
        (None, Json::Object(map)) => map.values().for_each(|value| collect(value, visit)),
        (None, Json::Array(items)) => items.iter().for_each(|item| collect(item, visit)),
        _ => {}
    }
}

/// The texts of a value's leaves; a number is one as well.
fn leaves(value: &Json, texts: &mut Vec<String>) {
    match value {
        Json::Object(map) => map.values().for_each(|value| leaves(value, texts)),
        Json::Array(items) => items.iter().for_each(|item| leaves(item, texts)),
        Json::String(text) => texts.push(text.trim().to_owned()),
        Json::Null => {}
        Json::Number(_) | Json::Bool(_) => texts.push(value.to_string()),
    }
}
