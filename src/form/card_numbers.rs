//! Refuses a submission of a record form that holds a card number, before anything is stored.

use crate::form::fields;
use crate::form::render::Refused;
use crate::form::submission::FormRequest;
use serde_json::{Map, Value as Json, json};
use sluicegate_module::form::Form;
use sluicegate_secret::card_number;

/// The message beside a field.
const MESSAGE: &str = "must not hold a card number; send the token of the gateway's card form";

/// The refusal, if a posted value or an attribute is or contains a card number. Its values have
/// none, so that the page does not show it again.
pub fn refusal(form: &Form, request: &FormRequest) -> Option<Refused> {
    let posted = fields::plain(&request.posted);
    let attributes = [
        ("user_id", &request.attributes.user_id),
        ("external_id", &request.attributes.external_id),
    ];
    let mut all = posted.clone();
    all.extend(
        attributes
            .iter()
            .filter_map(|(name, value)| Some(((*name).to_owned(), Json::from(value.as_deref()?)))),
    );
    let all = Json::Object(all);
    if !card_number::is_in_json(&all) {
        return None;
    }
    let mut errors = Map::new();
    let is_in = |path: &&Vec<String>| card_number::is_in_json(fields::value_at(&all, path));
    for path in form.fields.iter().map(|field| &field.path).filter(is_in) {
        errors.insert(path.join("."), json!([MESSAGE]));
    }
    if errors.is_empty() {
        // In what the form does not declare: it would be stored with the submission.
        errors.insert("base".to_owned(), json!([MESSAGE]));
    }
    let mut values = fields::declared(form, &posted);
    card_number::mask_json(&mut values);
    Some(Refused { values, errors })
}
