//! Whether a server can take a destination, and of which kind it is. Each refusal names its cause.

use portolan_types::{DestinationKind, Reachability, Server, ServerKind, ServerState};

use crate::Error;

/// The kind that the server implies. A kind sent by the caller must be the same.
pub(super) fn check(
    server: &Server,
    asked: Option<DestinationKind>,
) -> Result<DestinationKind, Error> {
    check_usable(server)?;
    let kind = derived_kind(server)?;
    if asked.is_some_and(|asked| asked != kind) {
        return Err(Error::field(
            "kind",
            format!("the kind is derived: server `{}` implies `{kind}`", server.name),
        ));
    }
    Ok(kind)
}

/// Refuses a server that nothing can be placed on, by cause.
pub(crate) fn check_usable(server: &Server) -> Result<(), Error> {
    let name = &server.name;
    if server.build_server {
        return Err(Error::refused(
            "server-builds",
            format!("server `{name}` is a build server: destinations cannot be placed on it"),
            "choose another server, or take the mark off (`portolan server edit --build-server false`)",
        ));
    }
    match server.state {
        ServerState::Ready => {}
        ServerState::New => {
            return Err(Error::refused(
                "server-not-validated",
                format!("server `{name}` has not been validated yet"),
                "wait for its validation, or start it (`portolan server validate`)",
            ));
        }
        ServerState::Failed => {
            return Err(Error::refused(
                "server-not-usable",
                format!(
                    "server `{name}` cannot be used: {}",
                    server.reason.as_deref().unwrap_or("its validation failed")
                ),
                "mend that, then validate it again (`portolan server validate`)",
            ));
        }
    }
    if server.reachability != Reachability::Reachable {
        return Err(unreachable(server));
    }
    Ok(())
}

fn unreachable(server: &Server) -> Error {
    let seen = server
        .last_contact_age_seconds
        .map_or_else(|| "never heard of".to_owned(), |age| format!("last heard of {age} s ago"));
    Error::refused(
        "server-unreachable",
        format!("server `{}` cannot be reached ({seen})", server.name),
        "see `portolan server show` for the reason; Portolan reconnects by itself when it is back",
    )
}

fn derived_kind(server: &Server) -> Result<DestinationKind, Error> {
    match server.kind {
        Some(ServerKind::Standalone) => Ok(DestinationKind::Standalone),
        Some(ServerKind::SwarmManager) => Err(Error::refused(
            "swarm-not-offered",
            format!(
                "server `{}` is a swarm manager: this version makes no overlay networks",
                server.name
            ),
            "use a standalone server",
        )),
        Some(ServerKind::SwarmWorker) => Err(Error::refused(
            "server-is-worker",
            format!("server `{}` is a swarm worker: networks are made on a manager", server.name),
            "use a manager of that swarm",
        )),
        None => Err(Error::refused(
            "server-not-validated",
            format!("the role of server `{}` is not known yet", server.name),
            "validate it (`portolan server validate`)",
        )),
    }
}
