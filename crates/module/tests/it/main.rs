//! Loading instances from disk: the diagnostics of a broken one, the content of a good one.

use sluicegate_module::catalog::Catalog;
use sluicegate_module::page::Method;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn instance(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/modules").join(name)
}

fn environment(name: &str) -> Option<String> {
    (name == "BANK_API_KEY").then(|| "key_live_canary".to_owned())
}

fn listing(catalog: &Catalog) -> String {
    catalog.diagnostics.iter().map(|diagnostic| format!("{diagnostic}\n")).collect()
}

/// A fresh folder with these files in it.
fn written(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (path, bytes) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        std::fs::write(path, bytes).expect("a file");
    }
    folder
}

fn messages(folder: &Path) -> Vec<String> {
    Catalog::load(folder, &|_| None).diagnostics.iter().map(ToString::to_string).collect()
}

#[test]
fn a_broken_instance_lists_its_diagnostics() {
    let catalog = Catalog::load(&instance("broken_shop"), &environment);
    insta::assert_snapshot!("broken_shop", listing(&catalog));
    assert!(catalog.errors().count() >= 10);
}

#[test]
fn no_diagnostic_contains_a_secret() {
    let catalog = Catalog::load(&instance("broken_shop"), &environment);
    let json = serde_json::to_string(&catalog.diagnostics).expect("faults serialize");
    assert!(!listing(&catalog).contains("canary") && !json.contains("canary"));
    assert!(!format!("{catalog:?}").contains("canary"));
    // The secret was there to be leaked.
    assert!(listing(&catalog).contains("[secret]"));
}

#[test]
fn a_good_instance_has_no_diagnostics() {
    let catalog = Catalog::load(&instance("good_shop"), &environment);
    assert_eq!(listing(&catalog), "");
}

#[test]
fn a_good_instance_is_loaded_completely() {
    let catalog = Catalog::load(&instance("good_shop"), &environment);
    let mut text = String::new();
    let w = &mut text;
    for m in &catalog.modules {
        writeln!(w, "module {} {:?} {:?}", m.machine_name, m.version, m.profile).expect("text");
    }
    for p in &catalog.pages {
        let (method, slug, format) = (p.method, &p.slug, &p.format);
        let (layout, policies) = (&p.layout, &p.policies);
        writeln!(w, "page {method} {slug} {format} {layout:?} {policies:?}").expect("text");
    }
    let names = [
        ("layout", catalog.layouts.keys().collect::<Vec<_>>()),
        ("partial", catalog.partials.keys().collect()),
        ("policy", catalog.policies.keys().collect()),
        ("graph query", catalog.graph_queries.keys().collect()),
        ("email", catalog.emails.keys().collect()),
    ];
    writeln!(w, "{names:#?}").expect("text");
    for form in catalog.forms.values() {
        writeln!(w, "{form:#?}").expect("text");
    }
    writeln!(w, "{:#?}", catalog.tables).expect("text");
    writeln!(w, "{:#?}", catalog.api_calls).expect("text");
    writeln!(w, "{:#?}", catalog.migrations).expect("text");
    writeln!(w, "{:#?}", catalog.translations).expect("text");
    writeln!(w, "{:#?}", catalog.request_types()).expect("text");
    insta::assert_snapshot!("good_shop", text);
}

#[test]
fn template_values_reach_bodies_and_assets() {
    let catalog = Catalog::load(&instance("good_shop"), &environment);
    let call = catalog.api_call("modules/bank/open_account").expect("the call");
    assert_eq!(&*call.to.text, "https://bank.example/accounts");
    let asset = catalog.asset("modules/bank/javascripts/bank.js").expect("the asset");
    assert_eq!(asset.text.as_deref(), Some("const host = 'https://bank.example';\n"));
    let keys: Vec<_> = catalog.secrets.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys, ["bank-host", "api_key"]);
}

#[test]
fn an_override_takes_the_place_of_a_modules_file() {
    let catalog = Catalog::load(&instance("good_shop"), &environment);
    let button = catalog.partial("modules/bank/button").expect("the partial");
    assert_eq!(&*button.source.text, "Our button\n");
}

#[test]
fn lib_is_optional_in_names() {
    let catalog = Catalog::load(&instance("good_shop"), &environment);
    assert!(catalog.partial("modules/bank/greet").is_some());
    assert!(catalog.partial("modules/bank/lib/greet").is_some());
    assert!(catalog.partial("modules/bank/lib/queries/find").is_some());
    assert!(catalog.partial("modules/bank/nothing").is_none());
}

#[test]
fn a_header_template_knows_the_lines_it_was_written_on() {
    let catalog = Catalog::load(&instance("good_shop"), &environment);
    let call = catalog.api_call("modules/bank/open_account").expect("the call");
    let headers = call.headers.as_ref().expect("headers");
    assert_eq!(headers.line, 6);
    let line = headers.text.lines().position(|l| l.contains("Authorization")).expect("the line");
    let mark = headers.position(u32::try_from(line + 1).expect("small"), 3);
    assert_eq!((mark.line, mark.column), (7, 5));
    assert_eq!(call.source.line, 17);
}

#[test]
fn pages_answer_by_method_path_and_format() {
    let catalog = Catalog::load(&instance("good_shop"), &environment);
    let answer = |method, path: &str, format| {
        catalog.route(method, path, format).map(|found| {
            let params: Vec<_> = found.params.iter().map(|(k, v)| format!("{k}={v}")).collect();
            format!("{} {}", found.page.source.name, params.join(" ")).trim().to_owned()
        })
    };
    use Method::{Get, Post};
    assert_eq!(answer(Get, "/", None).as_deref(), Some("index"));
    assert_eq!(answer(Get, "/orders", None).as_deref(), Some("orders/list"));
    assert_eq!(answer(Get, "/orders/7", None).as_deref(), Some("orders/show id=7"));
    assert_eq!(
        answer(Get, "/orders/7/items/", None).as_deref(),
        Some("orders/show id=7 tab=items")
    );
    assert_eq!(answer(Get, "/orders/7/items/x", None), None);
    assert_eq!(answer(Post, "/orders", None), None);
    let hook = Some("modules/bank/bank/hook slug=bank/hook(/:account) account=9");
    assert_eq!(answer(Post, "/bank/hook/9.json", None).as_deref(), hook);
    assert_eq!(answer(Post, "/bank/hook/9", Some("json")).as_deref(), hook);
    assert_eq!(answer(Post, "/bank/hook/9", None), None);
    let json = catalog.route(Get, "/orders.json", None).expect("a page");
    assert_eq!(json.page.format, "json");
}

#[test]
fn a_classic_page_also_answers_what_follows_its_slug() {
    let page = b"---\nslug: account/edit\nmax_deep_level: 2\n---\n";
    let folder = written(&[("marketplace_builder/views/pages/edit.liquid", page)]);
    let catalog = Catalog::load(folder.path(), &|_| None);
    let params = |path: &str| {
        let found = catalog.route(Method::Get, path, None)?;
        Some(found.params.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(" "))
    };
    assert_eq!(params("/account/edit").as_deref(), Some("slug=account/edit"));
    assert_eq!(params("/account/edit/7").as_deref(), Some("slug=account/edit slug2=7 slugs=7"));
    let deep = "slug=account/edit slug2=7 slug3=x slugs=7/x";
    assert_eq!(params("/account/edit/7/x").as_deref(), Some(deep));
    assert_eq!(params("/account/edit/7/x/y"), None);
    assert_eq!(params("/account"), None);
}

#[test]
fn unreadable_files_are_reported() {
    let folder = written(&[
        ("views/partials/latin.liquid", b"one\ncaf\xe9"),
        ("views/partials/large.liquid", &vec![b' '; 2 * 1024 * 1024 + 1]),
    ]);
    assert_eq!(
        messages(folder.path()),
        [
            "views/partials/large.liquid: error: the file is larger than 2 MiB",
            "views/partials/latin.liquid: error: the file is not UTF-8 (line 2)",
        ]
    );
}

#[cfg(unix)]
#[test]
fn links_lead_nowhere_outside_their_module() {
    let folder = written(&[
        ("data/instance.key", b"key"),
        ("modules/a/public/views/partials/own.liquid", b"own"),
        ("modules/b/public/views/partials/other.liquid", b"other"),
        ("assets/x.css", b"x"),
    ]);
    let link = |to: &str, at: &str| {
        std::os::unix::fs::symlink(folder.path().join(to), folder.path().join(at)).expect("a link");
    };
    link("data/instance.key", "assets/stolen.css");
    link(
        "modules/b/public/views/partials/other.liquid",
        "modules/a/public/views/partials/b.liquid",
    );
    link("data", "modules/b/private");
    link("data/instance.key", "modules/b/template-values.json");
    link("modules/a/public/views/partials", "modules/a/public/views/partials/again");
    link(
        "modules/a/public/views/partials/own.liquid",
        "modules/a/public/views/partials/same.liquid",
    );
    let catalog = Catalog::load(folder.path(), &|_| None);
    let refused: Vec<_> = catalog.errors().map(|f| f.path.display().to_string()).collect();
    assert_eq!(
        refused,
        [
            "assets/stolen.css",
            "modules/a/public/views/partials/again",
            "modules/a/public/views/partials/b.liquid",
            "modules/b/private",
            "modules/b/template-values.json",
        ]
    );
    assert!(catalog.asset("stolen.css").is_none());
    assert!(catalog.partial("modules/a/b").is_none());
    assert!(catalog.partial("modules/a/same").is_some());
}

#[test]
fn a_missing_folder_is_one_diagnostic() {
    let catalog = Catalog::load(Path::new("/nowhere/at/all"), &|_| None);
    assert_eq!(catalog.diagnostics.len(), 1);
}

#[test]
fn other_folders_of_the_root_are_left_alone() {
    let folder = written(&[
        ("target/views/pages/x.liquid", b"---\n\t\n---\n"),
        ("views/pages/x.liquid", b"x"),
        ("README.md", b"# words"),
    ]);
    let catalog = Catalog::load(folder.path(), &|_| None);
    assert_eq!((catalog.pages.len(), catalog.diagnostics.len()), (1, 0));
}

proptest::proptest! {
    /// Whatever a file contains, loading ends and does not panic.
    #[test]
    fn no_file_stops_the_loader(
        parts in proptest::collection::vec(
            proptest::sample::select(vec![
                "---\n", "\n", "  ", "name: ", "slug: ", "fields:\n", "properties:", "- ", ": ",
                "validation: ", "{", "}", "[", "]", "&a ", "*a", "<<: ", "'", "\"", ">\n", "|-\n",
                "{{ x }}", "<%= key =%>", "<%=", "é", "\t", "#", "!!str ", "? ", "params: ", "a",
                "0x", "1:30", "(/:", ")", "*r", "\u{feff}", "\r\n", "%YAML 1.1\n", "...\n",
            ]),
            0..40,
        )
    ) {
        let text = parts.concat();
        let folder = written(&[
            ("template-values.json", b"{\"key\": \"a/b\"}"),
            ("forms/a.liquid", text.as_bytes()),
            ("views/pages/a.liquid", text.as_bytes()),
            ("api_calls/a.liquid", text.as_bytes()),
            ("schema/a.yml", text.as_bytes()),
            ("translations/en.yml", text.as_bytes()),
        ]);
        let catalog = Catalog::load(folder.path(), &|_| None);
        for form in catalog.forms.values() {
            for source in [&form.redirect_to, &form.default_payload].into_iter().flatten() {
                source.position(1, 2);
            }
        }
        listing(&catalog);
    }
}
