//! `new`: creates the files of a module, a request type or a webhook processor.

mod request_type;

use crate::cli::arguments::{New, NewKind};
use crate::cli::output::Output;
use anyhow::{Context as _, Result, bail};
use sluicegate_module::catalog::Catalog;
use sluicegate_module::suggest;
use sluicegate_sandbox::event_types;
use std::path::{Path, PathBuf};

const PROCESSOR: &str = include_str!("webhook_processor.liquid");
const PARTIAL: &str = include_str!("partial.liquid");

/// A file to create: its path in the instance, and its text.
type NewFile = (PathBuf, String);

/// Creates the files and lists them. Never overwrites a file.
///
/// # Errors
/// When the name is invalid, the module or the event does not exist, or a file already exists.
pub fn run(root: &Path, new: &New, output: &Output) -> Result<()> {
    if !is_plain(&new.name, "_.") || !is_plain(&new.module, "_") {
        bail!("`{}` is not a name: use small letters, digits and `_`", new.name);
    }
    if new.kind != NewKind::Module {
        require_module(root, &new.module)?;
    }
    if new.kind == NewKind::WebhookProcessor && !new.force {
        require_event(&new.name)?;
    }
    let files = files(root, new);
    let taken: Vec<_> = files.iter().filter(|(path, _)| root.join(path).exists()).collect();
    // A table may exist already: several request types share one.
    let blocking = taken.iter().find(|(path, _)| path.extension().is_none_or(|e| e != "yml"));
    if let Some((path, _)) = blocking {
        bail!("{} exists already; nothing was written", path.display());
    }
    let mut written = Vec::new();
    for (path, text) in files.iter().filter(|(path, _)| !root.join(path).exists()) {
        write(&root.join(path), text)?;
        written.push(path.display().to_string());
    }
    output.list("wrote", &written)
}

fn is_plain(text: &str, marks: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || marks.contains(c);
    !text.is_empty() && text.chars().all(is_allowed)
}

/// Refuses a module that does not exist: its files would never be noticed to be misplaced.
fn require_module(root: &Path, name: &str) -> Result<()> {
    let modules = root.join("modules");
    if modules.join(name).is_dir() {
        return Ok(());
    }
    let entries = std::fs::read_dir(&modules).into_iter().flatten().flatten();
    let known: Vec<_> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    let help = suggest::did_you_mean(name, known.iter().map(String::as_str))
        .unwrap_or_else(|| format!("make it first: sluicegate new module {name}"));
    bail!("there is no module `{name}` in {}; {help}", modules.display());
}

/// Refuses an event that Stripe does not send: its processor would never run.
fn require_event(name: &str) -> Result<()> {
    if event_types().any(|known| known == name) {
        return Ok(());
    }
    let help = suggest::did_you_mean(name, event_types()).unwrap_or_default();
    bail!("Stripe has no event `{name}` that this version knows; {help} --force writes it anyway");
}

fn write(path: &Path, text: &str) -> Result<()> {
    let folder = path.parent().expect("every scaffold file has a folder");
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    std::fs::write(path, text).with_context(|| path.display().to_string())
}

fn files(root: &Path, new: &New) -> Vec<NewFile> {
    match new.kind {
        NewKind::Module => module_files(&new.name),
        NewKind::RequestType => {
            let catalog = Catalog::load(root, &|_| None);
            request_type::files(&new.name, &new.module, |noun, property| {
                let table = catalog.table(&format!("modules/payments/{noun}"));
                table.is_none_or(|table| table.properties.iter().any(|one| one.name == property))
            })
        }
        NewKind::WebhookProcessor => {
            let name = new.name.replace('.', "_");
            let folder = Path::new("modules").join(&new.module);
            let path = format!("public/views/partials/webhook_processors/{name}.liquid");
            vec![(folder.join(path), PROCESSOR.replace("EVENT", &new.name))]
        }
    }
}

fn module_files(name: &str) -> Vec<NewFile> {
    let name = name.replace('.', "_");
    let module = Path::new("modules").join(&name);
    let values = format!(
        "{{\n  \"machine_name\": \"{name}\",\n  \"version\": \"0.1.0\",\n  \"strict\": true\n}}\n"
    );
    vec![
        (module.join("template-values.json"), values),
        (module.join("public/views/partials/hello.liquid"), PARTIAL.replace("NAME", &name)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(kind: NewKind, name: &str) -> New {
        New { kind, name: name.to_owned(), module: "stripe".to_owned(), force: false }
    }

    #[test]
    fn writes_once_and_never_over_something() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let output = Output { json: true };
        std::fs::create_dir_all(folder.path().join("modules/stripe")).expect("made");
        run(folder.path(), &new(NewKind::RequestType, "create_payout"), &output).expect("written");
        let mapper = "modules/stripe/public/views/partials/response_mapper/create_payout.liquid";
        assert!(folder.path().join(mapper).is_file());
        let again = run(folder.path(), &new(NewKind::RequestType, "create_payout"), &output);
        assert!(again.expect_err("taken").to_string().contains("exists already"));
    }

    #[test]
    fn a_name_cannot_leave_the_module() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for bad in ["../x", "a/b", "", "A", "a b"] {
            let result = run(folder.path(), &new(NewKind::Module, bad), &Output { json: true });
            assert!(result.is_err(), "{bad:?}");
        }
    }
}
