//! `POST /v2/core/account_links`: the hosted onboarding, by the link of v1.

use super::account;
use crate::api_error::{Answer, ApiError};
use crate::call::Call;
use crate::params::Params;
use crate::timestamp::written;
use crate::tx::{Tx, number};
use serde_json::{Map, Value, json};

/// Creates a link.
pub fn create(call: &Call, tx: &mut Tx<'_>) -> Answer {
    let id = call.params.required("account")?;
    account::of(tx, id)?;
    let case = call.params.group("use_case").ok_or_else(|| ApiError::missing("use_case"))?;
    let kind = case.required("type")?;
    let given = case.group(kind).ok_or_else(|| ApiError::missing(&format!("use_case[{kind}]")))?;
    let refresh = given.required("refresh_url")?;
    let back = given.filled("return_url")?.unwrap_or(refresh);
    let params = [("account", id), ("type", kind), ("refresh_url", refresh), ("return_url", back)];
    let params: Map<String, Value> =
        params.into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect();
    let link = Call { method: "POST", ..call.again("/v1/account_links", Params::new(params)) };
    let unknown = || ApiError::unrecognized("POST", &call.path);
    let made = tx.operate(&link, &["account_links"]).ok_or_else(unknown)??;
    let collected: Map<String, Value> =
        given.values().iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    Ok(json!({
        "object": "v2.core.account_link", "account": id, "created": written(number(&made, "created")),
        "expires_at": written(number(&made, "expires_at")), "livemode": false, "url": made["url"],
        "use_case": {"type": kind, kind: collected},
    }))
}
