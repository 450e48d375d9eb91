//! Source objects (`src_…`) of cards, as older integrations of Stripe.js make them.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::event::emit;
use super::super::state::Kind;
use super::super::tx::{Tx, text};
use super::{card_object, source};
use serde_json::json;

/// Paths below `/v1/sources`.
pub fn route(call: &Call, tx: &mut Tx<'_>, path: &[&str]) -> Option<Answer> {
    Some(match (call.method, path) {
        ("POST", []) => create(call, tx),
        ("GET", [id]) => of(call, tx, id),
        ("POST", [id]) => of(call, tx, id).and_then(|mut source| {
            call.params.patch_groups(&mut source, &["owner"]);
            call.params.patch_metadata(&mut source)?;
            tx.update(&source);
            Ok(source)
        }),
        ("GET", [id, "source_transactions"]) => of(call, tx, id)
            .map(|_| json!({"object": "list", "data": [], "has_more": false, "url": call.path})),
        ("POST", [id, "verify"]) => of(call, tx, id).and_then(|_| {
            let message = "Sources of type card are not verified.";
            Err(ApiError::invalid(message))
        }),
        _ => return None,
    })
}

fn of(call: &Call, tx: &Tx<'_>, id: &str) -> Answer {
    let found = tx.get(Kind::Source, id).filter(|source| source["object"] == "source");
    let found = found.ok_or_else(|| ApiError::not_found("source", id))?;
    let secret = call.params.text("client_secret")?;
    let is_public = call.key.starts_with("pk_");
    let fits = secret.map_or(!is_public, |secret| secret == text(&found, "client_secret"));
    if fits { Ok(found) } else { Err(ApiError::not_found("source", id)) }
}

fn create(call: &Call, tx: &mut Tx<'_>) -> Answer {
    let params = &call.params;
    let kind = params.required("type")?;
    if kind != "card" {
        let message = format!(
            "This sandbox makes sources of type card, not {kind}. Use a PaymentMethod instead."
        );
        return Err(ApiError { saved: false, ..ApiError::invalid(message) }.param("type"));
    }
    let card = match (params.filled("token")?, params.group("card")) {
        (Some(token), _) => source::take_token(tx, token, "token")?,
        (None, Some(fields)) => card_object::from_fields(tx, &fields)?,
        (None, None) => return Err(ApiError::missing("card")),
    };
    let id = tx.id("src_");
    let address = json!({"city": card["address_city"], "country": card["address_country"],
        "line1": card["address_line1"], "line2": card["address_line2"],
        "postal_code": card["address_zip"], "state": card["address_state"]});
    let mut made = json!({
        "id": id, "object": "source", "allow_redisplay": "unspecified", "amount": null,
        "client_secret": tx.id("src_client_secret_"), "created": tx.now, "currency": null,
        "flow": "none", "livemode": false, "metadata": {},
        "owner": {"address": address, "email": null, "name": card["name"], "phone": null,
            "verified_address": null, "verified_email": null, "verified_name": null,
            "verified_phone": null},
        "statement_descriptor": null, "status": "chargeable", "type": "card",
        "usage": "reusable",
        "card": {"brand": card["brand"], "country": card["country"],
            "cvc_check": card["cvc_check"], "exp_month": card["exp_month"],
            "exp_year": card["exp_year"], "fingerprint": card["fingerprint"],
            "funding": card["funding"], "last4": card["last4"], "name": card["name"],
            "three_d_secure": "optional", "tokenization_method": null},
        "_card": card,
    });
    params.patch_groups(&mut made, &["owner"]);
    params.patch(&mut made, &["statement_descriptor"])?;
    params.patch_metadata(&mut made)?;
    tx.insert(Kind::Source, None, &made);
    let account = tx.account.clone();
    emit(tx, "source.chargeable", &account, &made, None);
    Ok(made)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_card_of_a_source_stays_hidden() {
        let mut source = serde_json::json!({"object": "source", "_card": {"_number": "4"}});
        super::super::super::version::shape(&mut source, "2019-08-14", &[]);
        assert_eq!(source, serde_json::json!({"object": "source"}));
    }
}
