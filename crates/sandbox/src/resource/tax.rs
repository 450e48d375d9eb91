//! Tax rates and tax ids.

use super::super::api_error::ApiError;
use super::super::call::Call;
use super::super::tx::{Tx, text};
use super::{Resource, decimal};
use serde_json::{Value, json};

/// Tax rates.
pub const TAX_RATE: Resource =
    Resource { create: create_rate, ..Resource::new("tax_rate", "tax_rates", "txr_") };

/// Tax ids of a customer.
pub const CUSTOMER_TAX_ID: Resource = Resource {
    events: "customer.tax_id",
    create: create_id,
    ..Resource::new("tax_id", "customers/*/tax_ids", "txi_")
};

/// Tax ids of the account, or of the owner that is named.
pub const TAX_ID: Resource = Resource { path: "tax_ids", ..CUSTOMER_TAX_ID };

/// Registrations: where the account collects tax.
pub const REGISTRATION: Resource = Resource {
    create: register,
    update: register,
    ..Resource::new("tax.registration", "tax/registrations", "taxreg_")
};

/// Reads `now`, and says whether the registration is active at this time.
fn register(_: &Call, tx: &mut Tx<'_>, registration: &mut Value) -> Result<(), ApiError> {
    for name in ["active_from", "expires_at"] {
        if registration[name] == "now" {
            registration[name] = json!(tx.now);
        }
    }
    let ended = registration["expires_at"].as_i64().is_some_and(|end| end <= tx.now);
    registration["status"] = json!(match registration["active_from"].as_i64() {
        _ if ended => "expired",
        Some(from) if from > tx.now => "scheduled",
        _ => "active",
    });
    Ok(())
}

fn create_rate(call: &Call, _: &mut Tx<'_>, rate: &mut Value) -> Result<(), ApiError> {
    let percentage = decimal::read(&rate["percentage"]).unwrap_or(-1);
    if !(0..=100 * decimal::ONE).contains(&percentage) {
        let message = "Invalid percentage: must be between 0 and 100.";
        return Err(ApiError::invalid(message).param("percentage"));
    }
    rate["active"] = json!(call.params.boolean("active")?.unwrap_or(true));
    rate["effective_percentage"] = rate["percentage"].clone();
    rate["rate_type"] = json!("percentage");
    Ok(())
}

fn create_id(call: &Call, tx: &mut Tx<'_>, tax_id: &mut Value) -> Result<(), ApiError> {
    let kind = call.params.required("type")?;
    let country = kind.split('_').next().unwrap_or_default();
    let country = match country {
        // The one-stop shop of the Union, and VAT numbers whose country is in the value.
        "eu" => text(tax_id, "value").chars().take(2).collect::<String>(),
        other => other.to_uppercase(),
    };
    tax_id["country"] = json!(country);
    let customer = text(tax_id, "customer").to_owned();
    tax_id["owner"] = match (customer.as_str(), call.params.group("owner")) {
        ("", Some(owner)) => {
            let kind = owner.required("type")?;
            let id = owner.filled(kind)?;
            if kind == "customer" {
                tax_id["customer"] = json!(id);
            }
            json!({"type": kind, kind: id, "customer_account": null})
        }
        ("", None) => json!({"type": "self", "customer_account": null}),
        (id, _) => json!({"type": "customer", "customer": id, "customer_account": null}),
    };
    if let Some(owner) = tax_id["owner"].as_object_mut() {
        owner.retain(|name, value| name == "customer_account" || !value.is_null());
    }
    // Numbers that Stripe verifies; the magic values are Stripe's.
    let (status, name) = match text(tax_id, "value") {
        "000000000" | "111111111" => ("unverified", None),
        "222222222" => ("pending", None),
        _ if matches!(kind, "eu_vat" | "gb_vat" | "au_abn") => ("verified", Some("Jenny Rosen")),
        _ => ("unavailable", None),
    };
    let address = name.map(|_| "123 TEST STREET");
    tax_id["verification"] =
        json!({"status": status, "verified_address": address, "verified_name": name});
    let _ = tx;
    Ok(())
}
