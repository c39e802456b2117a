//! An object on its way into a bucket: in parts, each held in memory until the service has it. What is small
//! is one request.
//!
//! Nothing is there before the last request: a service shows an object whose parts were put together, and
//! no other. Parts of an upload that was given up are found by the object's name, in this process or a
//! later one.

use bytes::{Bytes, BytesMut};
use reqwest::{Method, header};
use rusty_s3::{
    S3Action as _,
    actions::{
        CompleteMultipartUploadResponse, CreateMultipartUpload, CreateMultipartUploadResponse,
    },
};

use super::{
    super::object::StorageError,
    Bucket, Refusal,
    refusal::{element, unescaped},
    text,
};

/// Services take 10,000 parts, of 5 MiB at least but for the last. Parts grow, so that what is held is
/// little for a small backup, and the largest is larger than services take: [`part_size`].
const SMALLEST: usize = 8 << 20;
const PARTS_OF_A_SIZE: usize = 1_000;

/// How large the next part is, after so many.
const fn part_size(parts: usize) -> usize {
    SMALLEST * (1 + parts / PARTS_OF_A_SIZE)
}

#[derive(Debug)]
pub(in super::super) struct Upload {
    bucket: Bucket,
    key: String,
    /// What is not sent yet.
    held: BytesMut,
    /// What the service calls the upload, once it is one of several parts.
    id: Option<String>,
    /// What it answered to each part.
    tags: Vec<String>,
}

impl Upload {
    pub(in super::super) fn new(bucket: &Bucket, key: String) -> Self {
        Self { bucket: bucket.clone(), key, held: BytesMut::new(), id: None, tags: Vec::new() }
    }

    pub(in super::super) async fn write(&mut self, bytes: &[u8]) -> Result<(), StorageError> {
        self.held.extend_from_slice(bytes);
        let size = part_size(self.tags.len());
        if self.held.len() >= size {
            let part = self.held.split_to(size).freeze();
            self.send(part).await?;
        }
        Ok(())
    }

    async fn send(&mut self, part: Bytes) -> Result<(), StorageError> {
        if self.id.is_none() {
            self.id = Some(self.begin().await?);
        }
        let Some(id) = &self.id else { return Ok(()) };
        let number = u16::try_from(self.tags.len() + 1)
            .map_err(|_| StorageError::Broken("the backup has too many parts for it".to_owned()))?;
        let Bucket { address, credentials, .. } = &self.bucket;
        let action = address.upload_part(Some(credentials), &self.key, number, id);
        let answer = self.bucket.ask(Method::PUT, &action, part).await?;
        let tag = answer.headers().get(header::ETAG).and_then(|tag| tag.to_str().ok());
        let untagged = || StorageError::Broken("it took a part and did not say which".to_owned());
        self.tags.push(tag.ok_or_else(untagged)?.to_owned());
        Ok(())
    }

    async fn begin(&self) -> Result<String, StorageError> {
        let Bucket { address, credentials, .. } = &self.bucket;
        let action = address.create_multipart_upload(Some(credentials), &self.key);
        let said = text(self.bucket.ask(Method::POST, &action, Bytes::new()).await?).await?;
        let begun: Result<CreateMultipartUploadResponse, _> =
            CreateMultipartUpload::parse_response(&said);
        let begun = begun.map_err(|error| StorageError::Broken(error.to_string()))?;
        Ok(begun.upload_id().to_owned())
    }

    pub(in super::super) async fn finish(mut self) -> Result<(), StorageError> {
        let rest = self.held.split().freeze();
        if self.id.is_none() {
            return self.bucket.put(&self.key, rest).await;
        }
        if !rest.is_empty() {
            self.send(rest).await?;
        }
        let Some(id) = &self.id else { return Ok(()) };
        let Bucket { address, credentials, .. } = &self.bucket;
        let tags = || self.tags.iter().map(String::as_str);
        let action = address.complete_multipart_upload(Some(credentials), &self.key, id, tags());
        let body = action.clone().body().into();
        let answer = self.bucket.ask(Method::POST, &action, body).await?;
        let status = answer.status();
        let said = text(answer).await?;
        // It may begin to answer before it knows: that it failed is said in the body then.
        match CompleteMultipartUploadResponse::parse(&said) {
            Ok(_) => Ok(()),
            Err(_) => Err(StorageError::Bucket(Refusal::read(status, &said))),
        }
    }
}

/// Gives up every upload of an object. A service without a list of them has to end them by itself.
pub(super) async fn abort_all(bucket: &Bucket, key: &str) -> Result<(), StorageError> {
    let Bucket { address, credentials, .. } = bucket;
    // Without a name it is asked about the bucket.
    let mut action = address.get_object(Some(credentials), "");
    action.query_mut().insert("uploads", "");
    action.query_mut().insert("prefix", key);
    let said = match bucket.ask(Method::GET, &action, Bytes::new()).await {
        Ok(answer) => text(answer).await?,
        Err(StorageError::Bucket(refusal)) if refusal.code() == "NotImplemented" => return Ok(()),
        Err(StorageError::Missing) => return Ok(()),
        Err(error) => return Err(error),
    };
    for id in uploads_of(&said, key) {
        let action = address.abort_multipart_upload(Some(credentials), key, &id);
        match bucket.ask(Method::DELETE, &action, Bytes::new()).await {
            Ok(_) | Err(StorageError::Missing) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The uploads of an object in a list of those whose names begin as it.
fn uploads_of(list: &str, key: &str) -> Vec<String> {
    let uploads = list.split("<Upload>").skip(1);
    let of_it = uploads.filter(|one| element(one, "Key").is_some_and(|of| unescaped(of) == key));
    of_it.filter_map(|one| element(one, "UploadId")).map(unescaped).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_as_many_as_services_take_and_as_large() {
        let all: u64 = (0..10_000).map(|parts| part_size(parts) as u64).sum();
        assert!(all > 400 << 30, "{all}");
        assert_eq!((part_size(0), part_size(999), part_size(9_999)), (8 << 20, 8 << 20, 80 << 20));
    }

    #[test]
    fn uploads_of_other_objects_are_let_be() {
        let list = "<ListMultipartUploadsResult><Prefix>a.gz</Prefix>\
                    <Upload><Key>a.gz</Key><UploadId>one&amp;1</UploadId></Upload>\
                    <Upload><Key>a.gz.other</Key><UploadId>two</UploadId></Upload>\
                    <Upload><UploadId>three</UploadId></Upload></ListMultipartUploadsResult>";
        assert_eq!(uploads_of(list, "a.gz"), ["one&1"]);
        assert!(uploads_of("<html>", "a.gz").is_empty());
    }
}
