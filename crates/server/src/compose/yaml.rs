//! The text of a file as a tree whose nodes know their lines. Anchors and merge keys are resolved here.
//!
//! Bounded, whatever the text says: how deep it goes, and how much it is when every alias stands for
//! what it names. What values mean is not decided here: scalars stay text.

use std::{borrow::Cow, collections::HashMap};

use saphyr_parser::{Event, Parser, ScalarStyle, Span, StrInput, Tag};

use super::Finding;

/// How deep lists and mappings may lie in each other.
const DEPTH: usize = 40;
/// How many nodes there may be, those that aliases stand for among them.
const NODES: usize = 20_000;
/// How much text there may be in these.
pub(super) const BYTES: usize = 2 << 20;

/// A place of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    pub line: usize,
    pub value: Value,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Text(Scalar),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

/// A scalar.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Scalar {
    pub text: String,
    /// Without quotes, so that it can be nothing at all.
    pub plain: bool,
    /// Whether something secret was put into it.
    pub secret: bool,
}

impl Scalar {
    pub(super) fn is_null(&self) -> bool {
        self.plain && matches!(self.text.as_str(), "" | "~" | "null" | "Null" | "NULL")
    }
}

/// How much a node is with all that is in it.
#[derive(Debug, Clone, Copy, Default)]
struct Size {
    nodes: usize,
    bytes: usize,
}

/// Reads the one document of a text.
pub(super) fn read(text: &str) -> Result<Node, Finding> {
    let mut tree =
        Tree { events: Parser::new_from_str(text), anchors: HashMap::new(), used: Size::default() };
    tree.document()
}

struct Tree<'t> {
    events: Parser<'t, StrInput<'t>>,
    anchors: HashMap<usize, (Node, Size)>,
    used: Size,
}

fn fault(line: usize, message: impl Into<String>) -> Finding {
    Finding { line, path: String::new(), message: message.into() }
}

impl<'t> Tree<'t> {
    fn next(&mut self) -> Result<(Event<'t>, Span), Finding> {
        match self.events.next_event() {
            Some(Ok(next)) => Ok(next),
            Some(Err(error)) => {
                Err(fault(error.marker().line(), format!("not YAML: {}", error.info())))
            }
            None => Err(fault(1, "the file ends too early")),
        }
    }

    fn document(&mut self) -> Result<Node, Finding> {
        let mut root = None;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::Nothing
                | Event::StreamStart
                | Event::DocumentStart(_)
                | Event::DocumentEnd => {}
                Event::StreamEnd => return root.ok_or_else(|| fault(1, "there is nothing in it")),
                _ if root.is_some() => {
                    return Err(fault(span.start.line(), "a second document: one file has one"));
                }
                event => root = Some(self.node((event, span), 0)?),
            }
        }
    }

    fn node(&mut self, (event, span): (Event<'t>, Span), depth: usize) -> Result<Node, Finding> {
        let line = span.start.line();
        if depth > DEPTH {
            return Err(fault(line, format!("it lies deeper than {DEPTH}")));
        }
        let before = self.used;
        let (value, anchor) = match event {
            Event::Alias(anchor) => return self.alias(anchor, line),
            Event::Scalar(text, style, anchor, tag) => {
                self.spend(line, Size { nodes: 1, bytes: text.len() })?;
                (Value::Text(scalar(text, style, (line, tag))?), anchor)
            }
            Event::SequenceStart(anchor, tag) => {
                untagged(line, tag)?;
                self.spend(line, Size { nodes: 1, bytes: 0 })?;
                (Value::List(self.list(depth)?), anchor)
            }
            Event::MappingStart(anchor, tag) => {
                untagged(line, tag)?;
                self.spend(line, Size { nodes: 1, bytes: 0 })?;
                (Value::Map(self.map(depth)?), anchor)
            }
            _ => return Err(fault(line, "the file ends too early")),
        };
        let node = Node { line, value };
        if anchor != 0 {
            let size = Size {
                nodes: self.used.nodes - before.nodes,
                bytes: self.used.bytes - before.bytes,
            };
            self.anchors.insert(anchor, (node.clone(), size));
        }
        Ok(node)
    }

    /// Each alias costs what it stands for.
    fn alias(&mut self, anchor: usize, line: usize) -> Result<Node, Finding> {
        let Some((node, size)) = self.anchors.get(&anchor).cloned() else {
            return Err(fault(line, "the alias stands for what it is a part of"));
        };
        self.spend(line, size)?;
        Ok(node)
    }

    fn spend(&mut self, line: usize, size: Size) -> Result<(), Finding> {
        self.used.nodes += size.nodes;
        self.used.bytes += size.bytes;
        if self.used.nodes > NODES || self.used.bytes > BYTES {
            return Err(fault(line, "the file is too much, with what its aliases stand for"));
        }
        Ok(())
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Node>, Finding> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(items),
                next => items.push(self.node(next, depth + 1)?),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Vec<(String, Node)>, Finding> {
        let (mut entries, mut merged) = (Vec::new(), Vec::new());
        loop {
            let key = match self.next()? {
                (Event::MappingEnd, _) => break,
                next => self.node(next, depth + 1)?,
            };
            let next = self.next()?;
            let value = self.node(next, depth + 1)?;
            let Value::Text(name) = key.value else {
                return Err(fault(key.line, "a key is a text"));
            };
            if name.plain && name.text == "<<" {
                merged.extend(maps_of(value)?);
            } else if entries.iter().any(|(other, _)| *other == name.text) {
                return Err(fault(key.line, format!("`{}` is there twice", name.text)));
            } else {
                // What is under a key is found where the key is.
                entries.push((name.text, Node { line: key.line, ..value }));
            }
        }
        for (name, node) in merged {
            // What is said here counts, and of several the first.
            if entries.iter().all(|(other, _)| *other != name) {
                entries.push((name, node));
            }
        }
        Ok(entries)
    }
}

/// What a merge key names: a mapping, or several.
fn maps_of(node: Node) -> Result<Vec<(String, Node)>, Finding> {
    match node.value {
        Value::Map(entries) => Ok(entries),
        Value::List(items) => {
            let maps = items.into_iter().map(maps_of).collect::<Result<Vec<_>, _>>()?;
            Ok(maps.into_iter().flatten().collect())
        }
        Value::Text(_) => Err(fault(node.line, "`<<` merges mappings alone")),
    }
}

fn scalar(
    text: Cow<'_, str>,
    style: ScalarStyle,
    (line, tag): (usize, Option<Cow<'_, Tag>>),
) -> Result<Scalar, Finding> {
    let is_string =
        tag.as_ref().is_some_and(|tag| tag.is_yaml_core_schema() && tag.suffix == "str");
    if !is_string {
        untagged(line, tag)?;
    }
    let plain = style == ScalarStyle::Plain && !is_string;
    Ok(Scalar { text: text.into_owned(), plain, secret: false })
}

/// Tags change what is meant (`!reset`, `!override`); those of YAML itself do not.
fn untagged(line: usize, tag: Option<Cow<'_, Tag>>) -> Result<(), Finding> {
    match tag {
        Some(tag) if !tag.is_yaml_core_schema() => {
            Err(fault(line, format!("the tag `{}{}` is not known here", tag.handle, tag.suffix)))
        }
        _ => Ok(()),
    }
}
