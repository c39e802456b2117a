//! Objects in a bucket of a service that speaks as Amazon's S3 does.
//!
//! Owns the requests, where they may go (`outbound`) and how often they are tried. How they are signed is
//! `rusty-s3`'s; what an upload is made of is in `upload`. A signed URL is as good as the key for a while:
//! none is logged, and no error has one.

use std::{
    fmt::{self, Debug},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{StreamExt, stream, stream::BoxStream};
use portolan_types::{BackupId, BucketStyle, KeyPrefix, S3Place, SecretKey};
use reqwest::{Client, Method, Response, StatusCode, redirect};
use rusty_s3::{Bucket as Address, Credentials, S3Action, UrlStyle};
use tokio::time::{sleep, timeout};
use url::Url;

use super::object::StorageError;
use crate::{
    config::Storages,
    host::clean,
    outbound::{self, Guard},
};

mod refusal;
mod upload;

pub(crate) use refusal::Refusal;
pub(super) use upload::Upload;

const CONNECT: Duration = Duration::from_secs(20);
/// For one request, however large a part is, and for a service to say something.
const PART_WITHIN: Duration = Duration::from_mins(15);
const SILENCE: Duration = Duration::from_mins(1);
/// A signature is for one request, which may wait for its turn.
const SIGNED_FOR: Duration = Duration::from_mins(30);
/// After a connection that broke or an answer of "not now".
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(4)];
/// What is read of an answer that is no object, in bytes.
const MOST: usize = 1 << 20;

/// The way to all buckets.
#[derive(Debug, Clone)]
pub(crate) struct Outside {
    client: Client,
    guard: Guard,
}

impl Outside {
    /// Reads nothing from the network.
    pub(crate) fn new(config: &Storages) -> Result<Self, reqwest::Error> {
        let guard = config.guard();
        let client = Client::builder()
            .user_agent(concat!("portolan/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(guard.clone())
            // A proxy would resolve the name by itself, and reach what is refused here.
            .no_proxy()
            // What is signed is for one address.
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT)
            .build()?;
        Ok(Self { client, guard })
    }
}

/// A bucket, with what is needed to use it.
#[derive(Clone)]
pub(super) struct Bucket {
    outside: Outside,
    address: Address,
    credentials: Credentials,
    prefix: Option<KeyPrefix>,
}

impl Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bucket").field("name", &self.address.name()).finish_non_exhaustive()
    }
}

impl Bucket {
    pub(super) fn new(
        outside: &Outside,
        place: &S3Place,
        secret: &SecretKey,
    ) -> Result<Self, StorageError> {
        let unfit = |why: String| StorageError::Unknown(why);
        let endpoint =
            Url::parse(place.endpoint.as_str()).map_err(|error| unfit(error.to_string()))?;
        let style = match place.style {
            BucketStyle::Path => UrlStyle::Path,
            BucketStyle::Host => UrlStyle::VirtualHost,
        };
        let (name, region) = (place.bucket.to_string(), place.region.to_string());
        let address = Address::new(endpoint, style, name, region);
        Ok(Self {
            outside: outside.clone(),
            address: address.map_err(|error| unfit(error.to_string()))?,
            credentials: Credentials::new(place.access_key.as_str(), secret.expose()),
            prefix: place.prefix.clone(),
        })
    }

    /// The name of an object: an id, behind words of few characters.
    pub(super) fn key(&self, id: &BackupId) -> String {
        match &self.prefix {
            Some(prefix) => format!("{prefix}/{id}.gz"),
            None => format!("{id}.gz"),
        }
    }

    /// Reads an object from its beginning.
    pub(super) async fn open(
        &self,
        key: &str,
    ) -> Result<BoxStream<'static, Result<Bytes, StorageError>>, StorageError> {
        let action = self.address.get_object(Some(&self.credentials), key);
        let response = self.ask(Method::GET, &action, Bytes::new()).await?;
        let parts = stream::try_unfold(response, |mut response| async move {
            let read = timeout(SILENCE, response.chunk()).await.map_err(|_| silent(SILENCE))?;
            let part = read.map_err(|error| broken(&error))?;
            Ok::<_, StorageError>(part.map(|part| (part, response)))
        });
        Ok(parts.boxed())
    }

    async fn put(&self, key: &str, bytes: Bytes) -> Result<(), StorageError> {
        let action = self.address.put_object(Some(&self.credentials), key);
        self.ask(Method::PUT, &action, bytes).await.map(drop)
    }

    /// Removes an object and what unfinished uploads left of it.
    pub(super) async fn remove(&self, key: &str) -> Result<(), StorageError> {
        upload::abort_all(self, key).await?;
        let action = self.address.delete_object(Some(&self.credentials), key);
        match self.ask(Method::DELETE, &action, Bytes::new()).await {
            Ok(_) | Err(StorageError::Missing) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// One request, tried again where the service cannot now: none of ours is harmed by being made twice.
    async fn ask<'a>(
        &self,
        method: Method,
        action: &impl S3Action<'a>,
        body: Bytes,
    ) -> Result<Response, StorageError> {
        let mut pauses = PAUSES.iter();
        loop {
            let outcome =
                self.ask_once(method.clone(), action.sign(SIGNED_FOR), body.clone()).await;
            match (outcome, pauses.next()) {
                (Err(error), Some(pause)) if error.may_pass() => sleep(*pause).await,
                (outcome, _) => return outcome,
            }
        }
    }

    async fn ask_once(
        &self,
        method: Method,
        url: Url,
        body: Bytes,
    ) -> Result<Response, StorageError> {
        let Outside { client, guard } = &self.outside;
        guard.check(&url).map_err(|refused| StorageError::Elsewhere(refused.to_string()))?;
        let request = client.request(method, url).body(body).send();
        let response = timeout(PART_WITHIN, request).await.map_err(|_| silent(PART_WITHIN))?;
        let response = response.map_err(|error| broken(&error))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status();
        // Where it says no more, its status says enough.
        let said = text(response).await.unwrap_or_default();
        let refusal = Refusal::read(status, &said);
        if status == StatusCode::NOT_FOUND && refusal.is_of_object() {
            return Err(StorageError::Missing);
        }
        Err(StorageError::Bucket(refusal))
    }
}

/// A short answer.
async fn text(mut response: Response) -> Result<String, StorageError> {
    let mut read = Vec::new();
    loop {
        let chunk = timeout(SILENCE, response.chunk()).await.map_err(|_| silent(SILENCE))?;
        let Some(chunk) = chunk.map_err(|error| broken(&error))? else { break };
        if read.len() + chunk.len() > MOST {
            return Err(StorageError::Broken("it says more than it should".to_owned()));
        }
        read.extend_from_slice(&chunk);
    }
    Ok(String::from_utf8_lossy(&read).into_owned())
}

fn silent(within: Duration) -> StorageError {
    StorageError::Broken(format!("it was not heard of for {} s", within.as_secs()))
}

/// Without the URL, which is signed.
fn broken(error: &reqwest::Error) -> StorageError {
    StorageError::Broken(clean(&outbound::cause(error)))
}
