//! What is in a certificate, and whether its key is the one it was made for.

use portolan_types::{RouteHost, Timestamp};
use rustls::{
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::CertifiedKey,
};
use sha2::{Digest, Sha256};
use x509_parser::{extensions::GeneralName, prelude::X509Certificate};

use crate::{Error, vault::to_hex};

/// What is read from a certificate.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) hosts: Vec<String>,
    pub(super) fingerprint: String,
    pub(super) not_before: Timestamp,
    pub(super) not_after: Timestamp,
}

const MAX_CHAIN: usize = 64 << 10;
const MAX_KEY: usize = 16 << 10;
const MAX_HOSTS: usize = 100;

/// Reads a chain, its certificate first, and checks it against its private key.
pub(super) fn read(chain: &str, private_key: &str) -> Result<Read, Error> {
    if chain.len() > MAX_CHAIN || private_key.len() > MAX_KEY {
        return Err(Error::field("chain", "a chain has at most 64 KiB, and a key 16 KiB"));
    }
    let certificates: Vec<CertificateDer<'_>> =
        CertificateDer::pem_slice_iter(chain.as_bytes()).collect::<Result<_, _>>().map_err(
            |error| Error::field("chain", format!("it is not PEM of certificates: {error}")),
        )?;
    let Some(first) = certificates.first().cloned() else {
        return Err(Error::field("chain", "there is no certificate in it (`BEGIN CERTIFICATE`)"));
    };
    check_key(certificates, private_key)?;
    describe(&first)
}

/// Never says what is in the key.
fn check_key(chain: Vec<CertificateDer<'_>>, private_key: &str) -> Result<(), Error> {
    let refused = |why: &str| Error::field("private_key", why);
    let key = PrivateKeyDer::from_pem_slice(private_key.as_bytes()).map_err(|_| {
        refused("it is not PEM of a private key without passphrase (`BEGIN PRIVATE KEY`)")
    })?;
    let chain = chain.into_iter().map(CertificateDer::into_owned).collect();
    match CertifiedKey::from_der(chain, key, &ring::default_provider()) {
        Ok(_) => Ok(()),
        Err(rustls::Error::InconsistentKeys(_)) => Err(refused(
            "it is not the key of this certificate: the first in the chain has to be the one it was made for",
        )),
        Err(error) => Err(refused(&format!("it cannot be used: {error}"))),
    }
}

fn describe(certificate: &CertificateDer<'_>) -> Result<Read, Error> {
    let refused = |why: String| Error::field("chain", why);
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate)
        .map_err(|error| refused(format!("its first certificate cannot be read: {error}")))?;
    let hosts = hosts(&parsed);
    if hosts.is_empty() || hosts.len() > MAX_HOSTS {
        return Err(refused(format!(
            "the certificate names {} hosts that can be routed (1 to {MAX_HOSTS}): browsers read \
             its subject alternative names and nothing else",
            hosts.len()
        )));
    }
    let validity = parsed.validity();
    let not_after = Timestamp::from_millis(validity.not_after.timestamp().saturating_mul(1_000));
    if not_after < Timestamp::now() {
        return Err(refused(format!("the certificate ended on {not_after}")));
    }
    Ok(Read {
        hosts,
        fingerprint: to_hex(&Sha256::digest(certificate)),
        not_before: Timestamp::from_millis(validity.not_before.timestamp().saturating_mul(1_000)),
        not_after,
    })
}

/// Names that a route can have, and those with one `*.` before them.
fn hosts(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(names)) = certificate.subject_alternative_name() else { return Vec::new() };
    let hosts = names.value.general_names.iter().filter_map(|name| match name {
        GeneralName::DNSName(name) => host(name),
        _ => None,
    });
    hosts.collect()
}

fn host(name: &str) -> Option<String> {
    let (star, rest) = match name.strip_prefix("*.") {
        Some(rest) => ("*.", rest),
        None => ("", name),
    };
    let host: RouteHost = rest.parse().ok()?;
    Some(format!("{star}{host}"))
}
