//! TLS in this process, above the gated socket.
//!
//! In:    a file with a certificate and its chain, a file with its key, both in PEM.
//! Out:   the server's side of TLS 1.3 and 1.2, with HTTP/2 and HTTP/1.1 offered by ALPN.
//! Never: speaks plain HTTP on a port that was given a certificate.

#![expect(clippy::disallowed_methods, reason = "stores: tls-files")]

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ServerConfig};

/// A certificate with its key, ready to serve.
#[derive(Clone)]
pub struct Tls(pub(crate) TlsAcceptor);

/// Why a certificate or key cannot be used.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say what each is")]
pub enum BadTls {
    #[error("cannot read {what} `{}`", path.display())]
    Unreadable { what: &'static str, path: PathBuf, source: std::io::Error },
    #[error("there is no certificate in `{}`; it should hold PEM, `-----BEGIN CERTIFICATE-----`, the server's own first", .0.display())]
    NoCertificate(PathBuf),
    #[error("there is no private key in `{}`; it should hold PEM, `-----BEGIN PRIVATE KEY-----`, without a passphrase", .0.display())]
    NoKey(PathBuf),
    #[error("{what} `{}` does not read as PEM", path.display())]
    Malformed { what: &'static str, path: PathBuf, source: pem::Error },
    #[error("the key in `{}` is not the one of the certificate in `{}`", key.display(), certificate.display())]
    Mismatch { certificate: PathBuf, key: PathBuf },
    #[error("the certificate in `{}` cannot be used with the key in `{}`", certificate.display(), key.display())]
    Unusable { certificate: PathBuf, key: PathBuf, source: rustls::Error },
}

impl Tls {
    /// Reads certificate and key.
    ///
    /// # Errors
    /// [`BadTls`], with the file and what it should hold.
    pub fn load(certificate: &Path, key: &Path) -> Result<Tls, BadTls> {
        const CERTIFICATE: &str = "the certificate";
        const KEY: &str = "the key";
        let text = |what, path: &Path| {
            std::fs::read(path).map_err(|source| BadTls::Unreadable { what, path: path.to_owned(), source })
        };
        let malformed = |what, path: &Path| {
            let path = path.to_owned();
            move |source| BadTls::Malformed { what, path, source }
        };
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&text(CERTIFICATE, certificate)?)
            .collect::<Result<_, _>>()
            .map_err(malformed(CERTIFICATE, certificate))?;
        if chain.is_empty() {
            return Err(BadTls::NoCertificate(certificate.to_owned()));
        }
        let private = match PrivateKeyDer::from_pem_slice(&text(KEY, key)?) {
            Ok(private) => private,
            Err(pem::Error::NoItemsFound) => return Err(BadTls::NoKey(key.to_owned())),
            Err(source) => return Err(malformed(KEY, key)(source)),
        };
        let unusable = |source| {
            let (certificate, key) = (certificate.to_owned(), key.to_owned());
            match source {
                rustls::Error::InconsistentKeys(rustls::InconsistentKeys::KeyMismatch) => {
                    BadTls::Mismatch { certificate, key }
                }
                source => BadTls::Unusable { certificate, key, source },
            }
        };
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(unusable)?;
        let mut config = builder.with_no_client_auth().with_single_cert(chain, private).map_err(unusable)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Tls(TlsAcceptor::from(Arc::new(config))))
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_that_cannot_be_served_is_refused_with_its_file() {
        let made = || rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let (one, other) = (made(), made());
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let certificate = file("certificate.pem", &one.cert.pem());
        let key = file("key.pem", &one.signing_key.serialize_pem());
        let others = file("other.pem", &other.signing_key.serialize_pem());
        let empty = file("empty.pem", "");
        let torn = file("torn.pem", "-----BEGIN CERTIFICATE-----\nMIIB!!\n-----END CERTIFICATE-----\n");
        let absent = folder.path().join("absent.pem");
        assert!(Tls::load(&certificate, &key).is_ok());
        for (certificate, key, words, name) in [
            (&absent, &key, "cannot read the certificate", "absent.pem"),
            (&certificate, &absent, "cannot read the key", "absent.pem"),
            (&empty, &key, "there is no certificate in", "empty.pem"),
            (&key, &key, "there is no certificate in", "key.pem"),
            (&certificate, &certificate, "there is no private key in", "certificate.pem"),
            (&torn, &key, "does not read as PEM", "torn.pem"),
            (&certificate, &others, "is not the one of the certificate", "other.pem"),
        ] {
            let said = Tls::load(certificate, key).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(said.contains(words) && said.contains(name), "{said}");
        }
    }
}
