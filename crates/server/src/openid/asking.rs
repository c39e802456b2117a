//! One request to an issuer: over our own client, only to where issuers may be, and no more of an
//! answer than is needed. Knows nothing of what is asked.

use std::pin::Pin;

use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use reqwest::{Client, Response};
use url::Url;

use super::issuer::Trouble;
use crate::{
    config::Issuer,
    outbound::{self, Guard},
};

/// Bytes of one answer.
const MOST: usize = 256 * 1_024;

/// How one issuer is asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asking<'a> {
    pub client: &'a Client,
    pub guard: &'a Guard,
    pub issuer: &'a Issuer,
}

impl<'c> AsyncHttpClient<'c> for Asking<'_> {
    type Error = Trouble;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Trouble>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.ask(request))
    }
}

impl Asking<'_> {
    async fn ask(&self, request: HttpRequest) -> Result<HttpResponse, Trouble> {
        let request = reqwest::Request::try_from(request)
            .map_err(|_| Trouble::new("its documents have no URLs"))?;
        self.is_encrypted(request.url())?;
        self.guard.check(request.url()).map_err(|refused| Trouble::new(refused.to_string()))?;
        let mut response = self.client.execute(request).await.map_err(|error| unasked(&error))?;
        let mut answer = HttpResponse::new(bounded(&mut response).await?);
        *answer.status_mut() = response.status();
        *answer.headers_mut() = response.headers().clone();
        Ok(answer)
    }

    /// An issuer that is asked over TLS does not lead to where one is not.
    pub(super) fn is_encrypted(&self, url: &Url) -> Result<(), Trouble> {
        if url.scheme() == "https" || url.scheme() == self.issuer.url().scheme() {
            return Ok(());
        }
        Err(Trouble::new("its document leads to where nothing is encrypted"))
    }
}

async fn bounded(response: &mut Response) -> Result<Vec<u8>, Trouble> {
    let mut read = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| unasked(&error))? {
        if read.len() + chunk.len() > MOST {
            return Err(Trouble::new(format!("its answer is larger than {} KiB", MOST / 1_024)));
        }
        read.extend_from_slice(&chunk);
    }
    Ok(read)
}

fn unasked(error: &reqwest::Error) -> Trouble {
    if error.is_timeout() {
        return Trouble::new("it did not answer in time");
    }
    Trouble::new(outbound::cause(error))
}
