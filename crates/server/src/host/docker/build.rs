//! Images built by the engine: by BuildKit, and by its own builder where it has no other.
//!
//! Owns what is asked for. What each says meanwhile is in `kit` and `classic`; what BuildKit asks back
//! is in `session`.

use std::sync::Arc;

use hyper::Method;
use serde_json::json;
use tokio::sync::OwnedSemaphorePermit;

use super::{
    super::{
        BuildListener, HostError, ImageBuild,
        engine::{Content, Engine, not_understood},
        limits,
    },
    id::encoded,
    images::checked,
    registry,
};

mod answers;
mod classic;
mod grpc;
mod kit;
mod messages;
mod session;
mod trace;

#[cfg(feature = "fuzzing")]
pub(super) use trace::read_anything;

use session::Session;

const ACTION: &str = "build the image";

/// Said before what the engine's own builder says.
const NO_KIT: &str =
    "[Portolan lets the engine's own builder build: the engine offers no BuildKit]";
const NO_HTTP: &str = "[Portolan lets the engine's own builder build: this engine's BuildKit asks a \
                       registry by HTTPS that speaks HTTP]";

/// Said while there is no place.
const WAITING: &str = "[Portolan waits for other builds on this server]";

/// Builds, and answers Docker's id of the image. No secret is shown in what is said of it.
pub(super) async fn build(
    engine: &Engine,
    build: &ImageBuild,
    listener: &BuildListener,
) -> Result<String, HostError> {
    checked(&build.reference)?;
    let hidden = build.hidden();
    let listener = hidden.listener(listener);
    let building = async {
        match by_kit(engine, build, &listener).await? {
            Kit::Built(image) => Ok(image),
            Kit::Missing(why) => {
                listener.heard(why);
                by_itself(engine, build, &listener).await
            }
        }
    };
    building.await.map_err(|error| hidden.error(error))
}

/// A build that went well is one of an image.
fn no_image() -> HostError {
    HostError::Protocol { why: "the build ended without an image".into() }
}

/// What BuildKit did.
#[derive(Debug)]
enum Kit {
    /// The image, by its id.
    Built(String),
    /// Nothing, and why.
    Missing(&'static str),
}

async fn by_kit(
    engine: &Engine,
    build: &ImageBuild,
    listener: &BuildListener,
) -> Result<Kit, HostError> {
    if engine.builds_by_itself() {
        return Ok(Kit::Missing(NO_KIT));
    }
    let _place = place(engine, listener).await?;
    let session = match Session::open(engine).await {
        Err(HostError::Docker { status: 400..=499 | 501, .. }) => return Ok(Kit::Missing(NO_KIT)),
        opened => opened?,
    };
    let path = format!("{}&version=2&session={}", path(build)?, session.id());
    // Its logins are asked for in the session.
    let content = Content::Build { archive: build.context.clone(), logins: None };
    let request = (Method::POST, path.as_str(), content);
    let read = |body| kit::heard(engine, body, listener);
    let building = engine.converse(ACTION, limits::BUILD, request, read);
    let answer = tokio::select! {
        answer = building => answer,
        never = session.serve(build) => match never {},
    };
    match answer {
        Ok(image) => {
            forget(engine).await;
            Ok(Kit::Built(image))
        }
        Err(error) => missing(&error).map(Kit::Missing).ok_or(error),
    }
}

/// What builds left for later ones goes where it is too much, what was not used for longest first. The image
/// is there, so it is no error that it stays.
async fn forget(engine: &Engine) {
    if !engine.keeps_builds() {
        return;
    }
    let (path, body) = (format!("/build/prune?keep-storage={}", limits::BUILD_CACHE), json!({}));
    let action = "remove what old builds left";
    let forgetting = engine.post_within(limits::CONTAINER, action, &path, &body);
    if let Err(error) = forgetting.await {
        tracing::warn!(%error, "what old builds left stays on the host");
    }
}

/// A build takes two connections, and a host lets only so many be open.
async fn place(
    engine: &Engine,
    listener: &BuildListener,
) -> Result<OwnedSemaphorePermit, HostError> {
    let places = engine.connector().pairs();
    if let Ok(place) = Arc::clone(places).try_acquire_owned() {
        return Ok(place);
    }
    listener.heard(WAITING);
    let place = Arc::clone(places).acquire_owned().await;
    place.map_err(|_| HostError::Lost { why: "closed".into() })
}

/// Why it has to be built without BuildKit. What a build that fails says comes as 500, when the engine has
/// long answered. In engines before 23 BuildKit takes an insecure registry that is named without
/// `http://` for one that speaks HTTPS, which all else of the engine does not.
fn missing(error: &HostError) -> Option<&'static str> {
    let HostError::Docker { status, message } = error else { return None };
    match status {
        400..=499 | 501 if message.to_lowercase().contains("buildkit") => Some(NO_KIT),
        500 if message.contains("server gave HTTP response to HTTPS client") => Some(NO_HTTP),
        _ => None,
    }
}

async fn by_itself(
    engine: &Engine,
    build: &ImageBuild,
    listener: &BuildListener,
) -> Result<String, HostError> {
    let logins = Some(registry::sent_all(&build.logins)?);
    let content = Content::Build { archive: build.context.clone(), logins };
    let path = path(build)?;
    let request = (Method::POST, path.as_str(), content);
    let read = |body| classic::heard(engine, body, listener);
    engine.converse(ACTION, limits::BUILD, request, read).await
}

/// Arguments and labels are JSON in the query. What was made on the way goes, whatever happens.
fn path(build: &ImageBuild) -> Result<String, HostError> {
    let text = |map| serde_json::to_string(map).map_err(|error| not_understood(&error));
    let mut path = format!(
        "/build?t={}&dockerfile={}&buildargs={}&labels={}&rm=1&forcerm=1",
        encoded(&build.reference),
        encoded(&build.dockerfile),
        encoded(&text(&build.arguments)?),
        encoded(&text(&build.labels)?),
    );
    if build.fresh {
        path.push_str("&nocache=1&pull=1");
    }
    if let Some(stage) = &build.stage {
        path = format!("{path}&target={}", encoded(stage));
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_escaped() {
        let build = ImageBuild {
            reference: "localhost/a:1".into(),
            dockerfile: "a b&rm=0".into(),
            stage: Some("x".into()),
            arguments: [("A".to_owned(), "1&t=other".to_owned())].into(),
            secrets: [].into(),
            labels: [].into(),
            fresh: true,
            context: "/nowhere".into(),
            logins: Vec::new(),
        };
        let path = path(&build).expect("a path");
        assert_eq!(path.matches('&').count(), 8, "{path}");
    }

    #[test]
    fn only_an_engine_without_buildkit_is_taken_for_one() {
        let said = |status, message: &str| HostError::Docker { status, message: message.into() };
        assert_eq!(missing(&said(400, "buildkit is not enabled on daemon")), Some(NO_KIT));
        let https = "failed to do request: http: server gave HTTP response to HTTPS client";
        assert_eq!(missing(&said(500, https)), Some(NO_HTTP));
        for other in [
            said(500, "failed to solve: buildkit: no"),
            said(400, "invalid reference format"),
            HostError::Lost { why: "buildkit".into() },
        ] {
            assert_eq!(missing(&other), None, "{other}");
        }
    }
}
