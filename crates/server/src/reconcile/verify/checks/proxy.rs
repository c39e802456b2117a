//! The server's proxy: whether it is on the network as wanted, and whether it reaches each routed
//! container over it, tried from inside the proxy's own network namespace.

use std::{collections::BTreeSet, net::IpAddr, time::Duration};

use portolan_types::{
    AttachmentProbe, Check, CheckName, CheckOutcome, ContainerName, DestinationKind, Proxy,
    ProxyAttachment, ProxyState, Timestamp,
};

use super::{
    super::{
        answer::Word,
        draft::{Draft, Verdict},
        probes::{Power, Probe, Stop, Trouble},
        prover::Prover,
    },
    inside::TCP,
};
use crate::{
    db,
    host::{Attachment, ContainerDetail, HostNetwork, NetworkMode},
};

/// The name of every proxy's container.
const CONTAINER: &str = "portolan-proxy";

const DIAL: Duration = Duration::from_secs(3);
/// How many targets are tried.
const TARGETS: usize = 32;

/// A target of a route: a container or service by name, and its port.
type Target = (ContainerName, u16);

impl Prover<'_> {
    /// Both checks. The second one needs a probe, and comes last for that.
    pub(in super::super) async fn proxy_attached(
        &self,
        network: &HostNetwork,
    ) -> Result<(Check, Option<ContainerDetail>), Stop> {
        let mut draft = Draft::new(CheckName::ProxyAttached);
        let mut found = None;
        let verdict = self.look_for_proxy(&mut draft, network, &mut found).await;
        Ok((draft.end(verdict)?, found))
    }

    async fn look_for_proxy(
        &self,
        draft: &mut Draft,
        network: &HostNetwork,
        found: &mut Option<ContainerDetail>,
    ) -> Result<Verdict, Trouble> {
        let server = self.ground.server;
        let Some(proxy) = self.proxy().await? else {
            return Ok(Verdict::not_here(format!("server `{server}` has no proxy")));
        };
        if matches!(proxy.state, ProxyState::Pending | ProxyState::Removing) {
            return Ok(Verdict::not_here(format!("the proxy is {}", proxy.state)));
        }
        let wanted = self.row.destination.proxy == ProxyAttachment::Attach;
        let container = self.proxy_container(&proxy).await?;
        let place = container.as_ref().map_or_else(
            || format!("there is no container `{CONTAINER}`"),
            |one| networks_in_words(one, network),
        );
        let from = format!("Docker on server `{server}`");
        let to = format!("the proxy and network `{}`", network.name);
        draft.saw((from, to), "looking at the proxy's container", place.clone());
        let on_it = container.as_ref().filter(|one| is_on(one, network)).cloned();
        let verdict = judge(wanted, container.is_some(), on_it.is_some(), &place, network);
        *found = on_it;
        Ok(verdict)
    }

    async fn proxy(&self) -> Result<Option<Proxy>, Stop> {
        let mut conn = self.app.db.acquire().await?;
        let found = db::proxy::find_assigned(&mut conn, &self.server.server.id).await?;
        Ok(found.map(|found| found.proxy))
    }

    async fn proxy_container(&self, proxy: &Proxy) -> Result<Option<ContainerDetail>, Trouble> {
        if let Some(observed) = &proxy.observed {
            let found = self.ground.host.find_container(&observed.docker_id).await;
            if let Some(found) = self.ground.answer(found)? {
                return Ok(Some(found));
            }
        }
        self.ground.answer(self.ground.host.find_container(CONTAINER).await)
    }

    /// From where the proxy is, to each container that a route leads to.
    pub(in super::super) async fn routed_targets(
        &self,
        network: &HostNetwork,
        proxy: Option<&ContainerDetail>,
    ) -> Result<Check, Stop> {
        let mut draft = Draft::new(CheckName::RoutedTargets);
        let verdict = self.try_targets(&mut draft, network, proxy).await;
        let check = draft.end(verdict)?;
        self.note(&check).await?;
        Ok(check)
    }

    async fn try_targets(
        &self,
        draft: &mut Draft,
        network: &HostNetwork,
        proxy: Option<&ContainerDetail>,
    ) -> Result<Verdict, Trouble> {
        let targets = self.targets().await?;
        if targets.is_empty() {
            return Ok(Verdict::not_here("no route leads to a container on this destination"));
        }
        let Some(proxy) = proxy else {
            let reason = "the proxy is not on the network, so it reaches nothing on it";
            return Ok(Verdict::untried(reason, "see the check of the proxy's attachment"));
        };
        if !proxy.is_running() {
            let reason = format!("the proxy's container is {}", proxy.member.state);
            return Ok(Verdict::untried(reason, "start the proxy (`start_proxy`)"));
        }
        let mode = NetworkMode::Container(proxy.member.docker_id.clone());
        let probe = self.probes.start(&self.ground, "proxy", mode, Power::Nothing).await?;
        let mut failed = None;
        for target in &targets {
            if let Some(verdict) = self.try_target(draft, network, &probe, target).await? {
                // All are tried: each answer is worth knowing.
                failed.get_or_insert(verdict);
            }
        }
        Ok(failed.unwrap_or(Verdict::Passed))
    }

    async fn targets(&self) -> Result<BTreeSet<Target>, Stop> {
        let destination = &self.row.destination;
        let scope = destination.cluster_id.as_deref().unwrap_or(destination.server_id.as_str());
        let mut conn = self.app.db.acquire().await?;
        let routes = db::route::list_of_scope(&mut conn, scope).await?;
        let ours = routes.into_iter().map(|one| one.route);
        let ours = ours.filter(|route| route.destination_id == destination.id);
        Ok(ours.map(|route| (route.target, route.port.get())).take(TARGETS).collect())
    }

    /// The failure of one target. The name is the one that the proxy's configuration has.
    async fn try_target(
        &self,
        draft: &mut Draft,
        network: &HostNetwork,
        probe: &Probe,
        (target, port): &Target,
    ) -> Result<Option<Verdict>, Trouble> {
        if let Some(verdict) = self.misplaced(draft, network, target).await? {
            return Ok(Some(verdict));
        }
        let name = format!("{target}.{}", network.name);
        let resolved = self.resolve(probe, &name).await?;
        let to = format!("the resolver {}", resolved.resolver);
        draft.saw(("the proxy's place", to), format!("asking for `{name}`"), resolved.in_words());
        let Some(address) = resolved.addresses.first().copied() else {
            let reason = format!("the proxy cannot resolve `{name}`: {}", resolved.in_words());
            return Ok(Some(Verdict::failed(reason, STARTED)));
        };
        self.dial_target(draft, probe, target, (address, *port)).await
    }

    async fn dial_target(
        &self,
        draft: &mut Draft,
        probe: &Probe,
        target: &ContainerName,
        (address, port): (IpAddr, u16),
    ) -> Result<Option<Verdict>, Trouble> {
        let at = (address, port);
        let dialled = self.probes.dial_at(&self.ground, probe, at, None, DIAL).await?;
        let to = format!("`{target}`, {}", std::net::SocketAddr::from(at));
        draft.saw(("the proxy's place", to), TCP, dialled.in_words());
        Ok(match dialled.answer {
            Word::Answered | Word::Stranger => None,
            Word::Refused => Some(Verdict::failed(
                format!("nobody listens at port {port} of `{target}`: the proxy is refused"),
                "let the program in the container listen on all its addresses (0.0.0.0), at the port that the route names (`list_routes`)",
            )),
            Word::Silent | Word::Unreachable => Some(Verdict::failed(
                format!(
                    "the proxy does not reach `{target}` at port {port}: {}",
                    dialled.in_words()
                ),
                "look for a firewall rule on the host that drops it (`iptables -vnL DOCKER-USER`), or in the container",
            )),
        })
    }

    /// A target that is there, but not on this network or not running. Services of a swarm have no
    /// container of their name.
    async fn misplaced(
        &self,
        draft: &mut Draft,
        network: &HostNetwork,
        target: &ContainerName,
    ) -> Result<Option<Verdict>, Trouble> {
        let found = self.ground.host.find_container(target.as_str()).await;
        let Some(container) = self.ground.answer(found)? else {
            let service = self.row.destination.kind == DestinationKind::Swarm;
            let reason = format!("there is no container `{target}`, to which a route leads");
            return Ok((!service).then(|| Verdict::failed(reason, STARTED)));
        };
        let place = networks_in_words(&container, network);
        let from = format!("Docker on server `{}`", self.ground.server);
        draft.saw((from, format!("container `{target}`")), "looking at it", place.clone());
        if !is_on(&container, network) {
            return Ok(Some(Verdict::failed(
                format!("`{target}` is not on network `{}`: {place}", network.name),
                format!("connect it (`connect_container {} {target}`)", self.row.destination.id),
            )));
        }
        let state = &container.member.state;
        let reason = || format!("container `{target}`, to which a route leads, is {state}");
        Ok((!container.is_running()).then(|| Verdict::failed(reason(), STARTED)))
    }

    /// The attachment's last probe, for those who look at attachments.
    async fn note(&self, check: &Check) -> Result<(), Stop> {
        let Some(last) = check.evidence.last() else { return Ok(()) };
        let words = check.reason.as_ref().unwrap_or(&last.answer);
        let probe = AttachmentProbe {
            at: Timestamp::now(),
            reached: check.outcome == CheckOutcome::Passed,
            detail: words.clone(),
        };
        let mut conn = self.app.db.acquire().await?;
        let (server, destination) = (&self.server.server.id, &self.row.destination.id);
        // Without an attachment there is nobody to tell.
        db::attachment::set_probe(&mut conn, server, destination, &probe).await?;
        Ok(())
    }
}

const STARTED: &str =
    "start the container that the route names, or correct the route (`update_route`)";

/// While it runs it has an address there: engines keep an empty place of a connection that they
/// refused.
fn is_on(container: &ContainerDetail, network: &HostNetwork) -> bool {
    let place = container.endpoint(&network.docker_id, &network.name);
    place.is_some_and(|place| {
        let Attachment { address, ipv6_address, .. } = &place.attachment;
        !container.is_running() || address.is_some() || ipv6_address.is_some()
    })
}

/// Where a container is, with its address on this network.
fn networks_in_words(container: &ContainerDetail, network: &HostNetwork) -> String {
    if let Some(place) = container.endpoint(&network.docker_id, &network.name) {
        let state = &container.member.state;
        let Attachment { address, ipv6_address, .. } = &place.attachment;
        return match address.as_ref().or(ipv6_address.as_ref()) {
            Some(address) => format!("{state}, on it ({address})"),
            None => format!("{state}, on it without an address"),
        };
    }
    let names: Vec<&str> =
        container.endpoints.iter().map(|one| one.attachment.key.as_str()).collect();
    match names.as_slice() {
        [] => "it is on no network".to_owned(),
        some => format!("it is on {}", some.join(", ")),
    }
}

fn judge(wanted: bool, there: bool, on_it: bool, place: &str, network: &HostNetwork) -> Verdict {
    let name = &network.name;
    match (wanted, on_it) {
        (true, true) | (false, false) => Verdict::Passed,
        (true, false) if !there => Verdict::failed(
            format!("the proxy's container is gone, so it is not on network `{name}`"),
            "see `show_proxy`; what is gone is made again by itself",
        ),
        (true, false) => Verdict::failed(
            format!("the proxy is not on network `{name}`: {place}"),
            "Portolan connects it again by itself; see `show_proxy` for what is in the way",
        ),
        (false, true) => Verdict::failed(
            format!("the proxy is on network `{name}`, from which it is to be kept"),
            format!(
                "take it off (`docker network disconnect {name} {CONTAINER}`), or let the destination have the proxy"
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::ContainerEndpoint;

    #[test]
    fn a_running_container_without_an_address_is_not_on_a_network() {
        let network = HostNetwork { name: "shop".into(), ..HostNetwork::default() };
        let on = |state: &str, address: Option<&str>| {
            let attachment = Attachment {
                key: "shop".into(),
                address: address.map(str::to_owned),
                ..Attachment::default()
            };
            let place = ContainerEndpoint { attachment, ..ContainerEndpoint::default() };
            let mut container = ContainerDetail { endpoints: vec![place], ..Default::default() };
            container.member.state = state.to_owned();
            is_on(&container, &network)
        };
        assert!(on("running", Some("10.64.0.2")) && on("exited", None));
        assert!(!on("running", None));
    }

    #[test]
    fn an_attachment_is_as_wanted_or_says_why_not() {
        let network = HostNetwork { name: "shop".into(), ..HostNetwork::default() };
        let judged = |wanted, there, on_it| judge(wanted, there, on_it, "it is on blog", &network);
        assert_eq!(judged(true, true, true), Verdict::Passed);
        assert_eq!(judged(false, true, false), Verdict::Passed);
        assert_eq!(judged(false, false, false), Verdict::Passed);
        for (wanted, there, on_it, word) in [
            (true, true, false, "is not on network `shop`: it is on blog"),
            (true, false, false, "container is gone"),
            (false, true, true, "from which it is to be kept"),
        ] {
            let Verdict::Failed { reason, .. } = judged(wanted, there, on_it) else {
                panic!("{wanted} {there} {on_it} is a failure");
            };
            assert!(reason.contains(word), "{reason}");
        }
    }
}
