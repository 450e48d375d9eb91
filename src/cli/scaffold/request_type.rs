//! The files of a new request type. The verb of its name says what it does at Stripe.

use super::NewFile;
use crate::template::filters::plural::pluralize;
use std::path::Path;

const TEMPLATE: &str = include_str!("template.liquid");
const TABLE: &str = include_str!("table.yml");
const MAP_OBJECT: &str = include_str!("response_mapper_object.liquid");
const MAP_DELETION: &str = include_str!("response_mapper_delete.liquid");
const MAP_LIST: &str = include_str!("response_mapper_list.liquid");
const FORM_OBJECT: &str = include_str!("form_object.liquid");
const FORM_DELETION: &str = include_str!("form_delete.liquid");
const FORM_LIST: &str = include_str!("form_list.liquid");

/// What differs between the verbs.
struct Texts {
    api_call: &'static str,
    response_mapper: &'static str,
    form: &'static str,
    /// True when the record is of a table named after the object.
    has_table: bool,
}

/// The properties of a new table; one that exists already may lack some.
const PROPERTIES: [&str; 3] = ["amount_cents", "currency", "state"];

/// The files of the request type `name` of the gateway module `module`. `has_property` says whether
/// the table of an object, if it exists, has a property.
pub(super) fn files(
    name: &str,
    module: &str,
    has_property: impl Fn(&str, &str) -> bool,
) -> Vec<NewFile> {
    let name = name.replace('.', "_");
    let (verb, noun) = name.split_once('_').unwrap_or(("create", &name));
    let texts = texts(verb, noun);
    let plural = plural(noun);
    let fill = |text: &str| {
        text.replace("PLURAL", &plural)
            .replace("NAME", &name)
            .replace("NOUN", noun)
            .replace("MODULE", module)
    };
    let missing = PROPERTIES.into_iter().filter(|property| !has_property(noun, property));
    let missing: Vec<_> = missing.collect();
    let fitted = |text: &str| without_properties(&fill(text), &missing);
    let gateway = Path::new("modules").join(module).join("public");
    let payments = Path::new("modules/payments/public");
    let mut files = vec![
        (
            gateway.join(format!("notifications/api_call_notifications/{name}.liquid")),
            fill(texts.api_call),
        ),
        (
            gateway.join(format!("views/partials/response_mapper/{name}.liquid")),
            fitted(texts.response_mapper),
        ),
        (gateway.join(format!("views/partials/templates/{name}.liquid")), fill(TEMPLATE)),
        (payments.join(format!("form_configurations/{name}_form.liquid")), fitted(texts.form)),
    ];
    if texts.has_table {
        files.push((payments.join(format!("custom_model_types/{noun}.yml")), fill(TABLE)));
    }
    files
}

/// The text without the lines of these properties.
fn without_properties(text: &str, missing: &[&str]) -> String {
    let is_about = |line: &str, property: &str| {
        line.trim() == format!("{property}:") || line.contains(&format!("\"{property}\""))
    };
    let kept = text
        .split_inclusive('\n')
        .filter(|line| !missing.iter().any(|property| is_about(line, property)));
    kept.collect()
}

fn texts(verb: &str, noun: &str) -> Texts {
    let object = |api_call| Texts {
        api_call,
        response_mapper: MAP_OBJECT,
        form: FORM_OBJECT,
        has_table: true,
    };
    match verb {
        "list" => list(),
        "get" if is_plural(noun) => list(),
        "get" => object(include_str!("api_call_get.liquid")),
        "update" => object(include_str!("api_call_update.liquid")),
        "delete" => Texts {
            api_call: include_str!("api_call_delete.liquid"),
            response_mapper: MAP_DELETION,
            form: FORM_DELETION,
            has_table: true,
        },
        _ => object(include_str!("api_call_create.liquid")),
    }
}

fn list() -> Texts {
    Texts {
        api_call: include_str!("api_call_list.liquid"),
        response_mapper: MAP_LIST,
        form: FORM_LIST,
        has_table: false,
    }
}

/// True for `disputes`; false for `address` and `status`.
fn is_plural(noun: &str) -> bool {
    noun.ends_with('s') && !noun.ends_with("ss") && !noun.ends_with("us")
}

/// The name of the collection in Stripe's addresses.
fn plural(noun: &str) -> String {
    match noun.strip_suffix("person") {
        // Not people.
        Some(before) => format!("{before}persons"),
        None if is_plural(noun) => noun.to_owned(),
        None => pluralize(noun),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(name: &str) -> String {
        let files = files(name, "stripe", |_, _| true);
        let (_, text) = files
            .iter()
            .find(|(path, _)| {
                path.starts_with("modules/stripe")
                    && path.to_string_lossy().contains("api_call_notifications")
            })
            .expect("a call");
        let kept = ["to:", "request_type:", "effect:"];
        let lines = text.lines().filter(|line| kept.iter().any(|key| line.starts_with(key)));
        let lines: Vec<_> = lines.map(|line| line.split_once(": ").expect("a pair").1).collect();
        lines.join(" ").replace("https://api.stripe.com/v1/", "")
    }

    #[test]
    fn the_verb_says_what_is_sent() {
        let id = "{{ data.gateway_id | url_encode }}";
        assert_eq!(call("create_payout"), "payouts POST create");
        assert_eq!(call("create_person"), "persons POST create");
        assert_eq!(call("update_tax_id"), format!("tax_ids/{id} POST update"));
        assert_eq!(call("delete_coupon"), format!("coupons/{id} DELETE delete"));
        assert_eq!(call("get_dispute"), format!("disputes/{id} GET read"));
        assert_eq!(call("get_disputes"), "disputes?limit=100 GET read");
        assert_eq!(call("list_disputes"), "disputes?limit=100 GET read");
        assert_eq!(call("list_capabilities"), "capabilities?limit=100 GET read");
    }
}
