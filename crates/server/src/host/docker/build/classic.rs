//! What an engine's own builder says, and the image that comes of it.

use hyper::body::Incoming;
use serde::Deserialize;

use super::{
    super::{
        super::{
            BuildListener, HostError,
            engine::{Engine, not_understood},
            limits,
            words::clean,
        },
        told::{self, Attention},
    },
    no_image,
};

const ATTENTION: Attention =
    Attention { about: "the build", silence: limits::BUILD_SILENCE, line: limits::EVENT };

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

pub(super) async fn heard(
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
    told::each(engine, body, ATTENTION, take).await?;
    lines.end(listener);
    image.ok_or_else(no_image)
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
}
