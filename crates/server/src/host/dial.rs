//! The dialer for real hosts: chooses between the local socket and SSH, and bounds the whole.

use async_trait::async_trait;
use tokio::time::timeout;

use super::{Dialed, Dialer, HostError, Progress, Route, Target, limits, local, ssh};

/// Dials real hosts.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealDialer;

#[async_trait]
impl Dialer for RealDialer {
    async fn dial(&self, target: &Target, progress: &Progress) -> Result<Dialed, HostError> {
        let dialing = async {
            match &target.route {
                Route::Local { socket } => local::dial(socket, progress).await,
                Route::Ssh(route) => Box::pin(ssh::dial(route, progress)).await,
            }
        };
        timeout(limits::DIAL, dialing).await.unwrap_or_else(|_| {
            let seconds = limits::DIAL.as_secs();
            Err(HostError::Timeout { action: "connect".into(), seconds })
        })
    }
}
