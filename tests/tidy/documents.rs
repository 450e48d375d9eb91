//! Documents and comments name only existing files, and no machine.

use crate::tree::{files, read, root, shown, sources};

/// The first folders of paths in this repository.
const FOLDERS: [&str; 9] =
    ["src/", "crates/", "tests/", "benches/", "fuzz/", "docs/", "modules/", ".ci/", "examples/"];
/// Extensions of files that can be named without their folder.
const ENDINGS: [&str; 4] = [".rs", ".sql", ".hbs", ".graphql"];

/// The words of a text that look like a path in this repository.
fn named_paths(text: &str) -> Vec<String> {
    let is_part = |c: char| c.is_alphanumeric() || "./_-*{}<>".contains(c);
    text.split(|c: char| !is_part(c))
        .map(|word| word.trim_matches(|c: char| ".*-".contains(c) && c != '.'))
        .map(|word| word.trim_end_matches(['.', '/']))
        .filter(|word| FOLDERS.iter().any(|folder| word.starts_with(folder)))
        .filter(|word| !word.contains(['*', '<', '>', '{', '}']))
        .map(str::to_owned)
        .collect()
}

fn comments(text: &str) -> String {
    let is_comment = |line: &&str| line.trim_start().starts_with("//");
    text.lines().filter(is_comment).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_path_that_is_named_exists() {
    let mut missing = Vec::new();
    let documents = files("", &[".md"]).into_iter().filter(|path| !path.ends_with("CHANGELOG.md"));
    let documents = documents.map(|path| (read(&path), path));
    let comments = sources().into_iter().map(|path| (comments(&read(&path)), path));
    // Scripts name paths in their commands as well.
    let scripts = files("", &[".mjs"]).into_iter().chain(run_scripts());
    let scripts = scripts.map(|path| (read(&path), path));
    for (text, path) in documents.chain(comments).chain(scripts) {
        for named in named_paths(&text) {
            let made_later = ["modules/stripe/public/", "modules/payments/public/", "fuzz/corpus"];
            if made_later.iter().any(|made| named.starts_with(made)) {
                continue;
            }
            let beside = path.parent().map(|folder| folder.join(&named));
            let exists = root().join(&named).exists() || beside.is_some_and(|path| path.exists());
            if !exists && !is_logical(&named) {
                missing.push(format!("{}: {named}", shown(&path)));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

/// The shell scripts of the repository: each is called `run`.
fn run_scripts() -> Vec<std::path::PathBuf> {
    let folders = ["tests", "fuzz", "benches", ".ci"];
    let all = folders.iter().flat_map(|folder| files(folder, &["run"]));
    all.filter(|path| path.file_name().is_some_and(|name| name == "run")).collect()
}

/// Names of the platform, not of the disk: `modules/payments/gateway_request_form` is a form.
/// Files of a module have their visibility folder in their path.
fn is_logical(named: &str) -> bool {
    named.starts_with("modules/") && !named.contains("/public/") && !named.contains("/private/")
}

#[test]
fn every_file_that_a_comment_names_exists() {
    let all: Vec<String> = files("", &ENDINGS).iter().map(|path| shown(path)).collect();
    let mut missing = Vec::new();
    for path in sources() {
        for quoted in comments(&read(&path)).split('`').skip(1).step_by(2) {
            let is_file = ENDINGS.iter().any(|ending| quoted.ends_with(ending));
            if is_file
                && !quoted.contains([' ', '*'])
                && !all.iter().any(|one| one.ends_with(quoted))
            {
                missing.push(format!("{}: {quoted}", shown(&path)));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn the_repository_names_no_machine() {
    let changelog = read(&root().join("CHANGELOG.md"));
    assert!(changelog.contains("## "), "CHANGELOG.md has an entry");
    for path in files("", &[".md", ".toml"]).into_iter().chain([root().join(".ci/run")]) {
        let text = read(&path);
        for machine in ["/work/", "/root/", "/home/"] {
            assert!(!text.contains(machine), "{} names a path of one machine", shown(&path));
        }
    }
}

#[test]
fn the_example_is_the_readmes() {
    let readme = read(&root().join("README.md"));
    let example = files("examples/create_topup", &[".liquid", ".yml"]);
    assert_eq!(example.len(), 5);
    for path in example {
        let kind =
            if path.extension().is_some_and(|kind| kind == "yml") { "yaml" } else { "liquid" };
        let block = format!("```{kind}\n{}```", read(&path));
        assert!(readme.contains(&block), "{} is not what README.md shows", shown(&path));
    }
}
