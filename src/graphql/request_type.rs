//! One mutation per request type, with typed data where the API call declares `params:`.

use super::backend::ResolverError;
use super::call::{DocumentContext, FieldCall};
use super::execution;
use super::shape::{Field, Input, Kind, Shape, Shapes};
use crate::executor::BoxFuture;
use crate::gateway::request_type_call::RequestTypeCall;
use async_graphql::parser::types::Type;
use indexmap::IndexMap;
use serde_json::{Map, Value as Json, json};
use sluicegate_module::catalog::Catalog;
use sluicegate_module::diagnostic;
use sluicegate_module::param::{Param, ParamKind};
use sluicegate_secret::api_token::TokenScope;
use std::fmt::Write as _;
use std::path::Path;

/// A mutation that runs a request type.
#[derive(Debug, Clone)]
pub(super) struct Mutation {
    pub(super) field: String,
    pub(super) gateway: String,
    pub(super) name: String,
}

/// Adds the mutations of all request types to the shapes.
pub(super) fn add(
    catalog: &Catalog,
    shapes: &mut Shapes,
    diagnostics: &mut Vec<diagnostic::Diagnostic>,
) -> Vec<Mutation> {
    let mut mutations = Vec::new();
    for request_type in catalog.request_types() {
        let Some(call) = catalog.api_call(&request_type.api_call) else { continue };
        let (gateway, name) = (request_type.gateway.clone(), request_type.name.clone());
        let field = match free_name(shapes, &gateway, &name) {
            Ok(field) => field,
            Err(why) => {
                diagnostics.push(diagnostic(&call.source.path, &why));
                continue;
            }
        };
        if field != name {
            let why = format!("the name `{name}` is taken in GraphQL; the mutation is `{field}`");
            let warning = diagnostic::Diagnostic::of_file(
                diagnostic::Severity::Warning,
                &call.source.path,
                why,
            );
            diagnostics.push(warning);
        }
        let data = match &call.params {
            Some(params) if !params.is_empty() => {
                input_of(shapes, &field, params).unwrap_or_else(|why| {
                    diagnostics.push(diagnostic(&call.source.path, &why));
                    "HashObject".to_owned()
                })
            }
            _ => "HashObject".to_owned(),
        };
        let about = call.description.clone();
        let shape = mutation(about.unwrap_or_else(|| format!("`{name}` of {gateway}.")), &data);
        if let Some(Shape { kind: Kind::Object(fields), .. }) = shapes.0.get_mut("Mutation") {
            fields.insert(field.clone(), shape);
        }
        mutations.push(Mutation { field, gateway, name });
    }
    mutations
}

fn diagnostic(path: &Path, why: &str) -> diagnostic::Diagnostic {
    diagnostic::Diagnostic::of_file(diagnostic::Severity::Error, path, why)
}

/// Returns the field name: that of the request type, prefixed with the gateway when it is taken.
fn free_name(shapes: &Shapes, gateway: &str, name: &str) -> Result<String, String> {
    let is_taken =
        |name: &str| shapes.object("Mutation").is_some_and(|fields| fields.contains_key(name));
    let names = [name.to_owned(), format!("{gateway}_{name}")];
    if !names.iter().any(|name| is_name(name)) {
        return Err(format!("`{name}` cannot be a name in GraphQL"));
    }
    let free = names.into_iter().find(|name| is_name(name) && !is_taken(name));
    free.ok_or_else(|| format!("`{name}` is taken in GraphQL, and so is `{gateway}_{name}`"))
}

/// True for a valid GraphQL name that is not reserved.
fn is_name(text: &str) -> bool {
    let is_name_start = |c: char| c.is_ascii_alphabetic() || c == '_';
    text.starts_with(is_name_start)
        && !text.starts_with("__")
        && text.chars().all(|c| is_name_start(c) || c.is_ascii_digit())
}

fn mutation(description: String, data: &str) -> Field {
    let input = |ty: &str, about: &str| Input {
        description: Some(about.to_owned()),
        ty: ty_of(ty),
        default: None,
    };
    let key = "A call is made once per key; repeating the key returns the stored outcome.";
    let args = [
        ("data", input(data, "The input of the request type.")),
        ("config", input("HashObject", "Options for the call.")),
        ("idempotency_key", input("String", key)),
    ];
    Field {
        description: Some(description),
        deprecated: None,
        scope: Some(TokenScope::Operate),
        ty: ty_of("RequestTypeOutcome"),
        args: args.into_iter().map(|(name, input)| (name.to_owned(), input)).collect(),
    }
}

/// Builds the input type, such as `CreatePaymentData` for `create_payment`. All its fields are
/// nullable: a missing value becomes an `invalid` outcome, as at every other origin.
fn input_of(shapes: &mut Shapes, field: &str, params: &[Param]) -> Result<String, String> {
    let words = field.split('_').filter(|non_blank| !non_blank.is_empty());
    let camel: String = words.map(capitalized).collect();
    let names = [format!("{camel}Data"), format!("{field}_data")];
    let name = names.into_iter().find(|name| is_name(name) && !shapes.contains(name));
    let name = name.ok_or_else(|| format!("no type can be named after `{field}`"))?;
    let mut fields = IndexMap::new();
    for param in params {
        if !is_name(&param.name) {
            return Err(format!("the param `{}` cannot be a name in GraphQL", param.name));
        }
        let ty = match param.kind {
            ParamKind::String => "String",
            ParamKind::Integer => "Int",
            ParamKind::Number => "Float",
            ParamKind::Boolean => "Boolean",
            ParamKind::Hash => "HashObject",
            ParamKind::Array => "[Any]",
        };
        let input = Input { description: about(param), ty: ty_of(ty), default: None };
        fields.insert(param.name.clone(), input);
    }
    let description = Some(format!("The data of `{field}`."));
    shapes.0.insert(name.clone(), Shape { description, kind: Kind::Input(fields) });
    Ok(name)
}

fn capitalized(non_blank: &str) -> String {
    let mut chars = non_blank.chars();
    let first = chars.next().map(|char| char.to_ascii_uppercase());
    first.into_iter().chain(chars).collect()
}

fn ty_of(text: &str) -> Type {
    Type::new(text).expect("the types written in this file are types")
}

/// Returns a param's description, allowed values and example.
fn about(param: &Param) -> Option<String> {
    let mut text = param.description.clone().unwrap_or_default();
    let mut say = |words: String| {
        if !text.is_empty() {
            let end = if text.ends_with(['.', '!', '?', ':']) { " " } else { ". " };
            text.push_str(end);
        }
        text.push_str(&words);
    };
    if param.required {
        say("Required.".to_owned());
    }
    if !param.enum_values.is_empty() {
        let values: Vec<_> = param.enum_values.iter().map(Json::to_string).collect();
        say(format!("One of {}.", values.join(", ")));
    }
    let mut bounds = String::new();
    if let Some(minimum) = param.minimum {
        let _ = write!(bounds, "At least {minimum}.");
    }
    if let Some(maximum) = param.maximum {
        let _ = write!(bounds, "{}At most {maximum}.", if bounds.is_empty() { "" } else { " " });
    }
    if !bounds.is_empty() {
        say(bounds);
    }
    if let Some(length) = param.max_length {
        say(format!("At most {length} characters."));
    }
    if let Some(example) = &param.example {
        say(format!("Example: {example}."));
    }
    (!text.is_empty()).then_some(text)
}

/// Runs the request type. The future borrows only what the document shares.
pub(super) fn run<'a>(
    call: &FieldCall<'_>,
    shared: &'a DocumentContext,
    mutation: &Mutation,
) -> BoxFuture<'a, Result<Json, ResolverError>> {
    let mut data = call.json("data");
    if data.is_null() {
        data = json!({});
    }
    if let Some(object) = data.as_object_mut() {
        // A typed key with a null value counts as absent.
        object.retain(|_, value| !value.is_null());
    }
    let running = shared.backend.request_type(RequestTypeCall {
        name: mutation.name.clone(),
        gateway: Some(mutation.gateway.clone()),
        data: object(data),
        config: object(call.json("config")),
        idempotency_key: call.non_blank("idempotency_key").map(str::to_owned),
        user_id: None,
    });
    Box::pin(async move {
        let mut outcome = running.await?;
        // The outcome may contain a secret, for example that of `create_webhook_endpoint`.
        execution::redact(shared, &mut outcome);
        Ok(outcome)
    })
}

/// The members of an object; none for any other value.
fn object(value: Json) -> Map<String, Json> {
    match value {
        Json::Object(members) => members,
        _ => Map::new(),
    }
}
