//! The dialer for real hosts: chooses between the local socket and SSH, and bounds the whole.

use std::{path::PathBuf, sync::Arc};

use async_trait::async_trait;
use ipnet::IpNet;
use portolan_types::{TerminalSize, server::DEFAULT_SOCKET};
use tokio::time::timeout;

use super::{
    Dialed, Dialer, HostError, Progress, Route, Shell, Target, limits, local,
    ssh::{self, Flow},
};

/// What the operator says of where servers may be. People of teams name servers, and the control
/// plane stands where much can be reached that they cannot reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reachable {
    /// Networks besides those where hosts usually are: of this machine's own, say.
    pub networks: Vec<IpNet>,
    /// Sockets of engines on this machine. Whoever may add servers is root through each of them.
    pub sockets: Vec<PathBuf>,
}

impl Default for Reachable {
    fn default() -> Self {
        Self { networks: Vec::new(), sockets: vec![DEFAULT_SOCKET.into()] }
    }
}

/// Dials real hosts.
#[derive(Debug, Clone, Default)]
pub struct RealDialer {
    reachable: Arc<Reachable>,
}

impl RealDialer {
    /// Dials what the operator lets it.
    pub fn new(reachable: Reachable) -> Self {
        Self { reachable: Arc::new(reachable) }
    }
}

#[async_trait]
impl Dialer for RealDialer {
    async fn dial(&self, target: &Target, progress: &Progress) -> Result<Dialed, HostError> {
        self.dial_with(target, progress, Flow::Engine).await
    }

    async fn dial_apart(&self, target: &Target) -> Result<Dialed, HostError> {
        self.dial_with(target, &Progress::silent(), Flow::Shell).await
    }

    async fn open_shell(&self, target: &Target, size: TerminalSize) -> Result<Shell, HostError> {
        let route = match &target.route {
            Route::Ssh(route) => route,
            Route::Local { .. } => return Err(local::no_shell()),
        };
        let opening = Box::pin(ssh::open_shell(route, &self.reachable.networks, size));
        timeout(limits::DIAL, opening).await.unwrap_or_else(|_| Err(too_late()))
    }
}

impl RealDialer {
    async fn dial_with(
        &self,
        target: &Target,
        progress: &Progress,
        flow: Flow,
    ) -> Result<Dialed, HostError> {
        let Reachable { networks, sockets } = self.reachable.as_ref();
        let dialing = async {
            match &target.route {
                Route::Local { socket } if sockets.contains(socket) => {
                    local::dial(socket, progress).await
                }
                Route::Local { socket } => Err(HostError::NotAllowed {
                    what: format!("the socket {}", socket.display()),
                    flag: "--local-sockets",
                }),
                Route::Ssh(route) => Box::pin(ssh::dial(route, networks, progress, flow)).await,
            }
        };
        timeout(limits::DIAL, dialing).await.unwrap_or_else(|_| Err(too_late()))
    }
}

/// A connection was not made in time.
pub(super) fn too_late() -> HostError {
    HostError::Timeout { action: "connect".into(), seconds: limits::DIAL.as_secs() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_socket_that_the_operator_did_not_name_is_not_opened() {
        let target = |socket: &str| Target {
            server: "alpha".into(),
            route: Route::Local { socket: socket.into() },
        };
        let dial = |socket: &'static str| async move {
            RealDialer::default().dial(&target(socket), &Progress::silent()).await.map(drop)
        };
        for socket in ["/run/other.sock", "/var/run/../run/docker.sock", "/var/run/docker.sock/x"] {
            let error = dial(socket).await.expect_err("not named");
            assert!(matches!(error, HostError::NotAllowed { .. }), "{error}");
            assert!(error.remedy().contains("--local-sockets"), "{}", error.remedy());
        }
    }
}
