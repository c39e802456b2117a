//! `portolan openapi`.

use anyhow::Context;

use crate::printer::Printer;

/// Prints the document byte for byte as it is checked in, so that the two can be compared.
pub(crate) fn openapi(printer: &Printer) -> anyhow::Result<()> {
    let document = portolan_server::openapi().to_pretty_json();
    let document = document.context("could not write the document as JSON")? + "\n";
    Ok(printer.script(document.as_bytes())?)
}
