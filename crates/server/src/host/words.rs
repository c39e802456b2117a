//! Makes what hosts and libraries say fit for people: one line, no control characters, bounded.
//!
//! Owns no meaning: the text stays the host's own words.

use std::io;

/// Longest text of a host that goes into an error.
pub(super) const MAX_WORDS: usize = 1_000;

/// One line of at most [`MAX_WORDS`] characters, without anything a terminal or page would act on.
pub(crate) fn clean(text: &str) -> String {
    let spaced: String = text.chars().map(|c| if unsafe_to_show(c) { ' ' } else { c }).collect();
    let line = spaced.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MAX_WORDS) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line,
    }
}

/// An id as Docker's own lists show it.
pub(crate) fn short_id(docker_id: &str) -> &str {
    docker_id.char_indices().nth(12).map_or(docker_id, |(end, _)| &docker_id[..end])
}

/// Control characters, and those that reorder or hide the text around them (Unicode TR 36).
fn unsafe_to_show(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// An input/output error in our style: "connection refused", without the number.
pub(super) fn io_words(error: &io::Error) -> String {
    let text = error.to_string();
    lower_first(text.split(" (os error").next().unwrap_or(&text))
}

/// Libraries begin their messages with a capital letter, ours begin without.
pub(super) fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    match (chars.next(), chars.clone().next()) {
        // An abbreviation such as `EOF` stays.
        (Some(first), Some(second)) if !second.is_uppercase() => {
            first.to_lowercase().chain(chars).collect()
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_shown_as_docker_does() {
        assert_eq!(short_id(&"0af1".repeat(16)), "0af10af10af1");
        assert_eq!((short_id(""), short_id("0af1")), ("", "0af1"));
        assert_eq!(short_id(&"é".repeat(64)), "é".repeat(12));
    }

    #[test]
    fn hostile_text_becomes_one_bounded_line() {
        assert_eq!(
            clean("bash: line 1: docker:\r\n\x1b[31mnot found\0"),
            "bash: line 1: docker: [31mnot found"
        );
        assert_eq!(clean("a\u{202e}b\u{200b}c"), "a b c");
        assert_eq!(clean(&"é".repeat(5_000)).chars().count(), MAX_WORDS + 3);
        assert_eq!(clean(" \n\t "), "");
    }

    #[test]
    fn libraries_words_become_ours() {
        assert_eq!(io_words(&io::Error::from_raw_os_error(111)), "connection refused");
        assert_eq!(lower_first("EOF reached"), "EOF reached");
        assert_eq!(lower_first(""), "");
    }
}
