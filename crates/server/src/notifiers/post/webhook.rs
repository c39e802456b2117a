//! Sending a webhook: one request, signed, to where the guard lets it.

use std::time::Duration;

use portolan_types::{Timestamp, WebhookSecret, WebhookUrl};
use reqwest::{Client, Response, StatusCode, header, redirect};

use super::{Letter, Refusal, signature::sign};
use crate::{
    config::Notifications,
    host::clean,
    outbound::{self, Guard},
};

/// What is read of an answer, in bytes.
const READ: usize = 2_048;
/// What is kept of it, in characters.
const KEPT: usize = 200;

/// Sends webhooks.
#[derive(Debug)]
pub(super) struct Webhooks {
    client: Client,
    guard: Guard,
    timeout: Duration,
}

impl Webhooks {
    pub(super) fn new(config: &Notifications) -> Result<Self, reqwest::Error> {
        let guard = Guard::new(&config.allow_webhooks_to, "--allow-webhooks-to");
        let timeout = config.pace.webhook;
        let client = Client::builder()
            .user_agent(concat!("portolan/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(guard.clone())
            // A proxy would resolve the name by itself, and reach what is refused here.
            .no_proxy()
            // Where a redirect leads was not chosen by the team, and is not signed for.
            .redirect(redirect::Policy::none())
            // Each connection is judged: none is kept for the next message.
            .pool_max_idle_per_host(0)
            .timeout(timeout)
            .build()?;
        Ok(Self { client, guard, timeout })
    }

    /// The receiver's words when it took the message.
    pub(super) async fn send(
        &self,
        url: &WebhookUrl,
        secret: &WebhookSecret,
        letter: &Letter<'_>,
    ) -> Result<String, Refusal> {
        let url = url.expose();
        self.guard.check(url).map_err(|refused| Refusal::because(refused.to_string()))?;
        let (id, seconds) = (letter.id.as_str(), Timestamp::now().as_millis() / 1_000);
        let request = self
            .client
            .post(url.clone())
            .header(header::CONTENT_TYPE, "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", seconds)
            .header("webhook-signature", sign(secret, id, seconds, letter.body))
            .body(letter.body.to_owned());
        let response = request.send().await.map_err(|error| self.unsent(&error))?;
        judge(response).await
    }

    fn unsent(&self, error: &reqwest::Error) -> Refusal {
        if error.is_timeout() {
            return Refusal::because(format!("it did not answer within {:?}", self.timeout));
        }
        Refusal::because(outbound::cause(error))
    }
}

async fn judge(response: Response) -> Result<String, Refusal> {
    let status = response.status();
    if status.is_success() {
        return Ok(status.to_string());
    }
    if status.is_redirection() {
        let advice = "redirects are not followed: give the URL to which it leads";
        return Err(Refusal::because(format!("{status}; {advice}")));
    }
    let gone = status == StatusCode::GONE;
    let said = words(response).await;
    let words = if said.is_empty() { status.to_string() } else { format!("{status}: {said}") };
    Err(Refusal { words, gone })
}

/// The beginning of an answer, fit to be shown.
async fn words(mut response: Response) -> String {
    let mut read = Vec::new();
    // What ends early is shown as far as it came.
    while let Ok(Some(chunk)) = response.chunk().await {
        let room = READ - read.len();
        read.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if read.len() == READ {
            break;
        }
    }
    clean(&String::from_utf8_lossy(&read)).chars().take(KEPT).collect()
}
