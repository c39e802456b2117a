//! What changes and proofs found, who is told by mail, who else somebody is, and whose the team is: in
//! a browser.

use anyhow::{Context, Result, ensure};
use portolan_server::config::SignIn;
use portolan_types::{Destination, Identity, Member, Page, Role};
use serde_json::json;

use super::{
    account::at_an_origin,
    browser::signed_in,
    people::{choose, go},
};
use crate::{
    notifiers::mail::with_mail,
    openid::{Issuer, parameter},
    security::{Team, join},
    support::{Chromium, Database, TestApp, eventually},
};

async fn is_sound(chromium: &Chromium) -> Result<()> {
    ensure!(chromium.fits(500, 800).await?, "{} is cut off", chromium.url().await?);
    assert_eq!(chromium.barriers().await?, [""; 0], "{}", chromium.url().await?);
    assert_eq!(chromium.complaints().await?, [""; 0]);
    Ok(())
}

#[tokio::test]
#[ignore = "needs Chromium (make test)"]
async fn a_change_says_who_went_over() -> Result<()> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    let (server, engine) = app.add_server("alpha").await?;
    let sea = app.owner.destination(&server, "sea").await?;
    engine.join("sea", "web");
    let change = json!({ "options": { "mtu": 1400 } });
    let path = format!("/v1/destinations/{}?wait=20", sea.id);
    let changed: Destination = app.owner.patch(&path, change).await?.ok()?;
    let operation = changed.operation_id.context("an operation")?;
    app.owner.outcome(operation.as_str()).await?;
    let (chromium, url) = signed_in(&app).await?;
    chromium.open(&format!("{url}/operations/{operation}")).await?;
    chromium.sees("Change the network of alpha-sea").await?;
    chromium.sees("Who went over").await?;
    chromium.sees("web").await?;
    is_sound(&chromium).await?;
    chromium.close().await?;
    app.stop().await
}

#[tokio::test]
#[ignore = "needs Chromium (make test)"]
async fn a_proof_says_whether_one_reaches_the_other() -> Result<()> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    let (server, engine) = app.add_server("alpha").await?;
    app.owner.destination(&server, "shop").await?;
    engine.join("shop", "web");
    engine.join("shop", "db");
    let (chromium, url) = signed_in(&app).await?;
    chromium.open(&format!("{url}/reach")).await?;
    chromium.fill("[action$='/prove'] [name=from]", "web").await?;
    chromium.fill("[action$='/prove'] [name=to]", "db").await?;
    chromium.fill("[action$='/prove'] [name='port:number']", "5432").await?;
    chromium.press("Prove").await?;
    chromium.sees("Try a connection from").await?;
    chromium.sees("Does web reach db?").await?;
    chromium.sees("From what was seen: yes").await?;
    chromium.sees("port 5432").await?;
    is_sound(&chromium).await?;
    chromium.close().await?;
    app.stop().await
}

#[tokio::test]
#[ignore = "needs Chromium (make test)"]
async fn people_are_told_by_mail() -> Result<()> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    let mailbox = with_mail(&mut app).await?;
    let (chromium, url) = signed_in(&app).await?;
    chromium.open(&format!("{url}/notifiers")).await?;
    chromium.press("+ E-mail").await?;
    chromium.fill("#email [name=name]", "crew").await?;
    chromium.fill("#email [name='target.to:list']", "ops@example.com\ndev@example.com").await?;
    go(&chromium, "Make the notifier").await?;
    go(&chromium, "crew").await?;
    chromium.press("Test it").await?;
    chromium.sees("delivered").await?;
    let mails = mailbox.wait_for(1).await?;
    assert_eq!(mails[0].to, ["<ops@example.com>", "<dev@example.com>"]);
    is_sound(&chromium).await?;
    chromium.close().await?;
    app.stop().await
}

#[tokio::test]
#[ignore = "needs Chromium (make test)"]
async fn an_account_is_linked_to_a_provider() -> Result<()> {
    let (mut app, url) = at_an_origin().await?;
    let issuer = Issuer::start().await?;
    let providers = vec![issuer.provider("second")?];
    let allow_issuers_to = vec!["127.0.0.0/8".parse()?];
    app.config.sign_in = SignIn { providers, allow_issuers_to, ..app.config.sign_in.clone() };
    app.restart().await?;
    let (chromium, _) = signed_in(&app).await?;
    chromium.open(&format!("{url}/account")).await?;
    chromium.press("Link second").await?;
    eventually("the browser is at the provider", || async {
        Ok(chromium.url().await?.starts_with(&issuer.url).then_some(()))
    })
    .await?;
    // Somebody says yes there, and is sent back.
    let asked = chromium.url().await?;
    let person = json!({ "sub": "7", "email": "me@elsewhere.example", "email_verified": true });
    issuer.expect(person, &parameter(&asked, "nonce")?);
    let state = parameter(&asked, "state")?;
    let back = format!("{url}/v1/sign-in/oidc/second/callback?code=c&state={state}");
    chromium.open(&back).await?;
    chromium.is_at("/account").await?;
    chromium.sees("me@elsewhere.example").await?;
    let known: Page<Identity> = linked(&chromium).await?;
    assert_eq!(known.items.len(), 1, "{known:?}");
    go(&chromium, "Forget").await?;
    let known = linked(&chromium).await?;
    assert_eq!(known.items, []);
    chromium.close().await?;
    app.stop().await
}

/// What the account of whoever is signed in is linked to: programs are not told.
async fn linked(chromium: &Chromium) -> Result<Page<Identity>> {
    let script = "const done = arguments[arguments.length - 1];
        fetch('/v1/identities').then((answer) => answer.json()).then(done)";
    Ok(serde_json::from_value(chromium.run(script, json!({})).await?)?)
}

#[tokio::test]
#[ignore = "needs Chromium (make test)"]
async fn a_team_is_handed_over() -> Result<()> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    let person = join(&app, "member", Team::Same).await?;
    let (chromium, url) = signed_in(&app).await?;
    chromium.open(&format!("{url}/teams")).await?;
    let form = "[aria-labelledby=transfer-title]";
    let email = format!("{}@example.com (member)", person.id);
    choose(&chromium, &format!("{form} [name=user_id]"), &email).await?;
    chromium.fill(&format!("{form} [name=_typed]"), "Default team").await?;
    go(&chromium, "Hand over").await?;
    let members: Page<Member> = person.client.get("/v1/members").await?.ok()?;
    let role =
        |email: &str| members.items.iter().find(|one| one.email == email).map(|one| one.role);
    assert_eq!(role(&format!("{}@example.com", person.id)), Some(Role::Owner));
    assert_eq!(role("owner@example.com"), Some(Role::Admin));
    let text = chromium.text().await?;
    ensure!(!text.contains("Hand over"), "offered in vain: {text}");
    chromium.close().await?;
    app.stop().await
}
