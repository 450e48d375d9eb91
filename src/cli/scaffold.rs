//! `new`: creates the files of a module, a request type or a webhook processor.

use crate::cli::arguments::{New, NewKind};
use crate::cli::output::Output;
use anyhow::{Context as _, Result, bail};
use std::path::{Path, PathBuf};

const API_CALL: &str = include_str!("scaffold/api_call.liquid");
const RESPONSE_MAPPER: &str = include_str!("scaffold/response_mapper.liquid");
const TEMPLATE: &str = include_str!("scaffold/template.liquid");
const FORM: &str = include_str!("scaffold/form.liquid");
const TABLE: &str = include_str!("scaffold/table.yml");
const PROCESSOR: &str = include_str!("scaffold/webhook_processor.liquid");
const PARTIAL: &str = include_str!("scaffold/partial.liquid");

/// Creates the files and lists them. Never overwrites a file.
///
/// # Errors
/// When the name is invalid, or a file already exists.
pub fn run(root: &Path, new: &New, output: &Output) -> Result<()> {
    let plain = |text: &str, marks: &str| {
        !text.is_empty()
            && text
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || marks.contains(c))
    };
    if !plain(&new.name, "_.") || !plain(&new.module, "_") {
        bail!("`{}` is not a name: use small letters, digits and `_`", new.name);
    }
    let files = files(new);
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
    output.list("wrote", &written);
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<()> {
    let folder = path.parent().expect("every scaffold file has a folder");
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    std::fs::write(path, text).with_context(|| path.display().to_string())
}

fn files(new: &New) -> Vec<(PathBuf, String)> {
    let name = new.name.replace('.', "_");
    let gateway = Path::new("modules").join(&new.module).join("public");
    let payments = Path::new("modules/payments/public");
    let noun = name.split_once('_').map_or(name.as_str(), |(_, noun)| noun).to_owned();
    let fill = |text: &str| {
        text.replace("NAME", &name).replace("NOUN", &noun).replace("MODULE", &new.module)
    };
    let file = |folder: &Path, path: String, text: &str| (folder.join(path), fill(text));
    match new.kind {
        NewKind::Module => {
            let module = Path::new("modules").join(&name);
            let values = format!(
                "{{\n  \"machine_name\": \"{name}\",\n  \"version\": \"0.1.0\",\n  \"strict\": true\n}}\n"
            );
            vec![
                (module.join("template-values.json"), values),
                (module.join("public/views/partials/hello.liquid"), fill(PARTIAL)),
            ]
        }
        NewKind::RequestType => vec![
            file(&gateway, format!("notifications/api_call_notifications/{name}.liquid"), API_CALL),
            file(
                &gateway,
                format!("views/partials/response_mapper/{name}.liquid"),
                RESPONSE_MAPPER,
            ),
            file(&gateway, format!("views/partials/templates/{name}.liquid"), TEMPLATE),
            file(payments, format!("form_configurations/{name}_form.liquid"), FORM),
            file(payments, format!("custom_model_types/{noun}.yml"), TABLE),
        ],
        NewKind::WebhookProcessor => {
            let path = format!("views/partials/webhook_processors/{name}.liquid");
            let (path, text) = file(&gateway, path, PROCESSOR);
            vec![(path, text.replace("EVENT", &new.name))]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(kind: NewKind, name: &str) -> New {
        New { kind, name: name.to_owned(), module: "stripe".to_owned() }
    }

    #[test]
    fn writes_once_and_never_over_something() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let output = Output { json: true };
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
