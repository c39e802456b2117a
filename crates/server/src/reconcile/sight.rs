//! Looking at a host: its networks and containers, once a pass, written down when they changed.

use portolan_types::{ServerId, Timestamp};
use tokio::time::Instant;

use super::PassError;
use crate::{App, db, host::Host, sighting::Sighting};

/// What the keeper saw last, so that an unchanged host costs no writing of it.
#[derive(Debug, Default)]
pub(super) struct Sight {
    last: Option<Sighting>,
}

impl Sight {
    /// Looks, writes down and tells those who wait for a look. The order is the same in each
    /// sighting, whatever the engine's.
    pub(super) async fn look(
        &mut self,
        app: &App,
        server: &ServerId,
        host: &dyn Host,
    ) -> Result<&Sighting, PassError> {
        let (began, at) = (Instant::now(), Timestamp::now());
        let mut seen = Sighting {
            networks: host.list_networks().await?,
            containers: host.list_containers().await?,
            routes: Vec::new(),
        };
        seen.networks.sort_by(|a, b| (&a.name, &a.docker_id).cmp(&(&b.name, &b.docker_id)));
        seen.containers.sort_by(|a, b| a.member.docker_id.cmp(&b.member.docker_id));
        let mut conn = app.db.acquire().await?;
        if self.last.as_ref() == Some(&seen) {
            db::sighting::touch(&mut conn, server, at).await?;
        } else {
            db::sighting::put(&mut conn, server, &seen, at).await?;
        }
        drop(conn);
        app.looked(server, began);
        Ok(self.last.insert(seen))
    }
}
