//! Everything that reaches the terminal passes here: data to stdout, talk to stderr.
//!
//! Owns colour, quietness, the spinner, and the promise that no text from a server or a host can
//! steer the terminal: whatever is printed is made safe here, so no caller has to think of it.
//! Does not know what is printed.

mod commands;
mod line;
mod safe;
mod table;

use std::{
    cell::{Cell, RefCell},
    io::{self, IsTerminal, Write},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};
use portolan_types::Page;
use serde::Serialize;

pub(crate) use line::{Line, Span, Style};
pub(crate) use table::{Details, Table};

/// How much is said on stderr.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Talk {
    Normal,
    /// Errors only.
    Quiet,
}

/// How data is written on stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Text,
    Json,
}

/// Whether colour is welcome, where the stream is a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Colour {
    Auto,
    Never,
}

/// The two streams and how to write on them.
#[derive(Debug)]
pub(crate) struct Printer {
    talk: Talk,
    format: Format,
    colour_out: bool,
    colour_err: bool,
    spinner: RefCell<Option<ProgressBar>>,
    reader_left: Cell<bool>,
}

impl Printer {
    pub(crate) fn new(talk: Talk, format: Format, colour: Colour) -> Self {
        let colour = colour == Colour::Auto;
        Self {
            talk,
            format,
            colour_out: colour && io::stdout().is_terminal(),
            colour_err: colour && io::stderr().is_terminal(),
            spinner: RefCell::new(None),
            reader_left: Cell::new(false),
        }
    }

    pub(crate) fn format(&self) -> Format {
        self.format
    }

    /// Whether stderr shows colour: the log of `serve` asks too.
    pub(crate) fn colours_talk(&self) -> bool {
        self.colour_err
    }

    /// One thing: the API's JSON, or its details.
    pub(crate) fn one<T: Serialize>(
        &self,
        value: &T,
        details: impl FnOnce(&T) -> Details,
    ) -> io::Result<()> {
        match self.format {
            Format::Json => self.json(value),
            Format::Text => self.out(&details(value).render(self.colour_out)),
        }
    }

    /// A list: the API's JSON, or a table. An empty list is only talked about, so that a script
    /// reads nothing from stdout.
    pub(crate) fn page<T: Serialize>(
        &self,
        page: &Page<T>,
        table: impl FnOnce(&[T]) -> Table,
        when_empty: &str,
    ) -> io::Result<()> {
        if self.format == Format::Json {
            return self.json(page);
        }
        if page.items.is_empty() {
            self.say(&Line::plain(when_empty));
        } else {
            self.table(&table(&page.items))?;
        }
        if page.next.is_some() {
            self.say(&Line::styled(Style::Dim, "more follow: use --all to see everything"));
        }
        Ok(())
    }

    pub(crate) fn table(&self, table: &Table) -> io::Result<()> {
        self.out(&table.render(self.colour_out))
    }

    pub(crate) fn json<T: Serialize>(&self, value: &T) -> io::Result<()> {
        let text = serde_json::to_string_pretty(value)?;
        self.out(&safe::json(&text))
    }

    /// One thing of many, each on a line of its own.
    pub(crate) fn json_line<T: Serialize>(&self, value: &T) -> io::Result<()> {
        let text = serde_json::to_string(value)?;
        self.out(&safe::json(&text))
    }

    /// One line of data.
    pub(crate) fn line(&self, text: &str) -> io::Result<()> {
        self.out(&safe::one_line(text))
    }

    /// A styled line of data.
    pub(crate) fn styled(&self, line: &Line) -> io::Result<()> {
        self.out(&line.render(self.colour_out))
    }

    /// Text that this program made itself, byte for byte.
    pub(crate) fn script(&self, text: &[u8]) -> io::Result<()> {
        let written = self.aside(|| {
            let mut stdout = io::stdout().lock();
            stdout.write_all(text)?;
            stdout.flush()
        });
        let broken = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
        self.reader_left.set(self.reader_left.get() || written.as_ref().err().is_some_and(broken));
        written
    }

    fn out(&self, text: &str) -> io::Result<()> {
        self.script(format!("{}\n", text.trim_end_matches('\n')).as_bytes())
    }

    /// Whether whoever read our data had enough: `portolan server list | head -1`.
    pub(crate) fn reader_left(&self) -> bool {
        self.reader_left.get()
    }

    /// Talk: what a person wants to know and a program does not.
    pub(crate) fn say(&self, line: &Line) {
        if self.talk == Talk::Normal {
            self.err(line);
        }
    }

    pub(crate) fn warn(&self, text: &str) {
        self.say(&Line::styled(Style::Caution, "warning:").and_plain(format!(" {text}")));
    }

    /// What went wrong. Quiet or not, it is said.
    pub(crate) fn error(&self, text: &str) {
        self.err(&Line::styled(Style::Bad, "error:").and_plain(format!(" {text}")));
    }

    /// A further line of an error.
    pub(crate) fn detail(&self, text: &str) {
        self.err(&Line::plain(format!("  {text}")));
    }

    /// What to do about an error.
    pub(crate) fn hint(&self, text: &str) {
        self.err(&Line::styled(Style::Strong, "hint:").and_plain(format!(" {text}")));
    }

    /// A question; the answer is typed behind it.
    pub(crate) fn ask(&self, question: &str) {
        self.aside(|| {
            let mut stderr = io::stderr().lock();
            let _unheard = write!(stderr, "{} ", safe::one_line(question));
            let _unheard = stderr.flush();
        });
    }

    /// Nobody may be left on stderr; that is no reason to fail.
    fn err(&self, line: &Line) {
        let text = line.render(self.colour_err);
        self.aside(|| {
            let _unheard = writeln!(io::stderr().lock(), "{text}");
        });
    }

    /// Shows what is going on right now, where a person watches.
    pub(crate) fn progress(&self, text: &str) {
        if self.talk == Talk::Quiet || !io::stderr().is_terminal() {
            return;
        }
        let mut spinner = self.spinner.borrow_mut();
        let bar = spinner.get_or_insert_with(|| new_spinner(self.colour_err));
        bar.set_message(safe::one_line(text).into_owned());
    }

    /// Takes the spinner away.
    pub(crate) fn progress_over(&self) {
        if let Some(bar) = self.spinner.borrow_mut().take() {
            bar.finish_and_clear();
        }
    }

    /// Writes without tearing the spinner's line.
    fn aside<R>(&self, write: impl FnOnce() -> R) -> R {
        match self.spinner.borrow().as_ref() {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }
}

fn new_spinner(colour: bool) -> ProgressBar {
    let template = if colour { "{spinner:.cyan} {msg}" } else { "{spinner} {msg}" };
    let style = ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_spinner())
        .tick_chars("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ ");
    let bar = ProgressBar::new_spinner().with_style(style);
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}
