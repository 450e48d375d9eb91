//! Hot reload in development: the next request sees changed files.

use crate::app::runtime::Runtime;
use notify::{RecursiveMode, Watcher};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// Editors write in several steps: wait for a pause of this length.
const SETTLE_TIME: Duration = Duration::from_millis(80);
/// The watched folders below the root; `data/` and `target/` change constantly.
const FOLDERS: [&str; 11] = [
    "app",
    "marketplace_builder",
    "modules",
    "views",
    "notifications",
    "forms",
    "graphql",
    "translations",
    "assets",
    "authorization_policies",
    "lib",
];

/// Identifies a state of the watched files by their times and sizes. Take it before they are
/// loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp(u64);

impl Stamp {
    /// The current state of the files below `root`.
    pub fn take(root: &Path) -> Self {
        let mut sum = DefaultHasher::new();
        add(root, Depth::TopLevel, &mut sum);
        for folder in FOLDERS {
            add(&root.join(folder), Depth::Recursive, &mut sum);
        }
        Self(sum.finish())
    }
}

/// How deep a folder is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Depth {
    TopLevel,
    Recursive,
}

/// Hashes a folder's files.
fn add(folder: &Path, depth: Depth, sum: &mut DefaultHasher) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        // A link to a folder is not followed: it may form a cycle.
        let Ok(about) = std::fs::symlink_metadata(&path) else { continue };
        path.hash(sum);
        if about.is_dir() {
            if depth == Depth::Recursive {
                add(&path, depth, sum);
            }
        } else {
            (about.len(), about.modified().ok()).hash(sum);
        }
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
    watched.extend(FOLDERS.map(|folder| (root.join(folder), RecursiveMode::Recursive)));
    for (path, mode) in watched.iter().filter(|(path, _)| path.exists()) {
        if let Err(error) = watcher.watch(path, *mode) {
            tracing::warn!("{}: no hot reload: {error}", path.display());
        }
    }
}

fn run(runtime: &Arc<Runtime>, loaded: Stamp) {
    let (changed, changes) = channel();
    let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        if event.is_ok_and(|event| !event.kind.is_access()) {
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
    let root = &runtime.config.root;
    watch_folders(&mut watcher, root);
    // Otherwise a change between loading and watching would be missed.
    if Stamp::take(root) != loaded {
        runtime.reload();
    }
    while changes.recv().is_ok() {
        loop {
            match changes.recv_timeout(SETTLE_TIME) {
                Ok(()) => {}
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
        // Folders made since, and those that were removed and made again.
        watch_folders(&mut watcher, root);
        let instance = runtime.reload();
        let errors: Vec<_> =
            instance.diagnostics().into_iter().filter(|diagnostic| diagnostic.is_error()).collect();
        for diagnostic in &errors {
            tracing::error!("{diagnostic}");
        }
        tracing::info!(faults = errors.len(), "files changed: loaded again");
    }
}
