//! From what was typed to what is done: turns arguments into values and calls the command.

use std::{path::PathBuf, time::Duration};

use clap::CommandFactory;
use portolan_types::{CreateToken, ProveReach, UpdateToken};

use crate::{
    ask::{Answers, read_secret},
    cli::{
        BackupArgs, Cli, Command, CreateKeyArgs, CreateTokenArgs, EditTokenArgs, EventCommand,
        GlobalArgs, KeyCommand, LoginArgs, Moment, OperationCommand, ReachArgs, ReconcileCommand,
        RestoreArgs, TokenCommand,
    },
    client::{Access, Client, ClientFile},
    commands::{
        backup, completions, doctor,
        event::{self, Filter},
        event_watch,
        key::{self, NewKey, Shown},
        login::{self, Proof},
        openapi,
        operation::{self, About},
        reach, reconcile, serve, token, version,
    },
    control_plane::MasterKey,
    environment::environment,
    failure::{Failure, Outcome},
    printer::Printer,
    settings::Settings,
};

mod addresses;
mod application;
mod audit;
mod certificate;
mod container;
mod database;
mod deploy;
mod destination;
mod drift;
mod job;
mod notifier;
mod people;
mod project;
mod proxy;
mod registry;
mod route;
mod secrets;
mod server;
mod stack;
mod storage;
mod team;

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
        Command::Backup(args) => run_backup(printer, args).await?,
        Command::Restore(args) => run_restore(printer, args).await?,
        Command::Login(args) => run_login(global, printer, args).await?,
        Command::Logout => login::logout(printer, &client_file(&global)?).await?,
        Command::Whoami => login::whoami(&client(global, printer)?, printer).await?,
        Command::User(command) => people::run_user(global, printer, command).await?,
        Command::Session(command) => {
            people::run_session(&client(global, printer)?, printer, command).await?;
        }
        Command::Key(command) => run_key(&client(global, printer)?, printer, command).await?,
        Command::Registry(command) => return registry::run(global, printer, command).await,
        Command::Server(command) => {
            return server::run(&client(global, printer)?, printer, command).await;
        }
        Command::Destination(command) => {
            return destination::run(&client(global, printer)?, printer, command).await;
        }
        Command::Container(command) => {
            return container::run(&client(global, printer)?, printer, command).await;
        }
        Command::Project(command) => {
            project::run(&client(global, printer)?, printer, command).await?;
        }
        Command::Environment(command) => {
            project::run_environment(&client(global, printer)?, printer, command).await?;
        }
        Command::App(command) => {
            return application::run(&client(global, printer)?, printer, command).await;
        }
        Command::Stack(command) => return stack::run(global, printer, command).await,
        Command::Storage(command) => return storage::run(global, printer, command).await,
        Command::Database(command) => return database::run(global, printer, command).await,
        Command::Deploy(args) => {
            return deploy::run(&client(global, printer)?, printer, args).await;
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
            addresses::run(&client(global, printer)?, printer, command).await?;
        }
        Command::Reach(args) => return run_reach(&client(global, printer)?, printer, args).await,
        Command::Passkey(command) => {
            people::run_passkey(&client(global, printer)?, printer, command).await?;
        }
        Command::Identity(command) => {
            people::run_identity(&client(global, printer)?, printer, command).await?;
        }
        Command::Team(command) => {
            team::run_team(&client(global, printer)?, printer, command).await?;
        }
        Command::Member(command) => {
            team::run_member(&client(global, printer)?, printer, command).await?;
        }
        Command::Invite(command) => {
            team::run_invite(&access(global)?, printer, command).await?;
        }
        Command::Token(command) => run_token(&client(global, printer)?, printer, command).await?,
        Command::Operation(command) => {
            return run_operation(&client(global, printer)?, printer, command).await;
        }
        Command::Event(command) => {
            run_event(&client(global, printer)?, printer, command).await?;
        }
        Command::Secrets(command) => secrets::run(global, printer, command).await?,
        Command::Audit(command) => return audit::run(global, printer, command).await,
        Command::Notifier(command) => {
            return notifier::run(&client(global, printer)?, printer, command).await;
        }
        Command::Completions { shell } => {
            completions::completions(printer, Cli::command(), shell)?;
        }
        Command::Openapi => openapi::openapi(printer)?,
        Command::Version => version::version(printer)?,
    }
    Ok(Outcome::Done)
}

async fn run_login(global: GlobalArgs, printer: &Printer, args: LoginArgs) -> anyhow::Result<()> {
    let proof = proof(args, global.token.clone())?;
    login::login(&access(global)?, printer, proof).await
}

async fn run_backup(printer: &Printer, args: BackupArgs) -> anyhow::Result<()> {
    let config = Settings::merge(args.config.into_flags(), environment)?.config;
    let key = if args.without_master_key { MasterKey::KeptElsewhere } else { MasterKey::Included };
    backup::backup(printer, &config, &args.to, args.passphrase_file, key).await
}

async fn run_restore(printer: &Printer, args: RestoreArgs) -> anyhow::Result<()> {
    let config = Settings::merge(args.config.into_flags(), environment)?.config;
    backup::restore(printer, &config, &args.from, args.passphrase_file).await
}

async fn run_reach(
    client: &Client,
    printer: &Printer,
    ReachArgs { from, to, prove, port, wait }: ReachArgs,
) -> anyhow::Result<Outcome> {
    if !prove {
        return reach::reach(client, printer, from, to).await;
    }
    let question = ProveReach { from, to, port };
    reach::prove(client, printer, &question, wait.into()).await
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
    if let Some(provider) = args.sso {
        return match token {
            None => Ok(Proof::Provider(provider)),
            Some(_) => Err(Failure::usage(
                "--sso and --token exclude each other",
                "give --token for a token that you have, --sso for a browser",
            )
            .into()),
        };
    }
    match (setup, token, args.email) {
        (Some(_), Some(_), _) => Err(Failure::usage(
            "--setup-token and --token exclude each other",
            "the setup token makes the first owner, once; --token is for everybody after",
        )
        .into()),
        (Some(token), None, Some(email)) => {
            let password = args.password_stdin.then_some(Answers::Lines);
            Ok(Proof::Setup { token, email, team: args.team, password })
        }
        (None, None, Some(email)) => {
            let answers = if args.password_stdin { Answers::Lines } else { Answers::Person };
            Ok(Proof::Password { email, answers, code: args.code })
        }
        (None, Some(token), None) => Ok(Proof::ApiToken(login::typed_secret(token)?)),
        (Some(_) | None, _, _) => Err(Failure::usage(
            "nothing to log in with",
            "give --email ADDRESS, --sso, --token -, or --setup-token-file FILE with --email ADDRESS",
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

async fn run_token(
    client: &Client,
    printer: &Printer,
    command: TokenCommand,
) -> anyhow::Result<()> {
    match command {
        TokenCommand::List(list) => token::list(client, printer, list.into()).await,
        TokenCommand::Create(CreateTokenArgs { name, abilities, expires_in_days, address }) => {
            let request = CreateToken { name, abilities, expires_in_days, addresses: address };
            token::create(client, printer, &request).await
        }
        TokenCommand::Edit(args) => {
            let EditTokenArgs { wanted, name, abilities, expires_in_days, address } = args;
            let request = UpdateToken { name, abilities, expires_in_days, addresses: address };
            token::edit(client, printer, &wanted, &request).await
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
        OperationCommand::List { server, destination, app, database, page } => {
            let server = server.map(About::Server);
            let destination = || destination.map(About::Destination);
            let about = server
                .or_else(destination)
                .or_else(|| app.map(About::Application))
                .or_else(|| database.map(About::Database))
                .unwrap_or(About::Anything);
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
