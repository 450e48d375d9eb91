//! Keeps the code in shape: layers, circles, file headers, sizes, names, documents, request types.
//!
//! Clippy checks function lengths and argument counts (`clippy.toml`).

mod circles;
mod dependencies;
mod documents;
mod instructions;
mod phrases;
#[path = "../it/support/shipped.rs"]
mod shipped;
mod tree;

use tree::{read, root, rust_files, shown, sources};

use std::collections::BTreeMap;
use std::path::Path;

/// The layers from the bottom: a module imports only modules listed before it.
const LAYERS: [&str; 12] = [
    "config", "clock", "executor", "journal", "template", "form", "gateway", "webhook", "graphql",
    "app", "web", "cli",
];
/// The modules that import no other module of the host.
const FOUNDATION: [&str; 2] = ["config", "clock"];
/// The modules that may start the sandbox. Everything else reaches it over HTTP, like Stripe.
const SANDBOX_CALLERS: [&str; 2] = ["app", "cli"];
/// The maximum length of a file.
const FILE_LINES_MAX: usize = 500;
/// The maximum length of a line.
const LINE_CHARS_MAX: usize = 100;
/// Names without meaning.
const BANNED_NAMES: [&str; 8] =
    ["util", "utils", "helper", "helpers", "common", "manager", "misc", "data2"];

/// `src/web/page.rs` → `web`, `src/app.rs` → `app`.
fn layer(path: &Path) -> String {
    let inside = path.strip_prefix(root().join("src")).expect("a file of src");
    let first = inside.components().next().expect("a name").as_os_str().to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

/// Every module named by `use crate::MODULE` or `crate::MODULE::`, with its line.
fn imports(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("//") {
            continue;
        }
        for part in line.split("crate::").skip(1) {
            let name: String =
                part.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            if !name.is_empty() {
                found.push((number + 1, name));
            }
        }
    }
    found
}

fn may_import(from: &str, to: &str) -> bool {
    let layer = |name: &str| LAYERS.iter().position(|one| *one == name);
    match (layer(from), layer(to)) {
        _ if from == to => true,
        (Some(_), Some(_)) if FOUNDATION.contains(&from) => false,
        (Some(from), Some(to)) => to < from,
        // Macros and items of the crate's root.
        (_, None) => true,
        (None, _) => from == "main",
    }
}

#[test]
fn modules_import_only_modules_below_them() {
    let mut faults = Vec::new();
    for path in rust_files("src") {
        let from = layer(&path);
        if from == "lib" {
            continue;
        }
        for (line, to) in imports(&read(&path)) {
            if !may_import(&from, &to) {
                faults.push(format!("{}:{line}: {from} may not import {to}", shown(&path)));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn only_the_callers_know_the_sandbox() {
    for path in rust_files("src") {
        let (from, text) = (layer(&path), read(&path));
        let allowed = SANDBOX_CALLERS.contains(&from.as_str());
        assert!(allowed || !text.contains("sluicegate_sandbox::"), "{} imports it", shown(&path));
    }
}

#[test]
fn the_rule_itself_knows_up_from_down() {
    assert!(may_import("web", "app") && may_import("gateway", "journal"));
    assert!(!may_import("clock", "config") && !may_import("gateway", "graphql"));
    assert!(!may_import("journal", "template") && !may_import("app", "web"));
    assert_eq!(imports("use crate::web::page;\n// crate::app\n").len(), 1);
}

#[test]
fn every_file_says_what_it_is() {
    for folder in ["src", "crates", "tests", "benches"] {
        for path in rust_files(folder) {
            let text = read(&path);
            let first = text.lines().next().unwrap_or_default();
            let says = first.starts_with("//! ") && first.len() > 12;
            assert!(says, "{}: the first line has to say what the file is", shown(&path));
        }
    }
}

#[test]
fn files_and_lines_stay_readable() {
    let mut lengths = Vec::new();
    for path in sources() {
        let text = read(&path);
        let lines = text.lines().count();
        lengths.push(lines);
        assert!(lines <= FILE_LINES_MAX, "{} has {lines} lines", shown(&path));
        for (number, line) in text.lines().enumerate() {
            let length = line.chars().count();
            let place = format!("{}:{}", shown(&path), number + 1);
            // A long string literal is not broken.
            let fits = length <= LINE_CHARS_MAX || line.contains('"');
            assert!(fits, "{place} has {length} characters");
        }
    }
    lengths.sort_unstable();
    let median = lengths[lengths.len() / 2];
    assert!(median <= 160, "the median file has {median} lines");
}

#[test]
fn no_name_says_nothing() {
    for folder in ["src", "crates", "tests"] {
        for path in rust_files(folder) {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let parent = path.parent().and_then(Path::file_name).unwrap_or_default();
            let parent = parent.to_string_lossy().into_owned();
            for banned in BANNED_NAMES {
                assert!(name != banned && parent != banned, "{} says nothing", shown(&path));
            }
        }
    }
}

#[test]
fn only_the_named_doors_reach_outside() {
    let doors: BTreeMap<&str, (&str, &[&str])> = BTreeMap::from([
        ("std::env::var", ("reads the environment", &["src/config/", "crates/failpoint/"][..])),
        ("reqwest::Client", ("opens a connection", &["src/gateway/http.rs", "crates/sandbox/"])),
        (
            "Timestamp::now(",
            ("reads the time", &["src/clock.rs", "crates/sandbox/", "crates/liquid/"]),
        ),
        ("SystemTime::now(", ("reads the time", &["src/clock.rs", "crates/sandbox/"])),
    ]);
    for path in sources() {
        let (name, text) = (shown(&path), read(&path));
        for (word, (what, allowed)) in &doors {
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            let allowed = allowed.iter().any(|prefix| name.starts_with(prefix));
            assert!(allowed || !code.contains(word), "{name} {what}: {word}");
        }
    }
}

#[test]
fn every_request_type_has_its_parts() {
    let stripe = root().join("modules/stripe/public");
    for name in shipped::REQUEST_TYPES {
        let call = stripe.join(format!("notifications/api_call_notifications/{name}.liquid"));
        assert!(call.is_file(), "{name} has no API call");
        for part in ["response_mapper", "templates"] {
            let file = stripe.join(format!("views/partials/{part}/{name}.liquid"));
            assert!(file.is_file(), "{name} has no {part}");
        }
    }
}
