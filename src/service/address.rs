//! Addresses of services: which are read at all, and which networks they may lead to.
//!
//! In: text out of certificates, settings and redirects, which may be hostile. Out: its parts. Decided here and nowhere
//! else: what is public, and which hosts may be asked although they are not.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::error::{Misuse, Result};

/// The address of a service: `http` or `https`, a host, no user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    text: String,
    is_tls: bool,
    /// In lower case; an IPv6 address without its brackets.
    host: String,
    port: u16,
    path_at: usize,
}

impl Address {
    /// Reads `text`; `None`: it is nothing that is asked.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.split('#').next().filter(|text| text.len() <= LONGEST)?;
        // What readers of addresses understand in different ways is not read.
        if !text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte)) {
            return None;
        }
        let (scheme, rest) = text.split_once("://")?;
        let is_tls = match scheme.to_ascii_lowercase().as_str() {
            "http" => false,
            "https" => true,
            _ => return None,
        };
        let authority = rest.split(['/', '?']).next()?;
        let path_at = scheme.len() + 3 + authority.len();
        let (host, port) = split_port(authority)?;
        let port = port.unwrap_or(if is_tls { 443 } else { 80 });
        Some(Address { text: text.to_owned(), is_tls, host, port, path_at })
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// The address that a redirect from here names, if it is of the same host: the same port, or TLS instead of none.
    pub(super) fn redirected(&self, location: &str) -> Option<Address> {
        let origin = self.text.get(..self.path_at)?;
        let path = self.text.get(self.path_at..)?.split('?').next()?;
        let target = if location.contains("://") {
            Address::parse(location)?
        } else if let Some(rest) = location.strip_prefix("//") {
            Address::parse(&format!("{}://{rest}", if self.is_tls { "https" } else { "http" }))?
        } else if location.starts_with('/') {
            Address::parse(&format!("{origin}{location}"))?
        } else if location.starts_with('?') {
            Address::parse(&format!("{origin}{path}{location}"))?
        } else {
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            Address::parse(&format!("{origin}{folder}/{location}"))?
        };
        let same_port = target.port == self.port && target.is_tls == self.is_tls;
        let upgraded =
            target.is_tls && !self.is_tls && (target.port == self.port || (self.port, target.port) == (80, 443));
        (target.host == self.host && (same_port || upgraded)).then_some(target)
    }
}

/// Hosts that may be asked wherever they are.
#[derive(Debug, Clone, Default)]
pub(super) struct Allowed(BTreeSet<(String, Option<u16>)>);

impl Allowed {
    /// Adds `HOST` with all its ports, or `HOST:PORT`.
    pub(super) fn add(&mut self, text: &str) -> Result<()> {
        let parts = split_port(text).ok_or_else(|| Misuse::new("an allowed host is HOST or HOST:PORT"))?;
        self.0.insert(parts);
        Ok(())
    }

    pub(super) fn add_address(&mut self, address: &Address) {
        self.0.insert((address.host.clone(), Some(address.port)));
    }

    pub(super) fn contains(&self, host: &str, port: u16) -> bool {
        [None, Some(port)].into_iter().any(|port| self.0.contains(&(host.to_owned(), port)))
    }
}

/// `HOST[:PORT]` as host and port; `None` where it names a user or is no host.
fn split_port(authority: &str) -> Option<(String, Option<u16>)> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']')?;
            host.parse::<Ipv6Addr>().ok()?;
            (host.to_ascii_lowercase(), port)
        }
        None => {
            let (host, port) = authority.split_at(authority.find(':').unwrap_or(authority.len()));
            (name(host)?, port)
        }
    };
    let port = match port.strip_prefix(':') {
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => Some(digits.parse().ok()?),
        Some(_) => return None,
        None if port.is_empty() => None,
        None => return None,
    };
    Some((host, port))
}

fn name(host: &str) -> Option<String> {
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    let is_name = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    let last = host.rsplit('.').next()?;
    // `127.1`, `0x7f000001` and `2130706433` are 127.0.0.1 to some systems and to some proxies.
    let is_number = last.bytes().all(|byte| byte.is_ascii_digit()) || last.starts_with("0x");
    let is_good = host.split('.').all(is_name) && (!is_number || host.parse::<Ipv4Addr>().is_ok());
    is_good.then_some(host)
}

/// Whether a host is known to be none of the public network without its name being looked up.
pub(super) fn is_private_name(host: &str) -> bool {
    match host.parse::<IpAddr>() {
        Ok(address) => !is_public(address),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

/// Whether this is an address of the public network: everything else is somebody's own, or nobody's.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let within = |(network, bits): &(Ipv4Addr, u32)| {
        let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
        u32::from(address) & mask == u32::from(*network) & mask
    };
    !NOT_PUBLIC_V4.iter().any(within)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let bits = u128::from(address);
    let starts = |prefix: u128, len: u32| bits >> (128 - len) == prefix;
    let v4 = |shift: u32| {
        let [.., a, b, c, d] = (bits >> shift).to_be_bytes();
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    if starts(0xffff, 96) || starts(0x0064_ff9b << 64, 96) {
        // An IPv4 address in other clothes, or behind a translator (RFC 6052).
        return v4(0);
    }
    if starts(0x2002, 16) {
        return v4(80);
    }
    // 2000::/3 is what is given out; in it Teredo, ORCHID, benchmarks and examples are not.
    let special = starts(0x2001_0000 >> 9, 23) || starts(0x2001_0db8, 32) || starts(0x3_fff0, 20);
    starts(1, 3) && !special
}

// RFC 6890 and what followed it.
const NOT_PUBLIC_V4: [(Ipv4Addr, u32); 14] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

// Longer ones were seen in no certificate.
const LONGEST: usize = 2_048;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_http_addresses_and_nothing_else() {
        let parts = |text: &str| {
            let address = Address::parse(text)?;
            Some((address.host().to_owned(), address.port(), address.is_tls))
        };
        let of = |host: &str, port, is_tls| Some((host.to_owned(), port, is_tls));
        assert_eq!(parts("http://TSA.example/x?y#z"), of("tsa.example", 80, false));
        assert_eq!(parts("HTTPS://tsa.example.:8443"), of("tsa.example", 8443, true));
        assert_eq!(parts("http://[::1]:80/"), of("::1", 80, false));
        assert_eq!(parts("http://a_b-c.example?x"), of("a_b-c.example", 80, false));
        for bad in [
            "",
            "tsa.example",
            "ldap://a/b",
            "file:///etc/passwd",
            "http:///x",
            "http://user@a/",
            "http://u:p@a/",
            "http://a b/",
            "http://a\\b/",
            "http://a\r\n/",
            "http://a:x/",
            "http://a:70000/",
            "http://a:+1/",
            "http://[::1/",
            "http://[x]/",
            "http://127.1/",
            "http://0x7f.0.0.1/x",
            "http://2130706433/",
            "http://0177.0.0.1/",
            "http://0x7f000001/",
            "http://a..b/",
            "http://\u{e4}/",
            "http://[fe80::1%eth0]/",
            "http://a/\u{1b}",
            "http://%31/",
        ] {
            assert_eq!(parts(bad), None, "{bad}");
        }
        assert!(Address::parse(&format!("http://a/{}", "x".repeat(3000))).is_none());
    }

    #[test]
    fn redirects_stay_at_the_host() {
        let from = Address::parse("http://a.example/tsa/one?x").unwrap();
        let to = |location: &str| from.redirected(location).map(|address| address.as_str().to_owned());
        assert_eq!(to("/two").as_deref(), Some("http://a.example/two"));
        assert_eq!(to("two?y").as_deref(), Some("http://a.example/tsa/two?y"));
        assert_eq!(to("?z").as_deref(), Some("http://a.example/tsa/one?z"));
        assert_eq!(to("//a.example/x").as_deref(), Some("http://a.example/x"));
        assert_eq!(to("https://A.EXAMPLE/x").as_deref(), Some("https://A.EXAMPLE/x"));
        for bad in
            ["http://b.example/", "//b.example", "http://a.example:81/", "https://a.example:81/", "ftp://a.example/"]
        {
            assert_eq!(to(bad), None, "{bad}");
        }
        let from = Address::parse("https://a.example/").unwrap();
        assert_eq!(from.redirected("http://a.example/"), None);
        assert!(Address::parse("http://a").unwrap().redirected("b").is_some_and(|to| to.as_str() == "http://a/b"));
    }

    #[test]
    fn knows_what_is_public() {
        for public in [
            "8.8.8.8",
            "172.32.0.1",
            "100.128.0.1",
            "2606:4700::1111",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "2002:808:808::1",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for private in [
            "0.0.0.0",
            "10.1.2.3",
            "127.9.9.9",
            "169.254.169.254",
            "172.31.0.1",
            "192.168.0.1",
            "100.100.100.200",
            "224.0.0.1",
            "255.255.255.255",
            "198.19.0.1",
            "::",
            "::1",
            "::7f00:1",
            "::ffff:10.0.0.1",
            "::ffff:127.0.0.1",
            "fe80::1",
            "fec0::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "64:ff9b::a00:1",
            "64:ff9b:1::1",
            "2002:a00:1::1",
            "2001::1",
            "2001:db8::1",
            "100::1",
            "3fff::1",
            "4000::1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
            assert!(is_private_name(private));
        }
        assert!(is_private_name("localhost") && is_private_name("a.localhost") && !is_private_name("a.example"));
    }

    #[test]
    fn hosts_are_allowed_with_one_port_or_all() {
        let mut allowed = Allowed::default();
        allowed.add("TSA.local").unwrap();
        allowed.add("127.0.0.1:9471").unwrap();
        allowed.add("[::1]:80").unwrap();
        for (host, port, is_allowed) in [
            ("tsa.local", 1, true),
            ("127.0.0.1", 9471, true),
            ("127.0.0.1", 80, false),
            ("::1", 80, true),
            ("x.tsa.local", 1, false),
        ] {
            assert_eq!(allowed.contains(host, port), is_allowed, "{host} {port}");
        }
        for bad in ["", "a:b", "u@a", "a/b", "127.1"] {
            assert!(allowed.add(bad).is_err(), "{bad}");
        }
    }
}
