//! A container of a destination, as a person looks at it in a browser.

use anyhow::{Context, Result, ensure};
use portolan_types::{LogLine, LogStream, Operation, OperationKind, Page, Right};
use serde_json::json;

use super::{browser::signed_in, open, sign_in};
use crate::{
    commands::with_programs,
    readings::ready,
    security::{Team, join},
    support::{Chromium, Database, TestApp, eventually},
};

/// Whether a script says yes, soon.
async fn comes(chromium: &Chromium, what: &str, script: &str) -> Result<()> {
    eventually(what, || async {
        Ok((chromium.ask(script, json!([])).await? == true).then_some(()))
    })
    .await
}

/// Without a script: lines as text, whatever is in them, and in a form what is wanted of them.
#[tokio::test]
async fn logs_are_text() -> Result<()> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    let (_server, engine, sea) = ready(&app).await?;
    let at = Some("2026-01-31T12:00:00Z".parse()?);
    let say = |stream, text: &str| {
        engine.say_at("web", LogLine { stream, at, text: text.to_owned() });
    };
    say(LogStream::Stdout, "\u{1b}[31mred\u{1b}[0m <script>alert(1)</script>");
    say(LogStream::Stderr, "it broke");
    let cookie = sign_in(&app.owner).await?;
    let path = format!("/destinations/{}/containers/web/logs", sea.id);
    let page = open(&app.owner, &path, &cookie).await?;
    ensure!(page.text.contains("red &#60;script&#62;"), "{}", page.text);
    ensure!(!page.text.contains("<script>alert") && !page.text.contains('\u{1b}'), "{}", page.text);
    ensure!(page.text.contains("data-stderr"), "{}", page.text);
    let page = open(&app.owner, &format!("{path}?search=BROKE&since=&lines=200"), &cookie).await?;
    ensure!(page.text.contains("it broke") && !page.text.contains("alert(1)"), "{}", page.text);
    ensure!(page.text.contains("lines=200&#38;search=BROKE"), "{}", page.text);
    let page = open(&app.owner, &format!("{path}?since=10m"), &cookie).await?;
    ensure!(page.text.contains("of that kind so far"), "{}", page.text);
    engine.stop();
    let page = eventually("the host is away", || async {
        let page = open(&app.owner, &path, &cookie).await?;
        Ok(page.text.contains("role=\"alert\"").then_some(page))
    })
    .await?;
    ensure!(page.status == 200, "{}", page.text);
    app.stop().await
}

#[tokio::test]
#[ignore = "needs Chromium (make test)"]
async fn a_person_follows_logs() -> Result<()> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    let (server, engine, sea) = ready(&app).await?;
    engine.say("web", LogStream::Stdout, "it began");
    let (chromium, url) = signed_in(&app).await?;
    chromium.open(&format!("{url}/destinations/{}/containers", sea.id)).await?;
    chromium.press("web").await?;
    chromium.is_at(&format!("/destinations/{}/containers/web/logs", sea.id)).await?;
    chromium.sees("it began").await?;
    chromium.press("Follow").await?;
    chromium.sees("Following.").await?;
    engine.has_followers(1).await;
    engine.say("web", LogStream::Stdout, "\u{1b}[1;32mgreen\u{1b}[0m <b>bold</b>\u{7}");
    chromium.sees("green <b>bold</b>").await?;
    engine.say("web", LogStream::Stderr, &"long ".repeat(200));
    let marked = "return document.querySelectorAll('.log > p[data-stderr]').length === 1";
    comes(&chromium, "an error is marked", marked).await?;
    assert_eq!(chromium.barriers().await?, Vec::<String>::new());
    assert!(chromium.fits(375, 800).await?);
    // Whoever looks at the end stays there.
    for n in 0..200 {
        engine.say("web", LogStream::Stdout, &format!("line {n}"));
    }
    let at_end = "const log = document.querySelector('.log');
        return log.lastElementChild.textContent.endsWith('line 199')
            && log.scrollHeight - log.scrollTop - log.clientHeight < 40";
    comes(&chromium, "the end is seen", at_end).await?;
    chromium.press("Stop following").await?;
    chromium.sees("Not following any more.").await?;
    engine.has_followers(0).await;

    chromium.fill("[name=search]", "BEGAN").await?;
    chromium.press("Read").await?;
    let one = "return document.querySelectorAll('.log > p').length === 1";
    comes(&chromium, "one line is found", one).await?;
    chromium.press("Follow").await?;
    engine.has_followers(1).await;
    engine.crash_container("web");
    chromium.sees("Ended: container `web` runs no more.").await?;
    engine.start_container("web");
    chromium.press("Follow").await?;
    chromium.sees("Following.").await?;
    engine.has_followers(1).await;
    // The host goes away while somebody looks.
    engine.stop();
    chromium.sees("Ended: could not read on from server `alpha`").await?;
    ensure!(server.name.as_str() == "alpha", "{server:?}");
    assert_eq!(chromium.complaints().await?, Vec::<String>::new());
    chromium.close().await?;
    app.stop().await
}

/// Who only looks has no way to the logs.
#[tokio::test]
async fn who_only_looks_is_led_nowhere() -> Result<()> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    let (server, engine, sea) = ready(&app).await?;
    engine.say("web", LogStream::Stdout, "the secret");
    let member = join(&app, "member", Team::Same).await?;
    let (member_session, _) = crate::sessions::begin(&app, &member.client).await?;
    let cookie = format!("__Host-portolan={}", member_session.secret());
    let logs = format!("/destinations/{}/containers/web/logs", sea.id);
    let list = format!("/destinations/{}/containers", sea.id);
    assert_eq!(open(&app.owner, &logs, &cookie).await?.status, 403);
    ensure!(!open(&app.owner, &list, &cookie).await?.text.contains("/web/logs"), "a link");
    member.grant(&app, server.id.as_str(), Right::Use).await?;
    ensure!(open(&app.owner, &logs, &cookie).await?.text.contains("the secret"), "no logs");
    ensure!(open(&app.owner, &list, &cookie).await?.text.contains("/web/logs"), "no link");
    app.stop().await
}

#[tokio::test]
#[ignore = "needs Chromium (make test)"]
async fn a_person_watches_what_is_used() -> Result<()> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    let (_server, engine, sea) = ready(&app).await?;
    let (chromium, url) = signed_in(&app).await?;
    chromium.open(&format!("{url}/destinations/{}/containers/web/logs", sea.id)).await?;
    chromium.press("Usage").await?;
    chromium.sees("66.0 MiB").await?;
    chromium.sees("25.0 %").await?;
    chromium.sees("Live.").await?;
    engine.has_followers(1).await;
    // A second passes five times more, each when the one before was seen.
    for used in 67..=71 {
        engine.count();
        chromium.sees(&format!("{used}.0 MiB")).await?;
    }
    chromium.sees("now 2.0 KiB in and 1.0 KiB out a second").await?;
    let drawn = "return [...document.querySelectorAll('.stats-chart polyline')].length === 6";
    comes(&chromium, "charts are drawn", drawn).await?;
    assert_eq!(chromium.barriers().await?, Vec::<String>::new());
    assert!(chromium.fits(375, 800).await?);
    engine.crash_container("web");
    chromium.sees("Ended: container `web` runs no more.").await?;
    chromium.open(&format!("{url}/destinations/{}/containers/web/stats", sea.id)).await?;
    chromium.sees("does not run").await?;
    assert_eq!(chromium.complaints().await?, Vec::<String>::new());
    chromium.close().await?;
    app.stop().await
}

#[tokio::test]
#[ignore = "needs Chromium (make test)"]
async fn a_person_runs_a_command() -> Result<()> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    let (_server, engine, sea) = ready(&app).await?;
    with_programs(&engine);
    let (chromium, url) = signed_in(&app).await?;
    let page = format!("{url}/destinations/{}/containers/web/stats", sea.id);
    chromium.open(&page).await?;
    chromium.press("Command").await?;
    chromium.fill("[name='command:lines']", "fail\n--hard").await?;
    assert_eq!(chromium.barriers().await?, Vec::<String>::new());
    assert!(chromium.fits(375, 800).await?);
    chromium.press("Run it").await?;
    chromium.sees("ended with code 3").await?;
    chromium.sees("failed <b>").await?;
    assert_eq!(chromium.barriers().await?, Vec::<String>::new());
    let path = "/v1/operations?limit=1";
    let ran: Page<Operation> = app.owner.get(path).await?.ok()?;
    let ran = ran.items.first().context("an operation")?;
    assert_eq!((ran.kind, ran.subject_name.as_str()), (OperationKind::RunCommand, "alpha-sea"));
    assert_eq!(chromium.complaints().await?, Vec::<String>::new());
    chromium.close().await?;
    app.stop().await
}

#[tokio::test]
#[ignore = "needs Chromium (make test)"]
async fn a_person_uses_a_terminal_in_a_container() -> Result<()> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    let (_server, engine, sea) = ready(&app).await?;
    let (chromium, url) = signed_in(&app).await?;
    chromium.open(&format!("{url}/destinations/{}/containers/web/command", sea.id)).await?;
    chromium.press("Terminal").await?;
    chromium.sees("Not connected.").await?;
    chromium.fill("[data-ask=user]", "postgres").await?;
    chromium.press("Open a terminal").await?;
    chromium.sees("Connected.").await?;
    chromium.keys("hello\r").await?;
    chromium.sees("ran hello").await?;
    assert_eq!(chromium.barriers().await?, Vec::<String>::new());
    assert!(chromium.fits(375, 800).await?);
    chromium.picture("container-terminal").await?;
    let asked = engine.in_terminals().pop().context("a program")?;
    assert_eq!(asked.user.as_deref(), Some("postgres"));
    engine.crash_container("web");
    chromium.sees("Ended: the shell ended").await?;
    assert_eq!(chromium.complaints().await?, Vec::<String>::new());
    chromium.close().await?;
    app.stop().await
}
