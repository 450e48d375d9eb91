//! Compiles templates to blocks of nodes, from tokens or from the lines of a `liquid` tag.

use crate::cursor::{Cursor, WARNINGS_MAX};
use crate::engine::{Engine, Mode};
use crate::error::{Error, Mark};
use crate::expression::{Expression, Literal};
use crate::lax;
use crate::lexer::{Lexer, Token};
use crate::lines::{Line, lines_of};
use crate::strict::tag::{self as strict, Strictness};
use crate::tag::Markup;
use crate::template::{Block, Node, Template};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::Arc;

/// The deepest nesting of blocks, which bounds the stack.
const DEPTH_MAX: u32 = 100;

impl Engine {
    /// Compiles a template. `name` is what errors call it.
    ///
    /// # Errors
    /// A syntax error with its place.
    pub fn compile(
        &self,
        name: impl Into<Arc<str>>,
        source: impl Into<Arc<str>>,
    ) -> Result<Template, Error> {
        let (name, source) = (name.into(), source.into());
        let mut parser = Parser::new(&source, self);
        match parser.template() {
            Ok(body) => {
                let start = Mark { line: 1, column: 1 };
                let warnings = parser.into_warnings().into_iter();
                let warnings = warnings.map(|one| one.at(&name, &source, start)).collect();
                Ok(Template::new(name, Arc::clone(&source), body, warnings))
            }
            Err(error) => Err(error.at(&name, &source, parser.mark())),
        }
    }
}

/// Reads a template, or the lines of a `liquid` tag.
pub struct Parser<'a> {
    engine: &'a Engine,
    pieces: Pieces<'a>,
    depth: u32,
    warnings: RefCell<Vec<Error>>,
    /// The positions of the open tags.
    open: Vec<Mark>,
    /// The position of the innermost tag or output that could not be read.
    failed_at: Option<Mark>,
}

enum Pieces<'a> {
    Template(Lexer<'a>),
    Lines(VecDeque<Line<'a>>),
}

/// The tag that ended a block.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct End<'a> {
    /// Its name.
    pub name: &'a str,
    /// The markup after the name.
    pub text: &'a str,
    /// The position of `text`.
    pub text_mark: Mark,
}

impl<'a> Parser<'a> {
    /// A parser over the source of a template.
    pub fn new(source: &'a str, engine: &'a Engine) -> Self {
        Self {
            engine,
            pieces: Pieces::Template(Lexer::new(source, engine.is_ruby())),
            depth: 0,
            warnings: RefCell::default(),
            open: Vec::new(),
            failed_at: None,
        }
    }

    /// The engine, with its tags and filters.
    pub fn engine(&self) -> &'a Engine {
        self.engine
    }

    /// A cursor over markup at the position `start`.
    pub fn cursor<'b>(&'b self, markup: &'b str, start: Mark) -> Cursor<'b> {
        Cursor::new(markup, start, self.engine).with_notes(&self.warnings)
    }

    /// The warnings of the parser.
    pub fn into_warnings(self) -> Vec<Error> {
        self.warnings.into_inner()
    }

    /// The position of the failure, or else of the parser.
    pub fn mark(&self) -> Mark {
        if let Some(mark) = self.failed_at {
            return mark;
        }
        match &self.pieces {
            Pieces::Template(lexer) => lexer.mark(),
            Pieces::Lines(lines) => lines.front().map(|line| line.2).unwrap_or_default(),
        }
    }

    /// Reads a template to its end.
    ///
    /// # Errors
    /// A syntax error; without a position of its own, it is at [`Parser::mark`].
    pub fn template(&mut self) -> Result<Block, Error> {
        self.block(&[]).map(|(block, _)| block)
    }

    /// Reads nodes up to one of the tags in `ends`, which is returned; without `ends`, to the end.
    ///
    /// # Errors
    /// A syntax error, or a block without an end tag.
    pub fn block(&mut self, ends: &[&str]) -> Result<(Block, Option<End<'a>>), Error> {
        if self.depth >= DEPTH_MAX {
            return Err(Error::limit("Nesting too deep"));
        }
        self.depth += 1;
        let result = self.block_inside(ends);
        self.depth -= 1;
        result
    }

    fn block_inside(&mut self, ends: &[&str]) -> Result<(Block, Option<End<'a>>), Error> {
        let mut block = Block::default();
        while let Some(piece) = self.next_piece()? {
            match piece {
                Token::Text("") => {}
                Token::Text(text) => block.nodes.push(Node::Text(text.into())),
                Token::Output(markup, mark, start) => {
                    let expression = self.output(markup, mark, start);
                    let expression = self.record_failure(expression, mark)?;
                    if !matches!(expression, Expression::Literal(Literal::Nil)) {
                        block.nodes.push(Node::Output(expression, mark));
                    }
                }
                Token::Tag(name, text, _, text_mark) if ends.contains(&name) => {
                    let end = End { name, text, text_mark };
                    return Ok((block, Some(end)));
                }
                Token::Tag(name, text, mark, text_mark) => {
                    let markup = Markup { name, text, mark, text_mark };
                    let read = self.tag(&markup, ends, &mut block);
                    self.record_failure(read, mark)?;
                }
            }
        }
        match ends.last() {
            None => Ok((block, None)),
            Some(end) => {
                let name = end.trim_start_matches("end");
                Err(Error::syntax(format!("'{name}' tag was never closed")))
            }
        }
    }

    /// Adds a warning; their number is bounded, because each gets an excerpt.
    fn warn(&mut self, warning: Error) {
        let warnings = self.warnings.get_mut();
        if warnings.len() < WARNINGS_MAX {
            warnings.push(warning);
        }
    }

    /// Remembers the position of the first failure, which is the innermost.
    fn record_failure<T>(&mut self, result: Result<T, Error>, mark: Mark) -> Result<T, Error> {
        if result.is_err() {
            self.failed_at.get_or_insert(mark);
        }
        result
    }

    /// Checks markup by the strict grammar: refuses it in the strict modes, warns in warn mode.
    ///
    /// # Errors
    /// What the grammar refuses.
    pub fn check(&mut self, name: &str, text: &str) -> Result<(), Error> {
        let mark = self.mark();
        self.check_by_mode(mark, |strictness| strict::check(name, text, strictness))
    }

    fn check_by_mode(
        &mut self,
        mark: Mark,
        check: impl Fn(Strictness) -> Result<(), Error>,
    ) -> Result<(), Error> {
        match self.engine.mode() {
            Mode::Lax => Ok(()),
            Mode::Strict2 => check(Strictness::Newest),
            Mode::Strict => check(Strictness::Classic),
            Mode::Warn => {
                if let Err(error) = check(Strictness::Classic) {
                    self.warn(error.marked(mark));
                }
                Ok(())
            }
        }
    }

    fn output(&mut self, markup: &str, mark: Mark, start: Mark) -> Result<Expression, Error> {
        self.check_by_mode(mark, |strictness| strict::check_output(markup, strictness))?;
        self.filtered(markup, start)
    }

    /// Reads markup that is a value with its filters.
    ///
    /// # Errors
    /// A syntax error.
    pub fn filtered(&self, markup: &str, start: Mark) -> Result<Expression, Error> {
        let is_lax = matches!(self.engine.mode(), Mode::Lax | Mode::Warn);
        if self.engine.is_ruby()
            && is_lax
            && strict::check_output(markup, Strictness::Classic).is_err()
        {
            return lax::filtered(markup, self.engine, start);
        }
        self.cursor(markup, start).filtered()
    }

    fn tag(&mut self, markup: &Markup<'_>, ends: &[&str], block: &mut Block) -> Result<(), Error> {
        match self.engine.tag(markup.name) {
            Some(read) => {
                self.check(markup.name, markup.text)?;
                self.open.push(markup.mark);
                let tag = read(markup, self);
                self.open.pop();
                let tag = tag?;
                block.nodes.push(Node::Tag(tag, markup.mark));
                Ok(())
            }
            None if markup.name.is_empty() => Ok(()),
            None => {
                let passes = self.engine.passes_unknown_tags() && !markup.name.starts_with("end");
                if passes && self.warnings.get_mut().len() >= WARNINGS_MAX {
                    return Ok(());
                }
                let ends = if self.is_lines() && ends.is_empty() { &["%}"] } else { ends };
                let mut error = self.engine.unknown_tag(markup.name, ends).marked(markup.mark);
                if let Some(open) = self.open.last().filter(|_| markup.name.starts_with("end")) {
                    error = error.help(Some(format!("the block was opened in line {}", open.line)));
                }
                if passes {
                    self.warn(error);
                    return Ok(());
                }
                Err(error)
            }
        }
    }

    fn next_piece(&mut self) -> Result<Option<Token<'a>>, Error> {
        match &mut self.pieces {
            Pieces::Template(lexer) => lexer.next_token(),
            Pieces::Lines(lines) => {
                Ok(lines.pop_front().map(|(name, text, mark, at)| Token::Tag(name, text, mark, at)))
            }
        }
    }

    fn is_lines(&self) -> bool {
        matches!(self.pieces, Pieces::Lines(_))
    }

    /// Returns the source up to an end tag, unread: for `raw`, `comment` and `doc`.
    ///
    /// # Errors
    /// When there is no such tag.
    pub fn raw_until(&mut self, end_name: &str) -> Result<&'a str, Error> {
        match &mut self.pieces {
            Pieces::Template(lexer) => lexer.raw_until(end_name),
            Pieces::Lines(lines) => {
                while let Some((name, ..)) = lines.pop_front() {
                    if name == end_name {
                        return Ok("");
                    }
                }
                let name = end_name.trim_start_matches("end");
                Err(Error::syntax(format!("'{name}' tag was never closed")))
            }
        }
    }

    /// Skips a comment, with those inside it.
    ///
    /// # Errors
    /// When it has no end tag.
    pub fn comment(&mut self) -> Result<(), Error> {
        let lines = match &mut self.pieces {
            Pieces::Template(lexer) => return lexer.comment(),
            Pieces::Lines(lines) => lines,
        };
        let mut depth = 1;
        while let Some((name, ..)) = lines.pop_front() {
            match name {
                "comment" => depth += 1,
                "endcomment" if depth == 1 => return Ok(()),
                "endcomment" => depth -= 1,
                _ => {}
            }
        }
        Err(Error::syntax("'comment' tag was never closed"))
    }

    /// Reads the nodes of a `liquid` tag, one tag a line.
    ///
    /// # Errors
    /// A syntax error.
    pub fn lines(&mut self, text: &str, start: Mark) -> Result<Block, Error> {
        let pieces = lines_of(text, start, !self.engine.is_ruby());
        let mut inner = Parser {
            engine: self.engine,
            pieces: Pieces::Lines(pieces),
            depth: self.depth,
            warnings: RefCell::default(),
            open: self.open.clone(),
            failed_at: None,
        };
        let result = inner.template();
        self.failed_at = self.failed_at.or(inner.failed_at);
        inner.warnings.into_inner().into_iter().for_each(|warning| self.warn(warning));
        result
    }
}
