//! Who may call what: every operation of the document as everybody there is. What is expected is
//! derived from the policy that the document states, and nothing of it is typed by hand.
//!
//! `docs/security-matrix.md` is this table. `PORTOLAN_UPDATE_DOCS=1` writes it anew.

use std::fmt::Write;

use anyhow::{Context, Result, ensure};
use portolan_server::{Guarded, policy::Policy};
use portolan_types::{CreatedToken, Right, Role};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Person, Team, Things, join, world, write};
use crate::{
    projects, sessions,
    support::{Answer, Client, TestApp, story},
};

/// Somebody who calls. Where nothing else is said, with a token for everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Nobody,
    /// With a token that nobody was given.
    Guessing,
    /// With a token that has ended.
    Expired,
    /// Who was a member of the team.
    Removed,
    /// The owner, with a token that only reads.
    ReadOnly,
    Member,
    /// A person with a session instead of a token. The things are the owner's.
    SignedIn(Role),
    /// A member with every right on another server and in another project.
    Elsewhere,
    /// The same who sees only what is granted: of the things nothing.
    Apart,
    /// A member with a right on the server and in the project of the things.
    Granted(Right),
    Admin,
    Owner,
    /// The owner of another team.
    Foreign,
}

impl Who {
    const ALL: [Self; 16] = [
        Self::Nobody,
        Self::Guessing,
        Self::Expired,
        Self::Removed,
        Self::ReadOnly,
        Self::Member,
        Self::SignedIn(Role::Member),
        Self::Elsewhere,
        Self::Apart,
        Self::Granted(Right::Use),
        Self::Granted(Right::Operate),
        Self::Granted(Right::Manage),
        Self::Admin,
        Self::Owner,
        Self::SignedIn(Role::Owner),
        Self::Foreign,
    ];

    const fn title(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::Guessing => "made-up token",
            Self::Expired => "expired token",
            Self::Removed => "removed member",
            Self::ReadOnly => "owner, read-only token",
            Self::Member => "member",
            Self::SignedIn(Role::Member) => "member, signed in",
            Self::SignedIn(Role::Admin) => "admin, signed in",
            Self::SignedIn(Role::Owner) => "owner, signed in",
            Self::Elsewhere => "member, `manage` elsewhere",
            Self::Apart => "member, `manage` elsewhere, sees what is granted",
            Self::Granted(Right::View) => "member, `view`",
            Self::Granted(Right::Use) => "member, `use`",
            Self::Granted(Right::Operate) => "member, `operate`",
            Self::Granted(Right::Manage) => "member, `manage`",
            Self::Admin => "admin",
            Self::Owner => "owner",
            Self::Foreign => "owner of another team",
        }
    }
}

/// What somebody is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    /// 401
    Unknown,
    /// 403
    Forbidden,
    /// 404: what another team has does not exist.
    Missing,
    /// Whatever the operation answers.
    Passes,
}

impl Expected {
    const fn cell(self) -> &'static str {
        match self {
            Self::Unknown => "401",
            Self::Forbidden => "403",
            Self::Missing => "404",
            Self::Passes => "yes",
        }
    }
}

/// The rule in words of its own: it must not be the code that it tests.
fn expected(route: &Guarded, who: Who, names: bool) -> Expected {
    let policy = route.policy;
    let allowed = match who {
        Who::Nobody | Who::Guessing | Who::Expired | Who::Removed => {
            return if policy == Policy::Public { Expected::Passes } else { Expected::Unknown };
        }
        Who::SignedIn(role) if policy == Policy::Account => {
            // What is somebody's own is nobody else's, in whatever team.
            let theirs = role == Role::Owner || !names;
            return if theirs { Expected::Passes } else { Expected::Missing };
        }
        // It is not for tokens, and what they have is all tokens.
        _ if policy == Policy::Account => false,
        Who::SignedIn(role) if policy == Policy::Terminal => role != Role::Member,
        // The same, and another team could not even be told that it is there.
        _ if policy == Policy::Terminal => false,
        Who::Foreign => {
            let sees = policy == Policy::Public || !names;
            return if sees { Expected::Passes } else { Expected::Missing };
        }
        Who::Apart => return apart(route, names),
        Who::Owner | Who::SignedIn(Role::Owner) => true,
        Who::ReadOnly => matches!(policy, Policy::Public | Policy::Person | Policy::Read),
        Who::Admin | Who::SignedIn(Role::Admin) => policy != Policy::Owner,
        Who::Member | Who::SignedIn(Role::Member) | Who::Elsewhere => everyone(policy),
        Who::Granted(has) => match policy {
            Policy::On(wanted) => has >= wanted,
            Policy::Deploy => has >= Right::Operate,
            _ => everyone(policy),
        },
    };
    if allowed { Expected::Passes } else { Expected::Forbidden }
}

/// Somebody for whom nothing is there but people and what is theirs.
fn apart(route: &Guarded, names: bool) -> Expected {
    let people = route.path.starts_with("/v1/members");
    match route.policy {
        Policy::Read | Policy::On(_) | Policy::Deploy if names && !people => Expected::Missing,
        Policy::Public | Policy::Person | Policy::Read | Policy::On(_) | Policy::Deploy => {
            Expected::Passes
        }
        Policy::Account | Policy::Terminal | Policy::Admin | Policy::People | Policy::Owner => {
            Expected::Forbidden
        }
    }
}

const fn everyone(policy: Policy) -> bool {
    matches!(policy, Policy::Public | Policy::Person | Policy::Read)
}

/// Everybody, with a way to call.
struct Cast(Vec<(Who, Client)>);

impl Cast {
    async fn assemble(app: &TestApp, things: &Things) -> Result<Self> {
        let (server, _) = app.add_server("beta").await?;
        let project = projects::add(&app.owner, "another").await?;
        let elsewhere = (server.id.as_str(), project.id.as_str());
        let mut cast = Vec::new();
        for who in Who::ALL {
            let client = match who {
                Who::Nobody => app.owner.anonymous(),
                Who::Guessing => app.owner.with_token("portolan_0000"),
                Who::Expired => expired(app).await?,
                Who::Removed => removed(app).await?,
                Who::ReadOnly => {
                    let body = json!({ "name": "reader", "abilities": ["read"] });
                    let made: CreatedToken = app.owner.post("/v1/tokens", body).await?.created()?;
                    app.owner.with_token(&made.secret)
                }
                Who::Member => member(app).await?.client,
                Who::SignedIn(Role::Owner) => sessions::begin(app, &app.owner).await?.0,
                Who::SignedIn(role) => {
                    let person = join(app, role.as_str(), Team::Same).await?;
                    sessions::begin(app, &person.client).await?.0
                }
                Who::Elsewhere => granted(app, elsewhere, Right::Manage).await?,
                Who::Apart => {
                    let person = member(app).await?;
                    person.grant(app, elsewhere.0, Right::Manage).await?;
                    person.grant_in(app, elsewhere.1, Right::Manage).await?;
                    let sql = "update memberships set sees = 'granted' where user_id = $1";
                    write(app, sql, &[&person.id]).await?;
                    person.client
                }
                Who::Granted(right) => {
                    granted(app, (&things.server, &things.project), right).await?
                }
                Who::Admin => join(app, "admin", Team::Same).await?.client,
                Who::Owner => join(app, "owner", Team::Same).await?.client,
                Who::Foreign => join(app, "owner", Team::Other).await?.client,
            };
            cast.push((who, client));
        }
        Ok(Self(cast))
    }
}

async fn member(app: &TestApp) -> Result<Person> {
    join(app, "member", Team::Same).await
}

async fn granted(app: &TestApp, (server, project): (&str, &str), right: Right) -> Result<Client> {
    let person = member(app).await?;
    person.grant(app, server, right).await?;
    person.grant_in(app, project, right).await?;
    Ok(person.client)
}

async fn expired(app: &TestApp) -> Result<Client> {
    let person = join(app, "owner", Team::Same).await?;
    write(app, "update tokens set expires_at = 1 where user_id = $1", &[&person.id]).await?;
    Ok(person.client)
}

async fn removed(app: &TestApp) -> Result<Client> {
    let person = join(app, "owner", Team::Same).await?;
    let _: Value = person.client.get("/v1/session").await?.ok()?;
    write(app, "delete from memberships where user_id = $1", &[&person.id]).await?;
    Ok(person.client)
}

fn check(route: &Guarded, expected: Expected, answer: &Answer) -> Result<()> {
    match expected {
        Expected::Passes if route.policy == Policy::Public => check_public(answer),
        Expected::Unknown => answer.problem(401).map(drop),
        Expected::Forbidden => answer.problem(403).map(drop),
        Expected::Missing => answer.problem(404).map(drop),
        Expected::Passes => {
            let status = answer.status.as_u16();
            let passed = answer.status.is_success() || [409, 422, 426].contains(&status);
            ensure!(passed, "{status}: {}", answer.text);
            Ok(())
        }
    }
}

/// What proves by itself who may is refused in the words of its operation, not of a policy.
fn check_public(answer: &Answer) -> Result<()> {
    let status = answer.status.as_u16();
    let by_policy = answer.text.contains("needs a token") || answer.text.contains("the token is");
    ensure!(status < 500 && ![403, 404].contains(&status) && !by_policy, "{}", answer.text);
    Ok(())
}

/// Nothing that the owner's team has is told to another team, and of its own to somebody who sees none
/// of it nothing but who is in it.
fn check_silent(things: &Things, who: Who, answer: &Answer) -> Result<()> {
    let people = |id: &&str| who == Who::Apart && *id == things.member;
    for id in things.all().into_iter().filter(|id| !people(id)) {
        ensure!(!answer.text.contains(id), "it tells of {id}: {}", answer.text);
    }
    Ok(())
}

/// What only reads, what changes, and what removes; the last is what ends the caller's own part.
const fn stage(route: &Guarded) -> Stage {
    match route.method {
        Method::GET => Stage::Reads,
        Method::DELETE => Stage::Removes,
        _ => Stage::Changes,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Reads,
    Changes,
    Removes,
}

story! {
    /// Nobody gets in but where the document says so, and nothing happens when they try.
    async fn refused(app) {
        let things = Things::make(app).await?;
        let cast = Cast::assemble(app, &things).await?;
        let before = world(app).await?;
        for (who, client) in &cast.0 {
            for route in portolan_server::policies()? {
                let expected = expected(&route, *who, things.named_in(&route));
                let sees_nothing = [Who::Foreign, Who::Apart].contains(who);
                if expected == Expected::Passes && !sees_nothing {
                    continue;
                }
                let answer = things.call(client, &route).await?;
                check(&route, expected, &answer)
                    .with_context(|| format!("{route:?} as {who:?}"))?;
                if sees_nothing {
                    check_silent(&things, *who, &answer)
                        .with_context(|| format!("{route:?} as {who:?}"))?;
                }
            }
        }
        assert_eq!(world(app).await?, before);
    }
}

/// Everybody gets in where the document says so.
async fn everybody_gets_in(app: &TestApp, wanted: Stage) -> Result<()> {
    let mut things = Things::make(app).await?;
    let cast = Cast::assemble(app, &things).await?;
    let mut routes = portolan_server::policies()?;
    routes.retain(|route| stage(route) == wanted);
    routes.sort_by_key(|route| route.path.ends_with("/leave"));
    ensure!(routes.len() > 10, "only {}", routes.len());
    for route in routes {
        for (who, client) in &cast.0 {
            let expected = expected(&route, *who, things.named_in(&route));
            if expected != Expected::Passes || *who == Who::Foreign {
                continue;
            }
            things.renew(app, &route).await?;
            gets_in(app, (&things, *who, client), &route)
                .await
                .with_context(|| format!("{route:?} as {who:?}"))?;
        }
    }
    Ok(())
}

async fn gets_in(
    app: &TestApp,
    (things, who, client): (&Things, Who, &Client),
    route: &Guarded,
) -> Result<()> {
    let answer = if route.path == "/v1/session" && route.method == Method::DELETE {
        // It ends the session that asks, which is wanted for the other routes.
        let (spare, _) = sessions::begin(app, client).await?;
        things.call(&spare, route).await?
    } else {
        things.call(client, route).await?
    };
    let reads = route.method == Method::GET && route.policy != Policy::Public;
    // A terminal is read in another way.
    let wanted = if route.policy == Policy::Terminal { 426 } else { 200 };
    // Nothing runs of the application that there is, and its backup came to nothing.
    let none = ["/problems/never-deployed", "/problems/backup-not-ready"];
    let of_none = none.iter().any(|kind| answer.text.contains(kind));
    let answers = answer.status == wanted || of_none;
    ensure!(!reads || answers, "{}", answer.text);
    check(route, expected(route, who, things.named_in(route)), &answer)
}

story! {
    async fn let_in_to_read(app) {
        everybody_gets_in(app, Stage::Reads).await?;
    }
}

story! {
    async fn let_in_to_change(app) {
        everybody_gets_in(app, Stage::Changes).await?;
    }
}

story! {
    async fn let_in_to_remove(app) {
        everybody_gets_in(app, Stage::Removes).await?;
    }
}

story! {
    /// What a list is narrowed to is looked up in the team as well.
    async fn narrowed_to_what_another_team_has(app) {
        let things = Things::make(app).await?;
        let stranger = join(app, "owner", Team::Other).await?.client;
        let of = format!("/v1/destinations?server_id={}", things.server);
        stranger.get(&of).await?.problem(404)?;
        let of = format!("/v1/drifts?destination_id={}", things.destination);
        stranger.get(&of).await?.problem(404)?;
        let of = format!("/v1/operations?subject_id={}", things.destination);
        let page: Value = stranger.get(&of).await?.ok()?;
        assert_eq!(page["items"], json!([]));
    }
}

story! {
    /// Whoever manages a server does not choose which host it is, nor with which of the team's keys
    /// it is entered.
    async fn a_manager_does_not_choose_the_host(app) {
        let (server, _) = app.add_server("alpha").await?;
        let person = member(app).await?;
        person.grant(app, server.id.as_str(), Right::Manage).await?;
        let path = format!("/v1/servers/{}", server.id);
        let _: Value = person.client.patch(&path, json!({ "description": "ours" })).await?.ok()?;
        let local = json!({ "connection": { "type": "local", "socket": "/run/docker.sock" } });
        person.client.patch(&path, local.clone()).await?.problem(403)?;
        let admin = join(app, "admin", Team::Same).await?.client;
        let _: Value = admin.patch(&path, local).await?.ok()?;
    }
}

/// The table as it is published.
fn published() -> Result<String> {
    let mut text = String::from(
        "# Who may call what\n\n\
         Written by `crates/server/tests/it/security/matrix.rs` from the policies that the document \
         of the API states, and tested in full: each cell is a call. `yes` is let in; 401, 403 and \
         404 are what the others are answered, and nothing happens. What another team has is 404 in \
         the path and in the body, and `yes` is about what \
         is theirs. The same holds for a member who sees what is granted, of everything else. Rights (`use`, `operate`, `manage`) are on the server or in the \
         project of the thing. See [decision 0030](decisions/0030-a-policy-is-declared-once.md) for the \
         words.\n\n| route | policy |",
    );
    for who in Who::ALL {
        write!(text, " {} |", who.title())?;
    }
    text.push_str("\n| --- | --- |");
    text.push_str(&" --- |".repeat(Who::ALL.len()));
    for route in portolan_server::policies()? {
        let word = match route.policy {
            Policy::Public => "public",
            Policy::Account => "account",
            policy => policy.word().context("a word")?,
        };
        write!(text, "\n| `{} {}` | {word} |", route.method, route.path)?;
        for who in Who::ALL {
            let cell = expected(&route, who, route.path.contains("{id}")).cell();
            write!(text, " {cell} |")?;
        }
    }
    text.push('\n');
    Ok(text)
}

#[test]
fn the_published_table_is_up_to_date() -> Result<()> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/security-matrix.md");
    let now = published()?;
    if std::env::var_os("PORTOLAN_UPDATE_DOCS").is_some() {
        std::fs::write(path, &now)?;
    }
    let checked_in = std::fs::read_to_string(path).context("docs/security-matrix.md")?;
    ensure!(checked_in == now, "docs/security-matrix.md is stale: run `make matrix`");
    Ok(())
}
