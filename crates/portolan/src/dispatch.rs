//! From what was typed to what is done: turns arguments into values and calls the command.

use std::{path::PathBuf, time::Duration};

use clap::CommandFactory;
use portolan_types::{
    AdoptNetworks, ConnectContainer, CreateToken, Invalid, SubnetPool, SubnetPools,
    UpdateAddressPlan,
};

use crate::{
    ask::{Run, read_secret},
    cli::{
        AddServerArgs, AddressesCommand, Cli, Command, ConnectArgs, CreateDestinationArgs,
        CreateKeyArgs, CreateTokenArgs, DestinationCommand, DisconnectArgs, EditDestinationArgs,
        EditServerArgs, EventCommand, GlobalArgs, KeyCommand, LoginArgs, Moment, MoveArgs,
        OperationCommand, ReconcileCommand, RemoveDestinationArgs, ServerCommand, SetAddressesArgs,
        TokenCommand,
    },
    client::{Access, Client, ClientFile},
    commands::{
        addresses, completions,
        container::{self, Moved},
        destination,
        destination::NewDestination,
        doctor,
        edit::{self, Edit},
        event,
        event::Filter,
        event_watch, key,
        key::{NewKey, Shown},
        login,
        login::Proof,
        openapi, operation,
        operation::About,
        reach, reconcile, scan, serve, server,
        server::{Destinations, NewServer, ServerChange, Way, WayChange},
        token, verification, version,
    },
    environment::environment,
    failure::{Failure, Outcome},
    printer::Printer,
    settings::Settings,
    watch::Wait,
};

mod certificate;
mod drift;
mod proxy;
mod route;

/// Carries out one command.
pub(crate) async fn dispatch(cli: Cli, printer: &Printer) -> anyhow::Result<Outcome> {
    let Cli { global, command } = cli;
    match command {
        Command::Serve(args) => {
            let settings = Settings::merge(args.into_flags(), environment)?;
            serve::serve(printer, settings).await?;
        }
        Command::Doctor(args) => {
            let flags = args.into_flags();
            return doctor::doctor(printer, flags, environment, &access(global)?).await;
        }
        Command::Login(args) => {
            let proof = proof(args, global.token.clone())?;
            login::login(&access(global)?, printer, proof).await?;
        }
        Command::Logout => login::logout(printer, &client_file(&global)?)?,
        Command::Whoami => login::whoami(&client(global, printer)?, printer).await?,
        Command::Key(command) => run_key(&client(global, printer)?, printer, command).await?,
        Command::Server(command) => {
            return run_server(&client(global, printer)?, printer, command).await;
        }
        Command::Destination(command) => {
            return run_destination(&client(global, printer)?, printer, command).await;
        }
        Command::Proxy(command) => {
            return proxy::run(&client(global, printer)?, printer, command).await;
        }
        Command::Route(command) => {
            return route::run(&client(global, printer)?, printer, command).await;
        }
        Command::Certificate(command) => {
            certificate::run(&client(global, printer)?, printer, command).await?;
        }
        Command::Reconcile(ReconcileCommand::Status { server }) => {
            reconcile::status(&client(global, printer)?, printer, server).await?;
        }
        Command::Drift(command) => {
            return drift::run(&client(global, printer)?, printer, command).await;
        }
        Command::Addresses(command) => {
            run_addresses(&client(global, printer)?, printer, command).await?;
        }
        Command::Reach { from, to } => {
            return reach::reach(&client(global, printer)?, printer, from, to).await;
        }
        Command::Token(command) => run_token(&client(global, printer)?, printer, command).await?,
        Command::Operation(command) => {
            return run_operation(&client(global, printer)?, printer, command).await;
        }
        Command::Event(command) => {
            run_event(&client(global, printer)?, printer, command).await?;
        }
        Command::Completions { shell } => {
            completions::completions(printer, Cli::command(), shell)?;
        }
        Command::Openapi => openapi::openapi(printer)?,
        Command::Version => version::version(printer)?,
    }
    Ok(Outcome::Done)
}

fn client_file(global: &GlobalArgs) -> anyhow::Result<ClientFile> {
    let variable = || environment("PORTOLAN_CLIENT_FILE").map(PathBuf::from);
    let named = global.client_file.clone().or_else(variable);
    named.map_or_else(ClientFile::default_place, |path| Ok(ClientFile::at(path)))
}

fn access(global: GlobalArgs) -> anyhow::Result<Access> {
    let file = client_file(&global)?;
    Ok(Access::merge(global.url, global.token, file)?)
}

fn client(global: GlobalArgs, printer: &Printer) -> anyhow::Result<Client> {
    access(global)?.client(printer)
}

fn proof(args: LoginArgs, token: Option<String>) -> anyhow::Result<Proof> {
    let setup = match (args.setup_token, args.setup_token_file) {
        (Some(text), _) => Some(login::typed_secret(text)?),
        (None, Some(file)) => Some(read_secret(&file)?),
        (None, None) => None,
    };
    match (setup, token, args.email) {
        (Some(_), Some(_), _) => Err(Failure::usage(
            "--setup-token and --token exclude each other",
            "the setup token makes the first owner, once; --token is for everybody after",
        )
        .into()),
        (Some(token), None, Some(email)) => Ok(Proof::Setup { token, email, team: args.team }),
        (None, Some(token), None) => Ok(Proof::ApiToken(login::typed_secret(token)?)),
        (Some(_) | None, _, _) => Err(Failure::usage(
            "nothing to log in with",
            "give --token -, or --setup-token-file FILE with --email ADDRESS",
        )
        .into()),
    }
}

async fn run_key(client: &Client, printer: &Printer, command: KeyCommand) -> anyhow::Result<()> {
    match command {
        KeyCommand::List(list) => key::list(client, printer, list.into()).await,
        KeyCommand::Show { key, public } => {
            let shown = if public { Shown::PublicLine } else { Shown::Details };
            key::show(client, printer, &key, shown).await
        }
        KeyCommand::Create(CreateKeyArgs { name, from_file, passphrase_file }) => {
            let new = NewKey { name, file: from_file, passphrase_file };
            key::create(client, printer, new).await
        }
        KeyCommand::Rename { key, new } => key::rename(client, printer, &key, new).await,
        KeyCommand::Remove { key, consent } => {
            key::remove(client, printer, &key, consent.into()).await
        }
    }
}

async fn run_server(
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
        ServerCommand::Add(args) => return add_server(client, printer, *args).await,
        ServerCommand::Edit(args) => return edit_server(client, printer, *args).await,
        ServerCommand::Validate { server, wait } => {
            return server::validate(client, printer, &server, wait.into()).await;
        }
        ServerCommand::Scan { server, wait } => {
            return scan::scan(client, printer, &server, wait.into()).await;
        }
        ServerCommand::Repin { server, fingerprint, wait } => {
            return server::repin(client, printer, &server, fingerprint, wait.into()).await;
        }
        ServerCommand::Remove { server, forget, consent } => {
            let rest = if forget { Destinations::Forget } else { Destinations::Refuse };
            server::remove(client, printer, &server, rest, consent.into()).await?;
        }
    }
    Ok(Outcome::Done)
}

async fn add_server(
    client: &Client,
    printer: &Printer,
    args: AddServerArgs,
) -> anyhow::Result<Outcome> {
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
    };
    server::add(client, printer, new, args.wait.into()).await
}

async fn edit_server(
    client: &Client,
    printer: &Printer,
    args: EditServerArgs,
) -> anyhow::Result<Outcome> {
    let pools = pools(args.pools, args.default_pools)?;
    let EditServerArgs { host, port, user, key, socket, .. } = args;
    let change = ServerChange {
        name: args.name,
        description: args.description,
        build_server: args.build_server,
        pools,
        way: WayChange { host, port, user, key, socket },
    };
    server::edit(client, printer, &args.server, change, args.wait.into()).await
}

async fn run_destination(
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
        DestinationCommand::Edit(args) => return edit_destination(client, printer, *args).await,
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
        DestinationCommand::Verify { destination, wait } => {
            return verification::verify(client, printer, &destination, wait.into()).await;
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

async fn edit_destination(
    client: &Client,
    printer: &Printer,
    args: EditDestinationArgs,
) -> anyhow::Result<Outcome> {
    let EditDestinationArgs { destination, name, proxy, options, manner } = args;
    let change = Edit { name, proxy, options: |present: &_| options.applied_to(present) };
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

async fn run_addresses(
    client: &Client,
    printer: &Printer,
    command: AddressesCommand,
) -> anyhow::Result<()> {
    match command {
        AddressesCommand::Show { server } => addresses::show(client, printer, server).await,
        AddressesCommand::Set(args) => addresses::set(client, printer, &plan_change(args)?).await,
        AddressesCommand::Chart { server, output } => {
            addresses::chart(client, printer, server, output).await
        }
    }
}

fn plan_change(args: SetAddressesArgs) -> Result<UpdateAddressPlan, Failure> {
    let reserved = (!args.reserved.is_empty() || args.no_reserved).then_some(args.reserved);
    Ok(UpdateAddressPlan {
        pools: pools(args.pools, args.default_pools)?,
        reserved: reserved.map(TryInto::try_into).transpose().map_err(wrong_addresses)?,
        across_fleet: args.across_fleet,
    })
}

/// The pools that were named; none of them stands for the default.
fn pools(named: Vec<SubnetPool>, default: bool) -> Result<Option<SubnetPools>, Failure> {
    let wanted = (!named.is_empty() || default).then_some(named);
    wanted.map(TryInto::try_into).transpose().map_err(wrong_addresses)
}

#[expect(clippy::needless_pass_by_value, reason = "`map_err` gives the value")]
fn wrong_addresses(error: Invalid) -> Failure {
    Failure::usage(error.to_string(), "see `portolan addresses set --help`")
}

async fn run_token(
    client: &Client,
    printer: &Printer,
    command: TokenCommand,
) -> anyhow::Result<()> {
    match command {
        TokenCommand::List(list) => token::list(client, printer, list.into()).await,
        TokenCommand::Create(CreateTokenArgs { name, abilities, expires_in_days }) => {
            let request = CreateToken { name, abilities, expires_in_days };
            token::create(client, printer, &request).await
        }
        TokenCommand::Revoke { wanted } => token::revoke(client, printer, &wanted).await,
    }
}

async fn run_event(
    client: &Client,
    printer: &Printer,
    command: EventCommand,
) -> anyhow::Result<()> {
    match command {
        EventCommand::List { filter, since, until, page } => {
            let moment = |Moment(moment)| moment;
            let filter =
                Filter { since: since.map(moment), until: until.map(moment), ..filter.into() };
            event::list(client, printer, filter, page.into()).await
        }
        EventCommand::Watch { filter, after } => {
            event_watch::watch(client, printer, filter.into(), after).await
        }
    }
}

async fn run_operation(
    client: &Client,
    printer: &Printer,
    command: OperationCommand,
) -> anyhow::Result<Outcome> {
    match command {
        OperationCommand::List { server, destination, page } => {
            let about = match (server, destination) {
                (Some(server), _) => About::Server(server),
                (None, Some(destination)) => About::Destination(destination),
                (None, None) => About::Anything,
            };
            operation::list(client, printer, about, page.into()).await?;
            Ok(Outcome::Done)
        }
        OperationCommand::Show { id } => {
            operation::show(client, printer, &id).await?;
            Ok(Outcome::Done)
        }
        OperationCommand::Wait { id, wait } => {
            let limit = Duration::from_secs(u64::from(wait));
            operation::wait(client, printer, &id, limit).await
        }
    }
}
