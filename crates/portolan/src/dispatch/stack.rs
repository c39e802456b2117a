//! `portolan stack`, from what was typed to what is done.

use portolan_types::{RepositoryPath, SetStackVariable, StackRepository};

use crate::{
    cli::{ApplyStackArgs, GlobalArgs, RemoveStackArgs, StackCommand},
    client::Client,
    commands::{
        application::remove::Volumes,
        manner::Manner,
        stack::{self, Described},
    },
    failure::{Failure, Outcome},
    printer::Printer,
};

pub(super) async fn run(
    global: GlobalArgs,
    printer: &Printer,
    command: StackCommand,
) -> anyhow::Result<Outcome> {
    let client = &super::client(global, printer)?;
    match command {
        StackCommand::List { environment, list } => {
            stack::list(client, printer, environment.as_ref(), list.into()).await?;
        }
        StackCommand::Show { stack, file: true } => stack::file(client, printer, &stack).await?,
        StackCommand::Show { stack, file: false } => stack::show(client, printer, &stack).await?,
        StackCommand::Apply(args) => return apply(client, printer, *args).await,
        StackCommand::Remove(RemoveStackArgs { stack, volumes, run, consent, wait }) => {
            let volumes = if volumes { Volumes::Removed } else { Volumes::Kept };
            let manner = Manner { run: run.into(), consent: consent.into(), wait: wait.into() };
            return stack::remove(client, printer, (&stack, volumes), manner).await;
        }
    }
    Ok(Outcome::Done)
}

async fn apply(
    client: &Client,
    printer: &Printer,
    args: ApplyStackArgs,
) -> anyhow::Result<Outcome> {
    let ApplyStackArgs { name, file, environment, destination, set, unset, .. } = args;
    let plain = |(name, value)| SetStackVariable { name, value, secret: false };
    let typed = set.into_iter().map(|one| {
        let value = one.value.ok_or_else(|| {
            let why = format!("variable {} has no value", one.name);
            Failure::usage(why, format!("give it as {}=VALUE", one.name))
        })?;
        Ok(plain((one.name, value)))
    });
    let typed: Vec<SetStackVariable> = typed.collect::<Result<_, Failure>>()?;
    let repository = args.git.map(|repository| StackRepository {
        repository,
        reference: args.git_ref,
        key_id: None,
        host_key: args.git_host_key,
        folder: args.git_folder.unwrap_or_else(RepositoryPath::root),
    });
    let described = Described {
        name,
        file,
        environment,
        destination,
        typed,
        unset,
        env_file: args.env_file,
        secret_file: args.secret_file,
        repository,
        git_key: args.git_key,
    };
    let manner =
        Manner { run: args.run.into(), consent: args.consent.into(), wait: args.wait.into() };
    stack::apply(client, printer, described, manner).await
}
