//! Renders inside renders, as the host makes them for forms and calls; and what must not be
//! possible with them.

use super::fake_host::FakeHost;
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use sluicegate::template::host::{FormCall, GraphqlCall, Host, LogEntry};
use sluicegate::template::output::OutputMode;
use sluicegate::template::render::{Rendered, Templates};
use sluicegate::template::request_context::RequestContext;
use sluicegate_module::catalog::Catalog;
use sluicegate_module::partial::Partial;
use sluicegate_module::profile::Profile;
use sluicegate_module::source::Source;
use std::sync::Arc;

/// A host whose forms are templates, rendered on the same request context or on a new one.
struct Rendering<'a> {
    templates: &'a Templates,
    request_context: &'a RequestContext,
    form: Source,
    is_apart: bool,
    inner: FakeHost,
}

impl Host for Rendering<'_> {
    fn graphql(&self, call: GraphqlCall) -> Json {
        self.inner.graphql(call)
    }

    fn include_form(&self, call: FormCall) -> Result<String, String> {
        let apart = RequestContext::new(serde_json::Map::new());
        let request_context = if self.is_apart { &apart } else { self.request_context };
        let rendered =
            self.templates.render(&self.form, request_context, call.locals, OutputMode::Raw, self);
        rendered.map(|rendered| rendered.output).map_err(|error| error.message().to_owned())
    }

    fn log(&self, entry: LogEntry) {
        self.inner.log(entry);
    }

    fn now(&self) -> Timestamp {
        self.inner.now()
    }

    fn random(&self, bytes: &mut [u8]) {
        self.inner.random(bytes);
    }
}

fn page(text: &str, form: &str, is_apart: bool) -> Result<Rendered, String> {
    let source = |name: &str, text: &str| {
        Source::new(name, format!("{name}.liquid"), 1, text, Profile::Modern)
    };
    let mut catalog = Catalog::default();
    let partial = Partial {
        source: source("self", "{% include 'self' %}"),
        metadata: Json::Null,
        open: Vec::new(),
    };
    catalog.partials.insert("self".to_owned(), partial);
    let templates = Templates::new(Arc::new(catalog));
    let request_context = RequestContext::new(serde_json::Map::new());
    let host = Rendering {
        templates: &templates,
        request_context: &request_context,
        form: source("form", form),
        is_apart,
        inner: FakeHost::default(),
    };
    templates
        .render(&source("page", text), &request_context, json!({}), OutputMode::Raw, &host)
        .map_err(|error| error.to_string())
}

#[test]
fn a_form_sees_its_page_and_shares_its_request() {
    let form = "{{ a }}{% assign a = 2 %}{% export a, namespace: 'n' %}{% session s = 'v' %}{% response_status 201 %}";
    let page = page(
        "{% assign a = 1 %}{% include_form 'f' %}{{ a }}{{ context.exports.n.a }}",
        form,
        false,
    );
    let page = page.expect("rendered");
    assert_eq!(page.output, "112");
    assert_eq!(page.effects.status, Some(201));
    assert_eq!(page.effects.session, [("s".to_owned(), json!("v"))]);
}

#[test]
fn a_redirect_in_a_form_ends_the_page() {
    let page = page("a{% include_form 'f' %}b", "{% redirect_to '/x' %}", false).expect("rendered");
    assert_eq!((page.output.as_str(), page.effects.redirect), ("a", Some(("/x".to_owned(), 302))));
}

#[test]
fn a_form_that_includes_itself_is_stopped_in_every_context() {
    for is_apart in [false, true] {
        let error = page("{% include_form 'f' %}", "{% include_form 'f' %}", is_apart);
        let error = error.expect_err("it cannot end well");
        assert!(error.contains("nest too deep"), "{error}");
    }
}

#[test]
fn deep_partials_in_deep_forms_do_not_overflow_the_stack() {
    for is_apart in [false, true] {
        let form = "{% include_form 'f' %}{% include 'self' %}";
        assert!(page("{% include 'self' %}", form, is_apart).is_err());
        assert!(page(form, form, is_apart).is_err());
    }
}

#[test]
fn values_that_would_never_end_are_refused() {
    let cases = [
        ("{% assign h = {} %}{% hash_assign h['h'] = h %}", "into itself"),
        ("{% assign l = [] %}{% assign l << l %}", "into itself"),
        ("{% assign a = [1] %}{% assign b = { \"a\": a } %}{% assign a << b %}", "into itself"),
        (
            "{% assign a = ['x'] %}{% for i in (1..60) %}{% assign a = [a, a] %}{% endfor %}{{ a | json }}",
            "too large",
        ),
        // Steps or time, depending on the machine.
        ("{% for i in (1..100000000) %}{% endfor %}", " than"),
        (
            "{% assign s = 'xxxxxxxxxx' %}{% for i in (1..40) %}{% assign s = s | append: s %}{% endfor %}",
            "bytes",
        ),
        (
            "{{ 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab' | matches: '(a+)+(?!x)\\1$' }}",
            "too many steps",
        ),
    ];
    for (text, word) in cases {
        let error = page(text, "", false).expect_err(text);
        assert!(error.contains(word), "{text}: {error}");
    }
}
