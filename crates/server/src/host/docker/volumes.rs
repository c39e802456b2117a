//! Named volumes.

use std::collections::BTreeMap;

use bollard::{models::VolumeCreateRequest, query_parameters::RemoveVolumeOptions};

use super::{
    super::{HostError, engine::Engine, words::clean},
    id::is_plain,
    networks::unless_missing,
};

pub(super) async fn create(
    engine: &Engine,
    name: &str,
    labels: &BTreeMap<String, String>,
) -> Result<(), HostError> {
    checked(name)?;
    let request = VolumeCreateRequest {
        name: Some(name.to_owned()),
        labels: Some(labels.clone().into_iter().collect()),
        ..VolumeCreateRequest::default()
    };
    engine.ask("create volume", engine.docker().create_volume(request)).await.map(drop)
}

pub(super) async fn find(
    engine: &Engine,
    name: &str,
) -> Result<Option<BTreeMap<String, String>>, HostError> {
    checked(name)?;
    let answer = engine.ask("inspect volume", engine.docker().inspect_volume(name)).await;
    Ok(unless_missing(answer)?.map(|volume| volume.labels.into_iter().collect()))
}

pub(super) async fn remove(engine: &Engine, name: &str) -> Result<(), HostError> {
    checked(name)?;
    let removing = engine.docker().remove_volume(name, None::<RemoveVolumeOptions>);
    unless_missing(engine.ask("remove volume", removing).await).map(drop)
}

fn checked(name: &str) -> Result<(), HostError> {
    if is_plain(name) {
        return Ok(());
    }
    Err(HostError::Protocol { why: format!("`{}` is no name of a volume", clean(name)) })
}
