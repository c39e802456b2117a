//! Connecting, disconnecting and moving containers: work that waits for a server's destinations,
//! done one after the other in the order in which it was asked for.
//!
//! Each looks first, so that what a crash cut off is taken up where it stopped, and what is so
//! already counts as done.

use portolan_types::{
    ContainerName, Destination, DestinationId, DestinationState, Failure, OperationKind, Subject,
    Timestamp,
};

use super::{
    PassError,
    destinations::rows,
    recorder::{Recorder, failure},
    work::{self, Halt, Work},
};
use crate::{
    App, Error,
    db::{destination, operation::Waiting, server::Assigned},
    destinations::containers::Wish,
    events,
    host::{ContainerDetail, Endpoint, Host, HostNetwork},
};

mod claims;
mod connect;
mod move_over;

pub(crate) use claims::alias_belongs_to;

const KINDS: [OperationKind; 3] = [
    OperationKind::ConnectContainer,
    OperationKind::DisconnectContainer,
    OperationKind::MoveContainer,
];

/// What was done: the kind of its event, and words.
type Done = (&'static str, String);

/// Answers everything of the sort that waits for destinations of this server.
pub(super) async fn run(
    app: &App,
    row: &Assigned,
    waiting: &[Waiting],
    host: &dyn Host,
    networks: &[HostNetwork],
) -> Result<(), PassError> {
    for task in work::of_kinds(waiting, &KINDS) {
        let Subject::Destination(id) = &task.subject else { continue };
        // As they are now: the work before may have taken its time.
        let rows = rows(app, row).await?;
        let Some(row) = rows.iter().find(|one| one.destination.id == *id) else { continue };
        let Some(recorder) = Recorder::start(app, task.kind, &task.id).await? else { continue };
        let work = Work { app, host, row, networks, recorder };
        match attempt(&work, task, &rows).await {
            Ok(done) => conclude(&work, Ok(done)).await?,
            Err(Halt::Refused(failure)) => conclude(&work, Err(failure)).await?,
            Err(Halt::Pass(error)) => return Err(error),
        }
    }
    Ok(())
}

async fn attempt(
    work: &Work<'_>,
    task: &Waiting,
    rows: &[destination::Assigned],
) -> Result<Done, Halt> {
    let wish = task.input.as_deref().and_then(|text| serde_json::from_str(text).ok());
    let Some(wish) = wish else {
        return Err(failure("no-input", "the work names no container", "ask for it again").into());
    };
    let on = Place::of(&work.row.destination)?;
    match wish {
        Wish::Connect(input) => connect::connect(work, &on, &input).await,
        Wish::Disconnect { container } => connect::disconnect(work, &on, &container).await,
        Wish::Move { container, to } => {
            let to = other(rows, &to)?;
            move_over::run(work, &on, &Place::of(to)?, &container).await
        }
    }
}

fn other<'a>(
    rows: &'a [destination::Assigned],
    id: &DestinationId,
) -> Result<&'a Destination, Failure> {
    let found = rows.iter().map(|row| &row.destination).find(|one| one.id == *id);
    found.ok_or_else(|| {
        let message = "the destination to move to is gone";
        failure("no-such-destination", message, "choose another one")
    })
}

/// A destination whose network is known and at rest.
#[derive(Debug)]
struct Place<'a> {
    destination: &'a Destination,
    docker_id: &'a str,
}

impl<'a> Place<'a> {
    fn of(destination: &'a Destination) -> Result<Self, Failure> {
        let ready = destination.state == DestinationState::Ready;
        let observed = destination.observed.as_ref().filter(|_| ready);
        let docker_id = observed.map(|observed| observed.docker_id.as_str());
        docker_id.map(|docker_id| Self { destination, docker_id }).ok_or_else(|| {
            failure(
                "destination-not-ready",
                format!("destination `{}` is {}", destination.name, destination.state),
                "see `show_destination` for the reason",
            )
        })
    }

    fn name(&self) -> &str {
        self.destination.name.as_str()
    }

    /// How a container is on it.
    fn endpoint<'c>(&self, container: &'c ContainerDetail) -> Option<&'c Endpoint> {
        let network = self.destination.network.as_str();
        container.endpoint(self.docker_id, network).map(|place| &place.endpoint)
    }
}

/// The container, which has to be there.
async fn look(work: &Work<'_>, name: &ContainerName) -> Result<ContainerDetail, Halt> {
    let found = work.host.find_container(name.as_str()).await;
    let found = work.answer(found, || format!("inspect container `{name}`"))?;
    let missing = || {
        let server = &work.row.destination.server_name;
        failure(
            "no-such-container",
            format!("there is no container `{name}` on server `{server}`"),
            "give its name or its whole id (`docker ps --all --no-trunc` shows both)",
        )
    };
    Ok(found.ok_or_else(missing)?)
}

/// Puts a container on a network. A refusal for what is so already is none.
async fn attach(
    work: &Work<'_>,
    on: &Place<'_>,
    container: &ContainerDetail,
    endpoint: &Endpoint,
) -> Result<(), Halt> {
    let id = &container.member.docker_id;
    let attached = work.host.connect(on.docker_id, id, endpoint).await;
    let action = || format!("connect container `{}` to `{}`", container.member.name, on.name());
    let Err(halt) = work.answer(attached, action) else { return Ok(()) };
    if is_on(work, on, container, &halt).await? == Some(true) { Ok(()) } else { Err(halt) }
}

/// Takes a container off a network. A refusal for what is so already is none.
async fn detach(
    work: &Work<'_>,
    from: &Place<'_>,
    container: &ContainerDetail,
) -> Result<(), Halt> {
    let detached = work.host.disconnect(from.docker_id, &container.member.docker_id).await;
    let action = || format!("take container `{}` off `{}`", container.member.name, from.name());
    let Err(halt) = work.answer(detached, action) else { return Ok(()) };
    if is_on(work, from, container, &halt).await? == Some(false) { Ok(()) } else { Err(halt) }
}

/// Whether it is there after a refusal; `None` when the container is gone, or nothing was refused.
async fn is_on(
    work: &Work<'_>,
    on: &Place<'_>,
    container: &ContainerDetail,
    halt: &Halt,
) -> Result<Option<bool>, Halt> {
    let Halt::Refused(_) = halt else { return Ok(None) };
    let found = work.host.find_container(&container.member.docker_id).await;
    let found = work.answer(found, || format!("inspect container `{}`", container.member.name))?;
    Ok(found.map(|found| on.endpoint(&found).is_some()))
}

/// The event and the end of the operation; the destination itself is as it was.
async fn conclude(work: &Work<'_>, outcome: Result<Done, Failure>) -> Result<(), Error> {
    let mut tx = work.app.db.begin().await?;
    if let Ok((kind, message)) = &outcome {
        let event = work.event(kind, message.clone());
        events::record(&mut tx, event, Timestamp::now()).await?;
    }
    work.recorder.finish(&mut tx, outcome.as_ref().err()).await?;
    tx.commit().await?;
    work.recorder.tell();
    Ok(())
}
