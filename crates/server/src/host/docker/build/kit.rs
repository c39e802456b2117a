//! What BuildKit says while it builds, and the image that comes of it.

use data_encoding::BASE64;
use hyper::body::Incoming;
use serde::Deserialize;
use serde_json::Value;

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
    trace::Trace,
};

const ATTENTION: Attention =
    Attention { about: "the build", silence: limits::BUILD_SILENCE, line: limits::TRACE };

/// By what an engine names the two things that it tells beside errors.
const TRACE: &str = "moby.buildkit.trace";
const IMAGE: &str = "moby.image.id";

/// Said in the place of what cannot be read: the build itself goes on.
const UNREADABLE: &str = "[Portolan could not read a part of what the build said]";

/// A line of an engine's.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Word {
    id: Option<String>,
    aux: Value,
    error: Option<String>,
}

/// What a build has come to.
#[derive(Debug, Default)]
struct Course {
    trace: Trace,
    image: Option<String>,
}

pub(super) async fn heard(
    engine: &Engine,
    body: Incoming,
    listener: &BuildListener,
) -> Result<String, HostError> {
    let mut course = Course::default();
    let told = told::each(engine, body, ATTENTION, |line| course.heard(line, listener)).await;
    course.trace.end(listener);
    told?;
    course.image.ok_or_else(no_image)
}

impl Course {
    fn heard(&mut self, line: &str, listener: &BuildListener) -> Result<(), HostError> {
        let word: Word = serde_json::from_str(line).map_err(|error| not_understood(&error))?;
        if let Some(error) = word.error {
            return Err(HostError::Docker { status: 500, message: clean(&error) });
        }
        match word.id.as_deref() {
            Some(TRACE) => {
                let bytes = word.aux.as_str().and_then(|text| BASE64.decode(text.as_bytes()).ok());
                if !bytes.is_some_and(|bytes| self.trace.heard(&bytes, listener)) {
                    listener.heard(UNREADABLE);
                }
            }
            Some(IMAGE) => self.image = word.aux["ID"].as_str().map(str::to_owned),
            Some(_) | None => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{super::trace::tests::heard_by, *};

    #[test]
    fn an_image_comes_of_it() {
        let mut course = Course::default();
        let lines = heard_by(|listener| {
            for line in [
                r#"{"id":"moby.buildkit.trace","aux":"ChEKAWEaCFsxLzFdIEZSKgIIAQ=="}"#,
                r#"{"id":"moby.buildkit.trace","aux":"!"}"#,
                r#"{"id":"moby.image.id","aux":{"ID":"sha256:0af"}}"#,
                r#"{"stream":"of another builder"}"#,
            ] {
                course.heard(line, listener).expect("no error");
            }
        });
        assert_eq!(lines, ["#1 [1/1] FR", UNREADABLE]);
        assert_eq!(course.image.as_deref(), Some("sha256:0af"));
    }

    #[test]
    fn an_error_ends_it() {
        let mut course = Course::default();
        let said = r#"{"errorDetail":{"message":"x"},"error":"failed to solve: exit code: 7"}"#;
        let lines = heard_by(|listener| {
            let error = course.heard(said, listener).expect_err("an error");
            assert_eq!(
                error,
                HostError::Docker { status: 500, message: "failed to solve: exit code: 7".into() }
            );
        });
        assert!(lines.is_empty(), "{lines:?}");
    }
}
