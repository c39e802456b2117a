//! `portolan app`, from what was typed to what is done.

use portolan_types::{ApplicationSpec, DeployApplication, Key, Server};

use super::{container, job};
use crate::{
    cli::{
        AddApplicationArgs, AddPlaceArgs, ApplicationCommand, Assignment, CloneApplicationArgs,
        CloneToArgs, DecideArgs, EditApplicationArgs, HookCommand, ListApplicationsArgs,
        MoveApplicationArgs, PlaceCommand, RemoveApplicationArgs, SetVariablesArgs,
        ToDestinationArgs, VariableCommand, WorkArgs,
    },
    client::Client,
    commands::{
        application::{
            self, Edit, NewApplication, Of, Then, build_log,
            cloning::{self, Clone, To},
            deployments, hook, link,
            moving::{self, Decision, Moved, Target},
            place::{self, NewPlace},
            remove::{self, Volumes},
            tasks,
            variables::{self, Kept, Typed},
            work::{self, Act},
        },
        container_logs::Times,
        inside::Named,
        manner::Manner,
    },
    failure::{Failure, Outcome},
    find::find_any,
    printer::Printer,
    watch::Wait,
};

pub(super) async fn run(
    client: &Client,
    printer: &Printer,
    command: ApplicationCommand,
) -> anyhow::Result<Outcome> {
    match command {
        ApplicationCommand::List(args) => {
            let ListApplicationsArgs { project, environment, destination, list } = args;
            let of = Of { project, environment, destination };
            application::list(client, printer, &of, list.into()).await?;
        }
        ApplicationCommand::Show { app } => application::show(client, printer, &app).await?,
        ApplicationCommand::Add(args) => return add(client, printer, *args).await,
        ApplicationCommand::Edit(args) => return edit(client, printer, *args).await,
        ApplicationCommand::Deploy { app, image, no_cache, wait } => {
            let request = DeployApplication { image, fresh: no_cache };
            return work::deploy(client, printer, &app, &request, wait.into()).await;
        }
        ApplicationCommand::Scale { app, replicas, wait } => {
            let spec = |present| Ok(ApplicationSpec { replicas, ..present });
            let edit = Edit { spec, then: Then::Deploy(wait.into()) };
            return application::edit(client, printer, &app, edit).await;
        }
        ApplicationCommand::Tasks { app } => tasks::list(client, printer, &app).await?,
        ApplicationCommand::BuildLog { app, number, follow, timestamps } => {
            let times = if timestamps { Times::Shown } else { Times::Hidden };
            return build_log::read(client, printer, (&app, number), (follow.into(), times)).await;
        }
        ApplicationCommand::Hook(command) => run_hook(client, printer, command).await?,
        ApplicationCommand::Rollback { app, to, wait } => {
            return work::roll_back(client, printer, &app, to, wait.into()).await;
        }
        ApplicationCommand::Cancel { app } => work::cancel(client, printer, &app).await?,
        ApplicationCommand::Start(args) => return act(client, printer, args, Act::Start).await,
        ApplicationCommand::Stop(args) => return act(client, printer, args, Act::Stop).await,
        ApplicationCommand::Restart(args) => {
            return act(client, printer, args, Act::Restart).await;
        }
        ApplicationCommand::Deployments { app, number: Some(number), .. } => {
            deployments::show(client, printer, &app, number).await?;
        }
        ApplicationCommand::Deployments { app, number: None, page } => {
            deployments::list(client, printer, &app, page.into()).await?;
        }
        ApplicationCommand::Logs { app, logs } => {
            return container::logs(client, printer, Named::Of(app), logs).await;
        }
        ApplicationCommand::Stats { app, stats } => {
            return container::stats(client, printer, Named::Of(app), stats).await;
        }
        ApplicationCommand::Exec { app, exec } => {
            return container::exec(client, printer, Named::Of(app), exec).await;
        }
        ApplicationCommand::Terminal { app, terminal } => {
            return container::terminal(client, printer, Named::Of(app), terminal).await;
        }
        ApplicationCommand::Clone(args) => {
            let CloneApplicationArgs { app, name, to, without_variables, with_volumes } = args;
            let wanted = Clone { name, to: to.into(), without_variables, with_volumes };
            cloning::clone(client, printer, (&app, wanted)).await?;
        }
        ApplicationCommand::Job(command) => return job::run(client, printer, command).await,
        ApplicationCommand::Links { app } => link::list(client, printer, &app).await?,
        ApplicationCommand::Link { app, to } => link::create(client, printer, (&app, &to)).await?,
        ApplicationCommand::Unlink { app, to } => {
            link::remove(client, printer, (&app, &to)).await?;
        }
        ApplicationCommand::Place(command) => return run_places(client, printer, command).await,
        ApplicationCommand::Env(command) => run_variables(client, printer, command).await?,
        ApplicationCommand::Move(MoveApplicationArgs { app, to }) => {
            return move_over(client, printer, &Moved::Application(app), to).await;
        }
        ApplicationCommand::ConfirmMove(DecideArgs { app, consent, wait }) => {
            let decided = (&Moved::Application(app), Decision::Confirm);
            return moving::decide(client, printer, decided, (consent.into(), wait.into())).await;
        }
        ApplicationCommand::TakeBack(DecideArgs { app, consent, wait }) => {
            let decided = (&Moved::Application(app), Decision::TakeBack);
            return moving::decide(client, printer, decided, (consent.into(), wait.into())).await;
        }
        ApplicationCommand::Remove(args) => return remove(client, printer, args).await,
    }
    Ok(Outcome::Done)
}

/// An application, or a database.
pub(super) async fn move_over(
    client: &Client,
    printer: &Printer,
    moved: &Moved,
    args: ToDestinationArgs,
) -> anyhow::Result<Outcome> {
    let ToDestinationArgs { destination, force, run, consent, wait } = args;
    let manner = Manner { run: run.into(), consent: consent.into(), wait: wait.into() };
    moving::move_over(client, printer, (moved, &Target { destination, force }), manner).await
}

fn then(deploy: bool, wait: impl Into<Wait>) -> Then {
    if deploy { Then::Deploy(wait.into()) } else { Then::Nothing }
}

async fn add(
    client: &Client,
    printer: &Printer,
    args: AddApplicationArgs,
) -> anyhow::Result<Outcome> {
    let AddApplicationArgs { name, environment, destination, image, deploy, wait, build, spec } =
        args;
    let then = then(deploy, wait);
    let Some(image) = image.or_else(|| build.image()) else {
        let hint = "name it with --image";
        return Err(Failure::usage("the repository's URL names no image", hint).into());
    };
    let server: Option<Server> = find_any(client, build.server()).await?;
    let key: Option<Key> = find_any(client, build.key()).await?;
    let spec = |plain| {
        let mut spec = spec.applied_to(plain, None)?;
        build.applied_to(&mut spec, (server.as_ref(), key.as_ref()))?;
        Ok(spec)
    };
    let new = NewApplication { name, environment, destination, image, spec, then };
    application::add(client, printer, new).await
}

async fn edit(
    client: &Client,
    printer: &Printer,
    args: EditApplicationArgs,
) -> anyhow::Result<Outcome> {
    let EditApplicationArgs { app, image, unset, deploy, wait, build, spec } = args;
    let then = then(deploy, wait);
    let server: Option<Server> = find_any(client, build.server()).await?;
    let key: Option<Key> = find_any(client, build.key()).await?;
    let spec = |mut present| {
        for what in unset {
            what.apply(&mut present);
        }
        let mut spec = spec.applied_to(present, image)?;
        build.applied_to(&mut spec, (server.as_ref(), key.as_ref()))?;
        Ok(spec)
    };
    application::edit(client, printer, &app, Edit { spec, then }).await
}

async fn act(
    client: &Client,
    printer: &Printer,
    WorkArgs { app, wait }: WorkArgs,
    act: Act,
) -> anyhow::Result<Outcome> {
    work::act(client, printer, &app, act, wait.into()).await
}

async fn remove(
    client: &Client,
    printer: &Printer,
    args: RemoveApplicationArgs,
) -> anyhow::Result<Outcome> {
    let RemoveApplicationArgs { app, volumes, run, consent, wait } = args;
    let volumes = if volumes { Volumes::Removed } else { Volumes::Kept };
    let manner = Manner { run: run.into(), consent: consent.into(), wait: wait.into() };
    remove::remove(client, printer, &app, volumes, manner).await
}

async fn run_places(
    client: &Client,
    printer: &Printer,
    command: PlaceCommand,
) -> anyhow::Result<Outcome> {
    match command {
        PlaceCommand::List { app } => place::list(client, printer, &app).await?,
        PlaceCommand::Add(AddPlaceArgs { app, destination, name, routes, wait }) => {
            let new = NewPlace { app, destination, name, with_routes: routes };
            return place::add(client, printer, new, wait.into()).await;
        }
        PlaceCommand::Remove { app, destination, volumes, manner } => {
            let volumes = if volumes { Volumes::Removed } else { Volumes::Kept };
            let wanted = (&app, &destination, volumes);
            return place::remove(client, printer, wanted, manner.into()).await;
        }
    }
    Ok(Outcome::Done)
}

async fn run_hook(client: &Client, printer: &Printer, command: HookCommand) -> anyhow::Result<()> {
    match command {
        HookCommand::Show { app } => hook::show(client, printer, &app).await,
        HookCommand::Create { app } => hook::create(client, printer, &app).await,
        HookCommand::Remove { app, consent } => {
            hook::remove(client, printer, &app, consent.into()).await
        }
    }
}

async fn run_variables(
    client: &Client,
    printer: &Printer,
    command: VariableCommand,
) -> anyhow::Result<()> {
    match command {
        VariableCommand::List { app } => variables::list(client, printer, &app).await,
        VariableCommand::Set(SetVariablesArgs { app, variables, secret, build, from_file }) => {
            let typed = Typed {
                variables: variables
                    .into_iter()
                    .map(|Assignment { name, value }| (name, value))
                    .collect(),
                file: from_file,
                kept: if secret { Kept::Secret } else { Kept::Plain },
                build,
            };
            variables::set(client, printer, &app, typed).await
        }
        VariableCommand::Refer { app, name, database, part } => {
            variables::refer(client, printer, &app, (name, &database, part)).await
        }
        VariableCommand::Unset { app, names } => {
            variables::unset(client, printer, &app, names).await
        }
    }
}

impl From<CloneToArgs> for To {
    fn from(CloneToArgs { environment, destination }: CloneToArgs) -> Self {
        Self { environment, destination }
    }
}
