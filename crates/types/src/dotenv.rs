//! Files of environment variables (`.env`), as most programs read them.
//!
//! `NAME=VALUE` a line, comments, `export`, and quotes over which a value may have several lines.
//! Nothing is put in the place of `$NAME`: what is written is what is set.

use std::{iter::Peekable, str::Chars};

use crate::{Invalid, VariableName, VariableValue};

/// What is wrong, and on which line.
type Error = (usize, Invalid);

/// A variable of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub number: usize,
    pub name: VariableName,
    pub value: VariableValue,
    /// Between single quotes, within which nothing stands for anything else.
    pub literal: bool,
}

/// The variables in their order, or the line that is wrong and why. Values are not in errors.
pub fn parse(text: &str) -> Result<Vec<Line>, Error> {
    let mut source = Source { rest: text.chars().peekable(), line: 1 };
    let mut variables = Vec::new();
    while source.rest.peek().is_some() {
        let line = source.line;
        variables.extend(source.variable().map_err(|error| (line, error))?);
    }
    Ok(variables)
}

struct Source<'a> {
    rest: Peekable<Chars<'a>>,
    line: usize,
}

impl Source<'_> {
    fn next(&mut self) -> Option<char> {
        let c = self.rest.next()?;
        self.line += usize::from(c == '\n');
        Some(c)
    }

    /// Up to the end of the line, or a character that is left there.
    fn until(&mut self, end: char) -> String {
        let mut text = String::new();
        while let Some(c) = self.rest.peek().copied().filter(|c| *c != end && *c != '\n') {
            text.push(c);
            self.next();
        }
        text
    }

    fn variable(&mut self) -> Result<Option<Line>, Invalid> {
        let number = self.line;
        let name = self.until('=');
        let name = name.trim();
        let comment = name.is_empty() || name.starts_with('#');
        if comment || self.rest.peek() != Some(&'=') {
            self.until('\n');
            self.next();
            return if comment { Ok(None) } else { Err(Invalid::new("there is no `=`")) };
        }
        self.next();
        let name = name.strip_prefix("export ").unwrap_or(name).trim();
        let name = name.parse()?;
        while self.rest.next_if(|c| *c == ' ' || *c == '\t').is_some() {}
        let literal = self.rest.peek() == Some(&'\'');
        Ok(Some(Line { number, name, value: self.value()?.parse()?, literal }))
    }

    fn value(&mut self) -> Result<String, Invalid> {
        let Some(quote) = self.rest.next_if(|c| matches!(c, '\'' | '"')) else {
            let line = self.until('\n');
            self.next();
            return Ok(without_comment(&line).trim().to_owned());
        };
        let value = self.quoted(quote)?;
        let after = self.until('\n');
        self.next();
        let after = after.trim();
        if after.is_empty() || after.starts_with('#') {
            Ok(value)
        } else {
            Err(Invalid::new("something follows the quotes"))
        }
    }

    fn quoted(&mut self, quote: char) -> Result<String, Invalid> {
        let mut value = String::new();
        loop {
            match self.next() {
                None => return Err(Invalid::new(format!("its {quote} has no end"))),
                Some(c) if c == quote => return Ok(value),
                Some('\\') if quote == '"' => match self.next() {
                    Some('n') => value.push('\n'),
                    Some('r') => value.push('\r'),
                    Some('t') => value.push('\t'),
                    Some(c @ ('"' | '\\' | '$')) => value.push(c),
                    Some(c) => value.extend(['\\', c]),
                    None => {}
                },
                Some(c) => value.push(c),
            }
        }
    }
}

/// A comment begins behind a blank: `a#b` is a value.
fn without_comment(line: &str) -> &str {
    let comment = |(at, _): &(usize, &str)| *at == 0 || line[..*at].ends_with([' ', '\t']);
    line.match_indices('#').find(comment).map_or(line, |(at, _)| &line[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, String)> {
        let variables = parse(text).expect("variables");
        variables.into_iter().map(|one| (one.name.into(), one.value.into())).collect()
    }

    #[test]
    fn lines_are_variables() {
        let text = "# a comment\n\nA=1\nexport B = two words # and why\r\nC=a#b\nD=\nE='$A \\n'\n\
                    F=\"x\\n\\\"y\\\"\" # why\nG=\"first\nsecond\"\n#H=off\nI=a=b";
        let wanted = [
            ("A", "1"),
            ("B", "two words"),
            ("C", "a#b"),
            ("D", ""),
            ("E", "$A \\n"),
            ("F", "x\n\"y\""),
            ("G", "first\nsecond"),
            ("I", "a=b"),
        ];
        assert_eq!(read(text), wanted.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let literal: Vec<bool> =
            parse(text).expect("variables").iter().map(|one| one.literal).collect();
        assert_eq!(literal, [false, false, false, false, true, false, false, false]);
        assert!(read("").is_empty() && read("\n # a = comment").is_empty());
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let wrong = [
            ("A=1\nnothing", 2, "there is no `=`"),
            ("A='x\n\n1-B=2", 1, "no end"),
            ("A=\"x\ny\"\n\n1B=2", 4, "no digit first"),
            ("A='x' y", 1, "follows the quotes"),
        ];
        for (text, line, why) in wrong {
            let (at, error) = parse(text).expect_err(text);
            assert_eq!(at, line, "{text:?}");
            assert!(error.to_string().contains(why), "{text:?}: {error}");
        }
    }
}
