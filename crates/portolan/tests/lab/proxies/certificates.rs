//! Which certificate visitors get: the team's own, and none for whoever it does not name.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

use super::{HTTPS, NAME, Stage};
use crate::support::{Host, curl_trusting, eventually};

/// The certificate that visitors of a host get, as they verify it by a root. `None` when they would
/// turn away.
pub(super) fn served(host: &Host, port: u16, name: &str, root: &Path) -> Result<Option<String>> {
    let resolve = format!("{name}:{port}:{}", host.address);
    let url = format!("https://{name}:{port}/");
    let args = ["--resolve", &resolve, "--output", "/dev/null", "--write-out", "%{certs}", &url];
    let said = curl_trusting(root, &args)?;
    if said.code != 0 {
        return Ok(None);
    }
    let end = "-----END CERTIFICATE-----";
    let first = said.out.split(end).next().context("a certificate")?;
    let (_, pem) = first.split_once("-----BEGIN CERTIFICATE-----").context("its beginning")?;
    Ok(Some(pem.trim().to_owned()))
}

/// An authority of the test's, whose files are where the command line reads them.
struct Own {
    folder: tempfile::TempDir,
    issuer: Issuer<'static, KeyPair>,
}

impl Own {
    fn new() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "authority of a test");
        std::fs::write(folder.path().join("root.crt"), params.self_signed(&key)?.pem())?;
        Ok(Self { folder, issuer: Issuer::new(params, key) })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Stores a certificate for these hosts; answers it as visitors get it.
    fn store(&self, stage: &Stage, name: &str, hosts: &[&str]) -> Result<String> {
        let hosts: Vec<String> = hosts.iter().map(ToString::to_string).collect();
        let key = KeyPair::generate()?;
        let pem = CertificateParams::new(hosts)?.signed_by(&key, &self.issuer)?.pem();
        let (chain, secret) = (self.path("chain.crt"), self.path("secret.key"));
        std::fs::write(&chain, &pem)?;
        std::fs::write(&secret, key.serialize_pem())?;
        let (chain, secret) = (chain.display().to_string(), secret.display().to_string());
        let add = ["certificate", "add", name, "--chain", &chain, "--key", &secret];
        stage.portolan.run(&add)?;
        let lines = pem.lines().filter(|line| !line.starts_with("-----"));
        Ok(lines.collect::<Vec<_>>().join("\n"))
    }

    fn served(&self, stage: &Stage, name: &str) -> Result<Option<String>> {
        served(&stage.host, HTTPS, name, &self.path("root.crt"))
    }

    fn becomes(&self, stage: &Stage, name: &str, wanted: Option<&str>) -> Result<()> {
        eventually(&format!("the certificate of {name} is {wanted:?}"), || {
            Ok((self.served(stage, name)?.as_deref() == wanted).then_some(()))
        })
    }
}

/// When the proxy's program began: a restart would be another time.
fn began(stage: &Stage) -> Result<String> {
    stage.host.docker(&["inspect", "-f", "{{.Id}} {{.State.StartedAt}}", NAME])
}

#[test]
#[ignore = "needs the lab"]
fn caddy_serves_certificates_of_the_teams_own() -> Result<()> {
    serves("caddy")
}

#[test]
#[ignore = "needs the lab"]
fn traefik_serves_certificates_of_the_teams_own() -> Result<()> {
    serves("traefik")
}

fn serves(kind: &str) -> Result<()> {
    const SHOP: &str = "shop.example.com";
    let stage = Stage::set("charlie")?;
    stage.proxy(kind, &[])?;
    let (network, echo) = stage.echo()?;
    let to = format!("{}:80", echo.name);
    let own = Own::new()?;
    let first = own.store(&stage, "first", &[SHOP, "*.wild.example.com"])?;
    for host in [SHOP, "a.wild.example.com", "a.b.wild.example.com", "other.example.com"] {
        stage.route(host, &network, &to, &[])?;
    }
    own.becomes(&stage, SHOP, Some(&first))?;
    own.becomes(&stage, "a.wild.example.com", Some(&first))?;
    // Whom it does not name gets another, or none, and nobody trusts it by our root.
    for host in ["a.b.wild.example.com", "other.example.com", "nobody.example.com"] {
        let got = own.served(&stage, host)?;
        ensure!(got.is_none(), "{host} is served {got:?}");
    }
    assert_eq!(stage.https("other.example.com", "/", &[])?.0, "200");

    let before = began(&stage)?;
    let second = own.store(&stage, "second", &[SHOP])?;
    stage.portolan.run(&["certificate", "remove", "first", "--yes"])?;
    own.becomes(&stage, SHOP, Some(&second))?;
    own.becomes(&stage, "a.wild.example.com", None)?;
    assert_eq!(stage.https("a.wild.example.com", "/", &[])?.0, "200");
    assert_eq!(began(&stage)?, before, "the proxy was restarted");

    stage.host.docker(&["rm", "-f", NAME])?;
    own.becomes(&stage, SHOP, Some(&second))?;
    stage.portolan.run(&["certificate", "remove", "second", "--yes"])?;
    own.becomes(&stage, SHOP, None)
}
