//! Teams, who is in them, and what ends with a membership.

use anyhow::{Context, Result, ensure};
use portolan_types::{
    Author, CreatedToken, Event, GrantedOn, Member, Membership, Page, Right, Role, Session,
    Team as Shown,
};
use serde_json::{Value, json};

use crate::{
    events::Reader,
    security::{Person, Team, join},
    sessions,
    support::{Client, TestApp, story},
};

async fn id_of(client: &Client) -> Result<String> {
    Ok(client.get("/v1/session").await?.ok::<Session>()?.user.id.to_string())
}

async fn set_role(client: &Client, id: &str, role: &str) -> Result<Member> {
    client.patch(&format!("/v1/members/{id}"), json!({ "role": role })).await?.ok()
}

async fn last_event(app: &TestApp) -> Result<Event> {
    let page: Page<Event> = app.owner.get("/v1/events?limit=1").await?.ok()?;
    page.items.into_iter().next().context("an event")
}

/// Puts somebody into another team as well, which they own.
async fn second_team(client: &Client, name: &str) -> Result<Membership> {
    client.post("/v1/teams", json!({ "name": name })).await?.created()
}

story! {
    /// A person makes a second team, acts in it, and sees nothing there of the first.
    async fn a_person_is_in_several_teams(app) {
        let (person, _) = sessions::begin(app, &app.owner).await?;
        app.owner.post("/v1/teams", json!({ "name": "x" })).await?.problem(403)?;
        let made = second_team(&person, "harbour").await?;
        ensure!(made.role == Role::Owner && !made.current, "{made:?}");
        app.owner.key("of the first").await?;
        let to = json!({ "team_id": made.team.id });
        let now: Membership = person.post("/v1/session/team", to).await?.ok()?;
        ensure!(now.current && now.team == made.team, "{now:?}");
        let keys: Page<Value> = person.get("/v1/keys").await?.ok()?;
        ensure!(keys.items.is_empty(), "{keys:?}");
        let teams: Page<Membership> = person.get("/v1/teams").await?.ok()?;
        let current: Vec<bool> = teams.items.iter().map(|one| one.current).collect();
        assert_eq!(current, [false, true]);
        let found: Page<Membership> = person.get("/v1/teams?search=HARB").await?.ok()?;
        assert_eq!(found.items.len(), 1);

        let renamed: Shown = person.patch("/v1/team", json!({ "name": "port" })).await?.ok()?;
        assert_eq!(renamed.name.as_str(), "port");
        let shown: Membership = person.get("/v1/team").await?.ok()?;
        assert_eq!(shown.team, renamed);

        let stranger = join(app, "owner", Team::Other).await?;
        let to = json!({ "team_id": stranger.team });
        person.post("/v1/session/team", to).await?.problem(404)?;
    }
}

story! {
    /// Admins change neither owners nor who is one; a team always has an owner.
    async fn nobody_goes_above_their_own_role(app) {
        let admin = join(app, "admin", Team::Same).await?;
        let member = join(app, "member", Team::Same).await?;
        let owner = id_of(&app.owner).await?;
        let of = |id: &str| format!("/v1/members/{id}");
        for role in ["admin", "member"] {
            admin.client.patch(&of(&owner), json!({ "role": role })).await?.problem(403)?;
        }
        admin.client.delete(&of(&owner)).await?.problem(403)?;
        admin.client.patch(&of(&member.id), json!({ "role": "owner" })).await?.problem(403)?;
        admin.client.patch(&of(&admin.id), json!({ "role": "owner" })).await?.problem(403)?;
        assert_eq!(set_role(&admin.client, &member.id, "admin").await?.role, Role::Admin);
        assert_eq!(last_event(app).await?.kind, "member.changed");

        let problem = app.owner.patch(&of(&owner), json!({ "role": "admin" })).await?.problem(409)?;
        ensure!(problem.kind.ends_with("last-owner"), "{problem:?}");
        app.owner.delete(&of(&owner)).await?.problem(409)?;
        let (session, _) = sessions::begin(app, &app.owner).await?;
        session.post("/v1/team/leave", json!({})).await?.problem(409)?;
    }
}

story! {
    /// A team is handed over in one step, when its name is said.
    async fn a_team_is_handed_over(app) {
        let member = join(app, "member", Team::Same).await?;
        let stranger = join(app, "owner", Team::Other).await?;
        let path = "/v1/team/transfer";
        let to = |id: &str, team: &str| json!({ "user_id": id, "team": team });
        app.owner.post(path, to(&member.id, "another")).await?.problem(422)?;
        app.owner.post(path, to(&stranger.id, "Default team")).await?.problem(404)?;
        let owner = id_of(&app.owner).await?;
        app.owner.post(path, to(&owner, "Default team")).await?.problem(422)?;
        let new: Member = app.owner.post(path, to(&member.id, "Default team")).await?.ok()?;
        assert_eq!((new.user_id.as_str(), new.role), (member.id.as_str(), Role::Owner));
        let session: Session = app.owner.get("/v1/session").await?.ok()?;
        assert_eq!(session.role, Role::Admin);
        app.owner.post(path, to(&owner, "Default team")).await?.problem(403)?;
        assert_eq!(last_event(app).await?.kind, "team.transferred");
    }
}

/// With a token, a session and an open stream.
async fn busy(app: &TestApp, person: &Person) -> Result<(Client, Reader)> {
    let (session, _) = sessions::begin(app, &person.client).await?;
    Ok((session, Reader::open(&person.client, "", None).await?))
}

story! {
    /// Whoever is removed is out at once: token, session and open streams. Their session goes on in
    /// another team of theirs.
    async fn a_removed_member_is_out_at_once(app) {
        let member = join(app, "member", Team::Same).await?;
        let (session, mut stream) = busy(app, &member).await?;
        let mut signed_in = Reader::open(&session, "", None).await?;
        let begun = tokio::time::Instant::now();
        let path = format!("/v1/members/{}", member.id);
        assert_eq!(app.owner.delete(&path).await?.status, 204);
        stream.ended().await?;
        signed_in.ended().await?;
        // Without the bell it would be a pulse at least.
        ensure!(begun.elapsed().as_secs() < 10, "it took {:?}", begun.elapsed());
        member.client.get("/v1/session").await?.problem(401)?;
        session.get("/v1/session").await?.problem(401)?;
        app.owner.get(&path).await?.problem(404)?;
        assert_eq!(last_event(app).await?.kind, "member.removed");

        let other = join(app, "member", Team::Same).await?;
        let (session, mut stream) = busy(app, &other).await?;
        let second = second_team(&session, "harbour").await?;
        assert_eq!(app.owner.delete(&format!("/v1/members/{}", other.id)).await?.status, 204);
        stream.ended().await?;
        other.client.get("/v1/session").await?.problem(401)?;
        let now: Session = session.get("/v1/session").await?.ok()?;
        assert_eq!(now.team, second.team);
    }
}

story! {
    /// Whoever leaves is out of that team and goes on in the other one.
    async fn a_member_leaves(app) {
        let member = join(app, "member", Team::Same).await?;
        let (session, mut stream) = busy(app, &member).await?;
        let second = second_team(&session, "harbour").await?;
        member.client.post("/v1/team/leave", json!({})).await?.problem(403)?;
        assert_eq!(session.post("/v1/team/leave", json!({})).await?.status, 204);
        stream.ended().await?;
        let now: Session = session.get("/v1/session").await?.ok()?;
        assert_eq!(now.team, second.team);
        // Of that one they are the last owner.
        session.post("/v1/team/leave", json!({})).await?.problem(409)?;
        let event = last_event(app).await?;
        assert_eq!(event.kind, "member.left");
        ensure!(matches!(event.by, Some(Author::Person { .. })), "{event:?}");
    }
}

story! {
    /// An empty team is deleted by who owns it, with all that it was set to; sessions go on elsewhere,
    /// and the audit keeps what was done.
    async fn an_empty_team_is_deleted(app) {
        let (person, _) = sessions::begin(app, &app.owner).await?;
        let first: Membership = person.get("/v1/team").await?.ok()?;
        let of = |team: &Membership| format!("/v1/teams/{}", team.team.id);
        let last = person.delete(&of(&first)).await?.problem(409)?;
        ensure!(last.kind.ends_with("last-team"), "{last:?}");

        let second = second_team(&person, "harbour").await?;
        let to = json!({ "team_id": second.team.id });
        person.post("/v1/session/team", to).await?.ok::<Value>()?;
        person.patch("/v1/addresses", json!({ "across_fleet": true })).await?.ok::<Value>()?;
        person.patch("/v1/drift-policy", json!({ "policy": "tell" })).await?.ok::<Value>()?;
        let invite = json!({ "role": "member" });
        person.post("/v1/invites", invite).await?.created::<Value>()?;
        let token = json!({ "name": "t", "abilities": ["read"] });
        let token: CreatedToken = person.post("/v1/tokens", token).await?.created()?;
        let program = person.with_token(&token.secret);
        let mut stream = Reader::open(&program, "", None).await?;

        let key = person.key("spare").await?;
        let kept = person.delete(&of(&second)).await?.problem(409)?;
        ensure!(kept.kind.ends_with("team-not-empty"), "{kept:?}");
        assert_eq!(kept.blockers, ["key spare"]);
        assert_eq!(person.delete(&format!("/v1/keys/{key}")).await?.status, 204);
        let begun = tokio::time::Instant::now();
        assert_eq!(person.delete(&of(&second)).await?.status, 204);
        stream.ended().await?;
        ensure!(begun.elapsed().as_secs() < 10, "it took {:?}", begun.elapsed());
        program.get("/v1/session").await?.problem(401)?;
        let now: Session = person.get("/v1/session").await?.ok()?;
        assert_eq!(now.team, first.team);
        person.delete(&of(&second)).await?.problem(404)?;

        let pool = app.pool().await?;
        let told: i64 = sqlx::query_scalar(
            "select count(*) from audit where team_id = $1 and kind = 'team.removed'",
        )
        .bind(second.team.id.as_str())
        .fetch_one(&pool)
        .await?;
        pool.close().await;
        assert_eq!(told, 1);
    }
}

story! {
    /// Only who owns a team deletes it, and whoever else is in it has to be gone before.
    async fn a_team_is_deleted_by_its_owner_alone(app) {
        let (person, _) = sessions::begin(app, &app.owner).await?;
        let team: Membership = person.get("/v1/team").await?.ok()?;
        let path = format!("/v1/teams/{}", team.team.id);
        let (_, engine) = app.add_server("alpha").await?;
        drop(engine);
        let admin = join(app, "admin", Team::Same).await?;
        let stranger = join(app, "owner", Team::Other).await?;
        for other in [&admin, &stranger] {
            let (session, _) = sessions::begin(app, &other.client).await?;
            second_team(&session, "mine").await?;
            session.delete(&path).await?.problem(404)?;
            other.client.delete(&path).await?.problem(403)?;
        }
        second_team(&person, "harbour").await?;
        let kept = person.delete(&path).await?.problem(409)?;
        let wanted = ["key", "member", "server"];
        let kinds: Vec<_> =
            kept.blockers.iter().filter_map(|one| one.split(' ').next()).collect();
        assert_eq!(kinds, wanted, "{kept:?}");
    }
}

story! {
    /// A right on a server is given, raised and taken back; another role and another server end it.
    async fn rights_are_granted_on_servers(app) {
        let (server, _) = app.add_server("alpha").await?;
        let (other, _) = app.add_server("beta").await?;
        let destination = app.owner.destination(&server, "web").await?;
        let member = join(app, "member", Team::Same).await?;
        let right = format!("/v1/members/{}/grants/{}", member.id, server.id);
        let give = |level: &'static str| app.owner.put(&right, json!({ "right": level }));
        let connect = format!("/v1/destinations/{}/containers", destination.id);
        let retry = format!("/v1/destinations/{}/verify", destination.id);
        let create = |server: &portolan_types::Server| {
            member.client.post("/v1/destinations", json!({ "server_id": server.id }))
        };
        let container = json!({ "container": "web" });

        member.client.post(&connect, container.clone()).await?.problem(403)?;
        give("view").await?.ok::<Member>()?;
        member.client.post(&connect, container.clone()).await?.problem(403)?;
        let given: Member = give("use").await?.ok()?;
        let grant = given.grants.first().context("a grant")?;
        assert_eq!((&grant.on, grant.right), (&GrantedOn::from(&server.id), Right::Use));
        member.client.post(&connect, container).await?.accepted::<Value>()?;
        member.client.post(&retry, json!({})).await?.problem(403)?;
        create(&server).await?.problem(403)?;
        give("operate").await?.ok::<Member>()?;
        create(&server).await?.created::<Value>()?;
        create(&other).await?.problem(403)?;
        let event = last_event(app).await?;
        ensure!(event.kind.starts_with("destination."), "{event:?}");

        // An admin needs none, and gets none back with the old role.
        let admin = set_role(&app.owner, &member.id, "admin").await?;
        ensure!(admin.grants.is_empty(), "{admin:?}");
        give("use").await?.problem(409)?;
        create(&other).await?.created::<Value>()?;
        set_role(&app.owner, &member.id, "member").await?;
        create(&server).await?.problem(403)?;

        give("operate").await?.ok::<Member>()?;
        let left: Member = app.owner.delete(&right).await?.ok()?;
        ensure!(left.grants.is_empty(), "{left:?}");
        create(&server).await?.problem(403)?;
        app.owner.delete(&right).await?.problem(404)?;

        // A right ends with its server.
        let (third, _) = app.add_server("gamma").await?;
        let on_third = format!("/v1/members/{}/grants/{}", member.id, third.id);
        app.owner.put(&on_third, json!({ "right": "manage" })).await?.ok::<Member>()?;
        member.client.delete(&format!("/v1/servers/{}", third.id)).await?.ok::<Value>()?;
        let left: Member =
            app.owner.get(&format!("/v1/members/{}", member.id)).await?.ok()?;
        ensure!(left.grants.is_empty(), "{left:?}");
    }
}

story! {
    /// Neither somebody nor a server of another team can be named.
    async fn rights_stay_in_the_team(app) {
        let (server, _) = app.add_server("alpha").await?;
        let member = join(app, "member", Team::Same).await?;
        let stranger = join(app, "owner", Team::Other).await?;
        let path = |user: &str| format!("/v1/members/{user}/grants/{}", server.id);
        let body = json!({ "right": "manage" });
        stranger.client.put(&path(&stranger.id), body.clone()).await?.problem(404)?;
        stranger.client.put(&path(&member.id), body.clone()).await?.problem(404)?;
        app.owner.put(&path(&stranger.id), body).await?.problem(404)?;
        let members: Page<Member> = app.owner.get("/v1/members?search=example").await?.ok()?;
        ensure!(members.items.iter().all(|one| one.grants.is_empty()), "{members:?}");
        assert_eq!(members.items.len(), 2);
    }
}
