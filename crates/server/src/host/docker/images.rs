//! Images: found, fetched, brought, removed.

use std::collections::{BTreeMap, HashMap};

use bollard::{
    models::ImageInspect,
    query_parameters::{ListImagesOptionsBuilder, RemoveImageOptions},
};
use bytes::Bytes;
use hyper::{Method, body::Incoming};
use serde::Deserialize;

use super::{
    super::{
        HostError, HostImage, PullListener, RegistryLogin,
        engine::{Content, Engine, not_understood},
        limits,
        words::clean,
    },
    id::{encoded, is_reference},
    networks::unless_missing,
    registry,
    told::{self, Attention},
};

pub(super) async fn find(engine: &Engine, reference: &str) -> Result<Option<HostImage>, HostError> {
    if !is_reference(reference) {
        return Ok(None);
    }
    let asking = engine.docker().inspect_image(reference);
    let found = unless_missing(engine.ask("inspect image", asking).await)?;
    Ok(found.map(HostImage::from))
}

impl From<ImageInspect> for HostImage {
    fn from(image: ImageInspect) -> Self {
        let config = image.config.unwrap_or_default();
        let environment = config.env.unwrap_or_default();
        let pair = |text: &String| text.split_once('=').map(|(k, v)| (k.to_owned(), v.to_owned()));
        Self {
            docker_id: image.id.unwrap_or_default(),
            tags: image.repo_tags.unwrap_or_default(),
            digests: image.repo_digests.unwrap_or_default(),
            labels: config.labels.unwrap_or_default().into_iter().collect(),
            environment: environment.iter().filter_map(pair).collect::<BTreeMap<_, _>>(),
            size_bytes: image.size.and_then(|size| u64::try_from(size).ok()).unwrap_or_default(),
        }
    }
}

/// A filter on names could stand for another repository too: Docker takes it for a pattern.
pub(super) async fn names(engine: &Engine, repository: &str) -> Result<Vec<String>, HostError> {
    let filters = HashMap::from([("reference", vec![repository])]);
    let options = ListImagesOptionsBuilder::new().filters(&filters).build();
    let found = engine.ask("list images", engine.docker().list_images(Some(options))).await?;
    let of_it = |name: &String| name.split_once(':').is_some_and(|(of, _)| of == repository);
    Ok(found.into_iter().flat_map(|image| image.repo_tags).filter(of_it).collect())
}

pub(super) async fn pull(
    engine: &Engine,
    reference: &str,
    login: Option<&RegistryLogin>,
    listener: &PullListener<'_>,
) -> Result<(), HostError> {
    checked(reference)?;
    let content = login.map_or(Ok(Content::Nothing), |login| registry::sent(login, reference))?;
    let (name, tag) = split(reference);
    let path = format!("/images/create?fromImage={}&tag={}", encoded(name), encoded(tag));
    let request = (Method::POST, path.as_str(), content);
    let mut layers = Layers::default();
    let read = move |body| progress(engine, body, move |told| layers.heard(told, listener));
    let pulled = engine.converse("pull the image", limits::PULL, request, read).await;
    pulled.map_err(|error| registry::hidden(login, error))
}

/// Name and tag; a digest stands where the tag does. Without a tag the engine would fetch all.
pub(super) fn split(reference: &str) -> (&str, &str) {
    if let Some(parts) = reference.split_once('@') {
        return parts;
    }
    match reference.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, tag),
        Some(_) | None => (reference, "latest"),
    }
}

pub(super) async fn load(engine: &Engine, archive: Bytes) -> Result<(), HostError> {
    let request = (Method::POST, "/images/load?quiet=1", Content::Tar(archive));
    let read = |body| progress(engine, body, |_| {});
    engine.converse("load the image", limits::LOAD, request, read).await
}

pub(super) async fn remove(engine: &Engine, reference: &str) -> Result<(), HostError> {
    checked(reference)?;
    let removing = engine.docker().remove_image(reference, None::<RemoveImageOptions>, None);
    let answer = engine.ask_within(limits::CONTAINER, "remove image", removing).await;
    unless_missing(answer).map(drop)
}

pub(super) fn checked(reference: &str) -> Result<(), HostError> {
    if is_reference(reference) {
        return Ok(());
    }
    Err(HostError::Protocol { why: format!("`{}` is no reference to an image", clean(reference)) })
}

/// A line of what the engine tells while it works.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Told {
    error: Option<String>,
    /// The layer that it is about.
    id: Option<String>,
    status: Option<String>,
    #[serde(rename = "progressDetail")]
    detail: Option<Detail>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Detail {
    current: Option<u64>,
    total: Option<u64>,
}

/// What is known of an image's layers: how much of each has come, of how much.
#[derive(Debug, Default)]
pub(super) struct Layers(HashMap<String, (u64, u64)>);

impl Layers {
    /// Unpacking is told alike, and does not count.
    pub(super) fn heard(&mut self, told: Told, listener: &PullListener<'_>) {
        let Told { id: Some(id), status: Some(status), detail, .. } = told else { return };
        let (current, total) = detail.map_or((None, None), |one| (one.current, one.total));
        let known = self.0.get(&id).map(|(_, total)| *total);
        let layer = match (status.as_str(), total, known) {
            ("Downloading" | "Pushing", Some(total), _) => (current.unwrap_or_default(), total),
            ("Download complete" | "Pull complete" | "Pushed", _, Some(total)) => (total, total),
            _ => return,
        };
        if known.is_some() || self.0.len() < limits::LAYERS {
            self.0.insert(id, layer);
        }
        let sum =
            |part: fn(&(u64, u64)) -> u64| self.0.values().map(part).fold(0, u64::saturating_add);
        listener.heard(sum(|layer| layer.0), sum(|layer| layer.1));
    }
}

pub(super) async fn progress(
    engine: &Engine,
    body: Incoming,
    mut tell: impl FnMut(Told),
) -> Result<(), HostError> {
    let attention =
        Attention { about: "the image", silence: limits::PULL_SILENCE, line: limits::EVENT };
    told::each(engine, body, attention, |line| {
        tell(heard(line)?);
        Ok(())
    })
    .await
}

fn heard(line: &str) -> Result<Told, HostError> {
    let told: Told = serde_json::from_str(line).map_err(|error| not_understood(&error))?;
    match &told.error {
        Some(error) => Err(HostError::Docker { status: 500, message: clean(error) }),
        None => Ok(told),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::PullProgress;

    #[test]
    fn a_reference_is_a_name_and_a_tag() {
        let cases = [
            ("caddy:2", ("caddy", "2")),
            ("caddy", ("caddy", "latest")),
            ("registry:5000/a/b", ("registry:5000/a/b", "latest")),
            ("registry:5000/a/b:1", ("registry:5000/a/b", "1")),
            ("caddy@sha256:0af", ("caddy", "sha256:0af")),
        ];
        for (reference, parts) in cases {
            assert_eq!(split(reference), parts);
        }
    }

    #[test]
    fn an_error_among_the_progress_is_an_error() {
        assert!(heard(r#"{"status":"Pulling fs layer","id":"0af"}"#).is_ok());
        let error = heard(r#"{"errorDetail":{"message":"no"},"error":"manifest unknown"}"#);
        assert!(
            matches!(error, Err(HostError::Docker { message, .. }) if message == "manifest unknown")
        );
    }

    #[test]
    fn progress_is_what_came_of_all_layers() {
        let (progress, mut layers) = (PullProgress::default(), Layers::default());
        let tell = || {};
        let listener = progress.on_news(&tell);
        for (line, percent) in [
            (r#"{"status":"Pulling from library/caddy","id":"2"}"#, None),
            (r#"{"status":"Pulling fs layer","progressDetail":{},"id":"a"}"#, None),
            (
                r#"{"status":"Downloading","progressDetail":{"current":50,"total":100},"id":"a"}"#,
                Some(50),
            ),
            (
                r#"{"status":"Downloading","progressDetail":{"current":0,"total":100},"id":"b"}"#,
                Some(25),
            ),
            (r#"{"status":"Download complete","progressDetail":{},"id":"a"}"#, Some(50)),
            (
                r#"{"status":"Extracting","progressDetail":{"current":1,"total":900},"id":"a"}"#,
                Some(50),
            ),
            (r#"{"status":"Pull complete","progressDetail":{},"id":"b"}"#, Some(100)),
        ] {
            layers.heard(heard(line).expect("no error"), &listener);
            assert_eq!(progress.percent(), percent, "{line}");
        }
    }
}
