//! Makes text from servers and hosts harmless to a terminal.
//!
//! Names that Docker reports are hostile input: an escape sequence could rewrite the screen, a
//! direction override could make one name look like another.

use std::{borrow::Cow, fmt::Write};

/// Characters that steer a terminal or reorder what is read.
fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{061c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

/// Everything hostile is written out, line feeds too.
pub(super) fn one_line(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hostile) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_hostile(c) {
            safe.extend(c.escape_default());
        } else {
            safe.push(c);
        }
    }
    Cow::Owned(safe)
}

/// Line feeds stay; `indent` before each further line keeps text from posing as our own.
pub(super) fn block(text: &str, indent: &str) -> String {
    let lines: Vec<Cow<'_, str>> = text
        .trim_end_matches(['\r', '\n'])
        .split('\n')
        .map(|line| one_line(line.trim_end_matches('\r')))
        .collect();
    lines.join(&format!("\n{indent}"))
}

/// The same JSON with what is hostile as `\uXXXX`. Outside its strings JSON has nothing hostile
/// but line feeds, which stay.
pub(super) fn json(text: &str) -> Cow<'_, str> {
    let hostile = |c: char| c != '\n' && is_hostile(c);
    if !text.contains(hostile) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if hostile(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                let _infallible = write!(safe, "\\u{unit:04x}");
            }
        } else {
            safe.push(c);
        }
    }
    Cow::Owned(safe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_characters_are_written_out() {
        assert_eq!(one_line("web é 日本 👩‍💻"), "web é 日本 👩‍💻");
        assert_eq!(one_line("a\u{1b}[31mb"), "a\\u{1b}[31mb");
        assert_eq!(one_line("a\nb\u{9b}c\u{202e}"), "a\\nb\\u{9b}c\\u{202e}");
        assert_eq!(block("a\r\nhint: b\u{7}\n", "  "), "a\n  hint: b\\u{7}");
    }

    #[test]
    fn json_keeps_its_meaning() {
        let name = "a\u{9b}b\u{202e}c\u{e0041}\u{7f}";
        let text = serde_json::to_string(name).expect("json");
        let safe = json(&text);
        assert!(safe.is_ascii(), "{safe}");
        assert_eq!(serde_json::from_str::<String>(&safe).expect("json"), name);
    }
}
