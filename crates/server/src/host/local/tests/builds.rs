//! Builds: by BuildKit where an engine has it, by the engine's own builder elsewhere.

use std::sync::Mutex;

use super::*;
use crate::host::{BuildListener, ImageBuild};

/// A message of BuildKit's: step `a`, called `[1/1] FR`, has begun.
const STEP: &str = "ChEKAWEaCFsxLzFdIEZSKgIIAQ==";
/// The same of what it says: `open sesame`, without an end of the line.
const SAYS: &str = "GhAKAWEiC29wZW4gc2VzYW1l";

fn said(status: &str, lines: &[String]) -> String {
    format!("HTTP/1.1 {status}\r\nConnection: close\r\n\r\n{}\n", lines.join("\n"))
}

/// What an engine answers to the first line of a request.
type Answer = fn(&str) -> String;

/// Builds on an engine that answers so; what is said meanwhile, and what comes of it.
async fn built(answer: Answer) -> (Vec<String>, Result<String, HostError>) {
    let engine = FakeEngine::start(move |line, mut stream| async move {
        let answer = answer(&line);
        drop(stream.write_all(answer.as_bytes()).await);
        // A session is there as long as it is wanted; what is sent along is read, whoever wants it.
        if !answer.starts_with("HTTP/1.1 101") {
            drop(stream.shutdown().await);
        }
        drop(stream.read_to_end(&mut Vec::new()).await);
    });
    let archive = tempfile::NamedTempFile::new().expect("a file");
    let build = ImageBuild {
        reference: "localhost/a:1".into(),
        dockerfile: "Dockerfile".into(),
        stage: None,
        arguments: [].into(),
        secrets: [("TOKEN".to_owned(), "open sesame".into())].into(),
        labels: [].into(),
        fresh: false,
        context: archive.path().to_owned(),
        logins: Vec::new(),
    };
    let heard = Arc::new(Mutex::new(Vec::new()));
    let kept = heard.clone();
    let listener = BuildListener::new(move |line| kept.lock().expect("held").push(line.to_owned()));
    let image = engine.host().await.build_image(&build, &listener).await;
    let heard = heard.lock().expect("held").clone();
    (heard, image)
}

fn by_kit(line: &str) -> String {
    if line.starts_with("POST /v1.44/session ") {
        return "HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n".to_owned();
    }
    let trace = |aux| format!(r#"{{"id":"moby.buildkit.trace","aux":"{aux}"}}"#);
    let end = if line.contains("&version=2&session=") {
        r#"{"id":"moby.image.id","aux":{"ID":"sha256:0af"}}"#
    } else {
        r#"{"error":"of open sesame"}"#
    };
    said("200 OK", &[trace(STEP), trace(SAYS), end.to_owned()])
}

#[tokio::test]
async fn buildkit_builds() {
    let (heard, image) = built(by_kit).await;
    assert_eq!(image, Ok("sha256:0af".into()));
    assert_eq!(heard, ["#1 [1/1] FR", "#1 ***"]);
}

fn by_itself(line: &str) -> String {
    if line.starts_with("POST /v1.44/session ") {
        return said("404 X", &[r#"{"message":"page not found"}"#.to_owned()]);
    }
    let stream = r#"{"stream":"Step 1/1 : FROM x\n"}"#.to_owned();
    let error = r#"{"error":"it has no open sesame"}"#.to_owned();
    said("200 OK", &[stream, error])
}

#[tokio::test]
async fn without_buildkit_the_engine_builds_by_itself() {
    let (heard, image) = built(by_itself).await;
    let refused = HostError::Docker { status: 500, message: "it has no ***".into() };
    assert_eq!(image, Err(refused));
    assert!(heard[0].contains("no BuildKit"), "{heard:?}");
    assert_eq!(heard[1..], ["Step 1/1 : FROM x"]);
}
