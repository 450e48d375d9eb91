//! A report on the settings: each with its source, everything that is wrong, and what is doubtful.

use super::reader::Source;
use super::settings::SETTINGS;
use super::{Config, Environment, Error, Flags, Stripe};
use sluicegate_module::suggest;

/// A setting as it takes effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EffectiveSetting {
    /// The environment variable.
    pub variable: &'static str,
    /// The flag that comes before it, if there is one.
    pub flag: Option<&'static str>,
    /// The value as text; secrets are masked, and `-` is none.
    pub value: String,
    /// Where it comes from.
    pub source: Source,
}

/// The settings of a command line and an environment.
#[derive(Debug)]
pub struct Inspection {
    /// All settings. A setting with an error shows its default.
    pub settings: Vec<EffectiveSetting>,
    /// What `serve` would refuse; each message says what to do.
    pub errors: Vec<Error>,
    /// What works, but probably not as intended.
    pub warnings: Vec<String>,
    /// The settings themselves.
    pub config: Config,
}

/// Inspects the settings. Writes nothing: an instance key that does not exist is not made.
pub fn inspect(flags: &Flags) -> Inspection {
    let variables = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    inspect_in(flags, &|name| std::env::var(name).ok(), variables.collect())
}

fn inspect_in(
    flags: &Flags,
    environment: &dyn Fn(&str) -> Option<String>,
    variables: Vec<String>,
) -> Inspection {
    let (config, reader) = Config::read(flags, environment, super::KeyFile::Keep);
    let settings = SETTINGS.iter().map(|setting| EffectiveSetting {
        variable: setting.variable,
        flag: setting.flag,
        value: (setting.show)(&config),
        source: reader.stated(setting.variable).1,
    });
    let settings = settings.collect();
    let mut errors = reader.errors;
    if errors.is_empty() {
        errors.extend(config.refuse_unsafe().err());
    }
    let mut warnings = doubts(&config);
    warnings.extend(variables.iter().filter_map(|name| unknown(name)));
    Inspection { settings, errors, warnings, config }
}

/// What is probably a mistake outside development.
fn doubts(config: &Config) -> Vec<String> {
    let mut warnings = Vec::new();
    if config.environment == Environment::Development {
        return warnings;
    }
    let environment = config.environment.name();
    if config.api_tokens.is_empty() {
        warnings.push(format!(
            "SLUICEGATE_API_TOKEN: {environment} has none; the console, GraphQL and the JSON \
             endpoint are closed to everybody"
        ));
    }
    if config.public_url.is_none() {
        warnings.push(format!(
            "SLUICEGATE_URL: {environment} has none; absolute links and cookies are made for \
             http://{}",
            config.addr
        ));
    }
    if config.stripe == Stripe::Live && config.webhook_secrets.is_empty() {
        warnings.push(
            "STRIPE_WEBHOOK_SECRET: none is set; only events of endpoints that \
             create_webhook_endpoint made are accepted"
                .to_owned(),
        );
    }
    warnings
}

/// A warning about a variable that looks like a setting and is none.
fn unknown(name: &str) -> Option<String> {
    let is_setting = SETTINGS.iter().any(|setting| setting.variable == name);
    if !name.starts_with("SLUICEGATE_") || is_setting {
        return None;
    }
    let known = SETTINGS.iter().map(|setting| setting.variable);
    let help = suggest::did_you_mean(name, known).map(|help| format!("; {help}"));
    Some(format!("{name}: there is no such setting{}", help.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inspected(variables: &[(&str, &str)]) -> Inspection {
        let names = variables.iter().map(|(name, _)| (*name).to_owned()).collect();
        let value = |name: &str| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        inspect_in(&Flags { root: Some("nowhere".into()), ..Flags::default() }, &value, names)
    }

    fn setting<'a>(inspection: &'a Inspection, variable: &str) -> &'a EffectiveSetting {
        let found = inspection.settings.iter().find(|setting| setting.variable == variable);
        found.expect("a setting")
    }

    #[test]
    fn a_setting_has_its_value_and_its_source() {
        let inspection = inspected(&[("SLUICEGATE_ADDR", "127.0.0.1:4000")]);
        let addr = setting(&inspection, "SLUICEGATE_ADDR");
        assert_eq!((addr.value.as_str(), addr.source), ("127.0.0.1:4000", Source::Environment));
        assert_eq!(setting(&inspection, "SLUICEGATE_ROOT").source, Source::Flag);
        let database = setting(&inspection, "SLUICEGATE_DATABASE");
        let default = "sqlite:nowhere/data/sluicegate.db";
        assert_eq!((database.value.as_str(), database.source), (default, Source::Default));
    }

    #[test]
    fn everything_wrong_is_told_at_once() {
        let inspection = inspected(&[
            ("SLUICEGATE_ADDR", "here"),
            ("SLUICEGATE_EVENTS_EVERY", "often"),
            ("SLUICEGATE_LOG", "nonsense=nonsense"),
            ("STRIPE_SECRET_KEY", "pk_test_1"),
            ("SLUICEGATE_API_TOKEN", " "),
        ]);
        let errors: Vec<_> = inspection.errors.iter().map(ToString::to_string).collect();
        for name in [
            "--addr",
            "SLUICEGATE_EVENTS_EVERY",
            "SLUICEGATE_LOG",
            "STRIPE_SECRET_KEY",
            "SLUICEGATE_API_TOKEN",
        ] {
            let told = errors.iter().filter(|error| error.starts_with(&format!("{name}: ")));
            assert_eq!(told.count(), 1, "{name}: {errors:?}");
        }
    }

    #[test]
    fn no_secret_is_shown() {
        let token = "0123456789abcdef0123456789abcdef";
        let scoped = format!("read:{}", token.to_uppercase());
        let inspection = inspected(&[
            ("STRIPE_SECRET_KEY", "sk_test_abcdef"),
            ("STRIPE_PUBLISHABLE_KEY", "pk_test_abcdef"),
            ("STRIPE_WEBHOOK_SECRET", "whsec_0123456789abcdef0123456789abcdef"),
            ("SLUICEGATE_API_TOKEN", token),
            ("SLUICEGATE_API_TOKENS", &scoped),
            ("SLUICEGATE_SECRET_KEY", &token.repeat(2)),
            ("SLUICEGATE_DATABASE", "postgres://me:abcdef@db/x"),
            ("SLUICEGATE_STRIPE", "https://me:abcdef@double.example"),
            ("SLUICEGATE_OUTBOUND_HOSTS", "https://me:abcdef@hooks.example?token=abcdef"),
        ]);
        assert!(inspection.errors.is_empty(), "{:?}", inspection.errors);
        for setting in &inspection.settings {
            assert!(!setting.value.to_lowercase().contains("abcdef"), "{setting:?}");
        }
        assert_eq!(setting(&inspection, "STRIPE_SECRET_KEY").value, "sk_test_[secret]");
        assert_eq!(setting(&inspection, "SLUICEGATE_API_TOKENS").value, "read:[secret]");
        assert_eq!(setting(&inspection, "SLUICEGATE_DATABASE").value, "postgres://…@db/x");
    }

    #[test]
    fn a_misspelled_setting_is_noticed() {
        let inspection = inspected(&[("SLUICEGATE_ADRR", "127.0.0.1:4000"), ("HOME", "/")]);
        assert_eq!(inspection.warnings.len(), 1, "{:?}", inspection.warnings);
        assert!(inspection.warnings[0].contains("SLUICEGATE_ADDR"), "{:?}", inspection.warnings);
    }

    #[test]
    fn production_is_told_what_it_lacks() {
        let inspection =
            inspected(&[("SLUICEGATE_ENV", "production"), ("STRIPE_SECRET_KEY", "sk_live_1")]);
        assert!(inspection.errors.is_empty(), "{:?}", inspection.errors);
        for name in ["SLUICEGATE_API_TOKEN", "SLUICEGATE_URL", "STRIPE_WEBHOOK_SECRET"] {
            assert!(inspection.warnings.iter().any(|one| one.starts_with(name)), "{name}");
        }
    }
}
