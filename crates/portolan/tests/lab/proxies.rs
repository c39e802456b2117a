//! Real Caddy and real Traefik: what visitors get, and what becomes of it when somebody meddles.

use std::{
    cell::RefCell,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};

use crate::support::{Container, Host, PATIENCE, Portolan, create, curl, eventually, unique};

mod acme;
mod certificates;
mod generated;
pub(crate) mod undisturbed;
mod verify;

pub(crate) const HTTP: u16 = 8180;
pub(crate) const HTTPS: u16 = 8543;
pub(crate) const NAME: &str = "portolan-proxy";

/// A host whose proxy is the test's: what an earlier run left is gone, and so is this one's.
pub(crate) struct Stage {
    pub(crate) portolan: Portolan,
    pub(crate) host: Host,
    has_proxy: bool,
    networks: RefCell<Vec<String>>,
}

impl Drop for Stage {
    fn drop(&mut self) {
        // Or what is taken away here would be put back.
        drop(self.portolan.kill());
        if self.has_proxy {
            drop(sweep(&self.host));
        }
        for network in self.networks.take() {
            drop(self.host.try_docker(&["network", "rm", &network]));
        }
    }
}

/// Takes away what a proxy of an earlier test left.
pub(crate) fn sweep(host: &Host) -> Result<()> {
    for suffix in ["", "-old", "-next", "-check"] {
        host.try_docker(&["rm", "-f", &format!("{NAME}{suffix}")])?;
    }
    for kind in ["caddy", "traefik"] {
        host.try_docker(&["volume", "rm", &format!("{NAME}-{kind}")])?;
    }
    host.try_docker(&["network", "rm", "0-portolan-proxy"])?;
    Ok(())
}

impl Stage {
    pub(crate) fn set(host: &str) -> Result<Self> {
        Self::of(Portolan::start()?, host)
    }

    pub(crate) fn of(portolan: Portolan, host: &str) -> Result<Self> {
        let host = Host::find(host)?;
        sweep(&host)?;
        Self::with(portolan, host, true)
    }

    /// The same for what needs no proxy: whoever has one there keeps it.
    pub(crate) fn beside(host: &str) -> Result<Self> {
        Self::with(Portolan::start()?, Host::find(host)?, false)
    }

    fn with(portolan: Portolan, host: Host, has_proxy: bool) -> Result<Self> {
        portolan.add_server(&host, "deploy")?;
        Ok(Self { portolan, host, has_proxy, networks: RefCell::default() })
    }

    pub(crate) fn proxy(&self, kind: &str, more: &[&str]) -> Result<String> {
        let server = self.host.name.as_str();
        let (http, https) = (HTTP.to_string(), HTTPS.to_string());
        let ports = ["--http-port", &http, "--https-port", &https];
        let args = ["proxy", "set", server, "--kind", kind, "--certificates", "internal"];
        self.portolan.run(&[&args[..], &ports, more].concat())
    }

    /// A name of a network that goes with the stage.
    pub(crate) fn network(&self, prefix: &str) -> String {
        let network = unique(prefix);
        self.networks.borrow_mut().push(network.clone());
        network
    }

    /// A destination with an echo on it.
    pub(crate) fn echo(&self) -> Result<(String, Container)> {
        let network = self.network("proxy");
        self.portolan.run(&create(&self.host.name, &network))?;
        let container = self.host.container(&network, &unique("proxy-echo"))?;
        Ok((network, container))
    }

    pub(crate) fn route(
        &self,
        address: &str,
        network: &str,
        to: &str,
        more: &[&str],
    ) -> Result<()> {
        let args = ["route", "add", address, "--destination", network, "--to", to];
        self.portolan.run(&[&args[..], more].concat())?;
        Ok(())
    }

    /// Status and answer of `https://HOST/PATH`.
    pub(crate) fn https(&self, host: &str, path: &str, more: &[&str]) -> Result<(String, String)> {
        let resolve = format!("{host}:{HTTPS}:{}", self.host.address);
        let url = format!("https://{host}:{HTTPS}{path}");
        visit(&[&["--resolve", &resolve, &url][..], more].concat())
    }

    pub(crate) fn http(&self, host: &str, path: &str, more: &[&str]) -> Result<(String, String)> {
        let header = format!("Host: {host}");
        let url = format!("http://{}:{HTTP}{path}", self.host.address);
        visit(&[&["--header", &header, &url][..], more].concat())
    }

    /// Whether the route answers.
    pub(crate) fn answers(&self, host: &str) -> Result<bool> {
        Ok(self.https(host, "/", &[])?.0 == "200")
    }

    /// How long it takes until the route answers again.
    fn answers_again(&self, host: &str) -> Result<Duration> {
        let since = Instant::now();
        eventually("an answer through the proxy", || Ok(self.answers(host)?.then_some(())))?;
        Ok(since.elapsed())
    }
}

/// Status, and head and body of the answer.
fn visit(args: &[&str]) -> Result<(String, String)> {
    let said = curl(&[&["--include", "--write-out", "\n%{http_code}"], args].concat())?;
    let (answer, status) = said.out.rsplit_once('\n').context("a status")?;
    Ok((status.to_owned(), answer.to_owned()))
}

#[test]
#[ignore = "needs the lab"]
fn caddy_serves_what_routes_ask_for() -> Result<()> {
    serves("alpha", "caddy")
}

#[test]
#[ignore = "needs the lab"]
fn traefik_serves_what_routes_ask_for() -> Result<()> {
    serves("charlie", "traefik")
}

fn serves(host: &str, kind: &str) -> Result<()> {
    let stage = Stage::set(host)?;
    stage.proxy(kind, &[])?;
    let (network, echo) = stage.echo()?;
    let to = format!("{}:80", echo.name);
    stage.route("a.example.com", &network, &to, &[])?;
    let (status, answer) = stage.http("a.example.com", "/x?y=1", &[])?;
    ensure!(matches!(status.as_str(), "301" | "308"), "{status}: {answer}");
    ensure!(answer.contains(&format!("https://a.example.com:{HTTPS}/x?y=1")), "{answer}");
    // Caddy's authority issues the certificate a moment after it has changed over.
    stage.answers_again("a.example.com")?;
    let (status, answer) = stage.https("a.example.com", "/x", &[])?;
    ensure!(status == "200" && answer.contains("path: /x"), "{status}: {answer}");
    let (status, _) = stage.http("nobody.example.com", "/", &[])?;
    assert_eq!(status, "404");

    let password = tempfile::NamedTempFile::new()?;
    std::fs::write(password.path(), "open sesame")?;
    let file = password.path().display().to_string();
    let options = [
        "--https",
        "off",
        "--strip-path",
        "--body-limit",
        "1000",
        "--user",
        "visitor",
        "--password-file",
        &file,
        "--response-header",
        "x-frame-options=DENY",
        "--request-header",
        "x-from=proxy",
    ];
    stage.route("b.example.com/api", &network, &to, &options)?;
    let user = ["--user", "visitor:open sesame"];
    assert_eq!(stage.http("b.example.com", "/api/z", &[])?.0, "401");
    assert_eq!(stage.http("b.example.com", "/apis", &user)?.0, "404");
    let (status, answer) = stage.http("b.example.com", "/api/z", &user)?;
    ensure!(status == "200" && answer.contains("path: /z"), "{status}: {answer}");
    let lower = answer.to_lowercase();
    ensure!(lower.contains("x-frame-options: deny") && lower.contains("x-from: proxy"), "{answer}");
    ensure!(!lower.contains("authorization"), "the target got the password: {answer}");
    for (bytes, expected) in [(900, "200"), (1_900, "413")] {
        let body = "x".repeat(bytes);
        let sent = [&user[..], &["--data", &body]].concat();
        assert_eq!(stage.http("b.example.com", "/api/z", &sent)?.0, expected, "{bytes} bytes");
    }

    stage.route("c.example.com", &network, &to, &["--https", "off", "--www", "strip"])?;
    let (_, answer) = stage.http("www.c.example.com", "/p?q=1", &[])?;
    ensure!(answer.contains(&format!("http://c.example.com:{HTTP}/p?q=1")), "{answer}");
    web_socket(&stage, &network)
}

/// Answers a handshake, then repeats what it is told.
const REPEATER: &str = r#"
use IO::Socket::INET;
my $all = IO::Socket::INET->new(LocalPort => 81, Listen => 9, ReuseAddr => 1) or die;
while (my $one = $all->accept) {
  next if fork;
  while (<$one>) { last if /^\r?\n$/ }
  syswrite $one, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
    . "Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
  while (sysread $one, my $said, 1000) { syswrite $one, $said }
  exit;
}"#;

fn web_socket(stage: &Stage, network: &str) -> Result<()> {
    let name = unique("proxy-ws");
    let run =
        ["run", "-d", "--init", "--name", &name, "--network", network, "--entrypoint", "perl"];
    stage.host.docker(&[&run[..], &["echo:1", "-e", REPEATER]].concat())?;
    let told = stage.route("w.example.com", network, &format!("{name}:81"), &["--https", "off"]);
    let heard = told.and_then(|()| eventually("a repeated word", || Ok(hello(stage).ok())));
    stage.host.docker(&["rm", "-f", &name])?;
    let heard = heard?;
    ensure!(heard == b"hello", "{heard:?}");
    Ok(())
}

fn hello(stage: &Stage) -> Result<Vec<u8>> {
    let mut stream = TcpStream::connect((stage.host.address.as_str(), HTTP))?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.write_all(
        b"GET / HTTP/1.1\r\nHost: w.example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
          Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    )?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    ensure!(line.contains("101"), "{line}");
    while line.trim_end() != "" {
        line.clear();
        reader.read_line(&mut line)?;
    }
    stream.write_all(b"hello")?;
    let mut heard = vec![0; 5];
    reader.read_exact(&mut heard)?;
    Ok(heard)
}

#[test]
#[ignore = "needs the lab"]
fn what_is_done_to_caddy_is_undone() -> Result<()> {
    undone("bravo", "caddy")
}

#[test]
#[ignore = "needs the lab"]
fn what_is_done_to_traefik_is_undone() -> Result<()> {
    undone("charlie", "traefik")
}

fn undone(host: &str, kind: &str) -> Result<()> {
    let stage = Stage::set(host)?;
    stage.proxy(kind, &[])?;
    let (network, echo) = stage.echo()?;
    stage.route("a.example.com", &network, &format!("{}:80", echo.name), &[])?;
    stage.answers_again("a.example.com")?;
    for acts in [
        &["network", "disconnect", &network, NAME][..],
        &["rm", "-f", NAME],
        &["restart", NAME],
        &["stop", NAME],
        &["rename", NAME, "proxy-renamed"],
    ] {
        // So many losses in so short a time would be asked about: what counts here is each.
        stage.portolan.run(&["drift", "policy", "set", "--all", "heal"])?;
        stage.host.docker(acts)?;
        stage.answers_again("a.example.com").with_context(|| format!("{acts:?}"))?;
    }
    for act in ["restart", "upgrade"] {
        stage.portolan.run(&["proxy", act, host])?;
        stage.answers_again("a.example.com").context(act)?;
    }
    // What is refused changes nothing.
    let folder = tempfile::tempdir()?;
    let extra = folder.path().join("extra");
    std::fs::write(&extra, if kind == "caddy" { r#"{"no": 1}"# } else { "http: [" })?;
    let extra = extra.display().to_string();
    let server = stage.host.name.as_str();
    let said = stage.portolan.refuse(&[
        "proxy",
        "set",
        server,
        "--kind",
        kind,
        "--certificates",
        "internal",
        "--http-port",
        "8180",
        "--https-port",
        "8543",
        "--extra",
        &extra,
    ])?;
    ensure!(said.contains("refuses its configuration"), "{said}");
    assert_eq!(stage.https("a.example.com", "/", &[])?.0, "200");
    // And a port that is taken is named.
    let said = stage.portolan.refuse(&[
        "proxy",
        "set",
        server,
        "--kind",
        kind,
        "--certificates",
        "internal",
        "--http-port",
        "22",
        "--https-port",
        "8543",
    ])?;
    ensure!(said.contains("port 22 of server"), "{said}");
    stage.answers_again("a.example.com")?;
    // The other kind takes over, with the routes.
    let other = if kind == "caddy" { "traefik" } else { "caddy" };
    stage.proxy(other, &[])?;
    stage.answers_again("a.example.com")?;
    Ok(())
}

#[test]
#[ignore = "needs the lab"]
fn a_lost_attachment_heals_within_two_seconds() -> Result<()> {
    let stage = Stage::set("alpha")?;
    stage.proxy("caddy", &[])?;
    let (network, _echo) = stage.echo()?;
    let joined = || -> Result<bool> {
        let format = "{{range $name, $at := .NetworkSettings.Networks}}{{$name}} {{end}}";
        Ok(stage.host.docker(&["inspect", "-f", format, NAME])?.contains(&network))
    };
    eventually("the first attachment", || Ok(joined()?.then_some(())))?;
    for _ in 0..5 {
        // The fourth would be asked about: what counts here is how long each takes.
        stage.portolan.run(&["drift", "policy", "set", "--all", "heal"])?;
        let since = stage.host.docker(&["info", "--format", "{{.SystemTime}}"])?;
        stage.host.docker(&["network", "disconnect", &network, NAME])?;
        eventually("the attachment", || Ok(joined()?.then_some(())))?;
        let took = between_events(&stage.host, since.trim(), &network, ["disconnect", "connect"])?;
        ensure!(took < Duration::from_secs(2), "{took:?}");
    }
    Ok(())
}

/// From Docker's event of the loss to that of the repair, by its own clock.
pub(crate) fn between_events(
    host: &Host,
    since: &str,
    network: &str,
    [lost, mended]: [&str; 2],
) -> Result<Duration> {
    let until = host.docker(&["info", "--format", "{{.SystemTime}}"])?;
    let events = host.docker(&[
        "events",
        "--since",
        since,
        "--until",
        until.trim(),
        "--filter",
        &format!("network={network}"),
        "--format",
        "{{.TimeNano}} {{.Action}}",
    ])?;
    let at = |action: &str| -> Result<u64> {
        let line = events.lines().find(|line| line.ends_with(&format!(" {action}")));
        Ok(line.with_context(|| events.clone())?.split(' ').next().context("a time")?.parse()?)
    };
    Ok(Duration::from_nanos(at(mended)?.saturating_sub(at(lost)?)))
}

#[test]
#[ignore = "needs the lab"]
fn faults_of_the_host_are_survived() -> Result<()> {
    for kind in ["caddy", "traefik"] {
        let stage = Stage::set("charlie")?;
        stage.proxy(kind, &[])?;
        let (network, echo) = stage.echo()?;
        stage.host.docker(&["update", "--restart", "unless-stopped", &echo.name])?;
        stage.route("a.example.com", &network, &format!("{}:80", echo.name), &[])?;
        stage.answers_again("a.example.com")?;
        for fault in ["engine-restart", "reboot"] {
            stage.host.fault(fault)?.clear();
            let took = stage.answers_again("a.example.com").with_context(|| fault.to_owned())?;
            ensure!(took < PATIENCE, "{fault}: {took:?}");
        }
    }
    Ok(())
}
