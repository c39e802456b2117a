//! Found differences as people see them, and what people decide about them. They are found, and
//! decided about by policy, in `reconcile/drift`.

use portolan_types::{
    Destination, DestinationState, Drift, DriftId, DriftKind, DriftState, Operation, OperationKind,
    Origin, Page, PageQuery, ServerId, Subject, Timestamp,
};
use sqlx::AnyConnection;

use crate::{
    Actor, App, Error,
    db::{
        self, Transaction,
        drift::{Decided, Filter, Standing},
    },
    destinations,
    events::{self, Happened},
    operations::{self, Task},
    page, proxies, reconcile, servers,
};

/// What a person can do about one in a state.
pub(crate) fn remedy(kind: DriftKind, id: &DriftId, state: DriftState) -> Option<String> {
    match (state, kind) {
        (DriftState::Asked, _) => {
            Some(format!("repair it (`heal_drift {id}`), or leave it so (`dismiss_drift {id}`)"))
        }
        (DriftState::Told | DriftState::Dismissed, DriftKind::RouteDark) => {
            Some("start what it leads to, or lead it elsewhere (`update_route`)".to_owned())
        }
        (DriftState::Told | DriftState::Dismissed, _) => {
            Some(format!("repair it (`heal_drift {id}`)"))
        }
        (DriftState::Healing | DriftState::Failed | DriftState::Healed | DriftState::Gone, _) => {
            None
        }
    }
}

/// The team's drifts, newest first.
pub async fn list(
    app: &App,
    actor: &Actor,
    filter: &Filter,
    query: &PageQuery,
) -> Result<Page<Drift>, Error> {
    let mut conn = app.db.acquire().await?;
    if let Some(server) = &filter.server {
        servers::find(&mut conn, actor, server).await?;
    }
    if let Some(destination) = &filter.destination {
        destinations::find(&mut conn, actor, destination).await?;
    }
    let rows = db::drift::list(&mut conn, actor.visible(), filter, query).await?;
    Ok(page::of(rows, query, |drift| (drift.found_at, drift.id.as_str())))
}

/// How many of the team's stand that nobody dismissed, by state.
pub(crate) async fn count_open(
    app: &App,
    actor: &Actor,
) -> Result<Vec<(DriftState, usize)>, Error> {
    let mut conn = app.db.acquire().await?;
    Ok(db::drift::count_open(&mut conn, actor.visible()).await?)
}

/// One of the team's drifts.
pub async fn show(app: &App, actor: &Actor, id: &DriftId) -> Result<Drift, Error> {
    let mut conn = app.db.acquire().await?;
    Ok(find(&mut conn, actor, id).await?.drift)
}

async fn find(conn: &mut AnyConnection, actor: &Actor, id: &DriftId) -> Result<Standing, Error> {
    db::drift::find(conn, actor.visible(), id).await?.ok_or(Error::NotFound("drift"))
}

/// Lets a difference be repaired, whatever its policy. One that is being repaired already answers
/// with that work.
pub async fn heal(app: &App, actor: &Actor, id: &DriftId) -> Result<Operation, Error> {
    let mut tx = app.db.begin().await?;
    let standing = find(&mut tx, actor, id).await?;
    let drift = &standing.drift;
    if let (DriftState::Healing, Some(operation)) = (drift.state, &drift.operation_id) {
        drop(tx);
        return operations::show(app, actor, operation).await;
    }
    check_stands(drift)?;
    let (operation, keepers) = begin(&mut tx, actor, drift).await?;
    let decided = Decided {
        from: drift.state,
        to: DriftState::Healing,
        policy: drift.policy,
        reason: None,
        remedy: None,
        operation: Some(&operation.id),
        decided_under: standing.decided_under,
        by_person: true,
    };
    if !db::drift::decide(&mut tx, id, &decided).await? {
        return Err(changed_meanwhile(drift));
    }
    note(&mut tx, actor, drift, "drift.healing", "is repaired, as asked by").await?;
    tx.commit().await?;
    destinations::swarm::wake(app, &keepers);
    Ok(operation)
}

/// Queues the repair of what the drift is about; answers whose keepers do it.
async fn begin(
    tx: &mut Transaction,
    actor: &Actor,
    drift: &Drift,
) -> Result<(Operation, Vec<ServerId>), Error> {
    let beside = |kind| Task {
        kind,
        subject: drift.subject.clone(),
        name: &drift.subject_name,
        input: None,
    };
    let here = vec![drift.server_id.clone()];
    match drift.kind {
        DriftKind::Missing
        | DriftKind::Recreated
        | DriftKind::OptionsDiffer
        | DriftKind::LabelLost => network(tx, actor, drift).await,
        DriftKind::AttachmentLost => {
            let task = beside(OperationKind::RepairAttachment);
            Ok((operations::ask(tx, actor, task).await?, here))
        }
        DriftKind::UnexpectedMember => {
            let task = beside(OperationKind::DisconnectMembers);
            Ok((operations::ask(tx, actor, task).await?, here))
        }
        DriftKind::ProxyDown => {
            let begun = proxies::begin_repair(tx, actor, &drift.server_id).await?;
            Ok((begun.ok_or_else(|| changed_meanwhile(drift))?, here))
        }
        DriftKind::RouteDark => Err(not_to_be_healed(drift)),
    }
}

/// The repair of a destination's network.
async fn network(
    tx: &mut Transaction,
    actor: &Actor,
    drift: &Drift,
) -> Result<(Operation, Vec<ServerId>), Error> {
    let destination = destination(tx, actor, drift).await?;
    let destination = destination.ok_or_else(|| changed_meanwhile(drift))?;
    let at_rest = matches!(destination.state, DestinationState::Drifted | DestinationState::Failed);
    let operation = if at_rest && stands_otherwise(tx, drift, &destination).await? {
        destinations::make_anew_in_place(tx, actor, &destination).await?
    } else {
        match destination.state {
            DestinationState::Drifted => repair(tx, actor, drift, &destination).await?,
            DestinationState::Failed => destinations::begin_again(tx, actor, &destination).await?,
            DestinationState::Pending
            | DestinationState::Ready
            | DestinationState::Changing
            | DestinationState::Deleting => return Err(changed_meanwhile(drift)),
        }
    };
    let keepers = destinations::swarm::keepers(tx, actor.team_id(), &destination).await?;
    Ok((operation, keepers))
}

/// Whether Docker has the destination's own network, made by other options or labels: Docker can
/// change neither, so it is replaced while its containers stay together.
async fn stands_otherwise(
    conn: &mut AnyConnection,
    drift: &Drift,
    destination: &Destination,
) -> Result<bool, Error> {
    if destination.origin == Origin::Adopted {
        return Ok(false);
    }
    if matches!(drift.kind, DriftKind::OptionsDiffer | DriftKind::LabelLost) {
        return Ok(true);
    }
    let seen = db::sighting::find(conn, &destination.server_id).await?;
    let network = seen.as_ref().and_then(|seen| destinations::ours(destination, &seen.sighting));
    Ok(network
        .is_some_and(|network| reconcile::compare::difference(destination, network).is_some()))
}

/// The destination whose network it is about.
async fn destination(
    conn: &mut AnyConnection,
    actor: &Actor,
    drift: &Drift,
) -> Result<Option<Destination>, Error> {
    match &drift.destination_id {
        Some(id) if drift.kind.is_of_network() => {
            Ok(db::destination::find(conn, actor.visible(), id).await?)
        }
        Some(_) | None => Ok(None),
    }
}

async fn repair(
    tx: &mut Transaction,
    actor: &Actor,
    drift: &Drift,
    destination: &Destination,
) -> Result<Operation, Error> {
    let task = Task {
        kind: OperationKind::RepairDestination,
        subject: Subject::Destination(destination.id.clone()),
        name: destination.name.as_str(),
        input: None,
    };
    let operation = operations::queue(tx, actor.team_id(), task).await?;
    let reason = Some(drift.message.as_str());
    if !db::destination::stay_drifted(tx, destination, reason, Some(&operation.id)).await? {
        return Err(changed_meanwhile(drift));
    }
    Ok(operation)
}

/// Leaves a difference as it is. It is not told again while it stays the same.
pub async fn dismiss(app: &App, actor: &Actor, id: &DriftId) -> Result<Drift, Error> {
    let mut tx = app.db.begin().await?;
    let standing = find(&mut tx, actor, id).await?;
    let drift = &standing.drift;
    check_stands(drift)?;
    if drift.state == DriftState::Healing {
        return Err(Error::refused(
            "drift-is-healing",
            "it is being repaired at this moment",
            "wait for the outcome (`show_drift`)",
        ));
    }
    if drift.state != DriftState::Dismissed {
        let reason = format!("dismissed by {}", actor.user.email);
        let remedy = remedy(drift.kind, id, DriftState::Dismissed);
        let decided = Decided {
            from: drift.state,
            to: DriftState::Dismissed,
            policy: drift.policy,
            reason: Some(&reason),
            remedy: remedy.as_deref(),
            operation: None,
            decided_under: standing.decided_under,
            by_person: false,
        };
        if !db::drift::decide(&mut tx, id, &decided).await? {
            return Err(changed_meanwhile(drift));
        }
        if let Some(destination) = destination(&mut tx, actor, drift).await? {
            // Nobody is asked any more; one that failed says still why.
            let reason = Some(drift.message.as_str());
            db::destination::stay_drifted(&mut tx, &destination, reason, None).await?;
        }
        note(&mut tx, actor, drift, "drift.dismissed", "is left as it is, as told by").await?;
    }
    let keeper = standing.drift.server_id.clone();
    tx.commit().await?;
    // What waits says why: that is another reason now.
    app.wake(&keeper);
    show(app, actor, id).await
}

fn check_stands(drift: &Drift) -> Result<(), Error> {
    if drift.state.stands() {
        return Ok(());
    }
    Err(Error::refused(
        "drift-is-over",
        format!("this drift of `{}` is over: it is {}", drift.subject_name, drift.state),
        "nothing has to be done",
    ))
}

fn not_to_be_healed(drift: &Drift) -> Error {
    Error::refused(
        "drift-is-not-healed",
        format!(
            "{} of `{}` is not Portolan's to repair: {}",
            drift.kind, drift.subject_name, drift.message
        ),
        "mend it where it was made, or dismiss it (`dismiss_drift`)",
    )
}

fn changed_meanwhile(drift: &Drift) -> Error {
    Error::refused(
        "changed-meanwhile",
        format!("`{}` changed at this moment", drift.subject_name),
        "look at it again, then decide",
    )
}

async fn note(
    conn: &mut AnyConnection,
    actor: &Actor,
    drift: &Drift,
    kind: &'static str,
    what: &str,
) -> Result<(), Error> {
    let happened = Happened {
        team: actor.team_id(),
        kind,
        subject: drift.subject.clone(),
        name: &drift.subject_name,
        message: format!(
            "`{}` on server `{}` {what} {}: {}",
            drift.subject_name, drift.server_name, actor.user.email, drift.message
        ),
    };
    let entry = happened.by(actor.author()).on(&drift.server_id);
    Ok(events::record(conn, entry, Timestamp::now()).await?)
}
