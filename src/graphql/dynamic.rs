//! Builds the `async-graphql` schema from the shapes, and passes its calls to resolvers.

use super::backend::ResolverError;
use super::build::Parts;
use super::call::{DocumentContext, FieldCall};
use super::error::Error;
use super::request_type;
use super::resolver::Resolver;
use super::shape::{self, Field, Input, Kind, Shapes};
use async_graphql::dynamic::{
    self, Enum, EnumItem, FieldFuture, FieldValue, InputObject, InputValue, Object,
    ResolverContext, Scalar, TypeRef,
};
use async_graphql::parser::types::{BaseType, Type};
use async_graphql::{ErrorExtensions, Name, Value};
use serde_json::{Map, Number, Value as Json};
use std::sync::Arc;

/// Sets a description if there is one; every builder has the method, but no common trait.
macro_rules! described {
    ($builder:expr, $about:expr) => {{
        let builder = $builder;
        match $about {
            Some(about) => builder.description(about),
            None => builder,
        }
    }};
}

/// Builds the schema. The depth and cost of documents are limited before they get here.
pub(super) fn build(parts: &Parts) -> Result<dynamic::Schema, Error> {
    let mut builder = dynamic::Schema::build("Query", Some("Mutation"), None);
    for (name, shape) in &parts.shapes.0 {
        let about = shape.description.as_deref();
        builder = match &shape.kind {
            Kind::Scalar => builder.register(described!(Scalar::new(name), about)),
            Kind::Enum(values) => {
                let items = values
                    .iter()
                    .map(|(value, about)| described!(EnumItem::new(value), about.as_deref()));
                builder.register(described!(Enum::new(name), about).items(items))
            }
            Kind::Input(fields) => {
                let object = described!(InputObject::new(name), about);
                let object = fields.iter().fold(object, |o, (name, i)| o.field(input(name, i)));
                builder.register(object)
            }
            Kind::Object(fields) => {
                let mut object = described!(Object::new(name), about);
                for (field_name, field) in fields {
                    let resolver = Resolver::of(name, field_name, &parts.mutations);
                    let resolver = resolver
                        .ok_or_else(|| Error::NoResolver(format!("{name}.{field_name}")))?;
                    object = object.field(field_of(&parts.shapes, field_name, field, resolver));
                }
                builder.register(object)
            }
        };
    }
    builder.limit_recursive_depth(64).finish().map_err(Error::Parts)
}

fn input(name: &str, input: &Input) -> InputValue {
    let value = InputValue::new(name, type_ref(&input.ty));
    let value = match &input.default {
        Some(default) => value.default_value(default.clone()),
        None => value,
    };
    described!(value, input.description.as_deref())
}

fn type_ref(ty: &Type) -> TypeRef {
    let base = match &ty.base {
        BaseType::Named(name) => TypeRef::named(name.as_str()),
        BaseType::List(inner) => TypeRef::List(Box::new(type_ref(inner))),
    };
    if ty.nullable { base } else { TypeRef::NonNull(Box::new(base)) }
}

fn field_of(shapes: &Shapes, name: &str, field: &Field, resolver: Resolver) -> dynamic::Field {
    let plan = Arc::new(Plan::of(shapes, name, field, resolver));
    let built = dynamic::Field::new(name, type_ref(&field.ty), move |context| run(context, &plan));
    let built = field.args.iter().fold(built, |f, (name, i)| f.argument(input(name, i)));
    let built = described!(built, field.description.as_deref());
    match &field.deprecated {
        Some(why) => built.deprecation(Some(why)),
        None => built,
    }
}

/// What is known of a field before a call.
struct Plan {
    name: String,
    ty: Type,
    leaf: Leaf,
    resolver: Resolver,
}

/// How a value of the innermost type is converted.
enum Leaf {
    Object,
    Text,
    Whole,
    Float,
    Flag,
    Enum(Vec<String>),
    Json,
}

impl Plan {
    fn of(shapes: &Shapes, name: &str, field: &Field, resolver: Resolver) -> Self {
        let inner = shape::named(&field.ty);
        let leaf = match (shapes.0.get(inner).map(|shape| &shape.kind), inner) {
            (Some(Kind::Object(_)), _) => Leaf::Object,
            (Some(Kind::Enum(values)), _) => {
                Leaf::Enum(values.iter().map(|(name, _)| name.clone()).collect())
            }
            (_, "String" | "ID") => Leaf::Text,
            (_, "Int") => Leaf::Whole,
            (_, "Float") => Leaf::Float,
            (_, "Boolean") => Leaf::Flag,
            _ => Leaf::Json,
        };
        Self { name: name.to_owned(), ty: field.ty.clone(), leaf, resolver }
    }
}

fn run<'a>(context: ResolverContext<'a>, plan: &Arc<Plan>) -> FieldFuture<'a> {
    let parent = context.parent_value.downcast_ref::<Json>();
    if let Resolver::Key = plan.resolver {
        let value = parent.and_then(|parent| parent.get(&plan.name)).unwrap_or(&Json::Null);
        return FieldFuture::Value(borrowed(&plan.ty, &plan.leaf, value));
    }
    let args: Map<String, Json> = context
        .args
        .iter()
        .map(|(name, value)| {
            (name.to_string(), value.as_value().clone().into_json().unwrap_or_default())
        })
        .collect();
    let shared: &DocumentContext = context.ctx.data_unchecked::<DocumentContext>();
    let selects = |field: &str| context.ctx.look_ahead().field(field).exists();
    let call = FieldCall { args: &args, parent, shared, selects: &selects };
    if let Resolver::RequestType(mutation) = &plan.resolver {
        let running = request_type::run(&call, shared, mutation);
        let plan = Arc::clone(plan);
        return FieldFuture::new(async move { Ok(value_of(&context, &plan, running.await)) });
    }
    let answer = plan.resolver.answer(&call);
    FieldFuture::Value(value_of(&context, plan, answer))
}

fn value_of<'a>(
    context: &ResolverContext<'_>,
    plan: &Plan,
    answer: Result<Json, ResolverError>,
) -> Option<FieldValue<'a>> {
    match answer {
        Ok(value) => owned(&plan.ty, &plan.leaf, value),
        Err(fault) => {
            report(context, fault);
            None
        }
    }
}

/// Records the error and makes the field null; other fields are unaffected.
fn report(context: &ResolverContext<'_>, fault: ResolverError) {
    let error = async_graphql::Error::new(fault.message).extend_with(|_, extensions| {
        extensions.set("code", fault.code);
        if let Some(details) = fault.details.and_then(|json| Value::from_json(json).ok()) {
            extensions.set("details", details);
        }
    });
    let error = error.into_server_error(context.ctx.item.pos);
    context.ctx.add_error(context.ctx.set_error_path(error));
}

fn owned<'a>(ty: &Type, leaf: &Leaf, value: Json) -> Option<FieldValue<'a>> {
    match (&ty.base, value) {
        (BaseType::List(_), Json::Null) if !ty.nullable => {
            Some(FieldValue::list(Vec::<FieldValue<'a>>::new()))
        }
        (_, Json::Null) => None,
        (BaseType::List(inner), Json::Array(items)) => {
            let items =
                items.into_iter().map(|item| owned(inner, leaf, item).unwrap_or(FieldValue::NULL));
            Some(FieldValue::list(items))
        }
        (_, value) => match leaf {
            Leaf::Object => Some(FieldValue::owned_any(value)),
            leaf => leaf_value(leaf, &value).map(FieldValue::value),
        },
    }
}

fn borrowed<'a>(ty: &Type, leaf: &Leaf, value: &'a Json) -> Option<FieldValue<'a>> {
    match (&ty.base, value) {
        (BaseType::List(inner), Json::Array(items)) if matches!(leaf, Leaf::Object) => {
            let items = items.iter().filter(|item| !item.is_null());
            Some(FieldValue::list(items.filter_map(|item| borrowed(inner, leaf, item))))
        }
        (BaseType::Named(_), value) if matches!(leaf, Leaf::Object) && !value.is_null() => {
            Some(FieldValue::borrowed_any(value))
        }
        _ => owned(ty, leaf, value.clone()),
    }
}

/// Converts a value to its type's form; `None` when it cannot be converted.
fn leaf_value(leaf: &Leaf, value: &Json) -> Option<Value> {
    match leaf {
        Leaf::Object => None,
        Leaf::Text => {
            Some(Value::String(value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
        }
        Leaf::Whole => value.as_i64().map(Value::from).or_else(|| value.as_u64().map(Value::from)),
        Leaf::Float => value.as_f64().and_then(Number::from_f64).map(Value::Number),
        Leaf::Flag => value.as_bool().map(Value::Boolean),
        Leaf::Enum(values) => {
            let name = value.as_str()?;
            values.iter().any(|known| known == name).then(|| Value::Enum(Name::new(name)))
        }
        Leaf::Json => Value::from_json(value.clone()).ok(),
    }
}
