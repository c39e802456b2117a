//! What a container uses, sample by sample for as long as it is watched.

use std::sync::Arc;

use futures_util::{StreamExt, future::ready};
use portolan_types::ContainerStats;

use super::{super::inside, Opened, hand_over};
use crate::{
    App,
    host::{Counted, Host, HostError},
    readings::{Answer, Feed, Spool, Ticket},
    tasks::Pulse,
};

pub(super) async fn watch(
    app: &App,
    host: Option<Arc<dyn Host>>,
    ticket: &Ticket,
    answer: Answer<Feed>,
    pulse: &Pulse,
) {
    let opening = async {
        let (host, container) = inside::find(host, &ticket.place).await?;
        inside::check_runs(&ticket.place, &container)?;
        let counted = host.container_stats(&container.member.docker_id).await;
        Ok(measured(counted.map_err(|error| inside::refused(&ticket.place, &error))?))
    };
    let put = |spool: &mut Spool, stats: ContainerStats| spool.push_stats(stats);
    hand_over(app, ticket, pulse, (opening, answer), put).await;
}

/// Each against the one before. The first is told at once.
fn measured(counted: Opened<Counted>) -> Opened<ContainerStats> {
    let against = |before: &mut Option<Counted>, counted: Result<Counted, HostError>| {
        let told = counted.map(|counted| {
            let told = counted.since(before.as_ref());
            *before = Some(counted);
            told
        });
        ready(Some(told))
    };
    counted.scan(None, against).boxed()
}
