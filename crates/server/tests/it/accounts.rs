//! People: passwords, signing in, and changing how one does.

mod cookies;
mod guessing;
mod reset;
pub(crate) mod second_factor;

use anyhow::{Context, Result, ensure};
use portolan_server::accounts::{SecondFactor, offer_reset};
use portolan_types::{
    Account, CreatedSession, Credential, Event, Page, Problem, RenewedSession, Session, SetupDone,
    SignInMethod,
};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::support::{Answer, Client, Database, TestApp, story};

const EMAIL: &str = "owner@example.com";
const PASSWORD: &str = "mauve lantern eats tin";
const OTHER: &str = "seven quiet harbours";

/// Lets the owner choose a password, as whoever runs Portolan can on the host.
async fn let_in(app: &TestApp) -> Result<()> {
    let offer = offer_reset(&app.config, EMAIL, SecondFactor::Keep).await?;
    let body = json!({ "code": offer.code.expose_secret(), "new": PASSWORD });
    let done = app.owner.anonymous().post("/v1/password-resets/redeem", body).await?;
    ensure!(done.status == 204, "{}", done.text);
    Ok(())
}

/// An attempt to sign in as the owner.
async fn attempt(client: &Client, password: &str, code: Option<&str>) -> Result<Answer> {
    let mut body = json!({ "email": EMAIL, "password": password });
    if let Some(code) = code {
        body["code"] = json!(code);
    }
    client.anonymous().post("/v1/sessions", body).await
}

/// The owner, signed in.
async fn sign_in(app: &TestApp, code: Option<&str>) -> Result<Client> {
    let created: CreatedSession = attempt(&app.owner, PASSWORD, code).await?.created()?;
    Ok(app.owner.with_token(&created.secret.context("a secret")?))
}

fn code_of(problem: &Problem) -> &str {
    problem.kind.trim_start_matches("/problems/")
}

/// Everything that the owner's team was told, newest first.
async fn told(app: &TestApp) -> Result<(Vec<String>, String)> {
    let answer = app.owner.get("/v1/events?limit=200").await?;
    let page: Page<Event> = answer.ok()?;
    Ok((page.items.into_iter().map(|event| event.kind).collect(), answer.text))
}

story! {
    /// A password is chosen, used, changed, and ended sessions stay ended.
    async fn a_person_signs_in(app) {
        let_in(app).await?;
        let created: CreatedSession = attempt(&app.owner, PASSWORD, None).await?.created()?;
        assert_eq!(created.session.method, SignInMethod::Password);
        assert_eq!(created.user.email, EMAIL);
        assert_eq!(created.session.address.as_deref(), Some("127.0.0.1"));
        ensure!(created.device.is_some(), "no device");
        let person = app.owner.with_token(&created.secret.context("a secret")?);
        let account: Account = person.get("/v1/user").await?.ok()?;
        ensure!(account.has_password && !account.has_totp, "{account:?}");
        let session: Session = person.get("/v1/session").await?.ok()?;
        ensure!(matches!(session.credential, Credential::Session(_)), "{session:?}");

        let other = sign_in(app, None).await?;
        let change = |current: &str, new: &str| json!({ "current": current, "new": new });
        let refused = person.put("/v1/user/password", change(OTHER, OTHER)).await?.problem(422)?;
        assert_eq!(refused.errors[0].field, "current");
        for weak in ["short", "owner@example.com", "passwordpassword"] {
            let refused = person.put("/v1/user/password", change(PASSWORD, weak)).await?.problem(422)?;
            assert_eq!(refused.errors[0].field, "new", "{weak}");
        }
        let renewed: RenewedSession =
            person.put("/v1/user/password", change(PASSWORD, OTHER)).await?.ok()?;
        person.get("/v1/session").await?.problem(401)?;
        other.get("/v1/session").await?.problem(401)?;
        let person = app.owner.with_token(&renewed.secret.context("a secret")?);
        person.get("/v1/session").await?.ok::<Value>()?;
        attempt(&app.owner, PASSWORD, None).await?.problem(401)?;
        attempt(&app.owner, OTHER, None).await?.created::<CreatedSession>()?;
        assert_eq!(person.delete("/v1/session").await?.status, 204);
        person.get("/v1/session").await?.problem(401)?;

        let (kinds, text) = told(app).await?;
        for kind in ["session.begun", "session.ended", "user.password-changed", "user.password-reset"] {
            ensure!(kinds.iter().any(|told| told == kind), "no {kind}: {kinds:?}");
        }
        for secret in [PASSWORD, OTHER, "portolan_s_", "portolan_r_", "portolan_d_", "argon2"] {
            ensure!(!text.contains(secret), "events tell of {secret}");
        }
        // Tokens live on: they are not how a person signs in.
        app.owner.get("/v1/session").await?.ok::<Value>()?;
    }
}

/// Passwords that were hashed since the process began.
pub(crate) async fn hashes(app: &TestApp) -> Result<u64> {
    let metrics = app.owner.get("/metrics").await?.text;
    let line =
        metrics.lines().find_map(|line| line.strip_prefix("portolan_password_hashes_total "));
    Ok(line.context("a count")?.parse()?)
}

story! {
    /// What a stranger is told is the same whether or not there is such an account, and takes as long.
    async fn nobody_learns_who_has_an_account(app) {
        let_in(app).await?;
        let person = crate::security::person(app, "member", crate::security::Team::Same).await?;
        let member: Session = person.get("/v1/session").await?.ok()?;
        let stranger = app.owner.anonymous();
        let mut answers = Vec::new();
        // A wrong password, an account without one, and no account.
        for email in [EMAIL, member.user.email.as_str(), "nobody@example.com"] {
            for _ in 0..4 {
                let before = hashes(app).await?;
                let body = json!({ "email": email, "password": OTHER });
                let problem = stranger.post("/v1/sessions", body).await?.problem(401)?;
                answers.push(Problem { request_id: None, ..problem });
                // What takes time is done for each of them.
                assert_eq!(hashes(app).await?, before + 1, "{email}");
            }
        }
        ensure!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
        assert_eq!(code_of(&answers[0]), "wrong-password");
    }
}

story! {
    /// A session is begun in a team that its person is in, and in no other.
    async fn a_session_is_in_a_team_of_its_person(app) {
        let_in(app).await?;
        let session: Session = app.owner.get("/v1/session").await?.ok()?;
        let stranger = crate::security::person(app, "owner", crate::security::Team::Other).await?;
        let theirs: Session = stranger.get("/v1/session").await?.ok()?;
        let into = |team: &str| json!({ "email": EMAIL, "password": PASSWORD, "team_id": team });
        let created: CreatedSession =
            app.owner.post("/v1/sessions", into(session.team.id.as_str())).await?.created()?;
        assert_eq!(created.team, session.team);
        app.owner.post("/v1/sessions", into(theirs.team.id.as_str())).await?.problem(404)?;
    }
}

story! {
    /// A person who was removed from the team is out, with their session.
    async fn a_session_ends_with_the_membership(app) {
        let_in(app).await?;
        let person = sign_in(app, None).await?;
        person.get("/v1/session").await?.ok::<Value>()?;
        let pool = app.pool().await?;
        for sql in ["delete from tokens", "delete from memberships"] {
            sqlx::query(sql).execute(&pool).await?;
        }
        pool.close().await;
        person.get("/v1/session").await?.problem(401)?;
        attempt(&app.owner, PASSWORD, None).await?.problem(403)?;
    }
}

#[tokio::test]
async fn the_first_owner_may_choose_a_password() -> Result<()> {
    let mut app = TestApp::prepare(Database::Sqlite, tempfile::tempdir()?.into())?;
    app.launch().await?;
    let with = |token: &str, password: &str| json!({ "setup_token": token, "email": EMAIL, "password": password });
    let token = app.setup_token()?;
    let refused = app.owner.post("/v1/setup", with(&token, "weak")).await?.problem(422)?;
    assert_eq!(refused.errors[0].field, "password");
    let done: SetupDone = app.owner.post("/v1/setup", with(&token, PASSWORD)).await?.created()?;
    let person = sign_in(&app, None).await?;
    // Whoever has a password needs no way back in when the tokens have ended.
    let token = app.owner.with_token(&done.token.secret);
    assert_eq!(token.delete(&format!("/v1/tokens/{}", done.token.token.id)).await?.status, 204);
    std::fs::remove_file(app.folder.path().join("setup-token"))?;
    app.restart().await?;
    ensure!(app.setup_token().is_err(), "a setup token was offered");
    person.at(&app.owner.url).get("/v1/session").await?.ok::<Value>()?;
    app.stop().await
}
