//! Parses the settings that are more than a text.

use super::reader::Reader;
use super::safety::WEBHOOK_SECRET_CHARS_MIN;
use super::{
    DEFAULT_LOG, Database, Environment, Error, KeyFile, RETENTION_DAYS_MIN, SessionLimits, Stripe,
    TrustedProxies, invalid, is_instance, without_password,
};
use jiff::SignedDuration;
use sluicegate_secret::api_token::ApiTokens;
use sluicegate_secret::{InstanceKey, Secret};
use std::net::SocketAddr;
use std::path::Path;
use tracing_subscriber::EnvFilter;

/// Ten years.
const SESSION_SECS_MAX: i64 = 10 * 365 * 24 * 3600;

pub(super) fn stripe(setting: Option<String>, key: &Option<String>) -> Result<Stripe, Error> {
    match setting.as_deref() {
        None if key.is_some() => Ok(Stripe::Live),
        None | Some("sandbox") => Ok(Stripe::Sandbox),
        Some("live") => Ok(Stripe::Live),
        Some(url) if url.starts_with("http://") || url.starts_with("https://") => {
            Ok(Stripe::Url(url.trim_end_matches('/').to_owned()))
        }
        Some(other) => Err(invalid(
            "--stripe",
            format!("`{other}` is not one of: sandbox, live, a URL such as http://127.0.0.1:8000"),
        )),
    }
}

pub(super) fn address(
    reader: &mut Reader<'_>,
    variable: &str,
    flag: &str,
    default: &str,
) -> SocketAddr {
    let parsed = |text: &str| {
        text.parse().map_err(|_| {
            invalid(flag, format!("`{text}` is not an address and port such as {default}"))
        })
    };
    let fallback = parsed(default).expect("the default is an address");
    match reader.text(variable) {
        Some(text) => reader.take(parsed(&text), fallback),
        None => fallback,
    }
}

/// Scheme, host and port, as browsers write them in `Origin`. What else is in it is refused: it
/// makes cookies and links.
pub(super) fn public_url(reader: &mut Reader<'_>) -> Option<String> {
    let name = "SLUICEGATE_URL";
    let text = reader.text(name)?;
    let url = reqwest::Url::parse(text.trim()).ok().filter(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.host_str().is_some_and(|host| !host.is_empty())
            && url.username().is_empty()
            && url.password().is_none()
            && url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
    });
    let shown = without_password(&text);
    let message = format!("`{shown}` is not an address such as https://shop.example");
    let origin = url.map(|url| url.origin().ascii_serialization());
    reader.take(origin.map(Some).ok_or_else(|| invalid(name, message)), None)
}

/// `9090` and `:9090` are ports of this machine only.
pub(super) fn metrics_address(reader: &mut Reader<'_>) -> Option<SocketAddr> {
    let text = reader.text("SLUICEGATE_METRICS_ADDR")?;
    let port = text.strip_prefix(':').unwrap_or(&text).parse::<u16>();
    let parsed = port.map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
    let parsed = parsed.or_else(|_| text.parse()).map(Some).map_err(|_| {
        let message =
            format!("`{text}` is not a port or an address and port such as 127.0.0.1:9090");
        invalid("--metrics-addr", message)
    });
    reader.take(parsed, None)
}

pub(super) fn database(reader: &mut Reader<'_>, root: &Path) -> Database {
    let fallback = Database::of_root(root);
    match reader.text("SLUICEGATE_DATABASE") {
        Some(url) => reader.take(Database::parse(&url), fallback),
        None => fallback,
    }
}

pub(super) fn trusted_proxies(reader: &mut Reader<'_>) -> TrustedProxies {
    let name = "SLUICEGATE_TRUSTED_PROXIES";
    let proxies = TrustedProxies::parse(&reader.list(name));
    reader.take(proxies.map_err(|message| invalid(name, message)), TrustedProxies::default())
}

pub(super) fn boolean(reader: &mut Reader<'_>, name: &str) -> bool {
    let value = match reader.text(name).as_deref() {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(other) => Err(invalid(name, format!("`{other}` is not one of: true, false"))),
    };
    reader.take(value, false)
}

pub(super) fn environment_setting(reader: &mut Reader<'_>, secret_key: &Secret) -> Environment {
    // A live key moves real money: development features must not be open by default.
    let is_live = secret_key.expose().contains("_live_");
    let default = if is_live { Environment::Production } else { Environment::Development };
    let name = "SLUICEGATE_ENV";
    match reader.text(name).as_deref() {
        Some("development") => Environment::Development,
        Some("staging") => Environment::Staging,
        Some("production") => Environment::Production,
        None => default,
        Some(other) => {
            let message = format!(
                "unknown environment `{other}`; expected development, staging or production"
            );
            reader.take(Err(invalid(name, message)), default)
        }
    }
}

pub(super) fn webhook_secrets(reader: &mut Reader<'_>) -> Vec<Secret> {
    let name = "STRIPE_WEBHOOK_SECRET";
    let stated = reader.text(name);
    let all: Vec<_> = stated.iter().flat_map(|all| all.split(',')).map(str::trim).collect();
    // A blank or guessable secret would let anyone forge an event: refuse to start.
    if all.iter().any(|secret| secret.len() < WEBHOOK_SECRET_CHARS_MIN) {
        let message = format!(
            "a secret has at least {WEBHOOK_SECRET_CHARS_MIN} characters; copy the complete \
             whsec_… string"
        );
        reader.check(Err(invalid(name, message)));
    }
    all.into_iter().map(Secret::new).collect()
}

pub(super) fn session_limits(reader: &mut Reader<'_>) -> SessionLimits {
    let mut seconds = |name: &str, default: i64| {
        let stated = reader.number::<i64>(name).unwrap_or(default);
        let message = format!("{stated} is not a number of seconds from 1 to {SESSION_SECS_MAX}");
        let is_valid = (1..=SESSION_SECS_MAX).contains(&stated);
        let valid = if is_valid { Ok(stated) } else { Err(invalid(name, message)) };
        SignedDuration::from_secs(reader.take(valid, default))
    };
    SessionLimits {
        idle: seconds("SLUICEGATE_SESSION_IDLE", 14 * 24 * 3600),
        lifetime: seconds("SLUICEGATE_SESSION_LIFETIME", 30 * 24 * 3600),
    }
}

pub(super) fn execution_retention(reader: &mut Reader<'_>) -> Option<SignedDuration> {
    let name = "SLUICEGATE_EXECUTION_RETENTION";
    let days = reader.number::<i64>(name)?;
    if (RETENTION_DAYS_MIN..=36_500).contains(&days) {
        return Some(SignedDuration::from_hours(days * 24));
    }
    let message = format!("{days} is not a number of days from {RETENTION_DAYS_MIN} to 36500");
    reader.check(Err(invalid(name, message)));
    None
}

pub(super) fn api_tokens(reader: &mut Reader<'_>) -> ApiTokens {
    let name = "SLUICEGATE_API_TOKENS";
    let tokens = ApiTokens::new(reader.text("SLUICEGATE_API_TOKEN"), reader.text(name));
    reader.take(tokens.map_err(|message| invalid(name, message)), ApiTokens::default())
}

pub(super) fn log(reader: &mut Reader<'_>) -> String {
    let name = "SLUICEGATE_LOG";
    let filter = reader.text(name).unwrap_or_else(|| DEFAULT_LOG.to_owned());
    let valid = match EnvFilter::try_new(&filter) {
        Ok(_) => Ok(filter),
        Err(_) => {
            let message = format!("`{filter}` is not a filter such as info or sluicegate=debug");
            Err(invalid(name, message))
        }
    };
    reader.take(valid, DEFAULT_LOG.to_owned())
}

pub(super) fn instance_key(reader: &mut Reader<'_>, root: &Path, key_file: KeyFile) -> InstanceKey {
    let name = "SLUICEGATE_SECRET_KEY";
    let file = root.join("data/instance.key");
    // Nothing is written for a start that is refused.
    let creates = key_file == KeyFile::Create && reader.errors.is_empty();
    let key = match reader.text(name) {
        Some(hex) => InstanceKey::from_hex(name, &hex),
        // Write nothing into a folder that was named by mistake.
        None if is_instance(root) && (creates || file.exists()) => InstanceKey::from_file(&file),
        None => Ok(InstanceKey::random()),
    };
    reader.take(key.map_err(Error::Key), InstanceKey::random())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Flags;

    #[test]
    fn a_key_means_live_by_default() {
        let key = Some("sk_test_1".to_owned());
        assert_eq!(stripe(None, &key).expect("valid"), Stripe::Live);
        assert_eq!(stripe(None, &None).expect("valid"), Stripe::Sandbox);
        assert_eq!(stripe(Some("sandbox".to_owned()), &key).expect("valid"), Stripe::Sandbox);
        let url = stripe(Some("http://127.0.0.1:8000/".to_owned()), &None).expect("valid");
        assert_eq!(url, Stripe::Url("http://127.0.0.1:8000".to_owned()));
        assert!(stripe(Some("stripe".to_owned()), &None).is_err());
    }

    #[test]
    fn webhook_secrets_are_several_and_never_blank() {
        let read = |setting: Option<&str>| {
            let flags = Flags::default();
            let value = |_: &str| setting.map(str::to_owned);
            let mut reader = Reader::new(&flags, &value);
            let secrets = webhook_secrets(&mut reader);
            (secrets.len(), reader.errors.len())
        };
        let first = "whsec_first_0123456789abcdef";
        assert_eq!(read(Some(&format!("{first}, whsec_second_0123456789abcdef"))), (2, 0));
        assert_eq!(read(Some(&format!("{first},,"))).1, 1);
        assert_eq!(read(None), (0, 0));
    }

    #[test]
    fn a_public_url_is_an_origin() {
        let read = |text: &str| {
            let flags = Flags::default();
            let value = |name: &str| (name == "SLUICEGATE_URL").then(|| text.to_owned());
            let mut reader = Reader::new(&flags, &value);
            let url = public_url(&mut reader);
            (url, reader.errors.first().map(ToString::to_string))
        };
        for text in ["https://shop.example", "HTTPS://Shop.Example/", "https://shop.example:443"] {
            assert_eq!(read(text), (Some("https://shop.example".to_owned()), None), "{text}");
        }
        assert_eq!(read("http://127.0.0.1:3000").0.as_deref(), Some("http://127.0.0.1:3000"));
        for text in [
            "shop.example",
            "ftp://shop.example",
            "https://",
            "https://shop.example/path",
            "https://shop.example/?word",
            "https://shop.example/#word",
            "https://me:word@shop.example",
        ] {
            let (url, error) = read(text);
            let error = error.expect("refused");
            assert!(url.is_none() && !error.contains("word"), "{error}");
        }
    }

    #[test]
    fn metrics_are_on_this_machine_unless_a_host_is_named() {
        let parsed = |text: &str| {
            let flags = Flags { metrics_addr: Some(text.to_owned()), ..Flags::default() };
            let mut reader = Reader::new(&flags, &|_| None);
            let addr = metrics_address(&mut reader).map(|addr| addr.to_string());
            (addr, reader.errors.len())
        };
        for text in ["9090", ":9090", "127.0.0.1:9090"] {
            assert_eq!(parsed(text), (Some("127.0.0.1:9090".to_owned()), 0), "{text}");
        }
        assert_eq!(parsed("[::]:9090").0.as_deref(), Some("[::]:9090"));
        for text in ["metrics", "127.0.0.1", "70000"] {
            assert_eq!(parsed(text), (None, 1), "{text}");
        }
    }
}
