//! `portolan login`, `logout` and `whoami`.

mod provider;

use std::path::Path;

use anyhow::Context;
use portolan_types::{
    AcceptInvite, AcceptedInvite, CreateSession, CreatedSession, Credential, Email, Name, Password,
    ProviderName, Session, Setup, SetupDone,
};
use secrecy::{ExposeSecret, SecretString};

use super::{token::expiry_span, user};
use crate::{
    ask::{Answers, read_secret},
    client::{Access, BaseUrl, Client, ClientFile, Credentials},
    printer::{Details, Line, Printer},
};

/// How the secret of a session begins; a token's begins otherwise.
const SESSION_PREFIX: &str = "portolan_s_";

/// How to prove who one is.
#[derive(Debug)]
pub(crate) enum Proof {
    /// The one-time token of a new control plane; makes the first owner.
    Setup {
        token: SecretString,
        email: String,
        team: Option<Name>,
        /// Who says the password to sign in with from now on.
        password: Option<Answers>,
    },
    Password {
        email: String,
        answers: Answers,
        code: Option<String>,
    },
    /// Through a provider: the one of this name, or the only one.
    Provider(Option<ProviderName>),
    ApiToken(SecretString),
    /// An invitation; makes a new account.
    Invite {
        secret: SecretString,
        email: Email,
        /// Who says the password to sign in with from now on.
        password: Option<Answers>,
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
    // A setup token and an invitation work only once: first see that what it gives can be stored,
    // then store it before anything else can fail.
    access.file.prepare()?;
    let credentials = match proof {
        Proof::ApiToken(token) => {
            let token = check(&url, token).await?;
            Credentials { url, token, device: None }
        }
        Proof::Provider(name) => {
            let device = known_device(access, &url)?.map(SecretString::from);
            provider::sign_in(url, printer, name.as_ref(), device).await?
        }
        Proof::Setup { token, email, team, password } => {
            let password = new_password(printer, password)?;
            let setup_token = token.expose_secret().to_owned();
            let token = set_up(&url, &Setup { setup_token, email, team, password }).await?;
            Credentials { url, token, device: None }
        }
        Proof::Invite { secret, email, password } => {
            let password = new_password(printer, password)?;
            let secret = secret.expose_secret().to_owned();
            let token = accept(&url, &AcceptInvite { secret, email, password }).await?;
            Credentials { url, token, device: None }
        }
        Proof::Password { email, answers, code } => {
            let password = user::password(&answers.secret(printer, "password:")?);
            let device = known_device(access, &url)?;
            let request =
                CreateSession { email, password, code, team_id: None, device, cookie: false };
            sign_in(url, printer, answers, request).await?
        }
    };
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

async fn set_up(url: &BaseUrl, request: &Setup) -> anyhow::Result<SecretString> {
    let client = Client::new(url.clone(), None)?;
    let done: SetupDone = client.hand_in("/v1/setup", request).await?;
    Ok(done.token.secret.into())
}

async fn accept(url: &BaseUrl, request: &AcceptInvite) -> anyhow::Result<SecretString> {
    let client = Client::new(url.clone(), None)?;
    let accepted: AcceptedInvite = client.hand_in("/v1/invites/accept", request).await?;
    Ok(accepted.token.secret.into())
}

/// What to sign in with from now on. Whoever says nothing wants none.
fn new_password(printer: &Printer, from: Option<Answers>) -> anyhow::Result<Option<Password>> {
    let Some(answers) = from else { return Ok(None) };
    let question = match answers {
        Answers::Person => "password to sign in with, or nothing for none:",
        Answers::Lines => "password:",
    };
    let secret = answers.new_secret(printer, question)?;
    Ok((!secret.expose_secret().is_empty()).then(|| user::password(&secret)))
}

/// What this control plane gave us at an earlier sign-in; another gets nothing of it.
fn known_device(access: &Access, url: &BaseUrl) -> anyhow::Result<Option<String>> {
    let stored = access.file.read()?.filter(|stored| stored.url == *url);
    let device = stored.and_then(|stored| stored.device);
    Ok(device.map(|device| device.expose_secret().to_owned()))
}

/// Asks for the code only when it turns out to be needed.
async fn sign_in(
    url: BaseUrl,
    printer: &Printer,
    answers: Answers,
    request: CreateSession,
) -> anyhow::Result<Credentials> {
    let client = Client::new(url.clone(), None)?;
    let path = "/v1/sessions";
    let first: Result<CreatedSession, _> = client.hand_in(path, &request).await;
    let (created, device) = match first {
        Err(error) if error.is_problem("second-factor-needed") => {
            let code = answers.secret(printer, "code of the authenticator, or a recovery code:")?;
            let code = Some(code.expose_secret().to_owned());
            let request = CreateSession { code, ..request };
            let created: CreatedSession = client.hand_in(path, &request).await?;
            (created, request.device)
        }
        first => (first?, request.device),
    };
    let token = created.secret.context("the control plane gave no session")?.into();
    // One that is known already gets no other.
    let device = created.device.or(device).map(SecretString::from);
    Ok(Credentials { url, token, device })
}

/// Ends a session on the control plane as well; a token may be in use elsewhere, and lives on.
pub(crate) async fn logout(printer: &Printer, file: &ClientFile) -> anyhow::Result<()> {
    let stored = file.read().unwrap_or_else(|error| {
        printer.warn(&format!("{error:#}"));
        None
    });
    let words = match stored {
        None if file.remove()? => "logged out",
        None => "nobody was logged in",
        Some(stored) if stored.token.expose_secret().starts_with(SESSION_PREFIX) => {
            end_session(printer, stored).await?;
            "logged out"
        }
        Some(_) => {
            "logged out; the token itself stays valid until it is revoked (`portolan token revoke`)"
        }
    };
    file.remove()?;
    printer.say(&Line::plain(words));
    Ok(())
}

/// What cannot be ended there is forgotten here all the same.
async fn end_session(printer: &Printer, stored: Credentials) -> anyhow::Result<()> {
    let client = Client::new(stored.url, Some(stored.token))?;
    let ended: Result<(), _> = client.remove("/v1/session", &[]).await;
    match ended {
        Ok(()) => {}
        Err(error) if error.is_problem("unauthenticated") => {}
        Err(error) => printer
            .warn(&format!("the session could not be ended and stays until it expires: {error}")),
    }
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
        .row("role", session.role.as_str())
        .row("sees", session.sees.as_str());
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
