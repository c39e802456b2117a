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

/// Where it is, and what it is called.
#[derive(Debug)]
pub(super) struct Found {
    /// Where the API has it, without what is asked of it.
    pub(super) path: String,
    pub(super) words: String,
}

impl Named {
    /// Where the API has it, without what is asked of it.
    pub(super) async fn path(&self, client: &Client) -> anyhow::Result<String> {
        Ok(self.find(client).await?.path)
    }

    pub(super) async fn find(&self, client: &Client) -> anyhow::Result<Found> {
        Ok(match self {
            Self::On(destination, container) => {
                let destination: Destination = find(client, destination).await?;
                // A container's name needs no escaping: it was checked when it was typed.
                let path = format!("/v1/destinations/{}/containers/{container}", destination.id);
                Found { path, words: container.to_string() }
            }
            Self::Of(application) => {
                let application: Application = find(client, application).await?;
                let path = format!("/v1/applications/{}", application.id);
                Found { path, words: application.name.to_string() }
            }
        })
    }
}
