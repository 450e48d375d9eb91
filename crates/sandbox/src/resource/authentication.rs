//! Standalone 3-D Secure authentications: `requires_submission` → `succeeded`, or `canceled`.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::event::emit;
use super::super::state::Kind;
use super::super::tx::{Tx, text};
use super::{Resource, invoice_pay};
use serde_json::{Value, json};

/// Authentications.
pub const AUTHENTICATION: Resource = Resource {
    create,
    actions: &[("POST", "submit", submit), ("POST", "cancel", cancel)],
    ..Resource::new("three_d_secure.authentication", "three_d_secure/authentications", "tdsa_")
};

fn create(call: &Call, tx: &mut Tx<'_>, made: &mut Value) -> Result<(), ApiError> {
    let params = &call.params;
    let method = match (params.filled("payment_method")?, params.group("payment_method_data")) {
        (Some(id), _) => tx.get(Kind::Method, id).map(|method| text(&method, "id").to_owned()),
        (None, Some(data)) => {
            let card = data.group("card").unwrap_or_default();
            let mut form = form_urlencoded::Serializer::new("type=card".to_owned());
            for (name, value) in card.values() {
                form.append_pair(&format!("card[{name}]"), value.as_str().unwrap_or_default());
            }
            let method = invoice_pay::internal(tx, "payment_methods", &form.finish());
            method.transpose()?.map(|method| text(&method, "id").to_owned())
        }
        (None, None) => return Err(ApiError::missing("payment_method")),
    };
    let named = params.text("payment_method")?.unwrap_or_default();
    let missing = || ApiError::no_such("PaymentMethod", named, "payment_method");
    made["payment_method"] = json!(method.ok_or_else(missing)?);
    if text(made, "directory_server").is_empty() {
        made["directory_server"] = json!("visa");
    }
    made["status"] = json!("requires_submission");
    if params.filled("submit")? == Some("always") {
        made["status"] = json!("succeeded");
        made["outcome"] = json!("authenticated");
    }
    Ok(())
}

fn ended(tx: &mut Tx<'_>, mut made: Value, status: &str) -> Value {
    made["status"] = json!(status);
    tx.update(&made);
    let account = tx.account.clone();
    emit(tx, &format!("three_d_secure.authentication.{status}"), &account, &made, None);
    made
}

fn check_open(made: &Value) -> Result<(), ApiError> {
    if made["status"] == "requires_submission" {
        return Ok(());
    }
    let message = format!("This authentication has the status {}.", text(made, "status"));
    Err(ApiError::invalid(message))
}

fn submit(call: &Call, tx: &mut Tx<'_>, mut made: Value) -> Answer {
    check_open(&made)?;
    call.params.patch_metadata(&mut made)?;
    made["outcome"] = json!("authenticated");
    Ok(ended(tx, made, "succeeded"))
}

fn cancel(call: &Call, tx: &mut Tx<'_>, mut made: Value) -> Answer {
    check_open(&made)?;
    call.params.patch_metadata(&mut made)?;
    Ok(ended(tx, made, "canceled"))
}
