//! Whether an authority by ACME can be one as it is asked for. Nobody asks the authority itself: the
//! proxy does, and its logs have the answer.

use portolan_types::CertificateSource;
use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};

use crate::Error;

/// Most bytes of certificates to be trusted.
const MAX_ROOT: usize = 64 << 10;

pub(super) fn check(source: &CertificateSource) -> Result<(), Error> {
    let CertificateSource::Acme { staging, directory, root, .. } = source else { return Ok(()) };
    if *staging && directory.is_some() {
        return Err(Error::field(
            "certificates.staging",
            "it is for Let's Encrypt: give the directory that the other authority has for tests",
        ));
    }
    match root {
        Some(_) if directory.is_none() => Err(Error::field(
            "certificates.root",
            "Let's Encrypt is trusted anyway: this is for the authority of a directory",
        )),
        Some(root) => check_root(root),
        None => Ok(()),
    }
}

/// Certificates that something can be verified by.
fn check_root(root: &str) -> Result<(), Error> {
    let refused = |why: String| Error::field("certificates.root", why);
    if root.len() > MAX_ROOT {
        return Err(refused(format!("at most {MAX_ROOT} bytes")));
    }
    if root.contains("PRIVATE KEY") {
        return Err(refused("there is a private key in it: give the certificate alone".into()));
    }
    let certificates: Vec<CertificateDer<'_>> = CertificateDer::pem_slice_iter(root.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|error| refused(format!("it is not PEM of certificates: {error}")))?;
    if certificates.is_empty() {
        return Err(refused("there is no certificate in it (`BEGIN CERTIFICATE`)".into()));
    }
    let mut trusted = RootCertStore::empty();
    let cannot = |error| refused(format!("a certificate in it cannot be trusted: {error}"));
    certificates.into_iter().try_for_each(|one| trusted.add(one)).map_err(cannot)
}
