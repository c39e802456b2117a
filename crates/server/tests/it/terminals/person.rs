//! Somebody at a terminal: what they type and what they see, over a WebSocket of their own.

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use portolan_types::{Server, TerminalEnd, TerminalMessage};
use serde_json::json;
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Message, client::IntoClientRequest, http::HeaderValue},
};

use crate::support::{Client, PATIENCE};

/// A terminal that is open, or was.
pub(crate) struct Terminal {
    socket: WebSocketStream<TcpStream>,
    seen: String,
}

pub(crate) fn path(server: &Server) -> String {
    format!("/v1/servers/{}/terminal", server.id)
}

impl Terminal {
    /// Opens one with these headers; the shell may not have begun.
    pub(crate) async fn ask(
        client: &Client,
        path: &str,
        headers: &[(&'static str, String)],
    ) -> Result<Self> {
        let address = client.url.strip_prefix("http://").context("an address")?;
        let mut request = format!("ws://{address}{path}").into_client_request()?;
        for (name, value) in headers {
            request.headers_mut().insert(*name, HeaderValue::from_str(value)?);
        }
        let (socket, _) = client_async(request, TcpStream::connect(address).await?).await?;
        Ok(Self { socket, seen: String::new() })
    }

    /// The same with the session of a client, as programs do.
    pub(crate) async fn begin(client: &Client, path: &str) -> Result<Self> {
        let bearer = format!("Bearer {}", client.secret());
        Self::ask(client, path, &[("authorization", bearer)]).await
    }

    /// A shell that has begun.
    pub(crate) async fn open(client: &Client, server: &Server) -> Result<Self> {
        let mut terminal = Self::begin(client, &path(server)).await?;
        match terminal.told().await? {
            TerminalMessage::Opened {} => Ok(terminal),
            TerminalMessage::Ended(end) => bail!("{end:?}"),
        }
    }

    pub(crate) async fn types(&mut self, text: &str) -> Result<()> {
        Ok(self.socket.send(Message::Binary(Bytes::copy_from_slice(text.as_bytes()))).await?)
    }

    pub(crate) async fn says(&mut self, text: &str) -> Result<()> {
        Ok(self.socket.send(Message::text(text)).await?)
    }

    pub(crate) async fn resize(&mut self, columns: u16, rows: u16) -> Result<()> {
        self.says(&json!({ "columns": columns, "rows": rows }).to_string()).await
    }

    /// Reads until this is seen.
    pub(crate) async fn sees(&mut self, text: &str) -> Result<()> {
        while !self.seen.contains(text) {
            match self.next().await.with_context(|| format!("{text}: {:?}", self.seen))? {
                Message::Binary(bytes) => self.seen.push_str(&String::from_utf8_lossy(&bytes)),
                Message::Text(said) => bail!("it says {said}; {:?}", self.seen),
                _ => {}
            }
        }
        Ok(())
    }

    /// Reads until it is told something.
    async fn told(&mut self) -> Result<TerminalMessage> {
        loop {
            if let Message::Text(said) = self.next().await? {
                return serde_json::from_str(&said).with_context(|| said.to_string());
            }
        }
    }

    /// Reads to the end, and how that came.
    pub(crate) async fn ended(&mut self) -> Result<TerminalEnd> {
        let TerminalMessage::Ended(end) = self.told().await? else { bail!("it began") };
        match timeout(PATIENCE, self.socket.next()).await? {
            Some(Ok(Message::Close(_))) | None => Ok(end),
            other => bail!("{other:?} after the end"),
        }
    }

    /// Reads until the socket is closed without a word of how it ended.
    pub(crate) async fn is_cut(&mut self) -> Result<()> {
        loop {
            match timeout(PATIENCE, self.socket.next()).await? {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Ok(()),
                Some(Ok(_)) => {}
            }
        }
    }

    async fn next(&mut self) -> Result<Message> {
        let next = timeout(PATIENCE, self.socket.next()).await.context("nothing came")?;
        Ok(next.context("the socket has ended")??)
    }
}
