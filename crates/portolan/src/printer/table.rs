//! Tables without borders that give way to the width of the terminal.

use comfy_table::{Attribute, Cell, Color, ColumnConstraint, ContentArrangement, Width, presets};

use super::{Span, Style, commands, safe};

/// Blanks between columns.
const GAP: u16 = 2;

/// A list of things, one a row.
#[derive(Debug)]
pub(crate) struct Table {
    header: &'static [&'static str],
    yielding: &'static [&'static str],
    rows: Vec<Vec<Span>>,
}

impl Table {
    pub(crate) fn new(header: &'static [&'static str]) -> Self {
        Self { header, yielding: &[], rows: Vec::new() }
    }

    /// Columns that give way on a narrow terminal, the first one first.
    #[must_use]
    pub(crate) fn yielding(mut self, columns: &'static [&'static str]) -> Self {
        self.yielding = columns;
        self
    }

    #[must_use]
    pub(crate) fn with(mut self, rows: impl IntoIterator<Item = Vec<Span>>) -> Self {
        self.rows.extend(rows);
        self
    }

    pub(super) fn render(&self, colour: bool) -> String {
        let mut table = borderless();
        table.set_header(self.header.iter().map(|head| cell(head, Style::Strong, colour)));
        for row in &self.rows {
            table.add_row(row.iter().map(|span| {
                cell(&safe::one_line(&commands::named(&span.text)), span.style, colour)
            }));
        }
        space_columns(&mut table);
        self.give_way(&mut table);
        table.trim_fmt()
    }

    /// Hides columns until the rest fits; what is not a terminal has room for all.
    fn give_way(&self, table: &mut comfy_table::Table) {
        let Some(room) = table.width() else { return };
        let widths = table.column_max_content_widths();
        let widths: Vec<u16> = widths.iter().map(|width| width.saturating_add(GAP)).collect();
        let mut needed = widths.iter().fold(0, |all: u16, width| all.saturating_add(*width));
        let mut hidden = Vec::new();
        for column in self.yielding {
            let index = self.header.iter().position(|head| head == column);
            if let Some(index) = index.filter(|_| needed > room) {
                needed = needed.saturating_sub(widths[index]);
                hidden.push(*column);
            }
        }
        for (head, column) in self.header.iter().zip(table.column_iter_mut()) {
            column.set_constraint(if hidden.contains(head) {
                ColumnConstraint::Hidden
            } else if needed <= room {
                ColumnConstraint::ContentWidth
            } else {
                whole_words(head)
            });
        }
    }
}

/// Headings stay readable, and identifiers can be copied.
fn whole_words(head: &str) -> ColumnConstraint {
    match head {
        "ID" => ColumnConstraint::ContentWidth,
        head => ColumnConstraint::LowerBoundary(Width::Fixed(width_of(head) + GAP)),
    }
}

/// Headings are short and of plain letters.
fn width_of(head: &str) -> u16 {
    u16::try_from(head.len()).unwrap_or(u16::MAX)
}

/// One thing, one property a row.
#[derive(Debug, Default)]
pub(crate) struct Details(Vec<(&'static str, Span)>);

impl Details {
    #[must_use]
    pub(crate) fn row(mut self, label: &'static str, value: impl Into<String>) -> Self {
        self.0.push((label, Span::plain(value)));
        self
    }

    #[must_use]
    pub(crate) fn span(mut self, label: &'static str, value: Span) -> Self {
        self.0.push((label, value));
        self
    }

    /// Leaves the row out when there is nothing to say.
    #[must_use]
    pub(crate) fn maybe(self, label: &'static str, value: Option<impl Into<String>>) -> Self {
        match value {
            Some(value) => self.row(label, value),
            None => self,
        }
    }

    pub(super) fn render(&self, colour: bool) -> String {
        let mut table = borderless();
        for (label, value) in &self.0 {
            table.add_row([
                cell(label, Style::Dim, colour),
                cell(&safe::block(&commands::named(&value.text), ""), value.style, colour),
            ]);
        }
        space_columns(&mut table);
        if let Some(column) = table.column_mut(0) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
        table.trim_fmt()
    }
}

fn borderless() -> comfy_table::Table {
    let mut table = comfy_table::Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table
}

fn space_columns(table: &mut comfy_table::Table) {
    table.column_iter_mut().for_each(|column| {
        column.set_padding((0, GAP));
    });
}

fn cell(text: &str, style: Style, colour: bool) -> Cell {
    let cell = Cell::new(text);
    if !colour {
        return cell;
    }
    match style {
        Style::Plain => cell,
        Style::Good => cell.fg(Color::Green),
        Style::Caution => cell.fg(Color::Yellow),
        Style::Bad => cell.fg(Color::Red),
        Style::Dim => cell.add_attribute(Attribute::Dim),
        Style::Strong => cell.add_attribute(Attribute::Bold),
    }
}
