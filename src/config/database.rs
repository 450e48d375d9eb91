//! Which database an instance has.

use super::{Error, invalid, without_password};
use std::fmt;
use std::path::{Path, PathBuf};

/// A database, as `--database` names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {
    /// `sqlite:PATH`: one file.
    Sqlite(PathBuf),
    /// `postgres://…`, shared by many processes; the URL may have a password.
    Postgres(String),
}

impl Database {
    /// The database of an instance that states none.
    pub(super) fn of_root(root: &Path) -> Self {
        Self::Sqlite(root.join("data/sluicegate.db"))
    }

    /// Reads a URL.
    ///
    /// # Errors
    /// [`Error::Value`], without a password.
    pub(super) fn parse(url: &str) -> Result<Self, Error> {
        let is_postgres =
            ["postgres://", "postgresql://"].iter().any(|start| url.starts_with(start));
        match url.strip_prefix("sqlite:") {
            Some(path) if !path.is_empty() => Ok(Self::Sqlite(path.into())),
            None if is_postgres => Ok(Self::Postgres(url.to_owned())),
            _ => {
                let message = format!(
                    "`{}` is not one of: sqlite:PATH, postgres://USER@HOST/DATABASE",
                    without_password(url)
                );
                Err(invalid("--database", message))
            }
        }
    }
}

impl fmt::Display for Database {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(url) => f.write_str(&without_password(url)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_of_a_known_kind_and_its_password_stays() {
        for url in ["sqlite:x.db", "postgres://db/x", "postgresql://db/x"] {
            assert_eq!(Database::parse(url).expect("known").to_string(), url);
        }
        let shown = Database::parse("postgres://me:word@db/x").expect("known").to_string();
        assert_eq!(shown, "postgres://…@db/x");
        for url in ["sqlite:", "mysql://me:word@db/x", ""] {
            let refusal = Database::parse(url).expect_err("unknown").to_string();
            assert!(refusal.contains("--database") && !refusal.contains("word"), "{refusal}");
        }
    }
}
