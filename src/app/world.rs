//! What is written, loaded and compiled: swapped as a whole when files change.

use crate::module::catalog::Catalog;
use crate::module::fault::Fault;
use crate::secret::Secret;
use crate::template::render::Templates;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// One loaded state of the instance's files.
pub struct World {
    /// What is written.
    pub catalog: Arc<Catalog>,
    /// Its compiled templates.
    pub templates: Templates,
}

impl World {
    /// Loads the instance at `root`. What is wrong is in the catalog; nothing here fails.
    pub fn load(root: &Path, environment: &dyn Fn(&str) -> Option<String>) -> Self {
        let catalog = Arc::new(Catalog::load(root, environment));
        let templates = Templates::new(Arc::clone(&catalog));
        Self { catalog, templates }
    }

    /// Every fault: of the files' structure, and of their templates and references.
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = self.catalog.faults.clone();
        faults.extend(self.templates.check());
        faults.sort_by(|one, other| {
            (&one.path, one.line, one.column).cmp(&(&other.path, other.line, other.column))
        });
        faults
    }

    /// Values of the environment that templates see as `context.constants`.
    pub fn constants(&self) -> BTreeMap<String, Secret> {
        self.catalog.secrets.iter().cloned().collect()
    }
}
