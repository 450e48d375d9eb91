//! Tags by fixture: `tests/template/tags/*.txt` holds JSON, partials and a template; its output,
//! effects and host calls are a snapshot.

use super::fake_host::FakeHost;
use serde_json::{Map, Value as Json};
use sluicegate::template::output::OutputMode;
use sluicegate::template::render::Templates;
use sluicegate::template::request_context::RequestContext;
use sluicegate_module::catalog::Catalog;
use sluicegate_module::partial::Partial;
use sluicegate_module::profile::Profile;
use sluicegate_module::source::Source;
use sluicegate_secret::Secret;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[test]
fn every_fixture_does_what_its_snapshot_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/template/tags");
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(&folder).expect("the fixtures").flatten().map(|e| e.path()).collect();
    paths.sort();
    assert!(paths.len() > 30, "only {} fixtures", paths.len());
    for path in paths {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).expect("a fixture");
        let shown = run(&text);
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(format!("template__{name}"), shown);
        });
    }
}

/// The parts of a fixture.
struct Fixture {
    settings: Json,
    catalog: Catalog,
    template: Source,
}

fn read(text: &str) -> Fixture {
    let (head, rest) = text.split_once("\n=== ").expect("a section");
    let settings: Json = serde_json::from_str(head).expect("JSON at the top");
    let profile = match settings["profile"].as_str() {
        Some(name) => Profile::from_name(name).expect("a profile"),
        None => Profile::Modern,
    };
    let mut catalog = Catalog::default();
    let mut template = None;
    for section in rest.split("\n=== ") {
        let (title, body) = section.split_once('\n').unwrap_or((section, ""));
        let source = |name: &str| Source::new(name, format!("{name}.liquid"), 1, body, profile);
        match title.split_once(' ') {
            Some(("partial", name)) => {
                let source = source(name);
                let partial = Partial { source, metadata: Json::Null, open: Vec::new() };
                catalog.partials.insert(name.trim_start_matches("lib/").to_owned(), partial);
            }
            _ => template = Some(source("page")),
        }
    }
    Fixture { settings, catalog, template: template.expect("a template") }
}

fn run(text: &str) -> String {
    let Fixture { settings, catalog, template } = read(text);
    let object = |key: &str| settings[key].as_object().cloned().unwrap_or_default();
    let host = FakeHost::answering(object("graphql"), object("forms"));
    let request_context = RequestContext::new(object("context"));
    let constants = object("constants").into_iter();
    let secret = |value: Json| Secret::new(value.as_str().unwrap_or_default());
    request_context.set_constants(constants.map(|(name, value)| (name, secret(value))).collect());
    let mode = match settings["output"].as_str() {
        Some("escape") => OutputMode::Escape,
        Some("sanitize") => OutputMode::Sanitize,
        _ => OutputMode::Raw,
    };
    let templates = Templates::new(Arc::new(catalog));
    let locals = Json::Object(object("locals"));
    let mut out = String::new();
    match templates.render(&template, &request_context, locals, mode, &host) {
        Ok(rendered) => {
            let _ = writeln!(out, "{}", rendered.output.trim_end());
            if let Some(value) = rendered.returned {
                let _ = writeln!(out, "--- returned\n{value}");
            }
            let shown = effects(&rendered.effects);
            if !shown.is_empty() {
                let _ = writeln!(out, "--- effects\n{shown}");
            }
            for warning in rendered.warnings {
                let _ = writeln!(out, "--- warning\n{warning}");
            }
        }
        Err(error) => {
            let _ = writeln!(out, "--- failed\n{error}");
        }
    }
    let asked = host.asked.borrow();
    if !asked.is_empty() {
        let _ = writeln!(out, "--- asked\n{}", asked.join("\n"));
    }
    out
}

fn effects(effects: &sluicegate::template::output::Effects) -> String {
    let mut lines = Vec::new();
    if let Some(status) = effects.status {
        lines.push(format!("status {status}"));
    }
    if let Some((to, status)) = &effects.redirect {
        lines.push(format!("redirect {to:?} {status}"));
    }
    lines.extend(effects.headers.iter().map(|(name, value)| format!("header {name}: {value}")));
    lines.extend(effects.session.iter().map(|(name, value)| format!("session {name} = {value}")));
    let maps: [(&str, &Map<String, Json>); 2] =
        [("flash", &effects.flash), ("content_for", &effects.content_for)];
    for (title, map) in maps {
        lines.extend(map.iter().map(|(name, value)| format!("{title} {name} = {value}")));
    }
    lines.join("\n")
}
