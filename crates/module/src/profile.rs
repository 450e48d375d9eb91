//! Compatibility profiles: switches for behavior that changed between 2019 and today.

use serde::{Deserialize, Serialize};

/// The set of platform defaults that a module was written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// The classic modules of 2018 and 2019.
    Legacy,
    /// The platform's current behavior.
    Modern,
}

/// The switches of a profile, each named after its effect when it is true.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProfileSwitches {
    /// Output is entity-escaped; if false, it is sanitized as HTML, with quotes unchanged.
    pub escape_output: bool,
    /// `params`, `page`, `current_user` and `platform_context` also exist outside `context`.
    pub old_variables: bool,
    /// A Liquid error ends the page with a 500; if false, it is rendered as text and logged.
    pub raise_errors: bool,
    /// A slug matches only its own path; if false, also longer ones (`slug2`, `slug3`, `slugs`).
    pub exact_slugs: bool,
    /// `"{{ x }}"` inside the strings of tags is interpolated.
    pub string_interpolation: bool,
    /// Translations are escaped unless their key opts out.
    pub safe_translate: bool,
    /// A GraphQL argument of the wrong type is an error; if false, a warning.
    pub strict_graphql_arguments: bool,
    /// `record_delete` requires its table.
    pub table_required_for_delete: bool,
    /// Variables that an included partial assigns stay local to it.
    pub private_include_scope: bool,
    /// Tags are parsed as leniently as in Ruby Liquid 4.0.
    pub lax_grammar: bool,
}

const LEGACY: ProfileSwitches = ProfileSwitches {
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

const MODERN: ProfileSwitches = ProfileSwitches {
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
    pub const fn switches(self) -> &'static ProfileSwitches {
        match self {
            Self::Legacy => &LEGACY,
            Self::Modern => &MODERN,
        }
    }

    /// The profile with this name (`legacy`, `modern`).
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "legacy" => Some(Self::Legacy),
            "modern" => Some(Self::Modern),
            _ => None,
        }
    }
}
