//! Dependencies: each one is used, and its license is allowed.

use crate::tree::{files, read, root, rust_files};
use serde_json::Value as Json;
use std::process::Command;

/// Allowed licenses; in an expression, all parts of one `OR` branch must be allowed.
const LICENSES: [&str; 14] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-1-Clause",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MPL-2.0",
    "Unicode-3.0",
    "Zlib",
];
/// Packages whose library has another name.
const LIBRARIES: [(&str, &str); 2] = [("md-5", "md5"), ("strftime-ruby", "strftime")];

fn metadata() -> Json {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--offline", "--locked"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// True when [`LICENSES`] satisfies an SPDX expression, or the older form with `/`.
fn is_allowed(expression: &str) -> bool {
    let plain = expression.replace(['(', ')'], "").replace('/', " OR ");
    plain.split(" OR ").any(|all| all.split(" AND ").all(|one| LICENSES.contains(&one.trim())))
}

#[test]
fn every_license_is_allowed() {
    let mut refused = Vec::new();
    for package in metadata()["packages"].as_array().expect("packages") {
        let license = package["license"].as_str().unwrap_or("none");
        if !is_allowed(license) {
            refused.push(format!("{}: {license}", package["name"]));
        }
    }
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

#[test]
fn an_expression_is_read() {
    assert!(is_allowed("MIT OR GPL-3.0") && is_allowed("MIT/Apache-2.0"));
    assert!(is_allowed("(MIT OR Apache-2.0) AND Unicode-3.0"));
    assert!(!is_allowed("GPL-3.0-only") && !is_allowed("MIT AND OpenSSL") && !is_allowed("none"));
}

/// The folders whose code may use a manifest's dependencies.
fn sources_of(manifest: &str) -> Vec<String> {
    match manifest.strip_suffix("Cargo.toml").unwrap_or_default() {
        "" => vec!["src".to_owned(), "tests".to_owned(), "benches".to_owned()],
        folder => vec![folder.to_owned()],
    }
}

#[test]
fn every_dependency_is_used() {
    let mut unused = Vec::new();
    for path in files("", &["Cargo.toml"]) {
        let manifest = path.strip_prefix(root()).expect("inside").display().to_string();
        let folders = sources_of(&manifest);
        let code = folders.iter().flat_map(|folder| rust_files(folder));
        let code: String = code.map(|path| read(&path)).collect();
        let text = read(&path);
        let sections = text.split("\n[").filter(|section| {
            section.starts_with("dependencies]") || section.starts_with("dev-dependencies]")
        });
        for line in sections.flat_map(|section| section.lines().skip(1)) {
            let Some((name, _)) = line.split_once(['.', ' ', '=']) else { continue };
            if name.is_empty() || name.starts_with('#') {
                continue;
            }
            let library = LIBRARIES.iter().find(|(package, _)| *package == name);
            let library = library.map_or(name.replace('-', "_"), |(_, name)| (*name).to_owned());
            if !code.contains(&format!("{library}::")) && !code.contains(&format!("{library};")) {
                unused.push(format!("{manifest}: {name}"));
            }
        }
    }
    assert!(unused.is_empty(), "{}", unused.join("\n"));
}
