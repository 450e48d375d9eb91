//! Reads conditions and comparisons.

use crate::condition::{Condition, Operator};
use crate::cursor::Cursor;
use crate::error::Error;
use crate::expression::Expression;

/// The most `and` and `or` of one condition.
const CHAIN_MAX: usize = 500;

impl<'a> Cursor<'a> {
    /// Reads a value, or a comparison of two.
    ///
    /// # Errors
    /// A syntax error.
    pub fn operand(&mut self) -> Result<Expression, Error> {
        let left = self.primary()?;
        let place = self.place;
        let Some(operator) = self.operator() else {
            self.place = place;
            return Ok(left);
        };
        let right = self.primary()?;
        let compared = Condition::Compare(left, operator, right);
        Ok(Expression::Condition(Box::new(self.chained(compared)?)))
    }

    fn operator(&mut self) -> Option<Operator> {
        let rest = self.space().rest();
        let signs: &[&str] = match rest.starts_with(['=', '!', '<', '>']) {
            true => &["==", "!=", "<>", "<=", ">=", "<", ">"],
            false => &[],
        };
        for word in signs {
            // In platformOS `<<` appends and is not a comparison.
            if rest.starts_with(word) && !rest.starts_with("<<") {
                self.place += word.len();
                return Operator::from_word(word);
            }
        }
        let found = self.eat_word("contains");
        found.then_some(Operator::Contains)
    }

    /// Reads a condition; `and` and `or` bind from right to left.
    ///
    /// # Errors
    /// A syntax error.
    pub fn condition(&mut self) -> Result<Condition, Error> {
        let first = self.deeper(Self::relation)?;
        self.chained(first)
    }

    /// Reads a value, or a comparison of two.
    fn relation(&mut self) -> Result<Condition, Error> {
        // Lax Ruby reads `!name` as `name`.
        let rest = self.space().rest();
        if self.engine.is_ruby() && rest.starts_with('!') && !rest.starts_with("!=") {
            self.place += 1;
        }
        let left = self.primary()?;
        if let Some(word) = self.no_operator() {
            let _ = self.primary()?;
            return Ok(Condition::Unknown(word.into()));
        }
        Ok(match self.operator() {
            Some(operator) => Condition::Compare(left, operator, self.primary()?),
            None => Condition::Truth(self.filters(left)?),
        })
    }

    /// Reads a word that Ruby Liquid takes for an operator, although it is none.
    fn no_operator(&mut self) -> Option<&'a str> {
        let rest = self.space().rest();
        let is_part = |c: char| c.is_ascii_lowercase() || "=!<>_".contains(c);
        let word = &rest[..rest.find(|c| !is_part(c)).unwrap_or(rest.len())];
        let is_known = word.is_empty()
            || Operator::from_word(word).is_some()
            || matches!(word, "and" | "or")
            || word.starts_with(['<', '>']);
        if is_known || !self.engine.is_ruby() {
            return None;
        }
        self.place += word.len();
        Some(word)
    }

    /// Reads the rest of a condition after its first relation, without recursion.
    fn chained(&mut self, first: Condition) -> Result<Condition, Error> {
        let mut left = Vec::new();
        let mut last = first;
        loop {
            let is_and = self.eat_word("and");
            if !is_and && !self.eat_word("or") {
                break;
            }
            if left.len() >= CHAIN_MAX {
                return Err(Error::limit("Nesting too deep"));
            }
            left.push((last, is_and));
            last = self.deeper(Self::relation)?;
        }
        Ok(left.into_iter().rev().fold(last, |right, (left, is_and)| match is_and {
            true => Condition::And(Box::new(left), Box::new(right)),
            false => Condition::Or(Box::new(left), Box::new(right)),
        }))
    }
}
