//! Writing SVG: elements, and texts that cannot become any.

use std::fmt::Write;

use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

/// The style of every picture; patterns are in `patterns.svg`.
const STYLE: &str = include_str!("style.css");
const PATTERNS: &str = include_str!("patterns.svg");

/// Characters of a text that are shown.
const MOST_TEXT: usize = 200;

/// A rectangle.
#[derive(Debug, Clone, Copy)]
pub(super) struct Area {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// The style sheet of every picture, as a policy of content allows it and no other.
pub(crate) fn style_source() -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(STYLE)))
}

/// A picture in the making.
#[derive(Debug)]
pub(super) struct Svg(String);

impl Svg {
    pub(super) fn new() -> Self {
        Self(String::new())
    }

    /// A text; the class comes from the program.
    pub(super) fn text(&mut self, class: &str, x: f64, y: f64, text: &str) {
        let text = escaped(text);
        self.line(&format!("<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{text}</text>"));
    }

    /// A rectangle that says what it is when it is pointed at.
    pub(super) fn area(&mut self, class: &str, area: Area, says: &str) {
        let Area { x, y, width, height } = area;
        let says = escaped(says);
        self.line(&format!(
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" \
             height=\"{height:.1}\"><title>{says}</title></rect>"
        ));
    }

    /// The lines between the cells of a grid, as one path.
    pub(super) fn lines(&mut self, area: Area, columns: u32, rows: u32) {
        let Area { x, y, width, height } = area;
        let mut path = String::new();
        for column in 0..=columns {
            let at = x + width * f64::from(column) / f64::from(columns);
            write!(path, "M{at:.1} {y:.1}v{height:.1}").expect("writing to a string");
        }
        for row in 0..=rows {
            let at = y + height * f64::from(row) / f64::from(rows);
            write!(path, "M{x:.1} {at:.1}h{width:.1}").expect("writing to a string");
        }
        self.line(&format!("<path class=\"lines\" d=\"{path}\"/>"));
    }

    fn line(&mut self, element: &str) {
        self.0.push_str(element);
        self.0.push('\n');
    }

    /// The document, with its title for those who do not see it.
    pub(super) fn finish(self, width: f64, height: f64, title: &str, says: &str) -> String {
        let (title, says) = (escaped(title), escaped(says));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" \
             width=\"{width:.0}\" height=\"{height:.0}\" role=\"img\">\n<title>{title}</title>\n\
             <desc>{says}</desc>\n<style>{STYLE}</style>\n{PATTERNS}\
             <rect class=\"page\" width=\"{width:.0}\" height=\"{height:.0}\"/>\n{}</svg>\n",
            self.0
        )
    }
}

/// Text that stays text: no markup, no characters that XML forbids, none that reorder or hide
/// their neighbours, and not endless.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars().take(MOST_TEXT) {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c if is_unsafe(c) => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    if text.chars().nth(MOST_TEXT).is_some() {
        escaped.push('…');
    }
    escaped
}

fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{2069}'
                | '\u{feff}'
                | '\u{fffe}'..='\u{ffff}'
        )
}
