//! Rights of members on servers: which they have, and on which server a thing is. Decides nothing:
//! that is the policy's (`policy`).

use std::collections::BTreeMap;

use portolan_types::{DestinationId, DriftId, Right, RouteId, ServerId};
use sqlx::AnyConnection;

use crate::{Actor, Error, db};

/// What a member was granted, by server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grants(BTreeMap<ServerId, Right>);

impl Grants {
    /// The right on a server; everyone in the team sees it.
    pub fn on(&self, server: &ServerId) -> Right {
        self.0.get(server).copied().unwrap_or(Right::View)
    }

    /// The highest right that there is on any server.
    pub fn highest(&self) -> Right {
        self.0.values().copied().max().unwrap_or(Right::View)
    }
}

impl FromIterator<(ServerId, Right)> for Grants {
    fn from_iter<I: IntoIterator<Item = (ServerId, Right)>>(grants: I) -> Self {
        Self(grants.into_iter().collect())
    }
}

/// Something that is on a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Thing {
    Server(ServerId),
    Destination(DestinationId),
    Route(RouteId),
    Drift(DriftId),
}

impl Thing {
    const fn word(&self) -> &'static str {
        match self {
            Self::Server(_) => "server",
            Self::Destination(_) => "destination",
            Self::Route(_) => "route",
            Self::Drift(_) => "drift",
        }
    }
}

/// What the actor was granted.
pub(crate) async fn read(conn: &mut AnyConnection, actor: &Actor) -> Result<Grants, Error> {
    let grants = db::grant::list_of(conn, actor.team_id(), &actor.user.id).await?;
    Ok(grants.into_iter().map(|grant| (grant.server_id, grant.right)).collect())
}

/// The server on which a thing of the actor's team is. What another team has does not exist.
pub(crate) async fn locate(
    conn: &mut AnyConnection,
    actor: &Actor,
    thing: &Thing,
) -> Result<ServerId, Error> {
    let found = db::grant::find_server(conn, actor.team_id(), thing).await?;
    found.ok_or(Error::NotFound(thing.word()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_grant_a_member_sees() {
        let (granted, other) = (ServerId::generate(), ServerId::generate());
        let grants: Grants = [(granted.clone(), Right::Operate)].into_iter().collect();
        assert_eq!(grants.on(&granted), Right::Operate);
        assert_eq!(grants.on(&other), Right::View);
        assert_eq!(grants.highest(), Right::Operate);
        assert_eq!(Grants::default().highest(), Right::View);
    }
}
