//! Rendering the body of a `create_payment` call: this engine beside two others on an equal
//! template, and the whole call as the gateway renders it.

mod support;

use criterion::{Criterion, criterion_group, criterion_main};
use minijinja::Environment;
use serde_json::{Value as Json, json};
use sluicegate::app::scope::Scope;
use sluicegate::gateway::call::{Call, Rendering};
use sluicegate::liquid::budget::{Budget, Limits};
use sluicegate::liquid::context::{NoPartials, Setting};
use sluicegate::liquid::engine::Engine;
use sluicegate::liquid::print::Escape;
use sluicegate::liquid::template::Template;
use sluicegate::liquid::value::Value;
use std::hint::black_box;
use std::sync::Arc;

/// Standard Liquid, which both Liquid engines take as it is.
const LIQUID: &str = "\
{%- assign currency = data.currency | downcase -%}
amount={{ data.amount }}&currency={{ currency | url_encode }}
{%- for name in names -%}
  {%- assign value = data[name] -%}
  {%- if value != blank -%}&{{ name }}={{ value | url_encode }}{%- endif -%}
{%- endfor -%}
{%- for pair in data.metadata -%}
  &metadata%5B{{ pair[0] | url_encode }}%5D={{ pair[1] | url_encode }}
{%- endfor -%}
{%- if data.capture == false -%}&capture=false{%- endif -%}";

/// The same in Jinja.
const JINJA: &str = "\
{%- set currency = data.currency | lower -%}
amount={{ data.amount }}&currency={{ currency | url_encode }}
{%- for name in names -%}
  {%- set value = data[name] -%}
  {%- if value -%}&{{ name }}={{ value | url_encode }}{%- endif -%}
{%- endfor -%}
{%- for key, value in data.metadata | items -%}
  &metadata%5B{{ key | url_encode }}%5D={{ value | url_encode }}
{%- endfor -%}
{%- if data.capture == false -%}&capture=false{%- endif -%}";

fn data() -> Json {
    json!({
        "data": {
            "amount": 2000, "currency": "USD", "source": "tok_visa", "customer": "cus_123",
            "capture": false, "description": "Two coffee mugs & a print", "statement_descriptor": "MILLRACE",
            "transfer_group": "ORDER-1042", "receipt_email": "ada@example.com", "on_behalf_of": "",
            "metadata": { "note": "by the water", "order": "1042", "shop": "Millrace" },
        },
        "names": ["source", "customer", "description", "statement_descriptor", "transfer_group",
            "receipt_email", "on_behalf_of"],
    })
}

fn sluicegate(engine: &Engine, template: &Template, data: &Json) -> String {
    let map = data.as_object().expect("an object");
    let budget = Budget::new(Limits::default());
    let setting = Setting {
        variables: map
            .iter()
            .map(|(name, value)| (name.as_str().into(), Value::from(value.clone())))
            .collect(),
        globals: Vec::new(),
        partials: &NoPartials,
        host: &(),
        escape: Escape::Raw,
        now: jiff::Timestamp::UNIX_EPOCH,
        budget: &budget,
    };
    engine.render(template, setting).expect("rendered").output
}

fn url_encode(text: String) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn in_jinja(data: &Json) -> minijinja::Value {
    minijinja::Value::from(minijinja::value::Serde(data))
}

fn engines(criterion: &mut Criterion) {
    let data = data();
    let engine = Engine::standard();
    let ours = engine.compile("call", LIQUID).expect("compiled");
    let parser = liquid::ParserBuilder::with_stdlib().build().expect("a parser");
    let theirs = parser.parse(LIQUID).expect("compiled");
    let mut environment = Environment::new();
    environment.add_filter("url_encode", url_encode);
    environment.add_template("call", JINJA).expect("compiled");
    let jinja = environment.get_template("call").expect("there");
    let crate_render = |data: &Json| {
        let object = liquid::to_object(data).expect("an object");
        theirs.render(&object).expect("rendered")
    };
    let expected = sluicegate(&engine, &ours, &data);
    assert!(expected.starts_with("amount=2000&currency=usd&source=tok_visa"), "{expected}");
    // The crate writes a space as %20, Ruby and we as +; its objects are in random order, and
    // minijinja's are sorted: the same form.
    let pairs = |text: &str| {
        let plus = text.replace("%20", "+");
        let mut pairs: Vec<_> = plus.split('&').map(str::to_owned).collect();
        pairs.sort();
        pairs
    };
    assert_eq!(pairs(&crate_render(&data)), pairs(&expected), "the crate renders the same");
    let jinja_text = jinja.render(in_jinja(&data)).expect("rendered");
    assert_eq!(pairs(&jinja_text), pairs(&expected), "minijinja renders the same");

    // From JSON to text, which is how the gateway has its data.
    let mut group = criterion.benchmark_group("render");
    group.bench_function("sluicegate", |b| b.iter(|| sluicegate(&engine, &ours, black_box(&data))));
    group.bench_function("liquid_crate", |b| b.iter(|| crate_render(black_box(&data))));
    group.bench_function("minijinja", |b| {
        b.iter(|| jinja.render(in_jinja(black_box(&data))).expect("rendered"))
    });
    group.finish();

    let mut group = criterion.benchmark_group("compile_and_render");
    group.bench_function("sluicegate", |b| {
        b.iter(|| {
            let template = engine.compile("call", black_box(LIQUID)).expect("compiled");
            sluicegate(&engine, &template, &data)
        });
    });
    group.bench_function("liquid_crate", |b| {
        b.iter(|| {
            let object = liquid::to_object(&data).expect("an object");
            parser.parse(black_box(LIQUID)).expect("compiled").render(&object).expect("rendered")
        });
    });
    group.bench_function("minijinja", |b| {
        b.iter(|| environment.render_str(black_box(JINJA), in_jinja(&data)).expect("rendered"));
    });
    group.finish();
}

/// The repository's own create_payment, address, headers and body, with its functions and partials.
fn whole_call(criterion: &mut Criterion) {
    let served = support::serve("whsec_not_used_here");
    let world = served.house.world();
    let api_call =
        world.catalog.api_call("modules/stripe/create_payment").expect("the call").clone();
    let data = data()["data"].clone();
    criterion.bench_function("create_payment_call", |bencher| {
        bencher.iter(|| {
            let host = Arc::clone(&served.house).host(Scope::new(served.house.bare_context()));
            let scene = host.scene().expect("a scene");
            let on = host.on(&scene);
            let with = Rendering { templates: &world.templates, scene: &scene, host: &on };
            Call::render(&api_call, black_box(&data), &with).expect("rendered")
        });
    });
}

criterion_group!(benches, engines, whole_call);
criterion_main!(benches);
