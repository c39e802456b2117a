//! Sessions: what they may, how they are listed, and how they end.

use anyhow::{Context, Result, bail, ensure};
use portolan_types::{
    Author, Credential, EndedSessions, Page, Role, Session, SessionId, SignIn, Timestamp,
};
use serde_json::{Value, json};

use crate::{
    events::Reader,
    security::{Team, person},
    support::{Client, TestApp, story},
};

/// A session of whoever this is, as signing in leaves it.
pub(crate) async fn begin(app: &TestApp, of: &Client) -> Result<(Client, SessionId)> {
    let session: Session = of.get("/v1/session").await?.ok()?;
    let (id, secret) = (SessionId::generate(), format!("portolan_s_{}", SessionId::generate()));
    let pool = app.pool().await?;
    sqlx::query(
        "insert into sessions
             (id, team_id, user_id, secret_hash, method, user_agent, created_at, last_used_at,
              expires_at)
         values ($1, $2, $3, $4, 'password', 'a browser', $5, $5, $6)",
    )
    .bind(id.as_str())
    .bind(session.team.id.as_str())
    .bind(session.user.id.as_str())
    .bind(portolan_server::vault::hash(&secret))
    .bind(Timestamp::now().as_millis())
    .bind(Timestamp::now().plus_seconds(3_600).as_millis())
    .execute(&pool)
    .await?;
    pool.close().await;
    Ok((of.with_token(&secret), id))
}

async fn listed(client: &Client) -> Result<Vec<SignIn>> {
    Ok(client.get("/v1/sessions").await?.ok::<Page<SignIn>>()?.items)
}

/// Makes time pass for one session.
async fn age(app: &TestApp, column: &'static str, id: &SessionId, seconds: i64) -> Result<()> {
    let pool = app.pool().await?;
    let sql = match column {
        "expires_at" => "update sessions set expires_at = expires_at - $1 where id = $2",
        "last_used_at" => "update sessions set last_used_at = last_used_at - $1 where id = $2",
        other => bail!("no column {other}"),
    };
    sqlx::query(sql).bind(seconds * 1_000).bind(id.as_str()).execute(&pool).await?;
    pool.close().await;
    Ok(())
}

story! {
    /// A session does what its person may, and what it does is signed with it.
    async fn a_session_is_its_person(app) {
        let (owner, id) = begin(app, &app.owner).await?;
        let session: Session = owner.get("/v1/session").await?.ok()?;
        assert_eq!(session.role, Role::Owner);
        let Credential::Session(sign_in) = &session.credential else { bail!("{session:?}") };
        assert_eq!((&sign_in.id, sign_in.current), (&id, true));
        owner.get("/v1/tokens").await?.ok::<Value>()?;
        owner.post("/v1/keys", json!({ "name": "by-session" })).await?.created::<Value>()?;
        let events: Page<portolan_types::Event> = owner.get("/v1/events?limit=1").await?.ok()?;
        let Some(Author::Person { session_id, token_id, .. }) = &events.items[0].by else {
            bail!("{events:?}")
        };
        assert_eq!((session_id.as_ref(), token_id.as_ref()), (Some(&id), None));

        let member = person(app, "member", Team::Same).await?;
        let (member, _) = begin(app, &member).await?;
        member.get("/v1/keys").await?.ok::<Value>()?;
        member.post("/v1/keys", json!({ "name": "no" })).await?.problem(403)?;
        member.get("/v1/tokens").await?.problem(403)?;
    }
}

story! {
    /// People see and end their own sessions, and nobody else's; a token does neither.
    async fn sessions_are_listed_and_ended(app) {
        let (here, mine) = begin(app, &app.owner).await?;
        let (there, other) = begin(app, &app.owner).await?;
        let member = person(app, "member", Team::Same).await?;
        let (member, theirs) = begin(app, &member).await?;
        let list = listed(&here).await?;
        let currents: Vec<_> = list.iter().map(|item| (&item.id, item.current)).collect();
        ensure!(currents.len() == 2 && currents.contains(&(&mine, true)), "{currents:?}");
        ensure!(currents.contains(&(&other, false)), "{currents:?}");
        app.owner.get("/v1/sessions").await?.problem(403)?;

        here.delete(&format!("/v1/sessions/{theirs}")).await?.problem(404)?;
        assert_eq!(listed(&member).await?.len(), 1);
        assert_eq!(here.delete(&format!("/v1/sessions/{other}")).await?.status, 204);
        there.get("/v1/session").await?.problem(401)?;
        let (there, _) = begin(app, &app.owner).await?;
        let ended: EndedSessions = here.delete("/v1/sessions").await?.ok()?;
        assert_eq!(ended.ended, 1);
        there.get("/v1/session").await?.problem(401)?;
        assert_eq!(here.delete(&format!("/v1/sessions/{mine}")).await?.status, 204);
        here.get("/v1/session").await?.problem(401)?;
        member.get("/v1/session").await?.ok::<Value>()?;
    }
}

story! {
    /// One that is idle for too long ends, and so does one that is old, whatever is done with it.
    async fn a_session_expires(app) {
        let (idle, id) = begin(app, &app.owner).await?;
        age(app, "last_used_at", &id, 6 * 86_400).await?;
        idle.get("/v1/session").await?.ok::<Value>()?;
        age(app, "last_used_at", &id, 8 * 86_400).await?;
        idle.get("/v1/session").await?.problem(401)?;
        let (old, id) = begin(app, &app.owner).await?;
        age(app, "expires_at", &id, 3_601).await?;
        old.get("/v1/session").await?.problem(401)?;
        // Neither is listed any more.
        let (fresh, _) = begin(app, &app.owner).await?;
        assert_eq!(listed(&fresh).await?.len(), 1);
    }
}

story! {
    /// The stream of a session that was ended ends at once, not at the next look.
    async fn the_stream_of_an_ended_session_ends(app) {
        let (here, _) = begin(app, &app.owner).await?;
        let (there, other) = begin(app, &app.owner).await?;
        let mut stream = Reader::open(&there, "", None).await?;
        let begun = tokio::time::Instant::now();
        here.delete(&format!("/v1/sessions/{other}")).await?;
        stream.ended().await?;
        // Without the bell it would be a pulse at least.
        ensure!(begun.elapsed().as_secs() < 10, "it took {:?}", begun.elapsed());
        let events: Page<portolan_types::Event> = here.get("/v1/events?limit=1").await?.ok()?;
        let last = events.items.first().context("an event")?;
        assert_eq!(last.kind, "session.ended");
    }
}
