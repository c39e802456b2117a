//! The binary: the control plane (`portolan serve`) and the command line over its public API.
//!
//! Owns arguments, files, the terminal and exit codes. The rules of the product are not here: they
//! are in `portolan-types` and behind the API.

mod amount;
mod ask;
mod cli;
mod client;
mod commands;
mod control_plane;
mod dispatch;
mod environment;
mod failure;
mod find;
mod list;
mod printer;
mod report;
mod settings;
mod watch;
mod words;

use std::process::ExitCode;

use anyhow::Context;
use clap::{ColorChoice, CommandFactory, FromArgMatches};
use tokio::runtime::{Builder, Runtime};

use crate::{
    cli::{Cli, Command, GlobalArgs},
    environment::environment,
    failure::{Outcome, USAGE},
    printer::{Colour, Format, Printer, Talk},
};

fn main() -> ExitCode {
    let cli = match parse() {
        Ok(cli) => cli,
        Err(error) => return say_usage(&error),
    };
    let printer = printer(&cli.global);
    match run(cli, &printer) {
        Ok(outcome) => outcome.into(),
        Err(error) => report::report(&printer, &error),
    }
}

fn parse() -> Result<Cli, clap::Error> {
    // Usage errors are printed before flags are known, so this one is looked for by hand.
    let plain = std::env::args_os().any(|argument| argument == "--no-color");
    let choice = if plain { ColorChoice::Never } else { ColorChoice::Auto };
    let matches = Cli::command().color(choice).try_get_matches()?;
    Cli::from_arg_matches(&matches)
}

/// Prints help or what was wrong; a reader that left is no failure.
fn say_usage(error: &clap::Error) -> ExitCode {
    let _unheard = error.print();
    if error.use_stderr() { ExitCode::from(USAGE) } else { ExitCode::SUCCESS }
}

fn printer(global: &GlobalArgs) -> Printer {
    let plain = global.no_color
        || environment("NO_COLOR").is_some()
        || environment("TERM").is_some_and(|terminal| terminal == "dumb");
    Printer::new(
        if global.quiet { Talk::Quiet } else { Talk::Normal },
        if global.json { Format::Json } else { Format::Text },
        if plain { Colour::Never } else { Colour::Auto },
    )
}

fn run(cli: Cli, printer: &Printer) -> anyhow::Result<Outcome> {
    // Fails only when a provider is there already, which serves as well.
    let _present = rustls::crypto::ring::default_provider().install_default();
    runtime(&cli.command)?.block_on(Box::pin(dispatch::dispatch(cli, printer)))
}

/// The control plane uses every core; a command of a second needs none but its own.
fn runtime(command: &Command) -> anyhow::Result<Runtime> {
    let mut builder = match command {
        Command::Serve(_) => Builder::new_multi_thread(),
        _ => Builder::new_current_thread(),
    };
    builder.enable_all().build().context("could not start the runtime")
}
