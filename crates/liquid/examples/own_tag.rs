//! Adds a block tag of an application: `{% panel title: 'x' %} … {% endpanel %}`.

use serde_json::json;
use sluicegate_liquid::error::Error;
use sluicegate_liquid::expression::Expression;
use sluicegate_liquid::parser::Parser;
use sluicegate_liquid::tag::{Flow, Markup};
use sluicegate_liquid::template::{Block, Reference};
use sluicegate_liquid::{Context, Engine, Tag};

/// A box with a title.
#[derive(Debug)]
struct Panel {
    title: Expression,
    body: Block,
}

fn read_panel(markup: &Markup<'_>, parser: &mut Parser<'_>) -> Result<Box<dyn Tag>, Error> {
    let arguments = markup.cursor(parser).arguments()?;
    let title = arguments.named.into_iter().find(|(name, _)| name == "title");
    let (_, title) = title.ok_or_else(|| Error::syntax("panel needs a title"))?;
    let (body, _) = parser.block(&["endpanel"])?;
    Ok(Box::new(Panel { title, body }))
}

impl Tag for Panel {
    fn render(&self, context: &mut Context<'_>) -> Result<Flow, Error> {
        context.write("<section><h2>")?;
        self.title.print(context)?;
        context.write("</h2>")?;
        let flow = self.body.render_inside(context)?;
        context.write("</section>")?;
        Ok(flow)
    }

    fn references(&self, found: &mut Vec<Reference>) {
        self.body.references(found);
    }
}

fn main() -> Result<(), Error> {
    println!("{}", render("{% panel title: user.name %}{{ user.age }}{% endpanel %}")?);
    Ok(())
}

fn render(source: &str) -> Result<String, Error> {
    let engine = Engine::builder().tag("panel", read_panel).build();
    engine.compile("page", source)?.render(&engine, json!({ "user": { "name": "Ada", "age": 36 } }))
}

#[test]
fn the_tag_is_rendered() {
    let source = "{% panel title: user.name %}{{ user.age }}{% endpanel %}";
    let output = render(source).expect("rendered");
    assert_eq!(output, "<section><h2>Ada</h2>36</section>");
    let error = render("{% panel %}{% endpanel %}").expect_err("refused");
    assert_eq!(error.message(), "panel needs a title");
}
