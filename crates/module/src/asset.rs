//! Assets: files for the browser.

use std::path::PathBuf;
use std::sync::Arc;

/// An asset.
#[derive(Clone)]
pub struct Asset {
    /// The logical path, `modules/stripe/javascripts/card.js`.
    pub path: String,
    /// Its module; `None` is the root module.
    pub module: Option<Arc<str>>,
    /// The file.
    pub disk: PathBuf,
    /// The text to serve in place of the file, when template values were filled in.
    pub text: Option<Arc<str>>,
}

impl std::fmt::Debug for Asset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Asset({})", self.path)
    }
}
