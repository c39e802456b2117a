//! `portolan server`, from what was typed to what is done.

use super::addresses;
use crate::{
    cli::{AddServerArgs, EditServerArgs, ServerCommand},
    client::Client,
    commands::{
        event::{self, Filter},
        scan,
        server::{self, Destinations, NewServer, ServerChange, Way, WayChange},
        terminal,
    },
    failure::Outcome,
    printer::Printer,
};

pub(super) async fn run(
    client: &Client,
    printer: &Printer,
    command: ServerCommand,
) -> anyhow::Result<Outcome> {
    match command {
        ServerCommand::List(list) => server::list(client, printer, list.into()).await?,
        ServerCommand::Show { server } => server::show(client, printer, &server).await?,
        ServerCommand::History { server, page } => {
            let filter = Filter { server: Some(server), ..Filter::default() };
            event::list(client, printer, filter, page.into()).await?;
        }
        ServerCommand::Add(args) => return add(client, printer, *args).await,
        ServerCommand::Edit(args) => return edit(client, printer, *args).await,
        ServerCommand::Validate { server, wait } => {
            return server::validate(client, printer, &server, wait.into()).await;
        }
        ServerCommand::Scan { server, wait } => {
            return scan::scan(client, printer, &server, wait.into()).await;
        }
        ServerCommand::Repin { server, fingerprint, wait } => {
            return server::repin(client, printer, &server, fingerprint, wait.into()).await;
        }
        ServerCommand::Terminal { server } => {
            return terminal::open(client, printer, &server).await;
        }
        ServerCommand::Remove { server, forget, run, consent } => {
            let rest = if forget { Destinations::Forget } else { Destinations::Refuse };
            let manner = (run.into(), consent.into());
            return server::remove(client, printer, &server, rest, manner).await;
        }
    }
    Ok(Outcome::Done)
}

async fn add(client: &Client, printer: &Printer, args: AddServerArgs) -> anyhow::Result<Outcome> {
    let AddServerArgs { host, key, port, user, socket, .. } = args;
    let way = match (host, key) {
        (Some(host), Some(key)) => Way::Ssh { host, port, user, key },
        (Some(_) | None, _) => Way::Local { socket },
    };
    let new = NewServer {
        name: args.name,
        description: args.description.unwrap_or_default(),
        way,
        build_server: args.build_server,
        host_key: args.host_key,
        proxy: args.proxy.0,
        terminal: args.terminal,
    };
    server::add(client, printer, new, args.wait.into()).await
}

async fn edit(client: &Client, printer: &Printer, args: EditServerArgs) -> anyhow::Result<Outcome> {
    let pools = addresses::pools(args.pools, args.default_pools)?;
    let EditServerArgs { host, port, user, key, socket, .. } = args;
    let change = ServerChange {
        name: args.name,
        description: args.description,
        build_server: args.build_server,
        pools,
        terminal: args.terminal,
        way: WayChange { host, port, user, key, socket },
    };
    server::edit(client, printer, &args.server, change, args.wait.into()).await
}
