//! Images sent to registries.

use hyper::Method;

use super::{
    super::{HostError, PullListener, RegistryLogin, engine::Engine, limits},
    id::encoded,
    images::{Layers, Told, checked, progress, split},
    registry,
};

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
    let read = move |body| progress(engine, body, move |told: Told| layers.heard(told, listener));
    let pushed = engine.converse("push the image", limits::PULL, request, read).await;
    pushed.map_err(|error| registry::hidden(login, error))
}

/// Its parts stay parts of the path.
fn encoded_name(name: &str) -> String {
    name.split('/').map(encoded).collect::<Vec<_>>().join("/")
}
