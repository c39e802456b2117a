//! Whether somebody answers at a port of a container: one probe on its network, one try.

use std::{net::IpAddr, time::Duration};

use portolan_types::{OperationId, Server};
use tokio_util::sync::CancellationToken;

use super::{
    probes::{Ground, Probes, Stop, Trouble, Whose, foreign_machine},
    sweep,
};
use crate::{
    host::{Host, HostError},
    reconcile::PassError,
};

const DIAL: Duration = Duration::from_secs(1);

/// What a try came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::reconcile) enum Knocked {
    Answered,
    NotYet,
    /// No probe of ours runs on a machine of this kind.
    Untried,
}

/// Tries once, from a network by Docker id. Nothing of it stays on the host.
pub(in crate::reconcile) async fn knock(
    host: &dyn Host,
    server: &Server,
    operation: &OperationId,
    (network, to): (&str, (IpAddr, u16)),
) -> Result<Knocked, HostError> {
    if foreign_machine(server).is_some() {
        return Ok(Knocked::Untried);
    }
    let never = CancellationToken::new();
    let probes = Probes { operation, cancel: &never };
    let ground = Ground { host, server: server.name.as_str(), whose: Whose::Own };
    probes.bring_image(&ground).await.map_err(told)?;
    let probe = probes.start_on(&ground, "ready", network).await.map_err(told)?;
    let dialled = probes.dial_at(&ground, &probe, to, None, DIAL).await;
    host.remove_container(&probe.docker_id).await?;
    match dialled {
        Ok(dialled) if dialled.is_through() => Ok(Knocked::Answered),
        Ok(_) => Ok(Knocked::NotYet),
        Err(trouble) => Err(told(trouble)),
    }
}

/// Removes what tries of a piece of work left where a crash cut them off, on a host other than that of its
/// server: only its own keeper would sweep it there.
pub(in crate::reconcile) async fn clear_tries(
    host: &dyn Host,
    server: &Server,
    operation: &OperationId,
) -> Result<(), HostError> {
    let ground = Ground { host, server: server.name.as_str(), whose: Whose::Own };
    sweep::all_of(&ground, operation).await.map_err(told)
}

/// Nobody cancels a single try, and it has no rows of its own: what went wrong is the host's.
fn told(trouble: Trouble) -> HostError {
    match trouble {
        Trouble::Refused(error)
        | Trouble::Stop(Stop::Pass(PassError::Host(error) | PassError::Swarm(error))) => error,
        Trouble::Stop(Stop::Cancelled | Stop::Pass(PassError::App(_))) => {
            HostError::Lost { why: "the try was broken off".into() }
        }
    }
}
