//! The source files of this repository, and the names that they import.

use std::fs;
use std::path::{Path, PathBuf};

/// The repository.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below `folder` with one of the extensions in `endings`, sorted.
pub fn files(folder: &str, endings: &[&str]) -> Vec<PathBuf> {
    fn walk(folder: &Path, endings: &[&str], found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if path.is_dir() {
                if !["target", "node_modules", "data", ".git"].contains(&name.as_str()) {
                    walk(&path, endings, found);
                }
            } else if endings.iter().any(|ending| name.ends_with(ending)) {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&root().join(folder), endings, &mut found);
    found.sort();
    found
}

/// Every Rust file below a folder.
pub fn rust_files(folder: &str) -> Vec<PathBuf> {
    files(folder, &[".rs"])
}

/// The crates of the workspace: the folder of their sources, and their name in paths.
pub fn crates() -> Vec<(String, String)> {
    let mut all = vec![("src".to_owned(), "sluicegate".to_owned())];
    for entry in fs::read_dir(root().join("crates")).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        all.push((format!("crates/{name}/src"), format!("sluicegate_{name}")));
    }
    all.sort();
    all
}

/// The sources of the host and of its crates, without their tests.
pub fn sources() -> Vec<PathBuf> {
    crates().iter().flat_map(|(folder, _)| rust_files(folder)).collect()
}

/// The text of a file.
pub fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// A path for messages: relative to the repository.
pub fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

/// The code of a file before its unit tests.
pub fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default()
}

/// Every path named by a `use` in this text, with braces expanded: `crate::a::{b, c::d}` is
/// `crate::a::b` and `crate::a::c::d`.
pub fn uses(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for statement in text.split(';') {
        let mut lines = statement.lines().map(str::trim).filter(|line| !line.starts_with("//"));
        let mut statement = String::new();
        if let Some(first) = lines.find(|line| line.starts_with("use ") || line.starts_with("pub"))
        {
            statement.push_str(first);
            lines.for_each(|line| statement.push_str(line));
        }
        let Some((_, tree)) = statement.split_once("use ") else { continue };
        expand("", &tree.replace(' ', ""), &mut found);
    }
    found
}

fn expand(prefix: &str, tree: &str, found: &mut Vec<String>) {
    let Some(open) = tree.find('{') else {
        found.push(format!("{prefix}{}", tree.split("as_").next().unwrap_or(tree)));
        return;
    };
    let prefix = format!("{prefix}{}", &tree[..open]);
    let inside = tree[open + 1..].trim_end_matches('}');
    let (mut depth, mut start) = (0, 0);
    for (place, letter) in inside.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                expand(&prefix, &inside[start..place], found);
                start = place + 1;
            }
            _ => {}
        }
    }
    expand(&prefix, &inside[start..], found);
}

#[test]
fn braces_of_a_use_are_expanded() {
    let text = "use crate::a::{b, c::{d, e}};\n// use crate::x;\npub use super::f;\nfn g() {}";
    assert_eq!(uses(text), ["crate::a::b", "crate::a::c::d", "crate::a::c::e", "super::f"]);
}
