//! Settings that would be unsafe are refused at start, each with one line that says what to do.

use super::reader::Reader;
use super::{Config, Environment, Error, Stripe, invalid as refused};

/// The shortest token that cannot be guessed over the network.
const TOKEN_CHARS_MIN: usize = 32;
/// The shortest webhook secret; Stripe's own have 38 characters.
pub const WEBHOOK_SECRET_CHARS_MIN: usize = 24;
/// Secrets that a shell may have set to nothing by mistake: then they protect nothing.
const SECRETS: [&str; 6] = [
    "STRIPE_SECRET_KEY",
    "STRIPE_PUBLISHABLE_KEY",
    "STRIPE_WEBHOOK_SECRET",
    "SLUICEGATE_API_TOKEN",
    "SLUICEGATE_API_TOKENS",
    "SLUICEGATE_SECRET_KEY",
];

/// Refuses secrets that are set but blank.
pub(super) fn check_blank_secrets(reader: &mut Reader<'_>) {
    for name in SECRETS.into_iter().filter(|name| reader.is_blank(name)).collect::<Vec<_>>() {
        let message = "it is set but blank; give it a value, or unset it";
        reader.check(Err(refused(name, message)));
    }
}

/// Refuses a secret key that is not one, and a live key where it does not belong.
///
/// # Errors
/// [`Error::Value`].
pub(super) fn check_keys(config: &Config) -> Result<(), Error> {
    let (name, key) = ("STRIPE_SECRET_KEY", config.secret_key.expose());
    if key.starts_with("pk_") {
        return Err(refused(
            name,
            "it is a publishable key (pk_…); set the secret key (sk_… or rk_…)",
        ));
    }
    let is_key = ["sk_test_", "sk_live_", "rk_test_", "rk_live_"].into_iter().any(|prefix| {
        let rest = key.strip_prefix(prefix);
        rest.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(is_key_character))
    });
    if !is_key {
        return Err(refused(
            name,
            "it is not a secret key of Stripe's (sk_test_…, sk_live_…, rk_…)",
        ));
    }
    if !config.is_live() {
        return Ok(());
    }
    if config.environment == Environment::Development {
        let message = "a live key moves real money and is refused in development; use a test key, \
                       or set SLUICEGATE_ENV=production";
        return Err(refused(name, message));
    }
    match &config.stripe {
        Stripe::Sandbox => Err(refused(
            name,
            "a live key is not given to the sandbox; unset it, or use a test key",
        )),
        Stripe::Url(url) if url.starts_with("http://") => {
            let message = "a live key is not sent over http; use https, or a test key";
            Err(refused("--stripe", message))
        }
        Stripe::Url(_) | Stripe::Live => Ok(()),
    }
}

/// Refuses anything but a publishable key of the secret key's mode: pages show it to everybody.
///
/// # Errors
/// [`Error::Value`].
pub(super) fn check_publishable_key(config: &Config) -> Result<(), Error> {
    let (name, key) = ("STRIPE_PUBLISHABLE_KEY", config.publishable_key.expose());
    let rest = key.strip_prefix("pk_test_").or_else(|| key.strip_prefix("pk_live_"));
    if !rest.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(is_key_character)) {
        let message = "it is not a publishable key (pk_test_…, pk_live_…); pages would show it to \
                       everybody";
        return Err(refused(name, message));
    }
    if key.starts_with("pk_live_") != config.is_live() {
        let message = "it is of another mode than STRIPE_SECRET_KEY; one of them is a test key";
        return Err(refused(name, message));
    }
    Ok(())
}

fn is_key_character(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Refuses tokens that can be guessed.
///
/// # Errors
/// [`Error::Value`].
pub(super) fn check_tokens(config: &Config) -> Result<(), Error> {
    let is_short = |token: &str| token.chars().count() < TOKEN_CHARS_MIN;
    if config.api_tokens.iter().any(|one| is_short(one.token.expose())) {
        let message = format!(
            "a token has at least {TOKEN_CHARS_MIN} characters; make one with: openssl rand -hex 32"
        );
        return Err(refused("SLUICEGATE_API_TOKEN", message));
    }
    Ok(())
}

impl Config {
    /// Refuses to take money with settings that are only right on a developer's machine. For
    /// commands that call Stripe.
    ///
    /// # Errors
    /// [`Error::Value`].
    pub fn refuse_unsafe(&self) -> Result<(), Error> {
        if self.environment == Environment::Development {
            return Ok(());
        }
        let environment = self.environment.name();
        if self.stripe == Stripe::Sandbox && !self.is_stripe_stated {
            let message = format!(
                "{environment} needs Stripe's secret key; set it, or say --stripe sandbox to take \
                 no real money"
            );
            return Err(refused("STRIPE_SECRET_KEY", message));
        }
        let is_production = self.environment == Environment::Production;
        if is_production && self.stripe == Stripe::Live && !self.is_live() && !self.is_stripe_stated
        {
            let message = "it is a test key; set SLUICEGATE_ENV=staging, or say --stripe live to \
                           use it in production";
            return Err(refused("STRIPE_SECRET_KEY", message));
        }
        let url = self.public_url.as_deref().unwrap_or_default();
        if is_production && url.starts_with("http://") {
            let message = "production is served over https; write the address that visitors use, \
                           https://…";
            return Err(refused("SLUICEGATE_URL", message));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Flags;
    use sluicegate_secret::Secret;

    fn config(key: &str, stripe: Stripe, environment: Environment) -> Config {
        let mut config = Config::new(Flags::default()).expect("the defaults are valid");
        config.secret_key = Secret::new(key);
        (config.stripe, config.environment) = (stripe, environment);
        config
    }

    fn said(result: Result<(), Error>) -> String {
        result.map_or_else(|error| error.to_string(), |()| String::new())
    }

    #[test]
    fn a_key_is_a_secret_key_and_a_live_one_stays_where_it_belongs() {
        use Environment::{Development, Production, Staging};
        let check = |key, stripe, environment| said(check_keys(&config(key, stripe, environment)));
        let double = |url: &str| Stripe::Url(url.to_owned());
        for key in ["sk_test_1", "rk_test_1"] {
            assert_eq!(check(key, Stripe::Live, Development), "");
        }
        for key in ["pk_test_1", "pk_live_1", "sk_test_", "garbage", "sk_test_ 1", "sk_other_1"] {
            assert!(check(key, Stripe::Live, Staging).contains("STRIPE_SECRET_KEY"), "{key}");
        }
        assert_eq!(check("sk_live_1", Stripe::Live, Production), "");
        assert_eq!(check("rk_live_1", double("https://double.example"), Production), "");
        for (stripe, environment) in [
            (Stripe::Live, Development),
            (Stripe::Sandbox, Production),
            (double("http://127.0.0.1:1"), Production),
        ] {
            assert!(
                check("sk_live_1", stripe.clone(), environment).contains("live key"),
                "{stripe:?}"
            );
        }
    }

    #[test]
    fn a_publishable_key_is_one_and_of_the_same_mode() {
        let check = |secret: &str, publishable: &str| {
            let mut config = config(secret, Stripe::Live, Environment::Production);
            config.publishable_key = Secret::new(publishable);
            said(check_publishable_key(&config))
        };
        assert_eq!(check("sk_test_1", "pk_test_1"), "");
        assert_eq!(check("rk_live_1", "pk_live_1"), "");
        for (secret, publishable) in [
            ("sk_test_1", "sk_test_canary"),
            ("sk_test_1", "whsec_canary"),
            ("sk_test_1", "pk_test_"),
            ("sk_test_1", "pk_live_canary"),
            ("sk_live_1", "pk_test_canary"),
        ] {
            let refusal = check(secret, publishable);
            assert!(refusal.contains("STRIPE_PUBLISHABLE_KEY"), "{publishable}: {refusal}");
            assert!(!refusal.contains("canary"), "{refusal}");
        }
    }

    #[test]
    fn production_says_what_it_runs_on() {
        use Environment::{Development, Production, Staging};
        let unsafe_start = |key, stripe, environment, is_stripe_stated, url: &str| {
            let mut config = config(key, stripe, environment);
            config.is_stripe_stated = is_stripe_stated;
            config.public_url = Some(url.to_owned());
            said(config.refuse_unsafe())
        };
        let https = "https://shop.example";
        let test = "sk_test_1";
        assert_eq!(unsafe_start(test, Stripe::Sandbox, Development, false, "http://x"), "");
        for environment in [Staging, Production] {
            let refusal = unsafe_start(test, Stripe::Sandbox, environment, false, https);
            assert!(refusal.contains("--stripe sandbox"), "{refusal}");
            assert_eq!(unsafe_start(test, Stripe::Sandbox, environment, true, https), "");
        }
        assert!(unsafe_start(test, Stripe::Live, Production, false, https).contains("staging"));
        assert_eq!(unsafe_start(test, Stripe::Live, Staging, false, https), "");
        assert_eq!(unsafe_start(test, Stripe::Live, Production, true, https), "");
        let refusal =
            unsafe_start("sk_live_1", Stripe::Live, Production, false, "http://shop.example");
        assert!(refusal.contains("SLUICEGATE_URL"), "{refusal}");
    }

    #[test]
    fn a_blank_secret_is_an_error() {
        let read = |blank: &str| {
            let flags = Flags::default();
            let value = |name: &str| (name == blank).then(|| " ".to_owned());
            let mut reader = Reader::new(&flags, &value);
            check_blank_secrets(&mut reader);
            reader.errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
        };
        assert_eq!(read("SLUICEGATE_URL"), "");
        for name in SECRETS {
            let refusal = read(name);
            assert!(refusal.contains(name) && refusal.contains("blank"), "{refusal}");
        }
    }
}
