//! The client side of the API: requests, retries and the errors of both.
//!
//! Owns HTTP. Knows paths only as its callers give them, and prints nothing.

mod access;
mod content;
mod error;
mod file;
mod lines;
mod redirect;
mod socket;
mod stream;
mod url;

use std::time::Duration;

use portolan_types::id::cuid2;
use reqwest::{Method, RequestBuilder, header};
use secrecy::{ExposeSecret, SecretString};
use serde::{Serialize, de::DeserializeOwned};

pub(crate) use self::{
    access::Access,
    content::Content,
    error::{Error, innermost},
    file::{ClientFile, Credentials},
    lines::Lines,
    redirect::{Cookie, Redirect},
    socket::Socket,
    stream::{Message, Stream},
    url::BaseUrl,
};

/// Long enough for a busy control plane, short enough for a person.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// A stream goes on for as long as somebody listens; its silence is bounded where it is read.
const NO_END: Duration = Duration::from_hours(24 * 365);

/// Sent so that a creation that is repeated after a lost answer happens once.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// Values for the query of a request.
pub(crate) type Query<'a> = [(&'a str, String)];

/// Speaks to one control plane as one caller.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    url: BaseUrl,
    token: Option<SecretString>,
}

impl Client {
    pub(crate) fn new(url: BaseUrl, token: Option<SecretString>) -> Result<Self, Error> {
        let http = reqwest::Client::builder()
            .user_agent(concat!("portolan/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_WITHIN)
            .timeout(ANSWER_WITHIN)
            // A redirect would carry changes to where nobody asked for them.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| Error::unreachable(&url, &error))?;
        Ok(Self { http, url, token })
    }

    pub(crate) fn url(&self) -> &BaseUrl {
        &self.url
    }

    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &Query<'_>,
    ) -> Result<T, Error> {
        self.send_twice(|| self.request(Method::GET, path).map(|request| request.query(query)))
            .await
    }

    /// What is no JSON: a picture.
    pub(crate) async fn get_text(&self, path: &str) -> Result<String, Error> {
        let body = self.answer(self.request(Method::GET, path)?).await?;
        String::from_utf8(body).map_err(|error| Error::unreadable(&self.url, &error))
    }

    /// Opens a stream of server-sent events.
    pub(crate) async fn stream(&self, path: &str, query: &Query<'_>) -> Result<Stream, Error> {
        let request = self.request(Method::GET, path)?.query(query).timeout(NO_END);
        let response = request.send().await.map_err(|error| Error::sending(&self.url, &error))?;
        let response = self.accepted(response).await?;
        Ok(Stream::new(self.url.clone(), response))
    }

    /// Opens an answer of many lines.
    pub(crate) async fn lines(&self, path: &str, query: &Query<'_>) -> Result<Lines, Error> {
        let request = self.request(Method::GET, path)?.query(query).timeout(NO_END);
        let response = request.send().await.map_err(|error| Error::sending(&self.url, &error))?;
        let response = self.accepted(response).await?;
        Ok(Lines::new(self.url.clone(), response))
    }

    /// Opens an answer that is no text.
    pub(crate) async fn content(&self, path: &str) -> Result<Content, Error> {
        let request = self.request(Method::GET, path)?.timeout(NO_END);
        let response = request.send().await.map_err(|error| Error::sending(&self.url, &error))?;
        let response = self.accepted(response).await?;
        Ok(Content::new(self.url.clone(), response))
    }

    /// Asks and lets the control plane hold its answer back for so many seconds.
    pub(crate) async fn get_waiting<T: DeserializeOwned>(
        &self,
        path: &str,
        seconds: u64,
    ) -> Result<T, Error> {
        let timeout = ANSWER_WITHIN + Duration::from_secs(seconds);
        let request = self.request(Method::GET, path)?;
        self.send(request.query(&[("wait", seconds)]).timeout(timeout)).await
    }

    /// Creates something, once, even when the first answer is lost on its way.
    pub(crate) async fn create<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &(impl Serialize + Sync),
    ) -> Result<T, Error> {
        let key = cuid2();
        self.send_twice(|| {
            let request = self.request(Method::POST, path)?;
            Ok(request.header(IDEMPOTENCY_KEY, &key).json(body))
        })
        .await
    }

    /// Sends what proves by itself who may: the requests that need no token.
    pub(crate) async fn hand_in<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &(impl Serialize + Sync),
    ) -> Result<T, Error> {
        self.send(self.http.post(self.url.join(path)).json(body)).await
    }

    /// Reads what anybody may read.
    pub(crate) async fn look<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        self.send_twice(|| Ok(self.http.get(self.url.join(path)))).await
    }

    /// Asks what a browser asks when it follows a link; answers where it would be led, and goes no
    /// further.
    pub(crate) async fn follow(
        &self,
        path: &str,
        query: &Query<'_>,
        cookies: &[Cookie<'_>],
    ) -> Result<Redirect, Error> {
        let request = self.http.get(self.url.join(path)).query(query);
        let request = match cookies {
            [] => request,
            some => request.header(header::COOKIE, redirect::header_of(some)),
        };
        let response = request.send().await.map_err(|error| Error::sending(&self.url, &error))?;
        let status = response.status();
        match Redirect::read(response.headers()) {
            Some(redirect) if status.is_redirection() => Ok(redirect),
            Some(_) | None => {
                self.accepted(response).await?;
                Err(Error::answered(&self.url, status, None::<&[u8; 0]>))
            }
        }
    }

    /// Starts work on something that exists.
    pub(crate) async fn act<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        self.send(self.request(Method::POST, path)?).await
    }

    pub(crate) async fn act_with<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &(impl Serialize + Sync),
    ) -> Result<T, Error> {
        self.send(self.request(Method::POST, path)?.json(body)).await
    }

    pub(crate) async fn change<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &(impl Serialize + Sync),
    ) -> Result<T, Error> {
        self.send(self.request(Method::PATCH, path)?.json(body)).await
    }

    /// Says what something is to be from now on, whole.
    pub(crate) async fn put<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &(impl Serialize + Sync),
    ) -> Result<T, Error> {
        self.send(self.request(Method::PUT, path)?.json(body)).await
    }

    pub(crate) async fn remove<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &Query<'_>,
    ) -> Result<T, Error> {
        self.send(self.request(Method::DELETE, path)?.query(query)).await
    }

    fn request(&self, method: Method, path: &str) -> Result<RequestBuilder, Error> {
        let token = self.token.as_ref().ok_or_else(|| Error::no_token(&self.url))?;
        Ok(self.http.request(method, self.url.join(path)).bearer_auth(token.expose_secret()))
    }

    /// Sends again, once, when the connection broke off before an answer.
    async fn send_twice<T: DeserializeOwned>(
        &self,
        request: impl Fn() -> Result<RequestBuilder, Error>,
    ) -> Result<T, Error> {
        match self.send(request()?).await {
            Err(Error::Dropped { .. }) => self.send(request()?).await,
            answer => answer,
        }
    }

    async fn send<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, Error> {
        let body = self.answer(request).await?;
        // 204 has no body; `null` reads as `()`.
        let body: &[u8] = if body.is_empty() { b"null" } else { &body };
        serde_json::from_slice(body).map_err(|error| Error::unreadable(&self.url, &error))
    }

    /// The body of an answer that is no problem.
    async fn answer(&self, request: RequestBuilder) -> Result<Vec<u8>, Error> {
        let response = request.send().await.map_err(|error| Error::sending(&self.url, &error))?;
        let response = self.accepted(response).await?;
        let body = response.bytes().await.map_err(|error| Error::sending(&self.url, &error))?;
        Ok(body.into())
    }

    /// An answer that is no problem.
    async fn accepted(&self, response: reqwest::Response) -> Result<reqwest::Response, Error> {
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let is_problem = response
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.starts_with("application/problem+json"));
        let body = response.bytes().await.map_err(|error| Error::sending(&self.url, &error))?;
        Err(Error::answered(&self.url, status, is_problem.then_some(&body)))
    }
}
