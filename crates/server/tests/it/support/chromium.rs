//! Chromium, driven as a person drives it. `scripts/install-test-tools` installs it.

use std::{
    future::Future,
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    process::Stdio,
};

use anyhow::{Context, Result, bail, ensure};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

use super::{PATIENCE, eventually};

/// The key by which an answer names an element (<https://www.w3.org/TR/webdriver2/#elements>).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// The first visible element of a selector.
const VISIBLE: &str = "return [...document.querySelectorAll(arguments[0])]
    .find((found) => found.checkVisibility())";

/// A browser that is driven (<https://www.w3.org/TR/webdriver2/>).
pub(crate) struct Chromium {
    http: reqwest::Client,
    session: String,
    /// Ends with it.
    _driver: Child,
    _said: Lines<BufReader<ChildStdout>>,
}

impl Chromium {
    pub(crate) async fn start() -> Result<Self> {
        let (driver, said, port) = driver().await?;
        let http = reqwest::Client::new();
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            // What opens is there at once: no picture shows it half way.
            "--force-prefers-reduced-motion",
        ];
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": { "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL" },
        } } });
        let place = format!("http://127.0.0.1:{port}/session");
        let begun = said_by(http.post(&place).json(&wanted)).await?;
        let session = format!("{place}/{}", begun["sessionId"].as_str().context("a session")?);
        Ok(Self { http, session, _driver: driver, _said: said })
    }

    pub(crate) async fn post(&self, what: &str, body: Value) -> Result<Value> {
        said_by(self.http.post(format!("{}/{what}", self.session)).json(&body)).await
    }

    /// What a page's script makes of the options.
    pub(crate) async fn run(&self, script: &str, options: Value) -> Result<Value> {
        let made =
            self.post("execute/async", json!({ "script": script, "args": [options] })).await?;
        ensure!(made["error"].is_null(), "{made}");
        Ok(made)
    }

    /// Opens a page and waits until it has loaded.
    pub(crate) async fn open(&self, url: &str) -> Result<()> {
        self.post("url", json!({ "url": url })).await.map(drop)
    }

    /// Where the browser is.
    pub(crate) async fn url(&self) -> Result<String> {
        let url = said_by(self.http.get(format!("{}/url", self.session))).await?;
        Ok(url.as_str().context("a URL")?.to_owned())
    }

    /// What a script says.
    pub(crate) async fn ask(&self, script: &str, arguments: Value) -> Result<Value> {
        self.post("execute/sync", json!({ "script": script, "args": arguments })).await
    }

    /// What a person can read on the page.
    pub(crate) async fn text(&self) -> Result<String> {
        let text = self.ask("return document.body.innerText", json!([])).await?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// Waits until something is on the page.
    pub(crate) async fn sees(&self, text: &str) -> Result<()> {
        self.until(&format!("the page says `{text}`"), || async {
            Ok(self.text().await?.contains(text).then_some(()))
        })
        .await
    }

    /// Waits until the browser is at a path.
    pub(crate) async fn is_at(&self, path: &str) -> Result<()> {
        self.until(&format!("the browser is at {path}"), || async {
            let url = url::Url::parse(&self.url().await?)?;
            Ok((url.path() == path).then_some(()))
        })
        .await
    }

    /// A failure says what was on the page.
    async fn until<T, F: Future<Output = Result<Option<T>>>>(
        &self,
        what: &str,
        ask: impl FnMut() -> F,
    ) -> Result<T> {
        match eventually(what, ask).await {
            Ok(found) => Ok(found),
            Err(error) => bail!("{error:#}; {}: {}", self.url().await?, self.text().await?),
        }
    }

    /// What a script finds, when it is there.
    async fn element(&self, script: &str, wanted: &str) -> Result<String> {
        let what = format!("`{wanted}` is on the page");
        let found = self.until(&what, || async {
            let element = self.ask(script, json!([wanted])).await?;
            Ok((!element.is_null()).then_some(element))
        });
        Ok(found.await?[ELEMENT].as_str().context("an element")?.to_owned())
    }

    /// Does something to an element. One that its page has read again in between is another one: a
    /// person tries once more.
    async fn act(&self, script: &str, wanted: &str, acts: &[(&str, Value)]) -> Result<()> {
        self.until(&format!("`{wanted}` stays long enough"), || async {
            let element = self.element(script, wanted).await?;
            for (act, body) in acts {
                match self.post(&format!("element/{element}/{act}"), body.clone()).await {
                    Err(error) if is_passing(&error) => return Ok(None),
                    done => drop(done?),
                }
            }
            Ok(Some(()))
        })
        .await
    }

    /// Clicks the first visible element of a selector.
    pub(crate) async fn click(&self, selector: &str) -> Result<()> {
        self.act(VISIBLE, selector, &[("click", json!({}))]).await
    }

    /// Clicks the link or button that says this.
    pub(crate) async fn press(&self, text: &str) -> Result<()> {
        let script = "return [...document.querySelectorAll('a, button, summary, label')].find(
            (found) => found.innerText.trim() === arguments[0] && found.checkVisibility() && !found.disabled)";
        self.act(script, text, &[("click", json!({}))]).await
    }

    /// Chooses the option with this value in a list; those of a list that is folded are not visible.
    pub(crate) async fn choose(&self, selector: &str, value: &str) -> Result<()> {
        let script = "return document.querySelector(arguments[0])";
        let option = format!("{selector} option[value='{value}']");
        self.act(script, &option, &[("click", json!({}))]).await
    }

    /// Types into a field, in the place of what was in it.
    pub(crate) async fn fill(&self, selector: &str, text: &str) -> Result<()> {
        let acts = [("clear", json!({})), ("value", json!({ "text": text }))];
        self.act(VISIBLE, selector, &acts).await
    }

    /// Presses keys one after the other, wherever the focus is.
    pub(crate) async fn keys(&self, text: &str) -> Result<()> {
        let press = |key: char| {
            // The driver's name of the key on which a line ends.
            let key = if key == '\r' { '\u{e007}' } else { key };
            [json!({ "type": "keyDown", "value": key }), json!({ "type": "keyUp", "value": key })]
        };
        let presses: Vec<Value> = text.chars().flat_map(press).collect();
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": presses });
        self.post("actions", json!({ "actions": [keyboard] })).await.map(drop)
    }

    /// What the console said that a person would call broken.
    pub(crate) async fn complaints(&self) -> Result<Vec<String>> {
        let log = self.post("se/log", json!({ "type": "browser" })).await?;
        let said = log.as_array().into_iter().flatten();
        let severe = said.filter(|entry| entry["level"] == "SEVERE");
        Ok(severe.filter_map(|entry| entry["message"].as_str().map(str::to_owned)).collect())
    }

    /// The window as a picture in `docs/screenshots`, when they are made anew (`make screenshots`).
    pub(crate) async fn picture(&self, name: &str) -> Result<()> {
        if std::env::var_os("PORTOLAN_UPDATE_SCREENSHOTS").is_none() {
            return Ok(());
        }
        self.resize(1440, 900).await?;
        let shot = said_by(self.http.get(format!("{}/screenshot", self.session))).await?;
        let bytes = BASE64_STANDARD.decode(shot.as_str().context("a picture")?)?;
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/screenshots");
        std::fs::create_dir_all(&folder)?;
        Ok(std::fs::write(folder.join(name).with_extension("png"), bytes)?)
    }

    /// Whether something is cut off at the right of a window of this size.
    pub(crate) async fn fits(&self, width: u32, height: u32) -> Result<bool> {
        self.resize(width, height).await?;
        let script = "return document.documentElement.scrollWidth <= window.innerWidth";
        Ok(self.ask(script, json!([])).await? == true)
    }

    async fn resize(&self, width: u32, height: u32) -> Result<()> {
        let size = json!({ "width": width, "height": height });
        self.post("window/rect", size).await.map(drop)
    }

    /// The end of a story that went well: the browser is gone when it returns.
    pub(crate) async fn close(self) -> Result<()> {
        tokio::task::spawn_blocking(|| drop(self)).await.context("ending the browser")
    }
}

/// A driver that is killed leaves its browser behind, and a story that fails ends nothing: so the
/// session is ended here, whatever became of the story.
impl Drop for Chromium {
    fn drop(&mut self) {
        let ended = self.end();
        // A story that panics has said what went wrong.
        if !std::thread::panicking() {
            ended.expect("the browser ends");
        }
    }
}

impl Chromium {
    /// Without the runtime, which may be gone.
    fn end(&self) -> Result<()> {
        let session: url::Url = self.session.parse()?;
        let port = session.port().context("a port")?;
        let mut driver = TcpStream::connect(("127.0.0.1", port))?;
        driver.set_read_timeout(Some(PATIENCE))?;
        let path = session.path();
        write!(
            driver,
            "DELETE {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
        )?;
        // It answers when the browser has ended.
        driver.read(&mut [0; 1]).map(drop).context("the driver's answer")
    }
}

/// The element was replaced, or what it is in has not opened yet.
fn is_passing(error: &anyhow::Error) -> bool {
    let said = error.to_string();
    ["stale element", "element not interactable"].iter().any(|passing| said.contains(passing))
}

/// A driver with its output and its port. It takes one that is free in IPv4, and ends when another program has
/// the same in IPv6.
async fn driver() -> Result<(Child, Lines<BufReader<ChildStdout>>, String)> {
    for _ in 0..5 {
        let (driver, mut said) = spawned()?;
        if let Some(port) = tokio::time::timeout(PATIENCE, port(&mut said)).await?? {
            return Ok((driver, said, port));
        }
    }
    anyhow::bail!("chromedriver found no port")
}

#[expect(clippy::disallowed_methods, reason = "this process is a peer of the test")]
fn spawned() -> Result<(Child, Lines<BufReader<ChildStdout>>)> {
    let mut driver = Command::new("chromedriver")
        .arg("--port=0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("chromedriver (see scripts/install-test-tools)")?;
    let said = driver.stdout.take().context("an output")?;
    Ok((driver, BufReader::new(said).lines()))
}

/// `None` where it ended before.
async fn port(said: &mut Lines<BufReader<ChildStdout>>) -> Result<Option<String>> {
    while let Some(line) = said.next_line().await? {
        if let Some((_, port)) = line.split_once("started successfully on port ") {
            return Ok(Some(port.trim_end_matches('.').to_owned()));
        }
    }
    Ok(None)
}

async fn said_by(request: reqwest::RequestBuilder) -> Result<Value> {
    let answer: Value = request.timeout(PATIENCE).send().await?.json().await?;
    ensure!(answer["value"]["error"].is_null(), "{answer}");
    Ok(answer["value"].clone())
}
