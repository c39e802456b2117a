//! A program and its arguments in one text, taken apart as a shell does it.
//!
//! No shell runs: there are quotes and backslashes, and no variables, patterns or operators.

use super::Argument;
use crate::Invalid;

/// At least one argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words(pub Vec<Argument>);

impl std::str::FromStr for Words {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let words = split(text)?;
        if words.is_empty() {
            return Err(Invalid::new("a program, and its arguments if it has some"));
        }
        words.iter().map(|word| word.parse()).collect::<Result<_, _>>().map(Self)
    }
}

fn split(text: &str) -> Result<Vec<String>, Invalid> {
    let mut words = Vec::new();
    // None between words: a pair of quotes makes an empty one.
    let mut word: Option<String> = None;
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            quote @ ('\'' | '"') => quoted(quote, &mut rest, word.get_or_insert_default())?,
            '\\' => word.get_or_insert_default().push(escaped(&mut rest)?),
            c if c.is_whitespace() => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

fn quoted(
    quote: char,
    rest: &mut impl Iterator<Item = char>,
    word: &mut String,
) -> Result<(), Invalid> {
    loop {
        match rest.next() {
            None => return Err(Invalid::new(format!("a {quote} has no end"))),
            Some(c) if c == quote => return Ok(()),
            Some('\\') if quote == '"' => match escaped(rest)? {
                c @ ('"' | '\\') => word.push(c),
                c => word.extend(['\\', c]),
            },
            Some(c) => word.push(c),
        }
    }
}

fn escaped(rest: &mut impl Iterator<Item = char>) -> Result<char, Invalid> {
    rest.next().ok_or_else(|| Invalid::new("nothing follows the last \\"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_keep_together() {
        assert_eq!(
            split(" serve  --port 8080 ").as_deref(),
            Ok(&["serve", "--port", "8080"].map(str::to_owned)[..])
        );
        let read = split(r#"sh -c 'echo "$HOME" > /tmp/x' "a \"b\" \n" c\ d '' "#).expect("words");
        assert_eq!(read, ["sh", "-c", r#"echo "$HOME" > /tmp/x"#, r#"a "b" \n"#, "c d", ""]);
    }

    #[test]
    fn what_has_no_end_is_refused() {
        for text in ["'a", "\"a", "a\\", "", "  "] {
            assert!(text.parse::<Words>().is_err(), "{text:?}");
        }
    }
}
