//! Normalizes a document: checks every name, coerces every value, and inlines the variables.
//!
//! The result has no variables and no unused parts, so `async-graphql` validates and runs
//! literals only, whatever spelling the module used.

use super::coerce::Coercion;
use super::directive;
use super::literals::{self, Variable, Variables};
use super::shape::{self, Shapes};
use async_graphql::parser::types::{
    BaseType, Directive, DocumentOperations, ExecutableDocument, Field, FragmentDefinition,
    OperationDefinition, OperationType, Selection, SelectionSet, Type, VariableDefinition,
};
use async_graphql::{Name, Pos, Positioned, Value};
use async_graphql_value::Value as Written;
use serde_json::{Map, Value as Json};
use std::collections::HashMap;

/// A problem in a document, with its position; lines and columns count from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The message, one sentence.
    pub message: String,
    /// The line, or 0 for the complete document.
    pub line: u32,
    /// The column, or 0 for the complete document.
    pub column: u32,
    /// A code for programs: `extensions.code`.
    pub code: Option<&'static str>,
}

impl Problem {
    /// Creates a problem of the complete document.
    pub(super) fn without_location(message: impl Into<String>) -> Self {
        Self { message: message.into(), line: 0, column: 0, code: None }
    }

    pub(super) fn at(pos: Pos, message: impl Into<String>) -> Self {
        let small = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let (line, column) = (small(pos.line), small(pos.column));
        Self { message: message.into(), line, column, code: None }
    }

    /// The same problem with a code.
    pub(super) fn with_code(self, code: &'static str) -> Self {
        Self { code: Some(code), ..self }
    }
}

/// The variables of a request.
#[derive(Clone, Copy)]
pub(super) enum VariableValues<'a> {
    /// The values; any other variable was not passed.
    Values(&'a Map<String, Json>),
    /// The values are unknown: the document is checked for all possible values.
    Unknown,
}

/// A normalized operation with the fragments it uses.
pub(super) struct Normalized {
    pub(super) operation: Positioned<OperationDefinition>,
    pub(super) fragments: HashMap<Name, Positioned<FragmentDefinition>>,
    pub(super) root: &'static str,
}

/// The rules that a normalized document must follow.
#[derive(Clone, Copy)]
pub(super) struct Rules<'a> {
    pub(super) shapes: &'a Shapes,
    pub(super) how: Coercion,
    pub(super) introspection: bool,
}

/// Returns the named operation, or the only one; a template without a name runs the first.
pub(super) fn choose<'d>(
    document: &'d ExecutableDocument,
    name: Option<&str>,
    how: Coercion,
) -> Result<&'d Positioned<OperationDefinition>, Problem> {
    match (&document.operations, name) {
        (DocumentOperations::Single(operation), None) => Ok(operation),
        (DocumentOperations::Single(_), Some(name)) => {
            Err(Problem::without_location(format!("There is no operation `{name}`")))
        }
        (DocumentOperations::Multiple(all), Some(name)) => all
            .get(name)
            .ok_or_else(|| Problem::without_location(format!("There is no operation `{name}`"))),
        (DocumentOperations::Multiple(all), None) => {
            if all.len() > 1 && how == Coercion::Normalized {
                return Err(Problem::without_location(
                    "There are several operations: select one by name",
                ));
            }
            let first = all.values().min_by_key(|operation| operation.pos);
            first.ok_or_else(|| Problem::without_location("There is no operation"))
        }
    }
}

/// Normalizes one operation, or returns every problem in it.
pub(super) fn normalize(
    rules: Rules<'_>,
    document: &ExecutableDocument,
    operation: &Positioned<OperationDefinition>,
    given: VariableValues<'_>,
) -> Result<Normalized, Vec<Problem>> {
    let root = match operation.node.ty {
        OperationType::Query => "Query",
        OperationType::Mutation => "Mutation",
        OperationType::Subscription => {
            return Err(vec![Problem::at(operation.pos, "Subscriptions are not supported")]);
        }
    };
    let mut walk = Walk {
        rules,
        known: &document.fragments,
        variables: Variables::new(),
        wanted: Vec::new(),
        only_checks: matches!(given, VariableValues::Unknown),
        problems: Vec::new(),
    };
    let mut operation = operation.clone();
    for definition in std::mem::take(&mut operation.node.variable_definitions) {
        walk.variable(&definition.node, definition.pos, given);
    }
    operation.node.directives.clear();
    // An invalid variable would cause misleading follow-up problems.
    if walk.problems.is_empty() {
        walk.selections(&mut operation.node.selection_set.node, Some(root));
    }
    let fragments = walk.fragments();
    if walk.problems.is_empty() {
        Ok(Normalized { operation, fragments, root })
    } else {
        Err(walk.problems)
    }
}

struct Walk<'a> {
    rules: Rules<'a>,
    known: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    variables: Variables,
    /// The fragments encountered, each once.
    wanted: Vec<Name>,
    only_checks: bool,
    problems: Vec<Problem>,
}

impl Walk<'_> {
    fn report(&mut self, pos: Pos, message: impl Into<String>) {
        self.problems.push(Problem::at(pos, message));
    }

    fn variable(&mut self, definition: &VariableDefinition, pos: Pos, given: VariableValues<'_>) {
        let name = &definition.name.node;
        let ty = &definition.var_type.node;
        if !self.rules.shapes.is_input(shape::named(ty)) {
            return self.report(
                pos,
                format!("The variable ${name} cannot be of type {ty}: no such input"),
            );
        }
        match self.value_of(definition, given) {
            Ok(variable) => {
                self.variables.insert(name.clone(), variable);
            }
            Err(why) => {
                let space = if why.starts_with('.') { "" } else { " " };
                self.report(pos, format!("The variable ${name} of type {ty}{space}{why}"));
            }
        }
    }

    fn value_of(
        &self,
        definition: &VariableDefinition,
        given: VariableValues<'_>,
    ) -> Result<Variable, String> {
        let ty = &definition.var_type.node;
        let normalized = |value| {
            let value = self.rules.shapes.coerce(ty, value, self.rules.how)?;
            let weight = literals::weight(&value);
            Ok::<_, String>(Variable::Is(value, weight))
        };
        let default = definition.default_value.as_ref().map(|value| value.node.clone());
        let values = match given {
            VariableValues::Values(values) => values,
            VariableValues::Unknown => {
                default.map_or(Ok(Variable::Absent), normalized)?;
                return Ok(Variable::Of(ty.clone()));
            }
        };
        match (values.get(definition.name.node.as_str()), default) {
            (Some(json), _) => {
                normalized(Value::from_json(json.clone()).map_err(|error| error.to_string())?)
            }
            (None, Some(default)) => normalized(default),
            (None, None) if ty.nullable => Ok(Variable::Absent),
            (None, None) => Err("was not given".to_owned()),
        }
    }

    /// `ty` is `None` inside introspection, which is left to `async-graphql`.
    fn selections(&mut self, set: &mut SelectionSet, ty: Option<&str>) {
        for selection in &mut set.items {
            self.directives(selection.node.directives_mut());
            match &mut selection.node {
                Selection::Field(field) => self.field(field, ty),
                Selection::FragmentSpread(spread) => {
                    let name = spread.node.fragment_name.node.clone();
                    self.spread(name, spread.pos, ty);
                }
                Selection::InlineFragment(fragment) => {
                    let on = fragment.node.type_condition.as_ref();
                    let on = on.map(|condition| condition.node.on.node.clone());
                    if let (Some(on), Some(ty)) = (&on, ty) {
                        self.condition(on, ty, fragment.pos);
                    }
                    self.selections(&mut fragment.node.selection_set.node, ty);
                }
            }
        }
    }

    fn condition(&mut self, on: &Name, ty: &str, pos: Pos) {
        if !self.rules.shapes.contains(on) {
            self.report(pos, format!("There is no type `{on}`"));
        } else if on != ty {
            self.report(pos, format!("A fragment on `{on}` cannot be part of a `{ty}`"));
        }
    }

    fn spread(&mut self, name: Name, pos: Pos, ty: Option<&str>) {
        let Some(fragment) = self.known.get(&name) else {
            return self.report(pos, format!("There is no fragment `{name}`"));
        };
        if let Some(ty) = ty {
            self.condition(&fragment.node.type_condition.node.on.node, ty, pos);
        }
        if !self.wanted.contains(&name) {
            self.wanted.push(name);
        }
    }

    /// Normalizes every fragment encountered, including nested ones, each once.
    fn fragments(&mut self) -> HashMap<Name, Positioned<FragmentDefinition>> {
        let mut done = HashMap::new();
        let mut next = 0;
        while let Some(name) = self.wanted.get(next).cloned() {
            next += 1;
            let Some(mut fragment) = self.known.get(&name).cloned() else { continue };
            let on = fragment.node.type_condition.node.on.node.to_string();
            let ty = (!on.starts_with("__")).then_some(on.as_str());
            self.selections(&mut fragment.node.selection_set.node, ty);
            done.insert(name, fragment);
        }
        done
    }

    fn field(&mut self, field: &mut Positioned<Field>, ty: Option<&str>) {
        let pos = field.pos;
        let field = &mut field.node;
        let name = field.name.node.clone();
        let Some(ty) = ty.filter(|_| !name.starts_with("__")) else {
            return self.meta_field(field, &name, pos, ty);
        };
        let shapes = self.rules.shapes;
        let Some(known) = shapes.object(ty).and_then(|fields| fields.get(name.as_str())) else {
            return self.report(pos, format!("`{ty}` has no field `{name}`"));
        };
        let given = std::mem::take(&mut field.arguments);
        let mut present: Vec<Name> = Vec::new();
        for (argument, value) in given {
            let Some(input) = known.args.get(argument.node.as_str()) else {
                self.report(
                    argument.pos,
                    format!("`{name}` takes no argument `{}`", argument.node),
                );
                continue;
            };
            let normalized = self.normalize(&input.ty, &value, &argument.node);
            if normalized.is_some() || self.only_checks {
                present.push(argument.node.clone());
            }
            if let Some(normalized) = normalized {
                let pos = value.pos;
                field.arguments.push((argument, Positioned::new(normalized.into_value(), pos)));
            }
        }
        for (argument, input) in &known.args {
            let is_needed = !input.ty.nullable && input.default.is_none();
            if is_needed && !present.iter().any(|name| name == argument) {
                self.report(pos, format!("`{name}` needs the argument `{argument}`"));
            }
        }
        let inner = shape::named(&known.ty);
        match (shapes.is_leaf(inner), field.selection_set.node.items.is_empty()) {
            (true, false) => self.report(pos, format!("`{name}` is {inner} and has no fields")),
            (false, true) => self.report(pos, format!("Field `{name}` needs a selection set")),
            _ => self.selections(&mut field.selection_set.node, Some(inner)),
        }
    }

    /// Handles `__typename`, `__schema`, `__type` and their fields.
    fn meta_field(&mut self, field: &mut Field, name: &Name, pos: Pos, ty: Option<&str>) {
        let at_root = ty == Some("Query") && matches!(name.as_str(), "__schema" | "__type");
        if at_root && !self.rules.introspection {
            return self.report(pos, "Introspection is disabled");
        }
        if !at_root && ty.is_some() && name != "__typename" {
            return self.report(pos, format!("There is no field `{name}`"));
        }
        for (argument, value) in &mut field.arguments {
            match literals::free(&self.variables, &value.node) {
                Ok(normalized) => value.node = normalized.unwrap_or_default().into_value(),
                Err(why) => {
                    let message = format!("`{}` {why}", argument.node);
                    self.problems.push(Problem::at(value.pos, message));
                }
            }
        }
        self.selections(&mut field.selection_set.node, None);
    }

    fn directives(&mut self, directives: &mut [Positioned<Directive>]) {
        let flag = Type { base: BaseType::Named(Name::new("Boolean")), nullable: false };
        for directive in directives {
            let name = directive.node.name.node.clone();
            if !directive::KNOWN.contains(&name.as_str()) {
                self.report(directive.pos, format!("There is no directive `@{name}`"));
                continue;
            }
            if directive.node.get_argument("if").is_none() {
                self.report(directive.pos, format!("`@{name}` needs the argument `if`"));
            }
            for (argument, value) in &mut directive.node.arguments {
                if argument.node != "if" {
                    self.problems.push(Problem::at(
                        argument.pos,
                        format!("`@{name}` takes no argument `{}`", argument.node),
                    ));
                } else if let Some(normalized) = self.normalize(&flag, value, &argument.node) {
                    value.node = normalized.into_value();
                }
            }
        }
    }

    fn normalize(&mut self, ty: &Type, value: &Positioned<Written>, name: &Name) -> Option<Value> {
        let Rules { shapes, how, .. } = self.rules;
        match literals::normalize(shapes, &self.variables, how, ty, &value.node) {
            Ok(normalize) => normalize,
            Err(why) => {
                let mark = if why.starts_with('.') { "" } else { " " };
                self.report(value.pos, format!("`{name}`{mark}{why}"));
                None
            }
        }
    }
}
