//! `portolan version`.

use std::io;

use serde::Serialize;

use crate::printer::{Format, Printer};

#[derive(Serialize)]
struct Version {
    version: &'static str,
}

pub(crate) fn version(printer: &Printer) -> io::Result<()> {
    let version = env!("CARGO_PKG_VERSION");
    match printer.format() {
        Format::Json => printer.json(&Version { version }),
        Format::Text => printer.line(&format!("portolan {version}")),
    }
}
