//! `portolan login`, `logout` and `whoami`.

use std::path::Path;

use portolan_types::{
    AcceptInvite, AcceptedInvite, Credential, Email, Name, Session, Setup, SetupDone,
};
use secrecy::{ExposeSecret, SecretString};

use super::token::expiry_span;
use crate::{
    ask::read_secret,
    client::{Access, BaseUrl, Client, ClientFile, Credentials},
    printer::{Details, Line, Printer},
};

/// How to prove who one is.
#[derive(Debug)]
pub(crate) enum Proof {
    /// The one-time token of a new control plane; makes the first owner.
    Setup {
        token: SecretString,
        email: String,
        team: Option<Name>,
    },
    ApiToken(SecretString),
    /// An invitation; makes a new account.
    Invite {
        secret: SecretString,
        email: Email,
    },
}

/// A secret from the command line; `-` reads it from stdin.
pub(crate) fn typed_secret(text: String) -> anyhow::Result<SecretString> {
    match text.as_str() {
        "-" => read_secret(Path::new("-")),
        _ => Ok(text.into()),
    }
}

pub(crate) async fn login(access: &Access, printer: &Printer, proof: Proof) -> anyhow::Result<()> {
    let url = match &access.url {
        Some(url) => url.clone(),
        None => access.file.read()?.map(|stored| stored.url).unwrap_or_default(),
    };
    if url.is_exposed() {
        printer.warn(&format!("{url} is not encrypted: others on the way can read the token"));
    }
    // A setup token and an invitation work only once: first see that what it gives can be stored, then store it
    // before anything else can fail.
    access.file.prepare()?;
    let token = match proof {
        Proof::ApiToken(token) => check(&url, token).await?,
        Proof::Setup { token, email, team } => set_up(&url, &token, email, team).await?,
        Proof::Invite { secret, email } => accept(&url, &secret, email).await?,
    };
    let credentials = Credentials { url, token };
    access.file.write(&credentials)?;
    let path = access.file.path().display();
    printer.say(&Line::plain(format!("logged in to {}; stored in {path}", credentials.url)));
    let client = Client::new(credentials.url, Some(credentials.token))?;
    whoami(&client, printer).await
}

async fn check(url: &BaseUrl, token: SecretString) -> anyhow::Result<SecretString> {
    let client = Client::new(url.clone(), Some(token.clone()))?;
    let _session: Session = client.get("/v1/session", &[]).await?;
    Ok(token)
}

async fn set_up(
    url: &BaseUrl,
    token: &SecretString,
    email: String,
    team: Option<Name>,
) -> anyhow::Result<SecretString> {
    let request = Setup { setup_token: token.expose_secret().to_owned(), email, team };
    let client = Client::new(url.clone(), None)?;
    let done: SetupDone = client.hand_in("/v1/setup", &request).await?;
    Ok(done.token.secret.into())
}

async fn accept(
    url: &BaseUrl,
    secret: &SecretString,
    email: Email,
) -> anyhow::Result<SecretString> {
    let request = AcceptInvite { secret: secret.expose_secret().to_owned(), email };
    let client = Client::new(url.clone(), None)?;
    let accepted: AcceptedInvite = client.hand_in("/v1/invites/accept", &request).await?;
    Ok(accepted.token.secret.into())
}

pub(crate) fn logout(printer: &Printer, file: &ClientFile) -> anyhow::Result<()> {
    let words = if file.remove()? {
        "logged out; the token itself stays valid until it is revoked (`portolan token revoke`)"
    } else {
        "nobody was logged in"
    };
    printer.say(&Line::plain(words));
    Ok(())
}

pub(crate) async fn whoami(client: &Client, printer: &Printer) -> anyhow::Result<()> {
    let session: Session = client.get("/v1/session", &[]).await?;
    let url = client.url().to_string();
    printer.one(&session, |session| details(session, url))?;
    Ok(())
}

fn details(session: &Session, url: String) -> Details {
    let details = Details::default()
        .row("email", &session.user.email)
        .row("team", session.team.name.as_str())
        .row("role", session.role.as_str());
    let details = match &session.credential {
        Credential::Token(token) => details
            .row("token", token.name.as_str())
            .row("abilities", token.abilities.to_string())
            .span("expires", expiry_span(token.expires_at)),
        Credential::Session(sign_in) => details
            .row("signed in", format!("by {}", sign_in.method))
            .span("expires", expiry_span(Some(sign_in.expires_at))),
    };
    details.row("url", url)
}
