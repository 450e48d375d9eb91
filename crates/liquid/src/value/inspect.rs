//! Lists and hashes as Ruby prints and inspects them.

use crate::deferred_cost;
use crate::value::Value;

/// Deeper values, such as a hash in itself, are cut off.
const DEPTH_MAX: usize = 100;
/// Longer output is cut off: a small tree of shared values can have billions of leaves.
const LENGTH_MAX: usize = 4 * 1024 * 1024;

/// The items with `glue` between them, nested lists flattened.
pub fn joined(value: &Value, glue: &str, text: &mut String) {
    let mut first = true;
    join_at(value, glue, text, &mut first, 0);
}

fn join_at(value: &Value, glue: &str, text: &mut String, first: &mut bool, depth: usize) {
    if is_too_much(value, text) {
        return;
    }
    match value {
        Value::List(list) if depth < DEPTH_MAX => {
            for item in list.borrow().iter() {
                join_at(item, glue, text, first, depth + 1);
            }
        }
        other => {
            if !std::mem::take(first) {
                text.push_str(glue);
            }
            text.push_str(&other.to_ruby_text());
        }
    }
}

/// Whether the walk has to end before this value.
fn is_too_much(value: &Value, text: &str) -> bool {
    if text.len() > LENGTH_MAX {
        deferred_cost::stopped();
        return true;
    }
    !deferred_cost::walk(value.weight())
}

/// `{"a"=>[1, nil]}`.
pub fn inspected(value: &Value) -> String {
    let mut text = String::new();
    inspect_at(value, &mut text, 0);
    text
}

fn inspect_at(value: &Value, text: &mut String, depth: usize) {
    if is_too_much(value, text) || depth > DEPTH_MAX {
        text.push_str("...");
        return;
    }
    match value {
        Value::Nil | Value::Empty | Value::Blank => text.push_str("nil"),
        Value::Text(inside, _) => quoted(inside, text),
        Value::List(list) => {
            text.push('[');
            for (index, item) in list.borrow().iter().enumerate() {
                text.push_str(if index == 0 { "" } else { ", " });
                inspect_at(item, text, depth + 1);
            }
            text.push(']');
        }
        Value::Hash(hash) => {
            text.push('{');
            for (index, (key, item)) in hash.borrow().iter().enumerate() {
                text.push_str(if index == 0 { "" } else { ", " });
                deferred_cost::walk(key.len());
                quoted(key, text);
                text.push_str("=>");
                inspect_at(item, text, depth + 1);
            }
            text.push('}');
        }
        other => text.push_str(&other.to_ruby_text()),
    }
}

fn quoted(inside: &str, text: &mut String) {
    text.push('"');
    let mut chars = inside.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\t' => text.push_str("\\t"),
            '\r' => text.push_str("\\r"),
            '\u{1b}' => text.push_str("\\e"),
            '#' if matches!(chars.peek(), Some('{' | '$' | '@')) => text.push_str("\\#"),
            other if other.is_control() => text.push_str(&format!("\\x{:02X}", other as u32)),
            other => text.push(other),
        }
    }
    text.push('"');
}
