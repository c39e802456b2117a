//! `${NAME}` in the values of a file (<https://github.com/compose-spec/compose-spec/blob/main/12-interpolation.md>).
//!
//! Keys are not touched. What a secret value is put into is secret.

use portolan_types::VariableName;

use super::{
    Values,
    finding::Findings,
    yaml::{BYTES, Node, Scalar, Value},
};

/// How deep the default of a variable may name others.
const DEPTH: usize = 8;

/// Puts values in, everywhere below a node.
pub(super) fn fill(node: &mut Node, values: &Values, findings: &mut Findings) {
    let mut filler = Filler { values, findings, left: BYTES };
    filler.node(node, "");
}

struct Filler<'a> {
    values: &'a Values,
    findings: &'a mut Findings,
    /// How much text may still be made.
    left: usize,
}

impl Filler<'_> {
    fn node(&mut self, node: &mut Node, path: &str) {
        let line = node.line;
        match &mut node.value {
            Value::Text(text) if text.text.contains('$') => {
                let at = (line, path);
                match self.text(&text.text, at, 0) {
                    Ok(filled) if filled.secret && !keeps_secrets(path) => {
                        let why = "a secret variable is for `environment` and what is in `configs`: all else is shown";
                        self.findings.refuse(at, why);
                    }
                    Ok(filled) => {
                        *text = Scalar { plain: text.plain && !filled.text.is_empty(), ..filled };
                    }
                    Err(why) => self.findings.refuse(at, why),
                }
            }
            Value::Text(_) => {}
            Value::List(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    self.node(item, &format!("{path}[{index}]"));
                }
            }
            Value::Map(entries) => {
                for (key, value) in entries {
                    self.node(value, &super::spot::below(path, key));
                }
            }
        }
    }

    fn text(&mut self, text: &str, at: (usize, &str), depth: usize) -> Result<Scalar, String> {
        let mut filled = Scalar { plain: true, ..Scalar::default() };
        let mut rest = text;
        while let Some(start) = rest.find('$') {
            self.push(&mut filled, &rest[..start])?;
            rest = &rest[start + 1..];
            if let Some(after) = rest.strip_prefix('$') {
                self.push(&mut filled, "$")?;
                rest = after;
            } else if let Some(inner) = rest.strip_prefix('{') {
                let end = closing(inner).ok_or("a `${` has no `}`")?;
                let value = self.braced(&inner[..end], at, depth)?;
                self.push(&mut filled, &value.text)?;
                filled.secret |= value.secret;
                rest = &inner[end + 1..];
            } else {
                let (name, after) = rest.split_at(name_length(rest));
                if name.is_empty() {
                    return Err("a `$` that is meant is written `$$`".to_owned());
                }
                let value = self.value(name, at)?;
                self.push(&mut filled, &value.text)?;
                filled.secret |= value.secret;
                rest = after;
            }
        }
        self.push(&mut filled, rest)?;
        Ok(filled)
    }

    /// `NAME`, with what is to be done where it has no value.
    fn braced(&mut self, inner: &str, at: (usize, &str), depth: usize) -> Result<Scalar, String> {
        let (name, rest) = inner.split_at(name_length(inner));
        let found = self.find(name)?;
        let full = found.clone().filter(|value| !value.text.is_empty());
        let (has, other) = match rest.as_bytes() {
            [] => return self.value(name, at),
            [b':', b'-' | b'?' | b'+', ..] => (full, &rest[1..]),
            [b'-' | b'?' | b'+', ..] => (found, rest),
            _ => return Err(format!("`${{{inner}}}` is not known here")),
        };
        let (how, other) = other.split_at(1);
        match (how, has) {
            ("+", Some(_)) | ("-", None) if depth >= DEPTH => {
                Err(format!("variables lie deeper than {DEPTH}"))
            }
            ("+", Some(_)) | ("-", None) => self.text(other, at, depth + 1),
            ("?", None) if other.is_empty() => Err(format!("variable `{name}` is needed")),
            ("?", None) => Err(format!("variable `{name}` is needed: {other}")),
            (_, Some(value)) => Ok(value),
            // Of `+`, and no other is left.
            (_, None) => Ok(Scalar::default()),
        }
    }

    fn find(&self, name: &str) -> Result<Option<Scalar>, String> {
        let name: VariableName =
            name.parse().map_err(|_| format!("`{name}` is no name of a variable"))?;
        let value = self.values.get(&name);
        Ok(value.map(|(value, secret)| Scalar {
            text: value.as_str().to_owned(),
            plain: false,
            secret: *secret,
        }))
    }

    /// One that has no value is empty, as with Compose, and that is told.
    fn value(&mut self, name: &str, at: (usize, &str)) -> Result<Scalar, String> {
        let found = self.find(name)?;
        if found.is_none() {
            let why = format!("variable `{name}` has no value: it is empty");
            self.findings.tell(at, why);
        }
        Ok(found.unwrap_or_default())
    }

    fn push(&mut self, filled: &mut Scalar, text: &str) -> Result<(), String> {
        let left = self.left.checked_sub(text.len());
        self.left = left.ok_or("with its variables the file is too much")?;
        filled.text.push_str(text);
        Ok(())
    }
}

/// Variables of a program are sealed, and so is what is put into its container. What extensions say is
/// read where it is used.
fn keeps_secrets(path: &str) -> bool {
    let is_content = path.starts_with("configs.") && path.ends_with(".content");
    let of_service = path.strip_prefix("services.").and_then(|rest| rest.split_once('.'));
    is_content
        || path.starts_with("x-")
        || of_service.is_some_and(|(_, rest)| rest.starts_with("environment"))
}

/// Where the brace that is open ends.
fn closing(text: &str) -> Option<usize> {
    let mut open = 1_usize;
    for (index, c) in text.char_indices() {
        match c {
            '{' => open += 1,
            '}' => open -= 1,
            _ => {}
        }
        if open == 0 {
            return Some(index);
        }
    }
    None
}

fn name_length(text: &str) -> usize {
    text.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count()
}
