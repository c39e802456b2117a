//! Whether the network on the host is the one that the destination says.

use portolan_types::{Check, CheckName, Destination};

use super::super::{
    draft::{Draft, Verdict},
    probes::{Ground, Stop, Trouble},
    prover::Prover,
};
use crate::{
    host::{HostNetwork, short_id},
    reconcile::compare::{self, difference},
};

impl Prover<'_> {
    /// The check, and the network where there is one of the name.
    pub(in super::super) async fn network(&self) -> Result<(Check, Option<HostNetwork>), Stop> {
        let mut draft = Draft::new(CheckName::Network);
        let destination = &self.row.destination;
        let found = match look(&self.ground, destination).await {
            Ok(found) => found,
            Err(trouble) => return Ok((draft.end(Err(trouble))?, None)),
        };
        let answer = found.as_ref().map_or_else(|| "there is none".to_owned(), in_words);
        let server = self.ground.server;
        let to = format!("network `{}`", destination.network);
        draft.saw((format!("Docker on server `{server}`"), to), "looking at the network", answer);
        let verdict = judge(destination, found.as_ref(), server);
        Ok((draft.with(verdict), found))
    }
}

/// By Docker's id, or else by name: a network of the name may be another one.
async fn look(
    ground: &Ground<'_>,
    destination: &Destination,
) -> Result<Option<HostNetwork>, Trouble> {
    if let Some(observed) = &destination.observed {
        let found = ground.host.find_network(&observed.docker_id).await;
        if let Some(found) = ground.answer(found)? {
            return Ok(Some(found));
        }
    }
    ground.answer(ground.host.find_network(destination.network.as_str()).await)
}

fn judge(destination: &Destination, found: Option<&HostNetwork>, server: &str) -> Verdict {
    let name = &destination.network;
    let Some(network) = found else {
        let reason = format!("server `{server}` has no network `{name}`");
        return Verdict::failed(reason, remedy(destination));
    };
    if let Some(difference) = difference(destination, network) {
        let reason = format!("network `{name}` is not what the destination says: {difference}");
        return Verdict::failed(reason, remedy(destination));
    }
    let known = destination.observed.as_ref().map(|observed| observed.docker_id.as_str());
    if known.is_some_and(|known| known != network.docker_id) {
        let reason = format!(
            "network `{name}` was recreated behind Portolan's back: it is {} now",
            short_id(&network.docker_id)
        );
        return Verdict::failed(reason, remedy(destination));
    }
    Verdict::Passed
}

fn remedy(destination: &Destination) -> String {
    format!(
        "see `show_destination {}`; what drifted is repaired by itself, and what failed can be tried again (`retry_destination`)",
        destination.id
    )
}

fn in_words(network: &HostNetwork) -> String {
    let subnets: Vec<&str> = network.subnets.iter().map(|one| one.subnet.as_str()).collect();
    let mut words = vec![network.driver.as_str(), short_id(&network.docker_id)];
    words.extend(subnets);
    let flags = [(network.internal, "internal"), (compare::is_encrypted(network), "encrypted")];
    words.extend(flags.iter().filter(|(set, _)| *set).map(|(_, word)| *word));
    words.join(", ")
}
