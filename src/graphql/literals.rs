//! Values as written in a document, including variables.

use super::coerce::Coercion;
use super::shape::{Kind, Shapes, named};
use async_graphql::parser::types::{BaseType, Type};
use async_graphql::{Name, Value};
use async_graphql_value::Value as Written;
use std::cell::Cell;
use std::collections::HashMap;

/// A declared variable.
#[derive(Debug)]
pub(super) enum Variable {
    /// It was not passed and has no default: the value that uses it is absent.
    Absent,
    /// Its value, normalized, and its weight in bytes.
    Is(Value, usize),
    /// Its value is unknown: the document is only checked against the type.
    Of(Type),
}

/// The variables of an operation.
#[derive(Debug)]
pub(super) struct Variables {
    known: HashMap<Name, Variable>,
    /// The weight that may still be inlined: a short document can use a large variable very often.
    left: Cell<usize>,
}

/// The maximum total weight of inlined variables, in bytes.
const WEIGHT_MAX: usize = 16 * 1024 * 1024;

impl Variables {
    pub(super) fn new() -> Self {
        Self { known: HashMap::new(), left: Cell::new(WEIGHT_MAX) }
    }

    pub(super) fn insert(&mut self, name: Name, variable: Variable) {
        self.known.insert(name, variable);
    }

    fn get(&self, name: &Name) -> Result<&Variable, String> {
        let unknown = || format!("is the variable ${name}, which is not declared");
        self.known.get(name).ok_or_else(unknown)
    }

    fn take(&self, name: &Name, weight: usize) -> Result<(), String> {
        let left = self.left.get().checked_sub(weight);
        let left = left.ok_or_else(|| {
            format!("is the variable ${name}, which is too large to be used this often")
        })?;
        self.left.set(left);
        Ok(())
    }
}

/// Returns the approximate size of a value in bytes.
pub(super) fn weight(value: &Value) -> usize {
    const NODE: usize = 32;
    NODE + match value {
        Value::String(text) => text.len(),
        Value::List(items) => items.iter().map(weight).sum(),
        Value::Object(pairs) => pairs.iter().map(|(key, value)| key.len() + weight(value)).sum(),
        _ => 0,
    }
}

/// Inlines the variables and normalizes the value; `None` when it is an absent variable, or
/// contains a variable whose value is unknown.
pub(super) fn normalize(
    shapes: &Shapes,
    variables: &Variables,
    how: Coercion,
    ty: &Type,
    written: &Written,
) -> Result<Option<Value>, String> {
    match filled(variables, written)? {
        FilledLiteral::Value(value) => shapes.coerce(ty, value, how).map(Some),
        FilledLiteral::Absent => Ok(None),
        FilledLiteral::Unknown => check(shapes, variables, how, ty, written).map(|()| None),
    }
}

/// Inlines the variables of a value without a known type.
pub(super) fn free(variables: &Variables, written: &Written) -> Result<Option<Value>, String> {
    match filled(variables, written)? {
        FilledLiteral::Value(value) => Ok(Some(value)),
        FilledLiteral::Absent | FilledLiteral::Unknown => Ok(None),
    }
}

enum FilledLiteral {
    Absent,
    Unknown,
    Value(Value),
}

fn filled(variables: &Variables, written: &Written) -> Result<FilledLiteral, String> {
    match written {
        Written::Variable(name) => match variables.get(name)? {
            Variable::Absent => Ok(FilledLiteral::Absent),
            Variable::Of(_) => Ok(FilledLiteral::Unknown),
            Variable::Is(value, weight) => {
                variables.take(name, *weight)?;
                Ok(FilledLiteral::Value(value.clone()))
            }
        },
        Written::List(items) => {
            let mut list = Vec::with_capacity(items.len());
            for item in items {
                match filled(variables, item)? {
                    FilledLiteral::Absent => list.push(Value::Null),
                    FilledLiteral::Value(value) => list.push(value),
                    FilledLiteral::Unknown => return Ok(FilledLiteral::Unknown),
                }
            }
            Ok(FilledLiteral::Value(Value::List(list)))
        }
        Written::Object(pairs) => {
            let mut object = indexmap::IndexMap::with_capacity(pairs.len());
            for (key, value) in pairs {
                match filled(variables, value)? {
                    FilledLiteral::Absent => {}
                    FilledLiteral::Value(value) => {
                        object.insert(key.clone(), value);
                    }
                    FilledLiteral::Unknown => return Ok(FilledLiteral::Unknown),
                }
            }
            Ok(FilledLiteral::Value(Value::Object(object)))
        }
        plain => Ok(FilledLiteral::Value(plain.clone().into_const().unwrap_or_default())),
    }
}

/// Checks what can be known about a value with unknown variables.
fn check(
    shapes: &Shapes,
    variables: &Variables,
    how: Coercion,
    ty: &Type,
    written: &Written,
) -> Result<(), String> {
    let inner = |ty: &Type, item: &Written| check(shapes, variables, how, ty, item);
    match (written, &ty.base) {
        (Written::Variable(name), _) => match variables.get(name)? {
            Variable::Of(declared) => fits(shapes, name, declared, ty),
            _ => Ok(()),
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

/// Checks that a variable of type `declared` can be used where `ty` is expected.
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
