//! One container onto a destination, or off it.

use portolan_types::{ConnectContainer, ContainerName, Failure};

use super::{
    super::{
        recorder::failure,
        work::{Halt, Work},
    },
    Done, Place, attach, claims, detach, look,
};
use crate::host::{ContainerDetail, Endpoint};

pub(super) async fn connect(
    work: &Work<'_>,
    on: &Place<'_>,
    input: &ConnectContainer,
) -> Result<Done, Halt> {
    let wanted = wanted(input);
    let name = &input.container;
    let found = work.step("look", examine(work, on, input, &wanted)).await?;
    let Some(container) = found else {
        let message = format!("container `{name}` is on destination `{}` already", on.name());
        return Ok(("container.connected", message));
    };
    work.step("connect", async {
        attach(work, on, &container, &wanted).await?;
        Ok(((), format!("`{name}` is on network `{}`", on.destination.network)))
    })
    .await?;
    let message = format!("container `{name}` was connected to destination `{}`", on.name());
    Ok(("container.connected", message))
}

fn wanted(input: &ConnectContainer) -> Endpoint {
    Endpoint {
        aliases: input.aliases.iter().map(ToString::to_string).collect(),
        address: input.address.map(|address| address.to_string()),
        ipv6_address: input.ipv6_address.map(|address| address.to_string()),
        ..Endpoint::default()
    }
}

/// The container, if it is to be connected; `None` when it is there as it was asked for.
async fn examine(
    work: &Work<'_>,
    on: &Place<'_>,
    input: &ConnectContainer,
    wanted: &Endpoint,
) -> Result<(Option<ContainerDetail>, String), Halt> {
    let container = look(work, &input.container).await?;
    if let Some(has) = on.endpoint(&container) {
        return match otherwise(on, &container, has, wanted) {
            Some(failure) => Err(failure.into()),
            None => Ok((None, "it is on the network already".to_owned())),
        };
    }
    check_mode(&container)?;
    if *wanted != Endpoint::default() {
        claims::check(work, on, &container, wanted).await?;
    }
    let detail = format!("container `{}` is {}", container.member.name, container.member.state);
    Ok((Some(container), detail))
}

/// It is on the network, but not as it is asked for now.
fn otherwise(
    on: &Place<'_>,
    container: &ContainerDetail,
    has: &Endpoint,
    wanted: &Endpoint,
) -> Option<Failure> {
    let knows = |alias: &String| has.aliases.iter().any(|own| own.eq_ignore_ascii_case(alias));
    let kept = |wanted: &Option<String>, has: &Option<String>| wanted.is_none() || wanted == has;
    let same = wanted.aliases.iter().all(knows)
        && kept(&wanted.address, &has.address)
        && kept(&wanted.ipv6_address, &has.ipv6_address);
    (!same).then(|| {
        failure(
            "connected-otherwise",
            format!(
                "container `{}` is on destination `{}` already, with other aliases or addresses",
                container.member.name,
                on.name()
            ),
            "disconnect it first, then connect it anew",
        )
    })
}

/// One that lives in the network of its host, of another container or in none cannot join one.
pub(super) fn check_mode(container: &ContainerDetail) -> Result<(), Failure> {
    let mode = container.network_mode.as_str();
    let shared = mode.starts_with("container:");
    if !shared && !["host", "none"].contains(&mode) {
        return Ok(());
    }
    let name = &container.member.name;
    let lives = match mode {
        "none" => "has no network".to_owned(),
        "host" => "lives in the network of its host".to_owned(),
        _ => "lives in the network of another container".to_owned(),
    };
    Err(failure(
        "no-network-of-its-own",
        format!("container `{name}` {lives}, and cannot be connected to another"),
        if shared { "connect that other container" } else { "create it anew with a network" },
    ))
}

pub(super) async fn disconnect(
    work: &Work<'_>,
    from: &Place<'_>,
    name: &ContainerName,
) -> Result<Done, Halt> {
    let looking = async {
        let container = look(work, name).await?;
        let there = from.endpoint(&container).is_some();
        let detail = if there { "it is on the network" } else { "it is not on the network" };
        Ok((Some(container).filter(|_| there), detail.to_owned()))
    };
    let Some(container) = work.step("look", looking).await? else {
        let message = format!("container `{name}` is not on destination `{}`", from.name());
        return Ok(("container.disconnected", message));
    };
    work.step("disconnect", async {
        detach(work, from, &container).await?;
        Ok(((), format!("`{name}` left network `{}`", from.destination.network)))
    })
    .await?;
    let message = format!("container `{name}` was disconnected from destination `{}`", from.name());
    Ok(("container.disconnected", message))
}
