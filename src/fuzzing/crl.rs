//! CRLs: read from memory and in pieces, asked about certificates.

use std::sync::Arc;

use super::pieces::Pieces;
use crate::Limits;
use crate::pki::Certificate;
use crate::pki::crl::{Crl, Question};
use crate::source::Source;
use crate::time::Time;

/// Reads a CRL in two ways and asks it about the certificates of its issuers.
pub fn crl(data: &[u8]) {
    let limits = Limits { crl_bytes: 1 << 20, ..Limits::default() };
    let source = Source::from_bytes(data);
    let pieces = Source::from_reader(Arc::new(Pieces(data.to_vec())), source.len());
    let (crl, in_pieces) = match (Crl::read(&source, &limits), Crl::read(&pieces, &limits)) {
        (Ok(crl), Ok(in_pieces)) => (crl, in_pieces),
        (one, other) => {
            let told = |result: crate::Result<Crl>| result.map(drop).map_err(|error| error.to_string());
            assert_eq!(told(one), told(other), "the same bytes read in two ways");
            return;
        }
    };
    let head = |crl: &Crl| {
        let times = (crl.this_update(), crl.next_update(), crl.expired_since());
        (crl.entry_count(), crl.issuer_der().to_vec(), times, crl.source().len())
    };
    assert_eq!(head(&crl), head(&in_pieces));
    let Ok(certificates) = Certificate::parse_all(CERTIFICATES) else { return };
    let Ok(at) = Time::from_unix(AT) else { return };
    for certificate in &certificates {
        let entry = |crl: &Crl| crl.entry(certificate).map_err(|error| error.to_string());
        assert_eq!(entry(&crl), entry(&in_pieces));
        for signer in &certificates {
            let question = Question::new(certificate, signer, at).skew_seconds(300);
            let told = |crl: &Crl| {
                let status = crl.check(&question, &limits).map_err(|e| e.to_string())?;
                let times = (status.this_update, status.next_update);
                assert_eq!(times, (crl.this_update(), crl.next_update()), "a status is as old as its list");
                Ok::<_, String>((status.revocation, status.reasons, status.require_good().is_ok()))
            };
            let one = told(&crl);
            assert_eq!(one, told(&in_pieces));
            if let Some(later) =
                crl.this_update().as_unix().checked_add(1).and_then(|later| Time::from_unix(later).ok())
            {
                let question = Question::new(certificate, signer, at).skew_seconds(300).not_older_than(later);
                assert!(crl.check(&question, &limits).is_err(), "an older list will not do");
            }
            assert!(one.is_err() || crl.is_signed_by(signer, at).unwrap_or(false), "only what is signed is told");
        }
    }
}

/// An issuing CA, and two of its certificates: one is listed.
const CERTIFICATES: &[u8] = concat!(
    include_str!("../../testdata/pki/i1.pem"),
    include_str!("../../testdata/pki/revoked.pem"),
    include_str!("../../testdata/pki/rsa2048.pem"),
)
.as_bytes();
const AT: i64 = 1_795_348_800; // 2026-11-22

#[cfg(test)]
mod tests {
    #[test]
    fn a_recorded_list_and_its_damage_pass() {
        let seed = include_bytes!("../../testdata/services/crl/i1.crl");
        super::crl(seed);
        for at in 0..seed.len() {
            let mut changed = seed.to_vec();
            changed[at] = changed[at].wrapping_add(1);
            super::crl(&changed);
        }
    }
}
