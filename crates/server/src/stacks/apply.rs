//! A file is brought about: services are made, changed and removed as it says, and those that differ
//! are deployed in the order in which they need each other.

use portolan_types::{
    Application, ApplicationId, ApplicationName, ApplyStack, CreateApplication, CreateStack,
    Destination, Environment, Operation, Right, SetStackVariable, Stack, StackApplied, StackId,
    StackState, Timestamp, VariableName,
};
use sqlx::AnyConnection;

use super::{
    Source, applied, check_stays,
    difference::{self, Act, Before, Difference, Had, gone},
    files, find, networks, note,
    outside::{self, Outside},
    show, tie, wake,
};
use crate::{
    Actor, App, Error,
    applications::{
        self, deployments,
        plan::{Kept as Variable, open_variables, seal_variables},
        remove::{self, Volumes},
    },
    compose::{Composed, Files, Service, Values},
    db::{self, Transaction},
    destinations, environments,
    error::Refusal,
    idempotency::{self, IdempotencyKey},
};

/// How many variables a stack may have.
const VARIABLES: usize = 500;

/// A stack that is wanted, with what its file comes to.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) stack: Stack,
    pub(super) source: Source,
    pub(super) composed: Composed,
    pub(super) destination: Destination,
    pub(super) outside: Outside,
}

impl Wanted {
    /// A new one.
    pub(super) async fn new(
        conn: &mut AnyConnection,
        actor: &Actor,
        (id, input): (StackId, CreateStack),
    ) -> Result<Self, Error> {
        let environment = environments::find(conn, actor, &input.environment_id).await?;
        actor.require_on(Right::Manage, &environment.project_id)?;
        let destination =
            applications::place(conn, actor, &environment, input.destination_id.as_ref()).await?;
        let stack = stack(id, input.name, (environment, &destination));
        let values = values(Values::new(), input.variables, &[])?;
        let files = files::kept(Files::new(), input.files, (input.file.as_str(), &values))?;
        let source = Source { file: input.file, values, repository: input.repository, files };
        Self::of(conn, actor, (stack, source, destination)).await
    }

    /// One that is there, as it is to be.
    pub(super) async fn changed(
        conn: &mut AnyConnection,
        actor: &Actor,
        (stack, source): (Stack, Source),
        input: ApplyStack,
    ) -> Result<Self, Error> {
        check_stays(&stack)?;
        let destination = destinations::find_whole(conn, actor, &stack.destination_id).await?;
        let file = input.file.unwrap_or(source.file);
        let values = values(source.values, input.variables, &input.unset)?;
        let source = Source {
            files: files::kept(source.files, input.files, (file.as_str(), &values))?,
            file,
            values,
            repository: input.repository.or(source.repository),
        };
        Self::of(conn, actor, (stack, source, destination)).await
    }

    async fn of(
        conn: &mut AnyConnection,
        actor: &Actor,
        (stack, source, destination): (Stack, Source, Destination),
    ) -> Result<Self, Error> {
        let composed = source.composed(&stack.name, destination.network.as_str())?;
        networks::check(destination.kind, &composed.networks)?;
        files::check(destination.kind, &composed)?;
        let outside = outside::found(conn, actor, (&destination, &composed)).await?;
        Ok(Self { stack, source, composed, destination, outside })
    }
}

fn stack(
    id: StackId,
    name: ApplicationName,
    (environment, destination): (Environment, &Destination),
) -> Stack {
    let now = Timestamp::now();
    Stack {
        id,
        project_id: environment.project_id,
        project_name: environment.project_name,
        environment_id: environment.id,
        environment_name: environment.name,
        destination_id: destination.id.clone(),
        destination_name: Some(destination.name.clone()),
        server_id: destination.server_id.clone(),
        server_name: Some(destination.server_name.clone()),
        name,
        state: StackState::Placed,
        services: Vec::new(),
        networks: Vec::new(),
        visits: Vec::new(),
        source: None,
        created_at: now,
        updated_at: now,
    }
}

pub(super) fn values(
    mut values: Values,
    set: Vec<SetStackVariable>,
    unset: &[VariableName],
) -> Result<Values, Error> {
    values.retain(|name, _| !unset.contains(name));
    values.extend(set.into_iter().map(|one| (one.name, (one.value, one.secret))));
    if values.len() > VARIABLES {
        return Err(Error::field("variables", format!("a stack has at most {VARIABLES}")));
    }
    Ok(values)
}

/// Makes a stack of a file, and deploys it.
pub async fn create(
    app: &App,
    actor: &Actor,
    input: CreateStack,
    repeat: Option<IdempotencyKey>,
) -> Result<StackApplied, Error> {
    let id = StackId::generate();
    let mut whole = input.clone();
    files::of_new(app, actor, &mut whole).await?;
    let mut tx = app.db.begin().await?;
    let (team, request) = (actor.team_id(), ("stack", &input));
    let earlier = idempotency::claim(&mut tx, team, repeat.as_ref(), &request, id.as_str()).await?;
    if let Some(earlier) = earlier {
        drop(tx);
        let earlier = earlier.parse().map_err(|_| Error::NotFound("stack"))?;
        return Ok(StackApplied {
            stack: show(app, actor, &earlier).await?,
            operations: Vec::new(),
        });
    }
    let wanted = Wanted::new(&mut tx, actor, (id.clone(), whole)).await?;
    let sealed = wanted.source.seal(&app.vault, &id)?;
    db::stack::insert(&mut tx, team, (&wanted.stack, &sealed))
        .await
        .map_err(|error| Error::on_unique(error, || taken(&wanted.stack)))?;
    let before = (None, Removal::Refused);
    let bringing = bring_about(&mut tx, (app, actor), wanted, before);
    let operations = Box::pin(bringing).await?;
    let stack = find(&mut tx, actor, &id).await?.stack;
    note(&mut tx, actor, &stack, ("stack.added", "added")).await?;
    tx.commit().await?;
    let stack = show(app, actor, &id).await?;
    wake(app, actor, &stack).await?;
    Ok(StackApplied { stack, operations })
}

fn taken(stack: &Stack) -> Error {
    let Stack { name, environment_name, project_name, .. } = stack;
    Error::refused(
        "stack-exists",
        format!(
            "environment `{environment_name}` of project `{project_name}` already has a stack named `{name}`"
        ),
        "apply the file to that one (`apply_stack`), or choose another name",
    )
}

/// Applies a file to a stack, again or another one, and deploys what differs.
pub async fn apply(
    app: &App,
    actor: &Actor,
    id: &StackId,
    mut input: ApplyStack,
) -> Result<StackApplied, Error> {
    files::of_change(app, actor, (id, &mut input)).await?;
    let mut tx = app.db.begin().await?;
    db::stack::lock(&mut tx, id).await?;
    let removal = if input.remove { Removal::Asked } else { Removal::Refused };
    let (stack, source, composed) = applied(&mut tx, (app, actor), id).await?;
    let wanted = Wanted::changed(&mut tx, actor, (stack, source), input).await?;
    let (stack, sealed) = (wanted.stack.clone(), wanted.source.seal(&app.vault, id)?);
    db::stack::set_source(&mut tx, id, (&sealed, Timestamp::now())).await?;
    let before = (composed.as_ref(), removal);
    let bringing = bring_about(&mut tx, (app, actor), wanted, before);
    let operations = Box::pin(bringing).await?;
    note(&mut tx, actor, &stack, ("stack.changed", "applied")).await?;
    tx.commit().await?;
    let stack = show(app, actor, id).await?;
    wake(app, actor, &stack).await?;
    Ok(StackApplied { stack, operations })
}

/// What becomes of services that the file has no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Removal {
    Asked,
    Refused,
}

async fn bring_about(
    tx: &mut Transaction,
    (app, actor): (&App, &Actor),
    wanted: Wanted,
    (before, removal): (Option<&Composed>, Removal),
) -> Result<Vec<Operation>, Error> {
    let Wanted { stack, composed, destination, outside, .. } = wanted;
    let ids = networks::set(tx, &stack, &composed.networks).await?;
    let difference = Difference::find(tx, (app, actor), &stack, (before, composed)).await?;
    check_removal(&stack, &difference.gone, removal)?;
    let mut operations = removed(tx, actor, difference.gone).await?;
    let (mut placed, mut changed) = (Vec::new(), Vec::new());
    for (service, act) in difference.acts {
        let before = difference.before.get(&service.name);
        let at = (&stack, &destination);
        let application = match act {
            Act::Make => {
                let id = make(tx, (app, actor), at, &service).await;
                let id = id.map_err(|error| of_service(&service, error))?;
                changed.push(id.clone());
                id
            }
            Act::Change(had, _) => {
                let id = had.row.application.id.clone();
                let done = change(tx, (app, actor), (*had, before), &service).await;
                done.map_err(|error| of_service(&service, error))?;
                changed.push(id.clone());
                id
            }
            Act::Keep(had) => had.row.application.id,
        };
        placed.push((service, application));
    }
    tie::set(tx, &stack, &placed, (&ids, &outside)).await?;
    for id in changed {
        let row = applications::find(tx, actor, &id).await?;
        operations.push(deployments::begin_wanted(tx, (app, actor), (&row, false)).await?);
    }
    Ok(operations)
}

/// Nothing goes because a line was forgotten.
fn check_removal(stack: &Stack, gone: &[Had], removal: Removal) -> Result<(), Error> {
    let names: Vec<String> = gone.iter().map(|one| one.name.to_string()).collect();
    if names.is_empty() || removal == Removal::Asked {
        return Ok(());
    }
    Err(Error::Refused(Refusal {
        code: "stack-services-would-go",
        message: format!(
            "stack `{}` has services that the file has no more: {}",
            stack.name,
            names.join(", ")
        ),
        remedy: Some("put them into the file, or say that they go (`apply_stack.remove`)".into()),
        blockers: names,
    }))
}

async fn removed(
    tx: &mut Transaction,
    actor: &Actor,
    gone: Vec<Had>,
) -> Result<Vec<Operation>, Error> {
    let mut operations = Vec::new();
    for one in gone {
        let application = one.row.application;
        db::application::lock(tx, &application.id).await?;
        operations.push(remove::begin(tx, actor, &application, Volumes::Kept).await?);
    }
    Ok(operations)
}

async fn make(
    tx: &mut Transaction,
    (app, actor): (&App, &Actor),
    (stack, destination): (&Stack, &Destination),
    service: &Service,
) -> Result<ApplicationId, Error> {
    let id = ApplicationId::generate();
    let input = CreateApplication {
        environment_id: stack.environment_id.clone(),
        destination_id: Some(destination.id.clone()),
        name: application_name(stack, service)?,
        spec: service.spec.clone(),
    };
    let new = applications::add(tx, actor, id.clone(), input).await?;
    applications::note(tx, actor, None, Some(&new)).await?;
    write_variables(tx, (app, actor), (&id, None, service)).await?;
    Ok(id)
}

/// What the application of a service is called.
pub(super) fn application_name(stack: &Stack, service: &Service) -> Result<ApplicationName, Error> {
    let name = format!("{}-{}", stack.name, service.name);
    name.parse()
        .map_err(|invalid: portolan_types::Invalid| Error::field("name", invalid.to_string()))
}

async fn change(
    tx: &mut Transaction,
    (app, actor): (&App, &Actor),
    (had, before): (Had, Option<&Before>),
    service: &Service,
) -> Result<(), Error> {
    let id = had.row.application.id.clone();
    db::application::lock(tx, &id).await?;
    let present = applications::find(tx, actor, &id).await?.application;
    applications::work::check_stays(&present)?;
    if present.spec != service.spec {
        let after = applications::set_spec(tx, actor, &present, service.spec.clone()).await?;
        applications::note(tx, actor, Some(&present), Some(&after)).await?;
    } else if difference::files_differ(service, before) {
        // What the next deployment puts into its container is other than what was put there.
        let after = Application { updated_at: Timestamp::now(), ..present };
        db::application::set_spec(tx, &after).await?;
    }
    write_variables(tx, (app, actor), (&id, before, service)).await
}

/// What the file sets is set, what an earlier one set is taken away, and what people set besides stays.
async fn write_variables(
    tx: &mut Transaction,
    (app, actor): (&App, &Actor),
    (id, before, service): (&ApplicationId, Option<&Before>, &Service),
) -> Result<(), Error> {
    let row = applications::find(tx, actor, id).await?;
    let had = open_variables(&app.vault, id, row.sealed_variables.as_deref())?;
    let (mut kept, now) = (had.clone(), Timestamp::now());
    for name in gone(service, before) {
        kept.remove(name);
    }
    for one in &service.variables {
        db::database_reference::delete(tx, id, &one.name).await?;
        let same = kept.get(&one.name).is_some_and(|kept| {
            (&kept.value, kept.secret, kept.build) == (&one.value, one.secret, one.build)
        });
        if !same {
            let (value, secret, build) = (one.value.clone(), one.secret, one.build);
            kept.insert(one.name.clone(), Variable { value, secret, build, updated_at: now });
        }
    }
    if kept != had {
        let sealed = seal_variables(&app.vault, id, &kept)?;
        db::application::set_variables(tx, id, &sealed, now).await?;
    }
    Ok(())
}

/// Says of which service a refusal is.
pub(super) fn of_service(service: &Service, error: Error) -> Error {
    let Service { name, line, .. } = service;
    match error {
        Error::Refused(refusal) => Error::Refused(Refusal {
            message: format!("service `{name}` (line {line}): {}", refusal.message),
            ..refusal
        }),
        Error::Invalid(mut fields) => {
            for field in &mut fields {
                field.message = format!("service `{name}` (line {line}): {}", field.message);
            }
            Error::Invalid(fields)
        }
        other => other,
    }
}
