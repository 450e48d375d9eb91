//! Reads markup: expressions, conditions, filters and arguments, lax where Ruby Liquid is lax.

use crate::liquid::condition::{Condition, Operator};
use crate::liquid::engine::Engine;
use crate::liquid::error::{Error, Mark};
use crate::liquid::expression::{Expression, FilterCall, Filtered, Literal, Path, PathStep, Root};
use crate::liquid::text::Text;

/// Brackets, filters and conditions may nest this deep.
const DEPTH_MAX: u32 = 64;

/// Arguments of a tag: what stands without a name, and what has one.
#[derive(Debug, Clone, Default)]
pub struct TagArguments {
    /// In order.
    pub positional: Vec<Expression>,
    /// By name, in the order written.
    pub named: Vec<(Text, Expression)>,
}

/// A place in the markup of one tag or output.
pub struct Cursor<'a> {
    text: &'a str,
    place: usize,
    start: Mark,
    depth: u32,
    engine: &'a Engine,
}

impl<'a> Cursor<'a> {
    /// A cursor at the beginning of `text`, which stands at `start` in its template.
    pub fn new(text: &'a str, start: Mark, engine: &'a Engine) -> Self {
        Self { text, place: 0, start, depth: 0, engine }
    }

    /// What has not been read.
    pub fn rest(&self) -> &'a str {
        &self.text[self.place..]
    }

    /// Where the cursor stands in the template.
    pub fn mark(&self) -> Mark {
        let before = &self.text[..self.place];
        match before.rfind('\n') {
            None => Mark {
                line: self.start.line,
                column: self.start.column + before.chars().count() as u32,
            },
            Some(last) => Mark {
                line: self.start.line + before.matches('\n').count() as u32,
                column: before[last + 1..].chars().count() as u32 + 1,
            },
        }
    }

    /// Passes over white space.
    pub fn space(&mut self) -> &mut Self {
        let rest = self.rest();
        self.place += rest.len() - rest.trim_start().len();
        self
    }

    /// True when only white space is left.
    pub fn is_done(&mut self) -> bool {
        self.space().rest().is_empty()
    }

    /// Takes `word` if it comes next, after white space.
    pub fn eat(&mut self, word: &str) -> bool {
        let found = self.space().rest().starts_with(word);
        if found {
            self.place += word.len();
        }
        found
    }

    /// Takes a whole word if it comes next.
    pub fn eat_word(&mut self, word: &str) -> bool {
        let place = self.space().place;
        if self.name().as_deref() == Some(word) {
            return true;
        }
        self.place = place;
        false
    }

    /// A name: letters, digits, `_`, `-`, and `?` at its end.
    pub fn name(&mut self) -> Option<String> {
        let rest = self.space().rest();
        let first = rest.chars().next()?;
        if !(first.is_alphabetic() || first == '_') {
            return None;
        }
        let mut end = rest
            .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-'))
            .unwrap_or(rest.len());
        if rest[end..].starts_with('?') {
            end += 1;
        }
        self.place += end;
        Some(rest[..end].to_owned())
    }

    /// A name in quotes or without them.
    pub fn name_or_text(&mut self) -> Option<String> {
        self.quoted().or_else(|| self.name())
    }

    /// A text in quotes; there are no escapes.
    pub fn quoted(&mut self) -> Option<String> {
        let rest = self.space().rest();
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let end = rest[1..].find(quote)?;
        self.place += end + 2;
        Some(rest[1..=end].to_owned())
    }

    /// An expression with its filters, or a condition where a value is wanted.
    ///
    /// # Errors
    /// A syntax error.
    pub fn filtered(&mut self) -> Result<Expression, Error> {
        self.deeper(|cursor| {
            let base = cursor.operand()?;
            cursor.filters(base)
        })
    }

    /// The filters behind a value.
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
                // Ruby's lax parser passes over what it does not understand, up to a filter.
                match self.rest().find('|') {
                    Some(next) if self.engine.is_lax() => self.place += next,
                    _ => break,
                }
                continue;
            }
            let mark = self.space().mark();
            let Some(name) = self.name() else { continue };
            let (positional, named) = if self.eat(":") {
                let arguments = self.arguments()?;
                (arguments.positional, arguments.named)
            } else {
                (Vec::new(), Vec::new())
            };
            let function = self.engine.filter(&name);
            if function.is_none() {
                self.engine.check_filter(&name).map_err(|error| error.marked(mark))?;
            }
            let inspects = self.engine.inspects_for(&name);
            let name = name.into();
            filters.push(FilterCall { name, function, inspects, positional, named, mark });
        }
        Ok(if filters.is_empty() {
            base
        } else {
            Expression::Filtered(Box::new(Filtered { base, filters }))
        })
    }

    /// Arguments until a filter, a bracket or the end: commas may be missing or stand at the end.
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
                arguments.named.push((name.into(), value));
                continue;
            }
            let before = self.place;
            arguments.positional.push(self.operand()?);
            if self.place == before {
                // Nothing that can be read: pass over one letter rather than stand still.
                let letter = self.rest().chars().next().map_or(1, char::len_utf8);
                self.place += letter;
                arguments.positional.pop();
            }
        }
    }

    /// `name:` or `'name':`, when that is what comes next.
    fn argument_name(&mut self) -> Option<String> {
        let place = self.space().place;
        let name = self.name_or_text();
        if let Some(name) = name
            && self.space().rest().starts_with(':')
        {
            self.place += 1;
            return Some(name);
        }
        self.place = place;
        None
    }

    /// A value, or a comparison of two.
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
        for word in ["==", "!=", "<>", "<=", ">=", "<", ">"] {
            // `<<` appends in the platform's tags and is no comparison.
            if rest.starts_with(word) && !rest.starts_with("<<") {
                self.place += word.len();
                return Operator::from_word(word);
            }
        }
        let found = self.eat_word("contains");
        found.then_some(Operator::Contains)
    }

    /// A whole condition; `and` and `or` bind from right to left.
    ///
    /// # Errors
    /// A syntax error.
    pub fn condition(&mut self) -> Result<Condition, Error> {
        self.deeper(|cursor| {
            let left = cursor.primary()?;
            if let Some(word) = cursor.no_operator() {
                let _ = cursor.primary()?;
                return cursor.chained(Condition::Unknown(word.into()));
            }
            let relation = match cursor.operator() {
                Some(operator) => Condition::Compare(left, operator, cursor.primary()?),
                None => Condition::Truth(cursor.filters(left)?),
            };
            cursor.chained(relation)
        })
    }

    /// Where Ruby Liquid would see an operator that there is not.
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

    fn chained(&mut self, left: Condition) -> Result<Condition, Error> {
        if self.eat_word("and") {
            let right = self.condition()?;
            return Ok(Condition::And(Box::new(left), Box::new(right)));
        }
        if self.eat_word("or") {
            let right = self.condition()?;
            return Ok(Condition::Or(Box::new(left), Box::new(right)));
        }
        Ok(left)
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        if self.depth >= DEPTH_MAX {
            return Err(Error::limit("Nesting too deep"));
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    /// A constant, a path, a range, a list or a hash; nothing at all is nil.
    ///
    /// # Errors
    /// A syntax error.
    pub fn primary(&mut self) -> Result<Expression, Error> {
        self.deeper(Self::primary_inside)
    }

    fn primary_inside(&mut self) -> Result<Expression, Error> {
        if let Some(text) = self.quoted() {
            return Ok(Expression::Literal(Literal::Text(text.into())));
        }
        // The platform's old sigil for a variable.
        self.eat("@");
        let rest = self.space().rest();
        let first = rest.chars().next().unwrap_or(' ');
        match first {
            '"' | '\'' => Err(Error::syntax(format!("the text {} has no end", clip(rest)))),
            '0'..='9' | '-' | '+' => Ok(self.number()),
            '(' => self.range(),
            '[' => self.list_or_dynamic(),
            '{' => self.hash(),
            _ => self.path(),
        }
    }

    fn number(&mut self) -> Expression {
        let rest = self.rest();
        let signed = rest.strip_prefix(['-', '+']).unwrap_or(rest);
        let sign = rest.len() - signed.len();
        let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let whole = digits(signed);
        if whole == 0 {
            // `-a` means nothing in Liquid.
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
            // A whole number beyond 128 bits is kept as the nearest decimal one, never wrapped.
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
                return Err(Error::syntax("a `[` has no `]`"));
            }
            let before = self.place;
            items.push(self.filtered()?);
            if self.place == before {
                return Err(Error::syntax(format!(
                    "`{}` was not expected in a list",
                    clip(self.rest())
                )));
            }
        }
        // `[key].x` looks a variable up by a computed name; a list is used as it is.
        let is_lookup = items.len() == 1 && self.rest().starts_with(['.', '[']);
        if is_lookup || (self.engine.is_ruby() && !items.is_empty()) {
            let root = Root::Dynamic(Box::new(items.remove(0)));
            let steps = self.path_steps()?;
            return Ok(Expression::Path(Path { root, steps }));
        }
        Ok(Expression::List(items))
    }

    fn hash(&mut self) -> Result<Expression, Error> {
        self.eat("{");
        let mut pairs = Vec::new();
        loop {
            while self.eat(",") {}
            if self.eat("}") {
                return Ok(Expression::Hash(pairs));
            }
            let key = match self.argument_name() {
                Some(name) => Expression::Literal(Literal::Text(name.into())),
                None => return Err(Error::syntax("a hash needs `key: value` pairs and a `}`")),
            };
            pairs.push((key, self.filtered()?));
        }
    }

    fn path(&mut self) -> Result<Expression, Error> {
        let Some(name) = self.name() else {
            return Ok(Expression::Literal(Literal::Nil));
        };
        let steps = self.path_steps()?;
        if steps.is_empty() {
            let literal = match &*name {
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

    /// `.name`, `[key]`, as many as follow.
    ///
    /// # Errors
    /// A syntax error.
    pub fn path_steps(&mut self) -> Result<Vec<PathStep>, Error> {
        let mut steps = Vec::new();
        loop {
            self.step_space();
            if self.engine.is_ruby() && self.rest().starts_with("=>") {
                // Lax Ruby sees only the names in what it takes for a path.
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
                self.place += 1;
                let key = self.filtered()?;
                if !self.eat("]") {
                    return Err(Error::syntax("a `[` has no `]`"));
                }
                steps.push(PathStep::Key(key));
            } else {
                return Ok(steps);
            }
        }
    }

    /// Passes over white space before a point that a name follows: `a . b`.
    fn step_space(&mut self) {
        let rest = self.rest();
        let trimmed = rest.trim_start();
        let after = trimmed.strip_prefix('.').map(str::trim_start);
        if after.is_some_and(|after| after.starts_with(|c: char| c.is_alphabetic() || c == '_')) {
            self.place += rest.len() - trimmed.len();
        }
    }

    /// A name behind a point may be a number: `list.0`.
    fn step_name(&mut self) -> Option<String> {
        if let Some(name) = self.name() {
            return Some(name);
        }
        let rest = self.rest();
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        self.place += end;
        (end > 0).then(|| rest[..end].to_owned())
    }
}

fn clip(text: &str) -> String {
    text.chars().take(30).collect()
}
