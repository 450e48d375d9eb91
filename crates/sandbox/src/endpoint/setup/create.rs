//! Creates setup intents.

use super::super::super::api_error::{Answer, ApiError};
use super::super::super::call::Call;
use super::super::super::state::{Kind, PLATFORM};
use super::super::super::tx::Tx;
use super::super::intent::draft::name_method;
use super::super::intent::method_types;
use super::{confirm, draft};
use serde_json::json;

/// `POST /v1/setup_intents`.
pub fn run(call: &Call, tx: &mut Tx<'_>) -> Answer {
    let params = &call.params;
    let mut setup = draft::blank(tx);
    if let Some(usage) = params.choice("usage", &["off_session", "on_session"])? {
        setup["usage"] = json!(usage);
    }
    method_types::read(call, tx, &mut setup, "")?;
    if let Some(id) = params.filled("on_behalf_of")? {
        let known = tx.find(Kind::Account, PLATFORM, id);
        known.ok_or_else(|| ApiError::no_such("on_behalf_of", id, "on_behalf_of"))?;
        setup["on_behalf_of"] = json!(id);
    }
    if params.has("flow_directions") {
        setup["flow_directions"] = json!(params.list("flow_directions"));
    }
    draft::fill(call, tx, &mut setup)?;
    let method = name_method(call, tx, &mut setup)?;
    draft::begin(tx, &setup);
    match (params.boolean("confirm")?.unwrap_or(false), method) {
        (false, _) => Ok(setup),
        (true, Some(method)) => confirm::attempt(call, tx, setup, &method),
        (true, None) => Err(confirm::missing_method(&setup)),
    }
}
