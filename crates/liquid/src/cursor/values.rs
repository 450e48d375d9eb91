//! Reads values: constants, ranges, lists, hashes, and paths.

use crate::cursor::Cursor;
use crate::error::Error;
use crate::expression::{Expression, Literal, Path, PathStep, Root};

impl<'a> Cursor<'a> {
    /// Reads a constant, a path, a range, a list or a hash; an empty markup is nil.
    ///
    /// # Errors
    /// A syntax error.
    pub fn primary(&mut self) -> Result<Expression, Error> {
        self.deeper(Self::primary_inside)
    }

    fn primary_inside(&mut self) -> Result<Expression, Error> {
        let begin = self.space().place;
        if let Some(text) = self.inside_quotes() {
            return self.text_of(text, begin);
        }
        // platformOS' old sigil for a variable.
        self.eat("@");
        let rest = self.space().rest();
        let first = rest.bytes().next().map_or(' ', char::from);
        if self.engine.is_ruby() && first == '.' && !rest.starts_with("..") {
            // Lax Ruby reads only the names of a malformed path.
            self.place += 1;
            return match self.step_name() {
                Some(name) => self.steps_from(name),
                None => Ok(Expression::Literal(Literal::Nil)),
            };
        }
        match first {
            '"' | '\'' => {
                Err(self.fault(self.place, format!("the text {} has no end", clip(rest))))
            }
            '0'..='9' | '-' | '+' => Ok(self.number()),
            '(' => self.range(),
            '[' => self.list_or_dynamic(),
            '{' => self.hash(),
            _ => self.path(),
        }
    }

    /// A string constant, or a string with values where the engine interpolates.
    fn text_of(&self, text: &str, begin: usize) -> Result<Expression, Error> {
        let constant = |text: &str| Expression::Literal(Literal::Text(text.into()));
        if !self.engine.interpolates() || !text.contains("{{") {
            return Ok(constant(text));
        }
        // The quote is before the string.
        let begin = self.start.after(&self.text[..begin + 1]);
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, inside, behind)) = rest
            .split_once("{{")
            .and_then(|(before, rest)| rest.split_once("}}").map(|(one, two)| (before, one, two)))
        {
            if !before.is_empty() {
                pieces.push(constant(before));
            }
            let passed = text.len() - behind.len() - inside.len() - 2;
            let mut inner = Cursor::new(inside, begin.after(&text[..passed]), self.engine);
            (inner.notes, inner.depth) = (self.notes, self.depth);
            pieces.push(inner.filtered()?);
            rest = behind;
        }
        if !rest.is_empty() {
            pieces.push(constant(rest));
        }
        Ok(Expression::Joined(pieces))
    }

    fn number(&mut self) -> Expression {
        let rest = self.rest();
        let signed = rest.strip_prefix(['-', '+']).unwrap_or(rest);
        let sign = rest.len() - signed.len();
        let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let whole = digits(signed);
        if whole == 0 {
            // Liquid has no negation: `-a` is nil.
            self.place += 1;
            return Expression::Literal(Literal::Nil);
        }
        let behind = &signed[whole..];
        let decimals = behind.strip_prefix('.').map_or(0, digits);
        let end = sign + whole + if decimals > 0 { decimals + 1 } else { 0 };
        self.place += end;
        let text = rest[..end].trim_start_matches('+');
        let literal = match text.parse() {
            Ok(number) if decimals == 0 => Literal::Int(number),
            // An integer of more than 128 bits becomes the nearest float.
            _ => match text.parse() {
                Ok(number) => Literal::Big(number),
                Err(_) => Literal::Float(text.parse().unwrap_or_default()),
            },
        };
        Expression::Literal(literal)
    }

    fn range(&mut self) -> Result<Expression, Error> {
        self.eat("(");
        let from = self.operand()?;
        if self.eat("..") {
            self.eat(".");
            let to = self.operand()?;
            self.eat(")");
            return Ok(Expression::Range(Box::new(from), Box::new(to)));
        }
        let inside = self.filters(from)?;
        self.eat(")");
        Ok(inside)
    }

    fn list_or_dynamic(&mut self) -> Result<Expression, Error> {
        let begin = self.place;
        self.eat("[");
        let mut items = Vec::new();
        loop {
            while self.eat(",") {}
            if self.eat("]") {
                break;
            }
            if self.is_done() {
                if self.engine.is_ruby() {
                    break;
                }
                return Err(self.fault(begin, "a `[` has no `]`"));
            }
            let before = self.place;
            items.push(self.filtered()?);
            if self.place == before {
                let message = format!("`{}` was not expected in a list", clip(self.rest()));
                return Err(self.fault(before, message));
            }
        }
        // `[key].x` is a variable with a computed name; other brackets are lists.
        let is_lookup = items.len() == 1 && self.rest().starts_with(['.', '[']);
        if is_lookup || (self.engine.is_ruby() && !items.is_empty()) {
            let root = Root::Dynamic(Box::new(items.remove(0)));
            let steps = self.path_steps()?;
            return Ok(Expression::Path(Path { root, steps }));
        }
        Ok(Expression::List(items))
    }

    fn hash(&mut self) -> Result<Expression, Error> {
        let begin = self.place;
        self.eat("{");
        let mut pairs = Vec::new();
        loop {
            while self.eat(",") {}
            if self.eat("}") {
                return Ok(Expression::Hash(pairs));
            }
            let place = self.space().place;
            let key = match self.inside_quotes() {
                Some(text) => Some(self.text_of(text, place)?),
                None => self.name().map(|name| Expression::Literal(Literal::Text(name))),
            };
            let Some(key) = key.filter(|_| self.eat(":")) else {
                return Err(self.fault(begin, "a hash needs `key: value` pairs and a `}`"));
            };
            pairs.push((key, self.filtered()?));
        }
    }

    fn path(&mut self) -> Result<Expression, Error> {
        let Some(name) = self.word() else {
            return Ok(Expression::Literal(Literal::Nil));
        };
        self.steps_from(name)
    }

    fn steps_from(&mut self, name: &str) -> Result<Expression, Error> {
        let steps = self.path_steps()?;
        if steps.is_empty() {
            let literal = match name {
                "nil" | "null" => Some(Literal::Nil),
                "true" => Some(Literal::Bool(true)),
                "false" => Some(Literal::Bool(false)),
                "empty" => Some(Literal::Empty),
                "blank" => Some(Literal::Blank),
                _ => None,
            };
            if let Some(literal) = literal {
                return Ok(Expression::Literal(literal));
            }
        }
        Ok(Expression::Path(Path { root: Root::Name(name.into()), steps }))
    }

    /// Reads the steps that follow: `.name` and `[key]`.
    ///
    /// # Errors
    /// A syntax error.
    pub fn path_steps(&mut self) -> Result<Vec<PathStep>, Error> {
        let mut steps = Vec::new();
        loop {
            self.step_space();
            if self.engine.is_ruby() && self.rest().starts_with("=>") {
                // Lax Ruby reads only the names of a malformed path.
                self.place += 1;
            }
            let rest = self.rest();
            if rest.starts_with(['.', '>']) && !rest.starts_with("..") && !rest.starts_with(">=") {
                if rest.starts_with('>') && !self.text[..self.place].ends_with('=') {
                    return Ok(steps);
                }
                self.place += 1;
                match self.step_name() {
                    Some(name) => steps.push(PathStep::Name(name.into())),
                    None => return Ok(steps),
                }
            } else if self.rest().starts_with('[') {
                let begin = self.place;
                self.place += 1;
                let key = self.filtered()?;
                if !self.eat("]") {
                    return Err(self.fault(begin, "a `[` has no `]`"));
                }
                steps.push(PathStep::Key(key));
            } else {
                return Ok(steps);
            }
        }
    }

    /// Skips white space before a point that a name follows: `a . b`.
    fn step_space(&mut self) {
        let rest = self.rest();
        if rest.as_bytes().first().is_none_or(|first| first.is_ascii_graphic()) {
            return;
        }
        // The common case: one space and no point.
        if rest.as_bytes().get(1).is_some_and(|next| next.is_ascii_graphic() && *next != b'.') {
            return;
        }
        let trimmed = rest.trim_start();
        let after = trimmed.strip_prefix('.').map(str::trim_start);
        if after.is_some_and(|after| after.starts_with(|c: char| c.is_alphabetic() || c == '_')) {
            self.place += rest.len() - trimmed.len();
        }
    }

    /// Reads the name after a point, which may be a number: `list.0`.
    fn step_name(&mut self) -> Option<&'a str> {
        if let Some(name) = self.word() {
            return Some(name);
        }
        let rest = self.rest();
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        self.place += end;
        (end > 0).then(|| &rest[..end])
    }
}

fn clip(text: &str) -> String {
    text.trim_end().chars().take(30).collect()
}
