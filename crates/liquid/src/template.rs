//! Compiled templates, and how their nodes are rendered.

use crate::context::Context;
use crate::engine::Mode;
use crate::error::{Error, Mark};
use crate::expression::Expression;
use crate::tag::{Flow, Tag};
use crate::text::Text;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A compiled template; clones share it.
#[derive(Debug, Clone)]
pub struct Template(Arc<Compiled>);

#[derive(Debug)]
struct Compiled {
    name: Arc<str>,
    source: Arc<str>,
    body: Block,
    warnings: Vec<Error>,
    /// The length of its last output.
    expected: AtomicUsize,
}

/// The most bytes of output that are reserved in advance.
const EXPECTED_MAX: usize = 64 * 1024;

/// A list of nodes.
#[derive(Debug, Default)]
pub struct Block {
    /// The nodes in order.
    pub nodes: Vec<Node>,
}

/// A node of a compiled template.
#[derive(Debug)]
pub enum Node {
    /// Plain text.
    Text(Text),
    /// `{{ … }}`.
    Output(Expression, Mark),
    /// `{% … %}`.
    Tag(Box<dyn Tag>, Mark),
}

/// A name that a template refers to.
#[derive(Debug, Clone, PartialEq)]
pub struct Reference {
    /// The kind of thing it names: `partial`, `graphql`, `form`, …
    pub kind: &'static str,
    /// The name.
    pub name: Text,
    /// The position of the tag.
    pub mark: Mark,
}

impl Template {
    /// A template from its parts; see [`crate::engine::Engine::compile`].
    pub(super) fn new(name: Arc<str>, source: Arc<str>, body: Block, warnings: Vec<Error>) -> Self {
        let expected = AtomicUsize::new(source.len().min(EXPECTED_MAX));
        Self(Arc::new(Compiled { name, source, body, warnings, expected }))
    }

    /// The name that errors call it.
    pub fn name(&self) -> &Arc<str> {
        &self.0.name
    }

    /// The source it was compiled from.
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// The expected length of the output.
    pub(super) fn expected_output(&self) -> usize {
        self.0.expected.load(Ordering::Relaxed)
    }

    /// Remembers the length of an output.
    pub(super) fn expect_output(&self, bytes: usize) {
        self.0.expected.store(bytes.min(EXPECTED_MAX), Ordering::Relaxed);
    }

    /// The warnings of the compiler.
    pub fn warnings(&self) -> &[Error] {
        &self.0.warnings
    }

    /// The constant names that the template refers to.
    pub fn references(&self) -> Vec<Reference> {
        let mut found = Vec::new();
        self.0.body.references(&mut found);
        found
    }

    /// Renders the template into the output of a render; errors get their position in it.
    ///
    /// # Errors
    /// The first error, with its position in this template.
    pub fn render_into(&self, context: &mut Context<'_>) -> Result<Flow, Error> {
        context.budget.enter()?;
        let outer = context.enter_template(self);
        let result = self.0.body.render(context);
        context.leave_template(outer);
        context.budget.leave();
        result
    }
}

impl Block {
    /// Renders the nodes until one of them ends the block.
    ///
    /// # Errors
    /// The first error, with the position of its node.
    pub fn render(&self, context: &mut Context<'_>) -> Result<Flow, Error> {
        for node in &self.nodes {
            let flow = match node {
                Node::Text(text) => context.write(text).map(|()| Flow::Next),
                Node::Output(expression, mark) => {
                    context.line = mark.line;
                    context
                        .budget
                        .step()
                        .and_then(|()| expression.print(context))
                        .map(|()| Flow::Next)
                        .or_else(|error| context.failed(error, *mark, false))
                }
                Node::Tag(tag, mark) => {
                    context.line = mark.line;
                    context.budget.step().and_then(|()| tag.render(context)).or_else(|error| {
                        // In Ruby's newest mode a blank block does not hide errors.
                        let shows = tag.is_block() && context.engine().mode() == Mode::Strict2;
                        context.failed(error, *mark, tag.is_blank() && !shows)
                    })
                }
            };
            match flow? {
                Flow::Next => {}
                other => return Ok(other),
            }
        }
        Ok(Flow::Next)
    }

    /// Renders the block one level deeper in the budget.
    ///
    /// # Errors
    /// As [`Block::render`], or nesting that is too deep.
    pub fn render_inside(&self, context: &mut Context<'_>) -> Result<Flow, Error> {
        context.budget.enter_block()?;
        let result = self.render(context);
        context.budget.leave_block();
        result
    }

    /// Adds the names that its nodes refer to.
    pub fn references(&self, found: &mut Vec<Reference>) {
        for node in &self.nodes {
            if let Node::Tag(tag, mark) = node {
                let before = found.len();
                tag.references(found);
                for reference in &mut found[before..] {
                    if reference.mark == Mark::default() {
                        reference.mark = *mark;
                    }
                }
            }
        }
    }

    /// Whether the block prints only white space.
    pub fn is_blank(&self) -> bool {
        self.nodes.iter().all(|node| match node {
            Node::Text(text) => text.trim().is_empty(),
            Node::Output(..) => false,
            Node::Tag(tag, _) => tag.is_blank(),
        })
    }

    /// Drops the white space of a blank block, as Ruby does.
    pub fn without_blanks(mut self) -> Self {
        if self.is_blank() {
            self.nodes.retain(|node| !matches!(node, Node::Text(_)));
        }
        self
    }
}
