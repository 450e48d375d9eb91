//! Templates of invoices' pages: they are made in the dashboard, so every account has one.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::tx::{Tx, text};
use super::{Resource, kind, new};
use serde_json::{Value, json};

/// Templates.
pub const TEMPLATE: Resource = Resource {
    actions: &[
        ("POST", "archive", |_, tx, template| set(tx, template, "archived")),
        ("POST", "unarchive", |_, tx, template| set(tx, template, "active")),
    ],
    ..Resource::new("invoice_rendering_template", "invoice_rendering_templates", "inrtem_")
};

/// The template that the platform begins with.
pub fn default(tx: &mut Tx<'_>) {
    let mut made = new(tx, TEMPLATE.object, TEMPLATE.prefix);
    made["nickname"] = json!("Default");
    made["status"] = json!("active");
    made["version"] = json!(1);
    tx.insert(kind(TEMPLATE.object), None, &made);
}

fn set(tx: &mut Tx<'_>, mut template: Value, status: &str) -> Answer {
    if text(&template, "status") == status {
        return Err(ApiError::invalid(format!("This template is {status} already.")));
    }
    template["status"] = json!(status);
    tx.update(&template);
    Ok(template)
}

/// The version that a request names must be one that there is.
pub fn check_version(call: &Call, template: Value) -> Answer {
    let wanted = call.params.integer("version")?;
    if wanted.is_some_and(|wanted| template["version"] != wanted) {
        let message = "This template has no such version.";
        return Err(ApiError::invalid(message).param("version"));
    }
    Ok(template)
}
