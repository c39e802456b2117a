//! From events to messages that wait: heard, quieted, and written down in one transaction with how
//! far it was heard. So a crash at any moment neither loses a message nor makes it twice.

use portolan_types::{
    Delivery, DeliveryId, DeliveryState, Event, EventFilter, Subject, TeamId, Timestamp,
};
use sqlx::AnyConnection;

use super::{
    heap::Heap,
    message,
    quiet::{Held, Rules},
};
use crate::{
    App, Error,
    db::{
        self,
        delivery::NewDelivery,
        event::Part,
        notifier::{Heard, Hearing},
    },
    rights::Visible,
};

/// Events that are heard in one transaction.
const BATCH: i64 = 200;

/// Lets every notifier hear what is new, and say what is due. Answers when the next is due.
pub(crate) async fn collect(app: &App) -> Result<Option<Timestamp>, Error> {
    loop {
        let mut conn = app.db.acquire().await?;
        let hearing = db::notifier::list_hearing(&mut conn, Timestamp::now()).await?;
        if hearing.is_empty() {
            return Ok(db::notifier::find_next_due(&mut conn).await?);
        }
        drop(conn);
        for one in &hearing {
            hear(app, one).await?;
        }
    }
}

async fn hear(app: &App, hearing: &Hearing) -> Result<(), Error> {
    let now = Timestamp::now();
    let mut held = held(hearing);
    let mut tx = app.db.begin().await?;
    let part =
        Part { filter: &EventFilter::default(), search: None, from: hearing.position, rows: BATCH };
    let mut events = db::event::list_after(&mut tx, Visible::whole(&hearing.team), part).await?;
    let last = events.last().map(|event| i64::try_from(event.sequence).unwrap_or(i64::MAX));
    events.retain(|event| !is_about(hearing, event));
    let said = held.pass(&rules(hearing), events, now);
    let heard = Heard {
        position: last.unwrap_or(hearing.position),
        held: message::to_json(&held)?,
        due_at: held.due(),
    };
    if !db::notifier::move_on(&mut tx, hearing, &heard).await? {
        // Paused, edited or removed meanwhile: it is looked at again as it is now.
        return Ok(());
    }
    for heap in said {
        write(&mut tx, hearing, heap, now).await?;
    }
    Ok(tx.commit_quietly().await?)
}

/// What it says of itself would be told by itself for ever.
fn is_about(hearing: &Hearing, event: &Event) -> bool {
    event.subject == Subject::Notifier(hearing.id.clone())
}

/// A version that held back otherwise may have been here before.
fn held(hearing: &Hearing) -> Held {
    let Some(text) = &hearing.held else { return Held::default() };
    serde_json::from_str(text).unwrap_or_else(|error| {
        tracing::error!(notifier.id = %hearing.id, %error, "could not read what was held back");
        Held::default()
    })
}

fn rules(hearing: &Hearing) -> Rules {
    Rules {
        topics: hearing.topics.clone(),
        min_severity: hearing.min_severity,
        quiet_seconds: hearing.quiet_seconds,
        grace_seconds: hearing.grace_seconds,
    }
}

async fn write(
    conn: &mut AnyConnection,
    hearing: &Hearing,
    heap: Heap,
    now: Timestamp,
) -> Result<(), Error> {
    let Some(place) = db::notifier::take_place(conn, &hearing.id).await? else { return Ok(()) };
    let (delivery, body) = draft(&hearing.team, hearing, heap, now)?;
    let new = NewDelivery { team: &hearing.team, place, delivery: &delivery, body: &body };
    Ok(db::delivery::insert(conn, &new).await?)
}

fn draft(
    team: &TeamId,
    hearing: &Hearing,
    heap: Heap,
    now: Timestamp,
) -> Result<(Delivery, String), Error> {
    let (first, last, events) = (heap.first.sequence, heap.last.sequence, heap.events());
    let told = message::of(team, heap);
    let body = message::to_json(&told)?;
    let delivery = Delivery {
        id: DeliveryId::generate(),
        notifier_id: hearing.id.clone(),
        kind: told.kind,
        title: told.data.title,
        state: DeliveryState::Waiting,
        events,
        first_sequence: Some(first),
        last_sequence: Some(last),
        attempts: 0,
        answer: None,
        error: None,
        created_at: now,
        next_attempt_at: Some(now),
        finished_at: None,
    };
    Ok((delivery, body))
}
