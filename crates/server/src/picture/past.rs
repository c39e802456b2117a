//! The fleet as it was: what is there now, with everything undone that happened since.
//!
//! Owns the walk back. What each thing was before its changes is kept by `db::past`.

use std::collections::HashMap;

use portolan_types::Timestamp;
use sqlx::AnyConnection;

use super::facts::{
    AttachmentFacts, DestinationFacts, Fact, Facts, ProxyFacts, RouteFacts, ServerFacts, Thing,
};
use crate::{
    Error,
    db::past::{self, Former},
    rights::Visible,
};

/// Things that are read at once.
const PART: i64 = 1_000;

/// Refuses what cannot be known: the future, and what is older than what was kept.
pub(super) fn check(moment: Timestamp, since: Timestamp, now: Timestamp) -> Result<(), Error> {
    if moment > now {
        return Err(Error::field("at", "has not come yet"));
    }
    if moment < since {
        return Err(Error::field(
            "at",
            format!("is before {since}, from when on the past is kept"),
        ));
    }
    Ok(())
}

/// The facts of a moment, from those of now.
pub(super) async fn walk_back(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
    now: Facts,
    moment: Timestamp,
) -> Result<Facts, Error> {
    let mut facts = now;
    let mut after = (String::new(), String::new());
    loop {
        let part = past::list_from(conn, visible, moment, (&after.0, &after.1), PART).await?;
        let Some(last) = part.last() else { return Ok(facts) };
        after = (last.thing.as_str().to_owned(), last.id.clone());
        facts = undone(facts, part);
    }
}

/// Each of these things as it was; those that are not named stay as they are. Pure.
pub(super) fn undone(facts: Facts, formers: Vec<Former>) -> Facts {
    let mut was: HashMap<(Thing, String), Option<Fact>> = HashMap::new();
    let mut order = Vec::new();
    for Former { thing, id, was: fact } in formers {
        order.push((thing, id.clone()));
        was.insert((thing, id), fact);
    }
    let mut then = Facts::default();
    for fact in all(facts) {
        let kept = was.remove(&key(&fact)).unwrap_or(Some(fact));
        then.extend(kept);
    }
    // What is left was removed since.
    then.extend(order.iter().filter_map(|key| was.remove(key)).flatten());
    then
}

fn all(facts: Facts) -> impl Iterator<Item = Fact> {
    // Of the others nothing is kept.
    let Facts { servers, proxies, destinations, attachments, routes, .. } = facts;
    let things = servers.into_iter().map(Fact::Server);
    let things = things.chain(proxies.into_iter().map(Fact::Proxy));
    let things = things.chain(destinations.into_iter().map(Fact::Destination));
    let things = things.chain(attachments.into_iter().map(Fact::Attachment));
    things.chain(routes.into_iter().map(Fact::Route))
}

/// By what a thing's past is found.
fn key(fact: &Fact) -> (Thing, String) {
    match fact {
        Fact::Server(ServerFacts { id, .. }) => (Thing::Server, id.to_string()),
        Fact::Proxy(ProxyFacts { server_id, .. }) => (Thing::Proxy, server_id.to_string()),
        Fact::Destination(DestinationFacts { id, .. }) => (Thing::Destination, id.to_string()),
        Fact::Attachment(AttachmentFacts { server_id, destination_id, .. }) => {
            (Thing::Attachment, format!("{server_id}:{destination_id}"))
        }
        Fact::Route(RouteFacts { id, .. }) => (Thing::Route, id.to_string()),
    }
}

impl Extend<Fact> for Facts {
    fn extend<T: IntoIterator<Item = Fact>>(&mut self, facts: T) {
        for fact in facts {
            match fact {
                Fact::Server(one) => self.servers.push(one),
                Fact::Proxy(one) => self.proxies.push(one),
                Fact::Destination(one) => self.destinations.push(one),
                Fact::Attachment(one) => self.attachments.push(one),
                Fact::Route(one) => self.routes.push(one),
            }
        }
    }
}
