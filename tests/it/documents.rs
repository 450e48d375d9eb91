//! What the documents show works: their files, and every command.

use crate::support::host::Instance;
use crate::support::html::forms;
use crate::support::http::Visitor;
use crate::support::wait::eventually;
use regex::Regex;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The files of a document: a path in backquotes that ends a line, and the block below it.
fn files(document: &str) -> Vec<(String, String)> {
    let block = Regex::new(r"(?s)\n`([^`\n]+)`:\n\n```[a-z]+\n(.*?)```").expect("a pattern");
    block.captures_iter(document).map(|found| (found[1].to_owned(), found[2].to_owned())).collect()
}

#[test]
fn the_guide_to_modules_is_an_instance_that_works() {
    let files = files(include_str!("../../docs/modules.md"));
    assert_eq!(files.len(), 8, "{files:?}");
    let instance = Instance::new();
    for (path, text) in &files {
        instance.write(path, text);
    }
    let check = instance.run(&["check"]);
    assert!(check.out.ends_with("0 errors, 0 warnings\n"), "{}", check.out);
    let host = instance.serve();
    eventually("the migration has run", || {
        let guests = host.records("guest");
        if guests.len() == 1 { Ok(()) } else { Err(format!("{guests:?}")) }
    });
    let mut visitor = Visitor::new(host.addr);
    let page = visitor.get("/guests").expect(200).text();
    assert!(page.contains("<h1>1 guests</h1>") && page.contains("Grace"), "{page}");
    let empty = forms(&page).remove(0);
    visitor.post(&empty.action, &empty.pairs);
    assert_eq!(host.records("guest").len(), 1, "a name is required");
    let form = forms(&visitor.get("/guests").text()).remove(0);
    let name = form.pairs.iter().find(|(name, _)| name.contains("[name]")).expect("a field");
    let signed = form.clone().with(&name.0.clone(), "Ada");
    visitor.post(&signed.action, &signed.pairs).expect(303);
    let page = visitor.get("/guests").expect(200).text();
    assert!(page.contains("Ada") && page.contains("Thank you for signing."), "{page}");
}

#[test]
fn the_readmes_webhook_processor_has_no_errors() {
    let readme = include_str!("../../README.md");
    let block =
        Regex::new(r"```liquid\n(\{% comment %\} (modules/\S+) [^`]*)```").expect("a pattern");
    let found = block.captures(readme).expect("the processor");
    let instance = Instance::new();
    instance.write(&found[2], &found[1]);
    let check = instance.run(&["check"]);
    assert!(check.out.ends_with("0 errors, 0 warnings\n"), "{}", check.out);
}

/// The documents for users and operators.
fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let names = ["README.md", "SECURITY.md", "CONTRIBUTING.md", "COMPATIBILITY.md"];
    let mut all: Vec<_> = names.iter().map(|name| root.join(name)).collect();
    for folder in ["docs", "modules/stripe", "modules/payments", "examples"] {
        let entries = fs::read_dir(root.join(folder)).expect("a folder").flatten();
        let texts = entries.map(|entry| entry.path());
        all.extend(texts.filter(|path| path.extension().is_some_and(|ending| ending == "md")));
    }
    all
}

/// Every command of the documents, as a person would type it.
fn commands() -> BTreeSet<String> {
    // A word alone names a command; with its arguments it is one.
    let inline = Regex::new(r"`(sluicegate (?:[a-z]+ [^`]+|check|doctor|migrate|routes))`");
    let inline = inline.expect("a pattern");
    let line = Regex::new(r"(?m)^(sluicegate [a-z].*)$").expect("a pattern");
    let mut all = BTreeSet::new();
    for path in documents() {
        let text = fs::read_to_string(&path).expect("a document");
        for pattern in [&inline, &line] {
            all.extend(pattern.captures_iter(&text).map(|found| found[1].trim().to_owned()));
        }
    }
    all
}

/// The words of a command; quotes keep blanks.
fn words(command: &str) -> Vec<String> {
    let word = Regex::new(r#"'([^']*)'|(\S+)"#).expect("a pattern");
    let words = word.captures_iter(command).skip(1);
    words.map(|found| found.get(1).or(found.get(2)).expect("a word").as_str().to_owned()).collect()
}

/// What stands for something of the reader's own, and a value for it.
const PLACEHOLDERS: [(&str, &str); 6] = [
    ("https://…/webhooks/listen", "https://shop.example/webhooks/listen"),
    ("ch_…", "ch_nothing"),
    ("cus_…", "cus_NffrFeUfNV2Hib"),
    ("FILE", "copy.db"),
    ("--user ID", "--user 12"),
    ("NAME --data '{…}'", "get_webhook_endpoints --data '{}'"),
];

#[test]
fn every_command_of_the_documents_is_one() {
    let instance = Instance::new();
    let commands = commands();
    assert!(commands.len() > 12, "{commands:?}");
    instance.run(&["migrate"]).good();
    // Written by hand in the README, and by a command in `examples`.
    instance.run(&["new", "request-type", "create_topup"]).good();
    for command in &commands {
        let mut typed = command.clone();
        for (placeholder, value) in PLACEHOLDERS {
            typed = typed.replace(placeholder, value);
        }
        assert!(!typed.contains('…'), "no value for a placeholder in: {command}");
        let mut words = words(&typed);
        // It would serve on; the settings are read as it reads them.
        if words[0] == "serve" && !words.contains(&"--print-config".to_owned()) {
            words.push("--print-config".to_owned());
        }
        // It asks a running sandbox, which tests/it/cli.rs starts.
        if words[0] == "trigger" && !words.contains(&"--list".to_owned()) {
            words.push("--list".to_owned());
        }
        if words[0] == "call" {
            words.extend(["--sandbox-addr".to_owned(), "127.0.0.1:0".to_owned()]);
        }
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        let fresh = Instance::new();
        let ran = if words[0] == "new" { fresh.run(&words) } else { instance.run(&words) };
        // The outcome of a call may be a refusal, which has the code of a usage error: no such
        // charge, no money to pay out.
        let is_outcome =
            words[0] == "call" && ran.out.contains("\"state\"") && !ran.out.contains("\"invalid\"");
        let matches_nothing = ran.err.contains("no processed event matches");
        assert!(ran.code == 0 || is_outcome || matches_nothing, "{command}: {ran:?}");
        let _ = fs::remove_file(instance.root().join("copy.db"));
    }
}
