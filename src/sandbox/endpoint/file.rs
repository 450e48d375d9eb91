//! Uploaded files, of which only what is said about them is kept.

use super::super::call::Call;
use super::super::listing;
use super::super::refusal::{Answer, Refusal};
use super::super::turn::Turn;
use super::super::world::Kind;
use serde_json::json;

/// Paths below `/v1/files`.
pub fn route(call: &Call, turn: &mut Turn<'_>, path: &[&str]) -> Option<Answer> {
    Some(match (call.method, path) {
        ("POST", []) => create(call, turn),
        ("GET", []) => {
            let filter = listing::by_fields(&call.params, &["purpose"]);
            listing::page(turn, call, turn.ids(Kind::File), &filter)
        }
        ("GET", [id]) => {
            turn.get(Kind::File, id).ok_or_else(|| Refusal::not_found("file upload", id))
        }
        _ => return None,
    })
}

fn create(call: &Call, turn: &mut Turn<'_>) -> Answer {
    let purpose = call.params.required("purpose")?;
    let sent = call.params.group("file").ok_or_else(|| Refusal::missing("file"))?;
    let id = turn.id("file_");
    let file = json!({
        "id": id, "object": "file", "created": turn.now, "expires_at": null,
        "filename": sent.text("filename")?, "livemode": false, "purpose": purpose,
        "size": sent.integer("size")?, "title": null, "type": sent.text("type")?,
        "url": format!("https://files.stripe.com/v1/files/{id}/contents"),
    });
    turn.insert(Kind::File, None, &file);
    Ok(file)
}
