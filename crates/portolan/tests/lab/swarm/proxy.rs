//! Proxies of a swarm's managers: they lead to containers of any node, and to services.

use anyhow::{Context, Result, ensure};

use super::{Swarm, change::Service, servers};
use crate::{
    proxies::{HTTP, HTTPS, NAME, sweep},
    support::{Host, Portolan, curl, eventually, unique},
};

/// Hosts whose proxies are the test's.
pub(super) struct Proxies<'a> {
    hosts: [&'a Host; 2],
}

impl<'a> Proxies<'a> {
    pub(super) fn none_yet(hosts: [&'a Host; 2]) -> Result<Self> {
        hosts.into_iter().try_for_each(sweep)?;
        Ok(Self { hosts })
    }

    /// Whether a request for the host is answered by a container whose name of a host begins so.
    fn lead(&self, name: &str, to: &str) -> Result<()> {
        for host in self.hosts {
            eventually(&format!("{name} through {}", host.name), || {
                Ok(answers(host, name)?.contains(to).then_some(()))
            })?;
        }
        Ok(())
    }
}

impl Drop for Proxies<'_> {
    fn drop(&mut self) {
        for host in self.hosts {
            drop(sweep(host));
        }
    }
}

fn answers(host: &Host, name: &str) -> Result<String> {
    let (header, url) = (format!("Host: {name}"), format!("http://{}:{HTTP}/", host.address));
    Ok(curl(&["--header", &header, &url])?.out)
}

pub(super) fn set(portolan: &Portolan, server: &str, kind: &str) -> Result<()> {
    let (http, https) = (HTTP.to_string(), HTTPS.to_string());
    let ports = ["--http-port", &http, "--https-port", &https];
    let args = ["proxy", "set", server, "--kind", kind, "--certificates", "internal"];
    portolan.run(&[&args[..], &ports].concat()).map(drop)
}

#[test]
#[ignore = "needs the lab"]
fn caddy_leads_across_nodes() -> Result<()> {
    leads("caddy")
}

#[test]
#[ignore = "needs the lab"]
fn traefik_leads_across_nodes() -> Result<()> {
    leads("traefik")
}

fn leads(kind: &str) -> Result<()> {
    let swarm = Swarm::form(2)?;
    let proxies = Proxies::none_yet([swarm.echo(), swarm.foxtrot()])?;
    let mut portolan = Portolan::start()?;
    servers(&portolan, &swarm)?;
    let network = unique("sea");
    portolan.create("echo", &network)?;
    for server in ["echo", "foxtrot"] {
        set(&portolan, server, kind)?;
    }
    let far = swarm.golf().container_with(&network, &unique("far"), &["--hostname", "far-away"])?;
    let shop = Service::create(swarm.echo(), &network, "store")?;
    // A service by its own name, and by the alias that it has on this network.
    let targets = [("far", &*far.name), ("shop", &*shop.name), ("store", "store")];
    for (name, target) in targets {
        let (address, to) = (format!("{name}.example.com"), format!("{target}:80"));
        let add = ["route", "add", &address, "--destination", &network, "--to", &to];
        portolan.run(&[&add[..], &["--https", "off"]].concat())?;
    }
    let all_lead = || -> Result<()> {
        proxies.lead("far.example.com", "hostname: far-away")?;
        proxies.lead("shop.example.com", "hostname: ")?;
        proxies.lead("store.example.com", "hostname: ")
    };
    all_lead()?;

    // What is taken away comes back, on the overlay as before.
    for act in [&["rm", "-f", NAME][..], &["network", "disconnect", "-f", &network, NAME]] {
        swarm.echo().docker(act)?;
        all_lead().with_context(|| format!("{act:?}"))?;
    }
    let shown = portolan.json(&["proxy", "show", "foxtrot"])?;
    let attached = shown["attachments"].as_array().context("attachments")?;
    ensure!(attached.len() == 1 && attached[0]["observed"] == true, "{shown}");

    for server in ["echo", "foxtrot"] {
        portolan.run(&["proxy", "remove", server, "--force", "--yes"])?;
    }
    drop((far, shop));
    portolan.kill()
}
