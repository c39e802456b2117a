//! What a change in place would do.

use portolan_types::{
    Affected, Destination, DestinationId, NetworkOptions, Preview, Timestamp, UpdateDestination,
};

use super::{as_failure, refused, server_of};
use crate::{
    Actor, App, Error,
    destinations::{change, ours, show, version},
    host::{HostContainer, HostNetwork},
    reconcile::overlap,
    sighting::{Seen, fresh},
};

/// The same checks as the change, against what was just seen.
pub async fn update(
    app: &App,
    actor: &Actor,
    id: &DestinationId,
    input: UpdateDestination,
) -> Result<Preview, Error> {
    let before = show(app, actor, id).await?;
    let mut steps = Vec::new();
    if let Some(name) = input.name.filter(|name| *name != before.name) {
        steps.push(format!("rename destination `{}` to `{name}`", before.name));
    }
    let Some(options) = input.options else {
        return Ok(Preview { steps, ..refused(Timestamp::now(), Vec::new()) });
    };
    let server = server_of(app, actor, &before.server_id).await?;
    let seen = fresh(app, &server).await?;
    let at = seen.as_ref().map_or_else(Timestamp::now, |seen| seen.at);
    // Everything that the change itself begins with, up to its end, which is left out.
    let mut tx = app.db.begin().await?;
    let planned = change::planned(&mut tx, actor, &before, options).await;
    drop(tx);
    let after = match planned {
        Ok(memo) => memo.new.applied_to(&before),
        Err(error) => return Ok(refused(at, vec![as_failure(error)?])),
    };
    let Some(Seen { sighting, .. }) = seen else {
        return Ok(refused(at, Vec::new()));
    };
    let refusals = overlap(&after, &sighting.networks).into_iter().collect();
    let network = ours(&before, &sighting);
    let on_it = network.map(|network| sighting.members(network)).unwrap_or_default();
    steps.extend(change_steps(&after, network, &on_it));
    Ok(Preview {
        version: version(&before, network, &on_it),
        affected: on_it.iter().map(|one| goes_over(&before, &after, network, one)).collect(),
        steps,
        ..refused(at, refusals)
    })
}

fn change_steps(
    after: &Destination,
    network: Option<&HostNetwork>,
    members: &[&HostContainer],
) -> Vec<String> {
    let (name, server) = (&after.network, &after.server_name);
    let create = format!(
        "create network `{name}` on server `{server}` {}",
        with(&after.effective_options())
    );
    if network.is_none() {
        return vec![create];
    }
    let removed = format!("remove network `{name}` from server `{server}`");
    if members.is_empty() {
        return vec![removed, create];
    }
    let count = members.len();
    vec![
        format!("create an interim network, and connect {count} containers to it"),
        format!("disconnect them from network `{name}`"),
        removed,
        create,
        format!("connect them to network `{name}` with their aliases"),
        "disconnect them from the interim network, and remove it".into(),
    ]
}

fn with(options: &NetworkOptions) -> String {
    let mut words: Vec<String> = Vec::new();
    words.extend(options.subnet.map(|subnet| subnet.to_string()));
    words.extend(options.ipv6_subnet.map(|subnet| subnet.to_string()));
    words.extend(options.mtu.map(|mtu| format!("MTU {mtu}")));
    words.extend(options.internal.then(|| "no way in or out".to_owned()));
    if words.is_empty() {
        return "with a subnet from the engine's pools".into();
    }
    format!("with {}", words.join(", "))
}

fn goes_over(
    before: &Destination,
    after: &Destination,
    network: Option<&HostNetwork>,
    container: &HostContainer,
) -> Affected {
    let elsewhere = |network: &HostNetwork| {
        container.attachments.iter().any(|place| !place.is_of(&network.docker_id, &network.name))
    };
    let shut_in =
        after.options.internal && !before.options.internal && !network.is_some_and(elsewhere);
    let effect = if shut_in {
        "goes over, loses open connections, and has no way out any more"
    } else {
        "goes over, and loses open connections"
    };
    container.as_affected(effect)
}
