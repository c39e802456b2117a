//! `portolan proxy`, from what was typed to what is done.

use portolan_types::SetProxy;

use crate::{
    ask::Run,
    cli::{InterruptProxyArgs, ProxyArgs, ProxyCommand, SetProxyArgs},
    client::Client,
    commands::proxy::{self, Act, Routes},
    failure::{Failure, Outcome},
    printer::Printer,
};

pub(super) async fn run(
    client: &Client,
    printer: &Printer,
    command: ProxyCommand,
) -> anyhow::Result<Outcome> {
    let act = |act: Act, InterruptProxyArgs { server, run, wait }: InterruptProxyArgs| async move {
        proxy::act(client, printer, &server, act, (run.into(), wait.into())).await
    };
    match command {
        ProxyCommand::List(list) => proxy::list(client, printer, list.into()).await?,
        ProxyCommand::Show { server } => proxy::show(client, printer, &server).await?,
        ProxyCommand::Set(args) => return set(client, printer, *args).await,
        ProxyCommand::Start(ProxyArgs { server, wait }) => {
            let manner = (Run::Real, wait.into());
            return proxy::act(client, printer, &server, Act::Start, manner).await;
        }
        ProxyCommand::Stop(args) => return act(Act::Stop, args).await,
        ProxyCommand::Restart(args) => return act(Act::Restart, args).await,
        ProxyCommand::Upgrade(args) => return act(Act::Upgrade, args).await,
        ProxyCommand::Remove { server, force, manner } => {
            let routes = if force { Routes::Leave } else { Routes::Refuse };
            return proxy::remove(client, printer, &server, routes, manner.into()).await;
        }
        ProxyCommand::Logs { server, lines, wait } => {
            return proxy::logs(client, printer, &server, lines, wait.into()).await;
        }
        ProxyCommand::Config { server } => proxy::config(client, printer, &server).await?,
    }
    Ok(Outcome::Done)
}

async fn set(client: &Client, printer: &Printer, args: SetProxyArgs) -> anyhow::Result<Outcome> {
    let root = proxy::read_file(args.acme_root.as_deref())?;
    let certificates = args.certificates(root).map_err(|message| {
        Failure::usage(message, "leave them out, or leave `--certificates internal` out")
    })?;
    let request = SetProxy {
        kind: args.kind,
        image: args.image,
        http_port: args.http_port,
        https_port: args.https_port,
        certificates,
        extra: proxy::read_file(args.extra.as_deref())?,
    };
    let manner = (args.run.into(), args.wait.into());
    proxy::set(client, printer, &args.server, request, manner).await
}
