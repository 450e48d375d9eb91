//! The files of this repository's instance. The benches and the durability test use
//! them too.

use std::fs;
use std::path::Path;

/// What makes up the instance.
pub const PARTS: [&str; 6] =
    ["views", "modules", "assets", "graphql", "notifications", "template-values.json"];

/// Copies the instance to a folder.
pub fn copy_instance(to: &Path) {
    fs::create_dir_all(to).expect("made");
    let from = Path::new(env!("CARGO_MANIFEST_DIR"));
    PARTS.iter().for_each(|part| copy(&from.join(part), &to.join(part)));
}

fn copy(from: &Path, to: &Path) {
    if from.is_file() {
        fs::copy(from, to).expect("copied");
        return;
    }
    fs::create_dir_all(to).expect("made");
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        copy(&entry.path(), &to.join(entry.file_name()));
    }
}
