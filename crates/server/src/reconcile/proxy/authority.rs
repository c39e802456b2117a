//! An authority of Portolan's own for a proxy that has none itself: Traefik. Its key is made for one
//! proxy and never leaves that proxy's volume but to sign.

use portolan_types::{RouteHost, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, date_time_ymd,
};

use super::{
    super::{recorder::failure, work::Halt},
    Scene,
    config::{INTERNAL_CHAIN, INTERNAL_KEY, below_data},
    job::halt,
};
use crate::host::{FileOwner, NewFile};

/// What has to be trusted by those who visit.
const CERTIFICATE: &str = "/data/portolan/authority.crt";
const KEY: &str = "/data/portolan/authority.key";

const NAME: &str = "Portolan internal authority";
const DAY: u64 = 24 * 60 * 60;
/// Browsers take no longer ones.
const DAYS: u64 = 397;
const AUTHORITY_DAYS: u64 = 3_650;

/// The files with a certificate for these hosts. The authority is that of the volume that the
/// container has, or a new one.
pub(super) async fn files(
    scene: &Scene<'_>,
    container: &str,
    hosts: &[RouteHost],
) -> Result<Vec<NewFile>, Halt> {
    let read = scene.host.read_file(container, KEY).await;
    let key = read.map_err(|error| halt(scene, &error, "read the proxy's authority"))?;
    let key = key.and_then(|key| String::from_utf8(key).ok());
    signed(key.as_deref(), hosts).map_err(|error| {
        let message = format!("could not make a certificate for the proxy: {error}");
        failure("certificate", message, "report this").into()
    })
}

fn signed(key: Option<&str>, hosts: &[RouteHost]) -> Result<Vec<NewFile>, rcgen::Error> {
    let (mut files, key) = match key {
        Some(pem) => (Vec::new(), KeyPair::from_pem(pem)?),
        None => made()?,
    };
    let issuer = Issuer::new(authority(), key);
    let leaf_key = KeyPair::generate()?;
    let leaf = leaf(hosts)?.signed_by(&leaf_key, &issuer)?;
    files.push(file(INTERNAL_CHAIN, leaf.pem()));
    files.push(file(INTERNAL_KEY, leaf_key.serialize_pem()));
    Ok(files)
}

/// A new authority, with its files.
fn made() -> Result<(Vec<NewFile>, KeyPair), rcgen::Error> {
    let key = KeyPair::generate()?;
    let certificate = authority().self_signed(&key)?;
    let files = vec![file(CERTIFICATE, certificate.pem()), file(KEY, key.serialize_pem())];
    Ok((files, key))
}

fn file(path: &str, content: String) -> NewFile {
    NewFile {
        path: below_data(path),
        content: content.into_bytes().into(),
        mode: 0o600,
        owner: FileOwner::default(),
    }
}

fn authority() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = named(NAME);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    lasting(&mut params, AUTHORITY_DAYS);
    params
}

fn leaf(hosts: &[RouteHost]) -> Result<CertificateParams, rcgen::Error> {
    let names: Vec<String> = hosts.iter().map(ToString::to_string).collect();
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = named("Portolan");
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    lasting(&mut params, DAYS);
    Ok(params)
}

fn named(name: &str) -> DistinguishedName {
    let mut names = DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}

/// From yesterday: clocks differ.
fn lasting(params: &mut CertificateParams, days: u64) {
    let now = u64::try_from(Timestamp::now().as_millis() / 1_000).unwrap_or_default();
    let at = |seconds| date_time_ymd(1970, 1, 1) + std::time::Duration::from_secs(seconds);
    params.not_before = at(now.saturating_sub(DAY));
    params.not_after = at(now + days * DAY);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_is_made_once() {
        let hosts = ["a.example".parse().expect("a host")];
        let first = signed(None, &hosts).expect("signed");
        let paths: Vec<&str> = first.iter().map(|file| file.path.as_str()).collect();
        let all = ["authority.crt", "authority.key", "internal.crt", "internal.key"];
        assert_eq!(paths, all.map(|name| format!("portolan/{name}")));
        assert!(first.iter().all(|file| file.mode == 0o600));
        let key = String::from_utf8(first[1].bytes().to_vec()).expect("PEM");
        let second = signed(Some(&key), &hosts).expect("signed");
        assert_eq!(second.len(), 2, "the authority stays");
        assert_ne!(first[2].content, second[0].content);
    }
}
