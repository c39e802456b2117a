//! Logins of registries on their way to an engine: each goes with the one request that needs it, and
//! an engine that says it again is not quoted.

use anyhow::{Context, Result, ensure};
use data_encoding::BASE64URL;
use portolan_server::host::{HostError, PullProgress, RegistryLogin};
use serde_json::{Value, json};

use super::{
    engine::{Asked, Engine, Reply, ordinary},
    paths::host,
};

const PASSWORD: &str = "open sesame/+&\u{e4}";

fn login() -> Result<RegistryLogin> {
    Ok(RegistryLogin {
        host: "ghcr.io".parse()?,
        user: "robot".parse()?,
        password: PASSWORD.into(),
    })
}

fn header(asked: &Asked) -> Option<String> {
    let head = String::from_utf8_lossy(&asked.head).into_owned();
    let mut lines = head.split("\r\n").filter_map(|line| line.split_once(": "));
    lines.find(|(name, _)| name.eq_ignore_ascii_case("x-registry-auth")).map(|(_, v)| v.to_owned())
}

/// Says whatever it was told.
fn echoing(asked: &Asked) -> Reply {
    let said = match asked.what().as_str() {
        "POST /images/create" => header(asked).unwrap_or_default(),
        "POST /auth" => String::new(),
        _ => return ordinary(asked),
    };
    let body = json!({ "message": format!("401 Unauthorized: {PASSWORD} {said}") }).to_string();
    Reply::raw(&format!(
        "HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    ))
}

fn is_clean(error: &HostError, secrets: &[&str]) -> Result<()> {
    let said = format!("{error} {error:?}");
    ensure!(said.contains("401 Unauthorized: ***"), "{said}");
    for secret in secrets {
        ensure!(!said.contains(secret), "{said}");
    }
    ensure!(error.is_login_refused(), "{said}");
    Ok(())
}

#[tokio::test]
async fn a_login_goes_with_its_image_and_is_not_said_again() -> Result<()> {
    let engine = Engine::start(echoing)?;
    let host = host(&engine).await?;
    let (login, progress, tell) = (login()?, PullProgress::default(), || {});
    let pulled =
        host.pull_image("ghcr.io/acme/web:1", Some(&login), &progress.on_news(&tell)).await;
    let asked = engine.asked();
    let sent = asked.iter().find_map(header).context("a login")?;
    is_clean(&pulled.expect_err("it is refused"), &["sesame", &sent])?;
    let read: Value = serde_json::from_slice(&BASE64URL.decode(sent.as_bytes())?)?;
    let wanted = json!({ "username": "robot", "password": PASSWORD, "serveraddress": "ghcr.io" });
    assert_eq!(read, wanted);

    let tried = host.check_login(&login).await.expect_err("it is refused");
    is_clean(&tried, &["sesame"])?;
    assert_eq!(engine.times("POST /auth"), 1);
    // Whatever else is asked of the engine has none.
    drop(host.pull_image("ghcr.io/acme/web:1", None, &progress.on_news(&tell)).await);
    drop(host.find_image("ghcr.io/acme/web:1").await);
    assert_eq!(engine.asked().iter().filter_map(header).count(), 1);
    Ok(())
}

#[tokio::test]
async fn a_login_is_not_sent_for_another_registry() -> Result<()> {
    let engine = Engine::start(ordinary)?;
    let host = host(&engine).await?;
    let (login, progress, tell) = (login()?, PullProgress::default(), || {});
    for reference in ["caddy:2", "ghcr.io:443/acme/web", "evil.example/ghcr.io/web", "ghcr.io"] {
        let pulled = host.pull_image(reference, Some(&login), &progress.on_news(&tell)).await;
        ensure!(matches!(pulled, Err(HostError::Protocol { .. })), "{reference}: {pulled:?}");
    }
    assert_eq!(engine.times("POST /images/create"), 0);
    Ok(())
}
