//! `t` and `t_escape`: translations by key, with `%{variables}` filled in.

use crate::template::filters::alias;
use crate::template::{bridge, json};
use serde_json::Value as Json;
use sluicegate_liquid::EngineBuilder;
use sluicegate_liquid::context::Context;
use sluicegate_liquid::error::Error;
use sluicegate_liquid::filter::Arguments;
use sluicegate_liquid::print::escape_entities;
use sluicegate_liquid::value::Value;

/// Options that are not variables of the translation.
const OPTIONS: [&str; 4] = ["default", "fallback", "locale", "scope"];

/// Registers the translation filters.
pub fn register(builder: &mut EngineBuilder) {
    alias(builder, &["t", "translate"], |v, a, c| translate(&v, a, c, TextForm::Plain));
    alias(builder, &["t_escape", "translate_escape"], |v, a, c| {
        translate(&v, a, c, TextForm::Escaped)
    });
}

/// How values are put into a translation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TextForm {
    Plain,
    Escaped,
}

fn translate(
    value: &Value,
    arguments: &Arguments,
    context: &Context<'_>,
    form: TextForm,
) -> Result<Value, Error> {
    let mut options = match arguments.at(0) {
        Value::Hash(hash) => hash.borrow().iter().map(|(k, v)| (k.clone(), v.clone())).collect(),
        _ => Vec::new(),
    };
    options.extend(arguments.named.iter().cloned());
    let option = |name: &str| options.iter().find(|(key, _)| &**key == name).map(|(_, v)| v);
    let key = match option("scope").filter(|scope| !scope.is_blank()) {
        Some(scope) => format!("{}.{}", scope.to_text(), value.to_text()),
        None => value.to_text().into_owned(),
    };
    if key.trim().is_empty() {
        return Ok(Value::text(""));
    }
    let given = json::object(&options, context)?;
    let wanted = key.clone();
    let found = bridge::on(context, move |bridge| {
        let language = bridge.request_context.get("language");
        let mut given = given;
        if let Json::Object(map) = &mut given
            && !language.is_null()
        {
            map.entry("locale").or_insert(language);
        }
        (bridge.host.translate(&wanted, &given), given.get("locale").cloned())
    });
    let (found, locale) = found.unwrap_or_default();
    let Some(text) = found else {
        if let Some(default) = option("default") {
            return Ok(default.clone());
        }
        let locale = locale.as_ref().and_then(Json::as_str).unwrap_or("en");
        return Ok(Value::text(format!("translation missing: {locale}.{key}")));
    };
    let mut text = text;
    for (name, value) in &options {
        let mark = format!("%{{{name}}}");
        if OPTIONS.contains(&&**name) || !text.contains(&mark) {
            continue;
        }
        let value = value.to_text();
        let value =
            if form == TextForm::Escaped { escape_entities(&value) } else { value.into_owned() };
        let count = text.matches(&mark).count();
        context.budget.value(text.len().saturating_add(value.len().saturating_mul(count)))?;
        text = text.replace(&mark, &value);
    }
    context.budget.value(text.len())?;
    Ok(if form == TextForm::Escaped { Value::safe(text) } else { Value::text(text) })
}
