//! String filters: case, white space, replacing, truncating, splitting.

use crate::builder::EngineBuilder;
use crate::context::Context;
use crate::error::{Error, Kind};
use crate::filter::{Arguments, FilterResult};
use crate::print::InPlace;
use crate::text::Text;
use crate::value::Value;
use crate::value::numbers::of_length;

/// The size of a part of a split string, without its characters.
const PIECE_BYTES: usize = 2 * size_of::<Value>();

/// Adds the string filters.
pub fn register(builder: &mut EngineBuilder) {
    builder
        .on_strings("append", |v, a, c| joined(&v.to_text(), &a.text(0), c))
        .on_strings("prepend", |v, a, c| joined(&a.text(0), &v.to_text(), c))
        .on_strings_in_place(
            "capitalize",
            |v, _, _| Ok(Value::text(capitalize(&v.to_text()))),
            in_place(capitalize_into),
        )
        .on_strings_in_place(
            "downcase",
            |v, _, _| Ok(Value::text(Text::lowercase(&v.to_text()))),
            in_place(downcase_into),
        )
        .on_strings_in_place(
            "upcase",
            |v, _, _| Ok(Value::text(Text::uppercase(&v.to_text()))),
            in_place(upcase_into),
        )
        .on_strings("strip", |v, _, _| Ok(Value::text(v.to_text().trim())))
        .on_strings("lstrip", |v, _, _| Ok(Value::text(v.to_text().trim_start())))
        .on_strings("rstrip", |v, _, _| Ok(Value::text(v.to_text().trim_end())))
        .on_strings("squish", |v, _, _| {
            Ok(Value::text(v.to_text().split_whitespace().collect::<Vec<_>>().join(" ")))
        })
        .on_strings("strip_newlines", |v, _, _| {
            Ok(Value::text(v.to_text().replace(['\r', '\n'], "")))
        })
        .on_strings("newline_to_br", |v, _, _| {
            Ok(Value::text(v.to_text().replace("\r\n", "\n").replace('\n', "<br />\n")))
        })
        .on_strings("strip_html", |v, _, _| Ok(Value::text(strip_html(&v.to_text()))))
        .on_strings("replace", |v, a, c| replace(&v, &a.text(0), &a.text(1), c))
        .on_strings("replace_first", |v, a, _| {
            Ok(Value::text(v.to_text().replacen(&*a.text(0), &a.text(1), 1)))
        })
        .on_strings("replace_last", |v, a, _| Ok(replace_last(&v, &a.text(0), &a.text(1))))
        .on_strings("remove", |v, a, _| Ok(Value::text(v.to_text().replace(&*a.text(0), ""))))
        .on_strings("remove_first", |v, a, _| {
            Ok(Value::text(v.to_text().replacen(&*a.text(0), "", 1)))
        })
        .on_strings("remove_last", |v, a, _| Ok(replace_last(&v, &a.text(0), "")))
        .standard("slice", slice)
        .on_strings("split", split)
        .on_strings("truncate", truncate)
        .on_strings("truncatewords", truncatewords);
}

fn joined(one: &str, other: &str, context: &Context<'_>) -> FilterResult {
    context.budget.value(one.len() + other.len())?;
    let mut text = Text::with_capacity(one.len() + other.len());
    text.push_str(one);
    text.push_str(other);
    Ok(Value::text(text))
}

/// A filter that asks for no room, and whose result is escaped.
const fn in_place(write: fn(&str, &mut String)) -> InPlace {
    InPlace { write, expansion: None, is_safe: false }
}

fn capitalize(text: &str) -> String {
    let mut output = String::with_capacity(text.len());
    capitalize_into(text, &mut output);
    output
}

fn capitalize_into(text: &str, output: &mut String) {
    let mut characters = text.chars();
    if let (true, Some(first)) = (text.is_ascii(), text.get(..1)) {
        let start = output.len();
        output.push_str(text);
        output[start..].make_ascii_lowercase();
        output[start..start + first.len()].make_ascii_uppercase();
    } else if let Some(first) = characters.next() {
        output.extend(first.to_uppercase().chain(characters.flat_map(char::to_lowercase)));
    }
}

fn downcase_into(text: &str, output: &mut String) {
    match text.is_ascii() {
        true => {
            let start = output.len();
            output.push_str(text);
            output[start..].make_ascii_lowercase();
        }
        false => output.push_str(&text.to_lowercase()),
    }
}

fn upcase_into(text: &str, output: &mut String) {
    match text.is_ascii() {
        true => {
            let start = output.len();
            output.push_str(text);
            output[start..].make_ascii_uppercase();
        }
        false => output.push_str(&text.to_uppercase()),
    }
}

fn replace(value: &Value, from: &str, to: &str, context: &Context<'_>) -> FilterResult {
    let text = value.to_text();
    if context.engine().is_ruby() && to.contains('\\') {
        return substitute(&text, from, to, context);
    }
    let found = if from.is_empty() { text.chars().count() + 1 } else { text.matches(from).count() };
    // Checked before the string is made: five of these would otherwise exhaust the memory.
    context.budget.value(text.len().saturating_add(found.saturating_mul(to.len())))?;
    Ok(Value::text(text.replace(from, to)))
}

/// Ruby's `gsub` with a string: `\\0` and `\\&` insert the match, `` \\` `` and `\\'` the string
/// before and after it; there are no groups.
fn substitute(text: &str, from: &str, to: &str, context: &Context<'_>) -> FilterResult {
    let mut made = String::new();
    let mut index = 0;
    for (found, _) in text.match_indices(from) {
        made.push_str(&text[index..found]);
        index = found + from.len();
        let before = made.len();
        let mut characters = to.chars().peekable();
        while let Some(character) = characters.next() {
            match (character, characters.peek()) {
                ('\\', Some('0' | '&')) => made.push_str(from),
                ('\\', Some('`')) => made.push_str(&text[..found]),
                ('\\', Some('\'')) => made.push_str(&text[index..]),
                ('\\', Some('\\')) => made.push('\\'),
                ('\\', Some('1'..='9' | '+')) => {}
                ('\\', Some('k')) => return Err(Error::new(Kind::Internal, "internal")),
                (other, _) => {
                    made.push(other);
                    continue;
                }
            }
            characters.next();
            context.budget.step()?;
        }
        context.budget.value(made.len() - before)?;
    }
    made.push_str(&text[index..]);
    Ok(Value::text(made))
}

fn replace_last(value: &Value, from: &str, to: &str) -> Value {
    let text = value.to_text();
    match text.rfind(from) {
        Some(index) => {
            Value::text(format!("{}{to}{}", &text[..index], &text[index + from.len()..]))
        }
        None => Value::text(text.into_owned()),
    }
}

/// Removes scripts, styles and comments with their content, and then all tags; each pass takes
/// linear time.
fn strip_html(text: &str) -> String {
    let blocks = [("<script", "</script>"), ("<!--", "-->"), ("<style", "</style>")];
    let lower = text.to_ascii_lowercase();
    let mut clean = String::with_capacity(text.len());
    // A missing end stays missing: searching again would take quadratic time.
    let mut missing = [false; 3];
    let mut index = 0;
    while let Some(open) = lower[index..].find('<').map(|found| index + found) {
        clean.push_str(&text[index..open]);
        let mut next = None;
        for (block, (begin, end)) in blocks.iter().enumerate() {
            if lower[open..].starts_with(begin) && !missing[block] {
                next = lower[open..].find(end).map(|found| open + found + end.len());
                missing[block] = next.is_none();
            }
        }
        index = next.unwrap_or_else(|| {
            clean.push('<');
            open + 1
        });
    }
    clean.push_str(&text[index..]);
    strip_tags(&clean)
}

fn strip_tags(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('<') {
        let Some(close) = rest[open..].find('>') else { break };
        clean.push_str(&rest[..open]);
        rest = &rest[open + close + 1..];
    }
    clean.push_str(rest);
    clean
}

fn slice(value: Value, arguments: &Arguments, context: &mut Context<'_>) -> FilterResult {
    let from = arguments.whole(0, 0)?;
    let count = match arguments.given(1) {
        Some(Value::Nil) | None => 1,
        Some(_) => usize::try_from(arguments.whole(1, 1)?).unwrap_or(0),
    };
    let index = |length: usize| {
        let from = if from < 0 { from.saturating_add(of_length(length)) } else { from };
        usize::try_from(from).ok().filter(|from| *from <= length)
    };
    if let Value::List(list) = &value {
        let list = list.borrow();
        let items = index(list.len()).map(|from| list.iter().skip(from).take(count).cloned());
        return Ok(Value::list(items.map(Iterator::collect).unwrap_or_default()));
    }
    let text = context.text(&value);
    let length = text.chars().count();
    Ok(match index(length) {
        Some(from) => Value::text(text.chars().skip(from).take(count).collect::<String>()),
        None => Value::text(""),
    })
}

/// Drops empty parts at the end, as Ruby does; a blank separator splits at white space.
fn split(value: Value, arguments: &Arguments, context: &mut Context<'_>) -> FilterResult {
    let text = value.to_text();
    let separator = arguments.text(0);
    // One byte is found faster than a string; it is ASCII, so it is no part of a character.
    let byte = Some(separator.as_bytes()).filter(|bytes| bytes.len() == 1).map(|bytes| bytes[0]);
    let many = match (separator.is_empty() || &*separator == " ", byte) {
        (true, _) => text.len(),
        (_, Some(byte)) => memchr::memchr_iter(byte, text.as_bytes()).count() + 1,
        (false, None) => text.matches(&*separator).count() + 1,
    };
    context.budget.room(many.saturating_mul(PIECE_BYTES).saturating_add(text.len()))?;
    let mut pieces: Vec<Value> = if &*separator == " " {
        words(&text).map(Value::from).collect()
    } else if separator.is_empty() {
        text.chars().map(|c| Value::text(Text::from(c))).collect()
    } else if let Some(byte) = byte {
        let mut pieces = Vec::with_capacity(many);
        let mut start = 0;
        for end in memchr::memchr_iter(byte, text.as_bytes()) {
            pieces.push(Value::text(&text[start..end]));
            start = end + 1;
        }
        pieces.push(Value::text(&text[start..]));
        pieces
    } else {
        text.split(&*separator).map(Value::from).collect()
    };
    context.budget.value(pieces.len() * PIECE_BYTES)?;
    while matches!(pieces.last(), Some(Value::Text(text, _)) if text.is_empty()) {
        pieces.pop();
    }
    Ok(Value::list(pieces))
}

fn truncate(value: Value, arguments: &Arguments, _: &mut Context<'_>) -> FilterResult {
    if value.is_nil() {
        return Ok(value);
    }
    let text = value.to_text();
    let length = arguments.whole(0, 50)?;
    let tail = arguments.given(1).map_or("...".into(), |tail| tail.to_text().into_owned());
    if of_length(text.chars().count()) <= length {
        return Ok(Value::text(text.into_owned()));
    }
    let kept = usize::try_from(length).unwrap_or(0).saturating_sub(tail.chars().count());
    let mut short: String = text.chars().take(kept).collect();
    short.push_str(&tail);
    Ok(Value::text(short))
}

/// Ruby's white space, which is ASCII's.
fn is_space(character: char) -> bool {
    character.is_ascii_whitespace() || matches!(character, '\x0b' | '\0')
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(is_space).filter(|word| !word.is_empty())
}

fn truncatewords(value: Value, arguments: &Arguments, _: &mut Context<'_>) -> FilterResult {
    if value.is_nil() {
        return Ok(value);
    }
    let text = value.to_text();
    let count = usize::try_from(arguments.whole(0, 15)?).unwrap_or(0).max(1);
    let tail = arguments.given(1).map_or("...".into(), |tail| tail.to_text().into_owned());
    let all: Vec<&str> = words(&text).take(count.saturating_add(1)).collect();
    // Ruby counts what follows the last word as another word, even when it is white space.
    let is_short = all.len() < count || (all.len() == count && !text.ends_with(is_space));
    if is_short {
        return Ok(Value::text(text.into_owned()));
    }
    Ok(Value::text(format!("{}{tail}", all[..count].join(" "))))
}
