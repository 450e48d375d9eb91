//! `if … elsif … else … endif` and `unless … endunless`.

use crate::condition::Condition;
use crate::context::Context;
use crate::error::Error;
use crate::parser::Parser;
use crate::tag::{Flow, Markup, Tag};
use crate::template::{Block, Reference};

#[derive(Debug)]
struct If {
    /// Each branch: its condition, whether that is negated, and its body.
    branches: Vec<(Option<Condition>, bool, Block)>,
}

/// Reads either tag.
///
/// # Errors
/// When a condition is malformed or the end is missing.
pub fn read(markup: &Markup<'_>, parser: &mut Parser<'_>) -> Result<Box<dyn Tag>, Error> {
    let is_unless = markup.name == "unless";
    let ends = ["elsif", "else", if is_unless { "endunless" } else { "endif" }];
    if markup.text.trim().is_empty() {
        let name = markup.name;
        return Err(Error::syntax(format!(
            "Syntax Error in tag '{name}' - Valid syntax: {name} [expression]"
        )));
    }
    let mut condition = Some(markup.cursor(parser).condition()?);
    let mut negated = is_unless;
    let mut branches = Vec::new();
    loop {
        let (body, end) = parser.block(&ends)?;
        branches.push((condition, negated, body.without_blanks()));
        negated = false;
        match end {
            Some(end) if end.name == "elsif" => {
                let next = Markup {
                    name: "elsif",
                    text: end.text,
                    mark: end.text_mark,
                    text_mark: end.text_mark,
                };
                parser.check("elsif", end.text)?;
                condition = Some(next.cursor(parser).condition()?);
            }
            Some(end) if end.name == "else" => condition = None,
            _ => return Ok(Box::new(If { branches })),
        }
    }
}

impl Tag for If {
    fn render(&self, context: &mut Context<'_>) -> Result<Flow, Error> {
        for (condition, negated, body) in &self.branches {
            let holds = match condition {
                Some(condition) => condition.holds(context)? != *negated,
                None => true,
            };
            if holds {
                return body.render_inside(context);
            }
        }
        Ok(Flow::Next)
    }

    fn references(&self, found: &mut Vec<Reference>) {
        self.branches.iter().for_each(|(_, _, body)| body.references(found));
    }

    fn is_block(&self) -> bool {
        true
    }

    fn is_blank(&self) -> bool {
        self.branches.iter().all(|(_, _, body)| body.is_blank())
    }
}
