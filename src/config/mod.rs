//! Operator settings: flags, then environment, then defaults. Only this module reads the
//! environment.

mod database;
mod inspection;
pub mod log;
mod parse;
mod proxies;
mod rates;
mod reader;
mod safety;
mod settings;

pub use database::Database;
pub use inspection::{EffectiveSetting, Inspection, inspect};
pub use safety::WEBHOOK_SECRET_CHARS_MIN;
pub use settings::SETTINGS;

pub use proxies::TrustedProxies;
pub use rates::{Rate, Rates};

use jiff::SignedDuration;
use reader::Reader;
use sluicegate_secret::api_token::ApiTokens;
use sluicegate_secret::{InstanceKey, Secret};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// The secret key for a sandbox or a test double if none is configured.
const SANDBOX_SECRET_KEY: &str = "sk_test_sluicegate_sandbox";
/// The matching publishable key.
const SANDBOX_PUBLISHABLE_KEY: &str = "pk_test_sluicegate_sandbox";

const DEFAULT_ADDR: &str = "127.0.0.1:3000";
const DEFAULT_SANDBOX_ADDR: &str = "127.0.0.1:12111";
const DEFAULT_LOG: &str = "info";

/// The least retention: operators and repeated forms still need the executions of a day.
pub const RETENTION_DAYS_MIN: i64 = 1;

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
    /// `--metrics-addr`, where `serve` listens for those who watch it.
    pub metrics_addr: Option<String>,
}

impl Flags {
    /// The flag that comes before a variable.
    fn value_of(&self, variable: &str) -> Option<String> {
        match variable {
            "SLUICEGATE_ROOT" => self.root.as_ref().map(|root| root.display().to_string()),
            "SLUICEGATE_ADDR" => self.addr.clone(),
            "SLUICEGATE_DATABASE" => self.database.clone(),
            "SLUICEGATE_STRIPE" => self.stripe.clone(),
            "SLUICEGATE_SANDBOX_ADDR" => self.sandbox_addr.clone(),
            "SLUICEGATE_METRICS_ADDR" => self.metrics_addr.clone(),
            _ => None,
        }
    }
}

/// Every operator setting, validated.
#[derive(Debug, Clone)]
pub struct Config {
    /// The folder of the instance.
    pub root: PathBuf,
    /// The address on which `serve` listens.
    pub addr: SocketAddr,
    /// `--metrics-addr`: an address of its own for `/metrics`, `/healthz` and `/readyz`, without a
    /// token.
    pub metrics_addr: Option<SocketAddr>,
    /// `SLUICEGATE_TRUSTED_PROXIES`: whose `X-Forwarded-For` names the client.
    pub trusted_proxies: TrustedProxies,
    /// The public URL for visitors and Stripe, without a trailing slash (`SLUICEGATE_URL`).
    pub public_url: Option<String>,
    /// The database.
    pub database: Database,
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
    /// `SLUICEGATE_WEBHOOK_REFUSE_FUTURE`: refuses a signature whose time is further in the future
    /// than the tolerance. Stripe's own libraries accept it.
    pub refuse_future_webhooks: bool,
    /// What each address may do that is not verified.
    pub rates: Rates,
    /// The bearer tokens for the API endpoints, GraphQL and the console: `SLUICEGATE_API_TOKEN` may
    /// do everything, `SLUICEGATE_API_TOKENS` is a list of `scope:token`.
    pub api_tokens: ApiTokens,
    /// True when `SLUICEGATE_API_TOKEN` is one of them, the first.
    has_administer_token: bool,
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
    /// `SLUICEGATE_LOG`: the log filter.
    pub log: String,
    /// Signs forms and seals secrets at rest.
    pub instance_key: InstanceKey,
}

impl Config {
    /// Reads every setting from flags and the environment.
    ///
    /// # Errors
    /// [`Error`] names the first invalid flag or variable; [`inspect`] tells all of them.
    pub fn new(flags: Flags) -> Result<Self, Error> {
        let environment = |name: &str| std::env::var(name).ok();
        let (config, reader) = Self::read(&flags, &environment, KeyFile::Create);
        match reader.errors.into_iter().next() {
            Some(error) => Err(error),
            None => Ok(config),
        }
    }

    /// Reads every setting; the reader has the errors. What is invalid has its default.
    fn read<'a>(
        flags: &'a Flags,
        environment: &'a dyn Fn(&str) -> Option<String>,
        key_file: KeyFile,
    ) -> (Self, Reader<'a>) {
        let mut reader = Reader::new(flags, environment);
        safety::check_blank_secrets(&mut reader);
        let root = PathBuf::from(reader.text("SLUICEGATE_ROOT").unwrap_or_else(|| ".".to_owned()));
        let stated_key = reader.text("STRIPE_SECRET_KEY");
        let stated_stripe = reader.text("SLUICEGATE_STRIPE");
        let is_stripe_stated = stated_stripe.is_some();
        let stripe = reader.take(parse::stripe(stated_stripe, &stated_key), Stripe::Sandbox);
        if stripe == Stripe::Live && stated_key.is_none() {
            let message = "Stripe itself needs a secret key (sk_…) in the environment";
            reader.check(Err(invalid("STRIPE_SECRET_KEY", message)));
        }
        let key_or =
            |key: Option<String>, other: &str| Secret::new(key.as_deref().unwrap_or(other));
        let secret_key = key_or(stated_key, SANDBOX_SECRET_KEY);
        let publishable_key = reader.text("STRIPE_PUBLISHABLE_KEY");
        let config = Self {
            addr: parse::address(&mut reader, "SLUICEGATE_ADDR", "--addr", DEFAULT_ADDR),
            sandbox_addr: parse::address(
                &mut reader,
                "SLUICEGATE_SANDBOX_ADDR",
                "--sandbox-addr",
                DEFAULT_SANDBOX_ADDR,
            ),
            metrics_addr: parse::metrics_address(&mut reader),
            trusted_proxies: parse::trusted_proxies(&mut reader),
            rates: Rates::new(
                reader.number("SLUICEGATE_FORM_RATE"),
                reader.number("SLUICEGATE_WEBHOOK_REFUSAL_RATE"),
            ),
            refuse_future_webhooks: parse::boolean(&mut reader, "SLUICEGATE_WEBHOOK_REFUSE_FUTURE"),
            public_url: parse::public_url(&mut reader),
            database: parse::database(&mut reader, &root),
            environment: parse::environment_setting(&mut reader, &secret_key),
            webhook_secrets: parse::webhook_secrets(&mut reader),
            api_tokens: parse::api_tokens(&mut reader),
            has_administer_token: reader.text("SLUICEGATE_API_TOKEN").is_some(),
            sessions: parse::session_limits(&mut reader),
            execution_retention: parse::execution_retention(&mut reader),
            stripe_rate: reader.number("SLUICEGATE_STRIPE_RATE"),
            events_every: reader.number("SLUICEGATE_EVENTS_EVERY").unwrap_or(EVENTS_EVERY_SECS),
            outbound_hosts: reader.list("SLUICEGATE_OUTBOUND_HOSTS"),
            instance_key: parse::instance_key(&mut reader, &root, key_file),
            log: parse::log(&mut reader),
            secret_key,
            publishable_key: key_or(publishable_key, SANDBOX_PUBLISHABLE_KEY),
            stripe,
            is_stripe_stated,
            root,
        };
        reader.check(safety::check_keys(&config));
        if reader.text("STRIPE_PUBLISHABLE_KEY").is_some() {
            reader.check(safety::check_publishable_key(&config));
        }
        reader.check(safety::check_tokens(&config));
        (config, reader)
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

/// Whether an instance key that does not exist is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum KeyFile {
    /// Make it.
    Create,
    /// Leave everything as it is.
    Keep,
}

/// `SLUICEGATE_LOG`: the log filter; `info` by default. [`Config::new`] refuses an invalid one.
fn log_filter() -> String {
    variable("SLUICEGATE_LOG").unwrap_or_else(|| DEFAULT_LOG.to_owned())
}

/// An environment variable; a blank one counts as unset.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

fn invalid(name: &str, message: impl Into<String>) -> Error {
    Error::Value { name: name.to_owned(), message: message.into() }
}

/// What may be shown of a URL's query: how to connect, and not as whom.
const SHOWN_PARAMETERS: [&str; 5] = ["sslmode", "host", "port", "connect_timeout", "sslrootcert"];

/// A URL for display: without the credentials before `@`, and without the values of its query. Of
/// anything else that is not a plain name or path, nothing is shown.
pub fn without_password(url: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "._-:[]/*~ ".contains(c);
    let Some((scheme, rest)) = url.split_once("://") else {
        let is_shown = url.starts_with("sqlite:") || url.chars().all(is_plain);
        return if is_shown { url.to_owned() } else { "…".to_owned() };
    };
    let (place, query) = rest.split_once(['?', '#']).unwrap_or((rest, ""));
    let place = match place.rsplit_once('@') {
        Some((_, place)) => format!("…@{place}"),
        None => place.to_owned(),
    };
    let shown = |pair: &str| match pair.split_once('=') {
        Some((name, _)) if SHOWN_PARAMETERS.contains(&name) => pair.to_owned(),
        Some((name, _)) => format!("{name}=…"),
        None => "…".to_owned(),
    };
    let query: Vec<_> = query.split('&').filter(|pair| !pair.is_empty()).map(shown).collect();
    let mark = if query.is_empty() { "" } else { "?" };
    format!("{scheme}://{place}{mark}{}", query.join("&"))
}

/// True when `root` has at least one folder of an instance.
pub fn is_instance(root: &Path) -> bool {
    ["views", "modules", "app", "marketplace_builder"].iter().any(|name| root.join(name).is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_of_a_url_are_not_shown() {
        assert_eq!(without_password("postgres://me:word@db/x"), "postgres://…@db/x");
        assert_eq!(without_password("postgres://me:w@rd@db/x"), "postgres://…@db/x");
        let query = "postgres://db/x?user=me&password=word&sslmode=require";
        let shown = "postgres://db/x?user=…&password=…&sslmode=require";
        assert_eq!(without_password(query), shown);
        assert_eq!(without_password("https://a.example/x?word#word"), "https://a.example/x?…");
        for hidden in ["me:word@db/x", "host=db password=word", "host=db&password=word"] {
            assert_eq!(without_password(hidden), "…");
        }
        for plain in ["hooks.example.com", "10.0.0.5:8080", "", "/var/lib/x.db"] {
            assert_eq!(without_password(plain), plain);
        }
        assert_eq!(without_password("sqlite:data/x.db"), "sqlite:data/x.db");
    }
}
