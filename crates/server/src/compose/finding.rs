//! What is found in a file: what is refused, and what is only told. By line, and by name.

use std::fmt;

/// More than these are not listed: the file is another thing altogether.
const MOST: usize = 50;

/// Something about a place in a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    pub line: usize,
    /// The keys that lead there, or nothing where it is the file's form.
    pub path: String,
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, path, message } = self;
        if path.is_empty() {
            return write!(f, "line {line}: {message}");
        }
        write!(f, "line {line}: `{path}`: {message}")
    }
}

/// All of a file.
#[derive(Debug, Default)]
pub(super) struct Findings {
    faults: Vec<Finding>,
    notices: Vec<Finding>,
}

impl Findings {
    pub(super) fn refuse(&mut self, (line, path): (usize, &str), why: impl Into<String>) {
        note(&mut self.faults, (line, path), why.into());
    }

    pub(super) fn tell(&mut self, (line, path): (usize, &str), what: impl Into<String>) {
        note(&mut self.notices, (line, path), what.into());
    }

    /// What is refused and what is told, by line.
    pub(super) fn into_parts(mut self) -> (Vec<Finding>, Vec<Finding>) {
        self.faults.sort();
        self.notices.sort();
        (self.faults, self.notices)
    }
}

/// What an anchor stands for is read as often as it is used, and found once.
fn note(all: &mut Vec<Finding>, (line, path): (usize, &str), message: String) {
    let finding = Finding { line, path: path.to_owned(), message };
    if all.len() < MOST && !all.contains(&finding) {
        all.push(finding);
    }
}
