//! Reads filters, and the arguments of filters and tags.

use crate::cursor::{Cursor, TagArguments, WARNINGS_MAX};
use crate::error::{Error, Mark};
use crate::expression::{Expression, FilterCall, Filtered};
use crate::text::Text;

impl Cursor<'_> {
    /// Reads a value or a condition, with its filters.
    ///
    /// # Errors
    /// A syntax error.
    pub fn filtered(&mut self) -> Result<Expression, Error> {
        self.deeper(|cursor| {
            let base = cursor.operand()?;
            cursor.filters(base)
        })
    }

    /// Reads the filters after a value.
    ///
    /// # Errors
    /// A syntax error, or an unknown filter in a strict engine.
    pub fn filters(&mut self, base: Expression) -> Result<Expression, Error> {
        let mut filters = Vec::new();
        loop {
            self.space();
            if self.rest().is_empty() || self.rest().starts_with([',', ')', ']', '}']) {
                break;
            }
            if !self.eat("|") {
                // Ruby's lax parser skips malformed markup up to the next filter.
                match self.rest().find('|') {
                    Some(next) if self.engine.passes_unknown_filters() => self.place += next,
                    _ => break,
                }
                continue;
            }
            let mark = self.space().mark();
            let Some(name) = self.word() else { continue };
            let (positional, named) = if self.eat(":") {
                let arguments = self.arguments()?;
                (arguments.positional, arguments.named)
            } else {
                (Vec::new(), Vec::new())
            };
            let filter = self.engine.filter(name).cloned();
            if filter.is_none() {
                self.unknown_filter(name, mark)?;
            }
            filters.push(FilterCall { name: name.into(), filter, positional, named, mark });
        }
        Ok(if filters.is_empty() {
            base
        } else {
            Expression::Filtered(Box::new(Filtered { base, filters }))
        })
    }

    /// Refuses an unknown filter, or adds a warning where values pass through it.
    fn unknown_filter(&self, name: &str, mark: Mark) -> Result<(), Error> {
        let room = self.notes.filter(|notes| notes.borrow().len() < WARNINGS_MAX);
        if let Some(notes) = room.filter(|_| self.engine.passes_unknown_filters()) {
            notes.borrow_mut().push(self.engine.unknown_filter(name).marked(mark));
        }
        self.engine.check_filter(name).map_err(|error| error.marked(mark))
    }

    /// Reads arguments up to a filter, a bracket or the end; commas are optional.
    ///
    /// # Errors
    /// A syntax error.
    pub fn arguments(&mut self) -> Result<TagArguments, Error> {
        let mut arguments = TagArguments::default();
        loop {
            while self.eat(",") {}
            if self.space().rest().is_empty() || self.rest().starts_with(['|', ')', ']', '}']) {
                return Ok(arguments);
            }
            if let Some(name) = self.argument_name() {
                let value = self.operand()?;
                arguments.named.push((name, value));
                continue;
            }
            let before = self.place;
            arguments.positional.push(self.operand()?);
            if self.place == before {
                // Skip a character that begins no argument.
                self.skip_char();
                arguments.positional.pop();
            }
        }
    }

    /// Reads `name:` or `'name':`, if it is next.
    fn argument_name(&mut self) -> Option<Text> {
        let place = self.space().place;
        let name = self.word_or_text();
        if let Some(name) = name
            && self.space().rest().starts_with(':')
        {
            self.place += 1;
            return Some(name.into());
        }
        self.place = place;
        None
    }
}
