//! `portolan container`, from what was typed to what is done.

use portolan_types::ReadLogs;

use crate::{
    cli::{ContainerArgs, ContainerCommand, LogsArgs, Moment},
    client::Client,
    commands::{
        container_logs::{self, Manner, Times},
        container_stats,
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
        ContainerCommand::Logs(args) => logs(client, printer, args).await,
        ContainerCommand::Stats { place: ContainerArgs { destination, container }, once } => {
            let manner =
                if once { container_stats::Manner::Once } else { container_stats::Manner::Watch };
            container_stats::read(client, printer, (&destination, &container), manner).await
        }
    }
}

async fn logs(client: &Client, printer: &Printer, args: LogsArgs) -> anyhow::Result<Outcome> {
    let LogsArgs { place, lines, since, until, search, timestamps, follow } = args;
    let moment = |Moment(moment)| moment;
    let wanted = ReadLogs { lines, since: since.map(moment), until: until.map(moment), search };
    let ContainerArgs { destination, container } = place;
    let times = if timestamps { Times::Shown } else { Times::Hidden };
    let manner = if follow { Manner::Follow } else { Manner::Once };
    container_logs::read(client, printer, (&destination, &container), &wanted, (manner, times))
        .await
}
