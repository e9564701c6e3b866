//! Name constraints (RFC 5280, 4.2.1.10): which names may stand below a CA.

use super::Certificate;
use super::extensions::{Extensions, NameConstraints};
use super::general_name::GeneralName;
use super::name::{attribute_values, is_below};
use super::oid;
use crate::error::{Limit, Result};

/// Counts the comparisons of one search for a path.
#[derive(Debug)]
pub(super) struct Comparisons {
    limit: u64,
    done: u64,
}

impl Comparisons {
    pub(super) fn new(limit: u64) -> Self {
        Comparisons { limit, done: 0 }
    }

    fn count(&mut self) -> Result<()> {
        self.done += 1;
        if self.done > self.limit { Err(Limit::new("path_names", self.limit, self.done).into()) } else { Ok(()) }
    }
}

/// The names of a certificate that constraints are about.
pub(super) fn names(certificate: &Certificate, extensions: &Extensions) -> Result<Vec<GeneralName>> {
    let mut names = extensions.alternative_names.clone();
    if !names.iter().any(|name| matches!(name, GeneralName::Email(_))) {
        let addresses = attribute_values(certificate.subject_der(), oid::EMAIL_ADDRESS)?;
        names.extend(addresses.into_iter().map(GeneralName::Email));
    }
    // An empty Name names nobody.
    if certificate.subject_der() != [0x30, 0] {
        names.push(GeneralName::Directory(certificate.subject_der().to_vec()));
    }
    Ok(names)
}

/// Whether one CA's constraints leave all of `names`.
///
/// # Errors
/// `limit.exceeded`.
pub(super) fn permits(
    constraints: &NameConstraints,
    names: &[GeneralName],
    comparisons: &mut Comparisons,
) -> Result<bool> {
    for name in names {
        for base in &constraints.excluded {
            comparisons.count()?;
            // What can't be compared may be meant.
            if lies_in(name, base).is_some_and(|verdict| verdict != Some(false)) {
                return Ok(false);
            }
        }
        let mut is_constrained = false;
        let mut is_permitted = false;
        for base in &constraints.permitted {
            comparisons.count()?;
            if let Some(verdict) = lies_in(name, base) {
                is_constrained = true;
                is_permitted |= verdict == Some(true);
            }
        }
        if is_constrained && !is_permitted {
            return Ok(false);
        }
    }
    Ok(true)
}

/// `None`: names of different kinds; `Some(None)`: the same kind, but one that can't be compared.
fn lies_in(name: &GeneralName, base: &GeneralName) -> Option<Option<bool>> {
    match (name, base) {
        (GeneralName::Directory(name), GeneralName::Directory(base)) => Some(is_below(name, base).ok()),
        (GeneralName::Dns(name), GeneralName::Dns(base)) => {
            let below = base.is_empty() || is_host_in(name, base) || is_host_in(name, &format!(".{base}"));
            Some(Some(below))
        }
        (GeneralName::Email(name), GeneralName::Email(base)) => Some(is_mailbox_in(name, base)),
        (GeneralName::Uri(name), GeneralName::Uri(base)) => Some(host(name).map(|host| is_host_in(host, base))),
        (GeneralName::Ip(name), GeneralName::Ip(base)) => Some(is_address_in(name, base)),
        (GeneralName::Other(name), GeneralName::Other(base)) if name.first() == base.first() => Some(None),
        _ => None,
    }
}

/// A base with a dot in front means what is below it, another one itself.
fn is_host_in(host: &str, base: &str) -> bool {
    let (host, base) = (host.to_ascii_lowercase(), base.to_ascii_lowercase());
    if base.starts_with('.') { host.len() > base.len() && host.ends_with(&base) } else { host == base }
}

fn is_mailbox_in(name: &str, base: &str) -> Option<bool> {
    let (local, host) = name.rsplit_once('@')?;
    Some(match base.rsplit_once('@') {
        Some((base_local, base_host)) => local == base_local && is_host_in(host, base_host),
        None => is_host_in(host, base),
    })
}

/// The host of a URI, if it has one that is a name.
fn host(uri: &str) -> Option<&str> {
    let (_, rest) = uri.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host_and_port = authority.rsplit('@').next()?;
    let host = host_and_port.split(':').next()?;
    let is_name = host.contains(|c: char| c.is_ascii_alphabetic()) && !host.starts_with('[');
    is_name.then_some(host)
}

fn is_address_in(address: &[u8], base: &[u8]) -> Option<bool> {
    let (network, mask) = base.split_at_checked(base.len() / 2)?;
    if network.len() != mask.len() || !matches!(address.len(), 4 | 16) || !matches!(network.len(), 4 | 16) {
        return None;
    }
    let masked = address.iter().zip(network).zip(mask);
    Some(address.len() == network.len() && masked.into_iter().all(|((a, n), m)| a & m == n & m))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inside(name: &GeneralName, base: &GeneralName) -> bool {
        lies_in(name, base).flatten().unwrap()
    }

    #[test]
    fn hosts_mailboxes_and_addresses_lie_in_their_bases() {
        let dns = |text: &str| GeneralName::Dns(text.into());
        assert!(inside(&dns("A.example.test"), &dns("example.test")) && inside(&dns("x"), &dns("")));
        assert!(!inside(&dns("badexample.test"), &dns("example.test")));
        let mail = |text: &str| GeneralName::Email(text.into());
        assert!(inside(&mail("a@Example.test"), &mail("example.test")));
        assert!(inside(&mail("a@example.test"), &mail("a@example.test")));
        assert!(!inside(&mail("b@example.test"), &mail("a@example.test")));
        assert!(!inside(&mail("a@mail.example.test"), &mail("example.test")));
        assert!(inside(&mail("a@mail.example.test"), &mail(".example.test")));
        let uri = |text: &str| GeneralName::Uri(text.into());
        assert!(inside(&uri("http://u@a.example.test:80/x"), &uri(".example.test")));
        assert!(!inside(&uri("http://example.test.evil/x"), &uri("example.test")));
        assert_eq!(lies_in(&uri("http://127.0.0.1/"), &uri("example.test")), Some(None));
        let ip = |bytes: &[u8]| GeneralName::Ip(bytes.to_vec());
        let net = ip(&[10, 1, 0, 0, 255, 255, 0, 0]);
        assert!(inside(&ip(&[10, 1, 2, 3]), &net) && !inside(&ip(&[10, 2, 0, 0]), &net));
        assert_eq!(lies_in(&ip(&[10, 1, 2]), &net), Some(None));
    }

    #[test]
    fn what_is_excluded_or_not_permitted_is_refused() {
        let dns = |text: &str| GeneralName::Dns(text.into());
        let mut comparisons = Comparisons::new(100);
        let mut check = |permitted: &[&str], excluded: &[&str], name: &GeneralName| {
            let all = |names: &[&str]| names.iter().map(|name| dns(name)).collect();
            let constraints = NameConstraints { permitted: all(permitted), excluded: all(excluded) };
            permits(&constraints, std::slice::from_ref(name), &mut comparisons).unwrap()
        };
        assert!(check(&["a", "b"], &[], &dns("x.b")) && !check(&["a", "b"], &[], &dns("x.c")));
        assert!(!check(&["a"], &["x.a"], &dns("y.x.a")) && check(&["a"], &["x.a"], &dns("y.a")));
        assert!(check(&["a"], &["a"], &GeneralName::Email("m@c".into())), "another kind of name");
        let mut few = Comparisons::new(1);
        let constraints = NameConstraints { permitted: vec![dns("a"), dns("b")], excluded: vec![] };
        assert!(permits(&constraints, &[dns("a")], &mut few).is_err());
    }
}
