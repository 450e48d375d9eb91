//! Hot reload in development: the next request sees changed files.

use crate::app::indexes;
use crate::app::runtime::Runtime;
use notify::{Event, RecursiveMode, Watcher};
use sluicegate_module::catalog::Catalog;
use sluicegate_module::loader::{MANIFESTS, root_folders};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

/// Editors write in several steps: wait for a pause of this length.
const SETTLE_TIME: Duration = Duration::from_millis(80);
/// A file that is written all the time makes no pause: wait no longer than this.
const SETTLE_TIME_MAX: Duration = Duration::from_secs(1);

/// Identifies a state of the files that are loaded, by their times and sizes. Take it before they
/// are loaded. Other files, such as a log or a database inside a watched folder, do not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp(u64);

impl Stamp {
    /// The current state of the files below `root`.
    pub fn take(root: &Path) -> Self {
        let mut sum = DefaultHasher::new();
        for path in Catalog::paths(root) {
            path.hash(&mut sum);
            if let Ok(about) = std::fs::metadata(&path)
                && about.is_file()
            {
                // A copy may keep the time of its source, but not its own `ctime`.
                (about.len(), about.modified().ok(), about.ctime(), about.ctime_nsec())
                    .hash(&mut sum);
            }
        }
        Self(sum.finish())
    }
}

/// Watches the instance's files on its own thread until the process ends. `loaded` is their state
/// before they were loaded.
pub fn watch(runtime: Arc<Runtime>, loaded: Stamp) {
    let run = move || run(&runtime, loaded);
    let started = std::thread::Builder::new().name("reload".to_owned()).spawn(run);
    if let Err(error) = started {
        tracing::warn!("no hot reload: {error}");
    }
}

/// Watches the folders that exist, and the root itself for template-values.json and folders created
/// later.
fn watch_folders(watcher: &mut impl Watcher, root: &Path) {
    let mut watched = vec![(root.to_owned(), RecursiveMode::NonRecursive)];
    let mut names: Vec<_> = root_folders().collect();
    names.sort_unstable();
    names.dedup();
    watched.extend(names.iter().map(|folder| (root.join(folder), RecursiveMode::Recursive)));
    for (path, mode) in watched.iter().filter(|(path, _)| path.exists()) {
        if let Err(error) = watcher.watch(path, *mode) {
            tracing::warn!("{}: no hot reload: {error}", path.display());
        }
    }
}

/// False for files directly in the root that are not loaded: a log there may never rest.
fn may_matter(event: &Event, root: &Path) -> bool {
    let is_read = |name: &str| MANIFESTS.contains(&name) || root_folders().any(|one| one == name);
    let other = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str());
        path.parent() == Some(root) && !name.is_some_and(is_read)
    };
    !event.kind.is_access() && (event.paths.is_empty() || !event.paths.iter().all(other))
}

fn run(runtime: &Arc<Runtime>, mut loaded: Stamp) {
    let (changed, changes) = channel();
    let root = runtime.config.root.clone();
    let watched = root.clone();
    let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        if event.is_ok_and(|event| may_matter(&event, &watched)) {
            let _ = changed.send(());
        }
    });
    let mut watcher = match watcher {
        Ok(watcher) => watcher,
        Err(error) => {
            tracing::warn!("no hot reload: {error}");
            return;
        }
    };
    watch_folders(&mut watcher, &root);
    // The first time for a change between loading and watching.
    loop {
        let found = Stamp::take(&root);
        if found != loaded {
            loaded = found;
            reload(runtime);
        }
        if changes.recv().is_err() {
            return;
        }
        let settled = Instant::now() + SETTLE_TIME_MAX;
        while Instant::now() < settled && changes.recv_timeout(SETTLE_TIME).is_ok() {}
        // Folders made since, and those that were removed and made again.
        watch_folders(&mut watcher, &root);
    }
}

fn reload(runtime: &Runtime) {
    let diagnostics = runtime.reload().diagnostics();
    indexes::apply(runtime);
    let errors: Vec<_> = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).collect();
    for diagnostic in &errors {
        tracing::error!("{diagnostic}");
    }
    tracing::info!(faults = errors.len(), "files changed: loaded again");
}
