//! One attempt at a waiting message, and what follows from how it went.

use std::time::Duration;

use portolan_types::{Notification, NotifierId, Subject, Timestamp};
use rand::RngExt;
use secrecy::ExposeSecret;
use sqlx::AnyConnection;

use super::{
    message,
    post::{Letter, Receiver, Refusal},
    secret_context, url_context,
};
use crate::{
    App, Error,
    config::Pace,
    db::{
        self,
        delivery::{Head, Outcome},
        notifier::Sealed,
    },
    events::{self, Happened},
    metrics::DeliveryLabels,
};

/// Sends a message once and writes down what came of it. Killed in between it is sent again, with
/// the same id.
pub(crate) async fn attempt(app: &App, head: &Head) -> Result<(), Error> {
    let mut conn = app.db.acquire().await?;
    let sealed = db::notifier::find_sealed(&mut conn, &head.notifier).await?;
    // Removed a moment ago, and its messages with it.
    let Some(sealed) = sealed else { return Ok(()) };
    drop(conn);
    let text = text(head);
    let letter = Letter { id: &head.id, title: &head.title, text: &text, body: &head.body };
    let sent = send(app, &head.notifier, &sealed, &letter).await;
    let outcome = match &sent {
        Ok(_) => "delivered",
        Err(_) => "failed",
    };
    let kind = match sealed {
        Sealed::Webhook { .. } => "webhook",
        Sealed::Email { .. } => "email",
    };
    app.metrics.deliveries.get_or_create(&DeliveryLabels { kind, outcome }).inc();
    record(app, head, sent).await
}

/// Sends it to where the sealed says.
pub(super) async fn send(
    app: &App,
    id: &NotifierId,
    sealed: &Sealed,
    letter: &Letter<'_>,
) -> Result<String, Refusal> {
    let receiver = open(app, id, sealed).map_err(|error| {
        tracing::error!(notifier.id = %id, %error, "could not open where a notifier tells");
        Refusal::because("Portolan could not open its URL and secret: give them anew")
    })?;
    app.post.send(&receiver, letter).await
}

fn open(app: &App, id: &NotifierId, sealed: &Sealed) -> Result<Receiver, Error> {
    match sealed {
        Sealed::Webhook { url, secret } => {
            let url = app.vault.open_sealed(url, &url_context(id.as_str()))?;
            let secret = app.vault.open_sealed(secret, &secret_context(id.as_str()))?;
            let unreadable = |_| Error::Vault(crate::vault::VaultError::Sealed);
            Ok(Receiver::Webhook {
                url: url.expose_secret().parse().map_err(unreadable)?,
                secret: secret.expose_secret().parse().map_err(unreadable)?,
            })
        }
        Sealed::Email { to } => Ok(Receiver::Email { to: to.clone() }),
    }
}

/// The text of a mail is made from the body that was written down.
fn text(head: &Head) -> String {
    match serde_json::from_str::<Notification>(&head.body) {
        Ok(told) => message::mail(&told, head.notifier_name.as_str()),
        // One that another version wrote: its title is what can be said.
        Err(_) => head.title.clone(),
    }
}

async fn record(app: &App, head: &Head, sent: Result<String, Refusal>) -> Result<(), Error> {
    let now = Timestamp::now();
    let mut tx = app.db.begin().await?;
    match sent {
        Ok(answer) => {
            let outcome = Outcome::Delivered { answer: &answer };
            db::delivery::record(&mut tx, &head.id, &outcome, now).await?;
        }
        Err(refusal) if refusal.gone => stop(&mut tx, head, &refusal.words, now).await?,
        Err(refusal) if is_hopeless(&app.config.notifications.pace, head, now) => {
            give_up(&mut tx, head, &refusal.words, now).await?;
        }
        Err(refusal) => {
            let pace = &app.config.notifications.pace;
            let at = now.plus(pause(pace, head.attempts, rand::rng().random_range(0.8..1.2)));
            let outcome = Outcome::Again { error: &refusal.words, at };
            db::delivery::record(&mut tx, &head.id, &outcome, now).await?;
        }
    }
    Ok(tx.commit().await?)
}

/// The receiver wants no more: nothing is sent until a person says so.
async fn stop(
    conn: &mut AnyConnection,
    head: &Head,
    words: &str,
    now: Timestamp,
) -> Result<(), Error> {
    db::delivery::record(conn, &head.id, &Outcome::Failed { error: words }, now).await?;
    let reason = format!("the receiver wants no more: it answered {words}");
    if db::notifier::pause(conn, &head.notifier, &reason, now).await? {
        let message = format!("notifier `{}` was paused: {reason}", head.notifier_name);
        note(conn, head, "notifier.refused", message, now).await?;
    }
    Ok(())
}

async fn give_up(
    conn: &mut AnyConnection,
    head: &Head,
    words: &str,
    now: Timestamp,
) -> Result<(), Error> {
    let failed = Outcome::Failed { error: words };
    if db::delivery::record(conn, &head.id, &failed, now).await? {
        let message = format!(
            "notifier `{}` gave up on a message after {} attempts: {words}",
            head.notifier_name,
            head.attempts + 1
        );
        note(conn, head, "notifier.not-delivered", message, now).await?;
    }
    Ok(())
}

async fn note(
    conn: &mut AnyConnection,
    head: &Head,
    kind: &'static str,
    message: String,
    now: Timestamp,
) -> Result<(), Error> {
    let happened = Happened {
        team: &head.team,
        kind,
        subject: Subject::Notifier(head.notifier.clone()),
        name: head.notifier_name.as_str(),
        message,
    };
    Ok(events::record(conn, happened.by(events::portolan("courier")), now).await?)
}

/// Whether this was the last attempt.
fn is_hopeless(pace: &Pace, head: &Head, now: Timestamp) -> bool {
    head.attempts.saturating_add(1) >= pace.attempts
        || head.created_at.seconds_until(now) >= pace.give_up_after.as_secs()
}

/// How long to wait after `before` attempts and this one. `jitter` keeps those that failed together
/// from coming back together.
fn pause(pace: &Pace, before: u32, jitter: f64) -> Duration {
    let times = 3_u32.checked_pow(before).unwrap_or(u32::MAX);
    pace.first_pause.saturating_mul(times).min(pace.longest_pause).mul_f64(jitter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_an_hour_and_last_a_day() {
        let pace = Pace::default();
        let seconds = |before| pause(&pace, before, 1.0).as_secs();
        assert_eq!(
            [0, 1, 2, 5, 6, 29, 4_000].map(seconds),
            [10, 30, 90, 2_430, 3_600, 3_600, 3_600]
        );
        let all: u64 = (0..pace.attempts - 1).map(seconds).sum();
        assert!((23 * 3_600..25 * 3_600).contains(&all), "{all}");
        assert_eq!(pause(&pace, 0, 0.8), Duration::from_secs(8));
    }
}
