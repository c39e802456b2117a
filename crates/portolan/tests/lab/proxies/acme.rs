//! Certificates by ACME from a real authority: a second Caddy, which no system trusts.

use anyhow::{Context, Result, ensure};

use super::{NAME, Stage, certificates::served};
use crate::support::{Host, eventually, unique};

/// A name that the public could know, and one that it never will.
const NAMES: [&str; 2] = ["shop.example.com", "shop.internal"];
const PORT: u16 = 9_443;
const ROOT: &str = "/data/caddy/pki/authorities/local/root.crt";

/// An authority on a host, which asks that host's port 80 and 443 whether names lead there.
struct Authority {
    host: Host,
    name: String,
    root: tempfile::NamedTempFile,
}

impl Authority {
    fn start(host: &Host) -> Result<Self> {
        let (name, root) = (unique("proxy-acme"), tempfile::NamedTempFile::new()?);
        let authority = Self { host: host.clone(), name, root };
        let (config, ports) = (format!("CONFIG={}", config(host)), format!("{PORT}:{PORT}"));
        let known = NAMES.map(|name| format!("--add-host={name}:{}", host.address));
        let run = ["run", "-d", "--name", &authority.name, "-p", &ports, "-e", &config];
        let known = known.each_ref().map(String::as_str);
        let program =
            "printf %s \"$CONFIG\" > /tmp/ca.json && exec caddy run --config /tmp/ca.json";
        host.docker(&[&run[..], &known, &["caddy:2", "sh", "-c", program]].concat())?;
        let root = eventually("the authority's root", || {
            let said = host.try_docker(&["exec", &authority.name, "cat", ROOT])?;
            Ok((said.code == 0).then_some(said.out))
        })?;
        std::fs::write(authority.root.path(), root)?;
        Ok(authority)
    }

    fn directory(&self) -> String {
        format!("https://{}:{PORT}/acme/local/directory", self.host.address)
    }

    /// What visitors of a route get, when this authority has signed it.
    fn issued(&self, name: &str) -> Result<Option<String>> {
        served(&self.host, 443, name, self.root.path())
    }

    fn comes_to_issue(&self, name: &str) -> Result<String> {
        eventually(&format!("a certificate for {name}"), || self.issued(name))
    }

    fn leave(&self) -> Result<()> {
        self.host.docker(&["rm", "-f", "-v", &self.name]).map(drop)
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        // The test may have ended it already.
        drop(self.leave());
    }
}

fn config(host: &Host) -> String {
    let address = host.address.as_str();
    serde_json::json!({
        "admin": {"disabled": true},
        "apps": {
            "pki": {"certificate_authorities": {"local": {"install_trust": false}}},
            "http": {"servers": {"authority": {
                "listen": [format!(":{PORT}")],
                "automatic_https": {"disable_redirects": true},
                // Whoever asks an address names no host.
                "tls_connection_policies": [{"default_sni": address}],
                "routes": [{
                    "match": [{"host": [address]}],
                    "handle": [{"handler": "acme_server", "ca": "local"}],
                }],
            }}},
            "tls": {"automation": {"policies": [{"issuers": [{"module": "internal"}]}]}},
        },
    })
    .to_string()
}

#[test]
#[ignore = "needs the lab"]
fn caddy_gets_certificates_by_acme() -> Result<()> {
    gets("caddy")
}

#[test]
#[ignore = "needs the lab"]
fn traefik_gets_certificates_by_acme() -> Result<()> {
    gets("traefik")
}

fn gets(kind: &str) -> Result<()> {
    let stage = Stage::set("charlie")?;
    let authority = Authority::start(&stage.host)?;
    set(&stage, &authority, kind)?;
    let (network, echo) = stage.echo()?;
    for name in NAMES {
        stage.route(name, &network, &format!("{}:80", echo.name), &[])?;
    }
    let mut certificates = Vec::new();
    for name in NAMES {
        certificates.push((name, authority.comes_to_issue(name)?));
    }

    // From now on there is nobody who could issue another one.
    authority.leave()?;
    let server = stage.host.name.as_str();
    let remove = ["proxy", "remove", server, "--force", "--yes"];
    for act in [
        &|| stage.host.docker(&["restart", NAME]).map(drop) as Result<()>,
        &|| stage.host.docker(&["rm", "-f", NAME]).map(drop),
        &|| stage.portolan.run(&["proxy", "restart", server]).map(drop),
        &|| stage.portolan.run(&remove).and_then(|_| set(&stage, &authority, kind)),
    ] as [&dyn Fn() -> Result<()>; 4]
    {
        act()?;
        for (name, certificate) in &certificates {
            let again = authority.comes_to_issue(name)?;
            ensure!(again == *certificate, "{name} has another certificate");
        }
    }
    Ok(())
}

/// With the root, and what becomes of one without it.
fn set(stage: &Stage, authority: &Authority, kind: &str) -> Result<()> {
    let (server, directory) = (stage.host.name.as_str(), authority.directory());
    let root = authority.root.path().to_str().context("a path")?;
    let set = ["proxy", "set", server, "--kind", kind, "--email", "ops@example.com"];
    let of = ["--acme-directory", directory.as_str(), "--acme-root", root];
    stage.portolan.run(&[&set[..], &of].concat())?;
    let shown = stage.portolan.run(&["proxy", "show", server])?;
    ensure!(shown.contains(&directory), "{shown}");
    Ok(())
}
