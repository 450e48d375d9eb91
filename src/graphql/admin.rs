//! Partials and pages of the catalog as GraphQL objects.

use super::backend::ResolverError;
use super::call::FieldCall;
use super::{collection, filter};
use serde_json::{Value as Json, json};
use sluicegate_store::query::{Filter, Op, Subject};

type Answer = Result<Json, ResolverError>;

/// Resolves `admin_liquid_partials(filter:, sort:)`, sorted by path.
pub(super) fn partials(call: &FieldCall<'_>) -> Answer {
    let mut found = Vec::new();
    let catalog = call.backend().catalog();
    for (path, partial) in &catalog.partials {
        // A partial's source may contain a pasted value from the environment. Filters see what is
        // shown: otherwise they would tell the value letter by letter.
        let body = catalog.redact(&partial.source.text);
        let metadata = shown(call, &partial.metadata);
        if holds(call, "path", path) && holds(call, "body", &body) && has_key(call, &metadata) {
            found.push(json!({ "id": path, "path": path, "metadata": metadata, "body": body }));
        }
    }
    let keys = call.arg("sort").and_then(Json::as_array).into_iter().flatten();
    let order = keys.filter_map(|key| key.get("path")?.get("order")?.as_str()).next();
    if order == Some("DESC") {
        found.reverse();
    }
    collection::of_all(call, found)
}

/// Resolves `admin_pages(filter:)`.
pub(super) fn pages(call: &FieldCall<'_>) -> Answer {
    let mut found = Vec::new();
    for page in &call.backend().catalog().pages {
        let path = page.source.path.display().to_string().replace('\\', "/");
        let slug = call.backend().catalog().redact(&page.slug);
        let metadata = shown(call, &page.metadata);
        if holds(call, "slug", &slug)
            && holds(call, "physical_file_path", &path)
            && has_key(call, &metadata)
        {
            found.push(json!({
                "id": page.source.name,
                "slug": slug,
                "format": page.format,
                "method": page.method.as_str().to_ascii_lowercase(),
                "layout": page.layout,
                "metadata": metadata,
                "physical_file_path": path,
            }));
        }
    }
    collection::of_all(call, found)
}

/// Metadata without the values of the environment that are pasted into it.
fn shown(call: &FieldCall<'_>, metadata: &Json) -> Json {
    fn keys(value: Json, redacted: &dyn Fn(&str) -> String) -> Json {
        match value {
            Json::Object(pairs) => {
                let pairs = pairs.into_iter();
                pairs.map(|(key, value)| (redacted(&key), keys(value, redacted))).collect()
            }
            Json::Array(items) => items.into_iter().map(|item| keys(item, redacted)).collect(),
            Json::String(text) => Json::String(redacted(&text)),
            other => other,
        }
    }
    keys(metadata.clone(), &|text| call.backend().catalog().redact(text))
}

/// True when the string satisfies that part of the filter.
fn holds(call: &FieldCall<'_>, part: &str, text: &str) -> bool {
    let entry = call.arg("filter").and_then(|filter| filter.get(part));
    // The subject does not matter: the conditions are tested against `text`.
    let conditions = filter::conditions(&Subject::Table, entry);
    conditions.iter().all(|Filter { op, not, .. }| satisfies(text, op) != *not)
}

fn satisfies(text: &str, op: &Op) -> bool {
    match op {
        Op::Equals(value) => value == text,
        Op::In(values) => values.iter().any(|value| value == text),
        Op::Contains(part) => text.contains(part.as_str()),
        Op::StartsWith(part) => text.starts_with(part.as_str()),
        Op::EndsWith(part) => text.ends_with(part.as_str()),
        Op::Exists(wanted) => *wanted,
        Op::Range(_) | Op::ArrayContains(_) | Op::ArrayOverlaps(_) => false,
    }
}

fn has_key(call: &FieldCall<'_>, metadata: &Json) -> bool {
    let filter = call.arg("filter").and_then(|filter| filter.get("metadata"));
    let key = filter.and_then(|filter| filter.get("has_key")).and_then(Json::as_str);
    key.is_none_or(|key| metadata.get(key).is_some())
}
