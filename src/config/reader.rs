//! Reads settings from flags, then from the environment, and collects what is wrong with them.

use super::settings::SETTINGS;
use super::{Error, Flags, invalid};

/// Where the value of a setting comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The command line.
    Flag,
    /// The environment.
    Environment,
    /// Nobody stated it.
    Default,
}

impl Source {
    /// The word for people and scripts.
    pub fn name(self) -> &'static str {
        match self {
            Self::Flag => "flag",
            Self::Environment => "environment",
            Self::Default => "default",
        }
    }
}

/// Reads the stated values, and keeps every error: a report tells all of them.
pub(super) struct Reader<'a> {
    flags: &'a Flags,
    environment: &'a dyn Fn(&str) -> Option<String>,
    pub(super) errors: Vec<Error>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(flags: &'a Flags, environment: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { flags, environment, errors: Vec::new() }
    }

    /// The stated value of a setting and where it is stated. A blank variable counts as unset.
    pub(super) fn stated(&self, variable: &str) -> (Option<String>, Source) {
        debug_assert!(SETTINGS.iter().any(|one| one.variable == variable), "{variable}");
        if let Some(text) = self.flags.value_of(variable) {
            return (Some(text), Source::Flag);
        }
        match (self.environment)(variable).filter(|value| !value.trim().is_empty()) {
            Some(text) => (Some(text), Source::Environment),
            None => (None, Source::Default),
        }
    }

    /// The stated value of a setting.
    pub(super) fn text(&self, variable: &str) -> Option<String> {
        self.stated(variable).0
    }

    /// True when a variable is set, to nothing.
    pub(super) fn is_blank(&self, variable: &str) -> bool {
        (self.environment)(variable).is_some_and(|value| value.trim().is_empty())
    }

    /// The value, or `fallback` after an error, which is kept.
    pub(super) fn take<T>(&mut self, value: Result<T, Error>, fallback: T) -> T {
        value.unwrap_or_else(|error| {
            self.errors.push(error);
            fallback
        })
    }

    /// Keeps the error of a check.
    pub(super) fn check(&mut self, result: Result<(), Error>) {
        self.take(result, ());
    }

    /// A number; `None` when it is not stated, or is not a number.
    pub(super) fn number<N: std::str::FromStr>(&mut self, variable: &str) -> Option<N> {
        let text = self.text(variable)?;
        let number = text.trim().parse().map(Some);
        let message = format!("`{text}` is not a valid number");
        self.take(number.map_err(|_| invalid(variable, message)), None)
    }

    /// A list separated by commas.
    pub(super) fn list(&self, variable: &str) -> Vec<String> {
        let all = self.text(variable).unwrap_or_default();
        all.split(',').map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned).collect()
    }
}
