//! A service of buckets in memory, which takes what is signed with its key alone (AWS Signature Version 4
//! in the query, worked out here anew) and puts parts together as S3 does.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use anyhow::{Context, Result};
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use hmac::{Hmac, KeyInit, Mac};
use portolan_types::id::cuid2;
use sha2::{Digest, Sha256};

pub(crate) const ACCESS_KEY: &str = "portolan";
pub(crate) const SECRET_KEY: &str = "open/sesame+42";
const BUCKET: &str = "/vault";
/// Of all parts but the last.
const LEAST: usize = 5 << 20;

#[derive(Debug, Default)]
struct Kept {
    objects: BTreeMap<String, Bytes>,
    /// By their ids, each with its object's name and its parts.
    uploads: BTreeMap<String, (String, BTreeMap<u16, Bytes>)>,
    /// Answers "not now" so often.
    busy: usize,
    /// From which part on it refuses.
    refuses_from: Option<u16>,
}

/// The service. It ends with the test's runtime.
#[derive(Debug, Clone)]
pub(crate) struct Buckets {
    kept: Arc<Mutex<Kept>>,
    pub(crate) endpoint: String,
}

impl Buckets {
    pub(crate) async fn start() -> Result<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let buckets = Self { kept: Arc::default(), endpoint };
        let router = Router::new().fallback(answer).with_state(buckets.clone());
        let router = router.layer(axum::extract::DefaultBodyLimit::disable());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(buckets)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.kept().objects.keys().cloned().collect()
    }

    pub(crate) fn object(&self, name: &str) -> Result<Bytes> {
        self.kept().objects.get(name).cloned().context("an object")
    }

    /// How many parts are there of uploads that nobody ended.
    pub(crate) fn parts(&self) -> usize {
        self.kept().uploads.values().map(|(_, parts)| parts.len()).sum()
    }

    pub(crate) fn is_busy(&self, times: usize) {
        self.kept().busy = times;
    }

    pub(crate) fn refuse_parts_from(&self, number: Option<u16>) {
        self.kept().refuses_from = number;
    }
}

type Query = BTreeMap<String, String>;

async fn answer(
    State(buckets): State<Buckets>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let query: Query = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
        .into_owned()
        .collect();
    if query.get("X-Amz-Credential").is_none_or(|one| !one.starts_with(&format!("{ACCESS_KEY}/"))) {
        return refuse(StatusCode::FORBIDDEN, "InvalidAccessKeyId");
    }
    let host = headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or_default();
    if signature(&method, &uri, (&query, host)).as_ref() != query.get("X-Amz-Signature") {
        return refuse(StatusCode::FORBIDDEN, "SignatureDoesNotMatch");
    }
    let Some(name) = uri.path().strip_prefix(BUCKET) else {
        return refuse(StatusCode::NOT_FOUND, "NoSuchBucket");
    };
    let mut kept = buckets.kept();
    if kept.busy > 0 {
        kept.busy -= 1;
        return refuse(StatusCode::SERVICE_UNAVAILABLE, "SlowDown");
    }
    kept.act(&method, name.trim_start_matches('/'), (&query, body))
}

fn refuse(status: StatusCode, code: &str) -> Response {
    let body = format!("<Error><Code>{code}</Code><Message>no &amp; never</Message></Error>");
    (status, body).into_response()
}

fn said(name: &str, inner: &str) -> Response {
    format!("<{name} xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{inner}</{name}>")
        .into_response()
}

impl Kept {
    fn act(&mut self, method: &Method, name: &str, (query, body): (&Query, Bytes)) -> Response {
        let upload = query.get("uploadId").cloned();
        match (method.as_str(), upload) {
            ("GET", _) if query.contains_key("uploads") => self.list(query),
            ("GET", None) => match self.objects.get(name) {
                Some(object) => object.clone().into_response(),
                None => refuse(StatusCode::NOT_FOUND, "NoSuchKey"),
            },
            ("PUT", None) => {
                self.objects.insert(name.to_owned(), body);
                StatusCode::OK.into_response()
            }
            ("POST", None) => {
                let id = format!("{}<&", cuid2());
                self.uploads.insert(id.clone(), (name.to_owned(), BTreeMap::new()));
                let id = id.replace('&', "&amp;").replace('<', "&lt;");
                let inner = format!("<Key>{name}</Key><UploadId>{id}</UploadId>");
                said("InitiateMultipartUploadResult", &inner)
            }
            ("PUT", Some(id)) => self.take(&id, (query, body)),
            ("POST", Some(id)) => self.put_together(&id, name, &body),
            ("DELETE", Some(id)) => match self.uploads.remove(&id) {
                Some(_) => StatusCode::NO_CONTENT.into_response(),
                None => refuse(StatusCode::NOT_FOUND, "NoSuchUpload"),
            },
            ("DELETE", None) => {
                self.objects.remove(name);
                StatusCode::NO_CONTENT.into_response()
            }
            _ => refuse(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed"),
        }
    }

    fn list(&self, query: &Query) -> Response {
        let prefix = query.get("prefix").map_or("", String::as_str);
        let of_it = self.uploads.iter().filter(|(_, (name, _))| name.starts_with(prefix));
        let told = |(id, (name, _)): (&String, &(String, _))| {
            let id = id.replace('&', "&amp;").replace('<', "&lt;");
            format!("<Upload><Key>{name}</Key><UploadId>{id}</UploadId></Upload>")
        };
        let inner = of_it.map(told).collect::<Vec<_>>().concat();
        said("ListMultipartUploadsResult", &inner)
    }

    fn take(&mut self, id: &str, (query, body): (&Query, Bytes)) -> Response {
        let number = query.get("partNumber").and_then(|text| text.parse().ok()).unwrap_or(0);
        if self.refuses_from.is_some_and(|from| number >= from) {
            return refuse(StatusCode::FORBIDDEN, "AccessDenied");
        }
        let Some((_, parts)) = self.uploads.get_mut(id) else {
            return refuse(StatusCode::NOT_FOUND, "NoSuchUpload");
        };
        let tag = tag(&body);
        parts.insert(number, body);
        ([("etag", tag)], "").into_response()
    }

    /// In the order of their numbers, each with the tag that was answered.
    fn put_together(&mut self, id: &str, name: &str, body: &[u8]) -> Response {
        let Some((_, parts)) = self.uploads.remove(id) else {
            return refuse(StatusCode::NOT_FOUND, "NoSuchUpload");
        };
        let body = String::from_utf8_lossy(body).replace("&quot;", "\"");
        let tags: Vec<&str> = body.split("<ETag>").skip(1).collect();
        let named = |(part, text): (&Bytes, &&str)| text.starts_with(&tag(part));
        let all = tags.len() == parts.len() && parts.values().zip(&tags).all(named);
        let small = parts.values().rev().skip(1).any(|part| part.len() < LEAST);
        if !all || small {
            // Said late, as S3 does.
            let code = if small { "EntityTooSmall" } else { "InvalidPart" };
            return refuse(StatusCode::OK, code);
        }
        let object: Vec<u8> = parts.into_values().flatten().collect();
        self.objects.insert(name.to_owned(), object.into());
        said("CompleteMultipartUploadResult", "<ETag>\"whole\"</ETag>")
    }
}

fn tag(bytes: &[u8]) -> String {
    format!("\"{}\"", hex(&Sha256::digest(bytes)))
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

fn keyed(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// What the signature has to be
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>).
fn signature(method: &Method, uri: &Uri, (query, host): (&Query, &str)) -> Option<String> {
    let mut pairs: Vec<&str> = uri.query()?.split('&').collect();
    pairs.retain(|pair| !pair.starts_with("X-Amz-Signature="));
    pairs.sort_unstable();
    let request = format!(
        "{method}\n{}\n{}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD",
        uri.path(),
        pairs.join("&")
    );
    let (_, scope) = query.get("X-Amz-Credential")?.split_once('/')?;
    let moment = query.get("X-Amz-Date")?;
    let hash = hex(&Sha256::digest(request.as_bytes()));
    let text = format!("AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hash}");
    let first = format!("AWS4{SECRET_KEY}").into_bytes();
    let key = scope.split('/').fold(first, |key, part| keyed(&key, part));
    Some(hex(&keyed(&key, &text)))
}
