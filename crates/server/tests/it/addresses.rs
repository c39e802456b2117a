//! The address plan: every subnet chosen, none twice, and what is short is said before.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use ipnet::{IpNet, Ipv4Net};
use portolan_server::host::{
    HostSubnet,
    fake::{FakeSwarm, Trouble},
};
use portolan_types::{
    AddressPlan, Destination, DestinationState, FleetAddresses, Operation, RangeKind, Server,
    ServerAddresses, ServerKind,
};
use serde_json::{Value, json};

use crate::support::{TestApp, eventually, story};

fn net(text: &str) -> IpNet {
    text.parse().expect("a range")
}

fn subnet(text: &str) -> HostSubnet {
    HostSubnet { subnet: text.into(), ..HostSubnet::default() }
}

/// The IPv4 subnet that was chosen.
fn chosen(destination: &Destination) -> Result<Ipv4Net> {
    destination.planned.subnet.with_context(|| format!("nothing was planned: {destination:?}"))
}

async fn addresses(app: &TestApp, server: &Server) -> Result<ServerAddresses> {
    app.owner.get(&format!("/v1/servers/{}/addresses", server.id)).await?.ok()
}

/// Waits until the keeper has seen a network, which needs no event of it.
async fn seen(app: &TestApp, server: &Server, network: &str) -> Result<()> {
    eventually(&format!("network {network} is seen"), || async {
        let shown = addresses(app, server).await?;
        Ok(shown.networks.iter().any(|one| one.network == network).then_some(()))
    })
    .await
}

/// Waits until so many containers and endpoints of a swarm have addresses of a network.
async fn counted(
    app: &TestApp,
    server: &Server,
    network: &str,
    wanted: (u32, u32),
) -> Result<ServerAddresses> {
    eventually(&format!("{wanted:?} have addresses"), || async {
        let shown = addresses(app, server).await?;
        let found = shown.networks.iter().find(|one| one.network == network);
        let counts = &found.context("no such network")?.subnets[0];
        assert_eq!(counts.used, counts.containers + counts.gateways + counts.endpoints);
        Ok(((counts.containers, counts.endpoints) == wanted).then_some(shown))
    })
    .await
}

async fn set_pools(app: &TestApp, server: &Server, pools: Value) -> Result<Server> {
    let body = json!({ "pools": pools });
    app.owner.patch(&format!("/v1/servers/{}", server.id), body).await?.ok()
}

async fn steps(app: &TestApp, destination: &Destination) -> Result<Vec<(String, String)>> {
    let operation = destination.operation_id.as_ref().context("an operation")?;
    let operation: Operation = app.owner.outcome(operation.as_str()).await?;
    let step = |step: portolan_types::Step| (step.name, step.detail.unwrap_or_default());
    Ok(operation.steps.into_iter().map(step).collect())
}

story! {
    /// Without a word of the user the lowest free subnet is taken, and given back by a delete.
    async fn a_subnet_is_always_chosen(app) {
        let (server, engine) = app.add_server("alpha").await?;
        for expected in ["10.64.0.0/24", "10.64.1.0/24", "10.64.2.0/24"] {
            let network = format!("net-{}", &expected[6..7]);
            let made = app.owner.destination(&server, &network).await?;
            assert_eq!(made.state, DestinationState::Ready, "{made:?}");
            assert_eq!(chosen(&made)?.to_string(), expected);
            ensure!(made.options.subnet.is_none(), "what was chosen is not what was asked for");
            let network = engine.network(&network).context("no network")?;
            assert_eq!(network.subnets[0].subnet, expected);
        }
        let shown = addresses(app, &server).await?;
        assert_eq!((shown.subnets.ipv4.total, shown.subnets.ipv4.used), (4_096, 3));
        assert_eq!(shown.subnets.ipv4.next, Some(net("10.64.3.0/24")));
        let fleet: FleetAddresses = app.owner.get("/v1/addresses").await?.ok()?;
        assert_eq!(fleet.ipv4.used, 3);
        assert_eq!(fleet.servers[0].ipv4, shown.subnets.ipv4);
        assert_eq!(fleet.plan.ula, None, "an IPv6 range was chosen before it was needed");
    }
}

story! {
    /// Fifty at once, on one server and across the fleet: fifty subnets.
    async fn racing_creates_get_distinct_subnets(app) {
        let (alpha, _engine) = app.add_server("alpha").await?;
        let (bravo, _engine) = app.add_server("bravo").await?;
        app.owner.patch("/v1/addresses", json!({ "across_fleet": true })).await?.ok::<Value>()?;
        let race: Vec<_> = (0..50)
            .map(|n| {
                let client = app.owner.clone();
                let server = if n % 2 == 0 { &alpha } else { &bravo };
                let body = json!({ "server_id": server.id, "options": { "ipv6": true } });
                tokio::spawn(async move { client.post("/v1/destinations?wait=20", body).await })
            })
            .collect();
        let mut subnets = BTreeSet::new();
        for racer in race {
            let made: Destination = racer.await??.created()?;
            assert_eq!(made.state, DestinationState::Ready, "{made:?}");
            subnets.insert(IpNet::from(chosen(&made)?));
            subnets.insert(made.planned.ipv6_subnet.context("no IPv6 subnet")?.into());
        }
        assert_eq!(subnets.len(), 100);
        let last = net("10.64.49.0/24");
        ensure!(subnets.contains(&last), "there are gaps: {subnets:?}");
    }
}

story! {
    /// Networks, routes, engine pools and reserved ranges are all kept clear of, and named when
    /// somebody asks for what is theirs.
    async fn what_is_occupied_is_left_alone(app) {
        let engine = app.fleet.add("alpha:22");
        engine.set_routes(Some(vec![net("10.64.1.0/24"), net("10.200.0.0/16")]));
        engine.put_network("stranger", |network| network.subnets = vec![subnet("10.64.2.0/24")]);
        engine.change_system(|system| system.pools.push(portolan_types::server::Pool {
            base: "10.64.4.0/22".into(),
            size: 24,
        }));
        let server = app.add_known_server("alpha").await?;
        let body = json!({ "reserved": [{ "cidr": "10.64.0.0/24", "note": "the vpn" }] });
        app.owner.patch("/v1/addresses", body).await?.ok::<AddressPlan>()?;
        let made = app.owner.destination(&server, "one").await?;
        assert_eq!(chosen(&made)?.to_string(), "10.64.3.0/24");
        let made = app.owner.destination(&server, "two").await?;
        assert_eq!(chosen(&made)?.to_string(), "10.64.8.0/24");

        let cases = [
            ("10.64.0.128/25", "the vpn"),
            ("10.64.1.0/24", "a route of the host, 10.64.1.0/24"),
            ("10.200.3.0/24", "a route of the host, 10.200.0.0/16"),
            ("10.64.2.0/25", "network `stranger`"),
            ("10.200.0.0/15", "a route of the host, 10.200.0.0/16"),
            ("10.64.3.0/24", "destination `alpha-one` (network `one`)"),
        ];
        for (subnet, words) in cases {
            let body = json!({ "server_id": server.id, "options": { "subnet": subnet } });
            let problem = app.owner.post("/v1/destinations", body).await?.problem(409)?;
            ensure!(problem.kind.ends_with("subnet-overlaps"), "{problem:?}");
            ensure!(problem.detail.contains(words), "{subnet}: {problem:?}");
            ensure!(problem.remedy.is_some_and(|text| text.contains("chooses")), "no way out");
        }
        // A pool of the engine is nobody's network.
        let body = json!({ "server_id": server.id, "options": { "subnet": "10.64.4.0/24" } });
        let made: Destination = app.owner.post("/v1/destinations?wait=20", body).await?.created()?;
        assert_eq!(made.state, DestinationState::Ready, "{made:?}");
        assert_eq!(made.planned.subnet, None, "what was asked for is not planned");

        let shown = addresses(app, &server).await?;
        for (range, kind) in [
            ("10.64.0.0/24", RangeKind::Reserved),
            ("10.200.0.0/16", RangeKind::Route),
            ("10.64.4.0/22", RangeKind::EnginePool),
        ] {
            let range = net(range);
            ensure!(
                shown.ranges.iter().any(|one| one.range == range && one.kind == kind),
                "{range} is missing: {shown:?}"
            );
        }
    }
}

story! {
    /// A server may have pools of its own; an end of them is told with counts, and nothing is made.
    async fn own_pools_are_used_and_their_end_is_explained(app) {
        let (alpha, engine) = app.add_server("alpha").await?;
        let (bravo, _engine) = app.add_server("bravo").await?;
        let tiny = json!([{ "base": "10.99.0.0/28", "size": 29 }]);
        let edited = set_pools(app, &alpha, tiny).await?;
        assert_eq!(edited.pools.as_slice()[0].to_string(), "10.99.0.0/28:29");
        for expected in ["10.99.0.0/29", "10.99.0.8/29"] {
            let made = app.owner.destination(&alpha, &format!("net-{}", &expected[8..9])).await?;
            assert_eq!(chosen(&made)?.to_string(), expected);
        }
        let before = engine.network_names();
        let body = json!({ "server_id": alpha.id });
        let problem = app.owner.post("/v1/destinations", body.clone()).await?.problem(409)?;
        ensure!(problem.kind.ends_with("addresses-exhausted"), "{problem:?}");
        assert_eq!(
            problem.detail,
            "there is no free subnet on server `alpha`: all 2 subnets of 10.99.0.0/28:29 are \
             taken: 2 by destinations of this server"
        );
        ensure!(problem.remedy.is_some_and(|text| text.contains("`update_server.address_pools`")), "no way out");
        assert_eq!(engine.network_names(), before);

        let shown = addresses(app, &alpha).await?;
        assert_eq!((shown.subnets.ipv4.free, shown.subnets.ipv4.next), (0, None));
        ensure!(shown.subnets.own_pools && !shown.subnets.warnings.is_empty(), "{shown:?}");
        // Others are not concerned, and the way out works.
        assert_eq!(chosen(&app.owner.destination(&bravo, "web").await?)?.to_string(), "10.64.0.0/24");
        set_pools(app, &alpha, json!([])).await?;
        assert_eq!(chosen(&app.owner.destination(&alpha, "web").await?)?.to_string(), "10.64.0.0/24");
    }
}

story! {
    /// Across the fleet a subnet is used once; otherwise once a server.
    async fn the_fleet_can_share_one_plan(app) {
        let (alpha, _engine) = app.add_server("alpha").await?;
        let (bravo, _engine) = app.add_server("bravo").await?;
        let on = |server: Server, network: &'static str| {
            let client = app.owner.clone();
            async move { chosen(&client.destination(&server, network).await?) }
        };
        assert_eq!(on(alpha.clone(), "a").await?, on(bravo.clone(), "a").await?);
        let plan: AddressPlan =
            app.owner.patch("/v1/addresses", json!({ "across_fleet": true })).await?.ok()?;
        ensure!(plan.across_fleet, "{plan:?}");
        assert_eq!(on(alpha.clone(), "b").await?.to_string(), "10.64.1.0/24");
        assert_eq!(on(bravo.clone(), "b").await?.to_string(), "10.64.2.0/24");
        let shown = addresses(app, &bravo).await?;
        let of_alpha = shown.ranges.iter().filter(|one| one.kind == RangeKind::OtherServer);
        assert_eq!(of_alpha.count(), 2);
    }
}

story! {
    /// The host is not as it was last seen: another subnet is chosen, and it is said why.
    async fn another_subnet_is_chosen_when_the_host_is_otherwise(app) {
        let (server, engine) = app.add_server("alpha").await?;
        // It comes when the plan is made already, and the host not looked at yet.
        engine.trouble_in("list_networks", Trouble::Held);
        let body = json!({ "server_id": server.id, "network": "web" });
        let planned: Destination = app.owner.post("/v1/destinations", body).await?.created()?;
        assert_eq!(chosen(&planned)?.to_string(), "10.64.0.0/24");
        engine.put_network("unseen", |network| network.subnets = vec![subnet("10.64.0.0/23")]);
        engine.hung().await;
        engine.let_go();
        let made = app.owner.settled(&planned, DestinationState::Ready).await?;
        assert_eq!(chosen(&made)?.to_string(), "10.64.2.0/24");
        assert_eq!(engine.network("web").context("a network")?.subnets[0].subnet, "10.64.2.0/24");
        let told = steps(app, &made).await?;
        let plan = told.iter().find(|(name, _)| name == "plan").context("no step")?;
        assert_eq!(plan.1, "10.64.0.0/24 is taken by network `unseen`: 10.64.2.0/24 instead");

        // Docker refuses what no list shows.
        engine.hide(Some(net("10.64.3.0/24")));
        let made = app.owner.destination(&server, "shop").await?;
        assert_eq!(chosen(&made)?.to_string(), "10.64.4.0/24", "{made:?}");
        let told = steps(app, &made).await?;
        let names: Vec<&str> = told.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["look", "create", "plan", "create", "inspect"]);
        ensure!(told[1].1.contains("not on 10.64.3.0/24: Docker answered 403"), "{told:?}");
    }
}

story! {
    /// Docker that refuses every subnet is believed after some, and a subnet that was asked for is
    /// never exchanged.
    async fn choosing_again_has_an_end(app) {
        let (server, engine) = app.add_server("alpha").await?;
        engine.hide(Some(net("10.0.0.0/8")));
        let made = app.owner.destination(&server, "web").await?;
        assert_eq!(made.state, DestinationState::Failed);
        ensure!(made.reason.as_ref().is_some_and(|text| text.contains("overlaps")), "{made:?}");
        let creates = steps(app, &made).await?.into_iter().filter(|(name, _)| name == "create");
        assert_eq!(creates.count(), 9);

        let body = json!({
            "server_id": server.id, "network": "asked", "options": { "subnet": "10.1.0.0/24" },
        });
        let asked: Destination = app.owner.post("/v1/destinations?wait=20", body).await?.created()?;
        assert_eq!((asked.state, asked.planned.subnet), (DestinationState::Failed, None));
        engine.hide(None);
        for destination in [&made, &asked] {
            let retry = format!("/v1/destinations/{}/retry?wait=20", destination.id);
            app.owner.post(&retry, json!({})).await?.accepted::<Operation>()?;
            app.owner.settled(destination, DestinationState::Ready).await?;
        }
        // The pool can also end while the keeper chooses.
        set_pools(app, &server, json!([{ "base": "10.99.0.0/29", "size": 29 }])).await?;
        engine.hide(Some(net("10.99.0.0/24")));
        let made = app.owner.destination(&server, "last").await?;
        assert_eq!(made.state, DestinationState::Failed);
        let reason = made.reason.context("no reason")?;
        ensure!(reason.contains("the only subnet of 10.99.0.0/29:29 is taken: 1 by what Docker refused"), "{reason}");
    }
}

story! {
    /// A network that is lost is made again where it was, or elsewhere when somebody moved in.
    async fn a_repair_keeps_the_subnet_or_moves(app) {
        let (server, engine) = app.add_server("alpha").await?;
        let made = app.owner.destination(&server, "web").await?;
        let repaired = |was: Option<String>| {
            let client = app.owner.clone();
            let made = made.clone();
            async move {
                eventually("it is repaired", || async {
                    let shown = client.show(&made).await?;
                    let now = shown.observed.as_ref().map(|observed| observed.docker_id.clone());
                    Ok((shown.state == DestinationState::Ready && now != was).then_some(shown))
                })
                .await
            }
        };
        let docker_id = |one: &Destination| one.observed.as_ref().map(|seen| seen.docker_id.clone());
        engine.drop_network("web");
        let again = repaired(docker_id(&made)).await?;
        assert_eq!(again.planned, made.planned);
        engine.put_network("squatter", |network| network.subnets = vec![subnet("10.64.0.0/16")]);
        engine.drop_network("web");
        let moved = repaired(docker_id(&again)).await?;
        assert_eq!(chosen(&moved)?.to_string(), "10.65.0.0/24");
    }
}

story! {
    /// The team has one random /48, each destination a /64 of it, used once in the fleet.
    async fn ipv6_comes_from_the_teams_range(app) {
        let (alpha, engine) = app.add_server("alpha").await?;
        let (bravo, _engine) = app.add_server("bravo").await?;
        let mut subnets = Vec::new();
        for (server, network) in [(&alpha, "a"), (&alpha, "b"), (&bravo, "a")] {
            let body = json!({
                "server_id": server.id, "network": network, "options": { "ipv6": true },
            });
            let made: Destination =
                app.owner.post("/v1/destinations?wait=20", body).await?.created()?;
            assert_eq!(made.state, DestinationState::Ready, "{made:?}");
            subnets.push(made.planned.ipv6_subnet.context("no IPv6 subnet")?);
        }
        let fleet: FleetAddresses = app.owner.get("/v1/addresses").await?.ok()?;
        let ula = fleet.plan.ula.context("no range")?;
        ensure!(ula.prefix_len() == 48 && ula.addr().octets()[0] == 0xfd, "{ula}");
        let expected: Vec<_> = ula.subnets(64)?.take(3).collect();
        assert_eq!(subnets, expected);
        assert_eq!(engine.network("b").context("a network")?.subnets[1].subnet, expected[1].to_string());
        // A change of the plan leaves the range alone.
        let plan: AddressPlan =
            app.owner.patch("/v1/addresses", json!({ "pools": [] })).await?.ok()?;
        assert_eq!(plan.ula, Some(ula));
    }
}

story! {
    /// Addresses in use are counted, and a full network is told of.
    async fn addresses_are_counted(app) {
        let engine = app.fleet.add("alpha:22");
        let server = app.add_known_server("alpha").await?;
        let body = json!({
            "server_id": server.id, "network": "small", "options": { "subnet": "10.20.0.0/29" },
        });
        let made: Destination = app.owner.post("/v1/destinations?wait=20", body).await?.created()?;
        assert_eq!(made.state, DestinationState::Ready, "{made:?}");
        for n in 0..4 {
            engine.join("small", &format!("web-{n}"));
        }
        let shown = eventually("five addresses are used", || async {
            let shown = addresses(app, &server).await?;
            let small = shown.networks.iter().find(|one| one.network == "small").context("small")?;
            Ok((small.subnets[0].used == 5).then(|| shown.clone()))
        })
        .await?;
        let small = &shown.networks[0];
        assert_eq!(small.destination.as_ref().map(|one| &one.id), Some(&made.id));
        let counts = &small.subnets[0];
        assert_eq!((counts.capacity, counts.containers, counts.gateways), (6, 4, 1));
        ensure!(
            shown.subnets.warnings[0].contains("5 of 6 addresses of network `small`"),
            "{:?}", shown.subnets.warnings
        );
    }
}

story! {
    /// What a swarm gives out on an overlay counts wherever it is: addresses of services, and of
    /// tasks on other nodes. What has ended has none.
    async fn addresses_of_a_swarm_are_counted(app) {
        let swarm = FakeSwarm::new();
        let (server, engine) = app.add_server("echo").await?;
        swarm.join(&engine, "echo", ServerKind::SwarmManager);
        eventually("it is a manager", || async {
            let shown: Server = app.owner.get(&format!("/v1/servers/{}", server.id)).await?.ok()?;
            Ok((shown.kind == Some(ServerKind::SwarmManager)).then_some(()))
        })
        .await?;
        let body = json!({
            "server_id": server.id, "network": "sea", "options": { "subnet": "10.70.0.0/29" },
        });
        let made: Destination = app.owner.post("/v1/destinations?wait=20", body).await?.created()?;
        assert_eq!(made.state, DestinationState::Ready, "{made:?}");
        let counts = |containers, endpoints| counted(app, &server, "sea", (containers, endpoints));
        counts(0, 0).await?;

        // A service by its tasks has no address of its own; one that has another takes two.
        swarm.serve("shop", "echo:1", "sea", "elsewhere");
        counts(0, 0).await?;
        swarm.address("shop", "10.70.0.2", "10.70.0.3");
        counts(0, 2).await?;
        // A container of this host is a task of the swarm, and counts once.
        engine.join("sea", "web");
        counts(1, 2).await?;
        swarm.serve("bank", "echo:1", "sea", "elsewhere");
        swarm.address("bank", "10.70.0.5", "10.70.0.6");
        let shown = counts(1, 4).await?;
        ensure!(
            shown.subnets.warnings[0].contains("6 of 6 addresses of network `sea`"),
            "{:?}", shown.subnets.warnings
        );
        swarm.end_tasks("bank");
        counts(1, 3).await?;
    }
}

story! {
    /// The plan is checked, field by field, and what is left out stays.
    async fn a_plan_is_checked(app) {
        let pool = |base: &str, size: u8| json!({ "base": base, "size": size });
        let cases = [
            ("pools[0]", json!({ "pools": [pool("10.0.0.1/8", 24)] })),
            ("pools[0]", json!({ "pools": [pool("10.0.0.0/8", 30)] })),
            ("pools", json!({ "pools": [pool("10.0.0.0/8", 24), pool("10.1.0.0/16", 24)] })),
            ("pools", json!({ "pools": vec![pool("10.0.0.0/24", 24); 65] })),
            ("reserved[0]", json!({ "reserved": [{ "cidr": "10.0.0.1/8", "note": "x" }] })),
            ("reserved[0].note", json!({ "reserved": [{ "cidr": "10.0.0.0/8", "note": "" }] })),
            ("colour", json!({ "colour": "red" })),
        ];
        for (field, body) in cases {
            let problem = app.owner.patch("/v1/addresses", body.clone()).await?.problem(422)?;
            assert_eq!(problem.errors[0].field, field, "{body} {problem:?}");
        }
        let reserved = json!({ "reserved": [{ "cidr": "fd00::/16", "note": "lan" }] });
        app.owner.patch("/v1/addresses", reserved).await?.ok::<AddressPlan>()?;
        let pools = json!({ "pools": [pool("10.128.0.0/16", 26)] });
        let plan: AddressPlan = app.owner.patch("/v1/addresses", pools).await?.ok()?;
        assert_eq!((plan.pools.as_slice().len(), plan.reserved.as_slice().len()), (1, 1));
        let (server, _engine) = app.add_server("alpha").await?;
        let made = app.owner.destination(&server, "web").await?;
        assert_eq!(chosen(&made)?.to_string(), "10.128.0.0/26");
    }
}

story! {
    /// The picture is one document, in which names stay text.
    async fn the_picture_is_safe(app) {
        let engine = app.fleet.add("alpha:22");
        let name = "</title><script>alert(1)</script>";
        engine.put_network(name, |network| network.subnets = vec![subnet("10.64.9.0/24")]);
        // Docker's texts need not be addresses.
        engine.put_network("odd", |network| {
            network.subnets = vec![subnet("<b>"), subnet("")];
        });
        let server = app.add_known_server("alpha").await?;
        seen(app, &server, name).await?;
        let made = app.owner.destination(&server, "web").await?;
        assert_eq!(chosen(&made)?.to_string(), "10.64.0.0/24");
        for path in [format!("/v1/servers/{}/addresses.svg", server.id), "/v1/addresses.svg".into()] {
            let answer = app.owner.get(&path).await?;
            assert_eq!(answer.status, 200);
            assert_eq!(answer.headers["content-type"], "image/svg+xml");
            let policy = answer.headers["content-security-policy"].to_str()?;
            ensure!(policy.starts_with("default-src 'none'") && !policy.contains("script"), "{policy}");
            ensure!(answer.text.starts_with("<svg "), "{}", answer.text);
            ensure!(!answer.text.contains("<script"), "a name became an element");
            ensure!(answer.text.contains("&lt;script&gt;"), "the name is not shown");
            ensure!(answer.text.contains("10.64.0.0/24"), "the destination is not shown");
        }
    }
}
