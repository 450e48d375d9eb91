//! `for x in collection limit: n offset: m reversed … else … endfor`.

use crate::context::Context;
use crate::cursor::Cursor;
use crate::error::Error;
use crate::expression::Expression;
use crate::parser::Parser;
use crate::tag::{Flow, Markup, Tag};
use crate::template::{Block, Reference};
use crate::text::Text;
use crate::value::numbers::{leading_int, of_length};
use crate::value::{Hash, LiquidDrop, List, Value, pair};
use crate::variables::FrameKind;
use serde_json::{Value as Json, json};
use std::cell::Cell;
use std::rc::Rc;

#[derive(Debug)]
struct For {
    head: Head,
    body: Block,
    otherwise: Option<Block>,
    name: Text,
    /// The name under which its position is kept for `offset: continue`.
    key: Text,
}

/// The head of `for` and `tablerow`.
#[derive(Debug)]
pub struct Head {
    /// The loop's variable.
    pub variable: Text,
    /// The collection.
    pub collection: Expression,
    /// `reversed`.
    pub reversed: bool,
    /// Whether it is a `tablerow`, which converts its options to numbers.
    pub is_table: bool,
    /// `offset: continue`.
    pub continues: bool,
    /// `limit`, `offset`, `cols` and the like.
    pub options: Vec<(Text, Expression)>,
}

/// Reads the tag.
///
/// # Errors
/// When there is no `x in y`, or no `endfor`.
pub fn read(markup: &Markup<'_>, parser: &mut Parser<'_>) -> Result<Box<dyn Tag>, Error> {
    let head = read_head(&mut markup.cursor(parser), "for")?;
    let name = format!("{}-{}", head.variable, collection_text(markup.text));
    let key = format!("for {name}").into();
    let (body, end) = parser.block(&["else", "endfor"])?;
    let otherwise = match end {
        Some(end) if end.name == "else" => Some(parser.block(&["endfor"])?.0.without_blanks()),
        _ => None,
    };
    let (body, name) = (body.without_blanks(), name.into());
    Ok(Box::new(For { head, body, otherwise, name, key }))
}

fn collection_text(text: &str) -> &str {
    let behind = text.split_once(" in ").map_or(text, |(_, behind)| behind).trim();
    behind.split_whitespace().next().unwrap_or(behind)
}

/// Reads `x in y` and the options after it.
///
/// # Errors
/// When the head has another form.
pub fn read_head(cursor: &mut Cursor<'_>, tag: &str) -> Result<Head, Error> {
    let syntax = || {
        Error::syntax(format!(
            "Syntax Error in '{tag} loop' - Valid syntax: {tag} [item] in [collection]"
        ))
    };
    let variable = cursor.name().ok_or_else(syntax)?;
    if !cursor.eat_word("in") {
        return Err(syntax());
    }
    let collection = cursor.primary()?;
    let is_table = tag == "tablerow";
    let mut head = Head {
        variable,
        collection,
        is_table,
        reversed: false,
        continues: false,
        options: Vec::new(),
    };
    while !cursor.is_done() {
        cursor.eat(",");
        match cursor.name() {
            Some(name) if cursor.eat(":") => {
                if &*name == "offset" && cursor.eat_word("continue") {
                    head.continues = true;
                } else {
                    head.continues &= &*name != "offset";
                    head.options.push((name, cursor.primary()?));
                }
            }
            Some(name) if name == "reversed" => head.reversed = true,
            Some(_) => {}
            // Malformed markup is skipped, as Ruby's lax parser does.
            None => break,
        }
    }
    Ok(head)
}

/// The values of a loop: a part of a collection, which is not copied.
pub struct Items {
    source: Source,
    skip: usize,
    count: usize,
}

enum Source {
    List(List),
    Pairs(Hash),
    /// The first number.
    Numbers(i64),
    One(Value),
}

impl Items {
    /// All values: the entries of a hash, a string once, none for nil.
    pub fn of(collection: &Value) -> Self {
        Self::between(collection, 0, None)
    }

    /// The values between two positions; negative positions are clamped.
    pub fn between(collection: &Value, from: i64, to: Option<i64>) -> Self {
        let skip = usize::try_from(from).unwrap_or(0);
        let end = to.map_or(usize::MAX, |to| usize::try_from(to).unwrap_or(0));
        let part = |source: Source, length: usize| {
            let count = length.saturating_sub(skip).min(end.saturating_sub(skip));
            Self { source, skip, count }
        };
        match collection {
            Value::Range(first, last) => {
                let length = last.saturating_sub(*first).saturating_add(1).max(0);
                part(Source::Numbers(*first), usize::try_from(length).unwrap_or(0))
            }
            Value::List(list) => part(Source::List(Rc::clone(list)), list.borrow().len()),
            Value::Hash(hash) => part(Source::Pairs(Rc::clone(hash)), hash.borrow().len()),
            Value::Drop(drop) => match Value::from(drop.to_json()) {
                plain @ (Value::List(_) | Value::Hash(_)) => Self::between(&plain, from, to),
                _ => part(Source::One(Value::Nil), 0),
            },
            // Ruby does not apply offset and limit to a string.
            Value::Text(text, _) if !text.is_empty() => Self::one(collection.clone()),
            _ => part(Source::One(Value::Nil), 0),
        }
    }

    /// A single value.
    pub fn one(value: Value) -> Self {
        Self { source: Source::One(value), skip: 0, count: 1 }
    }

    /// The number of values.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The value at a position; nil where the loop's body removed it.
    pub fn at(&self, index: usize) -> Value {
        let index = self.skip.saturating_add(index);
        match &self.source {
            Source::List(list) => list.borrow().get(index).cloned().unwrap_or_default(),
            Source::Pairs(hash) => hash.borrow().get_index(index).map_or(Value::Nil, pair),
            Source::Numbers(first) => Value::Int(first.saturating_add_unsigned(index as u64)),
            Source::One(value) => value.clone(),
        }
    }
}

impl Head {
    /// The option of that name, as a number.
    ///
    /// # Errors
    /// When the option is not a number.
    pub fn option(&self, name: &str, context: &mut Context<'_>) -> Result<Option<i64>, Error> {
        let Some((_, expression)) = self.options.iter().rev().find(|(one, _)| &**one == name)
        else {
            return Ok(None);
        };
        match expression.evaluate(context)? {
            Value::Nil if self.is_table => Ok(Some(0)),
            Value::Text(text, _) if self.is_table => Ok(Some(leading_int(&text).unwrap_or(0))),
            Value::Nil => Ok(None),
            Value::Big(number) => Ok(Some(if *number < 0 { i64::MIN } else { i64::MAX })),
            value => value.to_int().map(Some).ok_or_else(|| Error::argument("invalid integer")),
        }
    }

    /// The values to loop over, after `offset` and `limit`.
    ///
    /// # Errors
    /// When an option is not a number.
    pub fn items(&self, context: &mut Context<'_>, key: &Text) -> Result<Items, Error> {
        let collection = self.collection.evaluate(context)?;
        let from = if self.continues {
            context.tallies.get(key).and_then(Value::to_int).unwrap_or(0)
        } else {
            self.option("offset", context)?.unwrap_or(0)
        };
        let to = self.option("limit", context)?.map(|limit| limit.saturating_add(from));
        let items = Items::between(&collection, from, to);
        let next = from.saturating_add(of_length(items.len()));
        match context.tallies.get_mut(key) {
            Some(index) => *index = Value::Int(next),
            None => drop(context.tallies.insert(key.clone(), Value::Int(next))),
        }
        Ok(items)
    }
}

/// `forloop`.
#[derive(Debug)]
pub struct ForLoop {
    name: Text,
    length: usize,
    index: Cell<usize>,
    parent: Value,
}

impl ForLoop {
    /// A `forloop` at its first turn, and the same as a value.
    pub fn start(name: Text, length: usize, parent: Value) -> (Rc<Self>, Value) {
        let shown = Rc::new(Self { name, length, index: Cell::new(0), parent });
        let value = Value::Drop(Rc::clone(&shown) as Rc<dyn LiquidDrop>);
        (shown, value)
    }

    /// Moves on to a turn.
    pub fn turn(&self, index: usize) {
        self.index.set(index);
    }
}

impl LiquidDrop for ForLoop {
    fn get(&self, key: &str) -> Option<Value> {
        let index = self.index.get();
        let number = |n: usize| Some(Value::Int(of_length(n)));
        match key {
            "index" => number(index + 1),
            "index0" => number(index),
            "rindex" => number(self.length.saturating_sub(index)),
            "rindex0" => Some(Value::Int(of_length(self.length) - of_length(index) - 1)),
            "first" => Some(Value::Bool(index == 0)),
            "last" => Some(Value::Bool(index + 1 == self.length)),
            "length" => number(self.length),
            "name" => Some(Value::text(self.name.clone())),
            "parentloop" => Some(self.parent.clone()),
            _ => None,
        }
    }

    fn to_json(&self) -> Json {
        json!("Liquid::ForloopDrop")
    }
}

impl Tag for For {
    fn render(&self, context: &mut Context<'_>) -> Result<Flow, Error> {
        let items = self.head.items(context, &self.key)?;
        if items.is_empty() {
            return match &self.otherwise {
                Some(block) => block.render_inside(context),
                None => Ok(Flow::Next),
            };
        }
        let parent = context.variable("forloop");
        let (drop, forloop) = ForLoop::start(self.name.clone(), items.len(), parent);
        let variables = [("forloop".into(), forloop)];
        context.budget.enter()?;
        let result = context.with_frame(FrameKind::Block, variables, |context| {
            for turn in 0..items.len() {
                context.budget.step()?;
                drop.turn(turn);
                let index = if self.head.reversed { items.len() - 1 - turn } else { turn };
                context.set_local(&self.head.variable, items.at(index));
                match self.body.render_inside(context)? {
                    Flow::Next | Flow::Continue => drop.turn(turn + 1),
                    Flow::Break => break,
                    other => return Ok(other),
                }
            }
            Ok(Flow::Next)
        });
        context.budget.leave();
        result
    }

    fn references(&self, found: &mut Vec<Reference>) {
        self.body.references(found);
        self.otherwise.iter().for_each(|block| block.references(found));
    }

    fn is_block(&self) -> bool {
        true
    }

    fn is_blank(&self) -> bool {
        self.body.is_blank() && self.otherwise.as_ref().is_none_or(Block::is_blank)
    }
}
