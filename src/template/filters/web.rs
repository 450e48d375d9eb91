//! URL filters: assets, form bodies, URL templates.

use crate::template::filters::{alias, url};
use crate::template::{bridge, json};
use serde_json::{Map, Value as Json};
use sluicegate_liquid::EngineBuilder;
use sluicegate_liquid::context::Context;
use sluicegate_liquid::error::Error;
use sluicegate_liquid::filter::Arguments;
use sluicegate_liquid::filters::list::shallow;
use sluicegate_liquid::value::Value;

type FilterResult = Result<Value, Error>;

/// Registers the URL filters.
pub fn register(builder: &mut EngineBuilder) {
    alias(builder, &["asset_url", "asset_path", "asset_name_to_raw_url"], |v, _, c| {
        let path = v.to_text().into_owned();
        let address = bridge::on(c, move |bridge| bridge.host.asset_url(&path));
        Ok(address.map_or(Value::Nil, Value::from))
    });
    alias(builder, &["www_form_encode", "www_form_encode_rc"], |v, _, c| {
        let text = url::form_encode(&json::checked(&v, c)?).ok_or_else(too_much)?;
        c.budget.value(text.len())?;
        Ok(Value::safe(text))
    });
    alias(builder, &["querify"], |v, _, c| {
        let text = url::query(&json::checked(&v, c)?).ok_or_else(too_much)?;
        c.budget.value(text.len())?;
        Ok(Value::text(text))
    });
    alias(builder, &["expand_url_template"], expand_url_template);
    alias(builder, &["extract_url_params"], extract_url_params);
}

fn too_much() -> Error {
    Error::limit("the form is too large")
}

fn expand_url_template(
    value: Value,
    arguments: &Arguments,
    context: &mut Context<'_>,
) -> FilterResult {
    let mut values = match json::checked(arguments.at(0), context)? {
        Json::Object(map) => map,
        _ => Map::new(),
    };
    for (name, value) in &arguments.named {
        values.insert(name.to_string(), json::checked(value, context)?);
    }
    let template = value.to_text();
    // Each expression may expand to all values.
    let size: usize = values.values().map(|value| value.to_string().len()).sum();
    context.budget.room(template.matches('{').count().saturating_mul(size))?;
    let address = url::expand(&template, &values);
    context.budget.value(address.len())?;
    Ok(Value::text(address))
}

/// Returns the variables of the first template that matches the URL.
fn extract_url_params(value: Value, arguments: &Arguments, _: &mut Context<'_>) -> FilterResult {
    let address = value.to_text();
    let found = shallow(arguments.at(0)).iter().find_map(|t| url::extract(&address, &t.to_text()));
    Ok(found.map_or(Value::Nil, |map| Value::from(Json::Object(map))))
}
