//! Filters that need an external service: each fails or does not pass, and says why.
//!
//! Passing a value through a check that did not run would be worse than an error.

use sluicegate_liquid::EngineBuilder;
use sluicegate_liquid::context::Context;
use sluicegate_liquid::error::Error;
use sluicegate_liquid::filter::{Arguments, FilterFunction};
use sluicegate_liquid::value::Value;

/// Checks that never pass because this host cannot run them, and the reasons.
const NEVER: [(&str, FilterFunction); 3] = [
    ("hcaptcha", |_, _, c| never("hCaptcha is not asked", c)),
    ("is_token_valid", |_, _, c| never("this host issues no temporary tokens", c)),
    ("verify_access_key", |_, _, c| never("there is no Partner Portal here", c)),
];

/// Registers the filters that need an external service.
pub fn register(builder: &mut EngineBuilder) {
    builder.context_filter("download_file", download_file);
    for (name, filter) in NEVER {
        builder.context_filter(name, filter);
    }
}

/// Outgoing calls must be committed first and allowed by name; a filter call is neither.
fn download_file(_: Value, _: &Arguments, _: &mut Context<'_>) -> Result<Value, Error> {
    let message = "download_file reaches the network, which only API calls do here";
    let help = "put the address into an API call and send it with api_call_send".to_owned();
    Err(Error::argument(message).help(Some(help)))
}

fn never(why: &str, context: &mut Context<'_>) -> Result<Value, Error> {
    context.warn(format!("{why}, so the check does not pass"));
    Ok(Value::Bool(false))
}
