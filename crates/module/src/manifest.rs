//! A module: its name, its version and its installation values.

use crate::profile::Profile;
use serde_json::{Map, Value as Json};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// An installed module, or the root module.
#[derive(Clone)]
pub struct Module {
    /// The folder's name; the root module names itself.
    pub machine_name: Arc<str>,
    /// True for the root module, the site itself.
    pub is_root: bool,
    /// The declared version.
    pub version: Option<String>,
    /// The module's folder.
    pub root: PathBuf,
    /// The compatibility profile.
    pub profile: Profile,
    /// Template values, including those of the environment: never print them.
    pub values: Map<String, Json>,
    /// Keys of values that only the environment can provide.
    pub secret_keys: Vec<String>,
    /// True in strict mode: unresolved references are errors.
    pub strict: bool,
    /// Required modules, each with its version constraint.
    pub dependencies: Vec<(String, String)>,
    /// Fields of GraphQL that signed-in visitors may use, each with the policy that decides.
    pub graphql_grants: Vec<(String, String)>,
}

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Module")
            .field("machine_name", &self.machine_name)
            .field("version", &self.version)
            .field("profile", &self.profile)
            .field("strict", &self.strict)
            .finish_non_exhaustive()
    }
}

/// The root first, then every module after its dependencies; a cycle is broken at any point.
pub(super) fn in_order(modules: Vec<Module>) -> Vec<Module> {
    let mut waiting = modules;
    let mut ordered: Vec<Module> = Vec::new();
    while !waiting.is_empty() {
        let is_ready = |module: &Module| {
            module.dependencies.iter().all(|(name, _)| {
                !waiting.iter().any(|other| {
                    !other.is_root && *other.machine_name == **name && other.root != module.root
                })
            })
        };
        let next = waiting.iter().position(|m| m.is_root || is_ready(m)).unwrap_or(0);
        ordered.push(waiting.remove(next));
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module(name: &str, needs: &[&str]) -> Module {
        Module {
            machine_name: Arc::from(name),
            is_root: name == "site",
            version: None,
            root: PathBuf::from(name),
            profile: Profile::Modern,
            values: Map::new(),
            secret_keys: Vec::new(),
            strict: false,
            dependencies: needs.iter().map(|n| ((*n).to_owned(), String::new())).collect(),
            graphql_grants: Vec::new(),
        }
    }

    #[test]
    fn a_module_comes_after_what_it_needs_and_a_circle_ends() {
        let modules = vec![
            module("site", &["a"]),
            module("a", &["c"]),
            module("b", &["x"]),
            module("c", &[]),
            module("x", &["b"]),
        ];
        let names: Vec<_> = in_order(modules).iter().map(|m| m.machine_name.to_string()).collect();
        assert_eq!(names, ["site", "c", "a", "b", "x"]);
    }
}
