//! Writes values to the output, and escapes strings.

use crate::budget::Budget;
use crate::error::Error;
use crate::value::Value;

/// How strings are escaped when printed.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub enum Escape {
    /// Without escaping.
    #[default]
    Raw,
    /// With entities in place of `& < > " '`.
    Entities,
    /// Through a function, such as a sanitizer.
    Through(fn(&str) -> String),
}

/// A filter without arguments that can write a filtered string straight into the output. It has to
/// write what the filter returns for a string.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InPlace {
    pub(crate) write: fn(&str, &mut String),
    /// The most bytes that one can become, where the filter asks the budget for room.
    pub(crate) expansion: Option<usize>,
    /// Whether the filter returns a string that is not escaped again.
    pub(crate) is_safe: bool,
}

/// The output of a render, which draws on the budget first.
pub(super) struct Writer<'a> {
    pub(super) output: &'a mut String,
    pub(super) budget: &'a Budget,
    pub(super) escape: Escape,
    /// Whether values are written as in Ruby.
    pub(super) ruby: bool,
}

impl Writer<'_> {
    /// Writes a string without escaping.
    #[inline]
    pub(super) fn write(&mut self, text: &str) -> Result<(), Error> {
        self.budget.output(text.len())?;
        self.output.push_str(text);
        Ok(())
    }

    /// Prints a value as `{{ }}` does: strings are escaped unless they are safe.
    #[inline]
    pub(super) fn print(&mut self, value: &Value) -> Result<(), Error> {
        match value {
            Value::Text(text, is_safe) => match self.escape {
                Escape::Entities if !is_safe => self.entities(text),
                Escape::Through(through) if !is_safe => self.write(&through(text)),
                _ => self.write(text),
            },
            Value::Int(number) => self.write(itoa::Buffer::new().format(*number)),
            Value::Nil => Ok(()),
            Value::Drop(drop) if drop.bytes().is_some() => {
                self.print(&Value::text(&*self.text(value)))
            }
            // Escaped in JSON, these characters keep their meaning and cannot open a tag.
            Value::List(_) | Value::Hash(_) | Value::Drop(_) | Value::Scope(_)
                if !matches!(self.escape, Escape::Raw) =>
            {
                let text = self.text(value);
                self.budget.weigh(text.len())?;
                let text = text.replace('<', "\\u003c").replace('>', "\\u003e");
                let text = text.replace('&', "\\u0026");
                self.write(&text)
            }
            other => {
                let text = self.text(other);
                self.budget.weigh(text.len())?;
                self.write(&text)
            }
        }
    }

    /// Whether the result of the filter is printed without escaping.
    #[inline]
    pub(super) fn takes(&self, filter: InPlace) -> bool {
        filter.is_safe || matches!(self.escape, Escape::Raw)
    }

    /// Writes a string through a filter, which draws on the budget as a call of the filter does.
    /// Returns the bytes that it wrote, which [`crate::context::Context::written`] has to spend.
    #[inline]
    pub(super) fn filtered(&mut self, text: &str, filter: InPlace) -> Result<usize, Error> {
        let start = self.output.len();
        let result = self.filter(text, filter);
        if result.is_err() {
            self.output.truncate(start);
        }
        result
    }

    #[inline]
    fn filter(&mut self, text: &str, filter: InPlace) -> Result<usize, Error> {
        self.budget.step()?;
        if let Some(expansion) = filter.expansion {
            self.budget.room(text.len().saturating_mul(expansion))?;
        }
        let start = self.output.len();
        (filter.write)(text, self.output);
        let bytes = self.output.len() - start;
        self.budget.value(bytes)?;
        self.budget.weigh(bytes.max(text.len()))?;
        Ok(bytes)
    }

    fn text<'v>(&self, value: &'v Value) -> std::borrow::Cow<'v, str> {
        if self.ruby { value.to_ruby_text() } else { value.to_text() }
    }

    fn entities(&mut self, text: &str) -> Result<(), Error> {
        let mut rest = text;
        while let Some((before, entity, behind)) = cut(rest) {
            self.write(before)?;
            self.write(entity)?;
            rest = behind;
        }
        self.write(rest)
    }
}

/// The characters that need entities.
const NEEDS: [bool; 256] = {
    let mut needs = [false; 256];
    needs[b'&' as usize] = true;
    needs[b'<' as usize] = true;
    needs[b'>' as usize] = true;
    needs[b'"' as usize] = true;
    needs[b'\'' as usize] = true;
    needs
};

/// Splits a string at the first character that needs an entity.
fn cut(text: &str) -> Option<(&str, &'static str, &str)> {
    let place = text.bytes().position(|byte| NEEDS[usize::from(byte)])?;
    let entity = match text.as_bytes()[place] {
        b'&' => "&amp;",
        b'<' => "&lt;",
        b'>' => "&gt;",
        b'"' => "&quot;",
        _ => "&#39;",
    };
    Some((&text[..place], entity, &text[place + 1..]))
}

/// Whether a string has characters that need entities.
pub fn needs_entities(text: &str) -> bool {
    cut(text).is_some()
}

/// Replaces `& < > " '` by entities.
pub fn escape_entities(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 16);
    escape_into(text, &mut escaped);
    escaped
}

/// Appends a string with entities in place of `& < > " '`.
pub fn escape_into(text: &str, output: &mut String) {
    let mut rest = text;
    while let Some((before, entity, behind)) = cut(rest) {
        output.push_str(before);
        output.push_str(entity);
        rest = behind;
    }
    output.push_str(rest);
}
