//! Assets: files served to browsers.

use std::path::PathBuf;
use std::sync::Arc;

/// An asset.
#[derive(Clone)]
pub struct Asset {
    /// The logical path, such as `modules/stripe/javascripts/card.js`.
    pub path: String,
    /// The module; `None` for the root module.
    pub module: Option<Arc<str>>,
    /// The path on disk.
    pub disk: PathBuf,
    /// The content to serve instead of the file, when template values were filled in.
    pub text: Option<Arc<str>>,
}

impl std::fmt::Debug for Asset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Asset({})", self.path)
    }
}
