//! "Can A reach B, and why not?", answered at once from what was last seen of the hosts.
//!
//! Owns how ends are found by the names that people give, and that a proof is queued. The judgement
//! is in `judge`; a proof is made by the keeper of the server that the one end is on
//! (`reconcile::verify`).

use std::num::NonZeroU16;

use futures_util::future::join_all;
use portolan_types::{
    AskReach, Destination, Operation, OperationKind, ProveReach, Reach, ReachEnd, ReachName,
    ReachPath, ReachPlace, Right, Server, Subject, container::ContainerName,
};
use serde::{Deserialize, Serialize};

use crate::{
    Actor, App, Error, db,
    destinations::{check_usable, ours, swarm::is_able},
    host::{Attachment, HostContainer, HostNetwork},
    operations::{self, Task},
    servers,
    sighting::{self, Seen},
};

mod judge;

/// How many ends a refusal names when a name means several.
const NAMED: usize = 5;
/// How many hosts are looked at again for a name that was not seen.
const LOOKED_AT: usize = 32;
/// Docker's own short form of an id.
const SHORT_ID: usize = 12;

/// One end as it was found.
#[derive(Debug, Clone)]
struct End {
    server: Server,
    seen: Seen,
    what: What,
}

/// What an end is.
#[derive(Debug, Clone)]
enum What {
    Container(Box<HostContainer>),
    /// Any container on it.
    Destination(Box<Destination>),
}

/// A place that a name may mean, before its host was looked at again.
#[derive(Debug, Clone)]
enum Candidate {
    Container { server: Box<Server>, docker_id: String, name: String },
    Destination(Box<Destination>),
}

/// Answers the question.
pub async fn ask(app: &App, actor: &Actor, input: &AskReach) -> Result<Reach, Error> {
    let world = World::read(app, actor).await?;
    let from = world.find(app, "from", &input.from).await?;
    let to = world.find(app, "to", &input.to).await?;
    let routes = routes(app, actor, &to).await?;
    let judged = judge::judge(&from, &to, routes);
    Ok(Reach {
        verdict: judged.verdict,
        from: from.shown(&world.destinations),
        to: to.shown(&world.destinations),
        paths: judged.paths,
        obstacles: judged.obstacles,
    })
}

/// What a proof is asked with: the answer from what was seen, and what is to be tried.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Asked {
    pub(crate) answer: Reach,
    /// The other end's lowest open one without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) port: Option<NonZeroU16>,
}

/// Answers the question and queues its proof, on the server that the one end is on.
pub async fn prove(app: &App, actor: &Actor, input: ProveReach) -> Result<Operation, Error> {
    let ProveReach { from, to, port } = input;
    let answer = ask(app, actor, &AskReach { from, to }).await?;
    let mut tx = app.db.begin().await?;
    let server = servers::find(&mut tx, actor, &answer.from.server_id).await?;
    actor.require_on(Right::Operate, &server.id)?;
    check_usable(&server)?;
    let task = Task {
        kind: OperationKind::ProveReach,
        subject: Subject::Server(server.id.clone()),
        name: server.name.as_str(),
        input: Some(operations::input(&Asked { answer, port })?),
    };
    let operation = operations::ask(&mut tx, actor, task).await?;
    tx.commit().await?;
    app.wake(&server.id);
    Ok(operation)
}

/// What the team has.
struct World {
    servers: Vec<Server>,
    destinations: Vec<Destination>,
}

impl World {
    async fn read(app: &App, actor: &Actor) -> Result<Self, Error> {
        let mut conn = app.db.acquire().await?;
        let servers = db::server::list_all(&mut conn, actor.visible()).await?;
        let destinations = db::destination::list_planned(&mut conn, actor.visible(), None).await?;
        Ok(Self { servers, destinations })
    }

    async fn find(&self, app: &App, field: &'static str, name: &ReachName) -> Result<End, Error> {
        let text = name.as_str();
        let mut candidates = self.candidates(app, text).await?;
        if candidates.is_empty() {
            // It may have been started since the hosts were looked at.
            let answering = self.servers.iter().filter(|one| is_able(one)).take(LOOKED_AT);
            for looked in join_all(answering.map(|server| sighting::fresh(app, server))).await {
                looked?;
            }
            candidates = self.candidates(app, text).await?;
        }
        let found = candidates.pop().ok_or_else(|| {
            let why =
                format!("neither a container that was seen nor a destination is called `{text}`");
            Error::field(field, why)
        })?;
        if !candidates.is_empty() {
            candidates.push(found);
            return Err(Error::field(field, ambiguous(text, &candidates)));
        }
        self.look(app, field, found).await
    }

    /// Everything that a name may mean. With a server before it only what is there.
    async fn candidates(&self, app: &App, text: &str) -> Result<Vec<Candidate>, Error> {
        let qualified = text.rsplit_once(':').and_then(|(server, container)| {
            let is = |one: &&Server| one.name.as_str() == server || one.id.as_str() == server;
            self.servers.iter().find(is).map(|server| (server, container))
        });
        if let Some((server, container)) = qualified {
            return containers(app, server, container).await;
        }
        let is = |one: &&Destination| {
            [one.id.as_str(), one.name.as_str(), one.network.as_str()].contains(&text)
        };
        let destinations = self.destinations.iter().filter(is);
        let mut found: Vec<Candidate> =
            destinations.map(|one| Candidate::Destination(Box::new(one.clone()))).collect();
        for server in &self.servers {
            found.extend(containers(app, server, text).await?);
        }
        Ok(found)
    }

    /// Looks at the host again, and finds the end there.
    async fn look(
        &self,
        app: &App,
        field: &'static str,
        candidate: Candidate,
    ) -> Result<End, Error> {
        let gone = || Error::field(field, "it has just gone");
        let server = match &candidate {
            Candidate::Container { server, .. } => Some(server.as_ref()),
            Candidate::Destination(one) => self.servers.iter().find(|it| it.id == one.server_id),
        };
        let server = server.cloned().ok_or_else(gone)?;
        let seen = sighting::fresh(app, &server).await?.ok_or_else(|| {
            Error::field(field, format!("server `{}` was never looked at", server.name))
        })?;
        let what = match candidate {
            Candidate::Destination(destination) => What::Destination(destination),
            Candidate::Container { docker_id, .. } => {
                let mut all = seen.sighting.containers.iter();
                let found = all.find(|one| one.member.docker_id == docker_id);
                What::Container(Box::new(found.cloned().ok_or_else(gone)?))
            }
        };
        Ok(End { server, seen, what })
    }
}

async fn containers(app: &App, server: &Server, name: &str) -> Result<Vec<Candidate>, Error> {
    let mut conn = app.db.acquire().await?;
    let Some(seen) = db::sighting::find(&mut conn, &server.id).await? else {
        return Ok(Vec::new());
    };
    let is = |one: &&HostContainer| {
        let id = &one.member.docker_id;
        one.member.name == name || (name.len() >= SHORT_ID && id.starts_with(name))
    };
    let found = seen.sighting.containers.iter().filter(is);
    Ok(found
        .map(|one| Candidate::Container {
            server: Box::new(server.clone()),
            docker_id: one.member.docker_id.clone(),
            name: one.member.name.clone(),
        })
        .collect())
}

fn ambiguous(text: &str, candidates: &[Candidate]) -> String {
    let names = candidates.iter().take(NAMED).map(|candidate| match candidate {
        Candidate::Container { server, name, .. } => format!("container `{}:{name}`", server.name),
        Candidate::Destination(one) => format!("destination `{}` ({})", one.name, one.id),
    });
    let names: Vec<String> = names.collect();
    format!("`{text}` means several: {}; name one of them", names.join(", "))
}

/// The ways to an end that lead through a proxy.
async fn routes(app: &App, actor: &Actor, to: &End) -> Result<Vec<ReachPath>, Error> {
    let What::Container(container) = &to.what else { return Ok(Vec::new()) };
    let Ok(target) = container.member.name.parse::<ContainerName>() else { return Ok(Vec::new()) };
    let mut conn = app.db.acquire().await?;
    let routes = db::route::list_to(&mut conn, actor.team_id(), &to.server.id, &target).await?;
    Ok(routes.into_iter().map(|route| judge::by_route(&route)).collect())
}

impl End {
    fn name(&self) -> &str {
        match &self.what {
            What::Container(container) => &container.member.name,
            What::Destination(destination) => destination.name.as_str(),
        }
    }

    /// The networks that it is on, each with its place on it; a destination has no place of its own.
    fn places(&self) -> Vec<(&HostNetwork, Option<&Attachment>)> {
        let sighting = &self.seen.sighting;
        match &self.what {
            What::Container(container) => {
                let on = |place| {
                    let of = |network: &&HostNetwork| {
                        Attachment::is_of(place, &network.docker_id, &network.name)
                    };
                    sighting.networks.iter().find(of).map(|network| (network, Some(place)))
                };
                container.attachments.iter().filter_map(on).collect()
            }
            What::Destination(destination) => {
                ours(destination, sighting).map(|network| (network, None)).into_iter().collect()
            }
        }
    }

    fn shown(&self, destinations: &[Destination]) -> ReachEnd {
        let container = match &self.what {
            What::Container(container) => Some(container),
            What::Destination(_) => None,
        };
        let of = |network: &HostNetwork| {
            let is = |one: &&Destination| {
                let observed = one.observed.as_ref();
                observed.is_some_and(|observed| observed.docker_id == network.docker_id)
            };
            destinations.iter().find(is).map(|one| one.id.clone())
        };
        let place = |(network, place): (&HostNetwork, Option<&Attachment>)| ReachPlace {
            network: network.name.clone(),
            address: place.and_then(|place| place.address.clone()),
            destination_id: of(network),
        };
        ReachEnd {
            name: self.name().to_owned(),
            server_id: self.server.id.clone(),
            server_name: self.server.name.to_string(),
            container_id: container.map(|one| one.member.docker_id.clone()),
            destination_id: match &self.what {
                What::Container(_) => None,
                What::Destination(destination) => Some(destination.id.clone()),
            },
            state: container.map(|one| one.member.state.clone()),
            places: self.places().into_iter().map(place).collect(),
            as_of: self.seen.at,
        }
    }
}
