//! Operator settings: flags, then environment, then defaults. Only this module reads the
//! environment.

pub mod log;
mod safety;

use jiff::SignedDuration;
use sluicegate_secret::api_token::ApiTokens;
use sluicegate_secret::{InstanceKey, Secret};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// The secret key for a sandbox or a test double if none is configured.
const SANDBOX_SECRET_KEY: &str = "sk_test_sluicegate_sandbox";
/// The matching publishable key.
const SANDBOX_PUBLISHABLE_KEY: &str = "pk_test_sluicegate_sandbox";

/// The default interval for listing undelivered events.
const EVENTS_EVERY_SECS: u64 = 300;

/// Why a setting is invalid; each message names the setting to change.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A setting has an invalid value.
    #[error("{name}: {message}")]
    Value {
        /// The flag or variable.
        name: String,
        /// What is wrong and which values are valid.
        message: String,
    },
    /// The instance key is not available.
    #[error(transparent)]
    Key(#[from] sluicegate_secret::Error),
}

/// The Stripe server that the runtime calls (`serve --stripe`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stripe {
    /// The embedded sandbox, on its own port.
    Sandbox,
    /// Stripe itself.
    Live,
    /// One server in place of every Stripe host, such as a test double.
    Url(String),
}

/// The environment of the instance; templates see it as `context.environment`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    /// Hot reload, the GraphQL explorer, and loopback callers without a token.
    Development,
    /// Like production, with test keys.
    Staging,
    /// Real money.
    Production,
}

impl Environment {
    /// The name that templates see.
    pub fn name(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Staging => "staging",
            Self::Production => "production",
        }
    }
}

/// How long visitors' sessions last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLimits {
    /// `SLUICEGATE_SESSION_IDLE`: without a request, in seconds; two weeks by default.
    pub idle: SignedDuration,
    /// `SLUICEGATE_SESSION_LIFETIME`: in all, in seconds; thirty days by default.
    pub lifetime: SignedDuration,
}

/// Settings of the command line; `None` falls back to the environment, then to the default.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    /// `--root`, the folder of the instance.
    pub root: Option<PathBuf>,
    /// `--addr`, where `serve` listens.
    pub addr: Option<String>,
    /// `--database`, `sqlite:PATH` or `postgres://…`.
    pub database: Option<String>,
    /// `--stripe`, `sandbox`, `live` or a URL.
    pub stripe: Option<String>,
    /// `--sandbox-addr`, where the embedded sandbox listens.
    pub sandbox_addr: Option<String>,
}

/// Every operator setting, validated.
#[derive(Debug, Clone)]
pub struct Config {
    /// The folder of the instance.
    pub root: PathBuf,
    /// The address on which `serve` listens.
    pub addr: SocketAddr,
    /// The public URL for visitors and Stripe, without a trailing slash (`SLUICEGATE_URL`).
    pub public_url: Option<String>,
    /// The database's URL.
    pub database: String,
    /// The Stripe server to call.
    pub stripe: Stripe,
    /// True when `--stripe` or `SLUICEGATE_STRIPE` says so, false when it follows from the key.
    pub is_stripe_stated: bool,
    /// The address of the embedded sandbox.
    pub sandbox_addr: SocketAddr,
    /// `STRIPE_SECRET_KEY`, or the sandbox's.
    pub secret_key: Secret,
    /// `STRIPE_PUBLISHABLE_KEY`, or the sandbox's.
    pub publishable_key: Secret,
    /// `STRIPE_WEBHOOK_SECRET`, several separated by commas.
    pub webhook_secrets: Vec<Secret>,
    /// The bearer tokens for the API endpoints, GraphQL and the console: `SLUICEGATE_API_TOKEN` may
    /// do everything, `SLUICEGATE_API_TOKENS` is a list of `scope:token`.
    pub api_tokens: ApiTokens,
    /// `SLUICEGATE_OUTBOUND_HOSTS`: additional hosts that modules may call.
    pub outbound_hosts: Vec<String>,
    /// `SLUICEGATE_STRIPE_RATE`: requests per second for each account, 0 for no limit. Default:
    /// Stripe's own limits; no limit for a server that replaces it.
    pub stripe_rate: Option<f64>,
    /// `SLUICEGATE_EVENTS_EVERY`: the interval for listing undelivered events, in seconds; 0 for
    /// never.
    pub events_every: u64,
    /// `SLUICEGATE_EXECUTION_RETENTION`: after how many days a finished execution is reduced to
    /// what its idempotency key needs; without it, never.
    pub execution_retention: Option<SignedDuration>,
    /// How long visitors' sessions last.
    pub sessions: SessionLimits,
    /// `SLUICEGATE_ENV`; by default production with a live key, else development.
    pub environment: Environment,
    /// Signs forms and seals secrets at rest.
    pub instance_key: InstanceKey,
}

impl Config {
    /// Reads every setting from flags and the environment.
    ///
    /// # Errors
    /// [`Error::Value`] names the invalid flag or variable.
    pub fn new(flags: Flags) -> Result<Self, Error> {
        let root = flags.root.or_else(|| variable("SLUICEGATE_ROOT").map(PathBuf::from));
        let root = root.unwrap_or_else(|| PathBuf::from("."));
        safety::refuse_blank_secrets(is_blank)?;
        let configured_key = variable("STRIPE_SECRET_KEY");
        let stated = flags.stripe.or_else(|| variable("SLUICEGATE_STRIPE"));
        let is_stripe_stated = stated.is_some();
        let stripe = stripe(stated, &configured_key)?;
        let secret_key = match (&configured_key, &stripe) {
            (Some(key), _) => key.clone(),
            (None, Stripe::Live) => {
                let message =
                    "Stripe itself needs a secret key (sk_…) in the environment".to_owned();
                return Err(Error::Value { name: "STRIPE_SECRET_KEY".to_owned(), message });
            }
            (None, _) => SANDBOX_SECRET_KEY.to_owned(),
        };
        let publishable_key = variable("STRIPE_PUBLISHABLE_KEY");
        let config = Self {
            addr: address("--addr", flags.addr, "SLUICEGATE_ADDR", "127.0.0.1:3000")?,
            sandbox_addr: address(
                "--sandbox-addr",
                flags.sandbox_addr,
                "SLUICEGATE_SANDBOX_ADDR",
                "127.0.0.1:12111",
            )?,
            public_url: variable("SLUICEGATE_URL").map(|u| u.trim_end_matches('/').to_owned()),
            database: database(flags.database, &root),
            environment: environment_setting(&secret_key)?,
            webhook_secrets: webhook_secrets(variable("STRIPE_WEBHOOK_SECRET"))?,
            api_tokens: api_tokens()?,
            sessions: session_limits()?,
            execution_retention: execution_retention()?,
            stripe_rate: number("SLUICEGATE_STRIPE_RATE")?,
            events_every: number("SLUICEGATE_EVENTS_EVERY")?.unwrap_or(EVENTS_EVERY_SECS),
            outbound_hosts: list(variable("SLUICEGATE_OUTBOUND_HOSTS")),
            instance_key: instance_key(&root)?,
            secret_key: Secret::new(secret_key),
            publishable_key: Secret::new(
                publishable_key.unwrap_or_else(|| SANDBOX_PUBLISHABLE_KEY.to_owned()),
            ),
            stripe,
            is_stripe_stated,
            root,
        };
        safety::check_keys(&config)?;
        safety::check_tokens(&config)?;
        Ok(config)
    }

    /// True when the secret key moves real money.
    pub fn is_live(&self) -> bool {
        self.secret_key.expose().contains("_live_")
    }

    /// The value of `"${NAME}"` in a `template-values.json`: the environment, with Stripe's keys as
    /// resolved above, so that a machine without keys uses the sandbox's.
    pub fn module_variable(&self, name: &str) -> Option<String> {
        match name {
            "STRIPE_SECRET_KEY" => Some(self.secret_key.expose().to_owned()),
            "STRIPE_PUBLISHABLE_KEY" => Some(self.publishable_key.expose().to_owned()),
            _ => variable(name),
        }
    }
}

/// `SLUICEGATE_LOG`: the log filter; `info` by default.
fn log_filter() -> String {
    variable("SLUICEGATE_LOG").unwrap_or_else(|| "info".to_owned())
}

/// An environment variable; a blank one counts as unset.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

/// True when a variable is set, to nothing.
fn is_blank(name: &str) -> bool {
    std::env::var(name).is_ok_and(|value| value.trim().is_empty())
}

fn stripe(setting: Option<String>, key: &Option<String>) -> Result<Stripe, Error> {
    match setting.as_deref() {
        None if key.is_some() => Ok(Stripe::Live),
        None | Some("sandbox") => Ok(Stripe::Sandbox),
        Some("live") => Ok(Stripe::Live),
        Some(url) if url.starts_with("http://") || url.starts_with("https://") => {
            Ok(Stripe::Url(url.trim_end_matches('/').to_owned()))
        }
        Some(other) => Err(Error::Value {
            name: "--stripe".to_owned(),
            message: format!(
                "`{other}` is not one of: sandbox, live, a URL such as http://127.0.0.1:8000"
            ),
        }),
    }
}

fn address(
    flag: &str,
    given: Option<String>,
    name: &str,
    default: &str,
) -> Result<SocketAddr, Error> {
    let text = given.or_else(|| variable(name)).unwrap_or_else(|| default.to_owned());
    text.parse().map_err(|_| Error::Value {
        name: flag.to_owned(),
        message: format!("`{text}` is not an address and port such as {default}"),
    })
}

fn database(given: Option<String>, root: &Path) -> String {
    given
        .or_else(|| variable("SLUICEGATE_DATABASE"))
        .unwrap_or_else(|| format!("sqlite:{}", root.join("data/sluicegate.db").display()))
}

fn environment_setting(secret_key: &str) -> Result<Environment, Error> {
    match variable("SLUICEGATE_ENV").as_deref() {
        Some("development") => Ok(Environment::Development),
        Some("staging") => Ok(Environment::Staging),
        Some("production") => Ok(Environment::Production),
        // A live key moves real money: development features must not be open by default.
        None if secret_key.contains("_live_") => Ok(Environment::Production),
        None => Ok(Environment::Development),
        Some(other) => Err(Error::Value {
            name: "SLUICEGATE_ENV".to_owned(),
            message: format!(
                "unknown environment `{other}`; expected development, staging or production"
            ),
        }),
    }
}

fn webhook_secrets(setting: Option<String>) -> Result<Vec<Secret>, Error> {
    let mut secrets = Vec::new();
    for secret in setting.iter().flat_map(|all| all.split(',')).map(str::trim) {
        // A blank or guessable secret would let anyone forge an event: refuse to start.
        if secret.len() < safety::WEBHOOK_SECRET_CHARS_MIN {
            return Err(Error::Value {
                name: "STRIPE_WEBHOOK_SECRET".to_owned(),
                message: format!(
                    "a secret has at least {} characters; copy the complete whsec_… string",
                    safety::WEBHOOK_SECRET_CHARS_MIN
                ),
            });
        }
        secrets.push(Secret::new(secret));
    }
    Ok(secrets)
}

fn session_limits() -> Result<SessionLimits, Error> {
    let seconds = |name: &str, default: i64| match number::<i64>(name)? {
        Some(seconds) if seconds < 1 => Err(Error::Value {
            name: name.to_owned(),
            message: format!("{seconds} is not a number of seconds from 1"),
        }),
        stated => Ok(SignedDuration::from_secs(stated.unwrap_or(default))),
    };
    Ok(SessionLimits {
        idle: seconds("SLUICEGATE_SESSION_IDLE", 14 * 24 * 3600)?,
        lifetime: seconds("SLUICEGATE_SESSION_LIFETIME", 30 * 24 * 3600)?,
    })
}

/// The least retention: operators and repeated forms still need the executions of a day.
pub const RETENTION_DAYS_MIN: i64 = 1;

fn execution_retention() -> Result<Option<SignedDuration>, Error> {
    let name = "SLUICEGATE_EXECUTION_RETENTION";
    let Some(days) = number::<i64>(name)? else { return Ok(None) };
    if !(RETENTION_DAYS_MIN..=36_500).contains(&days) {
        let message = format!("{days} is not a number of days from {RETENTION_DAYS_MIN} to 36500");
        return Err(Error::Value { name: name.to_owned(), message });
    }
    Ok(Some(SignedDuration::from_hours(days * 24)))
}

fn api_tokens() -> Result<ApiTokens, Error> {
    let name = "SLUICEGATE_API_TOKENS";
    ApiTokens::new(variable("SLUICEGATE_API_TOKEN"), variable(name))
        .map_err(|message| Error::Value { name: name.to_owned(), message })
}

fn number<N: std::str::FromStr>(name: &str) -> Result<Option<N>, Error> {
    let Some(text) = variable(name) else { return Ok(None) };
    let message = format!("`{text}` is not a valid number");
    text.trim().parse().map(Some).map_err(|_| Error::Value { name: name.to_owned(), message })
}

fn list(setting: Option<String>) -> Vec<String> {
    let all = setting.unwrap_or_default();
    all.split(',').map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned).collect()
}

fn instance_key(root: &Path) -> Result<InstanceKey, Error> {
    match variable("SLUICEGATE_SECRET_KEY") {
        Some(hex) => Ok(InstanceKey::from_hex("SLUICEGATE_SECRET_KEY", &hex)?),
        None if is_instance(root) => Ok(InstanceKey::from_file(&root.join("data/instance.key"))?),
        // Write nothing into a folder that was named by mistake.
        None => Ok(InstanceKey::random()),
    }
}

/// True when `root` has at least one folder of an instance.
pub fn is_instance(root: &Path) -> bool {
    ["views", "modules", "app", "marketplace_builder"].iter().any(|name| root.join(name).is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let two = webhook_secrets(Some(
            "whsec_first_0123456789abcdef, whsec_second_0123456789abcdef".to_owned(),
        ))
        .expect("valid");
        assert_eq!(two.len(), 2);
        assert!(webhook_secrets(Some("whsec_first_0123456789abcdef,,".to_owned())).is_err());
        assert!(webhook_secrets(None).expect("valid").is_empty());
    }
}
