//! Keeps the house in order: floors, file headers, sizes, names, and complete request types.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The floors from the ground up: a room imports only rooms listed before it.
const FLOORS: [&str; 17] = [
    "crash", "config", "secret", "clock", "liquid", "module", "store", "journal", "template",
    "form", "gateway", "webhook", "graphql", "app", "web", "cli", "main",
];
/// `config` settles the instance key, so it may look at `secret` beside it.
const BESIDE: [(&str, &str); 1] = [("config", "secret")];
/// The one room that stands alone, and who may start it.
const SANDBOX: &str = "sandbox";
const SANDBOX_CALLERS: [&str; 3] = ["app", "cli", "main"];
/// Files may not be longer than this.
const FILE_LINES_MAX: usize = 500;
/// Lines may not be longer than this.
const LINE_CHARS_MAX: usize = 140;
/// Names that say nothing.
const BANNED_NAMES: [&str; 8] =
    ["util", "utils", "helper", "helpers", "common", "manager", "misc", "data2"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(folder: &str) -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&root().join(folder), &mut found);
    found.sort();
    found
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

/// `src/web/page.rs` → `web`, `src/app.rs` → `app`.
fn room(path: &Path) -> String {
    let inside = path.strip_prefix(root().join("src")).expect("a file of src");
    let first = inside.components().next().expect("a name").as_os_str().to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

/// Every room named by `use crate::ROOM` or `crate::ROOM::`, with its line.
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
    let floor = |name: &str| FLOORS.iter().position(|room| *room == name);
    if from == to || BESIDE.contains(&(from, to)) {
        return true;
    }
    if from == SANDBOX {
        return false;
    }
    if to == SANDBOX {
        return SANDBOX_CALLERS.contains(&from);
    }
    // The crash test's places are everywhere but in the engine, which could be a crate.
    if to == "crash" {
        return from != "liquid";
    }
    match (floor(from), floor(to)) {
        // The ground rooms and the engine import nothing of ours, and modules are read without it.
        (Some(_), Some(_)) if ["crash", "config", "secret", "clock", "liquid"].contains(&from) => {
            false
        }
        (Some(_), Some(_)) if (from, to) == ("module", "liquid") => false,
        (Some(from), Some(to)) => to < from,
        // Macros and items of the crate's root.
        (_, None) => true,
        (None, _) => false,
    }
}

#[test]
fn rooms_import_only_rooms_below_them() {
    let mut faults = Vec::new();
    for path in rust_files("src") {
        let from = room(&path);
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
fn the_rule_itself_knows_up_from_down() {
    assert!(may_import("web", "app") && may_import("gateway", "store"));
    assert!(may_import("store", "module") && !may_import("module", "liquid"));
    assert!(may_import("clock", "crash") && !may_import("liquid", "crash"));
    assert!(!may_import("liquid", "clock") && !may_import("liquid", "module"));
    assert!(!may_import("journal", "template") && !may_import("app", "web"));
    assert!(!may_import("sandbox", "store") && !may_import("gateway", "sandbox"));
    assert_eq!(imports("use crate::web::page;\n// crate::app\n").len(), 1);
}

#[test]
fn every_file_says_what_it_is() {
    for folder in ["src", "tests", "benches"] {
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
    for path in rust_files("src") {
        let text = read(&path);
        let lines = text.lines().count();
        lengths.push(lines);
        assert!(lines <= FILE_LINES_MAX, "{} has {lines} lines", shown(&path));
        for (number, line) in text.lines().enumerate() {
            let length = line.chars().count();
            let place = format!("{}:{}", shown(&path), number + 1);
            assert!(length <= LINE_CHARS_MAX, "{place} has {length} characters");
        }
    }
    lengths.sort_unstable();
    let median = lengths[lengths.len() / 2];
    assert!(median <= 160, "the median file has {median} lines");
}

#[test]
fn no_name_says_nothing() {
    for folder in ["src", "tests"] {
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
        ("std::env::var", ("reads the environment", &["src/config.rs", "src/crash.rs"][..])),
        ("reqwest::Client", ("opens a connection", &["src/gateway/wire.rs", "src/sandbox/"])),
        ("Timestamp::now(", ("reads the time", &["src/clock.rs", "src/sandbox/", "src/liquid/"])),
        ("SystemTime::now(", ("reads the time", &["src/clock.rs", "src/sandbox/"])),
    ]);
    for path in rust_files("src") {
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
    let names = [
        "create_customer",
        "create_payment",
        "capture_payment",
        "create_refund",
        "create_account",
        "delete_account",
        "create_transfer",
        "create_credit_card",
        "delete_credit_card",
        "get_account",
        "get_payout",
        "get_persons",
        "get_webhook_endpoints",
        "create_webhook_endpoint",
        "create_person",
    ];
    for name in names {
        let call = stripe.join(format!("notifications/api_call_notifications/{name}.liquid"));
        assert!(call.is_file(), "{name} has no API call");
        for part in ["response_mapper", "templates"] {
            let file = stripe.join(format!("views/partials/{part}/{name}.liquid"));
            assert!(file.is_file(), "{name} has no {part}");
        }
    }
}

#[test]
fn the_repository_names_no_machine() {
    let changelog = read(&root().join("CHANGELOG.md"));
    assert!(changelog.contains("## "), "CHANGELOG.md has an entry");
    for name in ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", ".ci/run"] {
        let text = read(&root().join(name));
        assert!(!text.contains("/work/"), "{name} names a path of one machine");
    }
}
