//! The way from an SSH connection to the Docker socket: tried, not guessed.

use std::sync::Arc;

use portolan_types::Access;

use super::{
    super::{
        HostError,
        engine::{Connector, Engine},
        words::clean,
    },
    session::Session,
};

/// From the cheapest to the one with the most requirements.
const WAYS: [Access; 3] = [Access::StreamForwarding, Access::DialStdio, Access::SudoDialStdio];

/// The first way on which an engine answers a ping. The one that worked last time is first.
pub(super) async fn find(
    session: &Arc<Session>,
    last: Option<Access>,
) -> Result<(Engine, Access), HostError> {
    let mut ways = WAYS;
    ways.sort_by_key(|way| Some(*way) != last);
    let mut tried = Vec::new();
    for access in ways {
        match Engine::connect(Connector::ssh(session, access)).await {
            Ok(engine) => return Ok((engine, access)),
            Err(error) => tried.push((access, why(error))),
        }
        if let Some(lost) = session.lost() {
            return Err(lost);
        }
    }
    Err(HostError::Socket { tried })
}

/// The reason alone: which way it was is said beside it.
fn why(error: HostError) -> String {
    match error {
        HostError::Socket { tried } => {
            tried.into_iter().map(|(_, why)| why).collect::<Vec<_>>().join("; ")
        }
        other => clean(&other.to_string()),
    }
}

pub(super) const fn describe(access: Access) -> &'static str {
    match access {
        Access::LocalSocket => "through the local socket",
        Access::StreamForwarding => "through stream forwarding",
        Access::DialStdio => "through `docker system dial-stdio`",
        Access::SudoDialStdio => "through `sudo -n docker system dial-stdio`",
    }
}
