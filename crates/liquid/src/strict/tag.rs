//! The strict grammar of the standard tags' markup.

use crate::error::Error;
use crate::lexer::split_assignment;
use crate::strict::grammar::Grammar;
use crate::strict::token::Kind;

type Accepted = Result<(), Error>;

/// The version of the strict grammar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strictness {
    /// The grammar of Liquid's `strict` mode.
    Classic,
    /// The grammar of Liquid's `strict2` mode.
    Newest,
}

/// Checks the markup of `{{ }}`.
///
/// # Errors
/// What is wrong with it, with the markup.
pub fn check_output(markup: &str, strictness: Strictness) -> Accepted {
    let newest = strictness == Strictness::Newest;
    let result = Grammar::new(markup, newest).and_then(|mut grammar| grammar.filtered());
    in_markup(result, &format!("{{{{{markup}}}}}"))
}

/// Checks the markup of a standard tag; other tags pass.
///
/// # Errors
/// What is wrong with it, with the markup.
pub fn check(name: &str, markup: &str, strictness: Strictness) -> Accepted {
    let newest = strictness == Strictness::Newest;
    let checked = match name {
        "assign" => assign(markup, newest),
        "raw" | "doc" if !markup.trim().is_empty() => {
            return Err(Error::syntax(format!("Syntax Error in '{name}' - Valid syntax: {name}")));
        }
        "#" => comment_lines(markup),
        "cycle" if newest && markup.trim().is_empty() => return Ok(()),
        _ => Grammar::new(markup, newest).and_then(|grammar| by_name(name, grammar, newest)),
    };
    match checked {
        // A character that no token begins with only matters where the grammar applies.
        Err(_) if !is_checked(name, newest) => Ok(()),
        other => in_markup(other, markup.trim()),
    }
}

fn in_markup(result: Accepted, markup: &str) -> Accepted {
    result.map_err(|error| error.note(&format!(" in \"{markup}\"")))
}

/// The older strict mode reads only these strictly.
fn is_checked(name: &str, newest: bool) -> bool {
    match name {
        "assign" | "echo" | "if" | "unless" | "elsif" | "for" | "#" => true,
        "case" | "when" | "cycle" | "include" | "render" | "tablerow" | "capture" | "increment"
        | "decrement" => newest,
        _ => false,
    }
}

fn by_name(name: &str, mut grammar: Grammar<'_>, newest: bool) -> Accepted {
    match name {
        "echo" => grammar.filtered(),
        "if" | "unless" | "elsif" => grammar.condition(),
        "for" => for_loop(&mut grammar),
        "case" if newest => grammar.expression().and_then(|()| grammar.end()),
        "when" if newest => when(&mut grammar),
        "cycle" if newest => cycle(&mut grammar),
        "tablerow" if newest => tablerow(&mut grammar),
        "include" if newest => grammar.expression().and_then(|()| partial(&mut grammar)),
        "render" if newest => grammar.take(Kind::Text).and_then(|_| partial(&mut grammar)),
        "capture" if newest => {
            if !grammar.eat(Kind::Text) {
                grammar.take(Kind::Id)?;
            }
            grammar.end()
        }
        "increment" | "decrement" if newest => grammar.take(Kind::Id).and_then(|_| grammar.end()),
        _ => Ok(()),
    }
}

fn assign(markup: &str, newest: bool) -> Accepted {
    let Some((name, value)) = split_assignment(markup) else { return Ok(()) };
    if newest {
        Grammar::new(name, newest)?.take(Kind::Id)?;
    }
    Grammar::new(value, newest)?.filtered()
}

fn comment_lines(markup: &str) -> Accepted {
    let mut lines = markup.lines().skip(1).map(str::trim);
    if lines.all(|line| line.is_empty() || line.starts_with('#')) {
        return Ok(());
    }
    Err(Error::syntax(
        "Syntax error in tag '#' - Each line of comments must be prefixed by the '#' character",
    ))
}

fn loop_head(grammar: &mut Grammar<'_>) -> Accepted {
    grammar.take(Kind::Id)?;
    if !grammar.eat_word("in") {
        return Err(Error::syntax("For loops require an 'in' clause"));
    }
    grammar.expression()
}

fn for_loop(grammar: &mut Grammar<'_>) -> Accepted {
    loop_head(grammar)?;
    grammar.eat_word("reversed");
    while grammar.looks(Kind::Comma) || grammar.looks(Kind::Id) {
        grammar.eat(Kind::Comma);
        if !grammar.eat_word("limit") && !grammar.eat_word("offset") {
            let message = "Invalid attribute in for loop. Valid attributes are limit and offset";
            return Err(Error::syntax(message));
        }
        grammar.take(Kind::Colon)?;
        grammar.expression()?;
    }
    grammar.end()
}

fn tablerow(grammar: &mut Grammar<'_>) -> Accepted {
    loop_head(grammar)?;
    grammar.pairs(|name| match name {
        "cols" | "limit" | "offset" | "range" => Ok(()),
        _ => Err(Error::syntax(format!(
            "Invalid attribute '{name}' in tablerow loop. Valid attributes are cols, limit, \
             offset, and range"
        ))),
    })
}

fn when(grammar: &mut Grammar<'_>) -> Accepted {
    loop {
        grammar.expression()?;
        if !grammar.eat_word("or") && !grammar.eat(Kind::Comma) {
            return grammar.end();
        }
    }
}

fn cycle(grammar: &mut Grammar<'_>) -> Accepted {
    grammar.expression()?;
    if grammar.eat(Kind::Colon) {
        grammar.expression()?;
    }
    while grammar.eat(Kind::Comma) {
        if grammar.looks(Kind::End) {
            break;
        }
        grammar.expression()?;
    }
    grammar.end()
}

fn partial(grammar: &mut Grammar<'_>) -> Accepted {
    if grammar.eat_word("for") || grammar.eat_word("with") {
        grammar.expression()?;
    }
    if grammar.eat_word("as") {
        grammar.take(Kind::Id)?;
    }
    grammar.pairs(|_| Ok(()))
}
