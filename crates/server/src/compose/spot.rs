//! A place in a file while it is read: what is there, by which keys one comes to it, and on which line.
//!
//! Whatever cannot be read is noted and left out, so that one reading finds all that is wrong.

use std::{fmt::Display, str::FromStr};

use portolan_types::Invalid;

use super::{
    finding::Findings,
    yaml::{Node, Scalar, Value},
};

#[derive(Debug, Clone)]
pub(super) struct Spot<'a> {
    pub(super) path: String,
    node: &'a Node,
}

/// A name with its value, from a mapping or a list of `NAME=value`.
#[derive(Debug)]
pub(super) struct Pair<'a> {
    pub(super) name: &'a str,
    /// Nothing where there is only a name.
    pub(super) value: Option<Scalar>,
    pub(super) spot: Spot<'a>,
}

/// The path of what a key leads to.
pub(super) fn below(path: &str, key: &str) -> String {
    let separator = if path.is_empty() { "" } else { "." };
    format!("{path}{separator}{key}")
}

impl<'a> Spot<'a> {
    pub(super) fn root(node: &'a Node) -> Self {
        Self { path: String::new(), node }
    }

    pub(super) const fn line(&self) -> usize {
        self.node.line
    }

    fn at(&self) -> (usize, &str) {
        (self.node.line, &self.path)
    }

    /// A reason may quote what is there, which is nobody's to see where it is secret.
    pub(super) fn refuse(&self, findings: &mut Findings, why: impl Into<String>) {
        if self.as_text().is_some_and(|text| text.secret) {
            return findings.refuse(self.at(), "its value, which is secret, cannot be here");
        }
        findings.refuse(self.at(), why);
    }

    pub(super) fn tell(&self, findings: &mut Findings, what: impl Into<String>) {
        findings.tell(self.at(), what);
    }

    /// Whether nothing is said.
    pub(super) fn is_null(&self) -> bool {
        matches!(&self.node.value, Value::Text(text) if text.is_null())
    }

    pub(super) const fn is_map(&self) -> bool {
        matches!(self.node.value, Value::Map(_))
    }

    pub(super) const fn is_list(&self) -> bool {
        matches!(self.node.value, Value::List(_))
    }

    /// The text, where it is one.
    pub(super) const fn as_text(&self) -> Option<&'a Scalar> {
        match &self.node.value {
            Value::Text(text) => Some(text),
            Value::List(_) | Value::Map(_) => None,
        }
    }

    pub(super) fn text(&self, findings: &mut Findings) -> Option<&'a str> {
        let found = self.as_text().filter(|text| !text.is_null());
        if found.is_none() {
            self.refuse(findings, "a text is wanted");
        }
        found.map(|text| text.text.as_str())
    }

    /// The entries of a mapping; nothing has none.
    pub(super) fn entries(&self, findings: &mut Findings) -> Vec<(&'a str, Self)> {
        match &self.node.value {
            Value::Map(entries) => {
                entries.iter().map(|(key, node)| self.entry(key, node)).collect()
            }
            Value::Text(text) if text.is_null() => Vec::new(),
            Value::Text(_) | Value::List(_) => {
                self.refuse(findings, "a mapping is wanted");
                Vec::new()
            }
        }
    }

    fn entry(&self, key: &'a str, node: &'a Node) -> (&'a str, Self) {
        (key, Self { path: below(&self.path, key), node })
    }

    /// What is under a key, where this is a mapping that has it.
    pub(super) fn find(&self, name: &str) -> Option<Self> {
        let Value::Map(entries) = &self.node.value else { return None };
        let found = entries.iter().find(|(key, _)| key == name);
        found.map(|(key, node)| self.entry(key, node).1)
    }

    /// The items of a list; nothing has none.
    pub(super) fn items(&self, findings: &mut Findings) -> Vec<Self> {
        match &self.node.value {
            Value::List(items) => {
                let item = |(index, node)| Self { path: format!("{}[{index}]", self.path), node };
                items.iter().enumerate().map(item).collect()
            }
            Value::Text(text) if text.is_null() => Vec::new(),
            Value::Text(_) | Value::Map(_) => {
                self.refuse(findings, "a list is wanted");
                Vec::new()
            }
        }
    }

    /// A value of ours.
    pub(super) fn parsed<T>(&self, findings: &mut Findings) -> Option<T>
    where
        T: FromStr<Err = Invalid>,
    {
        let text = self.text(findings)?;
        self.accept(findings, text.parse())
    }

    /// What was read, or what is against it.
    pub(super) fn accept<T, E: Display>(
        &self,
        findings: &mut Findings,
        read: Result<T, E>,
    ) -> Option<T> {
        match read {
            Ok(value) => Some(value),
            Err(why) => {
                self.refuse(findings, why.to_string());
                None
            }
        }
    }

    pub(super) fn number<T: FromStr>(&self, findings: &mut Findings) -> Option<T> {
        let text = self.text(findings)?;
        let number = text.parse().ok();
        if number.is_none() {
            self.refuse(findings, format!("`{text}` is not a number that can be here"));
        }
        number
    }

    pub(super) fn flag(&self, findings: &mut Findings) -> Option<bool> {
        match self.text(findings)? {
            "true" | "True" | "TRUE" | "yes" | "on" => Some(true),
            "false" | "False" | "FALSE" | "no" | "off" => Some(false),
            text => {
                self.refuse(findings, format!("`{text}` is neither true nor false"));
                None
            }
        }
    }

    /// A mapping, or a list of `NAME=value`.
    pub(super) fn pairs(&self, findings: &mut Findings) -> Vec<Pair<'a>> {
        if self.is_list() {
            let items = self.items(findings);
            return items.into_iter().filter_map(|item| item.pair(findings)).collect();
        }
        let entries = self.entries(findings).into_iter();
        let pair = |(name, spot): (&'a str, Self)| {
            let Some(text) = spot.as_text() else {
                spot.refuse(findings, "a text is wanted");
                return None;
            };
            let value = (!text.is_null()).then(|| text.clone());
            Some(Pair { name, value, spot })
        };
        entries.filter_map(pair).collect()
    }

    fn pair(self, findings: &mut Findings) -> Option<Pair<'a>> {
        let whole = self.text(findings)?;
        let secret = self.as_text().is_some_and(|text| text.secret);
        let (name, value) = match whole.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (whole, None),
        };
        let value = value.map(|text| Scalar { text: text.to_owned(), plain: false, secret });
        Some(Pair { name, value, spot: self })
    }
}
