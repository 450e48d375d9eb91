//! How many arguments each standard filter takes, which Ruby checks.

use crate::error::Error;

/// Refuses a number of arguments that Ruby would refuse.
///
/// # Errors
/// `wrong number of arguments (given 3, expected 1..2)`, the filtered value counted.
pub fn check((least, most): (usize, usize), given: usize) -> Result<(), Error> {
    if (least..=most).contains(&given) {
        return Ok(());
    }
    let expected = match least == most {
        true => (least + 1).to_string(),
        false => format!("{}..{}", least + 1, most + 1),
    };
    let given = given + 1;
    Err(Error::argument(format!("wrong number of arguments (given {given}, expected {expected})")))
}

/// The least and the most arguments; `None` for filters that Ruby does not check.
pub fn arity(name: &str) -> Option<(usize, usize)> {
    Some(match name {
        "size"
        | "downcase"
        | "upcase"
        | "capitalize"
        | "escape"
        | "h"
        | "escape_once"
        | "url_encode"
        | "url_decode"
        | "base64_encode"
        | "base64_decode"
        | "base64_url_safe_encode"
        | "base64_url_safe_decode"
        | "strip"
        | "lstrip"
        | "rstrip"
        | "squish"
        | "strip_html"
        | "strip_newlines"
        | "newline_to_br"
        | "reverse"
        | "first"
        | "last"
        | "abs"
        | "ceil"
        | "floor" => (0, 0),
        "join" | "sort" | "sort_natural" | "uniq" | "compact" | "round" | "sum" => (0, 1),
        "default" | "truncate" | "truncatewords" => (0, 2),
        "append" | "prepend" | "plus" | "minus" | "times" | "divided_by" | "modulo"
        | "at_least" | "at_most" | "concat" | "map" | "remove" | "remove_first" | "remove_last"
        | "split" | "date" => (1, 1),
        "where" | "reject" | "find" | "find_index" | "has" | "slice" | "replace"
        | "replace_first" => (1, 2),
        "replace_last" => (2, 2),
        _ => return None,
    })
}
