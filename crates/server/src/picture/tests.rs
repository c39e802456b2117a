//! What becomes of a world in the picture.

use std::collections::{BTreeMap, HashSet};

use portolan_types::{
    ApplicationState, Chart, ChartLinkKind, ChartNode, ChartNodeKind, DestinationKind, LinkState,
    ServerId, Timestamp,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Fleet, World, draw};
use crate::{
    db::application::Drawn,
    host::{Attachment, HostContainer, HostNetwork, HostService, Member},
    sighting::{Seen, Sighting},
};

const AT: &str = "2026-01-01T00:00:00.000Z";

fn read<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("what the API answers")
}

fn id(letter: char, number: usize) -> String {
    format!("{letter}{number:0>23}")
}

fn server(number: usize) -> portolan_types::Server {
    read(json!({
        "id": id('s', number), "name": format!("host-{number}"), "description": "",
        "connection": { "type": "local" }, "kind": null, "swarm": null, "build_server": false,
        "state": "ready", "reason": null, "reachability": "reachable", "last_contact_at": null,
        "last_contact_age_seconds": null, "host_key": null, "access": null, "engine": null,
        "operation_id": null, "created_at": AT, "updated_at": AT,
    }))
}

fn destination(number: usize, on: usize, kind: &str) -> portolan_types::Destination {
    let observed = json!({
        "docker_id": format!("net-{number}"), "driver": "bridge", "subnets": [], "gateways": [],
        "inspected_at": AT,
    });
    read(json!({
        "id": id('d', number), "server_id": id('s', on), "server_name": format!("host-{on}"),
        "name": format!("net {number}"), "network": format!("net-{number}"), "kind": kind,
        "origin": "created", "state": "ready", "reason": null, "options": {}, "planned": {},
        "revision": 1, "cluster_id": null, "observed": observed, "operation_id": null,
        "created_at": AT, "updated_at": AT,
    }))
}

fn proxy(on: usize) -> portolan_types::Proxy {
    read(json!({
        "server_id": id('s', on), "server_name": format!("host-{on}"), "kind": "caddy",
        "image": "caddy:2", "http_port": 80, "https_port": 443,
        "certificates": portolan_types::CertificateSource::default(), "extra": null,
        "state": "running", "reason": null, "revision": 1, "observed": null,
        "configuration": null, "operation_id": null, "created_at": AT, "updated_at": AT,
    }))
}

fn route(number: usize, to: usize, on: usize, target: &str) -> portolan_types::Route {
    read(json!({
        "id": id('r', number), "destination_id": id('d', to), "destination_name": "x",
        "network": format!("net-{to}"), "server_id": id('s', on), "server_name": "x",
        "host": format!("h{number}.example.com"), "path": "/", "target": target, "port": 80,
        "options": {}, "user": null, "state": "live", "reason": null, "created_at": AT,
        "updated_at": AT,
    }))
}

fn network(number: usize) -> HostNetwork {
    HostNetwork {
        docker_id: format!("net-{number}"),
        name: format!("net-{number}"),
        ..HostNetwork::default()
    }
}

fn container(name: &str, on: &[usize]) -> HostContainer {
    let place = |number: &usize| Attachment {
        key: format!("net-{number}"),
        network_id: format!("net-{number}"),
        ..Attachment::default()
    };
    HostContainer {
        member: Member {
            docker_id: format!("id-{name}"),
            name: name.to_owned(),
            state: "running".to_owned(),
        },
        attachments: on.iter().map(place).collect(),
        ..HostContainer::default()
    }
}

fn seen(sighting: Sighting) -> Seen {
    Seen { at: Timestamp::now(), sighting }
}

fn server_id(number: usize) -> ServerId {
    id('s', number).parse().expect("an id")
}

fn find<'a>(chart: &'a Chart, name: &str) -> Option<&'a ChartNode> {
    chart.nodes.iter().find(|node| node.name == name)
}

fn is_linked(chart: &Chart, kind: ChartLinkKind, from: &str, to: &str) -> bool {
    chart.links.iter().any(|one| one.kind == kind && one.from == from && one.to == to)
}

fn application(number: usize, on: usize, name: &str) -> Drawn {
    Drawn {
        id: id('a', number).parse().expect("an id"),
        name: name.to_owned(),
        place: "shop/production".to_owned(),
        database_id: (number == 2).then(|| id('a', number).parse().expect("an id")),
        destination_id: id('d', on).parse().expect("an id"),
        destination_kind: DestinationKind::Standalone,
        server_id: server_id(1),
        state: ApplicationState::Running,
        reason: None,
        container: Some(format!("{name}-1")),
    }
}

fn linked(from: usize, to: usize) -> portolan_types::Link {
    let end =
        |number| json!({ "application_id": id('a', number), "destination_id": id('d', number) });
    read(json!({
        "id": id('l', 1), "from": end(from), "to": end(to), "network": "link-x", "state": "up",
        "created_at": AT,
    }))
}

/// An application stands for its containers, routes lead to it, and what it reaches by a link is told.
/// For somebody who does not see it, its containers are drawn.
#[test]
fn applications_stand_for_their_containers() {
    let mut run = container("web-1", &[1]);
    run.application = Some(id('a', 1));
    let mut hidden = container("hidden-1", &[1]);
    hidden.application = Some(id('a', 9));
    let mut world = World {
        fleet: Fleet {
            servers: vec![server(1)],
            destinations: vec![destination(1, 1, "standalone"), destination(2, 1, "standalone")],
            proxies: vec![proxy(1)],
            routes: vec![route(1, 1, 1, "web-1")],
        },
        applications: vec![
            application(1, 1, "web"),
            application(2, 2, "db"),
            application(3, 7, "x"),
        ],
        links: vec![linked(1, 2)],
        sightings: BTreeMap::from([(
            server_id(1),
            seen(Sighting {
                networks: vec![network(1), network(2)],
                containers: vec![run, hidden],
                ..Sighting::default()
            }),
        )]),
        ..World::default()
    };
    let chart = draw(&world);
    let (web, db) =
        (find(&chart, "web").expect("it is drawn"), find(&chart, "db").expect("so is it"));
    assert_eq!((web.kind, db.kind), (ChartNodeKind::Application, ChartNodeKind::Database));
    assert_eq!(web.container.as_deref(), Some("web-1"));
    assert!(find(&chart, "web-1").is_none() && find(&chart, "hidden-1").is_some(), "{chart:?}");
    // Its destination is not seen.
    assert!(find(&chart, "x").is_none(), "{chart:?}");
    let on = format!("destination:{}", id('d', 1));
    assert!(is_linked(&chart, ChartLinkKind::Member, &on, &web.id), "{chart:?}");
    assert!(is_linked(&chart, ChartLinkKind::Link, &web.id, &db.id), "{chart:?}");
    let led = chart.links.iter().any(|one| one.kind == ChartLinkKind::Route && one.to == web.id);
    assert!(led, "no route leads to it: {chart:?}");
    world.links[0].state = LinkState::Waiting;
    let waits = draw(&world).links.iter().any(|one| one.kind == ChartLinkKind::Link && one.missing);
    assert!(waits, "it is said to be up");
}

#[test]
fn whoever_is_on_a_destination_is_drawn_and_nobody_else() {
    let mut never_ran = container("new", &[]);
    never_ran.attachments = vec![Attachment { key: "net-1".to_owned(), ..Attachment::default() }];
    let containers = vec![container("web", &[1, 2]), container("elsewhere", &[9]), never_ran];
    let networks = vec![network(1), network(2), network(9)];
    let world = World {
        fleet: Fleet {
            servers: vec![server(1)],
            destinations: vec![destination(1, 1, "standalone"), destination(2, 1, "standalone")],
            ..Fleet::default()
        },
        sightings: BTreeMap::from([(
            server_id(1),
            seen(Sighting { networks, containers, ..Sighting::default() }),
        )]),
        ..World::default()
    };
    let chart = draw(&world);
    let web = find(&chart, "web").expect("it is drawn");
    assert_eq!(web.parent, Some(format!("server:{}", id('s', 1))));
    for number in [1, 2] {
        let from = format!("destination:{}", id('d', number));
        assert!(is_linked(&chart, ChartLinkKind::Member, &from, &web.id), "{chart:?}");
    }
    assert!(find(&chart, "new").is_some() && find(&chart, "elsewhere").is_none(), "{chart:?}");
    // Nothing leads outside, so there is no outside.
    assert!(find(&chart, "Internet").is_none());
}

#[test]
fn what_is_wanted_and_not_there_is_missing() {
    let networks = vec![network(1)];
    let world = World {
        fleet: Fleet {
            servers: vec![server(1)],
            destinations: vec![destination(1, 1, "standalone"), destination(2, 1, "standalone")],
            routes: vec![route(1, 1, 1, "web")],
            ..Fleet::default()
        },
        sightings: BTreeMap::from([(
            server_id(1),
            seen(Sighting { networks, ..Sighting::default() }),
        )]),
        ..World::default()
    };
    let chart = draw(&world);
    let missing: Vec<&str> =
        chart.nodes.iter().filter(|node| node.missing).map(|node| node.name.as_str()).collect();
    assert_eq!(missing, ["net 2", "web", "no proxy"]);
    let route = chart.links.iter().find(|link| link.label.is_some()).expect("the route");
    assert_eq!(route.label.as_deref(), Some("h1.example.com/"));
    assert_eq!(route.to, find(&chart, "web").expect("the target").id);
}

#[test]
fn an_overlay_spans_the_servers_on_which_it_was_seen_and_a_service_stands_for_its_tasks() {
    let service = HostService {
        docker_id: "svc".to_owned(),
        name: "api".to_owned(),
        networks: vec!["net-1".to_owned()],
        ..HostService::default()
    };
    let task = HostContainer { service_id: Some("svc".to_owned()), ..container("api.1.abc", &[1]) };
    let manager = Sighting {
        networks: vec![network(1)],
        services: vec![service],
        containers: vec![HostContainer {
            proxy_of: Some("x".to_owned()),
            ..container("caddy", &[1])
        }],
        ..Sighting::default()
    };
    let worker =
        Sighting { networks: vec![network(1)], containers: vec![task], ..Sighting::default() };
    let world = World {
        fleet: Fleet {
            servers: vec![server(1), server(2), server(3)],
            proxies: vec![proxy(1)],
            destinations: vec![destination(1, 1, "swarm")],
            routes: vec![route(1, 1, 1, "api")],
        },
        sightings: BTreeMap::from([(server_id(1), seen(manager)), (server_id(2), seen(worker))]),
        ..World::default()
    };
    let chart = draw(&world);
    let spans = chart.links.iter().filter(|link| link.kind == ChartLinkKind::Spans);
    let spans: Vec<&str> = spans.map(|link| link.to.as_str()).collect();
    assert_eq!(spans, [format!("server:{}", id('s', 1)), format!("server:{}", id('s', 2))]);
    let services = chart.nodes.iter().filter(|node| node.kind == ChartNodeKind::Service);
    assert_eq!(services.count(), 1);
    assert!(find(&chart, "api.1.abc").is_none() && find(&chart, "caddy").is_none(), "{chart:?}");
    let proxy = format!("proxy:{}", id('s', 1));
    assert!(is_linked(&chart, ChartLinkKind::Route, "internet", &proxy));
    assert!(is_linked(&chart, ChartLinkKind::Route, &proxy, "service:svc"));
}

proptest! {
    /// Whatever is on the hosts: no node twice, and no link that leads nowhere.
    #[test]
    fn every_picture_holds_together(
        hosts in proptest::collection::vec(
            proptest::collection::vec((0_usize..8, 0_usize..8, any::<bool>()), 0..20),
            1..4,
        ),
        targets in proptest::collection::vec((0_usize..8, 0_usize..30), 0..10),
    ) {
        let mut world = World::default();
        for (number, containers) in hosts.iter().enumerate() {
            world.fleet.servers.push(server(number));
            world.fleet.destinations.push(destination(number, number, "swarm"));
            let member = |(at, (a, b, our)): (usize, &(usize, usize, bool))| HostContainer {
                proxy_of: our.then(|| id('s', number)),
                ..container(&format!("c{at}"), &[*a, *b])
            };
            let sighting = Sighting {
                networks: (0..8).map(network).collect(),
                containers: containers.iter().enumerate().map(member).collect(),
                ..Sighting::default()
            };
            world.sightings.insert(server_id(number), seen(sighting));
        }
        for (number, (to, target)) in targets.iter().enumerate() {
            world.fleet.routes.push(route(number, *to, 0, &format!("c{target}")));
        }
        let chart = draw(&world);
        let ids: HashSet<&str> = chart.nodes.iter().map(|node| node.id.as_str()).collect();
        prop_assert_eq!(ids.len(), chart.nodes.len());
        for link in &chart.links {
            prop_assert!(ids.contains(link.from.as_str()) && ids.contains(link.to.as_str()));
        }
        for node in &chart.nodes {
            prop_assert!(node.parent.as_ref().is_none_or(|parent| ids.contains(parent.as_str())));
        }
        prop_assert_eq!(draw(&world), chart);
    }
}

#[test]
fn one_picture_holds_so_many_and_says_how_many_it_leaves_out() {
    let containers = (0..6_000).map(|number| container(&format!("c{number}"), &[1])).collect();
    let world = World {
        fleet: Fleet {
            servers: vec![server(1)],
            destinations: vec![destination(1, 1, "standalone")],
            ..Fleet::default()
        },
        sightings: BTreeMap::from([(
            server_id(1),
            seen(Sighting { networks: vec![network(1)], containers, ..Sighting::default() }),
        )]),
        ..World::default()
    };
    let began = std::time::Instant::now();
    let chart = draw(&world);
    assert_eq!((chart.nodes.len(), chart.left_out), (5_000, 1_002));
    // Work that grew with the square of the fleet would take minutes; this takes milliseconds.
    assert!(began.elapsed() < std::time::Duration::from_secs(10), "{:?}", began.elapsed());
}

/// Histories of a few servers and routes: each step makes one of them so, or ends it.
mod histories {
    use proptest::prelude::*;

    use super::{id, read};
    use crate::{
        db::past::Former,
        picture::{
            facts::{Fact, Facts, RouteFacts, ServerFacts, Thing},
            past::undone,
        },
    };
    use portolan_types::{Reachability, RouteState, ServerState};

    fn fact(number: usize, word: u8) -> Fact {
        let name = format!("name-{word}");
        if number.is_multiple_of(2) {
            return Fact::Server(ServerFacts {
                id: read(id('s', number).into()),
                name,
                state: ServerState::Ready,
                reason: None,
                reachability: Reachability::Reachable,
            });
        }
        Fact::Route(RouteFacts {
            id: read(id('r', number).into()),
            destination_id: read(id('d', number).into()),
            host: name,
            path: "/".to_owned(),
            target: "web".to_owned(),
            state: RouteState::Live,
        })
    }

    fn key(number: usize) -> (Thing, String) {
        if number.is_multiple_of(2) {
            (Thing::Server, id('s', number))
        } else {
            (Thing::Route, id('r', number))
        }
    }

    fn facts(world: &[Option<u8>]) -> Facts {
        let mut facts = Facts::default();
        let there = world.iter().enumerate().filter_map(|(number, word)| Some((number, (*word)?)));
        facts.extend(there.map(|(number, word)| fact(number, word)));
        facts
    }

    fn sorted(mut facts: Facts) -> Facts {
        facts.servers.sort_by(|a, b| a.id.as_str().cmp(b.id.as_str()));
        facts.routes.sort_by(|a, b| a.id.as_str().cmp(b.id.as_str()));
        facts
    }

    proptest! {
        /// The present with the earliest of what was before each later step is that moment.
        #[test]
        fn walked_back_to_each_moment_it_is_what_it_was(
            steps in proptest::collection::vec((0_usize..6, proptest::option::of(any::<u8>())), 0..40),
        ) {
            let mut world: Vec<Option<u8>> = vec![None; 6];
            let mut moments = vec![world.clone()];
            for (number, word) in &steps {
                world[*number] = *word;
                moments.push(world.clone());
            }
            for (at, then) in moments.iter().enumerate() {
                let mut formers: Vec<Former> = Vec::new();
                for (step, (number, _)) in steps.iter().enumerate().skip(at) {
                    let (thing, id) = key(*number);
                    if formers.iter().all(|one| (one.thing, &one.id) != (thing, &id)) {
                        let was = moments[step][*number].map(|word| fact(*number, word));
                        formers.push(Former { thing, id, was });
                    }
                }
                prop_assert_eq!(sorted(undone(facts(&world), formers)), sorted(facts(then)));
            }
        }
    }
}
