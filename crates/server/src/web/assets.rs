//! Styles and scripts, as `build/pages.rs` made them. Their addresses name their content, so that a
//! browser keeps them for good and never has an older one.

use std::sync::LazyLock;

use axum::{
    Router,
    extract::{Path, RawQuery},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use sha2::{Digest, Sha256};

const FOR_GOOD: &str = "public, max-age=31536000, immutable";
const TO_BE_ASKED: &str = "no-cache";

struct Asset {
    name: &'static str,
    kind: &'static str,
    content: &'static [u8],
}

macro_rules! asset {
    ($name:literal, $kind:literal) => {
        Asset {
            name: $name,
            kind: $kind,
            content: include_bytes!(concat!(env!("OUT_DIR"), "/pages/web/dist/", $name)),
        }
    };
}

static ASSETS: [Asset; 9] = [
    Asset {
        name: "icon.svg",
        kind: "image/svg+xml",
        content: include_bytes!("../../web/icon.svg"),
    },
    asset!("app.css", "text/css; charset=utf-8"),
    asset!("early.js", "text/javascript; charset=utf-8"),
    asset!("app.js", "text/javascript; charset=utf-8"),
    asset!("chart.js", "text/javascript; charset=utf-8"),
    asset!("container.js", "text/javascript; charset=utf-8"),
    asset!("terminal.js", "text/javascript; charset=utf-8"),
    asset!("terminal.css", "text/css; charset=utf-8"),
    asset!("layout-worker.js", "text/javascript; charset=utf-8"),
];

/// Of all of them: a new version of one makes all new, which happens once in a release.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut hash = Sha256::new();
    for asset in &ASSETS {
        hash.update(asset.content);
    }
    data_encoding::HEXLOWER.encode(&hash.finalize()[..8])
});

/// The address of a file.
pub(super) fn address(name: &str) -> String {
    format!("/assets/{name}?{}", *VERSION)
}

pub(super) fn router() -> Router {
    Router::new().route("/assets/{name}", get(serve))
}

async fn serve(Path(name): Path<String>, RawQuery(version): RawQuery) -> Response {
    let Some(asset) = ASSETS.iter().find(|asset| asset.name == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let known = version.as_deref() == Some(VERSION.as_str());
    let keep = if known { FOR_GOOD } else { TO_BE_ASKED };
    ([(header::CONTENT_TYPE, asset.kind), (header::CACHE_CONTROL, keep)], asset.content)
        .into_response()
}
