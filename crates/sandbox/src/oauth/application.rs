//! Applications that accounts are connected to: two built-in ones, and those that the control
//! interface adds.

use crate::state::{Kind, PLATFORM};
use crate::tx::{Tx, text};
use serde_json::{Map, Value, json};

/// The application of Connect that every sandbox has.
pub const CONNECT: &str = "ca_sandbox";
/// The Stripe App that every sandbox has.
pub const APP: &str = "ca_sandbox_app";
/// The application's name on the consent page, unless another is given.
const NAME: &str = "Sluicegate";
const REDIRECTS_MAX: usize = 50;

/// Which family's rules an application follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Connect OAuth: tokens do not expire.
    Connect,
    /// Stripe Apps: access tokens for an hour, refresh tokens are replaced.
    Apps,
}

impl Family {
    /// As it is stored.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Apps => "apps",
        }
    }
}

/// The application of a client id.
pub fn find(tx: &Tx<'_>, client_id: &str) -> Option<Value> {
    let built_in = |family: Family| {
        json!({"id": client_id, "object": "application", "name": NAME,
        "_family": family.name(), "_redirect_uris": [], "_permissions": null})
    };
    tx.find(Kind::Application, PLATFORM, client_id).or_else(|| match client_id {
        CONNECT => Some(built_in(Family::Connect)),
        APP => Some(built_in(Family::Apps)),
        _ => None,
    })
}

/// What events show of an application.
pub fn shown(application: &Value) -> Value {
    json!({"id": application["id"], "object": "application", "name": application["name"]})
}

/// The family of an application.
pub fn family(application: &Value) -> Family {
    if application["_family"] == "apps" { Family::Apps } else { Family::Connect }
}

/// The address that the answer goes to: the one asked for, if the application has registered it,
/// or the first one that it has registered. An application that has registered none may name any.
pub fn redirect_uri(application: &Value, wanted: Option<&str>) -> Option<String> {
    let registered = application["_redirect_uris"].as_array().into_iter().flatten();
    let registered: Vec<&str> = registered.filter_map(Value::as_str).collect();
    let chosen = match wanted.filter(|uri| !uri.is_empty()) {
        Some(wanted) if registered.is_empty() || registered.contains(&wanted) => wanted,
        Some(_) => return None,
        None => registered.first()?,
    };
    is_web(chosen).then(|| chosen.to_owned())
}

/// Whether a browser can be sent to an address with a code.
fn is_web(address: &str) -> bool {
    let url = reqwest::Url::parse(address).ok();
    url.is_some_and(|url| {
        matches!(url.scheme(), "http" | "https") && url.has_host() && url.fragment().is_none()
    })
}

/// Adds an application, or changes one: `client_id`, `name`, `family` (`connect` or `apps`),
/// `redirect_uris`, `permissions` (`["charge_read"]`; all, when absent), `secret_key`.
///
/// # Errors
/// Says what is wrong with the wishes.
pub fn register(tx: &mut Tx<'_>, wishes: &Map<String, Value>) -> Result<Value, String> {
    const NAMES: [&str; 6] =
        ["client_id", "name", "family", "redirect_uris", "permissions", "secret_key"];
    if let Some(name) = wishes.keys().find(|name| !NAMES.contains(&name.as_str())) {
        return Err(format!("Unknown name: {name}. An application has: {}.", NAMES.join(", ")));
    }
    let word = |name: &str| wishes.get(name).and_then(Value::as_str);
    let list = |name: &str| -> Result<Option<Vec<String>>, String> {
        let Some(value) = wishes.get(name) else { return Ok(None) };
        let words: Option<Vec<String>> = value
            .as_array()
            .and_then(|all| all.iter().map(|one| one.as_str().map(str::to_owned)).collect());
        let words = words.filter(|words| words.len() <= REDIRECTS_MAX);
        words.map(Some).ok_or_else(|| format!("{name} is a list of at most {REDIRECTS_MAX} texts."))
    };
    let family = word("family").unwrap_or("connect");
    if !["connect", "apps"].contains(&family) {
        return Err("family is connect or apps.".to_owned());
    }
    let id = match word("client_id") {
        Some(id) if id.starts_with("ca_") && id.len() > 3 => id.to_owned(),
        Some(_) => return Err("client_id begins with ca_.".to_owned()),
        None => tx.id("ca_"),
    };
    let redirect_uris = list("redirect_uris")?.unwrap_or_default();
    if let Some(other) = redirect_uris.iter().find(|uri| !is_web(uri)) {
        return Err(format!("redirect_uris are addresses with http or https; {other} is not."));
    }
    let application = json!({
        "id": id, "object": "application", "name": word("name").unwrap_or(NAME),
        "_family": family, "_redirect_uris": redirect_uris,
        "_permissions": list("permissions")?, "_secret_key": word("secret_key"),
    });
    tx.put(Kind::Application, &application);
    Ok(json!({
        "client_id": id, "name": application["name"], "family": family,
        "redirect_uris": application["_redirect_uris"],
        "permissions": application["_permissions"],
        "authorize_path": match family {
            "apps" => format!("/oauth/v2/authorize?client_id={}", text(&application, "id")),
            _ => format!("/oauth/authorize?client_id={}", text(&application, "id")),
        },
    }))
}
