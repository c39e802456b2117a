//! The names by which containers are found on the networks of destinations. Lists of containers
//! leave them out, so each is asked for once for each of its places and then remembered.

use std::collections::{BTreeSet, HashMap};

use futures_util::{StreamExt, stream};

use crate::host::{Attachment, Host, HostContainer, HostError};

/// Questions to a host at a time.
const AT_ONCE: usize = 8;

/// Aliases by endpoint: a container that starts again, or is connected anew, has another one.
#[derive(Debug, Default)]
pub(super) struct Aliases(HashMap<String, Vec<String>>);

impl Aliases {
    /// Adds the aliases of those that are on one of these networks (Docker ids or names).
    pub(super) async fn add(
        &mut self,
        host: &dyn Host,
        networks: &BTreeSet<String>,
        containers: &mut [HostContainer],
    ) -> Result<(), HostError> {
        let of_interest = |place: &Attachment| {
            networks.contains(&place.network_id)
                || (place.network_id.is_empty() && networks.contains(&place.key))
        };
        let unknown =
            |place: &&Attachment| of_interest(place) && !self.0.contains_key(&place.endpoint_id);
        let asked: Vec<usize> = containers
            .iter()
            .enumerate()
            .filter(|(_, one)| one.attachments.iter().any(|place| unknown(&place)))
            .map(|(index, _)| index)
            .collect();
        self.ask(host, &asked, containers).await?;
        let places = containers.iter_mut().flat_map(|one| &mut one.attachments);
        for place in places.filter(|place| of_interest(place)) {
            if let Some(known) = self.0.get(&place.endpoint_id) {
                place.aliases.clone_from(known);
            }
        }
        self.forget(containers);
        Ok(())
    }

    async fn ask(
        &mut self,
        host: &dyn Host,
        asked: &[usize],
        containers: &mut [HostContainer],
    ) -> Result<(), HostError> {
        let ids: Vec<(usize, String)> = asked
            .iter()
            .map(|index| (*index, containers[*index].member.docker_id.clone()))
            .collect();
        let asking = ids
            .into_iter()
            .map(|(index, id)| async move { (index, host.find_container(&id).await) });
        let mut answers = stream::iter(asking).buffered(AT_ONCE);
        while let Some((index, answer)) = answers.next().await {
            let detail = match answer {
                Ok(Some(detail)) => detail,
                // It is gone by now: the next look misses it.
                Ok(None) => continue,
                Err(error) if error.is_connection() => return Err(error),
                Err(error) => {
                    tracing::warn!(%error, "could not inspect a container; its aliases are unknown");
                    continue;
                }
            };
            for found in detail.endpoints {
                let Attachment { key, endpoint_id, .. } = found.attachment;
                let aliases = found.endpoint.aliases;
                let places = &mut containers[index].attachments;
                if let Some(place) = places.iter_mut().find(|place| place.key == key) {
                    place.aliases.clone_from(&aliases);
                }
                // Without an endpoint it does not run: there is nothing to know it by.
                if !endpoint_id.is_empty() {
                    self.0.insert(endpoint_id, aliases);
                }
            }
        }
        Ok(())
    }

    /// Only what is there is remembered.
    fn forget(&mut self, containers: &[HostContainer]) {
        let places = containers.iter().flat_map(|one| &one.attachments);
        let there: BTreeSet<&str> = places.map(|place| place.endpoint_id.as_str()).collect();
        self.0.retain(|endpoint, _| there.contains(endpoint.as_str()));
    }
}
