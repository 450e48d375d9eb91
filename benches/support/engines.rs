//! The engines that render the three templates of `benches/shapes`: this one, the crate `liquid`, and
//! minijinja with its own syntax.

#[path = "shapes.rs"]
mod shapes;

use liquid::partials::{EagerCompiler, InMemorySource};
use minijinja::Environment;
pub use shapes::{CONTENT, Ours, Shape};
use std::borrow::Cow;

/// The crate `liquid`.
pub struct Crate<'a> {
    shape: &'a Shape,
    parser: liquid::Parser,
    main: liquid::Template,
    layout: Option<liquid::Template>,
    data: liquid::Object,
}

impl<'a> Crate<'a> {
    /// Everything compiled, the data as values.
    pub fn new(shape: &'a Shape) -> Self {
        let mut source = InMemorySource::new();
        for (name, text, _) in shape.partials {
            source.add(*name, *text);
        }
        let builder = liquid::ParserBuilder::with_stdlib();
        let parser = builder.partials(EagerCompiler::new(source)).build().expect("a parser");
        let main = parser.parse(shape.main.0).expect("compiled");
        let layout = shape.layout.map(|(text, _)| parser.parse(text).expect("compiled"));
        let data = liquid::to_object(&shape.data).expect("an object");
        Self { shape, parser, main, layout, data }
    }

    fn run(
        &self,
        main: &liquid::Template,
        layout: Option<&liquid::Template>,
        data: &liquid::Object,
    ) -> String {
        let output = main.render(data).expect("rendered");
        let Some(layout) = layout else { return output };
        let mut data = data.clone();
        data.insert(CONTENT.into(), liquid::model::Value::scalar(output));
        layout.render(&data).expect("rendered")
    }

    /// Compiled templates, prepared values.
    pub fn render(&self) -> String {
        self.run(&self.main, self.layout.as_ref(), &self.data)
    }

    /// Every template compiled again; the partials as templates, the parser itself stays.
    pub fn compile_and_render(&self) -> String {
        let parse = |text: &str| self.parser.parse(text).expect("compiled");
        let main = parse(self.shape.main.0);
        let layout = self.shape.layout.map(|(text, _)| parse(text));
        for (_, text, _) in self.shape.partials {
            std::hint::black_box(parse(text));
        }
        self.run(&main, layout.as_ref(), &self.data)
    }

    /// Compiled templates, the data from JSON.
    pub fn render_json(&self) -> String {
        let data = liquid::to_object(&self.shape.data).expect("an object");
        self.run(&self.main, self.layout.as_ref(), &data)
    }
}

/// Minijinja.
pub struct Jinja<'a> {
    shape: &'a Shape,
    environment: Environment<'a>,
    data: minijinja::Value,
}

fn url_encode(text: Cow<'_, str>) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn date(_: &str, format: &str) -> String {
    jiff::Timestamp::now().strftime(format).to_string()
}

impl<'a> Jinja<'a> {
    /// Everything compiled, the data as values.
    pub fn new(shape: &'a Shape) -> Self {
        let environment = Self::compile(shape);
        Self {
            shape,
            environment,
            data: minijinja::Value::from(minijinja::value::Serde(&shape.data)),
        }
    }

    fn compile(shape: &'a Shape) -> Environment<'a> {
        let mut environment = Environment::new();
        environment.add_filter("url_encode", url_encode);
        environment.add_filter("date", date);
        Self::add(&mut environment, shape);
        environment
    }

    fn add(environment: &mut Environment<'a>, shape: &'a Shape) {
        let mut add = |name, text| environment.add_template(name, text).expect("compiled");
        for (name, _, text) in shape.partials {
            add(name, text);
        }
        if let Some((_, text)) = shape.layout {
            add("layout", text);
        }
        add("main", shape.main.1);
    }

    fn run(environment: &Environment<'_>, data: &minijinja::Value) -> String {
        environment.get_template("main").expect("there").render(data).expect("rendered")
    }

    /// Compiled templates, prepared values.
    pub fn render(&self) -> String {
        Self::run(&self.environment, &self.data)
    }

    /// Every template compiled again; the environment's filters stay.
    pub fn compile_and_render(&self) -> String {
        let mut environment = self.environment.clone();
        environment.clear_templates();
        Self::add(&mut environment, self.shape);
        Self::run(&environment, &self.data)
    }

    /// Compiled templates, the data from JSON.
    pub fn render_json(&self) -> String {
        Self::run(
            &self.environment,
            &minijinja::Value::from(minijinja::value::Serde(&self.shape.data)),
        )
    }
}

/// True when both render the same; the crate's hashes have their own order, and it does
/// not write a space as `+`.
pub fn agree(shape: &Shape) {
    let ours = Ours::new(shape).render();
    let comparable = |text: &str| {
        let text = text.replace("%20", "+").replace("&#x27;", "&#39;");
        let solid = |piece: &str| piece.split_whitespace().collect::<String>();
        let mut pieces: Vec<String> = text.split('&').map(solid).collect();
        pieces.sort();
        pieces
    };
    for (name, theirs) in
        [("liquid", Crate::new(shape).render()), ("minijinja", Jinja::new(shape).render())]
    {
        assert!(comparable(&theirs) == comparable(&ours), "{}: {name} differs", shape.name);
    }
}
