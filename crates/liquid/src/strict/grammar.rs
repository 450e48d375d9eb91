//! The strict grammar of expressions, filters and conditions; it accepts or refuses, and builds nothing.

use crate::error::Error;
use crate::strict::token::{Kind, Token, tokens};

/// Brackets may nest this deep.
const DEPTH_MAX: u32 = 64;

type Accepted = Result<(), Error>;

/// A place among the tokens of one markup.
pub struct Grammar<'a> {
    tokens: Vec<Token<'a>>,
    place: usize,
    depth: u32,
    /// The newest grammar: no bare brackets, commas may stand at the end.
    newest: bool,
}

impl<'a> Grammar<'a> {
    /// The beginning of a markup.
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

    /// Whether this comes next.
    pub fn looks(&self, kind: Kind) -> bool {
        self.token(0).kind == kind
    }

    /// Takes what comes next, if it is this.
    pub fn eat(&mut self, kind: Kind) -> bool {
        let found = self.looks(kind);
        self.place += usize::from(found);
        found
    }

    /// Takes a word, if it comes next.
    pub fn eat_word(&mut self, word: &str) -> bool {
        let found = self.looks(Kind::Id) && self.token(0).text == word;
        self.place += usize::from(found);
        found
    }

    /// Takes what has to come next.
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

    /// The markup ends here.
    ///
    /// # Errors
    /// When it does not.
    pub fn end(&mut self) -> Accepted {
        self.take(Kind::End).map(|_| ())
    }

    /// A value.
    ///
    /// # Errors
    /// When it is none.
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

    /// A value with its filters, or nothing.
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

    /// A whole condition.
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

    /// `name: value` pairs, a comma behind each if it likes, up to the end.
    ///
    /// # Errors
    /// When a pair is malformed, or `known` does not know its name.
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
