//! What an engine may ask while it builds, and what it is told: the logins and secrets of its build, and
//! nothing else.
//!
//! It fetches tokens of registries by itself, as it does without BuildKit: that is not offered
//! (`GetTokenAuthority`), so that Portolan need not go where a Dockerfile leads.

use bytes::Bytes;
use portolan_types::RegistryHost;
use prost::Message;
use secrecy::ExposeSecret;

use super::{
    super::super::ImageBuild,
    grpc::{Refusal, framed},
    messages::{
        CredentialsRequest, CredentialsResponse, GetSecretRequest, GetSecretResponse,
        HealthCheckResponse,
    },
};

const CREDENTIALS: &str = "/moby.filesync.v1.Auth/Credentials";
const SECRET: &str = "/moby.buildkit.secrets.v1.Secrets/GetSecret";
const HEALTH: &str = "/grpc.health.v1.Health/Check";

/// What is told to the engine beforehand: it does not ask for what is not among these.
pub(super) const OFFERED: [&str; 3] = [CREDENTIALS, SECRET, HEALTH];

/// Docker Hub, as BuildKit reaches it.
const HUB: &str = "registry-1.docker.io";

pub(super) fn answer(build: &ImageBuild, path: &str, asked: Bytes) -> Result<Bytes, Refusal> {
    match path {
        CREDENTIALS => Ok(framed(&credentials(build, &parsed::<CredentialsRequest>(asked)?.host))),
        SECRET => secret(build, &parsed::<GetSecretRequest>(asked)?.id).map(|data| framed(&data)),
        HEALTH => Ok(framed(&HealthCheckResponse { status: 1 })),
        _ => Err(Refusal::Unimplemented),
    }
}

fn parsed<T: Message + Default>(asked: Bytes) -> Result<T, Refusal> {
    T::decode(asked).map_err(|_| Refusal::InvalidArgument)
}

/// A registry for which there is no login is asked without one.
fn credentials(build: &ImageBuild, host: &str) -> CredentialsResponse {
    let host = if host == HUB { RegistryHost::DOCKER_HUB } else { host };
    let login = build.logins.iter().find(|login| login.host.as_str() == host);
    login.map_or_else(CredentialsResponse::default, |login| CredentialsResponse {
        username: login.user.to_string(),
        secret: login.password.expose_secret().to_owned(),
    })
}

fn secret(build: &ImageBuild, id: &str) -> Result<GetSecretResponse, Refusal> {
    let secret = build.secrets.get(id).ok_or(Refusal::NotFound)?;
    Ok(GetSecretResponse { data: secret.expose_secret().as_bytes().to_vec() })
}
