//! What a newcomer does in the browser, on real hosts: from nothing to a route that answers, drift
//! that is mended, a shell, a guest, and a removal that is refused until nothing is in the way.

use anyhow::{Context, Result, ensure};
use serde_json::json;

use crate::{
    proxies::{HTTP, HTTPS, sweep},
    support::{Chromium, Container, Host, Portolan, choose_crypto, curl, eventually, unique},
};

const OWNER: &str = "owner@example.com";
const GUEST: &str = "guest@example.com";
const PASSWORD: &str = "a lantern over gravel and maple";

/// A newcomer before the screen.
struct Newcomer {
    portolan: Portolan,
    host: Host,
    chromium: Chromium,
    /// Names that no other test of the lab uses.
    network: String,
    key: String,
    domain: String,
}

#[tokio::test]
#[ignore = "needs the lab and Chromium"]
async fn a_newcomer_does_it_all_in_the_browser() -> Result<()> {
    let newcomer = Newcomer::arrives("alpha").await?;
    newcomer.becomes_the_owner().await?;
    newcomer.adds_a_host().await?;
    newcomer.makes_a_destination().await?;
    let echo = newcomer.host.container(&newcomer.network, &unique("page-echo"))?;
    newcomer.adopts_what_is_there().await?;
    newcomer.sets_up_a_proxy().await?;
    newcomer.leads_a_route_to(&echo).await?;
    newcomer.sees_drift_and_has_it_mended().await?;
    newcomer.uses_a_shell().await?;
    newcomer.invites_a_guest_who_only_looks().await?;
    newcomer.removes_what_is_in_use(&echo).await?;
    Ok(())
}

impl Drop for Newcomer {
    fn drop(&mut self) {
        // Or what is taken away here would be put back.
        drop(self.portolan.kill());
        drop(sweep(&self.host));
        for network in [&self.network, &self.old_network()] {
            drop(self.host.try_docker(&["network", "rm", network]));
        }
        let unpaste = format!("sed -i /{}/d ~/.ssh/authorized_keys", self.key);
        drop(self.host.as_root(&["sh", "-c", &quoted(&unpaste)]));
    }
}

impl Newcomer {
    async fn arrives(host: &str) -> Result<Self> {
        let host = Host::find(host)?;
        sweep(&host)?;
        choose_crypto();
        let chromium = Chromium::start().await?;
        let portolan = Portolan::serve()?;
        let (network, key) = (unique("page"), unique("page-key"));
        let domain = format!("{network}.example.com");
        Ok(Self { portolan, host, chromium, network, key, domain })
    }

    async fn goes_to(&self, path: &str) -> Result<()> {
        self.chromium.open(&format!("{}{path}", self.portolan.pages())).await
    }

    async fn becomes_the_owner(&self) -> Result<()> {
        let Self { chromium, portolan, .. } = self;
        self.goes_to("/").await?;
        chromium.is_at("/setup").await?;
        chromium.fill("[name=setup_token]", &portolan.setup_token()?).await?;
        chromium.fill("[name=email]", OWNER).await?;
        chromium.fill("[name=password]", PASSWORD).await?;
        chromium.press("Become the owner").await?;
        chromium.sees("You are the owner of").await?;
        chromium.press("Sign in").await?;
        signs_in(chromium, OWNER).await
    }

    /// The key is made by Portolan, and its public half is pasted on the host as the page shows it.
    async fn adds_a_host(&self) -> Result<()> {
        let Self { chromium, host, .. } = self;
        self.goes_to("/welcome").await?;
        chromium.fill("main [name=name]", &self.key).await?;
        chromium.press("Make the key").await?;
        chromium.sees("Paste this on the host").await?;
        let command = "return [...document.querySelectorAll('main code, main pre')]
            .map((shown) => shown.textContent).find((text) => text.includes('authorized_keys'))";
        let command = chromium.ask(command, json!([])).await?;
        host.as_root(&["sh", "-c", &quoted(command.as_str().context("a command")?)])?;
        chromium.fill("main [name=name]", &host.name).await?;
        chromium.fill("[name='connection.host']", &host.address).await?;
        chromium.press("Add the server").await?;
        chromium.sees("4. A destination on").await
    }

    async fn makes_a_destination(&self) -> Result<()> {
        let Self { chromium, .. } = self;
        chromium.fill("main [name=name]", &self.network).await?;
        chromium.fill("main [name=network]", &self.network).await?;
        chromium.press("Make the destination").await?;
        chromium.sees("Your first destination is ready").await?;
        ensure!(self.host.networks(&self.network)?.len() == 1, "the network is on the host");
        Ok(())
    }

    async fn adopts_what_is_there(&self) -> Result<()> {
        let Self { chromium, host, .. } = self;
        let old = self.old_network();
        host.docker(&["network", "create", &old])?;
        self.goes_to("/servers").await?;
        chromium.press(&host.name).await?;
        chromium.press("Destinations").await?;
        chromium.press("Scan for destinations").await?;
        chromium.press("Scan").await?;
        chromium.click(&format!("input[value='{old}']")).await?;
        chromium.press("Adopt the chosen").await?;
        chromium.sees(&format!("network `{old}` is a destination now")).await
    }

    fn old_network(&self) -> String {
        format!("{}-old", self.network)
    }

    async fn sets_up_a_proxy(&self) -> Result<()> {
        let Self { chromium, .. } = self;
        self.goes_to("/servers").await?;
        chromium.press(&self.host.name).await?;
        chromium.press("Proxy").await?;
        chromium.sees("No proxy").await?;
        chromium.click("[name='certificates.source'][value=internal]").await?;
        chromium.press("Advanced").await?;
        chromium.fill("[name='http_port:number']", &HTTP.to_string()).await?;
        chromium.fill("[name='https_port:number']", &HTTPS.to_string()).await?;
        chromium.press("Give it this proxy").await?;
        chromium.sees("in force since").await
    }

    async fn leads_a_route_to(&self, echo: &Container) -> Result<()> {
        let Self { chromium, .. } = self;
        self.goes_to("/routes").await?;
        chromium.press("+ Add").await?;
        chromium.fill("[name=host]", &self.domain).await?;
        let named = "return [...document.querySelectorAll('[name=destination_id] option')]
            .find((option) => option.textContent.startsWith(arguments[0])).value";
        let id = chromium.ask(named, json!([format!("{} on", self.network)])).await?;
        chromium.choose("[name=destination_id]", id.as_str().context("an id")?).await?;
        chromium.fill("[name=target]", &echo.name).await?;
        chromium.fill("[name='port:number']", "80").await?;
        chromium.press("Add the route").await?;
        chromium.sees("live").await?;
        eventually("an answer through the proxy", || Ok(self.answers()?.then_some(())))
    }

    fn answers(&self) -> Result<bool> {
        let resolve = format!("{}:{HTTPS}:{}", self.domain, self.host.address);
        let url = format!("https://{}:{HTTPS}/", self.domain);
        let status = ["--output", "/dev/null", "--write-out", "%{http_code}"];
        Ok(curl(&[&["--resolve", &resolve, &url], &status[..]].concat())?.out == "200")
    }

    /// Asked first, as a careful person wishes; then repaired by a click.
    async fn sees_drift_and_has_it_mended(&self) -> Result<()> {
        let Self { chromium, host, .. } = self;
        self.opens_the_destination().await?;
        chromium.press("Drift").await?;
        chromium.choose("main [name=policy]", "ask").await?;
        chromium.press("Save").await?;
        chromium.sees("ask (said here)").await?;
        host.docker(&["network", "disconnect", "--force", &self.network, "portolan-proxy"])?;
        chromium.sees("the proxy was found off the network").await?;
        ensure!(!self.answers()?, "nothing is repaired without being asked");
        chromium.press("Repair it").await?;
        chromium.sees(&format!("the proxy is on network `{}` again", self.network)).await?;
        eventually("an answer through the proxy", || Ok(self.answers()?.then_some(())))
    }

    async fn opens_the_destination(&self) -> Result<()> {
        self.goes_to("/destinations").await?;
        self.chromium.press(&self.network).await
    }

    async fn uses_a_shell(&self) -> Result<()> {
        let Self { chromium, host, .. } = self;
        self.goes_to("/servers").await?;
        chromium.press(&host.name).await?;
        chromium.press("Terminal").await?;
        chromium.press("Open a terminal").await?;
        chromium.sees("Connected.").await?;
        chromium.keys("echo $((6 * 7)) waves; exit 3\r").await?;
        chromium.sees("42 waves").await?;
        chromium.sees("the shell ended with exit status 3").await
    }

    async fn invites_a_guest_who_only_looks(&self) -> Result<()> {
        let Self { chromium, .. } = self;
        self.goes_to("/people/invites").await?;
        chromium.fill("main [name=email]", GUEST).await?;
        chromium.press("Make the invitation").await?;
        chromium.sees("This link is shown once").await?;
        let link = "return document.body.innerText.match(/http\\S+#\\S+/)[0]";
        let link = chromium.ask(link, json!([])).await?;
        let guest = Chromium::start().await?;
        guest.open(link.as_str().context("a link")?).await?;
        guest.fill("[name=email]", GUEST).await?;
        guest.fill("[name=password]", PASSWORD).await?;
        guest.press("Join the team").await?;
        guest.sees("You are member of").await?;
        guest.press("Sign in").await?;
        signs_in(&guest, GUEST).await?;
        self.looks_and_changes_nothing(&guest).await?;
        guest.close().await
    }

    async fn looks_and_changes_nothing(&self, guest: &Chromium) -> Result<()> {
        guest.open(&format!("{}/destinations", self.portolan.pages())).await?;
        guest.press(&self.network).await?;
        guest.sees("As Docker has it").await?;
        let place = guest.url().await?;
        let forms = "return document.querySelectorAll('main form[method=post]').length";
        ensure!(guest.ask(forms, json!([])).await? == 0, "there is something to press");
        guest.open(&format!("{place}/danger")).await?;
        guest.sees("Not allowed").await
    }

    async fn removes_what_is_in_use(&self, echo: &Container) -> Result<()> {
        let Self { chromium, .. } = self;
        self.opens_the_destination().await?;
        chromium.press("Remove").await?;
        chromium.sees(&format!("has routes: {}", self.domain)).await?;
        chromium.sees(&format!("is in use by {}", echo.name)).await?;
        self.goes_to("/routes").await?;
        let address = format!("{}/", self.domain);
        chromium.press(&address).await?;
        chromium.fill("[name=_typed]", &address).await?;
        chromium.press("Delete").await?;
        chromium.sees("No routes yet").await?;
        self.opens_the_destination().await?;
        chromium.press("Remove").await?;
        chromium.sees(&format!("disconnect container `{}`", echo.name)).await?;
        chromium.fill("[name=_typed]", &self.network).await?;
        chromium.press("Disconnect and remove").await?;
        chromium.sees("Docker removed the network").await?;
        ensure!(self.host.networks(&self.network)?.is_empty(), "the network is gone");
        Ok(())
    }
}

async fn signs_in(chromium: &Chromium, address: &str) -> Result<()> {
    chromium.is_at("/sign-in").await?;
    chromium.fill("[name=email]", address).await?;
    chromium.fill("[name=password]", PASSWORD).await?;
    chromium.click("main [type=submit]").await?;
    chromium.sees("Overview").await
}

/// As one word for the shell of the host.
fn quoted(command: &str) -> String {
    format!("'{}'", command.replace('\'', "'\\''"))
}
