//! The demo site and the host's own pages, as a browser without scripts sees them.

use crate::support::host::{Instance, TestHost};
use crate::support::http::Answer;
use regex::Regex;

/// The pages of the demo shop.
const PAGES: [&str; 6] = ["/", "/two-steps", "/customer", "/payments", "/connect", "/events"];

#[test]
fn every_demo_page_answers_and_says_which_files_make_it_work() {
    let host = TestHost::start();
    let mut visitor = host.visitor();
    for path in PAGES {
        let page = visitor.get(path).expect(200).text();
        assert!(page.contains("</html>"), "{path} has its layout: {page}");
        assert!(page.contains("data-test=\"files\""), "{path} names its files");
        assert!(!page.contains("{{") && !page.contains("{%"), "{path} shows no Liquid: {page}");
        assert!(!page.to_lowercase().contains("liquid error"), "{path}: {page}");
    }
}

#[test]
fn the_files_a_page_names_are_there() {
    let host = TestHost::start();
    let mut visitor = host.visitor();
    let named = Regex::new(r"<code>([^<]+/[^<]+)</code>").expect("a pattern");
    let mut count = 0;
    for path in PAGES {
        let page = visitor.get(path).expect(200).text();
        let foot = page.split("data-test=\"files\"").nth(1).expect("the foot").to_owned();
        for file in named.captures_iter(&foot) {
            assert!(host.instance.root().join(&file[1]).is_file(), "{path} names {}", &file[1]);
            count += 1;
        }
    }
    assert!(count >= 18, "{count} files are named");
}

#[test]
fn what_a_page_loads_is_there_and_comes_from_this_machine() {
    let host = TestHost::start();
    let mut visitor = host.visitor();
    let loads =
        Regex::new(r#"<(?:link|script|img)\b[^>]*(?:href|src)="([^"]+)""#).expect("a pattern");
    let sandbox = format!("http://{}", host.stripe.addr);
    for path in PAGES {
        let page = visitor.get(path).expect(200).text();
        for load in loads.captures_iter(&page) {
            let url = load[1].replace("&amp;", "&");
            match url.strip_prefix(&sandbox) {
                Some(script) => drop(host.stripe.api("GET", script, &[]).expect(200)),
                None => {
                    assert!(url.starts_with('/') && !url.starts_with("//"), "{path} loads {url}");
                    let asset = visitor.get(&url).expect(200);
                    assert!(!asset.body.is_empty(), "{url}");
                    assert_ne!(
                        asset.header("content-type"),
                        Some("application/octet-stream"),
                        "{url}"
                    );
                }
            }
        }
    }
}

#[test]
fn every_answer_carries_the_security_headers() {
    let host = TestHost::start();
    let mut visitor = host.visitor();
    for path in ["/", "/payments", "/nowhere", "/healthz", "/assets/stylesheets/shop.css"] {
        let answer = visitor.get(path);
        let header = |name: &str| {
            answer.header(name).unwrap_or_else(|| panic!("{path} has no {name}")).to_owned()
        };
        assert_eq!(header("x-content-type-options"), "nosniff");
        let policy = header("content-security-policy");
        assert!(policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        assert!(policy.contains("object-src 'none'"), "{path}: {policy}");
        header("referrer-policy");
    }
    let page = visitor.get("/");
    assert_eq!(page.header("cache-control"), Some("no-store"));
    assert!(page.header("content-type").is_some_and(|t| t.starts_with("text/html")));
}

#[test]
fn the_session_cookie_is_out_of_reach_of_scripts() {
    let host = TestHost::start();
    let page = host.visitor().get("/").expect(200);
    let cookie = page.header("set-cookie").expect("a session");
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
}

#[test]
fn what_is_not_there_is_404_and_says_so() {
    let host = TestHost::start();
    let mut visitor = host.visitor();
    for path in [
        "/nowhere",
        "/assets/nothing.css",
        "/assets/../template-values.json",
        "/assets/%2e%2e/template-values.json",
        "/assets/..%2f..%2fdata/instance.key",
        "/data/instance.key",
        "/console/executions/none",
    ] {
        let answer = visitor.get(path);
        assert_eq!(answer.status, 404, "{path}: {}", answer.text());
        assert!(answer.text().contains("404") || answer.text().contains("nothing"), "{path}");
    }
}

#[test]
fn who_asks_for_json_gets_errors_as_json() {
    let host = TestHost::start();
    let long = vec![b'a'; 1024 * 1024 + 1];
    let refused: [(&str, &str, &[u8], u16); 4] = [
        ("GET", "/nowhere", b"", 404),
        ("DELETE", "/api/records", b"", 405),
        ("POST", "/api/records", b"", 403),
        ("POST", "/api/records", &long, 413),
    ];
    for (method, path, body, status) in refused {
        let answer = host.send(method, path, &[("accept", "application/json")], body);
        let answer = answer.expect(status).json();
        assert!(answer["error"]["message"].is_string(), "{method} {path}: {answer}");
    }
    let page = host.send("DELETE", "/api/records", &[("accept", "text/html")], b"").expect(405);
    assert!(page.header("content-type").is_some_and(|kind| kind.starts_with("text/html")));
}

#[test]
fn a_page_of_the_method_only() {
    let host = TestHost::start();
    let answer = host.send("DELETE", "/payments", &[], b"");
    assert!(matches!(answer.status, 404 | 405), "{}", answer.status);
    // The URL that Stripe posts to is not a page.
    let answer = host.visitor().get("/webhooks/listen");
    assert!(matches!(answer.status, 404 | 405), "{}", answer.status);
}

#[test]
fn demo_pages_that_show_everybodys_money_are_closed_in_production() {
    let host = Instance::new()
        .variable("SLUICEGATE_ENV", "production")
        .variable("SLUICEGATE_API_TOKEN", "token-of-the-test")
        .serve();
    let mut visitor = host.visitor();
    visitor.get("/").expect(200);
    for path in ["/payments", "/two-steps", "/connect", "/events"] {
        let answer = visitor.get(path);
        assert!(matches!(answer.status, 302 | 303 | 403), "{path}: {}", answer.status);
        assert!(!answer.text().contains("data-test=\"payments\""), "{path}");
    }
    let console = visitor.get("/console");
    assert!(console.status >= 400, "the console is closed: {}", console.status);
    let explorer = visitor.get("/graphql");
    assert!(explorer.status >= 400, "the explorer is closed: {}", explorer.status);
}

#[test]
fn the_console_and_the_explorer_need_no_network() {
    let host = TestHost::start();
    let mut visitor = host.visitor();
    let outside = r#"<(?:link|script|img|iframe)\b[^>]*(?:href|src)="(?:https?:)?//"#;
    let outside = Regex::new(outside).expect("a pattern");
    for path in ["/console", "/graphql", "/console/request_types/create_payment"] {
        let page = visitor.get(path).expect(200);
        let text = page.text();
        let found = outside.find(&text).map(|tag| tag.as_str().to_owned());
        assert_eq!(found, None, "{path} loads from elsewhere");
        assert!(!text.contains("import \"http") && !text.contains("@import"), "{path}");
        loads(&mut visitor, &page);
    }
    let console = visitor.get("/console").expect(200).text();
    for name in ["create_payment", "create_webhook_endpoint", "get_persons"] {
        assert!(console.contains(name), "the console lists {name}");
    }
}

fn loads(visitor: &mut crate::support::http::Visitor, page: &Answer) {
    let own = Regex::new(r#"(?:href|src)="(/_sluicegate/[^"]+)""#).expect("a pattern");
    for load in own.captures_iter(&page.text()) {
        visitor.get(&load[1]).expect(200);
    }
}

#[test]
fn what_a_visitor_types_is_escaped() {
    let host = TestHost::start();
    let page = host.visitor().get("/payments?page=%3Cscript%3Ealert(1)%3C/script%3E").expect(200);
    assert!(!page.text().contains("<script>alert(1)"), "{}", page.text());
    let lost = host.visitor().get("/%3Cscript%3Ealert(1)%3C/script%3E");
    assert!(!lost.text().contains("<script>alert(1)"), "{}", lost.text());
}

#[test]
fn a_file_that_a_page_names_is_one_click_away() {
    let host = TestHost::start();
    let mut visitor = host.visitor();
    let links = Regex::new(r#"<a href="(/console/source/[^"]+)">"#).expect("a pattern");
    for path in PAGES {
        let page = visitor.get(path).expect(200).text();
        let found: Vec<_> = links.captures_iter(&page).map(|link| link[1].to_owned()).collect();
        assert!(!found.is_empty(), "{path} links its files");
        for link in found {
            let shown = visitor.get(&link).expect(200).text();
            assert!(shown.contains("id=\"L1\""), "{link} shows lines: {shown}");
        }
    }
}

#[test]
fn no_other_file_is_shown_however_its_path_is_written() {
    let host = TestHost::start();
    let mut visitor = host.visitor();
    for path in [
        "template-values.json",
        "data/sluicegate.db",
        "data/instance.key",
        "../../etc/passwd",
        "%2e%2e/%2e%2e/etc/passwd",
        "/etc/passwd",
        "%2Fetc%2Fpasswd",
        "views/pages/../../template-values.json",
        "views/pages/%2e%2e/%2e%2e/template-values.json",
        "views/pages/none.liquid",
        "views/pages",
    ] {
        visitor.get(&format!("/console/source/{path}")).expect(404);
    }
}

#[test]
fn scripts_in_the_text_of_a_page_need_its_nonce() {
    let instance = Instance::new();
    let script = "<script nonce=\"{{ context.csp_nonce }}\">go()</script>";
    let page = format!("---\nslug: scripted\nlayout: ''\n---\n{script}");
    instance.write("views/pages/scripted.liquid", &page);
    let host = instance.serve();
    let policy = |answer: &crate::support::http::Answer| {
        answer.header("content-security-policy").expect("a policy").to_owned()
    };
    let scripts = |answer: &crate::support::http::Answer| {
        let policy = policy(answer);
        policy.split(';').find(|part| part.trim().starts_with("script-src")).expect("it").to_owned()
    };
    let mut nonces = Vec::new();
    for _ in 0..2 {
        let answer = host.visitor().get("/scripted").expect(200);
        let text = answer.text();
        let nonce = text.split('"').nth(1).expect("a nonce").to_owned();
        assert!(
            nonce.len() > 20 && scripts(&answer).contains(&format!("'nonce-{nonce}'")),
            "{text}"
        );
        assert!(!scripts(&answer).contains("unsafe-inline"), "{}", scripts(&answer));
        nonces.push(nonce);
    }
    assert_ne!(nonces[0], nonces[1]);
    // The host's own pages have no scripts in their text.
    for path in ["/console", "/nowhere", "/graphql", "/api/executions/x"] {
        let scripts = scripts(&host.visitor().get(path));
        assert!(!scripts.contains("unsafe") && !scripts.contains("nonce"), "{path}: {scripts}");
    }
    // Modules that were written without a policy in mind go on to work.
    let instance = Instance::new();
    let page = "---\nslug: careless\n---\n<button onclick=\"go()\">x</button>";
    instance.write("views/pages/careless.liquid", page);
    let host = instance.serve();
    assert!(scripts(&host.visitor().get("/careless")).contains("'unsafe-inline'"));
    assert!(!scripts(&host.visitor().get("/console")).contains("'unsafe-inline'"));
}

#[test]
fn a_long_query_is_not_repeated_by_every_form() {
    let host = TestHost::start();
    let short = host.visitor().get("/").expect(200).body.len();
    let long = format!("/?q={}", "x".repeat(60_000));
    let page = host.visitor().get(&long).expect(200);
    assert!(page.body.len() < short + 10_000, "{} bytes, {short} without it", page.body.len());
    assert!(host.visitor().get("/?page=2").expect(200).text().contains("/?page=2"));
}

#[test]
fn a_form_that_another_site_posts_is_refused_by_its_origin() {
    let host = TestHost::start();
    let kind = ("Content-Type", "application/x-www-form-urlencoded");
    for (foreign, paid) in [
        (("Origin", "https://evil.example"), 0),
        (("Origin", "null"), 0),
        (("Sec-Fetch-Site", "same-site"), 0),
        (("Sec-Fetch-Site", "cross-site"), 0),
        (("Sec-Fetch-Site", "same-origin"), 1),
    ] {
        let mut visitor = host.visitor();
        let form = crate::support::html::form(&visitor.get("/").expect(200).text(), "buy-mug");
        let source = form.field("source");
        let form = form.with(&source, &host.stripe.token("4242424242424242"));
        let body = crate::support::http::encode(&form.pairs);
        visitor.send("POST", &form.action, &[kind, foreign], body.as_bytes());
        assert_eq!(host.stripe.charges().len(), paid, "{foreign:?}");
    }
    let own = format!("http://{}", host.addr);
    let mut visitor = host.visitor();
    let form = crate::support::html::form(&visitor.get("/").expect(200).text(), "buy-mug");
    let source = form.field("source");
    let form = form.with(&source, &host.stripe.token("4242424242424242"));
    let body = crate::support::http::encode(&form.pairs);
    visitor.send("POST", &form.action, &[kind, ("Origin", &own)], body.as_bytes());
    assert_eq!(host.stripe.charges().len(), 2);
}
