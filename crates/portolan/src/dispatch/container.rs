//! `portolan container`, and what `portolan app` does with a container, from what was typed to what is
//! done.

use portolan_types::{ReadLogs, RunCommand};

use crate::{
    cli::{ContainerArgs, ContainerCommand, ExecArgs, LogsArgs, Moment, StatsArgs, TerminalArgs},
    client::Client,
    commands::{
        container_exec,
        container_logs::{self, Manner, Times},
        container_stats,
        inside::Named,
        terminal::{self, Inside},
    },
    failure::Outcome,
    printer::Printer,
};

pub(super) async fn run(
    client: &Client,
    printer: &Printer,
    command: ContainerCommand,
) -> anyhow::Result<Outcome> {
    match command {
        ContainerCommand::Logs { place, logs } => {
            self::logs(client, printer, on(place), logs).await
        }
        ContainerCommand::Stats { place, stats } => {
            self::stats(client, printer, on(place), stats).await
        }
        ContainerCommand::Exec { place, exec } => {
            self::exec(client, printer, on(place), exec).await
        }
        ContainerCommand::Terminal { place, terminal } => {
            self::terminal(client, printer, on(place), terminal).await
        }
    }
}

fn on(ContainerArgs { destination, container }: ContainerArgs) -> Named {
    Named::On(destination, container)
}

pub(super) async fn logs(
    client: &Client,
    printer: &Printer,
    named: Named,
    args: LogsArgs,
) -> anyhow::Result<Outcome> {
    let LogsArgs { lines, since, until, search, timestamps, follow } = args;
    let moment = |Moment(moment)| moment;
    let wanted = ReadLogs { lines, since: since.map(moment), until: until.map(moment), search };
    let times = if timestamps { Times::Shown } else { Times::Hidden };
    let manner = if follow { Manner::Follow } else { Manner::Once };
    container_logs::read(client, printer, &named, &wanted, (manner, times)).await
}

pub(super) async fn stats(
    client: &Client,
    printer: &Printer,
    named: Named,
    StatsArgs { once }: StatsArgs,
) -> anyhow::Result<Outcome> {
    let manner = if once { container_stats::Manner::Once } else { container_stats::Manner::Watch };
    container_stats::read(client, printer, &named, manner).await
}

pub(super) async fn exec(
    client: &Client,
    printer: &Printer,
    named: Named,
    ExecArgs { user, within, command }: ExecArgs,
) -> anyhow::Result<Outcome> {
    let command = RunCommand { command, user, within_seconds: within };
    container_exec::run(client, printer, &named, &command).await
}

pub(super) async fn terminal(
    client: &Client,
    printer: &Printer,
    named: Named,
    TerminalArgs { user, command }: TerminalArgs,
) -> anyhow::Result<Outcome> {
    let program = Some(command).filter(|command| !command.is_empty());
    terminal::open_inside(client, printer, &named, &Inside { program, user }).await
}
