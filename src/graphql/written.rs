//! Values as they are written in a document, with variables in them.

use super::coerce::Coercion;
use super::shape::{Kind, Shapes, named};
use async_graphql::parser::types::{BaseType, Type};
use async_graphql::{Name, Value};
use async_graphql_value::Value as Written;
use std::collections::HashMap;

/// A declared variable.
#[derive(Debug)]
pub(super) enum Variable {
    /// It was not given and has no default: whatever it stands for is not there.
    Absent,
    /// Its value, made exact.
    Is(Value),
    /// Nobody knows its value: the document is only checked.
    Of(Type),
}

/// The variables of an operation.
pub(super) type Variables = HashMap<Name, Variable>;

/// The value with its variables put in, made exact; nothing when it is an absent variable, or
/// when it has a variable whose value nobody knows.
pub(super) fn exact(
    shapes: &Shapes,
    variables: &Variables,
    how: Coercion,
    ty: &Type,
    written: &Written,
) -> Result<Option<Value>, String> {
    match filled(variables, written)? {
        Filled::Value(value) => shapes.coerce(ty, value, how).map(Some),
        Filled::Absent => Ok(None),
        Filled::Unknown => check(shapes, variables, how, ty, written).map(|()| None),
    }
}

/// The value with its variables put in, of whatever type it is.
pub(super) fn free(variables: &Variables, written: &Written) -> Result<Option<Value>, String> {
    match filled(variables, written)? {
        Filled::Value(value) => Ok(Some(value)),
        Filled::Absent | Filled::Unknown => Ok(None),
    }
}

enum Filled {
    Absent,
    Unknown,
    Value(Value),
}

fn filled(variables: &Variables, written: &Written) -> Result<Filled, String> {
    match written {
        Written::Variable(name) => match variables.get(name) {
            None => Err(format!("stands for the variable ${name}, which is not declared")),
            Some(Variable::Absent) => Ok(Filled::Absent),
            Some(Variable::Of(_)) => Ok(Filled::Unknown),
            Some(Variable::Is(value)) => Ok(Filled::Value(value.clone())),
        },
        Written::List(items) => {
            let mut list = Vec::with_capacity(items.len());
            for item in items {
                match filled(variables, item)? {
                    Filled::Absent => list.push(Value::Null),
                    Filled::Value(value) => list.push(value),
                    Filled::Unknown => return Ok(Filled::Unknown),
                }
            }
            Ok(Filled::Value(Value::List(list)))
        }
        Written::Object(pairs) => {
            let mut object = indexmap::IndexMap::with_capacity(pairs.len());
            for (key, value) in pairs {
                match filled(variables, value)? {
                    Filled::Absent => {}
                    Filled::Value(value) => {
                        object.insert(key.clone(), value);
                    }
                    Filled::Unknown => return Ok(Filled::Unknown),
                }
            }
            Ok(Filled::Value(Value::Object(object)))
        }
        plain => Ok(Filled::Value(plain.clone().into_const().unwrap_or_default())),
    }
}

/// Checks what can be known of a value with unknown variables.
fn check(
    shapes: &Shapes,
    variables: &Variables,
    how: Coercion,
    ty: &Type,
    written: &Written,
) -> Result<(), String> {
    let inner = |ty: &Type, item: &Written| check(shapes, variables, how, ty, item);
    match (written, &ty.base) {
        (Written::Variable(name), _) => match variables.get(name) {
            Some(Variable::Of(declared)) => fits(shapes, name, declared, ty),
            _ => Err(format!("stands for the variable ${name}, which is not declared")),
        },
        (Written::List(items), BaseType::List(of)) => {
            items.iter().try_for_each(|item| inner(of, item))
        }
        (single, BaseType::List(of)) => inner(of, single),
        (Written::Object(pairs), BaseType::Named(name)) => {
            let Some(Kind::Input(fields)) = shapes.0.get(name.as_str()).map(|shape| &shape.kind)
            else {
                return Ok(());
            };
            for (key, value) in pairs {
                let Some(input) = fields.get(key.as_str()) else {
                    return Err(format!("has a key `{key}` that {name} does not know"));
                };
                inner(&input.ty, value).map_err(|why| format!(".{key} {why}"))?;
            }
            let missing = fields.iter().find(|(key, input)| {
                !input.ty.nullable && input.default.is_none() && !pairs.contains_key(key.as_str())
            });
            match missing {
                Some((key, _)) => Err(format!("has no `{key}`, and {name} needs one")),
                None => Ok(()),
            }
        }
        (plain, _) => match plain.clone().into_const() {
            Some(value) => shapes.coerce(ty, value, how).map(drop),
            None => Ok(()),
        },
    }
}

/// A variable can stand where its values can be made exact.
fn fits(shapes: &Shapes, name: &Name, declared: &Type, ty: &Type) -> Result<(), String> {
    let is_plain = |ty: &str| {
        let kind = shapes.0.get(ty).map(|shape| &shape.kind);
        matches!(kind, None | Some(Kind::Scalar))
    };
    let is_text = |ty: &str| matches!(ty, "String" | "ID");
    let is_enum = |ty: &str| {
        let kind = shapes.0.get(ty).map(|shape| &shape.kind);
        matches!(kind, Some(Kind::Enum(_)))
    };
    let (from, to) = (named(declared), named(ty));
    if from == to
        || (is_plain(from) && is_plain(to))
        || (is_text(from) && is_enum(to))
        || (is_enum(from) && is_text(to))
    {
        return Ok(());
    }
    Err(format!("is the variable ${name} of type {declared}, and {ty} is asked for"))
}
