//! Takes partials from a map, and renders a page into a layout.

use serde_json::json;
use sluicegate_liquid::{Engine, Error, RenderOptions};

fn main() -> Result<(), Error> {
    println!("{}", page()?);
    Ok(())
}

fn page() -> Result<String, Error> {
    let engine = Engine::builder()
        .partials([("user", "{{ user.name }} ({{ user.age }})"), ("menu", "[{{ current }}]")])
        .build();
    let page = engine.compile("page", "{% render 'user' for users as user %}")?;
    let users = json!([{ "name": "Ada", "age": 36 }]);
    let content = page.render(&engine, json!({ "users": users }))?;
    let layout = engine.compile("layout", "{% include 'menu' %}<main>{{ content }}</main>")?;
    let options =
        RenderOptions::new().variables([("content", content.as_str()), ("current", "users")]);
    Ok(engine.render(&layout, options)?.output)
}

#[test]
fn the_page_is_in_its_layout() {
    assert_eq!(page().expect("rendered"), "[users]<main>Ada (36)</main>");
}
