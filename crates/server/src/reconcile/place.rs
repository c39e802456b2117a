//! Making a network on subnets that are free. What was planned when the destination was asked for
//! may have been taken since, by somebody on the host: then other subnets are chosen, a few times.
//! A subnet that the user asked for is never exchanged.

use std::borrow::Cow;

use ipnet::IpNet;
use portolan_types::Destination;

use super::{
    compare,
    recorder::failure,
    work::{Attempt, Work},
};
use crate::{
    addresses::{self, Choice, exhausted, overlap, subnets},
    host::{HostError, HostNetwork, NewNetwork, short_id},
};

/// How often other subnets are chosen after Docker refused the ones before.
const MOST_REFUSALS: usize = 8;

/// What is in the way of planned subnets.
struct InTheWay<'a> {
    networks: Cow<'a, [HostNetwork]>,
    /// Docker refused these, without naming what has them.
    refused: Vec<IpNet>,
}

/// Makes the network and answers its Docker id. The destination is left with the subnets that it
/// was made with.
pub(super) async fn create(work: &Work<'_>, destination: &mut Destination) -> Attempt<String> {
    let mut others = InTheWay { networks: Cow::Borrowed(work.networks), refused: Vec::new() };
    let mut refusals = 0;
    loop {
        if let Err(failure) = plan(work, destination, &others).await? {
            return Ok(Err(failure));
        }
        let step = work.recorder.begin("create").await?;
        let error = match make(work, destination).await? {
            Ok(made) => {
                work.recorder.done(step, &made.words).await?;
                return Ok(Ok(made.docker_id));
            }
            Err(error) => error,
        };
        let may_change = destination.options.subnet.is_none() && refusals < MOST_REFUSALS;
        if !(error.is_overlap() && may_change) {
            let action = format!("create network `{}`", destination.network);
            return work.fail(step, &action, error).await;
        }
        let refused = planned(destination);
        work.recorder.warn(step, &format!("not on {}: {error}", in_words(&refused))).await?;
        refusals += 1;
        others.refused.extend(refused);
        // What is in the way may have come after the pass began.
        others.networks = Cow::Owned(work.host.list_networks().await?);
    }
}

/// Chooses subnets where there are none yet or what was chosen is taken; a step only then.
async fn plan(
    work: &Work<'_>,
    destination: &mut Destination,
    others: &InTheWay<'_>,
) -> Attempt<()> {
    let Some(why) = why_another(destination, others) else { return Ok(Ok(())) };
    let step = work.recorder.begin("plan").await?;
    let InTheWay { networks, refused } = others;
    let choice =
        addresses::choose_again(work.app, work.row, destination, networks, refused).await?;
    let failure = match choice {
        Choice::Chosen(planned_now) => {
            destination.planned = planned_now;
            let detail = format!("{why}: {} instead", in_words(&planned(destination)));
            work.recorder.done(step, &detail).await?;
            return Ok(Ok(()));
        }
        Choice::Exhausted(why) => {
            let server = destination.server_name.as_str();
            let message = exhausted::message(server, &why);
            failure(exhausted::CODE, message, exhausted::REMEDY)
        }
        Choice::Moved => failure(
            "changed-meanwhile",
            format!("destination `{}` changed at this moment", destination.name),
            "look at it again, then decide",
        ),
    };
    work.recorder.fail(step, &failure).await?;
    Ok(Err(failure))
}

/// Why the planned subnets will not do.
fn why_another(destination: &Destination, others: &InTheWay<'_>) -> Option<String> {
    let planned_now = planned(destination);
    if destination.options.subnet.is_none() && destination.planned.subnet.is_none() {
        return Some("no subnet was planned yet".to_owned());
    }
    let refused = |net: &&IpNet| others.refused.contains(net);
    if let Some(net) = planned_now.iter().find(refused) {
        return Some(format!("Docker refused {net}"));
    }
    planned_now.iter().find_map(|net| {
        let has = |network: &&HostNetwork| subnets(network).any(|other| overlap(other, *net));
        let network = others.networks.iter().find(has)?;
        Some(format!("{net} is taken by network `{}`", network.name))
    })
}

/// The subnets that Portolan chose, in use or not.
fn planned(destination: &Destination) -> Vec<IpNet> {
    let ipv4 = destination.planned.subnet.filter(|_| destination.options.subnet.is_none());
    let ipv6 = destination
        .planned
        .ipv6_subnet
        .filter(|_| destination.options.ipv6 && destination.options.ipv6_subnet.is_none());
    ipv4.map(IpNet::from).into_iter().chain(ipv6.map(IpNet::from)).collect()
}

fn in_words(nets: &[IpNet]) -> String {
    nets.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ")
}

/// A network that is there now.
struct Made {
    docker_id: String,
    words: String,
}

/// Asks Docker once. The inner error is Docker's refusal.
async fn make(
    work: &Work<'_>,
    destination: &Destination,
) -> Result<Result<Made, HostError>, HostError> {
    let network = NewNetwork {
        kind: destination.kind,
        name: destination.network.clone(),
        options: destination.effective_options(),
        labels: compare::labels(destination),
    };
    let refusal = match work.host.create_network(&network).await {
        Ok(docker_id) => {
            let words = format!("Docker made network {}", short_id(&docker_id));
            return Ok(Ok(Made { docker_id, words }));
        }
        Err(error) => error,
    };
    let words = || "an earlier request, cut short, has made it".to_owned();
    let before = made_before(work, destination, &refusal).await?;
    Ok(before.map(|docker_id| Made { docker_id, words: words() }).ok_or(refusal))
}

/// A request that a crash cut off may still be under way in the engine while we look, and be
/// done when we ask again: then the name is taken by our own network.
async fn made_before(
    work: &Work<'_>,
    destination: &Destination,
    refusal: &HostError,
) -> Result<Option<String>, HostError> {
    let HostError::Docker { status: 409, .. } = refusal else { return Ok(None) };
    let found = work.host.find_network(destination.network.as_str()).await?;
    let ours = found.filter(|network| compare::is_ours(destination, network));
    Ok(ours.map(|network| network.docker_id))
}
