//! Notifiers: who outside is told of a team's events. Made, changed, tested, and looked back on.
//!
//! Owns what is allowed and what is sealed. What is told and when is in `quiet` and `outbox`, what
//! it says in `message`, how it is sent in `post`; `reconcile::courier` sees to it that it is.

mod attempt;
mod change;
mod heap;
mod message;
mod outbox;
mod post;
mod quiet;
mod trial;

use portolan_types::{
    CreateNotifier, CreatedNotifier, Delivery, DeliveryId, Email, NewTarget, Notifier, NotifierId,
    NotifierState, Page, PageQuery, Subject, Target, Timestamp, WebhookSecret, WebhookUrl,
    notifier::check_recipients,
};
use sqlx::AnyConnection;

use crate::{
    Actor, App, Error, db,
    db::notifier::Sealed,
    events::{self, Happened},
    page,
};

pub(crate) use attempt::attempt;
pub use change::update;
pub(crate) use outbox::collect;
pub(crate) use post::{Letter, Receiver, Refusal};
pub use post::{Post, PostError};
pub use trial::test;

/// Makes a notifier. It tells of what happens from now on.
pub async fn create(
    app: &App,
    actor: &Actor,
    input: CreateNotifier,
) -> Result<CreatedNotifier, Error> {
    let now = Timestamp::now();
    let id = NotifierId::generate();
    let (target, sealed, secret) = seal_target(app, &id, input.target)?;
    let notifier = Notifier {
        id,
        name: input.name,
        target,
        topics: input.topics,
        min_severity: input.min_severity,
        quiet_seconds: input.quiet_seconds,
        grace_seconds: input.grace_seconds,
        state: NotifierState::Active,
        reason: None,
        created_at: now,
        updated_at: now,
    };
    check_pace(&notifier)?;
    events::number(app).await?;
    let mut tx = app.db.begin().await?;
    let latest = latest(&mut tx).await?;
    db::notifier::insert(&mut tx, actor.team_id(), &notifier, &sealed, latest)
        .await
        .map_err(|error| Error::on_unique(error, || taken(&notifier)))?;
    let happened = event(actor, "notifier.added", &notifier, "added");
    events::record(&mut tx, happened.by(actor.author()), now).await?;
    tx.commit().await?;
    Ok(CreatedNotifier { notifier, secret })
}

/// What is stored of where it tells, and the secret when it was made here.
fn seal_target(
    app: &App,
    id: &NotifierId,
    target: NewTarget,
) -> Result<(Target, Sealed, Option<WebhookSecret>), Error> {
    match target {
        NewTarget::Webhook { url, secret } => {
            let is_ours = secret.is_none();
            let secret = secret.unwrap_or_else(post::new_secret);
            let sealed = Sealed::Webhook {
                url: seal_url(app, id, &url)?,
                secret: seal_secret(app, id, &secret)?,
            };
            Ok((Target::Webhook { origin: url.origin() }, sealed, is_ours.then_some(secret)))
        }
        NewTarget::Email { to } => {
            check_mail(app, "target.to", &to)?;
            Ok((Target::Email { to: to.clone() }, Sealed::Email { to }, None))
        }
    }
}

fn seal_url(app: &App, id: &NotifierId, url: &WebhookUrl) -> Result<String, Error> {
    Ok(app.vault.seal(&url.expose().to_string().into(), &url_context(id.as_str()))?)
}

fn seal_secret(app: &App, id: &NotifierId, secret: &WebhookSecret) -> Result<String, Error> {
    Ok(app.vault.seal(&secret.expose().to_owned().into(), &secret_context(id.as_str()))?)
}

/// What a URL is sealed for: the row and the column that it belongs to.
pub(crate) fn url_context(id: &str) -> String {
    format!("notifier-url:{id}")
}

pub(crate) fn secret_context(id: &str) -> String {
    format!("notifier-secret:{id}")
}

/// Whether mail can be sent, and to these addresses.
pub(crate) fn check_mail(app: &App, field: &str, to: &[Email]) -> Result<(), Error> {
    if !app.post.has_mail() {
        return Err(Error::refused(
            "no-mail-server",
            "this installation has no mail server",
            "ask its operator to start it with `portolan serve --smtp-url smtps://USER@HOST \
             --smtp-password-file FILE --smtp-from ADDRESS`, or use a webhook",
        ));
    }
    check_recipients(to).map_err(|invalid| Error::field(field, invalid.to_string()))?;
    let unusable = to.iter().find_map(|address| post::mailbox(address).err());
    unusable.map_or(Ok(()), |words| Err(Error::field(field, words)))
}

/// Sends one message to one address, once. The mail server's words, either way.
pub(crate) async fn send_mail(
    app: &App,
    to: Email,
    title: &str,
    text: &str,
) -> Result<String, String> {
    let letter = Letter { id: &DeliveryId::generate(), title, text, body: "" };
    let sent = app.post.send(&Receiver::Email { to: vec![to] }, &letter).await;
    sent.map_err(|refusal| refusal.words)
}

fn check_pace(notifier: &Notifier) -> Result<(), Error> {
    let bounds = [
        ("quiet_seconds", notifier.quiet_seconds, Notifier::LONGEST_QUIET),
        ("grace_seconds", notifier.grace_seconds, Notifier::LONGEST_GRACE),
    ];
    for (field, seconds, longest) in bounds {
        if seconds > longest {
            return Err(Error::field(field, format!("must be 0 to {longest}")));
        }
    }
    Ok(())
}

/// The latest number: what follows it is news.
async fn latest(conn: &mut AnyConnection) -> Result<i64, Error> {
    let (latest, _) = db::event::find_marks(conn).await?;
    Ok(i64::try_from(latest).unwrap_or(i64::MAX))
}

fn taken(notifier: &Notifier) -> Error {
    Error::refused(
        "notifier-exists",
        format!("the team already has a notifier named `{}`", notifier.name),
        "choose another name, or edit that one",
    )
}

fn event<'a>(
    actor: &'a Actor,
    kind: &'static str,
    notifier: &'a Notifier,
    what: &str,
) -> Happened<'a> {
    Happened {
        team: actor.team_id(),
        kind,
        subject: Subject::Notifier(notifier.id.clone()),
        name: notifier.name.as_str(),
        message: format!("notifier `{}` was {what} by {}", notifier.name, actor.user.email),
    }
}

/// One notifier of the team.
pub async fn show(app: &App, actor: &Actor, id: &NotifierId) -> Result<Notifier, Error> {
    let mut conn = app.db.acquire().await?;
    find(&mut conn, actor, id).await
}

async fn find(conn: &mut AnyConnection, actor: &Actor, id: &NotifierId) -> Result<Notifier, Error> {
    db::notifier::find(conn, actor.visible(), id).await?.ok_or(Error::NotFound("notifier"))
}

/// The team's notifiers, oldest first.
pub async fn list(app: &App, actor: &Actor, query: &PageQuery) -> Result<Page<Notifier>, Error> {
    let mut conn = app.db.acquire().await?;
    let rows = db::notifier::list(&mut conn, actor.visible(), query).await?;
    Ok(page::of(rows, query, |one| (one.created_at, one.id.as_str())))
}

/// Removes a notifier with its history. What waited is not delivered any more.
pub async fn delete(app: &App, actor: &Actor, id: &NotifierId) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    let notifier = find(&mut tx, actor, id).await?;
    if !db::notifier::delete(&mut tx, actor.team_id(), id).await? {
        return Err(Error::NotFound("notifier"));
    }
    let happened = event(actor, "notifier.removed", &notifier, "removed");
    events::record(&mut tx, happened.by(actor.author()), Timestamp::now()).await?;
    Ok(tx.commit().await?)
}

/// What the notifier told, newest first.
pub async fn list_deliveries(
    app: &App,
    actor: &Actor,
    id: &NotifierId,
    query: &PageQuery,
) -> Result<Page<Delivery>, Error> {
    let mut conn = app.db.acquire().await?;
    find(&mut conn, actor, id).await?;
    let rows = db::delivery::list(&mut conn, actor.team_id(), id, query).await?;
    Ok(page::by_place(rows, query))
}
