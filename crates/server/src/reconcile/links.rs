//! The networks of links: made, with the containers of both resources on them, and taken down when a
//! link is over.
//!
//! A new container joins when it is made (`joined`), so that it never runs without; one that runs is
//! connected as it is. The network leads nowhere else, so that a link opens no other way.

use std::collections::BTreeMap;

use ipnet::IpNet;
use portolan_types::{
    ApplicationId, DestinationKind, Failure, LinkState, NetworkOptions, Subject, Timestamp,
};
use sqlx::AnyConnection;

use super::{
    PassError,
    compare::LABEL_MANAGED,
    recorder::failure,
    spare,
    work::{Halt, halt},
};
use crate::{
    App,
    db::{
        self,
        link::{Placed, PlacedEnd},
        server::Assigned,
    },
    events::{self, Happened},
    host::{Endpoint, Host, HostError, HostNetwork, NewNetwork, Place, label},
    sighting::Sighting,
};

/// Brings the links of a server to rest.
pub(super) async fn pass(
    app: &App,
    server: &Assigned,
    host: &dyn Host,
    seen: &Sighting,
) -> Result<(), PassError> {
    let mut conn = app.db.acquire().await?;
    let rows = db::link::list_of_server(&mut conn, &server.server.id).await?;
    drop(conn);
    let mut held: Vec<IpNet> = seen.networks.iter().flat_map(spare::subnets).collect();
    for row in &rows {
        let place = Scene { app, server, host, seen, row };
        match &row.ends {
            Some(ends) => place.keep(ends, &mut held).await?,
            None => place.take_down().await?,
        }
    }
    Ok(())
}

/// Where the containers of an application are to be beside its destination, as far as there are the
/// networks.
pub(super) async fn joined(
    conn: &mut AnyConnection,
    host: &dyn Host,
    (server, application): (&Assigned, &ApplicationId),
) -> Result<Vec<Place>, PassError> {
    let mut places = Vec::new();
    for row in db::link::list_of_server(conn, &server.server.id).await? {
        let ends = row.ends.iter().flatten();
        for end in ends.filter(|end| end.application == *application) {
            let network = db::link::network_of(&row.id).to_string();
            let found = host.find_network(&network).await?;
            if found.is_some_and(|found| is_of(&found, &row)) {
                places.push(Place { network, endpoint: endpoint(end) });
            }
        }
    }
    Ok(places)
}

/// Whether a network is that of a link.
fn is_of(network: &HostNetwork, row: &Placed) -> bool {
    network.labels.get(label::LINK).map(String::as_str) == Some(row.id.as_str())
}

fn endpoint(end: &PlacedEnd) -> Endpoint {
    Endpoint { aliases: end.aliases.clone(), ..Endpoint::default() }
}

/// One look's view of a link.
#[derive(Debug, Clone, Copy)]
struct Scene<'a> {
    app: &'a App,
    server: &'a Assigned,
    host: &'a dyn Host,
    seen: &'a Sighting,
    row: &'a Placed,
}

impl Scene<'_> {
    /// Its network, as it was just seen.
    fn network(&self) -> Option<&HostNetwork> {
        self.seen.networks.iter().find(|network| is_of(network, self.row))
    }

    async fn keep(&self, ends: &[PlacedEnd; 2], held: &mut Vec<IpNet>) -> Result<(), PassError> {
        let missed = match self.connected(ends, held).await {
            Ok(missed) => missed,
            Err(Halt::Refused(failure)) => Some(failure.message),
            Err(Halt::Pass(error)) => return Err(error),
        };
        self.note(ends, missed.as_deref()).await
    }

    /// Writes down how far it is, and tells when that is new.
    async fn note(
        &self,
        [from, to]: &[PlacedEnd; 2],
        missed: Option<&str>,
    ) -> Result<(), PassError> {
        let state = if missed.is_none() { LinkState::Up } else { LinkState::Waiting };
        let mut tx = self.app.db.begin().await?;
        if !db::link::set_state(&mut tx, &self.row.id, (state, missed)).await? {
            return Ok(());
        }
        let (kind, message) = match missed {
            None => ("application.link-up", format!("`{}` reaches `{}`", from.name, to.name)),
            Some(why) => (
                "application.link-waits",
                format!("`{}` does not reach `{}`: {why}", from.name, to.name),
            ),
        };
        let happened = Happened {
            team: &self.server.team_id,
            kind,
            subject: Subject::Application(from.application.clone()),
            name: from.name.as_str(),
            message,
        };
        let entry = happened.by(events::portolan("keep-links"));
        events::record(&mut tx, entry, Timestamp::now()).await?;
        Ok(tx.commit().await?)
    }

    /// Connects what is not; answers what is missed.
    async fn connected(
        &self,
        ends: &[PlacedEnd; 2],
        held: &mut Vec<IpNet>,
    ) -> Result<Option<String>, Halt> {
        let network = match self.network() {
            Some(network) => network.docker_id.clone(),
            None => self.make(held).await?,
        };
        let mut missed = None;
        for end in ends {
            if !self.is_on(end, &network).await? {
                missed = missed.or(Some(format!("`{}` is not deployed", end.name)));
            }
        }
        Ok(missed)
    }

    async fn make(&self, held: &mut Vec<IpNet>) -> Result<String, Halt> {
        let name = db::link::network_of(&self.row.id);
        let found = spare::LINKS.first_clear_of(held);
        let subnet = found.ok_or_else(|| no_room(self.server))?;
        held.push(subnet.into());
        let labels = BTreeMap::from([
            (LABEL_MANAGED.to_owned(), "true".to_owned()),
            (label::LINK.to_owned(), self.row.id.to_string()),
        ]);
        let options =
            NetworkOptions { subnet: Some(subnet), internal: true, ..NetworkOptions::default() };
        let new = NewNetwork { kind: DestinationKind::Standalone, name, options, labels };
        let made = self.host.create_network(&new).await;
        self.answer(made, &format!("create network `{}`", new.name))
    }

    /// Whether the container that serves is on the network, which it is brought to.
    async fn is_on(&self, end: &PlacedEnd, network: &str) -> Result<bool, Halt> {
        let name = db::link::network_of(&self.row.id);
        let found = self.seen.containers.iter().find(|one| {
            Some(&one.member.name) == end.container.as_ref()
                && one.application.as_deref() == Some(end.application.as_str())
        });
        let Some(found) = found else { return Ok(false) };
        if found.attachments.iter().any(|place| place.key == name.as_str()) {
            return Ok(true);
        }
        let connected = self.host.connect(network, &found.member.docker_id, &endpoint(end)).await;
        self.answer(connected, &format!("connect `{}` to `{name}`", end.name))?;
        Ok(true)
    }

    fn answer<T>(&self, answer: Result<T, HostError>, action: &str) -> Result<T, Halt> {
        answer.map_err(|error| halt(self.server.server.name.as_str(), error, action))
    }

    /// Its network goes with whoever is on it still, and then its row. What the host refuses is tried
    /// again at the next look.
    async fn take_down(&self) -> Result<(), PassError> {
        match self.cleared().await {
            Ok(()) => {}
            Err(error) if !error.is_undecided() => {
                tracing::warn!(link = %self.row.id, %error, "could not take a link down");
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        }
        let mut conn = self.app.db.acquire().await?;
        Ok(db::link::delete(&mut conn, &self.row.id).await?)
    }

    async fn cleared(&self) -> Result<(), HostError> {
        let name = db::link::network_of(&self.row.id);
        // Not as it was seen: it may have been made since.
        let Some(network) = self.host.find_network(name.as_str()).await? else { return Ok(()) };
        if !is_of(&network, self.row) {
            return Ok(());
        }
        for member in self.host.list_members(&network.docker_id).await? {
            self.host.disconnect(&network.docker_id, &member.docker_id).await?;
        }
        self.host.remove_network(&network.docker_id).await
    }
}

fn no_room(server: &Assigned) -> Failure {
    let range = spare::LINKS.whole();
    failure(
        "no-link-subnet",
        format!("no subnet in {range} is free on server `{}`", server.server.name),
        "remove networks that use that range",
    )
}
