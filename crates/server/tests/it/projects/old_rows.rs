//! What the version before projects wrote, read by this one.

use anyhow::{Context, Result};
use portolan_server::{
    db::{self, Db},
    rights::Visible,
};
use portolan_types::{EventFilter, GrantedOn, PageQuery, Right, Timestamp};
use secrecy::SecretString;
use serde_json::json;

use crate::support::Database;

/// Rows of the version before, as it wrote them.
const OLD_ROWS: [&str; 7] = [
    "insert into teams (id, name, created_at) values ('tteam0000000000000000000', 'old', 1)",
    "insert into users (id, email, created_at) values ('tuser0000000000000000000', 'a@b.c', 1)",
    "insert into memberships (team_id, user_id, role, created_at)
     values ('tteam0000000000000000000', 'tuser0000000000000000000', 'member', 1)",
    "insert into servers
         (id, team_id, name, description, connection, socket, revision, build_server, state,
          reachability, created_at, updated_at)
     values ('tserver00000000000000000', 'tteam0000000000000000000', 'alpha', '', 'local', '/s', 1, 0,
             'new', 'unknown', 1, 1)",
    "insert into grants (team_id, user_id, subject_type, subject_id, server_id, level, created_at)
     values ('tteam0000000000000000000', 'tuser0000000000000000000', 'server',
             'tserver00000000000000000', 'tserver00000000000000000', 'operate', 1)",
    r#"insert into invites
         (id, team_id, invited_by, role, grants, secret_hash, created_at, expires_at)
     values ('tinvite00000000000000000', 'tteam0000000000000000000', 'tuser0000000000000000000',
             'member', '[{"server_id":"tserver00000000000000000","right":"use"},
{"server_id":"tserver00000000000000001","right":"manage"}]', 'x', 1, 9000000000000)"#,
    r#"insert into events
         (id, team_id, at, kind, subject_type, subject_id, subject_name, message, sequence, written,
          author, server_id, destination_id, operation_id, value_before, value_after)
     values ('tevent000000000000000000', 'tteam0000000000000000000', 5, 'server.edited', 'server',
             'tserver00000000000000000', 'alpha', 'it was edited', 7, 6, null,
             'tserver00000000000000000', 'tdestination000000000000', 'toperation00000000000000',
             '{"name":"a"}', '{"name":"alpha"}')"#,
];

async fn come_over(url: SecretString) -> Result<()> {
    let db = Db::connect(&url).await?;
    db.migrate_to(15).await?;
    let mut conn = db.acquire().await?;
    for sql in OLD_ROWS {
        sqlx::query(sql).execute(&mut *conn).await.context(sql)?;
    }
    db.migrate().await?;
    let (team, user) = ("tteam0000000000000000000".parse()?, "tuser0000000000000000000".parse()?);
    let whole = Visible::whole(&team);
    let on = |id: &str| Ok::<_, anyhow::Error>(GrantedOn::Server(id.parse()?));
    let grants = db::grant::list_of(&mut conn, whole, &user).await?;
    assert_eq!(grants.len(), 1);
    let (server, other) = (on("tserver00000000000000000")?, on("tserver00000000000000001")?);
    assert_eq!((&grants[0].on, grants[0].right), (&server, Right::Operate));
    assert_eq!(grants[0].name.as_str(), "alpha");
    let all = PageQuery::default();
    let invites = db::invite::list(&mut conn, &team, &all, Timestamp::now()).await?;
    let brought: Vec<_> = invites[0].grants.iter().map(|one| (&one.on, one.right)).collect();
    assert_eq!(brought, [(&server, Right::Use), (&other, Right::Manage)]);
    let events = db::event::list(&mut conn, whole, &EventFilter::default(), &all).await?;
    assert_eq!(events.len(), 1);
    let event = serde_json::to_value(&events[0])?;
    for (field, value) in [
        ("sequence", json!(7)),
        ("kind", json!("server.edited")),
        ("message", json!("it was edited")),
        ("server_id", json!("tserver00000000000000000")),
        ("destination_id", json!("tdestination000000000000")),
        ("operation_id", json!("toperation00000000000000")),
        ("before", json!({ "name": "a" })),
        ("after", json!({ "name": "alpha" })),
    ] {
        assert_eq!(event[field], value, "{field}");
    }
    drop(conn);
    db.close().await;
    Ok(())
}

/// Rights, invitations and events of the version before projects are what they were.
#[tokio::test]
async fn old_rows_come_over() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("portolan.db");
    come_over(format!("sqlite://{}?mode=rwc", file.display()).into()).await
}

#[tokio::test]
#[ignore = "needs PostgreSQL (make test)"]
async fn old_rows_come_over_on_postgres() -> Result<()> {
    let database = Database::empty_postgres().await?;
    come_over(database.url().context("a URL")?).await?;
    database.drop().await
}
