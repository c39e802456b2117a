//! One flat JSON document. Owns the escaping; a library would be larger than the rest of the probe.

use std::fmt::{Display, Write};

/// An object in the making.
#[derive(Debug)]
pub(crate) struct Object(String);

impl Object {
    pub(crate) fn new() -> Self {
        Self("{".into())
    }

    pub(crate) fn text(mut self, key: &str, value: impl Display) -> Self {
        self.key(key);
        quote(&mut self.0, &value.to_string());
        self
    }

    pub(crate) fn number(mut self, key: &str, value: u64) -> Self {
        self.key(key);
        let _infallible = write!(self.0, "{value}");
        self
    }

    pub(crate) fn texts(mut self, key: &str, values: impl IntoIterator<Item = String>) -> Self {
        self.key(key);
        self.0.push('[');
        for (index, value) in values.into_iter().enumerate() {
            if index > 0 {
                self.0.push(',');
            }
            quote(&mut self.0, &value);
        }
        self.0.push(']');
        self
    }

    pub(crate) fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }

    fn key(&mut self, key: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        quote(&mut self.0, key);
        self.0.push(':');
    }
}

/// What went wrong, when no question was answered.
pub(crate) fn error(why: &str) -> String {
    Object::new().text("error", why).end()
}

fn quote(into: &mut String, text: &str) {
    into.push('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => into.extend(['\\', letter]),
            ' '.. => into.push(letter),
            control => {
                let _infallible = write!(into, "\\u{:04x}", u32::from(control));
            }
        }
    }
    into.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_well_formed_whatever_is_in_them() {
        let made = Object::new()
            .text("a\"b", "c\\\n\u{1f}é")
            .number("n", 7)
            .texts("none", [])
            .texts("two", ["x".into(), "\"".into()])
            .end();
        let right = r#"{"a\"b":"c\\\u000a\u001fé","n":7,"none":[],"two":["x","\""]}"#;
        assert_eq!(made, right);
        assert_eq!(Object::new().end(), "{}");
    }
}
