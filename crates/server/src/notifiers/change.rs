//! Changing a notifier: what it tells and where, and pausing it.

use portolan_types::{
    Notifier, NotifierId, NotifierState, Target, Timestamp, UpdateNotifier, WebhookSecret,
    WebhookUrl,
};

use super::{check_mail, check_pace, event, find, latest, seal_secret, seal_url, taken};
use crate::{
    Actor, App, Error,
    db::{self, notifier::Sealed},
    events,
};

/// Changes a notifier. One that goes on tells of what happens from now on, and delivers what waited.
pub async fn update(
    app: &App,
    actor: &Actor,
    id: &NotifierId,
    input: UpdateNotifier,
) -> Result<Notifier, Error> {
    events::number(app).await?;
    let mut tx = app.db.begin().await?;
    // Two changes at once: the second is made to what the first left.
    db::team::lock(&mut tx, actor.team_id()).await?;
    let before = find(&mut tx, actor, id).await?;
    let sealed = db::notifier::find_sealed(&mut tx, id).await?;
    let sealed = sealed.ok_or(Error::NotFound("notifier"))?;
    let (target, sealed) = retarget(app, &before, sealed, &input)?;
    let now = Timestamp::now();
    let after = edited(&before, target, input, now);
    check_pace(&after)?;
    let updated = db::notifier::update(&mut tx, actor.team_id(), &after, &sealed).await;
    if !updated.map_err(|error| Error::on_unique(error, || taken(&after)))? {
        return Err(Error::NotFound("notifier"));
    }
    if (before.state, after.state) == (NotifierState::Paused, NotifierState::Active) {
        let latest = latest(&mut tx).await?;
        db::notifier::start_over(&mut tx, id, latest).await?;
    }
    let (kind, what) = named(&before, &after);
    let entry = event(actor, kind, &after, what).change(&before, &after).by(actor.author());
    events::record(&mut tx, entry, now).await?;
    tx.commit().await?;
    app.courier.notify_one();
    Ok(after)
}

/// What the change is called.
fn named(before: &Notifier, after: &Notifier) -> (&'static str, &'static str) {
    match (before.state, after.state) {
        (NotifierState::Active, NotifierState::Paused) => ("notifier.paused", "paused"),
        (NotifierState::Paused, NotifierState::Active) => ("notifier.resumed", "resumed"),
        (NotifierState::Active, NotifierState::Active)
        | (NotifierState::Paused, NotifierState::Paused) => ("notifier.edited", "edited"),
    }
}

/// Where it tells from now on. What is not of its kind is refused.
fn retarget(
    app: &App,
    before: &Notifier,
    sealed: Sealed,
    input: &UpdateNotifier,
) -> Result<(Target, Sealed), Error> {
    match (&before.target, sealed) {
        (Target::Webhook { origin }, Sealed::Webhook { url, secret }) => {
            refuse(input.to.is_some(), "to", "a webhook has no addresses")?;
            let id = &before.id;
            let origin = input.url.as_ref().map_or_else(|| origin.clone(), WebhookUrl::origin);
            let new_url = input.url.as_ref().map(|url| seal_url(app, id, url)).transpose()?;
            let seal = |secret: &WebhookSecret| seal_secret(app, id, secret);
            let new_secret = input.secret.as_ref().map(seal).transpose()?;
            let sealed = Sealed::Webhook {
                url: new_url.unwrap_or(url),
                secret: new_secret.unwrap_or(secret),
            };
            Ok((Target::Webhook { origin }, sealed))
        }
        (Target::Email { .. } | Target::Webhook { .. }, sealed) => {
            refuse(input.url.is_some(), "url", "mail has no URL")?;
            refuse(input.secret.is_some(), "secret", "mail is not signed")?;
            let Some(to) = &input.to else { return Ok((before.target.clone(), sealed)) };
            check_mail(app, "to", to)?;
            Ok((Target::Email { to: to.clone() }, Sealed::Email { to: to.clone() }))
        }
    }
}

fn refuse(given: bool, field: &str, why: &str) -> Result<(), Error> {
    if given { Err(Error::field(field, why)) } else { Ok(()) }
}

fn edited(before: &Notifier, target: Target, input: UpdateNotifier, now: Timestamp) -> Notifier {
    let before = before.clone();
    let state = input.state.unwrap_or(before.state);
    Notifier {
        name: input.name.unwrap_or(before.name),
        target,
        topics: input.topics.unwrap_or(before.topics),
        min_severity: input.min_severity.unwrap_or(before.min_severity),
        quiet_seconds: input.quiet_seconds.unwrap_or(before.quiet_seconds),
        grace_seconds: input.grace_seconds.unwrap_or(before.grace_seconds),
        state,
        // A person who says how it is to be has read why it was otherwise.
        reason: before.reason.filter(|_| input.state.is_none()),
        id: before.id,
        created_at: before.created_at,
        updated_at: now,
    }
}
