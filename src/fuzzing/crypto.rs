//! Entry points of the fuzz targets for ASN.1, certificates, signatures and key files: any bytes in, no panic.

use crate::cms::{SignedData, TstInfo};
use crate::digest::DigestAlgorithm;
use crate::key::{LocalKey, Pkcs11Uri, needs_password};
use crate::limits::Limits;
use crate::pki::path::{Anchors, Built, Purpose, build};
use crate::pki::{Certificate, ecdsa_der_from_fixed, is_strict_ecdsa_der};
use crate::secret::Secret;
use crate::signature::Curve;
use crate::source::to_u64;

/// Reads a SignedData and looks at all of it, also at time-stamp tokens inside.
pub fn cms(data: &[u8]) {
    let limits = Limits::default();
    let Ok((signed, length)) = SignedData::parse(data, &limits) else { return };
    assert!(length <= data.len());
    for signer in signed.signers() {
        let digest = signer.digest_algorithm().unwrap_or(DigestAlgorithm::Sha256).digest(data);
        let _ = (signer.verifies(), signer.digest_matches(&digest), signer.names_its_certificate());
        for token in signer.time_stamps() {
            let _ = SignedData::parse(token, &limits).map(|(token, _)| token.content().map(TstInfo::parse));
        }
    }
    let _ = signed.content().map(TstInfo::parse);
}

/// Opens a key file with the password `test` and with none, and few iterations.
pub fn pfx(data: &[u8]) {
    let limits = Limits {
        kdf_iterations: 2_048,
        kdf_iterations_sum: 16_384,
        scrypt_bytes: 2 << 20,
        scrypt_bytes_sum: 8 << 20,
        ..Limits::default()
    };
    let _ = needs_password(data);
    for password in ["test", ""] {
        let password = Secret::from(password.to_owned());
        let _ = LocalKey::dangerous_allow_unhardened_rsa(data, Some(&password), None, &[], &limits);
    }
}

/// Reads a PKCS#11 URI; what it names is nowhere longer than the text.
pub fn pkcs11_uri(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Pkcs11Uri::parse(text, &Limits::default()) {
        Ok(uri) => {
            assert!(Pkcs11Uri::is_one(text));
            let paths = [uri.module(), uri.pin_file().map(Into::into)];
            assert!(paths.iter().flatten().all(|path| path.as_os_str().len() <= text.len()));
        }
        Err(error) => assert!(error.offset().is_none_or(|offset| offset <= to_u64(text.len()))),
    }
}

/// Reads certificates; what is read from DER has exactly those bytes.
pub fn certificate(data: &[u8]) {
    if let Ok(certificate) = Certificate::from_der(data) {
        assert_eq!(certificate.as_der(), data);
        let _ = (certificate.is_self_signed(), certificate.key().algorithm(), certificate.serial());
        if let Ok(extensions) = certificate.extensions() {
            let mut urls = extensions.crl_points.iter().flat_map(|point| point.urls());
            assert!(
                urls.all(|url| url.to_ascii_lowercase().starts_with("http")),
                "only what can be fetched is an address"
            );
        }
        path(&certificate);
    }
    let _ = Certificate::parse_all(data);
}

/// Looks for a path from and to a certificate.
fn path(certificate: &Certificate) {
    let known = std::slice::from_ref(certificate);
    let anchors = Anchors::new(known.to_vec());
    for purpose in [Purpose::Signer, Purpose::Timestamping, Purpose::OcspSigning, Purpose::CrlSigning, Purpose::Ca] {
        for anchors in [&anchors, &Anchors::default()] {
            let built = build(certificate, known, anchors, certificate.not_after(), purpose, &Limits::default());
            if let Ok(Built::Missing(missing)) = &built {
                let urls = missing.issuers.iter().flat_map(|(_, urls)| urls);
                assert!(urls.into_iter().all(|url| url.starts_with("http")), "only what can be fetched is missing");
            }
            let Some(path) = built.ok().and_then(|built| built.into_path().ok()) else { continue };
            assert!(!anchors.is_empty(), "nobody is trusted by himself");
            assert!(path.certificates().last().is_some_and(|last| anchors.contains(last)), "it ends at an anchor");
            assert!(path.pairs().all(|(one, issuer)| one.is_signed_by(issuer.key())), "each is signed by the next");
        }
    }
}

/// Converts an ECDSA value: what comes out of r ‖ s is strict DER, and strict DER is what the curve's library reads.
pub fn sig_value(data: &[u8]) {
    for curve in [Curve::P256, Curve::P384, Curve::P521] {
        if let Some(der) = ecdsa_der_from_fixed(data, curve) {
            assert!(is_strict_ecdsa_der(&der, curve));
        }
        let strict = is_strict_ecdsa_der(data, curve);
        let read = match curve {
            Curve::P256 => p256::ecdsa::Signature::from_der(data).is_ok(),
            Curve::P384 => p384::ecdsa::Signature::from_der(data).is_ok(),
            Curve::P521 => p521::ecdsa::Signature::from_der(data).is_ok(),
        };
        assert_eq!(strict, read, "{curve:?}");
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn seeds_and_their_damage_pass() {
        type Seed = (&'static [u8], fn(&[u8]));
        let seeds: [Seed; 4] = [
            (include_bytes!("../../testdata/cms/openssl-key-id-pss.der"), super::cms),
            (include_bytes!("../../testdata/keys/legacy.p12"), super::pfx),
            (include_bytes!("../../testdata/pki/p256.pem"), super::certificate),
            (&[0x30, 6, 2, 1, 1, 2, 1, 0x7f], super::sig_value),
        ];
        for (seed, target) in seeds {
            target(seed);
            for at in 0..seed.len().min(200) {
                let mut changed = seed.to_vec();
                changed[at] = changed[at].wrapping_add(1);
                target(&changed);
            }
        }
    }
}
