//! Trying a notifier out: one message that tells nothing, and what came of it.

use portolan_types::{
    Delivery, DeliveryId, DeliveryState, Notification, NotifierId, Subject, Timestamp,
};

use super::{
    attempt, find, message,
    post::{Letter, Refusal},
};
use crate::{
    Actor, App, Error,
    db::{self, delivery::NewDelivery},
};

/// Sends a message that says nothing, once and at once, and answers what came of it. It passes
/// those that wait, and a paused notifier can be tested too.
pub async fn test(app: &App, actor: &Actor, id: &NotifierId) -> Result<Delivery, Error> {
    let mut conn = app.db.acquire().await?;
    let notifier = find(&mut conn, actor, id).await?;
    let sealed = db::notifier::find_sealed(&mut conn, id).await?;
    let sealed = sealed.ok_or(Error::NotFound("notifier"))?;
    // The receiver takes its time: nothing is held meanwhile.
    drop(conn);
    let (began, name) = (Timestamp::now(), notifier.name.as_str());
    let told = message::test(actor.team_id(), Subject::Notifier(id.clone()), name, began);
    let (body, text) = (message::to_json(&told)?, message::mail(&told, name));
    let delivery = DeliveryId::generate();
    let letter = Letter { id: &delivery, title: &told.data.title, text: &text, body: &body };
    let sent = attempt::send(app, id, &sealed, &letter).await;
    let delivery = over(delivery, id, told, sent, began);
    keep(app, actor, &delivery, &body).await?;
    Ok(delivery)
}

/// The delivery, whatever came of it: a test is not tried again.
fn over(
    id: DeliveryId,
    notifier: &NotifierId,
    told: Notification,
    sent: Result<String, Refusal>,
    began: Timestamp,
) -> Delivery {
    let (state, answer, error) = match sent {
        Ok(answer) => (DeliveryState::Delivered, Some(answer), None),
        Err(refusal) => (DeliveryState::Failed, None, Some(refusal.words)),
    };
    Delivery {
        id,
        notifier_id: notifier.clone(),
        kind: told.kind,
        title: told.data.title,
        state,
        events: 0,
        first_sequence: None,
        last_sequence: None,
        attempts: 1,
        answer,
        error,
        created_at: began,
        next_attempt_at: None,
        finished_at: Some(Timestamp::now()),
    }
}

/// Writes a delivery down that is over.
async fn keep(app: &App, actor: &Actor, delivery: &Delivery, body: &str) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    let place = db::notifier::take_place(&mut tx, &delivery.notifier_id).await?;
    let place = place.ok_or(Error::NotFound("notifier"))?;
    let new = NewDelivery { team: actor.team_id(), place, delivery, body };
    db::delivery::insert(&mut tx, &new).await?;
    Ok(tx.commit_quietly().await?)
}
