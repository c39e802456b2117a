//! Names and addresses that are taken on a network, and by whom.

use futures_util::{StreamExt, TryStreamExt, stream};
use portolan_types::Failure;

use super::{
    super::{
        recorder::failure,
        work::{Halt, Work},
    },
    Place,
};
use crate::host::{ContainerDetail, Endpoint, HostContainer};

/// Questions to a host at a time.
const AT_ONCE: usize = 8;

/// Refuses what somebody else on the network has already: Docker would let two share a name, and
/// give each request to one of them at random.
pub(super) async fn check(
    work: &Work<'_>,
    on: &Place<'_>,
    container: &ContainerDetail,
    wanted: &Endpoint,
) -> Result<(), Halt> {
    let own = &container.member.docker_id;
    for other in others(work, on, own).await? {
        if let Some(failure) = clash(on, &other, wanted) {
            return Err(failure.into());
        }
    }
    Ok(())
}

/// The other containers on the network, in full.
async fn others(work: &Work<'_>, on: &Place<'_>, own: &str) -> Result<Vec<ContainerDetail>, Halt> {
    let all = work.host.list_containers().await;
    let all = work.answer(all, || "list the containers".to_owned())?;
    let network = on.destination.network.as_str();
    let on_it =
        |one: &HostContainer| one.is_on(on.docker_id, network) && one.member.docker_id != own;
    let members = all.into_iter().filter(on_it).map(|one| one.member.docker_id);
    let asked = stream::iter(members).map(|id| async move { work.host.find_container(&id).await });
    let found: Result<Vec<_>, _> = asked.buffered(AT_ONCE).try_collect().await;
    let found = work.answer(found, || "inspect the containers".to_owned())?;
    Ok(found.into_iter().flatten().collect())
}

/// Names are found without regard to case.
fn clash(on: &Place<'_>, other: &ContainerDetail, wanted: &Endpoint) -> Option<Failure> {
    let network = on.destination.network.as_str();
    let place = other.endpoint(on.docker_id, network)?;
    let owner = &other.member.name;
    let names = || place.endpoint.aliases.iter().chain([owner]);
    let taken = |alias: &&String| names().any(|name| name.eq_ignore_ascii_case(alias));
    if let Some(alias) = wanted.aliases.iter().find(taken) {
        return Some(alias_belongs_to(alias, on.name(), owner));
    }
    let has = |address: &Option<String>| {
        let seen = [&place.attachment.address, &place.attachment.ipv6_address];
        let kept = [&place.endpoint.address, &place.endpoint.ipv6_address];
        address.is_some() && seen.into_iter().chain(kept).any(|other| other == address)
    };
    let taken = [&wanted.address, &wanted.ipv6_address].into_iter().find(|one| has(one));
    taken.and_then(Option::as_ref).map(|address| {
        failure(
            "address-taken",
            format!(
                "address {address} on destination `{}` belongs to container `{owner}`",
                on.name()
            ),
            "choose another address, or leave it out for a free one",
        )
    })
}

/// An alias that another container has.
pub(crate) fn alias_belongs_to(alias: &str, destination: &str, owner: &str) -> Failure {
    failure(
        "alias-taken",
        format!("alias `{alias}` on destination `{destination}` belongs to container `{owner}`"),
        "choose another alias, or take that container off first",
    )
}
