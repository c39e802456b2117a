//! Somebody's browser: keeps cookies, and goes where it is sent when it is told to.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use anyhow::{Context, Result, ensure};
use reqwest::{StatusCode, header, redirect};
use url::Url;

use crate::support::{Answer, Client};

/// Under which URL browsers know the control plane of the tests.
pub(crate) const PUBLIC: &str = "https://portolan.example.com";
/// More steps than any sign-in has.
const MOST_STEPS: usize = 12;

/// Cookies by origin and name.
type Jar = BTreeMap<(String, String), String>;

pub(crate) struct Browser {
    http: reqwest::Client,
    jar: Mutex<Jar>,
    /// Where the control plane really is.
    portolan: String,
}

impl Browser {
    pub(crate) fn of(client: &Client) -> Result<Self> {
        let http = reqwest::Client::builder().redirect(redirect::Policy::none()).build()?;
        Ok(Self { http, jar: Mutex::default(), portolan: client.url.clone() })
    }

    /// One request; a path is one of the control plane.
    pub(crate) async fn get(&self, url: &str) -> Result<Answer> {
        let url: Url = Url::parse(PUBLIC)?.join(url)?;
        let origin = url.origin().ascii_serialization();
        let real = match url.as_str().strip_prefix(PUBLIC) {
            Some(path) => format!("{}{path}", self.portolan),
            None => url.to_string(),
        };
        let response = self.http.get(real).header(header::COOKIE, self.cookies(&origin)).send();
        let response = response.await?;
        let (status, headers) = (response.status(), response.headers().clone());
        self.keep(&origin, &headers)?;
        Ok(Answer { status, headers, text: response.text().await? })
    }

    /// Goes on until it is not sent elsewhere, or back to the control plane's callback.
    pub(crate) async fn agree(&self, url: &str) -> Result<String> {
        let mut url = url.to_owned();
        for _ in 0..MOST_STEPS {
            if url.starts_with(PUBLIC) {
                return Ok(url);
            }
            let answer = self.get(&url).await?;
            url = Url::parse(&url)?.join(&sent(&answer)?)?.into();
        }
        anyhow::bail!("it is sent around for ever: {url}")
    }

    /// Begins a sign-in; answers where the provider is.
    pub(crate) async fn begin(&self, provider: &str) -> Result<String> {
        sent(&self.get(&format!("/v1/sign-in/oidc/{provider}")).await?)
    }

    /// Puts a cookie in, as a page of the control plane had set it.
    pub(crate) fn take(&self, headers: &header::HeaderMap) -> Result<()> {
        self.keep(PUBLIC, headers)
    }

    /// The control plane's cookie of this name.
    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        self.jar().get(&(PUBLIC.to_owned(), name.to_owned())).cloned()
    }

    fn cookies(&self, origin: &str) -> String {
        let jar = self.jar();
        let ours = jar.iter().filter(|((of, _), _)| of == origin);
        ours.map(|((_, name), value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    fn keep(&self, origin: &str, headers: &header::HeaderMap) -> Result<()> {
        for line in headers.get_all(header::SET_COOKIE) {
            let line = line.to_str()?;
            if origin == PUBLIC {
                for wanted in ["__Host-portolan", "Path=/;", "Secure", "HttpOnly", "SameSite=Lax"] {
                    ensure!(line.contains(wanted), "{line} without {wanted}");
                }
                ensure!(!line.contains("Domain"), "{line}");
            }
            let (name, value) =
                line.split(';').next().unwrap_or_default().split_once('=').context("a pair")?;
            let key = (origin.to_owned(), name.to_owned());
            if value.is_empty() {
                self.jar().remove(&key);
            } else {
                self.jar().insert(key, value.to_owned());
            }
        }
        Ok(())
    }

    fn jar(&self) -> MutexGuard<'_, Jar> {
        self.jar.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where an answer sends the browser.
pub(crate) fn sent(answer: &Answer) -> Result<String> {
    let redirects = [StatusCode::SEE_OTHER, StatusCode::FOUND];
    ensure!(redirects.contains(&answer.status), "{}: {}", answer.status, answer.text);
    Ok(answer.headers.get(header::LOCATION).context("a location")?.to_str()?.to_owned())
}

/// A parameter of a URL.
pub(crate) fn parameter(url: &str, name: &str) -> Result<String> {
    let url: Url = url.parse()?;
    let mut pairs = url.query_pairs();
    let found = pairs.find(|(named, _)| named == name).map(|(_, value)| value.into_owned());
    found.with_context(|| format!("no {name} in {url}"))
}
