//! Invitations: who makes which, and that each is used once, by whom it is for.

use anyhow::{Result, ensure};
use portolan_types::{
    AcceptedInvite, CreatedInvite, CreatedSession, Invite, Member, Membership, Page, Right, Role,
    Session,
};
use serde_json::{Value, json};

use crate::{
    accounts::hashes,
    security::{Team, join, write},
    sessions,
    support::{Answer, Client, TestApp, story},
};

async fn invite(by: &Client, body: Value) -> Result<CreatedInvite> {
    by.post("/v1/invites", body).await?.created()
}

async fn accept(app: &TestApp, secret: &str, email: &str) -> Result<Answer> {
    let body = json!({ "secret": secret, "email": email });
    app.owner.anonymous().post("/v1/invites/accept", body).await
}

async fn list(client: &Client) -> Result<Vec<Invite>> {
    Ok(client.get("/v1/invites").await?.ok::<Page<Invite>>()?.items)
}

story! {
    /// Somebody new comes in with the role and the rights that they were invited with, once.
    async fn somebody_new_is_let_in_once(app) {
        let (server, _) = app.add_server("alpha").await?;
        let body = json!({
            "role": "member",
            "grants": [{ "on": { "type": "server", "id": server.id }, "right": "operate" }],
        });
        let made = invite(&app.owner, body).await?;
        assert_eq!(list(&app.owner).await?, std::slice::from_ref(&made.invite));
        let done: AcceptedInvite =
            accept(app, &made.secret, "New@Example.com").await?.created()?;
        assert_eq!((done.user.email.as_str(), done.role), ("new@example.com", Role::Member));
        let client = app.owner.with_token(&done.token.secret);
        let session: Session = client.get("/v1/session").await?.ok()?;
        assert_eq!((session.role, &session.team), (Role::Member, &done.team));
        let member: Member =
            client.get(&format!("/v1/members/{}", done.user.id)).await?.ok()?;
        assert_eq!(member.grants[0].right, Right::Operate);
        client.post("/v1/destinations", json!({ "server_id": server.id })).await?
            .created::<Value>()?;
        client.get("/v1/invites").await?.problem(403)?;

        assert_eq!(list(&app.owner).await?, []);
        let events = app.owner.get("/v1/events?limit=200").await?.text;
        ensure!(events.contains("member.joined") && events.contains("invite.created"));
        ensure!(!events.contains(&made.secret), "an event tells the secret");
        accept(app, &made.secret, "other@example.com").await?.problem(409)?;
    }
}

const PASSWORD: &str = "mauve lantern eats tin";

async fn accept_with(app: &TestApp, secret: &str, password: &str) -> Result<Answer> {
    let body = json!({ "secret": secret, "email": "New@Example.com", "password": password });
    app.owner.anonymous().post("/v1/invites/accept", body).await
}

story! {
    /// Whoever chooses a password when they come in signs in with it; nobody else makes us hash one.
    async fn somebody_new_chooses_a_password(app) {
        let made = invite(&app.owner, json!({ "role": "member" })).await?;
        let theirs = json!({ "role": "member", "email": "them@example.com" });
        let theirs = invite(&app.owner, theirs).await?;
        let before = hashes(app).await?;
        for secret in ["portolan_i_x", &theirs.secret] {
            let problem = accept_with(app, secret, PASSWORD).await?.problem(409)?;
            ensure!(problem.kind.ends_with("invitation-unusable"), "{problem:?}");
        }
        assert_eq!(hashes(app).await?, before, "a stranger makes us hash");

        let weak = accept_with(app, &made.secret, "new@example.com").await?.problem(422)?;
        ensure!(weak.errors.iter().any(|one| one.field == "password"), "{weak:?}");
        assert_eq!(list(&app.owner).await?.len(), 2, "what is refused uses nothing up");
        accept_with(app, &made.secret, PASSWORD).await?.created::<AcceptedInvite>()?;
        let body = json!({ "email": "new@example.com", "password": PASSWORD });
        let session = app.owner.anonymous().post("/v1/sessions", body).await?;
        assert_eq!(session.created::<CreatedSession>()?.role, Role::Member);
        let events = app.owner.get("/v1/events?limit=200").await?.text;
        ensure!(!events.contains(PASSWORD), "an event tells the password");

        let again = invite(&app.owner, json!({ "role": "member" })).await?;
        let problem = accept_with(app, &again.secret, PASSWORD).await?.problem(409)?;
        ensure!(problem.kind.ends_with("account-exists"), "{problem:?}");
    }
}

story! {
    /// Whatever is wrong with a secret, the answer is the same, and nobody came in.
    async fn what_is_wrong_is_not_told(app) {
        let used = invite(&app.owner, json!({ "role": "member" })).await?;
        accept(app, &used.secret, "one@example.com").await?.created::<Value>()?;
        let old = invite(&app.owner, json!({ "role": "member" })).await?;
        let sql = "update invites set expires_at = 1 where id = $1";
        write(app, sql, &[old.invite.id.as_str()]).await?;
        let revoked = invite(&app.owner, json!({ "role": "member" })).await?;
        let path = format!("/v1/invites/{}", revoked.invite.id);
        assert_eq!(app.owner.delete(&path).await?.status, 204);
        app.owner.delete(&path).await?.problem(404)?;
        let theirs = json!({ "role": "member", "email": "them@example.com" });
        let theirs = invite(&app.owner, theirs).await?;

        let mut answers = Vec::new();
        let secrets = ["x", &used.secret, &old.secret, &revoked.secret, &theirs.secret];
        for secret in secrets {
            let problem = accept(app, secret, "two@example.com").await?.problem(409)?;
            answers.push(problem.detail);
        }
        ensure!(answers.iter().all(|one| *one == answers[0]), "{answers:?}");
        let members: Page<Member> = app.owner.get("/v1/members").await?.ok()?;
        assert_eq!(members.items.len(), 2);
        // What was tried by somebody else is still there for whom it is for.
        accept(app, &theirs.secret, "Them@example.com").await?.created::<Value>()?;
    }
}

story! {
    /// Whoever has an account signs in with it first: a secret does not take it over.
    async fn somebody_known_joins_signed_in(app) {
        let known = join(app, "owner", Team::Other).await?;
        let (session, _) = sessions::begin(app, &known.client).await?;
        let email = session.get("/v1/session").await?.ok::<Session>()?.user.email;
        let made = invite(&app.owner, json!({ "role": "admin", "email": email })).await?;
        let problem = accept(app, &made.secret, &email).await?.problem(409)?;
        ensure!(problem.kind.ends_with("account-exists"), "{problem:?}");
        let secret = json!({ "secret": made.secret });
        known.client.post("/v1/invites/join", secret.clone()).await?.problem(403)?;
        let joined: Membership =
            session.post("/v1/invites/join", secret.clone()).await?.created()?;
        assert_eq!((joined.role, joined.current), (Role::Admin, false));
        session.post("/v1/invites/join", secret).await?.problem(409)?;
        let to = json!({ "team_id": joined.team.id });
        session.post("/v1/session/team", to).await?.ok::<Value>()?;
        session.get("/v1/invites").await?.ok::<Value>()?;
        let again = invite(&app.owner, json!({ "role": "member" })).await?;
        let secret = json!({ "secret": again.secret });
        session.post("/v1/invites/join", secret).await?.problem(409)?;
        assert_eq!(list(&app.owner).await?.len(), 1);
    }
}

story! {
    /// Nobody invites above their own role, and not with what their team does not have.
    async fn an_invitation_is_no_more_than_its_maker(app) {
        let (server, _) = app.add_server("alpha").await?;
        let admin = join(app, "admin", Team::Same).await?;
        let stranger = join(app, "owner", Team::Other).await?;
        let body = json!({ "role": "owner" });
        admin.client.post("/v1/invites", body).await?.problem(403)?;
        let grants = json!([{ "on": { "type": "server", "id": server.id }, "right": "use" }]);
        let body = json!({ "role": "member", "grants": grants });
        stranger.client.post("/v1/invites", body).await?.problem(404)?;
        let body = json!({ "role": "admin", "grants": grants });
        app.owner.post("/v1/invites", body).await?.problem(422)?;
        for days in [0, 31] {
            let body = json!({ "role": "member", "expires_in_days": days });
            app.owner.post("/v1/invites", body).await?.problem(422)?;
        }
        let body = json!({ "role": "member", "email": "x@example.com", "send": true });
        app.owner.post("/v1/invites", body).await?.problem(409)?;

        // Whoever is lowered or removed leaves no way in behind.
        let lowered = invite(&admin.client, json!({ "role": "admin" })).await?;
        let path = format!("/v1/members/{}", admin.id);
        app.owner.patch(&path, json!({ "role": "member" })).await?.ok::<Value>()?;
        accept(app, &lowered.secret, "one@example.com").await?.problem(409)?;
        app.owner.delete(&path).await?;
        accept(app, &lowered.secret, "one@example.com").await?.problem(409)?;
        assert_eq!(list(&app.owner).await?, []);
    }
}

story! {
    /// Of many who use one secret at once, one comes in.
    async fn of_many_at_once_one_comes_in(app) {
        let made = invite(&app.owner, json!({ "role": "member" })).await?;
        let emails: Vec<String> = (0..10).map(|n| format!("p{n}@example.com")).collect();
        let tries = emails.iter().map(|email| accept(app, &made.secret, email));
        let answers = futures_util::future::try_join_all(tries).await?;
        let came_in = answers.iter().filter(|answer| answer.status == 201).count();
        let refused = answers.iter().filter(|answer| answer.status == 409).count();
        assert_eq!((came_in, refused), (1, 9));
        let members: Page<Member> = app.owner.get("/v1/members").await?.ok()?;
        assert_eq!(members.items.len(), 2);
    }
}
