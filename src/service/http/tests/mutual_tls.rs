//! A server that wants to know by TLS who asks.

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use super::*;

macro_rules! pem {
    ($name:literal) => {
        &include_bytes!(concat!("../../../../testdata/tls/", $name))[..]
    };
}

/// Answers over TLS, but only to who has a certificate of the right issuer.
fn server() -> u16 {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(pem!("ca.pem")).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build().unwrap();
    let certificate = CertificateDer::from_pem_slice(pem!("server.pem")).unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![certificate], PrivateKeyDer::from_pem_slice(pem!("server.key")).unwrap())
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut reader = BufReader::new(StreamOwned::new(connection, stream.unwrap()));
            // One connection at a time will do.
            while read_request(&mut reader).is_some() {
                if reader.get_mut().write_all(&ok(b"known")).is_err() {
                    break;
                }
            }
        }
    });
    port
}

fn certificates(pem: &[u8]) -> Vec<Certificate> {
    Certificate::parse_all(pem).unwrap()
}

#[test]
fn shows_its_certificate_to_its_service_alone() {
    let url = format!("https://127.0.0.1:{}/", server());
    let key = || Secret::new(pem!("client.key").to_vec());
    let tsa = || Tsa::new(url.clone()).unwrap();
    let ca = || certificates(pem!("ca.pem"));
    let stamp = |tsa: Tsa| {
        let http = Http::new(settings(), &[tsa]).unwrap();
        http.exchange(&Fetch::time_stamp(vec![1]).at(url.clone()))
    };
    assert_eq!(body(&stamp(tsa().ca(ca()).client_key(certificates(pem!("client.pem")), key()))), b"known");
    let stranger = stamp(tsa().ca(ca()));
    assert_eq!(code(&stranger), Some(ErrorCode::ServiceUnreachable), "{stranger:?}");
    let untrusted = stamp(tsa().client_key(certificates(pem!("client.pem")), key()));
    let error = Error::from(untrusted.content().unwrap_err().clone());
    assert_eq!(error.code(), ErrorCode::ServiceUnreachable);
    assert!(error.to_string().contains("TLS"), "{error}");
}

#[test]
fn a_key_that_does_not_fit_is_refused_before_anything_is_sent() {
    let client = || certificates(pem!("client.pem"));
    for (chain, key) in [(client(), pem!("server.key")), (client(), pem!("ca.pem")), (Vec::new(), pem!("client.key"))] {
        let tsa = Tsa::new("https://127.0.0.1/").unwrap().client_key(chain, Secret::new(key.to_vec()));
        assert_eq!(Http::new(settings(), &[tsa]).unwrap_err().code(), ErrorCode::Misuse);
    }
}
