//! People, teams, tokens and projects, in a browser.

use anyhow::{Context, Result, ensure};
use portolan_types::{
    Ability, Environment, Member, Page, Project, Right, Role, Sees, Session, Token,
};
use serde_json::{Value, json};

use super::browser::signed_in;
use crate::support::{Chromium, Client, Database, TestApp, eventually};

const HOSTILE: &str = "<img src=x onerror=document.title='broken'>";

/// Chooses what a list says.
pub(super) async fn choose(chromium: &Chromium, selector: &str, text: &str) -> Result<()> {
    let script = "const field = document.querySelector(arguments[0]);
        const wanted = [...field.options].find((option) => option.text === arguments[1]);
        if (!wanted) return false;
        field.value = wanted.value;
        field.dispatchEvent(new Event('change', { bubbles: true }));
        return true";
    let chosen = chromium.ask(script, json!([selector, text])).await?;
    ensure!(chosen == true, "`{selector}` offers no `{text}`");
    Ok(())
}

/// Presses what leads to a page, or to the same one anew, and waits until it is there.
pub(super) async fn go(chromium: &Chromium, text: &str) -> Result<()> {
    chromium.ask("window.isLeft = true", json!([])).await?;
    chromium.press(text).await?;
    let script = "return window.isLeft === undefined && document.readyState === 'complete'";
    eventually(&format!("`{text}` leads to a page"), || async {
        Ok((chromium.ask(script, json!([])).await? == true).then_some(()))
    })
    .await
}

/// A secret that is shown once.
pub(super) async fn secret(chromium: &Chromium, id: &str) -> Result<String> {
    let script = "return document.getElementById(arguments[0]).textContent";
    let text = chromium.ask(script, json!([id])).await?;
    Ok(text.as_str().context("a text")?.trim().to_owned())
}

async fn all<T: serde::de::DeserializeOwned>(client: &Client, path: &str) -> Result<Vec<T>> {
    Ok(client.get(path).await?.ok::<Page<T>>()?.items)
}

#[tokio::test]
#[ignore = "needs Chromium (make test)"]
async fn somebody_is_invited_sees_and_is_removed() -> Result<()> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    app.owner.post("/v1/projects", json!({ "name": HOSTILE })).await?.created::<Project>()?;
    let (owner, url) = signed_in(&app).await?;
    owner.open(&format!("{url}/people")).await?;
    owner.press("Invite").await?;
    owner.sees("Nobody is invited").await?;
    owner.fill("[name=email]", "new@example.com").await?;
    owner.choose("[name=sees]", "granted").await?;
    owner.press("Rights of a member").await?;
    owner.sees(HOSTILE).await?;
    choose(&owner, "[name='grants[]:json']", "use").await?;
    owner.picture("invite").await?;
    owner.press("Make the invitation").await?;
    owner.sees("This link is shown once").await?;
    let link = secret(&owner, "secret").await?;

    let guest = Chromium::start().await?;
    guest.open(&link).await?;
    ensure!(!guest.url().await?.contains('#'), "the secret stays in the address");
    guest.fill("[name=email]", "new@example.com").await?;
    guest.fill("[name=password]", "a lantern eats mauve tin").await?;
    guest.press("Join the team").await?;
    guest.sees("You are member of").await?;
    guest.press("Sign in").await?;
    guest.fill("[name=email]", "new@example.com").await?;
    guest.fill("[name=password]", "a lantern eats mauve tin").await?;
    guest.click("main [type=submit]").await?;
    guest.is_at("/").await?;
    guest.open(&format!("{url}/people")).await?;
    guest.sees("owner@example.com").await?;
    let text = guest.text().await?;
    ensure!(!text.contains("Invite") && !text.contains("Tokens"), "offered in vain: {text}");
    assert_eq!(guest.complaints().await?, Vec::<String>::new());
    guest.open(&format!("{url}/tokens")).await?;
    guest.sees("this needs the role owner").await?;
    guest.close().await?;

    let member = find(&app.owner, "new@example.com").await?;
    assert_eq!((member.role, member.grants[0].right), (Role::Member, Right::Use));
    assert_eq!(member.sees, Sees::Granted);
    go(&owner, "Done").await?;
    owner.open(&format!("{url}/people")).await?;
    owner.sees("sees only what is granted").await?;
    owner.picture("people").await?;
    go(&owner, "new@example.com").await?;
    owner.click("[name=sees][value=team]").await?;
    go(&owner, "Save what they see").await?;
    assert_eq!(find(&app.owner, "new@example.com").await?.sees, Sees::Team);
    choose(&owner, "[name=right]", "manage").await?;
    go(&owner, "Change").await?;
    let changed = find(&app.owner, "new@example.com").await?;
    assert_eq!(changed.grants[0].right, Right::Manage);
    assert!(owner.fits(500, 800).await?);
    go(&owner, "Take back").await?;
    assert_eq!(find(&app.owner, "new@example.com").await?.grants, []);
    choose(&owner, "[name=role]", "admin").await?;
    go(&owner, "Save").await?;
    assert_eq!(find(&app.owner, "new@example.com").await?.role, Role::Admin);
    owner.fill("[name=_typed]", "new@example.com").await?;
    go(&owner, "Remove").await?;
    assert_eq!(all::<Member>(&app.owner, "/v1/members").await?.len(), 1);
    assert_eq!(owner.complaints().await?, Vec::<String>::new());
    owner.close().await?;
    app.stop().await
}

async fn find(client: &Client, email: &str) -> Result<Member> {
    let members: Vec<Member> = all(client, "/v1/members").await?;
    members.into_iter().find(|member| member.email == email).context(email.to_owned())
}

#[tokio::test]
#[ignore = "needs Chromium (make test)"]
async fn a_team_is_made_renamed_left_and_deleted() -> Result<()> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    let (chromium, url) = signed_in(&app).await?;
    chromium.open(&format!("{url}/teams")).await?;
    chromium.press("+ Add").await?;
    chromium.fill("#new [name=name]", HOSTILE).await?;
    go(&chromium, "Make it").await?;
    chromium.sees(HOSTILE).await?;
    go(&chromium, "Switch to it").await?;
    chromium.open(&format!("{url}/teams")).await?;
    chromium.fill("[name=name]", "Harbour").await?;
    go(&chromium, "Save").await?;
    chromium.sees("Harbour, in which you act").await?;
    go(&chromium, "Switch to it").await?;
    chromium.open(&format!("{url}/teams")).await?;
    chromium.press("Delete").await?;
    chromium.fill("details[open] [name=_typed]", "Harbour").await?;
    chromium.click("details[open] .btn-error").await?;
    eventually("the team is gone", || async {
        Ok((!chromium.text().await?.contains("Harbour")).then_some(()))
    })
    .await?;
    assert_eq!(chromium.complaints().await?, Vec::<String>::new());
    chromium.close().await?;
    app.stop().await
}

#[tokio::test]
#[ignore = "needs Chromium (make test)"]
async fn a_token_is_made_narrowed_and_ended() -> Result<()> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    let (chromium, url) = signed_in(&app).await?;
    chromium.open(&format!("{url}/tokens")).await?;
    chromium.press("+ Add").await?;
    chromium.fill("#new [name=name]", "ci").await?;
    chromium.click("#new input[value=write]").await?;
    chromium.fill("#new [name='addresses:list?']", "127.0.0.0/8, 192.0.2.0/24").await?;
    chromium.press("Make the token").await?;
    chromium.sees("Its secret is shown once").await?;
    let ci = app.owner.with_token(&secret(&chromium, "secret").await?);
    ci.get("/v1/session").await?.ok::<Session>()?;
    go(&chromium, "Done").await?;
    chromium.picture("tokens").await?;
    chromium.click("[aria-label='Edit ci']").await?;
    chromium.click("dialog[open] input[value=write]").await?;
    go(&chromium, "Save").await?;
    let tokens: Vec<Token> = all(&app.owner, "/v1/tokens").await?;
    let token = tokens.into_iter().find(|token| token.name.as_str() == "ci").context("ci")?;
    let addresses = token.addresses.map(|addresses| addresses.to_string());
    assert_eq!(addresses.as_deref(), Some("127.0.0.0/8,192.0.2.0/24"));
    assert!(token.abilities.iter().eq([Ability::Read]));
    chromium.click("[aria-label='Edit ci']").await?;
    chromium.fill("dialog[open] [name=_typed]", "ci").await?;
    go(&chromium, "End it").await?;
    assert_eq!(ci.get("/v1/session").await?.status, 401);
    assert_eq!(chromium.complaints().await?, Vec::<String>::new());
    chromium.close().await?;
    app.stop().await
}

#[tokio::test]
#[ignore = "needs Chromium (make test)"]
async fn a_project_and_its_environments_come_and_go() -> Result<()> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    let (server, _) = app.add_server("alpha").await?;
    let made = app.owner.destination(&server, "shop").await?;
    let (chromium, url) = signed_in(&app).await?;
    chromium.open(&format!("{url}/projects")).await?;
    chromium.sees("No projects yet").await?;
    chromium.press("+ Add").await?;
    chromium.fill("#new [name=name]", HOSTILE).await?;
    go(&chromium, "Add").await?;
    chromium.sees(HOSTILE).await?;
    chromium.fill("[name=name]", "Shop").await?;
    go(&chromium, "Save").await?;
    let projects: Vec<Project> = all(&app.owner, "/v1/projects").await?;
    assert_eq!(projects[0].name.as_str(), "Shop");
    go(&chromium, "production").await?;
    choose(&chromium, "[name=default_destination_id]", made.name.as_str()).await?;
    go(&chromium, "Save").await?;
    let environments: Vec<Environment> = all(&app.owner, "/v1/environments").await?;
    assert_eq!(environments[0].default_destination_id.as_ref(), Some(&made.id));
    chromium.fill("[name=_typed]", "production").await?;
    go(&chromium, "Delete").await?;
    chromium.sees("No environments").await?;
    chromium.press("+ Add an environment").await?;
    chromium.fill("#new [name=name]", "staging").await?;
    go(&chromium, "Add").await?;
    chromium.sees("There is none").await?;
    go(&chromium, "Shop").await?;
    chromium.sees("staging").await?;
    chromium.fill("[name=_typed]", "Shop").await?;
    go(&chromium, "Delete").await?;
    chromium.sees("No projects yet").await?;
    assert_eq!(all::<Value>(&app.owner, "/v1/environments").await?.len(), 0);
    assert_eq!(chromium.complaints().await?, Vec::<String>::new());
    chromium.close().await?;
    app.stop().await
}

#[tokio::test]
#[ignore = "needs Chromium (make test)"]
async fn whoever_is_in_the_team_already_is_told_so() -> Result<()> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    let invite: Value =
        app.owner.post("/v1/invites", json!({ "role": "member" })).await?.created()?;
    let secret = invite["secret"].as_str().context("a secret")?;
    let (chromium, url) = signed_in(&app).await?;
    chromium.open(&format!("{url}/invite#{secret}")).await?;
    chromium.press("I have an account here").await?;
    chromium.press("Join with my account").await?;
    chromium.sees("already").await?;
    chromium.close().await?;
    app.stop().await
}
