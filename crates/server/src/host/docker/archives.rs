//! Archives out of containers and into them, as they come: they may be larger than what should be in
//! memory.

use std::io;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream::BoxStream};
use http_body_util::BodyDataStream;

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
    let engine = engine.clone();
    Ok(BodyDataStream::new(body).map_err(move |error| engine.failure(&error)).boxed())
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
