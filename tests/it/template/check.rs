//! What `check` reports about an instance: syntax errors, and names that do not exist.

use sluicegate::template::render::Templates;
use sluicegate_module::catalog::Catalog;
use sluicegate_module::diagnostic::Severity;
use std::path::Path;
use std::sync::Arc;

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    std::fs::write(path, text).expect("written");
}

/// A strict module `ours` and another, `theirs`, each with the same files.
fn diagnostics(files: &[(&str, &str)]) -> Vec<sluicegate_module::diagnostic::Diagnostic> {
    let root = tempfile::tempdir().expect("a temporary folder");
    for (name, strict) in [("ours", true), ("theirs", false)] {
        let values =
            format!(r#"{{"machine_name": "{name}", "strict": {strict}, "key": "${{KEY}}"}}"#);
        write(root.path(), &format!("modules/{name}/template-values.json"), &values);
        for (path, text) in files {
            write(root.path(), &format!("modules/{name}/public/{path}"), text);
        }
    }
    let environment = |name: &str| (name == "KEY").then(|| "sk_test_canary".to_owned());
    let catalog = Catalog::load(root.path(), &environment);
    Templates::new(Arc::new(catalog)).check()
}

#[test]
fn dead_names_are_errors_in_our_modules_and_warnings_in_others() {
    let diagnostics = diagnostics(&[
        ("views/partials/card.liquid", "x"),
        (
            "graph_queries/get_card.graphql",
            "query get_card { records(per_page: 1) { total_entries } }",
        ),
        (
            "views/partials/dead.liquid",
            "ok\n{% include 'modules/ours/crad' %}\n{% liquid\n  graphql g = 'modules/ours/get_crad'\n%}\n\
             {% if false %}{% include_form 'nowhere' %}{% endif %}\
             {% for a in b %}{% function x = 'modules/ours/card' %}{% include name %}{% endfor %}",
        ),
    ]);
    for (module, severity) in [("ours", Severity::Error), ("theirs", Severity::Warning)] {
        let path = Path::new("modules").join(module).join("public/views/partials/dead.liquid");
        let found: Vec<_> =
            diagnostics.iter().filter(|diagnostic| diagnostic.path == path).collect();
        let said: Vec<_> = found.iter().map(|f| (f.line, f.message.as_str())).collect();
        if module == "ours" {
            let expected = [
                (2, "there is no partial `modules/ours/crad`"),
                (4, "there is no graph query `modules/ours/get_crad`"),
                (6, "there is no form `nowhere`"),
            ];
            assert_eq!(said, expected);
            assert_eq!(found[0].help.as_deref(), Some("did you mean `modules/ours/card`?"));
        }
        assert!(found.iter().all(|diagnostic| diagnostic.severity == severity), "{found:#?}");
    }
}

#[test]
fn syntax_is_checked_everywhere_and_has_its_place_in_the_file() {
    let diagnostics = diagnostics(&[
        ("views/pages/p.liquid", "---\nslug: p\n---\n\n{% if a %}\n"),
        (
            "notifications/api_call_notifications/call.liquid",
            "---\nto: https://api.stripe.com\nrequest_type: POST\nheaders: >-\n  {{ 'a' | json }}\n  {% for %}{% endfor %}\n---\nbody",
        ),
        (
            "views/partials/f.liquid",
            "one\n  {{ a | upcas | size | shot: b }}\n{% capturee x %}\n{% if a %}\n  {%- assign b = a | dowcase %}{% endif %}",
        ),
    ]);
    let of = |file: &str| {
        let found = diagnostics
            .iter()
            .filter(|f| f.path.starts_with("modules/ours") && f.path.ends_with(file));
        found.map(|f| (f.line, f.column, f.severity)).collect::<Vec<_>>()
    };
    assert_eq!(of("p.liquid"), [(5, 1, Severity::Error)], "{diagnostics:#?}");
    assert_eq!(of("call.liquid"), [(6, 3, Severity::Error)], "{diagnostics:#?}");
    let places = [(2, 10), (2, 25), (3, 1), (5, 22)];
    let unknown = places.map(|(line, column)| (line, column, Severity::Error));
    assert_eq!(of("f.liquid"), unknown, "{diagnostics:#?}");
    let helps: Vec<_> =
        diagnostics.iter().filter_map(|diagnostic| diagnostic.help.as_deref()).collect();
    for name in ["upcase", "capture", "downcase"] {
        assert!(helps.contains(&format!("did you mean `{name}`?").as_str()), "{helps:?}");
    }
}

#[test]
fn a_pasted_secret_is_not_in_the_excerpt() {
    let diagnostics = diagnostics(&[(
        "views/partials/s.liquid",
        "{% assign k = '<%= key =%>' | shout %}{% oops %}",
    )]);
    assert!(!diagnostics.is_empty());
    for diagnostic in diagnostics {
        assert!(!format!("{diagnostic} {diagnostic:?}").contains("canary"), "{diagnostic}");
    }
}
