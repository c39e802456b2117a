//! `portolan app job`, from what was typed to what is done.

use portolan_types::{Argument, CreateJob, JobCommand as Program, JobState, UpdateJob};

use crate::{
    cli::{AddJobArgs, EditJobArgs, JobArgs, JobCommand},
    client::Client,
    commands::application::job::{self, Named, Stay},
    failure::{Failure, Outcome},
    printer::Printer,
};

pub(super) async fn run(
    client: &Client,
    printer: &Printer,
    command: JobCommand,
) -> anyhow::Result<Outcome> {
    match command {
        JobCommand::List { app, list } => job::list(client, printer, &app, list.into()).await?,
        JobCommand::Add(args) => add(client, printer, args).await?,
        JobCommand::Edit(args) => edit(client, printer, args).await?,
        JobCommand::Remove { job, consent } => {
            job::remove(client, printer, &named(job), consent.into()).await?;
        }
        JobCommand::Run { job, no_wait } => {
            let stay = if no_wait { Stay::No } else { Stay::ToTheEnd };
            return job::run(client, printer, &named(job), stay).await;
        }
        JobCommand::Runs { job, show: Some(run), .. } => {
            return job::show_run(client, printer, &named(job), &run).await;
        }
        JobCommand::Runs { job, show: None, page } => {
            job::runs(client, printer, &named(job), page.into()).await?;
        }
    }
    Ok(Outcome::Done)
}

fn named(JobArgs { app, job }: JobArgs) -> Named {
    Named { app, job }
}

async fn add(client: &Client, printer: &Printer, args: AddJobArgs) -> anyhow::Result<()> {
    let AddJobArgs { app, name, cron, within, keep, paused, command } = args;
    let request = CreateJob {
        name,
        command: program(command)?,
        expression: cron,
        within_seconds: within.unwrap_or_default(),
        keep: keep.unwrap_or_default(),
        state: if paused { JobState::Paused } else { JobState::Active },
    };
    job::add(client, printer, &app, &request).await
}

async fn edit(client: &Client, printer: &Printer, args: EditJobArgs) -> anyhow::Result<()> {
    let state = args.state();
    let EditJobArgs { job, rename, cron, within, keep, command, .. } = args;
    let change = UpdateJob {
        name: rename,
        command: (!command.is_empty()).then(|| program(command)).transpose()?,
        expression: cron,
        within_seconds: within,
        keep,
        state,
    };
    job::edit(client, printer, &named(job), &change).await
}

fn program(words: Vec<Argument>) -> Result<Program, Failure> {
    let words = Program::try_from(words);
    words.map_err(|invalid| Failure::usage(invalid.to_string(), "name it after `--`"))
}
