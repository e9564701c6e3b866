//! The HTTP library, set up for one way to reach services.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use ureq::http::HeaderValue;
use ureq::tls::{ClientCert, PrivateKey, RootCerts, TlsConfig, TlsProvider};
use ureq::unversioned::transport::{ConnectProxyConnector, Connector as _, RustlsConnector, TcpConnector};
use ureq::{Agent, Proxy};

use super::forward::ForwardConnector;
use super::resolver::{CheckedResolver, Lookup};
use crate::error::{Misuse, Result};
use crate::pki::Certificate;
use crate::secret::Secret;
use crate::service::address::{Address, Allowed};
use crate::service::tsa::Authorization;

/// A proxy, whom to believe, and who the caller is: what connections have in common.
#[derive(PartialEq)]
pub(super) struct Reach {
    pub(super) proxy: Option<String>,
    pub(super) roots: Vec<Certificate>,
    pub(super) identity: Option<Identity>,
}

/// The caller's certificates and key.
pub(super) struct Identity(pub(super) (Vec<Certificate>, Secret));

impl PartialEq for Identity {
    fn eq(&self, other: &Self) -> bool {
        // Both are the caller's own: there is nothing to learn from how long this takes.
        self.0.0 == other.0.0 && self.0.1.expose() == other.0.1.expose()
    }
}

impl Reach {
    pub(super) fn agent(&self, mut allowed: Allowed, lookup: Arc<dyn Lookup>, connect: Duration) -> Result<Agent> {
        let proxy = match &self.proxy {
            Some(url) => {
                let address =
                    Address::parse(url).ok_or_else(|| Misuse::new("the proxy's address is no HTTP address"))?;
                allowed.add_address(&address);
                Some(Proxy::new(url).map_err(|_| Misuse::new("the proxy's address is no HTTP address"))?)
            }
            None => None,
        };
        let config = Agent::config_builder()
            .proxy(proxy)
            .tls_config(self.tls()?)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(connect))
            .timeout_resolve(Some(connect))
            .user_agent(concat!("eseal/", env!("CARGO_PKG_VERSION")))
            .accept_encoding("identity")
            .max_response_header_size(HEADER_BYTES)
            .max_idle_connections(IDLE)
            .max_idle_connections_per_host(IDLE)
            .build();
        let connector =
            ().chain(ForwardConnector::default())
                .chain(ConnectProxyConnector::default())
                .chain(TcpConnector::default())
                .chain(RustlsConnector::default());
        Ok(Agent::with_parts(config, connector, CheckedResolver::new(allowed, lookup)))
    }

    fn tls(&self) -> Result<TlsConfig> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .unversioned_rustls_crypto_provider(Arc::clone(&provider));
        let builder = match self.roots.is_empty() {
            true => builder.root_certs(RootCerts::WebPki),
            false => {
                let roots = self.roots.iter().map(|one| ureq::tls::Certificate::from_der(one.as_der()).to_owned());
                builder.root_certs(RootCerts::Specific(Arc::new(roots.collect())))
            }
        };
        let Some(Identity((chain, pem))) = &self.identity else { return Ok(builder.build()) };
        let no_key = || Misuse::new("the client key is no private key in PEM without a password");
        let key = PrivateKeyDer::from_pem_slice(pem.expose()).map_err(|_| no_key())?;
        // The library takes for granted that key and certificate belong together.
        let ders: Vec<CertificateDer<'static>> =
            chain.iter().map(|one| CertificateDer::from(one.as_der().to_vec())).collect();
        rustls::sign::CertifiedKey::from_der(ders, key.clone_key(), &provider)
            .map_err(|_| Misuse::new("the client key does not belong to the client certificate"))?;
        let chain: Vec<ureq::tls::Certificate<'static>> =
            chain.iter().map(|one| ureq::tls::Certificate::from_der(one.as_der()).to_owned()).collect();
        let key = PrivateKey::from_pem(pem.expose()).map_err(|_| no_key())?;
        Ok(builder.client_cert(Some(ClientCert::new_with_certs(&chain, key))).build())
    }
}

/// What is sent as `Authorization`; it is never printed.
pub(super) fn header_of(authorization: &Authorization) -> HeaderValue {
    let bytes = match authorization {
        Authorization::Basic(user, password) => {
            let pair = [user.as_bytes(), b":", password.expose()].concat();
            format!("Basic {}", STANDARD.encode(pair)).into_bytes()
        }
        Authorization::Bearer(token) => [b"Bearer ", token.expose()].concat(),
    };
    // A token with a line break is sent as none: the service will say so.
    let mut value = HeaderValue::from_bytes(&bytes).unwrap_or_else(|_| HeaderValue::from_static(""));
    value.set_sensitive(true);
    value
}

const HEADER_BYTES: usize = 32 << 10;
const IDLE: usize = 32;
