//! `portolan completions`.

use std::io;

use clap_complete::{Shell, generate};

use crate::printer::Printer;

/// The script is made in memory first: the generator panics when its stream breaks.
pub(crate) fn completions(
    printer: &Printer,
    mut command: clap::Command,
    shell: Shell,
) -> io::Result<()> {
    let mut script = Vec::new();
    generate(shell, &mut command, "portolan", &mut script);
    printer.script(&script)
}
