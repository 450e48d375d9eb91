//! Classifies files by path: classic and current folder names, formats, logical names.

/// The kind of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A page, found by its slug.
    Page,
    /// A template that wraps pages.
    Layout,
    /// A partial.
    Partial,
    /// An authorization policy.
    Policy,
    /// A form configuration.
    Form,
    /// A custom model type.
    Table,
    /// A graph query.
    GraphQuery,
    /// An API call notification.
    ApiCall,
    /// An e-mail notification.
    Email,
    /// An SMS notification.
    Sms,
    /// A Liquid migration.
    Migration,
    /// A user profile type: the properties of users with this profile.
    ProfileType,
    /// A listing of the classic marketplace; read like a table.
    TransactableType,
    /// The translations of a locale.
    Translation,
    /// A file served to browsers.
    Asset,
}

impl Kind {
    /// The name in diagnostics.
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Layout => "layout",
            Self::Partial => "partial",
            Self::Policy => "authorization policy",
            Self::Form => "form",
            Self::Table => "table",
            Self::GraphQuery => "graph query",
            Self::ApiCall => "API call",
            Self::Email => "e-mail notification",
            Self::Sms => "SMS notification",
            Self::Migration => "migration",
            Self::ProfileType => "user profile type",
            Self::TransactableType => "transactable type",
            Self::Translation => "translation",
            Self::Asset => "asset",
        }
    }
}

/// The age of a folder name, which implies the profile of a module that does not declare one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FolderGeneration {
    /// Used in both.
    Either,
    /// Used in 2018 and 2019.
    Classic,
    /// Used today.
    Current,
}

use FolderGeneration::{Classic, Current, Either};

/// Every folder name of the platform with its kind. If two hold the same name, the one listed first
/// wins.
const FOLDERS: &[(&str, Kind, FolderGeneration)] = &[
    ("views/pages", Kind::Page, Either),
    ("pages", Kind::Page, Either),
    ("views/layouts", Kind::Layout, Either),
    ("views/partials", Kind::Partial, Either),
    ("lib", Kind::Partial, Current),
    ("authorization_policies", Kind::Policy, Either),
    ("forms", Kind::Form, Current),
    ("form_configurations", Kind::Form, Classic),
    ("schema", Kind::Table, Current),
    ("custom_model_types", Kind::Table, Classic),
    ("model_schemas", Kind::Table, Classic),
    ("graphql", Kind::GraphQuery, Current),
    ("graph_queries", Kind::GraphQuery, Classic),
    ("graphqls", Kind::GraphQuery, Current),
    ("api_calls", Kind::ApiCall, Current),
    ("notifications/api_call_notifications", Kind::ApiCall, Classic),
    ("emails", Kind::Email, Current),
    ("notifications/email_notifications", Kind::Email, Classic),
    ("smses", Kind::Sms, Current),
    ("notifications/sms_notifications", Kind::Sms, Classic),
    ("migrations", Kind::Migration, Either),
    ("user_profile_types", Kind::ProfileType, Either),
    ("user_profile_schemas", Kind::ProfileType, Either),
    ("instance_profile_types", Kind::ProfileType, Classic),
    ("transactable_types", Kind::TransactableType, Classic),
    ("translations", Kind::Translation, Either),
    ("assets", Kind::Asset, Either),
];

/// A file that is part of a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// The kind.
    pub kind: Kind,
    /// The folder's index in the list; the lower wins.
    pub rank: usize,
    /// The age of the folder name.
    pub age: FolderGeneration,
    /// The name relative to the folder, without extension and format (an asset keeps its
    /// extension).
    pub name: String,
    /// The format, such as `json` of `persons.json.liquid`.
    pub format: Option<String>,
}

/// Page formats; any other suffix belongs to the name.
pub const FORMATS: &[&str] = &[
    "html",
    "json",
    "xml",
    "rss",
    "csv",
    "pdf",
    "css",
    "text",
    "js",
    "txt",
    "svg",
    "ics",
    "md",
    "webmanifest",
];

/// Classifies the file at `path` (relative to the module's `public` or `private`, or to the root);
/// `None` if it is not part of a module.
pub fn place(path: &str) -> Option<Placed> {
    let file = path.rsplit('/').next()?;
    if file.starts_with('.') || path.split('/').any(|part| part == "..") {
        return None;
    }
    let (rank, (folder, kind, age)) = FOLDERS.iter().enumerate().find(|(_, (folder, ..))| {
        path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
    })?;
    let rest = &path[folder.len() + 1..];
    let (name, format) = match kind {
        Kind::Asset => (rest.to_owned(), None),
        Kind::Page | Kind::Layout | Kind::Partial => view_name(rest)?,
        Kind::Table | Kind::ProfileType | Kind::TransactableType | Kind::Translation => {
            let name = rest.strip_suffix(".yml").or_else(|| rest.strip_suffix(".yaml"))?;
            (name.to_owned(), None)
        }
        Kind::GraphQuery => (rest.strip_suffix(".graphql")?.to_owned(), None),
        _ => (without_format(rest.strip_suffix(".liquid")?).0, None),
    };
    (!name.is_empty()).then_some(Placed { kind: *kind, rank, age: *age, name, format })
}

/// The first parts of all folder names, some of them twice.
pub fn top_folders() -> impl Iterator<Item = &'static str> {
    FOLDERS.iter().map(|(folder, ..)| folder.split('/').next().unwrap_or(folder))
}

/// True when the folder at `path` is in the list, or a parent of one.
pub fn leads_somewhere(path: &str) -> bool {
    FOLDERS.iter().any(|(folder, ..)| {
        let below = path.strip_prefix(folder).is_some_and(|r| r.is_empty() || r.starts_with('/'));
        below || folder.strip_prefix(path).is_some_and(|r| r.starts_with('/'))
    })
}

/// The name and format of a page, layout or partial, with any text extension.
fn view_name(rest: &str) -> Option<(String, Option<String>)> {
    let stem = rest.strip_suffix(".liquid");
    if stem.is_none() && matches!(rest.rsplit('/').next()?, "README.md" | "CHANGELOG.md") {
        return None;
    }
    let (name, format) = without_format(stem.unwrap_or(rest));
    (stem.is_some() || format.is_some()).then_some((name, format))
}

fn without_format(stem: &str) -> (String, Option<String>) {
    match stem.rsplit_once('.') {
        Some((name, format)) if FORMATS.contains(&format) => {
            (name.to_owned(), Some(format.to_owned()))
        }
        _ => (stem.to_owned(), None),
    }
}

/// The logical name, by which templates refer to the file.
pub fn logical(module: Option<&str>, name: &str) -> String {
    match module {
        Some(module) => {
            let prefix = format!("modules/{module}/");
            // Some files repeat the prefix in their own `name:`.
            format!("{prefix}{}", name.strip_prefix(&prefix).unwrap_or(name))
        }
        None => name.to_owned(),
    }
}

/// The spellings of a name in templates: with surrounding slashes, an extension, or `lib/`, which
/// was once part of the name.
pub fn spellings(written: &str) -> impl Iterator<Item = String> {
    let plain = written.trim().trim_matches('/');
    let plain = plain.strip_suffix(".liquid").unwrap_or(plain).to_owned();
    let without_lib = match plain.strip_prefix("modules/").and_then(|rest| rest.split_once('/')) {
        Some((module, name)) => {
            name.strip_prefix("lib/").map(|name| format!("modules/{module}/{name}"))
        }
        None => plain.strip_prefix("lib/").map(str::to_owned),
    };
    std::iter::once(plain).chain(without_lib)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed(path: &str) -> Option<(Kind, String, Option<String>)> {
        place(path).map(|p| (p.kind, p.name, p.format))
    }

    #[test]
    fn classic_and_current_folders_are_synonyms() {
        let cases = [
            ("form_configurations/a.liquid", Kind::Form, "a"),
            ("forms/a/b.liquid", Kind::Form, "a/b"),
            ("custom_model_types/a.yml", Kind::Table, "a"),
            ("schema/a.yml", Kind::Table, "a"),
            ("graph_queries/a.graphql", Kind::GraphQuery, "a"),
            ("graphql/a.graphql", Kind::GraphQuery, "a"),
            ("api_calls/a.liquid", Kind::ApiCall, "a"),
            ("notifications/api_call_notifications/a.liquid", Kind::ApiCall, "a"),
            ("lib/commands/a.liquid", Kind::Partial, "commands/a"),
            ("views/partials/lib/a.liquid", Kind::Partial, "lib/a"),
            ("assets/a/b.min.js", Kind::Asset, "a/b.min.js"),
            ("migrations/20190401101010_add.liquid", Kind::Migration, "20190401101010_add"),
        ];
        for (path, kind, name) in cases {
            assert_eq!(placed(path), Some((kind, name.to_owned(), None)), "{path}");
        }
    }

    #[test]
    fn a_format_is_dropped_from_the_name() {
        let json = Some("json".to_owned());
        assert_eq!(
            placed("views/pages/api/persons.json.liquid"),
            Some((Kind::Page, "api/persons".to_owned(), json))
        );
        assert_eq!(
            placed("views/layouts/application.html.liquid").map(|p| p.1),
            Some("application".to_owned())
        );
        assert_eq!(placed("views/partials/v1.2.liquid").map(|p| p.1), Some("v1.2".to_owned()));
    }

    #[test]
    fn other_files_are_none_of_ours() {
        for path in [
            "README.md",
            "notifications/.DS_Store",
            "schema/a.txt",
            "forms/.a.liquid",
            "views/partials/a.png",
            "src/main.rs",
            "views/partials/README.md",
        ] {
            assert_eq!(placed(path), None, "{path}");
        }
    }

    #[test]
    fn a_walk_enters_only_folders_that_lead_somewhere() {
        assert!(leads_somewhere("views"));
        assert!(leads_somewhere("views/pages/a"));
        assert!(!leads_somewhere("target"));
        assert!(!leads_somewhere("views/other"));
    }

    #[test]
    fn names_carry_the_module_once() {
        assert_eq!(logical(Some("stripe"), "a"), "modules/stripe/a");
        assert_eq!(logical(Some("stripe"), "modules/stripe/a"), "modules/stripe/a");
        assert_eq!(logical(None, "a"), "a");
    }

    #[test]
    fn lib_may_be_left_out_of_a_name() {
        let all: Vec<_> = spellings("/modules/core/lib/a").collect();
        assert_eq!(all, ["modules/core/lib/a", "modules/core/a"]);
    }
}
