//! How the host of a server is reached, from its row and the key that it names.

use portolan_types::{Connection, Server};

use crate::{
    App, Error,
    host::{Pin, Route, SshRoute, Target},
    keys,
};

/// Everything needed to dial it, its private key included.
pub(super) async fn of(app: &App, server: &Server) -> Result<Target, Error> {
    let route = match &server.connection {
        Connection::Local { socket } => Route::Local { socket: socket.into() },
        Connection::Ssh { host, port, user, key_id } => Route::Ssh(SshRoute {
            host: host.clone(),
            port: port.get(),
            user: user.clone(),
            private_key: keys::open(app, key_id).await?,
            pin: pin(server),
            access: server.access,
        }),
    };
    Ok(Target { server: server.name.to_string(), route })
}

fn pin(server: &Server) -> Pin {
    match &server.host_key {
        None => Pin::FirstContact,
        Some(key) => match &key.public_key {
            Some(public_key) => Pin::Key(public_key.clone()),
            None => Pin::Fingerprint(key.fingerprint.clone()),
        },
    }
}
