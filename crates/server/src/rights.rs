//! Rights of members on servers and in projects: which they have, what they see by them, and where a
//! thing is. Decides nothing: that is the policy's (`policy`).

use std::collections::BTreeMap;

use portolan_types::{
    ApplicationId, BackupId, DatabaseId, DestinationId, DriftId, EnvironmentId, GrantedOn, JobId,
    ProjectId, Right, RouteId, ServerId, StackId, TeamId, UserId,
};
use sqlx::AnyConnection;

use crate::{Actor, Error, db};

/// What of a team is visible: all of it, or what one of its members was granted. Whatever reads things
/// of a team takes it in the place of the team, so that no list can forget to ask (`db`'s `visible!`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Visible<'a> {
    team: &'a TeamId,
    by: Option<&'a UserId>,
}

impl<'a> Visible<'a> {
    /// All of it: for what works on its own, and asks for nobody.
    pub const fn whole(team: &'a TeamId) -> Self {
        Self { team, by: None }
    }

    /// What a member has a right on, with what is on that.
    pub(crate) const fn granted(team: &'a TeamId, member: &'a UserId) -> Self {
        Self { team, by: Some(member) }
    }

    pub const fn team(self) -> &'a TeamId {
        self.team
    }

    pub const fn is_whole(self) -> bool {
        self.by.is_none()
    }

    /// As SQL takes it: whose grants say what is visible, or nothing where all is.
    pub(crate) fn by(self) -> &'a str {
        self.by.map_or("", UserId::as_str)
    }
}

/// What a member was granted, by what it is on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grants(BTreeMap<GrantedOn, Right>);

impl Grants {
    /// Whether there is a right on a server or in a project.
    pub fn has(&self, place: &GrantedOn) -> bool {
        self.0.contains_key(place)
    }

    /// The right on a server or in a project; who may see it at all is not asked here.
    pub fn on(&self, place: &GrantedOn) -> Right {
        self.0.get(place).copied().unwrap_or(Right::View)
    }

    /// The highest right that there is anywhere.
    pub fn highest(&self) -> Right {
        self.0.values().copied().max().unwrap_or(Right::View)
    }
}

impl FromIterator<(GrantedOn, Right)> for Grants {
    fn from_iter<I: IntoIterator<Item = (GrantedOn, Right)>>(grants: I) -> Self {
        Self(grants.into_iter().collect())
    }
}

/// Something that is on a server or in a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Thing {
    Server(ServerId),
    Destination(DestinationId),
    Route(RouteId),
    Drift(DriftId),
    Project(ProjectId),
    Environment(EnvironmentId),
    Application(ApplicationId),
    Database(DatabaseId),
    Backup(BackupId),
    Job(JobId),
    Stack(StackId),
}

impl Thing {
    pub(crate) const fn word(&self) -> &'static str {
        match self {
            Self::Server(_) => "server",
            Self::Destination(_) => "destination",
            Self::Route(_) => "route",
            Self::Drift(_) => "drift",
            Self::Project(_) => "project",
            Self::Environment(_) => "environment",
            Self::Application(_) => "application",
            Self::Database(_) => "database",
            Self::Backup(_) => "backup",
            Self::Job(_) => "job",
            Self::Stack(_) => "stack",
        }
    }
}

impl From<&GrantedOn> for Thing {
    fn from(place: &GrantedOn) -> Self {
        match place.clone() {
            GrantedOn::Server(id) => Self::Server(id),
            GrantedOn::Project(id) => Self::Project(id),
        }
    }
}

/// What the actor was granted.
pub(crate) async fn read(conn: &mut AnyConnection, actor: &Actor) -> Result<Grants, Error> {
    let grants = db::grant::list_of(conn, actor.visible(), &actor.user.id).await?;
    Ok(grants.into_iter().map(|grant| (grant.on, grant.right)).collect())
}

/// The server or project that a thing of the actor's team belongs to. What another team has does
/// not exist.
pub(crate) async fn locate(
    conn: &mut AnyConnection,
    actor: &Actor,
    thing: &Thing,
) -> Result<GrantedOn, Error> {
    let found = db::grant::locate(conn, actor.team_id(), thing).await?;
    found.ok_or(Error::NotFound(thing.word()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_grant_a_member_sees() {
        let (server, project) = (ServerId::generate(), ProjectId::generate());
        let grants: Grants = [((&server).into(), Right::Operate), ((&project).into(), Right::Use)]
            .into_iter()
            .collect();
        assert_eq!(grants.on(&(&server).into()), Right::Operate);
        assert_eq!(grants.on(&(&project).into()), Right::Use);
        assert_eq!(grants.on(&GrantedOn::Server(ServerId::generate())), Right::View);
        assert_eq!(grants.highest(), Right::Operate);
        assert_eq!(Grants::default().highest(), Right::View);
    }

    #[test]
    fn a_right_on_a_server_is_none_in_the_project_of_its_id() {
        let id = portolan_types::id::cuid2();
        let server = GrantedOn::Server(id.parse().expect("an id"));
        let grants: Grants = [(server, Right::Manage)].into_iter().collect();
        assert_eq!(grants.on(&GrantedOn::Project(id.parse().expect("an id"))), Right::View);
    }
}
