//! The strict grammar of expressions, filters and conditions, which accepts or refuses markup.

use crate::error::Error;
use crate::strict::token::{Kind, Token, tokens};

/// Brackets may nest this deep.
const DEPTH_MAX: u32 = 64;

type Accepted = Result<(), Error>;

/// A position among the tokens of a markup.
pub struct Grammar<'a> {
    tokens: Vec<Token<'a>>,
    place: usize,
    depth: u32,
    /// The newest grammar: refuses bare brackets, allows commas at the end.
    newest: bool,
}

impl<'a> Grammar<'a> {
    /// The grammar at the start of a markup.
    ///
    /// # Errors
    /// A character that belongs to no token.
    pub fn new(markup: &'a str, newest: bool) -> Result<Self, Error> {
        Ok(Self { tokens: tokens(markup)?, place: 0, depth: 0, newest })
    }

    fn token(&self, ahead: usize) -> Token<'a> {
        let end = Token { kind: Kind::End, text: "" };
        self.tokens.get(self.place + ahead).copied().unwrap_or(end)
    }

    /// Whether the next token is of that kind.
    pub fn looks(&self, kind: Kind) -> bool {
        self.token(0).kind == kind
    }

    /// Takes the next token, if it is of that kind.
    pub fn eat(&mut self, kind: Kind) -> bool {
        let found = self.looks(kind);
        self.place += usize::from(found);
        found
    }

    /// Takes the next token, if it is that word.
    pub fn eat_word(&mut self, word: &str) -> bool {
        let found = self.looks(Kind::Id) && self.token(0).text == word;
        self.place += usize::from(found);
        found
    }

    /// Takes the next token, which has to be of that kind.
    ///
    /// # Errors
    /// `Expected X but found Y`.
    pub fn take(&mut self, kind: Kind) -> Result<&'a str, Error> {
        let token = self.token(0);
        if token.kind != kind {
            return Err(Error::syntax(format!("Expected {kind} but found {}", token.kind)));
        }
        self.place += 1;
        Ok(token.text)
    }

    /// Accepts the end of the markup.
    ///
    /// # Errors
    /// When more tokens follow.
    pub fn end(&mut self) -> Accepted {
        self.take(Kind::End).map(|_| ())
    }

    /// Accepts a value.
    ///
    /// # Errors
    /// When it is malformed.
    pub fn expression(&mut self) -> Accepted {
        if self.depth >= DEPTH_MAX {
            return Err(Error::limit("Nesting too deep"));
        }
        self.depth += 1;
        let result = self.expression_inside();
        self.depth -= 1;
        result
    }

    fn expression_inside(&mut self) -> Accepted {
        let token = self.token(0);
        match token.kind {
            Kind::Id => {
                self.place += 1;
                self.lookups()
            }
            Kind::OpenSquare if self.newest => {
                let message = "Bare bracket access is not allowed. Use self['...'] instead";
                Err(Error::syntax(message))
            }
            Kind::OpenSquare => self.lookups(),
            Kind::Text | Kind::Number => {
                self.place += 1;
                Ok(())
            }
            Kind::OpenRound => {
                self.place += 1;
                self.expression()?;
                self.take(Kind::DotDot)?;
                self.expression()?;
                self.take(Kind::CloseRound).map(|_| ())
            }
            _ => Err(Error::syntax(format!("{token} is not a valid expression"))),
        }
    }

    fn lookups(&mut self) -> Accepted {
        loop {
            if self.eat(Kind::OpenSquare) {
                self.expression()?;
                self.take(Kind::CloseSquare)?;
            } else if self.eat(Kind::Dot) {
                self.take(Kind::Id)?;
            } else {
                return Ok(());
            }
        }
    }

    /// Accepts a value with its filters, or an empty markup.
    ///
    /// # Errors
    /// When it is malformed.
    pub fn filtered(&mut self) -> Accepted {
        if self.looks(Kind::End) {
            return Ok(());
        }
        self.expression()?;
        while self.eat(Kind::Pipe) {
            self.take(Kind::Id)?;
            if self.eat(Kind::Colon) {
                self.arguments()?;
            }
        }
        self.end()
    }

    fn arguments(&mut self) -> Accepted {
        if !self.newest || !self.arguments_end() {
            self.argument()?;
        }
        while self.eat(Kind::Comma) {
            if self.newest && self.arguments_end() {
                break;
            }
            self.argument()?;
        }
        Ok(())
    }

    fn arguments_end(&self) -> bool {
        self.looks(Kind::Pipe) || self.looks(Kind::End)
    }

    fn argument(&mut self) -> Accepted {
        if self.looks(Kind::Id) && self.token(1).kind == Kind::Colon {
            self.place += 2;
        }
        self.expression()
    }

    /// Accepts a condition.
    ///
    /// # Errors
    /// When it is malformed.
    pub fn condition(&mut self) -> Accepted {
        loop {
            self.expression()?;
            if self.eat(Kind::Comparison) {
                self.expression()?;
            }
            if !self.eat_word("and") && !self.eat_word("or") {
                return self.end();
            }
        }
    }

    /// Accepts `name: value` pairs up to the end, with or without commas.
    ///
    /// # Errors
    /// When a pair is malformed, or `known` refuses its name.
    pub fn pairs(&mut self, known: impl Fn(&str) -> Accepted) -> Accepted {
        self.eat(Kind::Comma);
        while self.looks(Kind::Id) {
            known(self.take(Kind::Id)?)?;
            self.take(Kind::Colon)?;
            self.expression()?;
            self.eat(Kind::Comma);
        }
        self.end()
    }
}
