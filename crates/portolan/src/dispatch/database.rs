//! `portolan database`, from what was typed to what is done.

use super::application;
use crate::{
    cli::{
        AddDatabaseArgs, BackupsCommand, CloneDatabaseArgs, DatabaseCommand, DatabaseWorkArgs,
        DecideDatabaseArgs, EditDatabaseArgs, GlobalArgs, ListDatabasesArgs, MoveDatabaseArgs,
        RemoveDatabaseArgs,
    },
    client::Client,
    commands::{
        application::{
            cloning,
            moving::{self, Decision, Moved},
        },
        database::{
            self, NewDatabase, Of,
            backups::{self, Target},
            schedule::{self, Times},
            work::{self, Act, Data},
        },
        manner::Manner,
    },
    failure::Outcome,
    printer::Printer,
    watch::Wait,
};

pub(super) async fn run(
    global: GlobalArgs,
    printer: &Printer,
    command: DatabaseCommand,
) -> anyhow::Result<Outcome> {
    let client = &super::client(global, printer)?;
    match command {
        DatabaseCommand::Engines => database::engines(client, printer).await?,
        DatabaseCommand::List(ListDatabasesArgs { environment, destination, list }) => {
            let of = Of { environment, destination };
            database::list(client, printer, &of, list.into()).await?;
        }
        DatabaseCommand::Show { database } => database::show(client, printer, &database).await?,
        DatabaseCommand::Add(args) => return add(client, printer, *args).await,
        DatabaseCommand::Edit(args) => return edit(client, printer, *args).await,
        DatabaseCommand::Deploy { database, wait } => {
            return work::act(client, printer, &database, Act::Deploy, wait.into()).await;
        }
        DatabaseCommand::Upgrade { database, version, wait } => {
            return work::upgrade(client, printer, &database, version, wait.into()).await;
        }
        DatabaseCommand::Clone(CloneDatabaseArgs { database, name, to, wait }) => {
            let wanted = (&database, name, to.into());
            return cloning::clone_database(client, printer, wanted, wait.into()).await;
        }
        DatabaseCommand::Start(args) => return act(client, printer, args, Act::Start).await,
        DatabaseCommand::Stop(args) => return act(client, printer, args, Act::Stop).await,
        DatabaseCommand::Restart(args) => return act(client, printer, args, Act::Restart).await,
        DatabaseCommand::Backup { database, storage, wait } => {
            let of = (&database, storage.as_ref());
            return backups::take(client, printer, of, wait.into()).await;
        }
        DatabaseCommand::Schedule { database, cron: None, .. } => {
            schedule::show(client, printer, &database).await?;
        }
        DatabaseCommand::Schedule { database, cron: Some(expression), keep, check, storage } => {
            let times = Times { expression, keep: keep.unwrap_or_default(), check };
            schedule::set(client, printer, (&database, storage.as_ref()), times).await?;
        }
        DatabaseCommand::Unschedule { database } => {
            schedule::unset(client, printer, &database).await?;
        }
        DatabaseCommand::Restore { database, backup, consent, wait } => {
            let manner = (consent.into(), wait.into());
            return backups::restore(client, printer, (&database, backup), manner).await;
        }
        DatabaseCommand::CheckBackup { backup, beside, wait } => {
            return backups::check(client, printer, (&backup, beside.as_ref()), wait.into()).await;
        }
        DatabaseCommand::Backups(command) => run_backups(client, printer, command).await?,
        DatabaseCommand::Move(MoveDatabaseArgs { database, to }) => {
            return application::move_over(client, printer, &Moved::Database(database), to).await;
        }
        DatabaseCommand::ConfirmMove(DecideDatabaseArgs { database, consent, wait }) => {
            let decided = (&Moved::Database(database), Decision::Confirm);
            return moving::decide(client, printer, decided, (consent.into(), wait.into())).await;
        }
        DatabaseCommand::TakeBack(DecideDatabaseArgs { database, consent, wait }) => {
            let decided = (&Moved::Database(database), Decision::TakeBack);
            return moving::decide(client, printer, decided, (consent.into(), wait.into())).await;
        }
        DatabaseCommand::Remove(args) => return remove(client, printer, args).await,
    }
    Ok(Outcome::Done)
}

async fn run_backups(
    client: &Client,
    printer: &Printer,
    command: BackupsCommand,
) -> anyhow::Result<()> {
    match command {
        BackupsCommand::List { database, storage, list } => {
            let of = backups::Of { database, storage };
            backups::list(client, printer, &of, list.into()).await
        }
        BackupsCommand::Show { backup } => backups::show(client, printer, &backup).await,
        BackupsCommand::Download { backup, to } => {
            let target = if to.as_os_str() == "-" { Target::Stdout } else { Target::File(&to) };
            backups::download(client, printer, (&backup, target)).await
        }
        BackupsCommand::Remove { backup, consent } => {
            backups::remove(client, printer, &backup, consent.into()).await
        }
    }
}

async fn add(client: &Client, printer: &Printer, args: AddDatabaseArgs) -> anyhow::Result<Outcome> {
    let AddDatabaseArgs { name, environment, destination, engine, version, .. } = args;
    let new = NewDatabase {
        name,
        environment,
        destination,
        engine,
        version,
        user: args.user,
        database: args.database,
        password_file: args.password_file,
        script: args.script,
        config: args.config.applied_to(portolan_types::DatabaseConfig::default()),
    };
    database::add(client, printer, new, args.wait.into()).await
}

async fn edit(
    client: &Client,
    printer: &Printer,
    args: EditDatabaseArgs,
) -> anyhow::Result<Outcome> {
    let EditDatabaseArgs { database, unset, deploy, wait, config } = args;
    let then: Option<Wait> = deploy.then(|| wait.into());
    let config = |mut present| {
        for what in unset {
            what.apply(&mut present);
        }
        config.applied_to(present)
    };
    database::edit(client, printer, &database, (config, then)).await
}

async fn act(
    client: &Client,
    printer: &Printer,
    DatabaseWorkArgs { database, wait }: DatabaseWorkArgs,
    act: Act,
) -> anyhow::Result<Outcome> {
    work::act(client, printer, &database, act, wait.into()).await
}

async fn remove(
    client: &Client,
    printer: &Printer,
    args: RemoveDatabaseArgs,
) -> anyhow::Result<Outcome> {
    let RemoveDatabaseArgs { database, data, run, consent, wait } = args;
    let data = if data { Data::Removed } else { Data::Kept };
    let manner = Manner { run: run.into(), consent: consent.into(), wait: wait.into() };
    work::remove(client, printer, &database, data, manner).await
}
