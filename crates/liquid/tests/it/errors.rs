//! The messages that a module author sees for a broken template: location, caret, advice.

use serde_json::{Value as Json, json};
use sluicegate_liquid::error::{Error, Kind};
use sluicegate_liquid::partials::Partials;
use sluicegate_liquid::suggest::nearest;
use sluicegate_liquid::{
    Engine, EngineBuilder, Escape, Flavor, Mode, RenderOptions, StringLiterals, Template,
    UnknownNames,
};

struct Files<'a>(&'a Engine, Json);

impl Partials for Files<'_> {
    fn find(&self, name: &str) -> Result<Template, Error> {
        let known = self.1.as_object().expect("an object");
        match known.get(name).and_then(Json::as_str) {
            Some(text) => self.0.compile(name, text),
            None => {
                let error = Error::new(Kind::Partial, format!("there is no partial `{name}`"));
                Err(error.help(nearest(name, known.keys().map(String::as_str))))
            }
        }
    }
}

/// The engine with the platform's modern profile.
fn builder() -> EngineBuilder {
    let mut builder = Engine::builder();
    builder.flavor(Flavor::Platform).unknown_names(UnknownNames::Refuse);
    builder.string_literals(StringLiterals::Interpolated);
    builder
}

fn modern() -> Engine {
    builder().build()
}

fn outcome(engine: &Engine, template: &str, files: Json) -> String {
    let files = Files(engine, files);
    let result = engine.compile("pages/cart", template).and_then(|template| {
        let data = [("list", json!([1, 2])), ("name", json!("card")), ("text", json!("x"))];
        let options = RenderOptions::new()
            .variables(data)
            .partials(&files)
            .escape(Escape::Entities)
            .now(jiff::Timestamp::from_second(1_700_000_000).expect("a timestamp"));
        engine.render(&template, options).map(|rendered| rendered.output)
    });
    match result {
        Ok(output) => output,
        Err(error) => error.to_string(),
    }
}

fn shown(template: &str) -> String {
    outcome(&modern(), template, json!({}))
}

#[test]
fn misspelled_names_get_a_suggestion() {
    insta::assert_snapshot!("filter", shown("one\n\t{{- text | upcase | dowcase: 1 -}}"));
    insta::assert_snapshot!(
        "filter_in_a_tag",
        shown("{% if text %}\n  {% assign a = text\n     | upcase\n     | sise %}\n{% endif %}")
    );
    insta::assert_snapshot!("tag", shown("{% if text %}{% asign a = 1 %}{% endif %}"));
    insta::assert_snapshot!("in_a_liquid_tag", shown("{% liquid\n  assign a = 1\n  ecoh a\n%}"));
    insta::assert_snapshot!("partial", {
        outcome(&modern(), "<p>\n{% render 'crad' %}", json!({"card": "x", "cart": "y"}))
    });
}

#[test]
fn an_error_has_its_call_chain() {
    let files = json!({
        "row": "<td>\n  {{ cell | divided_by: 0 }}",
        "table": "{% for cell in list %}\n{% render 'row', cell: cell %}{% endfor %}",
        "again": "{% render 'again' %}",
    });
    insta::assert_snapshot!("way", {
        outcome(&modern(), "\n\n{% render 'table', list: list %}", files.clone())
    });
    insta::assert_snapshot!("recursion", { outcome(&modern(), "{% render 'again' %}", files) });
}

#[test]
fn a_long_line_is_cut_around_the_caret() {
    let long = format!("{}{{{{ text | oops }}}}{}", "é".repeat(300), "z".repeat(300));
    insta::assert_snapshot!("long_line", shown(&long));
    let short = format!("{{{{ text | oops }}}}{}", "z".repeat(300));
    insta::assert_snapshot!("long_line_behind", shown(&short));
}

#[test]
fn an_unclosed_block_is_reported_where_it_begins() {
    for (name, template) in [
        ("block", "{% for a in list %}\n  {% if a %}\n{% endfor %}"),
        ("bracket", "x {{ list[0 }}"),
        ("hash", "{% assign a = { \"b\": 1 %}"),
        ("end", "{% capture a %}{% endcaptur %}"),
        ("text", "{{ \"never }}"),
        ("raw", "a\n{% raw %}{% endra %}"),
    ] {
        insta::assert_snapshot!(format!("open_{name}"), shown(template));
    }
}

#[test]
fn a_lax_engine_warns_of_every_unknown_name() {
    let engine =
        Engine::builder().flavor(Flavor::Platform).unknown_names(UnknownNames::Warn).build();
    let source =
        "{{ text | oops }}\n{% noo %}\n{% if text %}{{ text | upcas | zap: 'a' }}{% endif %}";
    let template = engine.compile("pages/cart", source).expect("a lax engine compiles it");
    let all: Vec<String> = template.warnings().iter().map(ToString::to_string).collect();
    insta::assert_snapshot!("warnings", all.join("\n"));
}

#[test]
fn warn_mode_says_where_strict_would_fail() {
    let engine = Engine::builder().mode(Mode::Warn).build();
    let template = engine.compile("page", "a\n  {{ a b }}{% if a ~ b %}{% endif %}").expect("read");
    let all: Vec<String> = template.warnings().iter().map(ToString::to_string).collect();
    insta::assert_snapshot!("warn_mode", all.join("\n"));
}

#[test]
fn string_interpolation_depends_on_the_profile() {
    let files = json!({"card/x": "[{{ a }}]"});
    let template = "{% assign a = \"{{ name }}/{{ text | upcase }}!\" %}{{ a }} {{ '{{name}}' }} \
                    {% render \"{{ name }}/x\", a: \"<{{ list[0] }}>\" %}";
    let all = outcome(&modern(), template, files.clone());
    assert_eq!(all, "card/X! card [&lt;1&gt;]");
    let plain = builder().string_literals(StringLiterals::Plain).build();
    let all = outcome(&plain, "{% assign a = \"{{ name }}!\" %}{{ a }}", files);
    assert_eq!(all, "{{ name }}!");
    insta::assert_snapshot!("in_a_text", shown("{% assign a = 'x\n {{ name | oops }}' %}"));
}
