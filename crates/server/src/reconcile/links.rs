//! The networks of links: made, with the containers of both resources on them, and taken down when a
//! link is over.
//!
//! A new container joins when it is made (`joined`), so that it never runs without; one that runs is
//! connected as it is. The network leads nowhere else, so that a link opens no other way.

use portolan_types::{ApplicationId, LinkState, Subject, Timestamp};
use sqlx::AnyConnection;

use super::{
    PassError,
    side::{Around, Held, Side},
    spare,
    work::Halt,
};
use crate::{
    App,
    db::{
        self,
        link::{Placed, PlacedEnd},
        server::Assigned,
    },
    events::{self, Happened},
    host::{Host, Place, label},
};

fn side(row: &Placed) -> Side {
    Side {
        name: db::link::network_of(&row.id),
        label: (label::LINK, row.id.to_string()),
        internal: true,
        range: spare::LINKS,
    }
}

/// Brings the links of a server to rest.
pub(super) async fn pass(app: &App, around: Around<'_>, held: &mut Held) -> Result<(), PassError> {
    let mut conn = app.db.acquire().await?;
    let rows = db::link::list_of_server(&mut conn, &around.server.server.id).await?;
    drop(conn);
    for row in &rows {
        let place = Scene { app, around, row };
        match &row.ends {
            Some(ends) => place.keep(ends, held).await?,
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
            places.extend(side(&row).place(host, end).await?);
        }
    }
    Ok(places)
}

/// One look's view of a link.
#[derive(Debug, Clone, Copy)]
struct Scene<'a> {
    app: &'a App,
    around: Around<'a>,
    row: &'a Placed,
}

impl Scene<'_> {
    async fn keep(&self, ends: &[PlacedEnd; 2], held: &mut Held) -> Result<(), PassError> {
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
            team: &self.around.server.team_id,
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
        held: &mut Held,
    ) -> Result<Option<String>, Halt> {
        let side = side(self.row);
        let network = side.made(self.around, held).await?;
        let mut missed = None;
        for end in ends {
            if !side.is_on(self.around, (end, &network)).await? {
                missed = missed.or(Some(format!("`{}` is not deployed", end.name)));
            }
        }
        Ok(missed)
    }

    /// Its network goes with whoever is on it still, and then its row. What the host refuses is tried
    /// again at the next look.
    async fn take_down(&self) -> Result<(), PassError> {
        match side(self.row).cleared(self.around.host).await {
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
}
