//! Objects that are Stripe's own, not made by a caller: lists that are the same in every sandbox.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::listing;

use super::country_spec;
use super::filter::matches;
use serde_json::Value;
use std::sync::LazyLock;

/// Path, name in a message, and the objects.
type List = (&'static str, &'static str, LazyLock<Vec<Value>>);

/// Reads a list of this crate.
fn read(json: &str) -> Vec<Value> {
    serde_json::from_str(json).unwrap_or_default()
}

static LISTS: [List; 7] = [
    (
        "issuing/physical_bundles",
        "physical bundle",
        LazyLock::new(|| read(include_str!("data/physical_bundles.json"))),
    ),
    ("country_specs", "country", LazyLock::new(country_spec::specs)),
    ("exchange_rates", "exchange rate", LazyLock::new(country_spec::exchange_rates)),
    ("tax_codes", "tax code", LazyLock::new(|| read(include_str!("data/tax_codes.json")))),
    (
        "reporting/report_types",
        "report type",
        LazyLock::new(|| read(include_str!("data/report_types.json"))),
    ),
    (
        "climate/products",
        "climate product",
        LazyLock::new(|| read(include_str!("data/climate_products.json"))),
    ),
    (
        "climate/suppliers",
        "climate supplier",
        LazyLock::new(|| read(include_str!("data/climate_suppliers.json"))),
    ),
];

/// An object of a list.
pub fn find(path: &str, id: &str) -> Option<&'static Value> {
    let (.., objects) = LISTS.iter().find(|(known, ..)| *known == path)?;
    objects.iter().find(|object| object["id"] == id)
}

/// Lists and retrieves them; `None` for every other path.
pub fn route(call: &Call, path: &[&str]) -> Option<Answer> {
    if !call.is("GET") {
        return None;
    }
    let whole = path.join("/");
    let (known, name, objects) = LISTS.iter().find(|(known, ..)| {
        whole.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })?;
    match whole.strip_prefix(known)?.trim_start_matches('/') {
        "" => {
            let fits = objects.iter().filter(|object| matches(&call.params, &[], object));
            let fits: Vec<Value> = fits.cloned().collect();
            Some(listing::page_of(call, &fits))
        }
        id if id.contains('/') => None,
        id => Some(find(known, id).cloned().ok_or_else(|| ApiError::not_found(name, id))),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::description::shape::faults;
    use super::super::super::tx::text;
    use super::*;

    #[test]
    fn every_object_has_stripes_fields_and_an_id_of_its_own() {
        for (path, _, objects) in &LISTS {
            assert!(!objects.is_empty(), "{path}");
            for object in objects.iter() {
                assert_eq!(faults(object), Vec::<String>::new(), "{path} {}", text(object, "id"));
                let same = objects.iter().filter(|other| other["id"] == object["id"]);
                assert_eq!(same.count(), 1, "{path} {}", text(object, "id"));
            }
        }
    }
}
