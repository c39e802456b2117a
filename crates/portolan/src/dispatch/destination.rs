//! `portolan destination`, from what was typed to what is done.

use portolan_types::{AdoptNetworks, ConnectContainer};

use crate::{
    ask::Run,
    cli::{
        ConnectArgs, CreateDestinationArgs, DestinationCommand, DisconnectArgs,
        EditDestinationArgs, MoveArgs, RemoveDestinationArgs,
    },
    client::Client,
    commands::{
        container::{self, Moved},
        destination::{self, NewDestination},
        edit::{self, Edit},
        event::{self, Filter},
        fleet::{self, Which},
        scan, verification,
    },
    failure::{Failure, Outcome},
    printer::Printer,
    watch::Wait,
};

pub(super) async fn run(
    client: &Client,
    printer: &Printer,
    command: DestinationCommand,
) -> anyhow::Result<Outcome> {
    match command {
        DestinationCommand::Create(args) => {
            let (new, run, wait) = new_destination(*args)?;
            return match run {
                Run::Real => destination::create(client, printer, new, wait).await,
                Run::Dry => destination::preview_creation(client, printer, new).await,
            };
        }
        DestinationCommand::List { server, list } => {
            destination::list(client, printer, server, list.into()).await?;
        }
        DestinationCommand::Show { destination } => {
            destination::show(client, printer, &destination).await?;
        }
        DestinationCommand::History { destination, page } => {
            let filter = Filter { destination: Some(destination), ..Filter::default() };
            event::list(client, printer, filter, page.into()).await?;
        }
        DestinationCommand::Rename { destination, new } => {
            destination::rename(client, printer, &destination, new).await?;
        }
        DestinationCommand::Edit(args) => return change(client, printer, *args).await,
        DestinationCommand::Containers { destination } => {
            container::list(client, printer, &destination).await?;
        }
        DestinationCommand::Connect(args) => return connect(client, printer, args).await,
        DestinationCommand::Disconnect(args) => {
            let DisconnectArgs { destination, container, manner } = args;
            let manner = manner.into();
            return container::disconnect(client, printer, &destination, &container, manner).await;
        }
        DestinationCommand::Move(args) => {
            let MoveArgs { container, from, to, manner } = args;
            let moved = Moved { container, from, to };
            return container::move_over(client, printer, &moved, manner.into()).await;
        }
        DestinationCommand::Adopt { server, networks, all, run, wait } => {
            let wanted = AdoptNetworks { networks, all };
            return match run.into() {
                Run::Dry => scan::preview_adoption(client, printer, &server, &wanted).await,
                Run::Real => scan::adopt(client, printer, &server, &wanted, wait.into()).await,
            };
        }
        DestinationCommand::TakeOver { destination, consent } => {
            destination::take_over(client, printer, &destination, consent.into()).await?;
        }
        DestinationCommand::Verify { destinations, server, wait, .. } => {
            let wait = wait.into();
            let which = match (destinations.as_slice(), server) {
                ([one], _) => return verification::verify(client, printer, one, wait).await,
                ([], None) => Which::All,
                ([], Some(server)) => Which::OnServer(server),
                ([_, ..], _) => Which::These(destinations),
            };
            return fleet::verify(client, printer, which, wait).await;
        }
        DestinationCommand::Verifications { destination, list } => {
            verification::list(client, printer, &destination, list.into()).await?;
        }
        DestinationCommand::Retry { destination, wait } => {
            return destination::retry(client, printer, &destination, wait.into()).await;
        }
        DestinationCommand::Remove(args) => {
            let members = args.members();
            let RemoveDestinationArgs { destination, manner, .. } = args;
            let manner = manner.into();
            return destination::remove(client, printer, &destination, members, manner).await;
        }
    }
    Ok(Outcome::Done)
}

async fn change(
    client: &Client,
    printer: &Printer,
    args: EditDestinationArgs,
) -> anyhow::Result<Outcome> {
    let EditDestinationArgs { destination, name, proxy, verify_every, options, manner } = args;
    let options = |present: &_| options.applied_to(present);
    let change = Edit { name, proxy, verify_every, options };
    edit::edit(client, printer, &destination, change, manner.into()).await
}

async fn connect(client: &Client, printer: &Printer, args: ConnectArgs) -> anyhow::Result<Outcome> {
    let ConnectArgs { destination, container, aliases, address, ipv6_address, wait } = args;
    let container = ConnectContainer { container, aliases, address, ipv6_address };
    container::connect(client, printer, &destination, &container, wait.into()).await
}

fn new_destination(args: CreateDestinationArgs) -> Result<(NewDestination, Run, Wait), Failure> {
    let options = args.network_options().map_err(|error| {
        Failure::usage(error.to_string(), "see `portolan destination create --help`")
    })?;
    let CreateDestinationArgs { server, name, network, kind, proxy, run, wait, .. } = args;
    Ok((NewDestination { server, name, network, kind, proxy, options }, run.into(), wait.into()))
}
