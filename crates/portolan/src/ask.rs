//! Questions to the person, and secrets from files and streams.
//!
//! Owns what needs a terminal and what happens without one.

use std::{
    io::{self, BufRead, IsTerminal, Read},
    path::Path,
};

use anyhow::Context;
use rustix::termios::{self, LocalModes, OptionalActions, Termios};
use secrecy::{ExposeSecret, SecretString};

use crate::{
    failure::Failure,
    printer::{Line, Printer},
};

/// Whether the person already agreed to what cannot be undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Consent {
    Given,
    Ask,
}

/// Whether a change is made or only shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Run {
    Real,
    Dry,
}

/// Far above any key file, far below what hurts.
const LARGEST_SECRET: u64 = 1 << 20;

/// Returns when the person agreed; without a terminal only `--yes` is agreement.
pub(crate) fn confirm(printer: &Printer, consent: Consent, question: &str) -> anyhow::Result<()> {
    if consent == Consent::Given {
        return Ok(());
    }
    let answer = answer(printer, question, "[y/N]")?;
    if matches!(answer.to_lowercase().as_str(), "y" | "yes") {
        Ok(())
    } else {
        Err(Failure::advised("nothing was changed", "answer `y` to go on").into())
    }
}

/// The same for what is lost for good: the person types its name.
pub(crate) fn confirm_by_name(
    printer: &Printer,
    consent: Consent,
    question: &str,
    name: &str,
) -> anyhow::Result<()> {
    if consent == Consent::Given || answer(printer, question, "Type its name:")? == name {
        return Ok(());
    }
    Err(Failure::advised("nothing was changed", format!("type `{name}` to go on")).into())
}

/// Without white space around it.
fn answer(printer: &Printer, question: &str, how: &str) -> anyhow::Result<String> {
    if !has_person() {
        return Err(Failure::usage(
            format!("cannot ask without a terminal: {question}"),
            "add --yes when you are sure",
        )
        .into());
    }
    printer.ask(&format!("{question} {how}"));
    Ok(read_answer()?.trim().to_owned())
}

/// Whether somebody can read a question and answer it.
pub(crate) fn has_person() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

fn read_answer() -> anyhow::Result<String> {
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).context("could not read the answer")?;
    Ok(answer)
}

/// A line that may be shown: from whoever sits at the terminal, or from stdin.
pub(crate) fn line(printer: &Printer, question: &str) -> anyhow::Result<String> {
    printer.ask(question);
    let answer = read_answer()?.trim().to_owned();
    anyhow::ensure!(!answer.is_empty(), "nothing was answered to: {question}");
    Ok(answer)
}

/// Reads a line that is not shown while it is typed.
pub(crate) fn hidden(printer: &Printer, question: &str) -> anyhow::Result<SecretString> {
    let answer = {
        // Before the question: whoever answers at once must neither be seen nor lost.
        let _silence = Silence::begin().context("could not hide what is typed")?;
        printer.ask(question);
        read_answer()?
    };
    // The line feed that ended the answer was not shown either.
    printer.say(&Line::default());
    Ok(answer.trim_end_matches(['\r', '\n']).into())
}

/// Who answers when a command asks for secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answers {
    /// Whoever sits at the terminal; nothing is shown while it is typed.
    Person,
    /// A line each from stdin.
    Lines,
}

impl Answers {
    pub(crate) fn secret(self, printer: &Printer, question: &str) -> anyhow::Result<SecretString> {
        let asked_for = question.trim_end_matches(':');
        match self {
            Self::Person if has_person() => hidden(printer, question),
            Self::Person => Err(Failure::usage(
                format!("cannot ask without a terminal: {asked_for}"),
                "give what is asked for by stdin, a line each (see --help)",
            )
            .into()),
            Self::Lines => {
                let answer = read_answer()?;
                let answer = answer.trim_end_matches(['\r', '\n']);
                anyhow::ensure!(!answer.is_empty(), "stdin has no line for: {asked_for}");
                Ok(answer.into())
            }
        }
    }

    /// A person types it twice: a slip would lock them out.
    pub(crate) fn new_secret(
        self,
        printer: &Printer,
        question: &str,
    ) -> anyhow::Result<SecretString> {
        let secret = self.secret(printer, question)?;
        if self == Self::Person {
            let again = hidden(printer, "once more:")?;
            if again.expose_secret() != secret.expose_secret() {
                return Err(Failure::usage("the two differ", "start again").into());
            }
        }
        Ok(secret)
    }
}

/// While it lives the terminal does not show what is typed.
struct Silence(Termios);

impl Silence {
    fn begin() -> io::Result<Self> {
        let before = termios::tcgetattr(io::stdin())?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        termios::tcsetattr(io::stdin(), OptionalActions::Flush, &silent)?;
        Ok(Self(before))
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        let _terminal_gone = termios::tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}

/// The text of a file, or of stdin for `-`.
pub(crate) fn read_text(path: &Path) -> anyhow::Result<String> {
    let mut text = String::new();
    let read = if path == Path::new("-") {
        io::stdin().lock().take(LARGEST_SECRET).read_to_string(&mut text)
    } else {
        std::fs::File::open(path)
            .and_then(|file| file.take(LARGEST_SECRET).read_to_string(&mut text))
    };
    read.with_context(|| match path.to_str() {
        Some("-") => "could not read stdin".to_owned(),
        _ => format!("could not read {}", path.display()),
    })?;
    Ok(text)
}

/// A secret on one line: the line feed that editors and `echo` add is not part of it.
pub(crate) fn read_secret(path: &Path) -> anyhow::Result<SecretString> {
    let text = read_text(path)?;
    let secret = text.trim_end_matches(['\r', '\n']);
    anyhow::ensure!(!secret.is_empty(), "{} is empty", path.display());
    Ok(secret.into())
}
