//! A WebSocket of the API: over the same client as every request, and so with its trust and its
//! bounds, and with the same words for what goes wrong.

use reqwest::{Method, StatusCode, Upgraded, header};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        handshake::{client::generate_key, derive_accept_key},
        protocol::{Role, WebSocketConfig},
    },
};

use super::{Client, Error, NO_END, Query};

/// More than the control plane sends at a time.
const MESSAGE: usize = 1 << 20;

/// Frames both ways.
pub(crate) type Socket = WebSocketStream<Upgraded>;

impl Client {
    /// Opens a WebSocket.
    pub(crate) async fn socket(&self, path: &str, query: &Query<'_>) -> Result<Socket, Error> {
        let key = generate_key();
        let request = self.request(Method::GET, path)?.query(query).timeout(NO_END);
        let request = request
            .header(header::CONNECTION, "Upgrade")
            .header(header::UPGRADE, "websocket")
            .header(header::SEC_WEBSOCKET_VERSION, "13")
            .header(header::SEC_WEBSOCKET_KEY, &key);
        let response = request.send().await.map_err(|error| Error::sending(&self.url, &error))?;
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            let response = self.accepted(response).await?;
            return Err(Error::answered(&self.url, response.status(), None::<&[u8; 0]>));
        }
        let accepted = response.headers().get(header::SEC_WEBSOCKET_ACCEPT);
        if accepted.map(header::HeaderValue::as_bytes)
            != Some(derive_accept_key(key.as_bytes()).as_bytes())
        {
            return Err(Error::unreadable(&self.url, &"it is no WebSocket of ours"));
        }
        let upgraded = response.upgrade().await;
        let upgraded = upgraded.map_err(|error| Error::sending(&self.url, &error))?;
        let bounds = WebSocketConfig::default()
            .max_message_size(Some(MESSAGE))
            .max_frame_size(Some(MESSAGE));
        Ok(WebSocketStream::from_raw_socket(upgraded, Role::Client, Some(bounds)).await)
    }
}
