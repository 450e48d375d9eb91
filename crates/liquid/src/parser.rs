//! Builds blocks of nodes from the pieces the lexer cuts, and from the lines of a `liquid` tag.

use crate::cursor::{Cursor, WARNINGS_MAX};
use crate::engine::{Engine, Mode};
use crate::error::{Error, Mark};
use crate::expression::{Expression, Literal};
use crate::lax;
use crate::lexer::{Lexer, Token};
use crate::lines::{Line, lines_of};
use crate::strict::tag as strict;
use crate::tag::Markup;
use crate::template::{Block, Node};
use std::cell::RefCell;
use std::collections::VecDeque;

/// Blocks may nest this deep; deeper ones are an error, not a stack overflow.
const DEPTH_MAX: u32 = 100;

/// Reads a template or the inside of a `liquid` tag.
pub struct Parser<'a> {
    engine: &'a Engine,
    pieces: Pieces<'a>,
    depth: u32,
    warnings: RefCell<Vec<Error>>,
    /// Where the tags begin that are being read.
    open: Vec<Mark>,
    /// Where the innermost tag or output begins that could not be read.
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
    /// What stands behind the name.
    pub text: &'a str,
    /// Where that begins.
    pub text_mark: Mark,
}

impl<'a> Parser<'a> {
    /// A parser over a whole template.
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

    /// A cursor over markup that stands at `start`.
    pub fn cursor<'b>(&'b self, markup: &'b str, start: Mark) -> Cursor<'b> {
        Cursor::new(markup, start, self.engine).noting(&self.warnings)
    }

    /// What was noticed while reading.
    pub fn into_warnings(self) -> Vec<Error> {
        self.warnings.into_inner()
    }

    /// Where the parser failed, or stands.
    pub fn mark(&self) -> Mark {
        if let Some(mark) = self.failed_at {
            return mark;
        }
        match &self.pieces {
            Pieces::Template(lexer) => lexer.mark(),
            Pieces::Lines(lines) => lines.front().map(|line| line.2).unwrap_or_default(),
        }
    }

    /// A whole template.
    ///
    /// # Errors
    /// A syntax error; its place is the parser's when it has none.
    pub fn template(&mut self) -> Result<Block, Error> {
        self.block(&[]).map(|(block, _)| block)
    }

    /// Nodes up to one of the tags named in `ends`, which is returned; with none, up to the end.
    ///
    /// # Errors
    /// A syntax error, or a block without its end.
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
                    let expression = self.noted(expression, mark)?;
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
                    self.noted(read, mark)?;
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

    /// Notes something, within reason: each of them gets its excerpt.
    fn warn(&mut self, warning: Error) {
        let warnings = self.warnings.get_mut();
        if warnings.len() < WARNINGS_MAX {
            warnings.push(warning);
        }
    }

    /// Remembers where the first failure began, which is the innermost.
    fn noted<T>(&mut self, result: Result<T, Error>, mark: Mark) -> Result<T, Error> {
        if result.is_err() {
            self.failed_at.get_or_insert(mark);
        }
        result
    }

    /// In strict mode, refuses markup that the strict grammar does not know; warns in warn mode.
    ///
    /// # Errors
    /// What the grammar says.
    pub fn check(&mut self, name: &str, text: &str) -> Result<(), Error> {
        let mark = self.mark();
        self.judge(mark, |newest| strict::check(name, text, newest))
    }

    fn judge(
        &mut self,
        mark: Mark,
        check: impl Fn(bool) -> Result<(), Error>,
    ) -> Result<(), Error> {
        match self.engine.mode() {
            Mode::Lax => Ok(()),
            Mode::Strict2 => check(true),
            Mode::Strict => check(false),
            Mode::Warn => {
                if let Err(error) = check(false) {
                    self.warn(error.marked(mark));
                }
                Ok(())
            }
        }
    }

    fn output(&mut self, markup: &str, mark: Mark, start: Mark) -> Result<Expression, Error> {
        self.judge(mark, |newest| strict::check_output(markup, newest))?;
        self.filtered(markup, start)
    }

    /// A whole markup that is a value with its filters.
    ///
    /// # Errors
    /// A syntax error.
    pub fn filtered(&self, markup: &str, start: Mark) -> Result<Expression, Error> {
        let is_lax = matches!(self.engine.mode(), Mode::Lax | Mode::Warn);
        if self.engine.is_ruby() && is_lax && strict::check_output(markup, false).is_err() {
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

    /// The text up to a tag, whatever is in it: for `raw`, `comment` and `doc`.
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

    /// Passes over a comment, with those inside it.
    ///
    /// # Errors
    /// When it has no end.
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

    /// The nodes of a `liquid` tag: a tag a line.
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
