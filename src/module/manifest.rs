//! A module: its name, its version and what it was installed with.

use crate::module::profile::Profile;
use serde_json::{Map, Value as Json};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// An installed module, or the root module.
#[derive(Clone)]
pub struct Module {
    /// The folder's name; the root module has the name it gives itself.
    pub machine_name: Arc<str>,
    /// The root module: the site itself.
    pub is_root: bool,
    /// The version it gives itself.
    pub version: Option<String>,
    /// Its folder.
    pub root: PathBuf,
    /// The profile it runs in.
    pub profile: Profile,
    /// Template values, those from the environment included: never print them.
    pub values: Map<String, Json>,
    /// A module of ours: loose ends are errors.
    pub strict: bool,
    /// Modules it needs, each with the version it asks for.
    pub dependencies: Vec<(String, String)>,
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
