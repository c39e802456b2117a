//! The pages: who may open them, what their forms do without a script, and how a person with a
//! browser gets on.

mod account;
mod addresses;
mod applications;
mod backups;
mod barriers;
mod browser;
mod builds;
mod chart;
mod containers;
mod coverage;
mod databases;
mod destinations;
mod history;
mod jobs;
mod links;
mod moves;
mod people;
mod places;
mod registries;
mod results;
mod servers;
mod stacks;
mod terminal;

use anyhow::{Context, Result};
use reqwest::{Method, StatusCode, header};

use crate::support::{Answer, Client, Database, PASSWORD, TestApp};

/// A form as a browser without scripts sends it; it does not go where it is sent.
async fn send(
    client: &Client,
    path: &str,
    cookie: &str,
    fields: &[(&str, &str)],
) -> Result<Answer> {
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
    let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = http
        .request(Method::POST, format!("{}{path}", client.url))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::ORIGIN, client.url.clone())
        .header(header::COOKIE, cookie)
        .body(form);
    client.send(request).await
}

fn location(answer: &Answer) -> Option<&str> {
    answer.headers.get(header::LOCATION)?.to_str().ok()
}

/// Signs in by the form; answers the cookie.
async fn sign_in(client: &Client) -> Result<String> {
    let fields = [
        ("email", "owner@example.com"),
        ("password", PASSWORD),
        ("cookie:bool", "true"),
        ("_next", "/operations"),
    ];
    let answer = send(client, "/do/post/v1/sessions", "", &fields).await?;
    assert_eq!((answer.status, location(&answer)), (StatusCode::SEE_OTHER, Some("/operations")));
    let cookie = answer.headers.get(header::SET_COOKIE).context("a cookie")?.to_str()?;
    Ok(cookie.split(';').next().unwrap_or_default().to_owned())
}

async fn open(client: &Client, path: &str, cookie: &str) -> Result<Answer> {
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
    let request = http.get(format!("{}{path}", client.url)).header(header::COOKIE, cookie);
    client.send(request).await
}

#[tokio::test]
async fn without_a_script_a_form_does_the_same() -> Result<()> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    let cookie = sign_in(&app.owner).await?;
    let made = [("name", "by <form>"), ("_next", "/keys#{id}")];
    let answer = send(&app.owner, "/do/post/v1/keys", &cookie, &made).await?;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
    let keys = app.owner.get("/v1/keys").await?.text;
    assert!(keys.contains("by <form>"), "{keys}");
    // What is wrong comes as a page, with its status.
    let again = send(&app.owner, "/do/post/v1/keys", &cookie, &made).await?;
    assert_eq!(again.status, StatusCode::CONFLICT);
    assert!(
        again.text.contains("by &#60;form&#62;") && !again.text.contains("<form>"),
        "{}",
        again.text
    );
    app.stop().await
}

#[tokio::test]
async fn a_form_is_held_to_what_the_api_holds_a_call_to() -> Result<()> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    let cookie = sign_in(&app.owner).await?;
    let url = format!("{}/do/post/v1/keys", app.owner.url);
    let http = reqwest::Client::new();
    let form = || {
        let kind = "application/x-www-form-urlencoded";
        http.post(&url).header(header::CONTENT_TYPE, kind).body("name=stolen")
    };
    // From a stranger's page, with the person's cookie.
    for origin in ["https://evil.example", "null"] {
        let request = form().header(header::COOKIE, &cookie).header(header::ORIGIN, origin);
        assert_eq!(app.owner.send(request).await?.status, StatusCode::FORBIDDEN);
    }
    // Nobody is sent to sign in, and nothing is done.
    assert_eq!(
        send(&app.owner, "/do/post/v1/keys", "", &[]).await?.status,
        StatusCode::UNAUTHORIZED
    );
    // There is nothing but the API behind it.
    for path in
        ["/do/post/metrics", "/do/post/do/post/v1/keys", "/do/get/v1/keys", "/do/post/v1/../docs"]
    {
        let answer = send(&app.owner, path, &cookie, &[]).await?;
        assert!(answer.status.is_client_error(), "{path}: {}", answer.status);
    }
    let typed = [("_typed", "wob"), ("_expected", "web"), ("name", "never")];
    let answer = send(&app.owner, "/do/post/v1/keys", &cookie, &typed).await?;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let keys = app.owner.get("/v1/keys").await?.text;
    assert!(!keys.contains("stolen") && !keys.contains("never"), "{keys}");
    app.stop().await
}

/// Every page, as nobody: sent to sign in, unless the page is for that.
#[tokio::test]
async fn nobody_sees_a_page() -> Result<()> {
    let mut app = TestApp::with_password(Database::Sqlite).await?;
    for (path, shows) in portolan_server::pages()? {
        let real = path.replace("{id}", "tz4a98xxat96iws9zmbrgj3a");
        let answer = open(&app.owner, &real, "").await?;
        let public = shows.iter().all(|name| name == &"list_sign_in_ways");
        if public {
            assert_eq!(answer.status, StatusCode::OK, "{path}");
        } else {
            let to = location(&answer).unwrap_or_default();
            assert!(
                answer.status == StatusCode::SEE_OTHER && to.starts_with("/sign-in?"),
                "{path}"
            );
        }
        // The owner gets in, or is told that there is no such thing; never that something broke.
        let cookie = sign_in(&app.owner).await?;
        let answer = open(&app.owner, &real, &cookie).await?;
        let good = [StatusCode::OK, StatusCode::NOT_FOUND].contains(&answer.status);
        assert!(good, "{path}: {} {}", answer.status, answer.text);
        assert_eq!(answer.status == StatusCode::NOT_FOUND, path.contains('{'), "{path}");
        let policy = answer.headers.get(header::CONTENT_SECURITY_POLICY).context("a policy")?;
        assert!(!policy.to_str()?.contains("unsafe"), "{path}");
        assert!(!answer.text.contains(" style=\"") && !answer.text.contains("onclick"), "{path}");
    }
    app.stop().await
}

/// Whoever reads pages is told on one, and a program as programs are.
#[tokio::test]
async fn where_there_is_nothing_each_is_told_in_their_way() -> Result<()> {
    let mut app = TestApp::start(Database::Sqlite).await?;
    let at = |path: &str, accepts: &'static str| {
        let url = format!("{}{path}", app.owner.url);
        app.owner.send(reqwest::Client::new().get(url).header(header::ACCEPT, accepts))
    };
    let browser = "text/html,application/xhtml+xml,*/*;q=0.8";
    for (path, accepts, kind) in [
        ("/harbours", browser, "text/html; charset=utf-8"),
        ("/harbours", "*/*", "application/problem+json"),
        ("/v1/harbours", browser, "application/problem+json"),
    ] {
        let answer = at(path, accepts).await?;
        let told = answer.headers.get(header::CONTENT_TYPE).context("a kind")?.to_str()?;
        assert_eq!((answer.status, told), (StatusCode::NOT_FOUND, kind), "{path} {accepts}");
    }
    app.stop().await
}
