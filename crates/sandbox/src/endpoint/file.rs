//! Uploaded files; their content is not stored.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::listing;
use super::super::state::Kind;
use super::super::tx::Tx;
use serde_json::json;

/// Paths below `/v1/files`.
pub fn route(call: &Call, tx: &mut Tx<'_>, path: &[&str]) -> Option<Answer> {
    Some(match (call.method, path) {
        ("POST", []) => create(call, tx),
        ("GET", []) => {
            let filter = listing::by_fields(&call.params, &["purpose"]);
            listing::page(tx, call, tx.ids(Kind::File), &filter)
        }
        ("GET", [id]) => {
            tx.get(Kind::File, id).ok_or_else(|| ApiError::not_found("file upload", id))
        }
        _ => return None,
    })
}

fn create(call: &Call, tx: &mut Tx<'_>) -> Answer {
    let purpose = call.params.required("purpose")?;
    let sent = call.params.group("file").ok_or_else(|| ApiError::missing("file"))?;
    let id = tx.id("file_");
    let file = json!({
        "id": id, "object": "file", "created": tx.now, "expires_at": null,
        "filename": sent.text("filename")?, "livemode": false, "purpose": purpose,
        "size": sent.integer("size")?, "title": null, "type": sent.text("type")?,
        "url": format!("https://files.stripe.com/v1/files/{id}/contents"),
    });
    tx.insert(Kind::File, None, &file);
    Ok(file)
}
