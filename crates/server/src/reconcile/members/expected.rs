//! Who may be on a destination: by what people asked Portolan for, and by what Portolan runs.

use std::collections::BTreeSet;

use portolan_types::{ContainerName, Destination, DestinationId, Server, Subject};
use sqlx::AnyConnection;

use crate::{
    Error, db,
    destinations::containers::Wish,
    host::{HostContainer, HostNetwork},
    reconcile::proxy::routes_of,
    sighting::Sighting,
};

/// Containers by destination.
#[derive(Debug)]
pub(super) struct Expected {
    /// The server's id: its own proxy belongs everywhere, or is dealt with as an attachment.
    server: String,
    /// By name or by Docker's id, as people named them.
    placed: BTreeSet<(DestinationId, String)>,
    /// By name or alias.
    targets: BTreeSet<(DestinationId, String)>,
    /// By the application's id.
    applications: BTreeSet<(DestinationId, String)>,
}

impl Expected {
    pub(super) async fn on(conn: &mut AnyConnection, server: &Server) -> Result<Self, Error> {
        let routes = routes_of(conn, server).await?.into_iter();
        let target = |row: db::route::Assigned| {
            (row.route.destination_id, row.route.target.as_str().to_owned())
        };
        Ok(Self {
            server: server.id.to_string(),
            placed: placed(conn, server).await?,
            targets: routes.map(target).collect(),
            applications: db::application::list_places(conn, &server.id)
                .await?
                .into_iter()
                .collect(),
        })
    }

    /// Those on the network that nobody expects there.
    pub(super) fn strangers<'a>(
        &self,
        destination: &Destination,
        network: &HostNetwork,
        seen: &'a Sighting,
    ) -> Vec<&'a HostContainer> {
        let mut strangers: Vec<&HostContainer> = seen.members(network);
        strangers.retain(|one| !self.knows(&destination.id, network, one));
        strangers
    }

    fn knows(&self, id: &DestinationId, network: &HostNetwork, one: &HostContainer) -> bool {
        let has = |all: &BTreeSet<(DestinationId, String)>, name: &str| {
            all.contains(&(id.clone(), name.to_owned()))
        };
        let place = one.attachment(&network.docker_id, &network.name);
        let aliases = place.map(|place| place.aliases.as_slice()).unwrap_or_default();
        let (name, docker_id) = (&one.member.name, &one.member.docker_id);
        one.proxy_of.as_ref() == Some(&self.server)
            || one.probe.is_some()
            || one.service_id.is_some()
            || one.application.as_ref().is_some_and(|of| has(&self.applications, of))
            || has(&self.placed, name)
            || has(&self.placed, docker_id)
            || has(&self.targets, name)
            || aliases.iter().any(|alias| has(&self.targets, alias))
    }
}

/// What was asked for last of each container counts.
async fn placed(
    conn: &mut AnyConnection,
    server: &Server,
) -> Result<BTreeSet<(DestinationId, String)>, Error> {
    let mut placed = BTreeSet::new();
    for done in db::operation::list_placings(conn, &server.id).await? {
        let wish = done.input.as_deref().and_then(|text| serde_json::from_str::<Wish>(text).ok());
        let (Subject::Destination(on), Some(wish)) = (done.subject, wish) else { continue };
        let named = |container: &ContainerName| container.as_str().to_owned();
        match wish {
            Wish::Connect(input) => {
                placed.insert((on, named(&input.container)));
            }
            Wish::Disconnect { container } => {
                placed.remove(&(on, named(&container)));
            }
            Wish::Move { container, to } => {
                placed.remove(&(on, named(&container)));
                placed.insert((to, named(&container)));
            }
        }
    }
    Ok(placed)
}
