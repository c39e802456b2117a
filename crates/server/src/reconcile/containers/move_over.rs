//! One container from a destination to another on the same host: onto the other one first, so that
//! it is never without a network, and off it again where it cannot leave the first.

use portolan_types::ContainerName;

use super::{
    super::{
        recorder::failure,
        work::{Halt, Work},
    },
    Done, Place, attach, claims,
    connect::check_mode,
    detach, look,
};
use crate::host::{ContainerDetail, Endpoint};

/// What has to be done still.
enum Rest {
    Nothing,
    /// Onto the other destination, and off this one.
    Both(ContainerDetail, Endpoint),
    /// An earlier try came half way.
    Leave(ContainerDetail),
}

pub(super) async fn run(
    work: &Work<'_>,
    from: &Place<'_>,
    to: &Place<'_>,
    name: &ContainerName,
) -> Result<Done, Halt> {
    let rest = work.step("look", examine(work, from, to, name)).await?;
    match rest {
        Rest::Nothing => {}
        Rest::Leave(container) => leave(work, from, &container).await?,
        Rest::Both(container, endpoint) => {
            work.step("connect", async {
                attach(work, to, &container, &endpoint).await?;
                Ok(((), format!("`{name}` is on network `{}`", to.destination.network)))
            })
            .await?;
            if let Err(halt) = leave(work, from, &container).await {
                return Err(take_back(work, to, &container, halt).await);
            }
        }
    }
    let (from, to) = (from.name(), to.name());
    Ok(("container.moved", format!("container `{name}` moved from `{from}` to `{to}`")))
}

async fn examine(
    work: &Work<'_>,
    from: &Place<'_>,
    to: &Place<'_>,
    name: &ContainerName,
) -> Result<(Rest, String), Halt> {
    let container = look(work, name).await?;
    let is_there = to.endpoint(&container).is_some();
    let Some(has) = from.endpoint(&container) else {
        if is_there {
            return Ok((Rest::Nothing, "it has moved already".to_owned()));
        }
        let message = format!("container `{name}` is not on destination `{}`", from.name());
        let remedy = "see who is on it (`list_containers`)";
        return Err(failure("not-on-destination", message, remedy).into());
    };
    if is_there {
        return Ok((Rest::Leave(container), "it is on both destinations".to_owned()));
    }
    check_mode(&container)?;
    // Addresses are the other network's affair: they do not go along.
    let endpoint = Endpoint { address: None, ipv6_address: None, ..has.clone() };
    claims::check(work, to, &container, &endpoint).await?;
    let detail = match &has.address {
        Some(address) => format!("its fixed address {address} does not go along"),
        None => format!("it is known as {}", known_as(&container, &endpoint)),
    };
    Ok((Rest::Both(container, endpoint), detail))
}

fn known_as(container: &ContainerDetail, endpoint: &Endpoint) -> String {
    let names = [&container.member.name].into_iter().chain(&endpoint.aliases);
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

async fn leave(work: &Work<'_>, from: &Place<'_>, container: &ContainerDetail) -> Result<(), Halt> {
    work.step("disconnect", async {
        detach(work, from, container).await?;
        let name = &container.member.name;
        Ok(((), format!("`{name}` left network `{}`", from.destination.network)))
    })
    .await
}

/// It could not leave, so it does not stay on the other either; answers why the move failed.
async fn take_back(
    work: &Work<'_>,
    to: &Place<'_>,
    container: &ContainerDetail,
    why: Halt,
) -> Halt {
    let Halt::Refused(first) = why else { return why };
    let back = work.step("take-back", async {
        detach(work, to, container).await?;
        Ok(((), format!("it is off network `{}` again", to.destination.network)))
    });
    match back.await {
        Ok(()) => first.into(),
        Err(Halt::Refused(second)) => failure(
            "moved-half",
            format!(
                "{}; container `{}` is on both destinations now: {}",
                first.message, container.member.name, second.message
            ),
            "disconnect it from one of them (`disconnect_container`)",
        )
        .into(),
        Err(pass @ Halt::Pass(_)) => pass,
    }
}
