//! Images built by the engine, and sent to registries.

use hyper::{Method, body::Incoming};
use serde::Deserialize;

use super::{
    super::{
        BuildListener, HostError, ImageBuild, PullListener, RegistryLogin,
        engine::{Content, Engine, not_understood},
        limits,
        words::clean,
    },
    id::encoded,
    images::{Layers, Told, checked, split},
    registry, told,
};

/// Builds, and answers Docker's id of the image.
pub(super) async fn build(
    engine: &Engine,
    build: &ImageBuild,
    listener: &BuildListener,
) -> Result<String, HostError> {
    checked(&build.reference)?;
    let content = Content::Build {
        archive: build.context.clone(),
        logins: registry::sent_all(&build.logins)?,
    };
    let path = path(build)?;
    let request = (Method::POST, path.as_str(), content);
    let read = |body| heard_to_the_end(engine, body, listener);
    let answer = engine.converse("build the image", limits::BUILD, request, read).await;
    answer.map_err(|error| build.logins.iter().fold(error, |error, login| login.hide(error)))
}

/// Arguments and labels are JSON in the query. What was made on the way goes, whatever happens.
fn path(build: &ImageBuild) -> Result<String, HostError> {
    let json = |map| serde_json::to_string(map).map_err(|error| not_understood(&error));
    let mut path = format!(
        "/build?t={}&dockerfile={}&buildargs={}&labels={}&rm=1&forcerm=1",
        encoded(&build.reference),
        encoded(&build.dockerfile),
        encoded(&json(&build.arguments)?),
        encoded(&json(&build.labels)?),
    );
    if build.fresh {
        path.push_str("&nocache=1&pull=1");
    }
    if let Some(stage) = &build.stage {
        path = format!("{path}&target={}", encoded(stage));
    }
    Ok(path)
}

/// What an engine tells while it builds.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Word {
    stream: Option<String>,
    /// Of an image that it is built on, which is being fetched.
    status: Option<String>,
    id: Option<String>,
    #[serde(rename = "progressDetail")]
    progress: Option<serde_json::Value>,
    aux: Option<Aux>,
    error: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Aux {
    #[serde(rename = "ID")]
    id: Option<String>,
}

async fn heard_to_the_end(
    engine: &Engine,
    body: Incoming,
    listener: &BuildListener,
) -> Result<String, HostError> {
    let (mut image, mut lines) = (None, Lines::default());
    let take = |line: &str| {
        let word: Word = serde_json::from_str(line).map_err(|error| not_understood(&error))?;
        lines.heard(&word, listener);
        if let Some(error) = word.error {
            lines.end(listener);
            return Err(HostError::Docker { status: 500, message: clean(&error) });
        }
        image = word.aux.and_then(|aux| aux.id).or(image.take());
        Ok(())
    };
    told::each(engine, body, ("the build", limits::BUILD_SILENCE), take).await?;
    lines.end(listener);
    let why = || HostError::Protocol { why: "the build ended without an image".into() };
    image.ok_or_else(why)
}

/// An engine says parts of lines.
#[derive(Debug, Default)]
struct Lines(String);

impl Lines {
    fn heard(&mut self, word: &Word, listener: &BuildListener) {
        if let Some(said) = &word.stream {
            self.0.push_str(said);
            while let Some((line, rest)) = self.0.split_once('\n') {
                listener.heard(line.trim_end_matches('\r'));
                self.0 = rest.to_owned();
            }
            if self.0.len() > limits::LINE {
                self.end(listener);
            }
        }
        // Each byte of a layer is told of: only what begins and ends is worth a line.
        let moves = word.progress.as_ref().is_some_and(|one| one.get("current").is_some());
        if let Some(status) = word.status.as_ref().filter(|_| !moves) {
            let of = word.id.as_ref().map(|id| format!("{id}: ")).unwrap_or_default();
            listener.heard(&format!("{of}{status}"));
        }
    }

    fn end(&mut self, listener: &BuildListener) {
        if !self.0.is_empty() {
            listener.heard(&std::mem::take(&mut self.0));
        }
    }
}

/// Sends an image to its registry.
pub(super) async fn push(
    engine: &Engine,
    reference: &str,
    login: Option<&RegistryLogin>,
    listener: &PullListener<'_>,
) -> Result<(), HostError> {
    checked(reference)?;
    let content = match login {
        Some(login) => registry::sent(login, reference)?,
        None => registry::nobody(),
    };
    let (name, tag) = split(reference);
    let path = format!("/images/{}/push?tag={}", encoded_name(name), encoded(tag));
    let request = (Method::POST, path.as_str(), content);
    let mut layers = Layers::default();
    let read = move |body| {
        super::images::progress(engine, body, move |told: Told| layers.heard(told, listener))
    };
    let pushed = engine.converse("push the image", limits::PULL, request, read).await;
    pushed.map_err(|error| match login {
        Some(login) => login.hide(error),
        None => error,
    })
}

/// Its parts stay parts of the path.
fn encoded_name(name: &str) -> String {
    name.split('/').map(encoded).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[test]
    fn parts_become_lines() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let kept = told.clone();
        let listener =
            BuildListener::new(move |line| kept.lock().expect("held").push(line.to_owned()));
        let mut lines = Lines::default();
        for word in [
            r#"{"stream":"Step 1/2 : FROM"}"#,
            r#"{"stream":" a\r\n ---\u003e 0af\nrest"}"#,
            r#"{"status":"Pulling fs layer","progressDetail":{},"id":"b"}"#,
            r#"{"status":"Downloading","progressDetail":{"current":5,"total":9},"id":"b"}"#,
        ] {
            lines.heard(&serde_json::from_str(word).expect("a word"), &listener);
        }
        lines.end(&listener);
        let told = told.lock().expect("held").clone();
        assert_eq!(told, ["Step 1/2 : FROM a", " ---> 0af", "b: Pulling fs layer", "rest"]);
    }

    #[test]
    fn what_is_asked_for_is_escaped() {
        let build = ImageBuild {
            reference: "localhost/a:1".into(),
            dockerfile: "a b&rm=0".into(),
            stage: Some("x".into()),
            arguments: [("A".to_owned(), "1&t=other".to_owned())].into(),
            labels: [].into(),
            fresh: true,
            context: "/nowhere".into(),
            logins: Vec::new(),
        };
        let path = path(&build).expect("a path");
        assert_eq!(path.matches('&').count(), 8, "{path}");
    }
}
