//! The container that is named: on a destination, or as the one that serves an application.
//!
//! Owns where the API has it.

use portolan_types::{Application, ContainerName, Destination};

use crate::{
    client::Client,
    find::{Reference, find},
};

/// How it is named.
#[derive(Debug)]
pub(crate) enum Named {
    On(Reference, ContainerName),
    /// The one that serves.
    Of(Reference),
}

impl Named {
    /// Where the API has it, without what is asked of it.
    pub(super) async fn path(&self, client: &Client) -> anyhow::Result<String> {
        Ok(match self {
            Self::On(destination, container) => {
                let destination: Destination = find(client, destination).await?;
                // A container's name needs no escaping: it was checked when it was typed.
                format!("/v1/destinations/{}/containers/{container}", destination.id)
            }
            Self::Of(application) => {
                let application: Application = find(client, application).await?;
                format!("/v1/applications/{}", application.id)
            }
        })
    }
}
