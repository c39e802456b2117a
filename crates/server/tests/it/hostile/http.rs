//! Clients that mean harm: over the real listener, byte by byte.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use reqwest::Method;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};

use crate::support::{Database, TestApp};

async fn connect(app: &TestApp) -> Result<TcpStream> {
    let address = app.owner.url.strip_prefix("http://").context("an address")?;
    Ok(TcpStream::connect(address).await?)
}

/// What is answered to these bytes until the connection closes, or nothing more comes.
async fn said(app: &TestApp, bytes: &[u8]) -> Result<String> {
    let mut stream = connect(app).await?;
    // It may hang up before it has taken everything.
    let sent = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let mut piece = [0; 8_192];
    while let Ok(Ok(length @ 1..)) =
        timeout(Duration::from_millis(500), stream.read(&mut piece)).await
    {
        answer.extend_from_slice(&piece[..length]);
    }
    ensure!(sent.is_ok() || answer.len() < 8_192, "{sent:?}");
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn answers(said: &str) -> usize {
    said.matches("HTTP/1.1 ").count()
}

const HIDDEN: &str = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";

/// Requests of which two readers could make different ones: refused, or read in one way and the
/// connection closed.
#[tokio::test]
async fn nothing_is_hidden_in_a_request() -> Result<()> {
    let mut app = TestApp::start(Database::Sqlite).await?;
    let post = "POST /v1/setup HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
    let refused = [
        "Content-Length: 5\r\nContent-Length: 6\r\n\r\n12345",
        "Content-Length: 5, 6\r\n\r\n12345",
        "Content-Length: +5\r\n\r\n12345",
        "Content-Length: -1\r\n\r\n",
        "Content-Length: 0x5\r\n\r\n12345",
        "Content-Length: 99999999999999999999999\r\n\r\n",
        "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "X-A: a\r\n folded: b\r\nContent-Length: 0\r\n\r\n",
        "X-A: a\0b\r\nContent-Length: 0\r\n\r\n",
        "X A: b\r\nContent-Length: 0\r\n\r\n",
        ": b\r\nContent-Length: 0\r\n\r\n",
    ];
    for shape in refused {
        let said = said(&app, format!("{post}{shape}{HIDDEN}").as_bytes()).await?;
        ensure!(said.starts_with("HTTP/1.1 400 "), "{shape:?}: {said}");
        ensure!(answers(&said) == 1, "{shape:?}: {said}");
    }
    let once = [
        format!("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{HIDDEN}"),
        format!("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n{HIDDEN}"),
        format!("Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n{HIDDEN}"),
    ];
    for shape in once {
        let said = said(&app, format!("{post}{shape}").as_bytes()).await?;
        ensure!(answers(&said) == 1, "{shape:?}: {said}");
        ensure!(said.to_ascii_lowercase().contains("connection: close"), "{shape:?}: {said}");
    }
    for whole in [
        "GET /healthz\r\n\r\n",
        "GET /healthz HTTP/2.0\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "GET /healthz HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET  /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /he althz HTTP/1.1\r\nHost: x\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}\0",
    ] {
        let said = said(&app, whole.as_bytes()).await?;
        ensure!(!said.contains(" 200 "), "{whole:?}: {said}");
    }
    app.stop().await
}

#[tokio::test]
async fn heads_have_a_measure() -> Result<()> {
    let mut app = TestApp::start(Database::Sqlite).await?;
    let get = "GET /healthz HTTP/1.1\r\nHost: x\r\n";
    let many = "X-A: a\r\n".repeat(200);
    let large = format!("X-A: {}\r\n", "a".repeat(128 << 10));
    for fields in [many, large] {
        let said = said(&app, format!("{get}{fields}\r\n").as_bytes()).await?;
        ensure!(said.starts_with("HTTP/1.1 431 "), "{said}");
    }
    let long = format!("GET /healthz?{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(128 << 10));
    let said = said(&app, long.as_bytes()).await?;
    ensure!(said.starts_with("HTTP/1.1 414 ") || said.starts_with("HTTP/1.1 431 "), "{said}");
    app.stop().await
}

/// The path of something that is not there.
fn filled(path: &str) -> String {
    path.split('/')
        .map(|part| if part.contains('{') { "a1b2c3d4e5f6g7h8i9j0k1l2" } else { part })
        .collect::<Vec<_>>()
        .join("/")
}

/// Every route that takes a body, with one that is larger than any.
#[tokio::test]
async fn bodies_have_a_measure() -> Result<()> {
    let mut app = TestApp::start(Database::Sqlite).await?;
    let document = serde_json::to_value(portolan_server::openapi())?;
    let paths = document["paths"].as_object().context("paths")?;
    let mut tried = 0;
    for (path, item) in paths {
        for (method, operation) in item.as_object().context("operations")? {
            if operation["requestBody"].is_null() {
                continue;
            }
            let method: Method = method.to_uppercase().parse()?;
            let path = filled(path);
            // Files come along with those of Compose.
            let size = if path.starts_with("/v1/stacks") { 3 << 20 } else { 256 << 10 };
            let body = vec![b' '; size];
            let request = app.owner.request(method.clone(), &path);
            let request = request.header("content-type", "application/json").body(body);
            // It may hang up while the body is still sent.
            if let Ok(answer) = app.owner.send(request).await {
                // Who may not ask at all is refused before the body is read.
                let refused = [401, 403].contains(&answer.status.as_u16());
                let measured = refused || answer.status == 413;
                ensure!(measured, "{method} {path}: {} {}", answer.status, answer.text);
            }
            tried += 1;
        }
    }
    ensure!(tried > 20, "only {tried} routes take a body");
    app.stop().await
}

/// Who does not say what he wants is hung up on, and does not keep others from saying it.
#[tokio::test]
async fn who_dawdles_is_hung_up_on() -> Result<()> {
    let mut app = TestApp::start(Database::Sqlite).await?;
    let mut idle = Vec::new();
    for _ in 0..600 {
        idle.push(connect(&app).await?);
    }
    let mut closed = 0;
    for stream in &mut idle {
        let mut byte = [0];
        let read = timeout(Duration::from_millis(1), stream.read(&mut byte)).await;
        closed += usize::from(matches!(read, Ok(Ok(0) | Err(_))));
    }
    // One address has no more than its share, and the rest of the world the other half.
    ensure!((80..200).contains(&closed), "{closed} of 600 were closed");
    drop(idle);
    let mut slow = connect(&app).await?;
    let since = Instant::now();
    let drips = async {
        for byte in b"GET /healthz HTTP/1.1\r\nX-A: ".iter().chain(std::iter::repeat(&b'a')) {
            if slow.write_all(&[*byte]).await.is_err() {
                return;
            }
            sleep(Duration::from_millis(250)).await;
        }
    };
    timeout(Duration::from_secs(40), drips).await.context("it was listened to for ever")?;
    ensure!(since.elapsed() > Duration::from_secs(10), "after {:?}", since.elapsed());
    app.owner.get("/v1/session").await?.ok::<Value>()?;
    app.stop().await
}

/// Whatever is answered to whatever is asked says what browsers may do with it.
#[tokio::test]
async fn every_answer_has_its_headers() -> Result<()> {
    let mut app = TestApp::start(Database::Sqlite).await?;
    let document = serde_json::to_value(portolan_server::openapi())?;
    let paths = document["paths"].as_object().context("paths")?;
    let more = ["/", "/docs/", "/openapi.json", "/nowhere", "/v1/nowhere"].map(str::to_owned);
    for path in paths.keys().cloned().chain(more) {
        if path.ends_with("/stream") {
            continue;
        }
        let path = filled(&path);
        for client in [app.owner.clone(), app.owner.anonymous()] {
            for method in [Method::GET, Method::OPTIONS, Method::PUT] {
                let answer = client.send(client.request(method.clone(), &path)).await?;
                let header = |name: &str| {
                    let value = answer.headers.get(name).and_then(|value| value.to_str().ok());
                    value.with_context(|| format!("{method} {path} has no {name}"))
                };
                assert_eq!(header("x-content-type-options")?, "nosniff", "{path}");
                assert_eq!(header("x-frame-options")?, "DENY", "{path}");
                assert_eq!(header("referrer-policy")?, "no-referrer", "{path}");
                assert_eq!(header("cross-origin-opener-policy")?, "same-origin", "{path}");
                assert_eq!(header("cross-origin-resource-policy")?, "same-origin", "{path}");
                ensure!(header("permissions-policy")?.contains("camera=()"), "{path}");
                let policy = header("content-security-policy")?;
                for part in ["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"] {
                    ensure!(policy.contains(part), "{path}: {policy}");
                }
                // Only the page of the interactive documentation has styles inline.
                let inline = policy.contains("unsafe") && path != "/" && !path.starts_with("/docs");
                ensure!(!inline || path == "/openapi.json", "{path}: {policy}");
                ensure!(!policy.contains("script-src 'unsafe"), "{path}: {policy}");
                ensure!(answer.headers.get("access-control-allow-origin").is_none(), "{path}");
                ensure!(answer.headers.get("server").is_none(), "{path}");
            }
        }
    }
    app.stop().await
}

/// Addresses are in logs, in histories and in what is sent on to others.
#[test]
fn no_secret_stands_in_an_address() -> Result<()> {
    let document = serde_json::to_value(portolan_server::openapi())?;
    let secrets = ["token", "secret", "password", "passphrase", "private", "otp", "recovery"];
    let mut seen = 0;
    for (path, item) in document["paths"].as_object().context("paths")? {
        for operation in item.as_object().context("operations")?.values() {
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let name = parameter["name"].as_str().context("a name")?.to_ascii_lowercase();
                ensure!(!secrets.iter().any(|secret| name.contains(secret)), "{path}: {name}");
                seen += 1;
            }
        }
        ensure!(!path.contains("{token}") && !path.contains("{secret}"), "{path}");
    }
    ensure!(seen > 50, "only {seen} parameters");
    Ok(())
}
