//! YAML as Ruby's Psych reads it; every value has its location in the file.

use crate::scalar;
use crate::source::{Anchor, Mark};
use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, Span};
use serde_json::{Map, Value as Json};
use std::borrow::Cow;
use std::collections::HashMap;

/// A value with its location.
#[derive(Debug, Clone)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// The start position.
    pub mark: Mark,
}

/// The value of a node.
#[derive(Debug, Clone)]
pub enum Value {
    /// Null, a boolean or a number, with its spelling.
    Scalar(Json, String),
    /// A string with the locations of its lines.
    Text(Text),
    /// A list.
    List(Vec<Node>),
    /// A mapping; a later pair with the same key replaces the earlier one.
    Map(Vec<Pair>),
}

/// A string in a YAML file.
#[derive(Debug, Clone)]
pub struct Text {
    /// The string's value.
    pub text: String,
    /// The locations of its lines, see [`Anchor`].
    pub anchors: Vec<Anchor>,
}

/// One pair of a mapping.
#[derive(Debug, Clone)]
pub struct Pair {
    /// The key as spelled.
    pub key: String,
    /// The location of the key.
    pub mark: Mark,
    /// The value.
    pub node: Node,
    /// The location of an earlier pair with the same key, if any.
    pub repeats: Option<Mark>,
}

/// Why a file is not valid YAML.
#[derive(Debug)]
pub struct Error {
    /// The error message.
    pub message: String,
    /// The error's location.
    pub mark: Mark,
}

/// The maximum number of values, because aliases can multiply them.
const NODES_MAX: usize = 50_000;
const DEPTH_MAX: usize = 64;

impl Node {
    /// The pairs of a mapping; empty for other values.
    pub fn pairs(&self) -> &[Pair] {
        match &self.value {
            Value::Map(pairs) => pairs,
            _ => &[],
        }
    }

    /// The value under a key.
    pub fn get(&self, key: &str) -> Option<&Pair> {
        self.pairs().iter().find(|pair| pair.key == key)
    }

    /// True for null.
    pub fn is_null(&self) -> bool {
        matches!(self.value, Value::Scalar(Json::Null, _))
    }

    /// The value as JSON.
    pub fn json(&self) -> Json {
        match &self.value {
            Value::Scalar(json, _) => json.clone(),
            Value::Text(text) => Json::String(text.text.clone()),
            Value::List(nodes) => Json::Array(nodes.iter().map(Node::json).collect()),
            Value::Map(pairs) => {
                let pairs = pairs.iter().map(|pair| (pair.key.clone(), pair.node.json()));
                Json::Object(pairs.collect::<Map<_, _>>())
            }
        }
    }

    /// The name of the value's type in diagnostics.
    pub fn kind(&self) -> &'static str {
        match &self.value {
            Value::Scalar(Json::Null, _) => "nothing",
            Value::Scalar(Json::Bool(_), _) => "a boolean",
            Value::Scalar(..) => "a number",
            Value::Text(_) => "a text",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }
}

/// Parses one document; `first_line` is the file's line on which `text` starts.
pub fn parse(text: &str, first_line: u32) -> Result<Node, Error> {
    let mut padding: HashMap<usize, usize> = HashMap::new();
    loop {
        let padded = padded(text, &padding);
        match attempt(&padded, first_line, &padding) {
            Ok(node) => return Ok(node),
            Err((_, Some(line))) if padding.len() < REPAIRS_MAX && !padding.contains_key(&line) => {
                padding.insert(line, PADDING);
            }
            Err((error, _)) => return Err(error),
        }
    }
}

/// Psych accepts a quoted string that continues at the left margin, but the parser does not: such
/// lines are indented, which does not change the value.
fn padded<'a>(text: &'a str, padding: &HashMap<usize, usize>) -> Cow<'a, str> {
    if padding.is_empty() {
        return Cow::Borrowed(text);
    }
    let lines = text
        .split_inclusive('\n')
        .enumerate()
        .map(|(index, line)| " ".repeat(padding.get(&(index + 1)).copied().unwrap_or(0)) + line);
    Cow::Owned(lines.collect())
}

const PADDING: usize = 40;
const REPAIRS_MAX: usize = 200;

/// One attempt; the error may name a line that must be indented.
fn attempt(
    text: &str,
    first_line: u32,
    padding: &HashMap<usize, usize>,
) -> Result<Node, (Error, Option<usize>)> {
    let mut builder = Builder {
        lines: text.lines().collect(),
        first_line,
        padding,
        stack: Vec::new(),
        anchored: HashMap::new(),
        count: 0,
        root: None,
    };
    for step in Parser::new_from_str(text) {
        let (event, span) = step.map_err(|e| {
            let (line, column) = (e.marker().line(), e.marker().col());
            let error = Error { message: e.info(), mark: builder.mark(line, column) };
            let is_repairable = matches!(e.kind(), ErrorKind::InvalidQuotedScalarIndent);
            (error, is_repairable.then_some(line))
        })?;
        if matches!(event, Event::DocumentEnd) {
            // A second document in the file is ignored.
            break;
        }
        builder.take(event, span).map_err(|error| (error, None))?;
    }
    let nothing = Node {
        value: Value::Scalar(Json::Null, String::new()),
        mark: Mark { line: first_line, column: 1 },
    };
    Ok(builder.root.unwrap_or(nothing))
}

/// A collection that is not closed yet.
enum Open {
    List { nodes: Vec<Node>, mark: Mark, anchor: usize },
    Map { pairs: Vec<Pair>, key: Option<(String, Mark)>, mark: Mark, anchor: usize },
}

struct Builder<'a> {
    lines: Vec<&'a str>,
    first_line: u32,
    padding: &'a HashMap<usize, usize>,
    stack: Vec<Open>,
    anchored: HashMap<usize, Node>,
    count: usize,
    root: Option<Node>,
}

impl Builder<'_> {
    fn mark(&self, line: usize, column: usize) -> Mark {
        let small = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let column = column.saturating_sub(self.padding.get(&line).copied().unwrap_or(0));
        Mark { line: self.first_line + small(line).saturating_sub(1), column: small(column) + 1 }
    }

    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Error> {
        let mark = self.mark(span.start.line(), span.start.col());
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let tagged = tag.is_some();
                let value = self.scalar(text, style, tagged, span);
                self.put(Node { value, mark }, anchor)
            }
            Event::SequenceStart(_, anchor, _) => {
                self.open(Open::List { nodes: Vec::new(), mark, anchor }, mark)
            }
            Event::MappingStart(_, anchor, _) => {
                self.open(Open::Map { pairs: Vec::new(), key: None, mark, anchor }, mark)
            }
            Event::SequenceEnd | Event::MappingEnd => match self.stack.pop() {
                Some(Open::List { nodes, mark, anchor }) => {
                    self.put(Node { value: Value::List(nodes), mark }, anchor)
                }
                Some(Open::Map { pairs, mark, anchor, .. }) => {
                    self.put(Node { value: Value::Map(pairs), mark }, anchor)
                }
                None => Ok(()),
            },
            Event::Alias(anchor) => match self.anchored.get(&anchor).cloned() {
                Some(node) => {
                    self.count += size(&node);
                    self.put(node, 0)
                }
                None => Err(Error { message: "an alias inside what it names".to_owned(), mark }),
            },
            _ => Ok(()),
        }
    }

    fn open(&mut self, open: Open, mark: Mark) -> Result<(), Error> {
        if self.stack.len() >= DEPTH_MAX {
            return Err(Error { message: format!("nested deeper than {DEPTH_MAX}"), mark });
        }
        self.stack.push(open);
        Ok(())
    }

    fn put(&mut self, node: Node, anchor: usize) -> Result<(), Error> {
        self.count += 1;
        if self.count > NODES_MAX {
            let message = format!("more than {NODES_MAX} values");
            return Err(Error { message, mark: node.mark });
        }
        if anchor > 0 {
            self.anchored.insert(anchor, node.clone());
        }
        match self.stack.last_mut() {
            None => self.root = Some(node),
            Some(Open::List { nodes, .. }) => nodes.push(node),
            Some(Open::Map { pairs, key, .. }) => match key.take() {
                None => *key = Some((key_text(&node)?, node.mark)),
                Some((key, mark)) if key == "<<" => merge(pairs, node, mark),
                Some((key, mark)) => insert(pairs, key, mark, node),
            },
        }
        Ok(())
    }

    fn scalar(&self, text: Cow<'_, str>, style: ScalarStyle, tagged: bool, span: Span) -> Value {
        if style == ScalarStyle::Plain && !tagged {
            let value = scalar::resolve(&text);
            if !value.is_string() {
                return Value::Scalar(value, text.into_owned());
            }
        }
        let anchors = self.anchors(&text, style, span);
        Value::Text(Text { text: text.into_owned(), anchors })
    }

    /// Finds the position of every line of a scalar whose folding, indentation and quoting were
    /// removed.
    fn anchors(&self, text: &str, style: ScalarStyle, span: Span) -> Vec<Anchor> {
        let block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
        let (first, last) = (span.start.line(), span.end.line().max(span.start.line()));
        let mut anchors = Vec::new();
        let mut offset = 0;
        for number in first..=last {
            let Some(line) = self.lines.get(number - 1) else { break };
            let mut column = 0;
            if !block && number == first {
                column = span.start.col() + usize::from(style != ScalarStyle::Plain);
            }
            let written: String = line.chars().skip(column).collect();
            let content = written.trim();
            let content = if block || style == ScalarStyle::Plain {
                content
            } else {
                content.trim_end_matches(['"', '\''])
            };
            if content.is_empty() || (block && number == first && is_header(&written, text)) {
                continue;
            }
            let rest = &text[offset..];
            let skipped = rest.len() - rest.trim_start().len();
            let head: String = content.chars().take(24).collect();
            if rest[skipped..].starts_with(&head) {
                let indent = written.chars().take_while(|c| c.is_whitespace()).count();
                anchors.push(Anchor {
                    offset: offset + skipped,
                    mark: self.mark(number, column + indent),
                });
                offset += skipped + head.len();
                let tail = content.len() - head.len();
                if rest[skipped..].starts_with(content) {
                    offset += tail;
                }
            }
        }
        anchors
    }
}

/// True for the `key: >-` line of a block scalar, false for the first line of its content.
fn is_header(line: &str, text: &str) -> bool {
    !text.trim_start().starts_with(line.trim()) || line.trim().is_empty()
}

fn size(node: &Node) -> usize {
    match &node.value {
        Value::List(nodes) => 1 + nodes.iter().map(size).sum::<usize>(),
        Value::Map(pairs) => 1 + pairs.iter().map(|pair| size(&pair.node)).sum::<usize>(),
        _ => 1,
    }
}

fn key_text(node: &Node) -> Result<String, Error> {
    match &node.value {
        Value::Scalar(_, spelling) => Ok(spelling.clone()),
        Value::Text(text) => Ok(text.text.clone()),
        _ => {
            let message = format!("{} cannot be a key", node.kind());
            Err(Error { message, mark: node.mark })
        }
    }
}

/// As in Psych, the last pair wins, at the position of the first.
fn insert(pairs: &mut Vec<Pair>, key: String, mark: Mark, node: Node) {
    match pairs.iter_mut().find(|pair| pair.key == key) {
        Some(pair) => {
            pair.repeats = Some(pair.mark);
            pair.mark = mark;
            pair.node = node;
        }
        None => pairs.push(Pair { key, mark, node, repeats: None }),
    }
}

/// `<<: *defaults` adds missing keys.
fn merge(pairs: &mut Vec<Pair>, node: Node, mark: Mark) {
    match node.value {
        Value::Map(added) => {
            for pair in added {
                if !pairs.iter().any(|p| p.key == pair.key) {
                    pairs.push(pair);
                }
            }
        }
        Value::List(nodes) => nodes.into_iter().for_each(|node| merge(pairs, node, mark)),
        _ => insert(pairs, "<<".to_owned(), mark, node),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn text_of<'a>(node: &'a Node, key: &str) -> &'a Text {
        match &node.get(key).expect("the key").node.value {
            Value::Text(text) => text,
            other => panic!("{other:?}"),
        }
    }

    fn lines(text: &Text) -> Vec<(usize, u32, u32)> {
        text.anchors.iter().map(|a| (a.offset, a.mark.line, a.mark.column)).collect()
    }

    #[test]
    fn a_folded_scalar_is_folded_and_knows_its_lines() {
        let yaml = "a: 1\nheaders: >\n  {% if x %}\n    {\n    }\n  one\n  two\n\n  three\nb: 2\n";
        let node = parse(yaml, 2).expect("YAML");
        let text = text_of(&node, "headers");
        assert_eq!(text.text, "{% if x %}\n  {\n  }\none two\nthree\n");
        assert_eq!(
            lines(text),
            [(0, 4, 3), (13, 5, 5), (17, 6, 5), (19, 7, 3), (23, 8, 3), (27, 10, 3)]
        );
    }

    #[test]
    fn literal_quoted_and_plain_texts_know_their_lines() {
        let yaml = "a: |-\n  x\n  y\nb: \"one\n  two\"\nc: 'q'\nd: plain\n  goes on\n";
        let node = parse(yaml, 1).expect("YAML");
        assert_eq!(text_of(&node, "a").text, "x\ny");
        assert_eq!(lines(text_of(&node, "a")), [(0, 2, 3), (2, 3, 3)]);
        assert_eq!(text_of(&node, "b").text, "one two");
        assert_eq!(lines(text_of(&node, "b")), [(0, 4, 5), (4, 5, 3)]);
        assert_eq!(lines(text_of(&node, "c")), [(0, 6, 5)]);
        assert_eq!(lines(text_of(&node, "d")), [(0, 7, 4), (6, 8, 3)]);
    }

    #[test]
    fn the_last_of_two_equal_keys_wins() {
        let node = parse("a: 1\nb: 2\na: 3\n", 1).expect("YAML");
        assert_eq!(node.json(), json!({"a": 3, "b": 2}));
        assert_eq!(node.get("a").and_then(|p| p.repeats).map(|m| m.line), Some(1));
    }

    #[test]
    fn empty_values_flow_style_and_aliases() {
        let node = parse("---\nfields:\na: {}\nb: &x [1, yes]\nc: *x\n", 1).expect("YAML");
        assert_eq!(node.json(), json!({"fields": null, "a": {}, "b": [1, true], "c": [1, true]}));
        assert!(parse("", 1).expect("YAML").is_null());
        assert!(parse("# only words\n", 1).expect("YAML").is_null());
    }

    #[test]
    fn defaults_are_merged() {
        let node = parse("d: &d {a: 1, b: 2}\ne:\n  <<: *d\n  b: 3\n", 1).expect("YAML");
        assert_eq!(node.get("e").map(|p| p.node.json()), Some(json!({"a": 1, "b": 3})));
    }

    #[test]
    fn a_quoted_text_may_go_on_at_the_left_margin() {
        let node = parse("headers: '{\n  \"a\": 1\n}'\nb: 2\n", 1).expect("YAML");
        assert_eq!(node.json(), json!({"headers": "{ \"a\": 1 }", "b": 2}));
        assert_eq!(lines(text_of(&node, "headers")), [(0, 1, 11), (2, 2, 3), (9, 3, 1)]);
    }

    #[test]
    fn an_error_knows_its_place() {
        let error = parse("a: 1\n  b: [1\nc: 2\n", 10).expect_err("not YAML");
        assert_eq!(error.mark.line, 11);
    }

    #[test]
    fn aliases_do_not_multiply_without_end() {
        let mut yaml = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for i in 1..9 {
            let aliases = vec![format!("*a{}", i - 1); 10].join(", ");
            yaml.push_str(&format!("a{i}: &a{i} [{aliases}]\n"));
        }
        assert!(parse(&yaml, 1).is_err());
        assert!(parse(&"[".repeat(5000), 1).is_err());
    }
}
