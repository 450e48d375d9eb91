//! Filters by table: `tests/template/filters/*.txt` holds `template ⇒ output`, one case per line.

use super::fake_host::FakeHost;
use sluicegate::template::output::OutputMode;
use sluicegate::template::render::Templates;
use sluicegate::template::request_context::RequestContext;
use sluicegate_module::catalog::Catalog;
use sluicegate_module::profile::Profile;
use sluicegate_module::source::Source;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

#[test]
fn every_case_of_the_tables_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/template/filters");
    let templates = Templates::new(Arc::new(Catalog::default()));
    let mut wrong = String::new();
    let mut count = 0;
    for entry in std::fs::read_dir(&folder).expect("the tables").flatten() {
        let text = std::fs::read_to_string(entry.path()).expect("a table");
        let table = entry.file_name().to_string_lossy().into_owned();
        for (line, template, expected) in cases(&text) {
            count += 1;
            let source = Source::new("case", &table, line, template.as_str(), Profile::Modern);
            let request_context = RequestContext::new(serde_json::Map::new());
            let host = FakeHost::default();
            let found = templates
                .render(&source, &request_context, serde_json::json!({}), OutputMode::Raw, &host)
                .map_or_else(|e| format!("ERROR {e}"), |r| r.output);
            // `ERROR` alone matches any refusal; the table gives the message where it matters.
            let fits = found == expected || (expected == "ERROR" && found.starts_with("ERROR "));
            if !fits {
                let _ = write!(
                    wrong,
                    "\n{table}:{line}\n  {template}\n  expected {expected}\n  found    {found}\n"
                );
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(count > 240, "only {count} cases were found");
}

/// Line, template and expected output of each case; `⏎` stands for a line break.
fn cases(text: &str) -> Vec<(u32, String, String)> {
    let mut cases = Vec::new();
    let mut held = String::new();
    let mut start = 1;
    for (index, line) in text.lines().enumerate() {
        if held.is_empty() {
            start = index + 1;
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
        } else {
            held.push('\n');
        }
        held.push_str(line);
        if let Some((template, expected)) = held.split_once('⇒') {
            let template = template.strip_suffix(' ').unwrap_or(template).to_owned();
            let expected = expected.strip_prefix(' ').unwrap_or(expected).replace('⏎', "\n");
            cases.push((u32::try_from(start).expect("short"), template, expected));
            held.clear();
        }
    }
    assert!(held.is_empty(), "a case without its output: {held}");
    cases
}
