//! Stripe Apps: their secrets, by name and scope, and their installations.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::event::emit;
use super::super::listing;
use super::super::tx::{Tx, text};
use super::{Resource, kind, new};
use serde_json::{Value, json};

const SECRET: &str = "apps.secret";

/// Installations.
pub const INSTALL: Resource = Resource {
    create: |call, tx, install| {
        install["app"] = json!(call.params.required("app")?);
        install["account"] = json!(&*tx.account);
        let policy = json!({"connect_src": [], "image_src": []});
        install["content_security_policy_granted"] = policy.clone();
        install["content_security_policy_pending"] = policy;
        install["channel"] = json!(call.params.filled("channel")?.unwrap_or("public"));
        install["status"] = json!("installed");
        Ok(())
    },
    actions: &[("POST", "uninstall", |_, tx, mut install| {
        if install["status"] != "installed" {
            return Err(ApiError::invalid("This app is not installed."));
        }
        install["status"] = json!("uninstalling");
        tx.update(&install);
        let account = tx.account.clone();
        emit(tx, "apps.install.deleted", &account, &install, None);
        Ok(install)
    })],
    ..Resource::new("apps.install", "apps/installs", "appinst_")
};

/// `/v1/apps/secrets`; `None` for other paths.
pub fn route(call: &Call, tx: &mut Tx<'_>, path: &[&str]) -> Option<Answer> {
    let ["apps", "secrets", rest @ ..] = path else { return None };
    Some(match (call.method, rest) {
        ("GET", []) => scope(call).and_then(|scope| {
            listing::page(tx, call, tx.ids(kind(SECRET)), &|secret| secret["scope"] == scope)
        }),
        ("GET", ["find"]) => find(call, tx).map(|secret| {
            let is_asked = call.params.list("expand").contains(&"payload");
            if is_asked { shown(secret) } else { secret }
        }),
        ("POST", []) => set(call, tx),
        ("POST", ["delete"]) => find(call, tx).inspect(|secret| tx.remove(text(secret, "id"))),
        _ => return None,
    })
}

/// Whose secret it is: the account's, or a user's.
fn scope(call: &Call) -> Answer {
    let sent = call.params.group("scope").ok_or_else(|| ApiError::missing("scope"))?;
    Ok(match sent.required("type")? {
        "user" => json!({"type": "user", "user": sent.required("user")?}),
        _ => json!({"type": "account"}),
    })
}

fn known(call: &Call, tx: &Tx<'_>) -> Result<Option<Value>, ApiError> {
    let (name, scope) = (call.params.required("name")?, scope(call)?);
    let ids = tx.ids(kind(SECRET));
    let mut all = ids.iter().filter_map(|id| tx.get(kind(SECRET), id));
    Ok(all.find(|secret| {
        let expired = secret["expires_at"].as_i64().is_some_and(|at| at <= tx.now);
        secret["name"] == name && secret["scope"] == scope && !expired
    }))
}

fn find(call: &Call, tx: &Tx<'_>) -> Answer {
    let name = call.params.required("name")?;
    known(call, tx)?.ok_or_else(|| ApiError::no_such("secret", name, "name").status(404))
}

/// A secret with what it holds.
fn shown(mut secret: Value) -> Value {
    secret["payload"] = secret["_payload"].clone();
    secret
}

fn set(call: &Call, tx: &mut Tx<'_>) -> Answer {
    let known = known(call, tx)?;
    let is_new = known.is_none();
    let mut secret = known.unwrap_or_else(|| new(tx, SECRET, "appsecret_"));
    secret["name"] = json!(call.params.required("name")?);
    secret["scope"] = scope(call)?;
    secret["expires_at"] = json!(call.params.integer("expires_at")?);
    secret["_payload"] = json!(call.params.required("payload")?);
    secret.as_object_mut().map(|fields| fields.shift_remove("payload"));
    if is_new {
        tx.insert(kind(SECRET), None, &secret);
    } else {
        tx.update(&secret);
    }
    Ok(secret)
}
