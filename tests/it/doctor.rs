//! `doctor` and `config print`: the settings with their sources, and what is wrong with them.

use crate::support::host::{Instance, Ran};
use crate::support::postgres;
use serde_json::{Value as Json, json};
use std::fs;
use std::path::Path;

fn doctor(instance: &Instance, arguments: &[&str]) -> (Ran, Json) {
    let ran = instance.run(&[&["doctor", "--json"], arguments].concat());
    let report = ran.json();
    (ran, report)
}

fn lines(report: &Json, kind: &str) -> Vec<String> {
    let lines = report[kind].as_array().expect("a list").iter();
    lines.map(|line| line.as_str().expect("a text").to_owned()).collect()
}

fn files(root: &Path) -> Vec<String> {
    let data = fs::read_dir(root.join("data")).into_iter().flatten().flatten();
    data.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn a_new_instance_is_well_and_nothing_is_written() {
    let instance = Instance::new();
    let (ran, report) = doctor(&instance, &["--database", "sqlite:other.db"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let settings = report["settings"].as_array().expect("a list");
    let of = |name: &str| settings.iter().find(|one| one["variable"] == name).expect("a setting");
    let database = json!({ "variable": "SLUICEGATE_DATABASE", "flag": "--database",
        "value": "sqlite:other.db", "source": "flag" });
    assert_eq!(*of("SLUICEGATE_DATABASE"), database);
    assert_eq!(of("SLUICEGATE_ENV")["source"], "default");
    assert_eq!(lines(&report, "errors"), [""; 0]);
    assert!(lines(&report, "warnings")[0].contains("the first start makes it"), "{report:#}");
    assert_eq!(files(instance.root()), [""; 0], "nothing is written");
    let read = instance.run(&["doctor"]).good().out;
    assert!(read.contains("SETTING") && read.ends_with("0 errors, 1 warning\n"), "{read}");
}

#[test]
fn every_error_is_told_at_once_and_no_secret() {
    let instance = Instance::new()
        .variable("STRIPE_SECRET_KEY", "pk_test_canary")
        .variable("STRIPE_WEBHOOK_SECRET", "whsec_canary")
        .variable("SLUICEGATE_API_TOKEN", "canary")
        .variable("SLUICEGATE_EVENTS_EVRY", "60")
        .variable("SLUICEGATE_ADDR", "here");
    instance.write("views/pages/broken.liquid", "---\nslug: broken\n---\n{% if %}");
    let (ran, report) = doctor(&instance, &["--database", "mysql://me:canary@host/database"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let errors = lines(&report, "errors");
    for name in [
        "STRIPE_SECRET_KEY: it is a publishable key",
        "STRIPE_WEBHOOK_SECRET: a secret has at least 24",
        "SLUICEGATE_API_TOKEN: a token has at least 32",
        "--addr: `here`",
        "--database: `mysql://…@host/database`",
        "the modules have 1 error; `sluicegate check`",
    ] {
        let told = errors.iter().filter(|error| error.starts_with(name)).count();
        assert_eq!(told, 1, "{name}: {errors:#?}");
    }
    let warnings = lines(&report, "warnings");
    assert!(warnings.iter().any(|one| one.contains("SLUICEGATE_EVENTS_EVERY")), "{warnings:?}");
    let read = instance.run(&["doctor"]);
    assert!(!read.out.contains("canary") && !ran.out.contains("canary"), "{read:?}");
}

#[test]
fn a_database_that_serve_could_not_use_is_an_error() {
    let instance = Instance::new();
    instance.run(&["migrate"]).good();
    assert_eq!(lines(&doctor(&instance, &[]).1, "warnings"), [""; 0], "it is up to date");
    let file = instance.root().join("data/sluicegate.db");
    let database = rusqlite::Connection::open(&file).expect("the database");
    database.execute_batch("PRAGMA user_version = 1; PRAGMA wal_checkpoint").expect("set");
    let behind = lines(&doctor(&instance, &[]).1, "warnings");
    assert!(behind[0].contains("schema step 1 of "), "{behind:?}");
    database.execute_batch("PRAGMA user_version = 99").expect("set");
    let newer = lines(&doctor(&instance, &[]).1, "errors");
    assert!(newer[0].contains("a newer version wrote it"), "{newer:?}");
    drop(database);
    instance.write("notes.db", "this is no database, but a text that is longer than its header");
    for url in ["sqlite:notes.db", "postgres://127.0.0.1:1/nothing"] {
        let (ran, report) = doctor(&instance, &["--database", url]);
        assert!(lines(&report, "errors")[0].starts_with("the database: "), "{report:#}");
        assert_eq!(ran.code, 1, "{url}");
    }
}

#[test]
fn a_postgresql_database_is_looked_at_too() {
    let Some(cluster) = postgres::shared() else { return };
    let database = cluster.database();
    let instance = Instance::new();
    let empty = lines(&doctor(&instance, &["--database", &database]).1, "warnings");
    assert!(empty[0].contains("the first start makes it"), "{empty:?}");
    instance.run(&["migrate", "--database", &database]).good();
    let (ran, report) = doctor(&instance, &["--database", &database]);
    assert_eq!((ran.code, lines(&report, "warnings").len()), (0, 0), "{report:#}");
}

#[test]
fn the_effective_settings_are_printed_without_secrets() {
    let token = "of-the-test-with-32-characters-or-more";
    let instance = Instance::new()
        .variable("SLUICEGATE_API_TOKEN", token)
        .variable("SLUICEGATE_URL", "https://shop.example/");
    for arguments in [&["config", "print"][..], &["serve", "--print-config"]] {
        let printed = instance.run(arguments).good().out;
        assert!(printed.contains("https://shop.example ") && !printed.contains(token), "{printed}");
        let json = instance.run(&[arguments, &["--json"]].concat()).good().json();
        let url = json.as_array().expect("a list").iter();
        let url = url.clone().find(|one| one["variable"] == "SLUICEGATE_URL").expect("the URL");
        assert_eq!(url["source"], "environment");
    }
    let flag = instance.run(&["serve", "--addr", "127.0.0.1:4321", "--print-config"]).good().out;
    assert!(flag.contains("127.0.0.1:4321") && flag.contains(" flag"), "{flag}");
    let wrong = instance.run(&["serve", "--addr", "here", "--print-config"]);
    assert_eq!((wrong.code, wrong.err.lines().count()), (1, 1), "{wrong:?}");
}

#[test]
fn the_readme_describes_every_setting() {
    let readme = include_str!("../../README.md");
    let help = Instance::empty().run(&["serve", "--help"]).good().out;
    for setting in sluicegate::config::SETTINGS {
        assert!(readme.contains(&format!("`{}`", setting.variable)), "{}", setting.variable);
        let flag = setting.flag;
        assert!(flag.is_none_or(|flag| help.contains(&format!("{flag} <"))), "{flag:?}");
    }
}

#[test]
fn a_folder_that_is_no_instance_is_an_error_of_every_command_that_reads_it() {
    let instance = Instance::empty();
    for command in ["doctor", "check", "routes"] {
        let ran = instance.run(&[command]);
        assert_eq!(ran.code, 1, "{ran:?}");
        let said = ran.out + &ran.err;
        assert!(said.contains("is not an instance"), "{command}: {said}");
    }
    assert_eq!(files(instance.root()), [""; 0]);
}
