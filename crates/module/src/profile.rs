//! Compatibility profiles: the switches that flipped between 2019 and today, as data.

use serde::{Deserialize, Serialize};

/// Which of the platform's two sets of defaults a module was written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// The classic modules of 2018 and 2019.
    Legacy,
    /// What the platform does today.
    Modern,
}

/// The switches of a profile, each named after what is true when it is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Switches {
    /// Output is entity-escaped; off: sanitised as HTML, quotes untouched.
    pub escape_output: bool,
    /// Bare `params`, `page`, `current_user` and `platform_context` exist beside `context`.
    pub old_variables: bool,
    /// A Liquid error ends the page with a 500; off: it becomes text and a log entry.
    pub raise_errors: bool,
    /// A slug answers only its own path; off: also what follows it (`slug2`, `slug3`, `slugs`).
    pub exact_slugs: bool,
    /// `"{{ x }}"` inside the strings of tags is interpolated.
    pub string_interpolation: bool,
    /// Translations are escaped unless their key says otherwise.
    pub safe_translate: bool,
    /// A GraphQL argument of the wrong type is an error; off: a warning.
    pub strict_graphql_arguments: bool,
    /// `record_delete` has to name its table.
    pub table_required_for_delete: bool,
    /// What an included partial assigns stays in it.
    pub private_include_scope: bool,
    /// Tags are read as loosely as Ruby Liquid 4.0 reads them.
    pub lax_grammar: bool,
}

const LEGACY: Switches = Switches {
    escape_output: false,
    old_variables: true,
    raise_errors: false,
    exact_slugs: false,
    string_interpolation: false,
    safe_translate: false,
    strict_graphql_arguments: false,
    table_required_for_delete: false,
    private_include_scope: true,
    lax_grammar: true,
};

const MODERN: Switches = Switches {
    escape_output: true,
    old_variables: false,
    raise_errors: true,
    exact_slugs: true,
    string_interpolation: true,
    safe_translate: true,
    strict_graphql_arguments: true,
    table_required_for_delete: true,
    private_include_scope: true,
    lax_grammar: false,
};

impl Profile {
    /// The switches of this profile.
    pub const fn switches(self) -> &'static Switches {
        match self {
            Self::Legacy => &LEGACY,
            Self::Modern => &MODERN,
        }
    }

    /// The profile of that name (`legacy`, `modern`).
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "legacy" => Some(Self::Legacy),
            "modern" => Some(Self::Modern),
            _ => None,
        }
    }
}
