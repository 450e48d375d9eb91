//! Every operator setting: its variable, its flag, and how its effective value is shown.

use super::{Config, Stripe, without_password};
use jiff::SignedDuration;
use sluicegate_secret::Secret;

/// What is shown in place of a secret.
const MASK: &str = "[secret]";

/// An operator setting.
pub struct Setting {
    /// The environment variable.
    pub variable: &'static str,
    /// The flag that comes before it, if there is one.
    pub flag: Option<&'static str>,
    /// The effective value as text for people; never a secret.
    pub(super) show: fn(&Config) -> String,
}

const fn variable(variable: &'static str, show: fn(&Config) -> String) -> Setting {
    Setting { variable, flag: None, show }
}

const fn flag(variable: &'static str, flag: &'static str, show: fn(&Config) -> String) -> Setting {
    Setting { variable, flag: Some(flag), show }
}

/// All of them. The README describes each (a test compares).
pub const SETTINGS: &[Setting] = &[
    flag("SLUICEGATE_ROOT", "--root", |config| config.root.display().to_string()),
    variable("SLUICEGATE_ENV", |config| config.environment.name().to_owned()),
    flag("SLUICEGATE_ADDR", "--addr", |config| config.addr.to_string()),
    variable("SLUICEGATE_URL", |config| {
        stated(config.public_url.as_deref().map(without_password).as_deref())
    }),
    flag("SLUICEGATE_DATABASE", "--database", |config| config.database.to_string()),
    flag("SLUICEGATE_STRIPE", "--stripe", |config| match &config.stripe {
        Stripe::Sandbox => "sandbox".to_owned(),
        Stripe::Live => "live".to_owned(),
        Stripe::Url(url) => without_password(url),
    }),
    flag("SLUICEGATE_SANDBOX_ADDR", "--sandbox-addr", |config| config.sandbox_addr.to_string()),
    flag("SLUICEGATE_METRICS_ADDR", "--metrics-addr", |config| {
        stated(config.metrics_addr.map(|addr| addr.to_string()).as_deref())
    }),
    variable("SLUICEGATE_TRUSTED_PROXIES", |config| config.trusted_proxies.to_string()),
    variable("SLUICEGATE_FORM_RATE", |config| config.rates.forms.burst.to_string()),
    variable("SLUICEGATE_WEBHOOK_REFUSAL_RATE", |config| {
        config.rates.refused_webhooks.burst.to_string()
    }),
    variable("SLUICEGATE_WEBHOOK_REFUSE_FUTURE", |config| {
        config.refuse_future_webhooks.to_string()
    }),
    variable("STRIPE_SECRET_KEY", |config| key_kind(&config.secret_key)),
    variable("STRIPE_PUBLISHABLE_KEY", |config| key_kind(&config.publishable_key)),
    variable("STRIPE_WEBHOOK_SECRET", |config| secrets(config.webhook_secrets.len())),
    variable("SLUICEGATE_API_TOKEN", |config| stated(config.has_administer_token.then_some(MASK))),
    variable("SLUICEGATE_API_TOKENS", |config| {
        let all = config.api_tokens.iter().skip(usize::from(config.has_administer_token));
        let all: Vec<_> = all.map(|one| format!("{}:{MASK}", one.scope.name())).collect();
        stated((!all.is_empty()).then(|| all.join(",")).as_deref())
    }),
    variable("SLUICEGATE_SECRET_KEY", |_| MASK.to_owned()),
    variable("SLUICEGATE_SESSION_IDLE", |config| seconds(config.sessions.idle)),
    variable("SLUICEGATE_SESSION_LIFETIME", |config| seconds(config.sessions.lifetime)),
    variable("SLUICEGATE_EXECUTION_RETENTION", |config| {
        let days = config.execution_retention.map(|kept| (kept.as_hours() / 24).to_string());
        stated(days.as_deref())
    }),
    variable("SLUICEGATE_STRIPE_RATE", |config| match config.stripe_rate {
        Some(rate) => rate.to_string(),
        None if config.stripe == Stripe::Live => "Stripe's limit".to_owned(),
        None => "no limit".to_owned(),
    }),
    variable("SLUICEGATE_EVENTS_EVERY", |config| config.events_every.to_string()),
    variable("SLUICEGATE_OUTBOUND_HOSTS", |config| {
        let hosts = config.outbound_hosts.iter().map(|host| without_password(host));
        let hosts: Vec<_> = hosts.collect();
        stated((!hosts.is_empty()).then(|| hosts.join(",")).as_deref())
    }),
    variable("SLUICEGATE_LOG", |config| config.log.clone()),
];

fn stated(value: Option<&str>) -> String {
    value.unwrap_or("-").to_owned()
}

fn seconds(duration: SignedDuration) -> String {
    duration.as_secs().to_string()
}

fn secrets(count: usize) -> String {
    stated((count > 0).then(|| vec![MASK; count].join(",")).as_deref())
}

/// A key's prefix, which tells test from live: `sk_test_[secret]`.
fn key_kind(key: &Secret) -> String {
    let prefix = key.expose().match_indices('_').nth(1).map(|(end, _)| &key.expose()[..=end]);
    let known = ["sk_test_", "sk_live_", "rk_test_", "rk_live_", "pk_test_", "pk_live_"];
    let prefix = prefix.filter(|prefix| known.contains(prefix)).unwrap_or_default();
    format!("{prefix}{MASK}")
}
