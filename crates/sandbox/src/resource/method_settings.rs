//! Which payment methods an account offers, and on which domains.

use super::super::api_error::ApiError;
use super::super::call::Call;
use super::super::tx::{Tx, text};
use super::{Resource, new};
use serde_json::{Value, json};

/// Domains where payment methods are shown.
pub const DOMAIN: Resource = Resource {
    create: create_domain,
    actions: &[("POST", "validate", |_, _, domain| Ok(domain))],
    ..Resource::new("payment_method_domain", "payment_method_domains", "pmd_")
};

/// Configurations: which methods are on.
pub const CONFIGURATION: Resource = Resource {
    create: create_configuration,
    update: settle,
    ..Resource::new("payment_method_configuration", "payment_method_configurations", "pmc_")
};

/// The methods of a configuration.
const METHODS: &[&str] = &[
    "acss_debit",
    "affirm",
    "afterpay_clearpay",
    "alipay",
    "amazon_pay",
    "apple_pay",
    "au_becs_debit",
    "bacs_debit",
    "bancontact",
    "card",
    "cashapp",
    "eps",
    "google_pay",
    "ideal",
    "klarna",
    "link",
    "p24",
    "sepa_debit",
    "us_bank_account",
];

fn create_domain(call: &Call, _: &mut Tx<'_>, domain: &mut Value) -> Result<(), ApiError> {
    let name = text(domain, "domain_name");
    if !name.contains('.') && name != "localhost" {
        let message = format!("Invalid domain name: {name}");
        return Err(ApiError::invalid(message).param("domain_name"));
    }
    for wallet in ["amazon_pay", "apple_pay", "google_pay", "klarna", "link", "paypal"] {
        domain[wallet] = json!({"status": "active"});
    }
    domain["enabled"] = json!(call.params.boolean("enabled")?.unwrap_or(true));
    Ok(())
}

fn create_configuration(
    call: &Call,
    tx: &mut Tx<'_>,
    configuration: &mut Value,
) -> Result<(), ApiError> {
    configuration["active"] = json!(true);
    configuration["is_default"] = json!(false);
    settle(call, tx, configuration)
}

/// Every method has a preference, and the value that follows from it.
fn settle(_: &Call, _: &mut Tx<'_>, configuration: &mut Value) -> Result<(), ApiError> {
    complete(configuration);
    Ok(())
}

fn complete(configuration: &mut Value) {
    for name in METHODS {
        let wanted = configuration[*name]["display_preference"]["preference"].clone();
        let is_off = wanted == "off";
        configuration[*name] = json!({
            "available": !is_off,
            "display_preference": {"overridable": null,
                "preference": if wanted.is_null() { json!("none") } else { wanted },
                "value": if is_off { "off" } else { "on" }},
        });
    }
}

/// The configuration that an account begins with.
pub fn default(tx: &mut Tx<'_>) -> Value {
    let mut configuration = new(tx, CONFIGURATION.object, CONFIGURATION.prefix);
    configuration["name"] = json!("Default");
    configuration["active"] = json!(true);
    configuration["is_default"] = json!(true);
    complete(&mut configuration);
    tx.insert(CONFIGURATION.kind(), None, &configuration);
    configuration
}
