//! Entry points of the fuzz targets for answers of services: any bytes in, no panic, and nothing is taken for two things.

use crate::answers::ocsp::{Question, Responder, Response};
use crate::answers::timestamp::{Request, Token, accept};
use crate::digest::{Digest, DigestAlgorithm};
use crate::limits::Limits;
use crate::pki::Certificate;
use crate::time::Time;

/// Reads `data` as a time-stamp token and as the answer of a service; a token that is good for one imprint is good for
/// no other, and is the same when it is read again.
pub fn timestamp(data: &[u8]) {
    let limits = Limits::default();
    let Ok(epoch) = Time::from_unix(0) else { return };
    let zeros = DigestAlgorithm::Sha256.digest(&[]);
    let _ = accept(data, &Request::new(zeros), epoch, u64::MAX, &limits);
    // An answer is five bytes of status and the token, after a header of four at most.
    let tokens = [0, 7, 8, 9].into_iter().filter_map(|start| Token::read(data.get(start..)?, &limits).ok());
    for token in tokens {
        let again = Token::read(token.as_bytes(), &limits).map(|again| again.as_bytes().to_vec());
        assert_eq!(again.ok().as_deref(), Some(token.as_bytes()), "a token is all of itself");
        let info = token.info();
        let Some(Ok(imprint)) = info.imprint_algorithm().map(|algorithm| Digest::new(algorithm, info.imprint())) else {
            continue;
        };
        let is_good = token.check(&imprint).is_ok();
        assert!(token.check(&imprint.algorithm().digest(info.imprint())).is_err(), "a token has one imprint");
        let mut request = Request::new(imprint);
        if let Some(nonce) = token.nonce() {
            request = request.nonce(nonce);
        }
        let accepted = accept(data, &request, token.time(), 0, &limits).is_ok();
        assert!(is_good || !accepted, "what is accepted is sound");
        let _ = (request.nonce_from(&[7; 32]).policy(info.policy()).map(|request| request.to_der()), info.time_text());
        let _ = (token.accuracy_micros(), info.serial(), token.certificates().len(), token.certificate().is_ok());
    }
}

/// Reads `data` as an OCSP answer, complete and bare, and asks it about a certificate; what it says of that
/// certificate it says of no other.
pub fn ocsp(data: &[u8]) {
    let limits = Limits::default();
    let (Ok(person), Ok(ca)) = (Certificate::from_der(PERSON), Certificate::from_der(CA)) else { return };
    for response in [Response::read(data, &limits), Response::from_basic(data, &limits)].into_iter().flatten() {
        let again = Response::read(response.as_bytes(), &limits).map(|again| format!("{again:?}"));
        assert_eq!(again.ok(), Some(format!("{response:?}")), "a response is all of itself");
        let question = Question::new(&person, &ca, response.produced_at());
        let _ = question.to_der(DigestAlgorithm::Sha256);
        let known = response.certificates().to_vec();
        let status = response.check(&question.known(&known).skew_seconds(60).nonce(&[7; 8]), &limits);
        if let Ok(status) = status {
            let _ = (status.require_good(), status.next_update, status.archive_cutoff, status.this_update);
            assert!(status.produced_at == response.produced_at());
            if let Responder::Delegate { certificate, .. } = &status.responder {
                assert!(certificate.is_signed_by(ca.key()), "a delegate is the issuer's own");
            }
            let other = Question::new(&ca, &ca, response.produced_at()).not_older_than(status.this_update);
            // A sound response may speak of several certificates; this one's issuer never spoke of itself.
            assert!(response.check(&other, &limits).is_err(), "another certificate");
        }
    }
}

const PERSON: &[u8] = include_bytes!("../../testdata/services/made-person.cer");
const CA: &[u8] = include_bytes!("../../testdata/services/made-ca.cer");

#[cfg(test)]
mod tests {
    #[test]
    fn seeds_and_their_damage_pass() {
        type Seed = (&'static [u8], fn(&[u8]));
        let seeds: [Seed; 4] = [
            (include_bytes!("../../testdata/services/made-good.tsr"), super::timestamp),
            (include_bytes!("../../testdata/services/made-indefinite.tsr"), super::timestamp),
            (include_bytes!("../../testdata/services/made-others.ors"), super::ocsp),
            (include_bytes!("../../testdata/services/made-bare.ors"), super::ocsp),
        ];
        for (seed, target) in seeds {
            target(seed);
            for at in 0..seed.len() {
                let mut changed = seed.to_vec();
                changed[at] = changed[at].wrapping_add(1);
                target(&changed);
            }
        }
    }
}
