//! What is done about differences, as people say it for the team, a server or a destination; and
//! which policy applies. Nothing here acts on a difference: that is in `reconcile/drift`.

use portolan_types::{
    DestinationId, DriftKind, DriftPolicies, DriftPolicy, EffectiveDriftPolicy, ServerId, Subject,
    TeamId, Timestamp, UpdateDriftRules,
};
use sqlx::AnyConnection;

use crate::{
    Actor, App, Error,
    db::{
        self,
        drift_rules::{Place, Scoped},
    },
    destinations,
    events::{self, Happened},
    servers,
};

/// What the rules are said for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    Team,
    Server(ServerId),
    Destination(DestinationId),
}

/// The scope as the caller sees it, with its name and whose keepers have to know of a change.
#[derive(Debug)]
struct Found {
    server: Option<ServerId>,
    destination: Option<DestinationId>,
    subject: Subject,
    name: String,
    keepers: Vec<ServerId>,
}

impl Found {
    fn place(&self) -> Place<'_> {
        match (&self.server, &self.destination) {
            (None, _) => Place::Team,
            (Some(server), None) => Place::Server(server),
            (Some(server), Some(destination)) => Place::Destination(server, destination),
        }
    }
}

/// What is said there, and what holds.
pub async fn show(app: &App, actor: &Actor, scope: &Scope) -> Result<DriftPolicies, Error> {
    let mut conn = app.db.acquire().await?;
    let found = find(&mut conn, actor, scope).await?;
    answer(&mut conn, actor, &found).await
}

/// Changes what is said there. What waits for a person there is decided anew.
pub async fn update(
    app: &App,
    actor: &Actor,
    scope: &Scope,
    change: &UpdateDriftRules,
) -> Result<DriftPolicies, Error> {
    change.check().map_err(|(field, invalid)| Error::field(field, invalid.to_string()))?;
    let team = actor.team_id();
    let mut tx = app.db.begin().await?;
    // Two changes at once: the second is made to what the first left.
    db::team::lock(&mut tx, team).await?;
    let found = find(&mut tx, actor, scope).await?;
    let place = found.place();
    let rules = db::drift_rules::list(&mut tx, team, place).await?;
    let own = rules.into_iter().find(|one| one.scope == place.scope());
    let before = own.map(|one| one.rules).unwrap_or_default();
    let after = before.clone().with(change);
    let now = Timestamp::now();
    db::drift_rules::put(&mut tx, team, place, &after, now).await?;
    let entry = happened(actor, &found).change(&before, &after).by(actor.author());
    events::record(&mut tx, entry, now).await?;
    let answer = answer(&mut tx, actor, &found).await?;
    tx.commit().await?;
    destinations::swarm::wake(app, &found.keepers);
    Ok(answer)
}

async fn find(conn: &mut AnyConnection, actor: &Actor, scope: &Scope) -> Result<Found, Error> {
    let team = actor.team_id();
    match scope {
        Scope::Team => Ok(Found {
            server: None,
            destination: None,
            subject: Subject::Team(team.clone()),
            name: actor.team.name.to_string(),
            keepers: db::server::list_ids_of_team(conn, team).await?,
        }),
        Scope::Server(id) => {
            let server = servers::find(conn, actor, id).await?;
            Ok(Found {
                subject: Subject::Server(server.id.clone()),
                keepers: vec![server.id.clone()],
                server: Some(server.id),
                destination: None,
                name: server.name.to_string(),
            })
        }
        Scope::Destination(id) => {
            let destination = destinations::find(conn, actor, id).await?;
            Ok(Found {
                keepers: destinations::swarm::keepers(conn, team, &destination).await?,
                subject: Subject::Destination(destination.id.clone()),
                server: Some(destination.server_id),
                destination: Some(destination.id),
                name: destination.name.to_string(),
            })
        }
    }
}

fn happened<'a>(actor: &'a Actor, found: &'a Found) -> Happened<'a> {
    let (name, by) = (found.name.as_str(), &actor.user.email);
    Happened {
        team: actor.team_id(),
        kind: "drift-policy.changed",
        subject: found.subject.clone(),
        name,
        message: format!("what is done about differences of `{name}` was changed by {by}"),
    }
}

async fn answer(
    conn: &mut AnyConnection,
    actor: &Actor,
    found: &Found,
) -> Result<DriftPolicies, Error> {
    let place = found.place();
    let rules = Rules::in_place(conn, actor.team_id(), place).await?;
    let own = rules.0.iter().find(|one| one.scope == place.scope());
    Ok(DriftPolicies {
        scope: place.scope(),
        rules: own.map(|one| one.rules.clone()).unwrap_or_default(),
        effective: DriftKind::ALL.iter().map(|kind| rules.effective(*kind)).collect(),
    })
}

/// The rules that hold somewhere, from the narrowest to the widest.
#[derive(Debug)]
pub(crate) struct Rules(Vec<Scoped>);

impl Rules {
    /// Those of a destination, or of a server.
    pub(crate) async fn of(
        conn: &mut AnyConnection,
        team: &TeamId,
        server: &ServerId,
        destination: Option<&DestinationId>,
    ) -> Result<Self, sqlx::Error> {
        let place = match destination {
            Some(destination) => Place::Destination(server, destination),
            None => Place::Server(server),
        };
        Self::in_place(conn, team, place).await
    }

    async fn in_place(
        conn: &mut AnyConnection,
        team: &TeamId,
        place: Place<'_>,
    ) -> Result<Self, sqlx::Error> {
        Ok(Self(db::drift_rules::list(conn, team, place).await?))
    }

    /// Changes with every change of one of them.
    pub(crate) fn revision(&self) -> i64 {
        self.0.iter().map(|one| one.revision).sum()
    }

    pub(crate) fn effective(&self, kind: DriftKind) -> EffectiveDriftPolicy {
        EffectiveDriftPolicy::of(kind, self.0.iter().map(|one| (one.scope, &one.rules)))
    }
}

/// What is said of one kind anywhere in a team: read once for many destinations.
#[derive(Debug)]
pub(crate) struct Naming {
    kind: DriftKind,
    rules: Vec<Scoped>,
}

impl Naming {
    pub(crate) async fn read(
        conn: &mut AnyConnection,
        team: &TeamId,
        kind: DriftKind,
    ) -> Result<Self, sqlx::Error> {
        Ok(Self { kind, rules: db::drift_rules::list_naming(conn, team, kind).await? })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// What holds on a destination of the team.
    pub(crate) fn policy(
        &self,
        team: &TeamId,
        server: &ServerId,
        destination: &DestinationId,
    ) -> DriftPolicy {
        let places = [team.as_str(), server.as_str(), destination.as_str()];
        let here = self.rules.iter().filter(|one| places.contains(&one.scope_id.as_str()));
        EffectiveDriftPolicy::of(self.kind, here.map(|one| (one.scope, &one.rules))).policy
    }
}
