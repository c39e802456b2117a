//! Accepting a change in place: the options of a network that exists. Docker can change none of
//! them, so the network is replaced by one of the same name; the reconciler does it (see
//! `reconcile::change`). Owns what such a change has to know after a crash.

use portolan_types::{
    Destination, DestinationKind, DestinationState, Failure, Name, NetworkName, NetworkOptions,
    Operation, OperationKind, Origin, PlannedSubnets, Subject, Timestamp, id::cuid2,
};
use serde::{Deserialize, Serialize};

use super::{changed_meanwhile, placement};
use crate::{
    Actor, Error, addresses,
    db::{self, Transaction, destination::Move},
    host::Endpoint,
    operations::{self, Task},
    servers,
};

/// Everything that a change has to know, written down before its first act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Memo {
    pub course: Course,
    pub old: Shape,
    pub new: Shape,
    /// The network that stood under the name when the change was accepted.
    pub old_docker_id: Option<String>,
    /// The network that holds the containers together meanwhile.
    pub interim: NetworkName,
    /// Whether the host was found fit and work began. Until then nothing was touched.
    pub begun: bool,
    /// Containers that were found on the network, with what they had asked for.
    pub moving: Vec<Moving>,
    /// Services of a swarm that were told to go over.
    #[serde(default)]
    pub services: Vec<MovingService>,
    /// What is waited for.
    #[serde(default)]
    pub waiting: Option<Waiting>,
    /// Of the preview: when the world has changed since, nothing is done.
    pub version: Option<String>,
    /// Why it turned back.
    pub why: Option<Failure>,
}

/// What a change is asked with.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub options: NetworkOptions,
    pub version: Option<String>,
}

/// Which way a change goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Course {
    /// To the new options.
    Forward,
    /// To the old ones again, after a refusal.
    Back,
    /// It is over, and nothing of it is left on the host.
    Over,
}

/// What a network is made by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Shape {
    pub options: NetworkOptions,
    pub planned: PlannedSubnets,
    pub revision: u32,
}

/// A container that goes from the old network to the new one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Moving {
    /// Docker's id.
    pub id: String,
    pub name: String,
    pub endpoint: Endpoint,
    /// Milliseconds so far; absent once Portolan was interrupted.
    pub gap_ms: Option<u64>,
    pub note: Option<String>,
    /// The server that it is on, where that is another one of the swarm.
    #[serde(default)]
    pub server: Option<Name>,
}

/// A service that goes from the old network to the new one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MovingService {
    /// Docker's id.
    pub id: String,
    pub name: String,
    /// The acts of the course that it was told: none is told twice.
    pub told: Vec<String>,
    /// How often its tasks were replaced for it.
    pub restarts: u32,
}

/// What a change waits for, and since when that is so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Waiting {
    pub since: Timestamp,
    pub reasons: Vec<String>,
}

impl Shape {
    pub(crate) fn of(destination: &Destination) -> Self {
        Self {
            options: destination.options.clone(),
            planned: destination.planned.clone(),
            revision: destination.revision,
        }
    }

    /// The destination as it is with this shape.
    pub(crate) fn applied_to(&self, destination: &Destination) -> Destination {
        Destination {
            options: self.options.clone(),
            planned: self.planned.clone(),
            revision: self.revision,
            ..destination.clone()
        }
    }
}

impl Memo {
    /// By what the network is to be made that stands in the end.
    pub(crate) fn goal(&self) -> &Shape {
        match self.course {
            Course::Forward => &self.new,
            Course::Back | Course::Over => &self.old,
        }
    }

    fn new(before: &Destination, options: NetworkOptions) -> Self {
        let observed = before.observed.as_ref();
        let mut old = Shape::of(before);
        // Should it have to be made again, then with the addresses that the engine had chosen.
        old.planned = kept(before, &old.options);
        let planned = kept(before, &options);
        Self {
            course: Course::Forward,
            new: Shape { options, planned, revision: old.revision + 1 },
            old,
            old_docker_id: observed.map(|observed| observed.docker_id.clone()),
            interim: interim_name(&before.network, before.kind),
            begun: false,
            moving: Vec::new(),
            services: Vec::new(),
            waiting: None,
            version: None,
            why: None,
        }
    }

    /// Another try after one that could neither be made nor taken back: what is left of it on the
    /// host is taken along.
    fn after(earlier: Self, before: &Destination, options: NetworkOptions) -> Self {
        let planned = kept(before, &options);
        // A revision of its own tells its network from the one that the earlier try has left.
        let new = Shape { options, planned, revision: earlier.new.revision + 1 };
        Self { new, ..earlier.again(Course::Forward) }
    }

    /// From the beginning, with what is on the host.
    fn again(self, course: Course) -> Self {
        let services = self.services.into_iter();
        let services = services.map(|one| MovingService { told: Vec::new(), ..one }).collect();
        Self { course, services, why: None, waiting: None, begun: false, ..self }
    }
}

/// Subnets that a network keeps because nobody asked for others.
fn kept(before: &Destination, options: &NetworkOptions) -> PlannedSubnets {
    let seen = || before.observed.iter().flat_map(|observed| &observed.subnets);
    let same_v4 = options.subnet.is_none() && before.options.subnet.is_none();
    let same_v6 = options.ipv6 && options.ipv6_subnet.is_none() && before.options.ipv6;
    let v4 = before.planned.subnet.or_else(|| seen().find_map(|text| text.parse().ok()));
    let v6 = before.planned.ipv6_subnet.or_else(|| seen().find_map(|text| text.parse().ok()));
    PlannedSubnets { subnet: v4.filter(|_| same_v4), ipv6_subnet: v6.filter(|_| same_v6) }
}

/// The destination's name and a short random end: a network of its own even while the engine is
/// still busy with what an earlier change left. A swarm takes neither dots nor more than 63
/// characters (`validateAnnotations` in swarmkit's `manager/controlapi`).
fn interim_name(network: &NetworkName, kind: DestinationKind) -> NetworkName {
    let end: String = cuid2().chars().take(8).collect();
    let (between, most) = match kind {
        DestinationKind::Standalone => (".portolan-", NetworkName::MAX),
        DestinationKind::Swarm => ("-portolan-", 63),
    };
    let start: String = network.as_str().chars().take(most - between.len() - end.len()).collect();
    format!("{start}{between}{end}").parse().unwrap_or_else(|_| NetworkName::generate())
}

/// Everything that a change begins with, or why it cannot. Nothing is stored but the address
/// plan's own range.
pub(super) async fn planned(
    tx: &mut Transaction,
    actor: &Actor,
    before: &Destination,
    options: NetworkOptions,
) -> Result<Memo, Error> {
    check(before, &options)?;
    let server = servers::find(tx, actor, &before.server_id).await?;
    placement::check_usable(&server)?;
    placement::check_options(&server, before.kind, &options)?;
    let mut memo = match unfinished(tx, before).await? {
        Some(earlier) => Memo::after(earlier, before, options),
        None => Memo::new(before, options),
    };
    let after = memo.new.applied_to(before);
    memo.new.planned = addresses::choose_for_change(tx, actor.visible(), &server, &after).await?;
    Ok(memo)
}

/// Queues the change and moves the destination to `changing`.
pub(super) async fn accept(
    tx: &mut Transaction,
    actor: &Actor,
    before: &Destination,
    asked: Asked,
) -> Result<Operation, Error> {
    let Asked { options, version } = asked;
    let memo = Memo { version, ..planned(tx, actor, before, options).await? };
    begin(tx, actor, before, &memo).await
}

/// Goes on with a change that could neither be made nor taken back; `None` when there is none.
pub(super) async fn resume(
    tx: &mut Transaction,
    actor: &Actor,
    before: &Destination,
) -> Result<Option<Operation>, Error> {
    let Some(earlier) = unfinished(tx, before).await? else { return Ok(None) };
    let course = earlier.course;
    let memo = earlier.again(course);
    begin(tx, actor, before, &memo).await.map(Some)
}

/// The change that ended half way, if the destination's latest work is one.
pub(super) async fn unfinished(
    tx: &mut Transaction,
    destination: &Destination,
) -> Result<Option<Memo>, Error> {
    let failed = destination.state == DestinationState::Failed;
    let Some(id) = destination.operation_id.as_ref().filter(|_| failed) else { return Ok(None) };
    let memo: Option<Memo> =
        db::operation::find_memo(tx, id, OperationKind::ChangeDestination).await?;
    Ok(memo.filter(|memo| memo.course != Course::Over))
}

async fn begin(
    tx: &mut Transaction,
    actor: &Actor,
    before: &Destination,
    memo: &Memo,
) -> Result<Operation, Error> {
    let task = Task {
        kind: OperationKind::ChangeDestination,
        subject: Subject::Destination(before.id.clone()),
        name: before.name.as_str(),
        input: None,
    };
    let operation = operations::ask(tx, actor, task).await?;
    db::operation::set_memo(tx, &operation.id, memo).await?;
    let to = DestinationState::Changing;
    let step = Move { from: before.state, to, reason: None, operation: Some(&operation.id) };
    if !db::destination::advance(tx, &before.id, &step, Timestamp::now()).await? {
        return Err(changed_meanwhile(before));
    }
    Ok(operation)
}

/// What can be refused without asking the host.
fn check(before: &Destination, options: &NetworkOptions) -> Result<(), Error> {
    let name = &before.name;
    if before.origin == Origin::Adopted {
        return Err(Error::refused(
            "adopted-is-not-altered",
            format!("destination `{name}` was adopted: Portolan does not alter its network"),
            "change it where it was made, or take it over first",
        ));
    }
    match before.state {
        DestinationState::Ready | DestinationState::Drifted | DestinationState::Failed => {}
        DestinationState::Pending | DestinationState::Changing | DestinationState::Deleting => {
            return Err(busy(before));
        }
    }
    if before.state == DestinationState::Ready && before.options == *options {
        return Err(Error::refused(
            "nothing-to-change",
            format!("destination `{name}` has these options already"),
            "nothing has to be done",
        ));
    }
    Ok(())
}

/// It is in work, which has to end before anything else begins.
pub(super) fn busy(before: &Destination) -> Error {
    Error::refused(
        "destination-busy",
        format!("destination `{}` is {}: that has to end first", before.name, before.state),
        "follow its operation (`list_operations.destination`), then ask again",
    )
}
