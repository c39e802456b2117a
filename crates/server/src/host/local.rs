//! The engine on this machine, through its Unix socket.

use std::path::Path;

use portolan_types::Access;

use super::{
    DialStep, Dialed, HostError, Progress,
    docker::DockerHost,
    engine::{Connector, Engine},
};

#[cfg(test)]
mod tests;

/// Opens the socket and asks the engine whether it is there.
pub(super) async fn dial(socket: &Path, progress: &Progress) -> Result<Dialed, HostError> {
    progress.began(DialStep::Socket);
    let connector = Connector::local(socket);
    let engine = Engine::connect(connector).await.map_err(as_socket_error)?;
    progress.done(DialStep::Socket, format!("through {}", socket.display()));
    Ok(Dialed { host: DockerHost::shared(engine), key: None, access: Access::LocalSocket })
}

/// This machine is where Portolan runs: there is nobody to log in to.
pub(super) fn no_shell() -> HostError {
    HostError::NoShell { why: "the engine is on the machine that Portolan runs on".into() }
}

/// Whatever goes wrong while dialling is a reason why the socket could not be reached.
fn as_socket_error(error: HostError) -> HostError {
    match error {
        HostError::Socket { .. } | HostError::Protocol { .. } => error,
        other => HostError::Socket { tried: vec![(Access::LocalSocket, other.to_string())] },
    }
}
