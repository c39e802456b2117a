//! Somebody who gets webhooks, and checks what they are signed with by a computation of its own.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use anyhow::{Context, Result, ensure};
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Redirect, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use portolan_types::{Notification, Timestamp};
use sha2::{Digest, Sha256};
use tokio::{net::TcpListener, task::JoinHandle};

use crate::support::eventually;

/// One request as it came in.
#[derive(Debug, Clone)]
pub(super) struct Got {
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

impl Got {
    pub(super) fn header(&self, name: &str) -> Result<&str> {
        Ok(self.headers.get(name).with_context(|| format!("no {name}"))?.to_str()?)
    }

    pub(super) fn id(&self) -> Result<&str> {
        self.header("webhook-id")
    }

    pub(super) fn notification(&self) -> Result<Notification> {
        serde_json::from_str(&self.body).with_context(|| self.body.clone())
    }

    /// Checks it as a receiver does that knows Standard Webhooks.
    pub(super) fn verify(&self, secret: &str) -> Result<()> {
        let seconds: i64 = self.header("webhook-timestamp")?.parse()?;
        let now = Timestamp::now().as_millis() / 1_000;
        ensure!((now - seconds).abs() < 60, "{seconds} is not {now}");
        let key = STANDARD.decode(secret.strip_prefix("whsec_").context("a prefix")?)?;
        let signed = format!("{}.{seconds}.{}", self.id()?, self.body);
        let wanted = format!("v1,{}", STANDARD.encode(hmac_sha256(&key, signed.as_bytes())));
        ensure!(self.header("webhook-signature")? == wanted, "{self:?}");
        Ok(())
    }
}

/// RFC 2104, by its text.
fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut block = [0_u8; 64];
    if key.len() > block.len() {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let pad = |byte: u8| block.map(|one| one ^ byte);
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize().to_vec()
}

/// What it answers.
#[derive(Debug, Clone, Copy)]
pub(super) enum Answer {
    Status(u16, &'static str),
    Redirect(&'static str),
    /// Nothing, for as long as somebody waits.
    Never,
}

#[derive(Debug, Default)]
struct Memory {
    got: Vec<Got>,
    answers: VecDeque<Answer>,
}

/// Listens until it is dropped.
pub(super) struct Receiver {
    pub(super) url: String,
    memory: Arc<Mutex<Memory>>,
    serving: JoinHandle<()>,
}

impl Receiver {
    pub(super) async fn start() -> Result<Self> {
        let memory = Arc::new(Mutex::new(Memory::default()));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let router = Router::new().fallback(answer).with_state(memory.clone());
        let serving = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("serving does not end");
        });
        Ok(Self { url, memory, serving })
    }

    /// What it answers next, one after the other; then, and else, that it took it.
    pub(super) fn answers(&self, answers: impl IntoIterator<Item = Answer>) {
        lock(&self.memory).answers = answers.into_iter().collect();
    }

    pub(super) fn got(&self) -> Vec<Got> {
        lock(&self.memory).got.clone()
    }

    /// Everything that came, when it is so much.
    pub(super) async fn wait_for(&self, count: usize) -> Result<Vec<Got>> {
        eventually(&format!("{count} webhooks arrive"), || async {
            let got = self.got();
            Ok((got.len() >= count).then_some(got))
        })
        .await
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn lock(memory: &Mutex<Memory>) -> MutexGuard<'_, Memory> {
    memory.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn answer(
    State(memory): State<Arc<Mutex<Memory>>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let answer = {
        let mut memory = lock(&memory);
        let body = String::from_utf8_lossy(&body).into_owned();
        memory.got.push(Got { uri, headers, body });
        memory.answers.pop_front()
    };
    match answer.unwrap_or(Answer::Status(200, "")) {
        Answer::Status(status, words) => {
            (StatusCode::from_u16(status).expect("a status"), words).into_response()
        }
        Answer::Redirect(to) => Redirect::temporary(to).into_response(),
        Answer::Never => std::future::pending().await,
    }
}
