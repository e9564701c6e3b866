//! Plain HTTP through a proxy: the request goes to the proxy with the whole address in its first line (RFC 9112, 3.2.2).
//!
//! The HTTP library opens a tunnel instead, which most proxies allow for TLS alone; nearly all services here are without.

use std::fmt;

use ureq::Error;
use ureq::http::uri::Scheme;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, NextTimeout, TcpConnector, Transport,
};

/// Connects to the proxy for what has no TLS; leaves the rest to others.
#[derive(Debug, Default)]
pub(super) struct ForwardConnector(TcpConnector);

impl<In: Transport> Connector<In> for ForwardConnector {
    type Out = Either<In, Forward>;

    fn connect(&self, details: &ConnectionDetails, chained: Option<In>) -> Result<Option<Self::Out>, Error> {
        if let Some(chained) = chained {
            return Ok(Some(Either::A(chained)));
        }
        let is_plain = |uri: &ureq::http::Uri| uri.scheme() == Some(&Scheme::HTTP);
        let proxy = details.config.proxy().filter(|proxy| is_plain(details.uri) && is_plain(proxy.uri()));
        let Some((proxy, authority)) = proxy.zip(details.uri.authority()) else { return Ok(None) };
        let uri = proxy.uri();
        let to_proxy = ConnectionDetails {
            uri,
            addrs: details.resolver.resolve(uri, details.config, details.timeout)?,
            config: details.config,
            request_level: details.request_level,
            resolver: details.resolver,
            now: details.now,
            timeout: details.timeout,
            current_time: details.current_time.clone(),
            run_connector: details.run_connector.clone(),
            register_shutdown: details.register_shutdown.clone(),
        };
        let connected: Option<Either<(), _>> = self.0.connect(&to_proxy, None::<()>)?;
        let forward = |transport| Forward { transport, origin: format!("http://{authority}"), is_head: true };
        Ok(match connected {
            Some(Either::B(transport)) => Some(Either::B(forward(transport.boxed()))),
            _ => None,
        })
    }
}

/// A connection to a proxy, for one host behind it.
pub(super) struct Forward {
    transport: Box<dyn Transport>,
    origin: String,
    /// What goes out next begins a request.
    is_head: bool,
}

impl Transport for Forward {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.transport.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        if !std::mem::take(&mut self.is_head) {
            return self.transport.transmit_output(amount, timeout);
        }
        let head = self.transport.buffers().output().get(..amount).unwrap_or_default().to_vec();
        let method = head.iter().position(|byte| *byte == b' ').map_or(0, |at| at.saturating_add(1));
        let (method, rest) = head.split_at_checked(method).unwrap_or_default();
        let mut left = [method, self.origin.as_bytes(), rest].concat();
        while !left.is_empty() {
            let output = self.transport.buffers().output();
            let len = left.len().min(output.len());
            let rest = left.split_off(len);
            for (to, from) in output.iter_mut().zip(&left) {
                *to = *from;
            }
            self.transport.transmit_output(len, timeout)?;
            left = rest;
        }
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.is_head = true;
        self.transport.await_input(timeout)
    }

    fn is_open(&mut self) -> bool {
        self.transport.is_open()
    }
}

impl fmt::Debug for Forward {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Forward").field("origin", &self.origin).finish_non_exhaustive()
    }
}
