//! The shapes of the schema's types, as needed by coercion and limits.

use super::error::Error;
use async_graphql::Value;
use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    BaseType, FieldDefinition, InputValueDefinition, Type, TypeDefinition, TypeKind,
    TypeSystemDefinition,
};
use async_graphql::{Positioned, parser::types::ConstDirective};
use indexmap::IndexMap;
use sluicegate_secret::api_token::TokenScope;

/// All types by name, in schema order.
#[derive(Debug, Default)]
pub(super) struct Shapes(pub(super) IndexMap<String, Shape>);

/// A type: its description and its kind.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) description: Option<String>,
    pub(super) kind: Kind,
}

/// The kind of a type, with its members.
#[derive(Debug)]
pub(super) enum Kind {
    Object(IndexMap<String, Field>),
    Input(IndexMap<String, Input>),
    Enum(Vec<(String, Option<String>)>),
    Scalar,
}

/// A field of an object.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) description: Option<String>,
    pub(super) deprecated: Option<String>,
    /// The scope that a root field needs; none means that it states none.
    pub(super) scope: Option<TokenScope>,
    pub(super) ty: Type,
    pub(super) args: IndexMap<String, Input>,
}

/// An argument, or a field of an input object.
#[derive(Debug, Clone)]
pub(super) struct Input {
    pub(super) description: Option<String>,
    pub(super) ty: Type,
    pub(super) default: Option<Value>,
}

/// The built-in scalars.
const SCALARS: &[&str] = &["Int", "Float", "String", "Boolean", "ID"];

impl Shapes {
    /// Parses the types of a schema in SDL and adds them.
    pub(super) fn read(&mut self, text: &str) -> Result<(), Error> {
        let document = parse_schema(text).map_err(Error::Syntax)?;
        for definition in document.definitions {
            let TypeSystemDefinition::Type(definition) = definition else {
                return Err(Error::Definition("only types are supported".to_owned()));
            };
            self.add(definition.node)?;
        }
        Ok(())
    }

    fn add(&mut self, definition: TypeDefinition) -> Result<(), Error> {
        let name = definition.name.node.to_string();
        let kind = match definition.kind {
            TypeKind::Scalar => Kind::Scalar,
            TypeKind::Object(object) => {
                Kind::Object(object.fields.into_iter().map(|f| field(f.node)).collect())
            }
            TypeKind::InputObject(input) => Kind::Input(inputs(input.fields)),
            TypeKind::Enum(listed) => {
                let text = |text: Option<Positioned<String>>| text.map(|text| text.node);
                let values = listed.values.into_iter().map(|value| value.node);
                Kind::Enum(
                    values.map(|v| (v.value.node.to_string(), text(v.description))).collect(),
                )
            }
            _ => return Err(Error::Definition(format!("the kind of `{name}` is not supported"))),
        };
        if let (true, Some(Shape { kind: Kind::Object(known), .. }), Kind::Object(more)) =
            (definition.extend, self.0.get_mut(&name), &kind)
            && let Some(twice) = more.keys().find(|field| known.contains_key(*field))
        {
            return Err(Error::Definition(format!("`{name}.{twice}` is defined twice")));
        }
        let description = definition.description.map(|text| text.node);
        match (self.0.get_mut(&name), kind) {
            (None, kind) => {
                self.0.insert(name, Shape { description, kind });
            }
            (Some(Shape { kind: Kind::Object(known), .. }), Kind::Object(more))
                if definition.extend =>
            {
                known.extend(more);
            }
            _ => return Err(Error::Definition(format!("`{name}` is defined twice"))),
        }
        Ok(())
    }

    /// Returns the fields of an object type.
    pub(super) fn object(&self, name: &str) -> Option<&IndexMap<String, Field>> {
        match &self.0.get(name)?.kind {
            Kind::Object(fields) => Some(fields),
            _ => None,
        }
    }

    /// True when a value of this type has no fields to select.
    pub(super) fn is_leaf(&self, name: &str) -> bool {
        self.object(name).is_none()
    }

    /// True for a type that a variable can have.
    pub(super) fn is_input(&self, name: &str) -> bool {
        SCALARS.contains(&name)
            || self.0.get(name).is_some_and(|shape| !matches!(shape.kind, Kind::Object(_)))
    }

    /// True for a type that exists.
    pub(super) fn contains(&self, name: &str) -> bool {
        SCALARS.contains(&name) || self.0.contains_key(name)
    }
}

/// Returns the type name inside lists and non-null markers.
pub(super) fn named(ty: &Type) -> &str {
    match &ty.base {
        BaseType::Named(name) => name,
        BaseType::List(inner) => named(inner),
    }
}

fn field(definition: FieldDefinition) -> (String, Field) {
    let field = Field {
        description: definition.description.map(|text| text.node),
        deprecated: deprecated(&definition.directives),
        scope: scope(&definition.directives),
        ty: definition.ty.node,
        args: inputs(definition.arguments),
    };
    (definition.name.node.to_string(), field)
}

fn inputs(definitions: Vec<Positioned<InputValueDefinition>>) -> IndexMap<String, Input> {
    let inputs = definitions.into_iter().map(|definition| {
        let definition = definition.node;
        let input = Input {
            description: definition.description.map(|text| text.node),
            ty: definition.ty.node,
            default: definition.default_value.map(|value| value.node),
        };
        (definition.name.node.to_string(), input)
    });
    inputs.collect()
}

/// The scope of `@requiresScope(scope: …)`. A misspelled one counts as none.
fn scope(directives: &[Positioned<ConstDirective>]) -> Option<TokenScope> {
    let directive = directives.iter().find(|d| d.node.name.node == "requiresScope")?;
    match &directive.node.get_argument("scope")?.node {
        Value::Enum(name) => TokenScope::from_name(name),
        _ => None,
    }
}

fn deprecated(directives: &[Positioned<ConstDirective>]) -> Option<String> {
    let directive = directives.iter().find(|d| d.node.name.node == "deprecated")?;
    let reason = directive.node.get_argument("reason");
    Some(match reason.map(|reason| &reason.node) {
        Some(Value::String(reason)) => reason.clone(),
        _ => "no longer in use".to_owned(),
    })
}
