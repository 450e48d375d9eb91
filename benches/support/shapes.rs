//! The three templates of `benches/shapes`, and this engine rendering them.

use serde_json::Value as Json;
use sluicegate_liquid::budget::{Budget, Limits};
use sluicegate_liquid::error::{Error, Kind};
use sluicegate_liquid::partials::Partials;
use sluicegate_liquid::text::Text;
use sluicegate_liquid::{Engine, Flavor, RenderOptions, Template, UnknownNames, Value};

/// The templates and data for every engine.
pub struct Shape {
    /// Its name.
    pub name: &'static str,
    /// The main template, in Liquid and in Jinja.
    pub main: (&'static str, &'static str),
    /// Partials by name, in both languages.
    pub partials: &'static [(&'static str, &'static str, &'static str)],
    /// The layout around the output of the main template; the Jinja one extends it.
    pub layout: Option<(&'static str, &'static str)>,
    /// The variables.
    pub data: Json,
}

macro_rules! shape {
    ($file:literal) => {
        include_str!(concat!("../shapes/", $file))
    };
}

impl Shape {
    /// The API call, the mapper, the page.
    pub fn all() -> Vec<Self> {
        let data = |text: &str| serde_json::from_str(text).expect("data");
        vec![
            Self {
                name: "create_payment",
                main: (shape!("create_payment.liquid"), shape!("create_payment.jinja")),
                partials: &[],
                layout: None,
                data: data(shape!("create_payment.json")),
            },
            Self {
                name: "response_mapper",
                main: (shape!("response_mapper.liquid"), shape!("response_mapper.jinja")),
                partials: &[],
                layout: None,
                data: data(shape!("response_mapper.json")),
            },
            Self {
                name: "page",
                main: (shape!("page.liquid"), shape!("page.jinja")),
                partials: &[("row", shape!("row.liquid"), shape!("row.jinja"))],
                layout: Some((shape!("layout.liquid"), shape!("layout.jinja"))),
                data: data(shape!("page.json")),
            },
        ]
    }

    fn object(&self) -> impl Iterator<Item = (&String, &Json)> {
        self.data.as_object().expect("an object").iter()
    }
}

/// The layout's name for the page.
pub const CONTENT: &str = "content_for_layout";

/// This engine.
pub struct Ours<'a> {
    shape: &'a Shape,
    engine: Engine,
    main: Template,
    layout: Option<Template>,
    partials: Compiled,
    variables: Vec<(Text, Value)>,
}

struct Compiled(Vec<(&'static str, Template)>);

impl Partials for Compiled {
    fn find(&self, name: &str) -> Result<Template, Error> {
        let found = self.0.iter().find(|(one, _)| *one == name);
        found.map(|(_, template)| template.clone()).ok_or_else(|| Error::new(Kind::Partial, name))
    }
}

impl<'a> Ours<'a> {
    /// Everything compiled, the data as values.
    pub fn new(shape: &'a Shape) -> Self {
        let engine =
            Engine::builder().flavor(Flavor::Platform).unknown_names(UnknownNames::Warn).build();
        let (main, layout, partials) = Self::compile(&engine, shape);
        let variables = Self::variables(shape);
        Self { shape, engine, main, layout, partials, variables }
    }

    fn compile(engine: &Engine, shape: &Shape) -> (Template, Option<Template>, Compiled) {
        let compile = |name: &str, text: &str| engine.compile(name, text).expect("compiled");
        let layout = shape.layout.map(|(text, _)| compile("layout", text));
        let partials = shape.partials.iter().map(|(name, text, _)| (*name, compile(name, text)));
        (compile("main", shape.main.0), layout, Compiled(partials.collect()))
    }

    fn variables(shape: &Shape) -> Vec<(Text, Value)> {
        shape.object().map(|(name, value)| (name.into(), value.into())).collect()
    }

    fn run(
        &self,
        main: &Template,
        layout: Option<&Template>,
        partials: &Compiled,
        variables: &[(Text, Value)],
    ) -> String {
        let budget = Budget::new(Limits::default());
        let render = |template: &Template, variables: Vec<(Text, Value)>| {
            let options =
                RenderOptions::new().variables(variables).partials(partials).budget(&budget);
            self.engine.render(template, options).expect("rendered").output
        };
        let output = render(main, variables.to_vec());
        let Some(layout) = layout else { return output };
        let mut variables = variables.to_vec();
        variables.push((CONTENT.into(), output.into()));
        render(layout, variables)
    }

    /// Compiled templates, prepared values.
    pub fn render(&self) -> String {
        self.run(&self.main, self.layout.as_ref(), &self.partials, &self.variables)
    }

    /// Every template compiled again.
    pub fn compile_and_render(&self) -> String {
        let (main, layout, partials) = Self::compile(&self.engine, self.shape);
        self.run(&main, layout.as_ref(), &partials, &self.variables)
    }

    /// Compiled templates, the data from JSON.
    pub fn render_json(&self) -> String {
        let variables = Self::variables(self.shape);
        self.run(&self.main, self.layout.as_ref(), &self.partials, &variables)
    }
}
