//! Lines of styled text: what is said is kept apart from how it looks until it is printed.

use super::{commands, safe};

/// What a piece of text means; the colour follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    Good,
    Caution,
    Bad,
    Dim,
    Strong,
}

impl Style {
    /// The select-graphic-rendition number.
    fn code(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Good => Some("32"),
            Self::Caution => Some("33"),
            Self::Bad => Some("31"),
            Self::Dim => Some("2"),
            Self::Strong => Some("1"),
        }
    }
}

/// Text with one style.
#[derive(Debug, Clone)]
pub(crate) struct Span {
    pub(super) text: String,
    pub(super) style: Style,
}

impl Span {
    pub(crate) fn new(style: Style, text: impl Into<String>) -> Self {
        Self { text: text.into(), style }
    }

    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self::new(Style::Plain, text)
    }

    pub(crate) fn dim(text: impl Into<String>) -> Self {
        Self::new(Style::Dim, text)
    }

    /// The text, or a dash where there is none.
    pub(crate) fn or_dash(text: Option<impl Into<String>>) -> Self {
        text.map_or_else(|| Self::dim("-"), Self::plain)
    }

    fn render(&self, colour: bool) -> String {
        let text = safe::block(&commands::named(&self.text), "  ");
        match self.style.code() {
            Some(code) if colour => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            Some(_) | None => text,
        }
    }
}

/// Spans side by side.
#[derive(Debug, Clone, Default)]
pub(crate) struct Line(Vec<Span>);

impl Line {
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self(vec![Span::plain(text)])
    }

    pub(crate) fn styled(style: Style, text: impl Into<String>) -> Self {
        Self(vec![Span::new(style, text)])
    }

    #[must_use]
    pub(crate) fn and(mut self, style: Style, text: impl Into<String>) -> Self {
        self.0.push(Span::new(style, text));
        self
    }

    #[must_use]
    pub(crate) fn and_plain(self, text: impl Into<String>) -> Self {
        self.and(Style::Plain, text)
    }

    pub(super) fn render(&self, colour: bool) -> String {
        self.0.iter().map(|span| span.render(colour)).collect()
    }
}
