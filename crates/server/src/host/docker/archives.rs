//! Archives out of containers and into them, as they come: they may be larger than what should be in
//! memory.

use std::io;

use bytes::Bytes;
use futures_util::{StreamExt, stream, stream::BoxStream};
use http_body_util::BodyExt;
use hyper::body::Incoming;

use super::{
    super::{HostError, engine::Engine},
    id::{DockerId, encoded},
};

pub(super) async fn read(
    engine: &Engine,
    docker_id: &str,
    path: &str,
) -> Result<BoxStream<'static, Result<Bytes, HostError>>, HostError> {
    let id = DockerId::parse(docker_id)?;
    let path = format!("/containers/{id}/archive?path={}", encoded(path));
    let body = engine.stream("read files of the container", &path).await?;
    let parts = stream::unfold((engine.clone(), body), |(engine, mut body)| async move {
        next(&engine, &mut body).await.map(|part| (part, (engine, body)))
    });
    Ok(parts.boxed())
}

async fn next(engine: &Engine, body: &mut Incoming) -> Option<Result<Bytes, HostError>> {
    loop {
        match body.frame().await? {
            Ok(frame) => {
                if let Ok(bytes) = frame.into_data() {
                    return Some(Ok(bytes));
                }
            }
            Err(error) => return Some(Err(engine.failure(&error))),
        }
    }
}

pub(super) async fn put(
    engine: &Engine,
    docker_id: &str,
    directory: &str,
    archive: BoxStream<'static, io::Result<Bytes>>,
) -> Result<(), HostError> {
    let id = DockerId::parse(docker_id)?;
    let path = format!("/containers/{id}/archive?path={}", encoded(directory));
    engine.put_stream(&path, archive).await
}
