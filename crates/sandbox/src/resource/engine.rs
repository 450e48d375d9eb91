//! The operations that every resource has, driven by the description.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::description::shape::blank;
use super::super::description::table::OPERATIONS;
use super::super::description::typed;
use super::super::event;
use super::super::listing;
use super::super::tx::{Tx, text};
use super::filter::matches;
use super::{Resource, new};
use crate::event_type::event_types;
use serde_json::{Value, json};

/// Runs an operation of one resource, whose path ends before `path`.
pub fn run(
    resource: &Resource,
    call: &Call,
    tx: &mut Tx<'_>,
    parent: Option<&str>,
    path: &[&str],
) -> Option<Answer> {
    let place = Place { resource, parent };
    if resource.singleton {
        described(call)?;
        return path.is_empty().then(|| place.only(call, tx));
    }
    if let [id, rest @ ..] = path
        && !rest.is_empty()
    {
        let name = rest.join("/");
        let action = resource
            .actions
            .iter()
            .find(|(method, action, _)| *method == call.method && *action == name)?;
        return Some(place.of(tx, id).and_then(|object| (action.2)(call, tx, object)));
    }
    described(call)?;
    Some(match (call.method, path) {
        ("POST", []) => place.create(call, tx),
        ("GET", []) => place.list(call, tx),
        ("GET", [id]) => place.of(tx, id),
        ("POST", [id]) => place.update(call, tx, id),
        ("DELETE", [id]) => place.delete(call, tx, id),
        _ => return None,
    })
}

/// The operation of a call, if Stripe has it.
fn described(call: &Call) -> Option<&'static super::super::description::table::Operation> {
    let path: Vec<&str> = call.path.trim_start_matches("/v1/").split('/').collect();
    OPERATIONS.operation(call.method, &path)
}

/// A resource below an object.
struct Place<'r> {
    resource: &'r Resource,
    parent: Option<&'r str>,
}

impl Place<'_> {
    fn of(&self, tx: &Tx<'_>, id: &str) -> Answer {
        let found = tx.get(self.resource.kind(), id);
        let is_here = self.parent.is_none_or(|parent| {
            tx.stored(id).is_some_and(|stored| stored.parent.as_deref() == Some(parent))
        });
        found.filter(|_| is_here).ok_or_else(|| ApiError::not_found(&self.resource.name(), id))
    }

    fn create(&self, call: &Call, tx: &mut Tx<'_>) -> Answer {
        let mut object = new(tx, self.resource.object, self.resource.prefix);
        copy(call, &mut object)?;
        self.complete(tx, &mut object);
        if let Some(parent) = self.parent {
            let above = above(call, tx, parent)?;
            let kind = text(&above, "object");
            if object.get(kind).is_some() {
                object[kind] = json!(parent);
            }
        }
        (self.resource.create)(call, tx, &mut object)?;
        let id = text(&object, "id");
        if tx.stored(id).is_some_and(|stored| !stored.is_deleted()) {
            return Err(ApiError::invalid(format!(
                "{} already exists.",
                capitalized(&self.resource.name())
            ))
            .code("resource_already_exists")
            .param("id"));
        }
        // What belongs to a customer is found below it.
        let owner = self.parent.or(object["customer"].as_str());
        tx.insert(self.resource.kind(), owner, &object);
        emit(tx, self.resource, "created", &object, None);
        Ok(object)
    }

    /// Writes the defaults into what was not sent.
    fn complete(&self, tx: &Tx<'_>, object: &mut Value) {
        let id = text(object, "id").to_owned();
        let empty = blank(self.resource.object);
        for (name, default) in self.resource.defaults {
            let is_empty = match object.get(*name) {
                None | Some(Value::Null) => true,
                Some(Value::String(text)) => text.is_empty(),
                Some(Value::Number(number)) => number.as_i64() == Some(0),
                Some(Value::Object(inner)) => {
                    inner.values().all(is_blank) || object[*name] == empty[*name]
                }
                Some(Value::Array(_)) => false,
                // A flag that was not sent is false in an empty object.
                Some(Value::Bool(flag)) => !flag,
            };
            if is_empty {
                let default = default.replace("\"$now\"", &tx.now.to_string()).replace("$id", &id);
                object[*name] = serde_json::from_str(&default).unwrap_or_default();
            }
        }
    }

    /// The only one of the account, which is there from the beginning.
    fn only(&self, call: &Call, tx: &mut Tx<'_>) -> Answer {
        let id = format!("{}@{}", self.resource.object, tx.account);
        let found = tx.get(self.resource.kind(), &id);
        let is_new = found.is_none();
        let mut object = found.unwrap_or_else(|| {
            let mut made = new(tx, self.resource.object, "");
            made["id"] = json!(id);
            self.complete(tx, &mut made);
            made
        });
        if call.is("POST") {
            let before = object.clone();
            copy(call, &mut object)?;
            (self.resource.update)(call, tx, &mut object)?;
            if is_new {
                tx.insert(self.resource.kind(), None, &object);
            } else {
                tx.update(&object);
            }
            emit(tx, self.resource, "updated", &object, Some(&before));
        }
        Ok(object)
    }

    fn update(&self, call: &Call, tx: &mut Tx<'_>, id: &str) -> Answer {
        let before = self.of(tx, id)?;
        let mut object = before.clone();
        copy(call, &mut object)?;
        (self.resource.update)(call, tx, &mut object)?;
        if object == before {
            return Ok(object);
        }
        if object.get("updated").is_some() {
            object["updated"] = json!(tx.now);
        }
        tx.update(&object);
        emit(tx, self.resource, "updated", &object, Some(&before));
        Ok(object)
    }

    fn delete(&self, call: &Call, tx: &mut Tx<'_>, id: &str) -> Answer {
        let mut object = self.of(tx, id)?;
        (self.resource.delete)(call, tx, &mut object)?;
        tx.remove(id);
        emit(tx, self.resource, "deleted", &object, None);
        Ok(json!({"id": id, "object": self.resource.object, "deleted": true}))
    }

    fn list(&self, call: &Call, tx: &Tx<'_>) -> Answer {
        let kind = self.resource.kind();
        let ids = match self.parent {
            Some(parent) => {
                above(call, tx, parent)?;
                tx.children(kind, parent)
            }
            None => tx.ids(kind),
        };
        listing::page(tx, call, ids, &|object| {
            matches(&call.params, self.resource.own_filters, object)
                && (self.resource.listed)(call, object)
        })
    }
}

/// The object that a path goes below, of the account acted on.
fn above(call: &Call, tx: &Tx<'_>, id: &str) -> Answer {
    let own = tx.stored(id).filter(|stored| stored.account == tx.account);
    let found = own.map(|stored| stored.value());
    let alive = found.filter(|object| object.get("deleted").is_none());
    alive.ok_or_else(|| {
        let family = call.path.trim_start_matches("/v1/").split('/').next();
        ApiError::not_found(family.unwrap_or_default().trim_end_matches('s'), id)
    })
}

/// Copies the parameters that the object has a field for, and merges the metadata.
pub fn copy(call: &Call, object: &mut Value) -> Result<(), ApiError> {
    if let Some(operation) = described(call) {
        typed::copy(OPERATIONS.params(operation), call.params.values(), object);
    }
    match object.get("metadata") {
        Some(_) => call.params.patch_metadata(object),
        None => Ok(()),
    }
}

/// Emits an event of a resource, when Stripe has one of that name.
pub fn emit(
    tx: &mut Tx<'_>,
    resource: &Resource,
    what: &str,
    object: &Value,
    before: Option<&Value>,
) {
    let kind = format!("{}.{what}", resource.events);
    if event_types().any(|known| known == kind) {
        let account = tx.account.clone();
        event::emit(tx, &kind, &account, object, before);
    }
}

fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Object(inner) => inner.values().all(is_blank),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

fn capitalized(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}
