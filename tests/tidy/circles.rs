//! Import circles between the files of a crate: counted, and not allowed to grow.

use crate::tree::{crates, read, root, rust_files, uses, without_tests};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The number of files in circles today, by crate. Lower it when it falls; it may never rise.
const IN_CIRCLES: [(&str, usize); 7] = [
    ("sluicegate", 2),
    ("sluicegate_failpoint", 0),
    ("sluicegate_liquid", 13),
    ("sluicegate_module", 0),
    ("sluicegate_sandbox", 0),
    ("sluicegate_secret", 0),
    ("sluicegate_store", 0),
];

type Graph = BTreeMap<String, BTreeSet<String>>;

/// `src/web/page.rs` → `web::page`; `src/web/mod.rs` → `web`; the crate's root is empty.
fn module(folder: &str, path: &Path) -> String {
    let inside = path.strip_prefix(root().join(folder)).expect("a file of the crate");
    let name = inside.with_extension("").to_string_lossy().replace('/', "::");
    match name.as_str() {
        "lib" | "main" => String::new(),
        name => name.strip_suffix("::mod").unwrap_or(name).to_owned(),
    }
}

/// The module among `all` that contains a path: its longest prefix.
fn resolve(from: &str, path: &str, all: &BTreeSet<String>) -> Option<String> {
    let mut base: Vec<&str> = from.split("::").filter(|part| !part.is_empty()).collect();
    let mut rest = path;
    if let Some(inside) = rest.strip_prefix("crate::") {
        base.clear();
        rest = inside;
    } else if let Some(inside) = rest.strip_prefix("super::") {
        base.pop();
        rest = inside;
        while let Some(inside) = rest.strip_prefix("super::") {
            base.pop();
            rest = inside;
        }
    } else if let Some(inside) = rest.strip_prefix("self::") {
        rest = inside;
    } else {
        return None;
    }
    let mut parts: Vec<&str> = base.into_iter().chain(rest.split("::")).collect();
    while !parts.is_empty() {
        let name = parts.join("::");
        if all.contains(&name) {
            return Some(name);
        }
        parts.pop();
    }
    None
}

fn graph(folder: &str) -> Graph {
    let files: Vec<_> =
        rust_files(folder).into_iter().map(|path| (module(folder, &path), path)).collect();
    let all: BTreeSet<String> = files.iter().map(|(name, _)| name.clone()).collect();
    let edges = |(name, path): &(String, std::path::PathBuf)| {
        let text = read(path);
        let uses = uses(without_tests(&text));
        let to = uses.iter().filter_map(|used| resolve(name, used, &all));
        (name.clone(), to.filter(|to| to != name).collect())
    };
    files.iter().map(edges).collect()
}

fn reachable<'g>(graph: &'g Graph, from: &'g str) -> BTreeSet<&'g str> {
    let mut seen = BTreeSet::new();
    let mut open = vec![from];
    while let Some(name) = open.pop() {
        for next in graph.get(name).into_iter().flatten() {
            if seen.insert(next.as_str()) {
                open.push(next);
            }
        }
    }
    seen
}

/// The modules that can reach themselves.
fn in_circles(graph: &Graph) -> Vec<&str> {
    graph.keys().map(String::as_str).filter(|name| reachable(graph, name).contains(name)).collect()
}

#[test]
fn circles_do_not_grow() {
    let mut wrong = Vec::new();
    for (folder, name) in crates() {
        let graph = graph(&folder);
        let found = in_circles(&graph);
        let known = IN_CIRCLES.iter().find(|(known, _)| *known == name);
        let known = known.unwrap_or_else(|| panic!("{name} is not in the list")).1;
        if found.len() != known {
            let count = found.len();
            wrong.push(format!(
                "{name}: {count} files stand in circles, {known} allowed: {found:?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "cut them, or lower a number that fell:\n{}", wrong.join("\n"));
}

#[test]
fn a_circle_is_found() {
    let graph = Graph::from([
        ("a".to_owned(), BTreeSet::from(["b".to_owned()])),
        ("b".to_owned(), BTreeSet::from(["c".to_owned()])),
        ("c".to_owned(), BTreeSet::from(["a".to_owned()])),
        ("d".to_owned(), BTreeSet::from(["a".to_owned()])),
    ]);
    assert_eq!(in_circles(&graph), ["a", "b", "c"]);
    let all = BTreeSet::from(["web::page".to_owned(), "web".to_owned()]);
    let found = |path| resolve("web::form", path, &all);
    assert_eq!(found("super::page::Page").as_deref(), Some("web::page"));
    assert_eq!(found("crate::web::Other").as_deref(), Some("web"));
    assert_eq!(found("std::fmt"), None);
}
