//! A time-stamp token, with the bytes it came with.

use super::fault;
use crate::cms::{SignedData, Signer, TstDetails, TstInfo};
use crate::digest::{Digest, DigestAlgorithm};
use crate::error::{Error, ErrorCode, Malformed, Result};
use crate::limits::Limits;
use crate::pki::extensions::KeyUsage;
use crate::pki::{Certificate, is_strong, oid};
use crate::signature::SignatureAlgorithm;
use crate::time::Time;

/// A time-stamp token: from a service, or out of a document.
#[derive(Debug)]
pub(crate) struct Token {
    bytes: Vec<u8>,
    signed: SignedData,
    /// The content of `signed`, as the token's signer saw it.
    content: Vec<u8>,
    info: TstInfo,
    details: TstDetails,
}

impl Token {
    /// Reads the first element of `bytes`, in DER or BER; what follows, such as zeros that fill `Contents` up, is not
    /// looked at.
    ///
    /// # Errors
    /// [`Error::Malformed`] or [`Error::Service`] with the code `timestamp.malformed`.
    pub(crate) fn read(bytes: &[u8], limits: &Limits) -> Result<Self> {
        let (signed, length) = SignedData::parse(bytes, limits).map_err(of_token)?;
        let unfit = |why| fault(ErrorCode::TimestampMalformed).detail(why);
        if !signed.is_time_stamp() {
            return Err(unfit("the content is no TSTInfo").into());
        }
        if signed.signers().len() != 1 {
            return Err(unfit("it has not one signer").into());
        }
        let content = signed.content().ok_or_else(|| unfit("it has no content"))?.to_vec();
        let info = TstInfo::parse(&content).map_err(of_token)?;
        let details = info.details()?;
        if details.has_critical_extension {
            return Err(unfit("it has a critical extension that is unknown").into());
        }
        let bytes = bytes.get(..length).unwrap_or_default().to_vec();
        Ok(Token { bytes, signed, content, info, details })
    }

    /// The token as it came: this is what is embedded.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What it says.
    pub(crate) fn info(&self) -> &TstInfo {
        &self.info
    }

    /// The second of the stamp.
    pub(crate) fn time(&self) -> Time {
        self.info.time()
    }

    /// The time is exact to this many microseconds, where it says so.
    pub(crate) fn accuracy_micros(&self) -> Option<u64> {
        self.details.accuracy_micros
    }

    /// The nonce, as the content of an INTEGER.
    pub(crate) fn nonce(&self) -> Option<&[u8]> {
        self.details.nonce.as_deref()
    }

    /// The certificates inside, as far as they can be read.
    pub(crate) fn certificates(&self) -> &[Certificate] {
        self.signed.certificates()
    }

    /// The certificate that made it.
    ///
    /// # Errors
    /// [`Error::Service`] with the code `timestamp.certificate` when the token does not hold it.
    pub(crate) fn certificate(&self) -> Result<&Certificate> {
        let missing = || fault(ErrorCode::TimestampCertificate).detail("the token does not hold it");
        Ok(self.signer()?.certificate().ok_or_else(missing)?)
    }

    /// The algorithms of content and signature, for whoever judges their strength.
    pub(crate) fn signer(&self) -> Result<&Signer> {
        self.signed.signers().first().ok_or(Error::Bug("a token was read without signer"))
    }

    pub(super) fn version(&self) -> u32 {
        self.signed.version()
    }

    /// Whether it stamps `imprint` and is sound: signed as RFC 3161 wants it, by a certificate that it names, that was
    /// valid at the time of the stamp and is for time-stamping alone. The certificate's path is not looked at.
    ///
    /// # Errors
    /// [`Error::Service`] with the code `timestamp.imprint`, `timestamp.signature` or `timestamp.certificate`.
    pub(crate) fn check(&self, imprint: &Digest) -> Result<()> {
        self.check_imprint(imprint)?;
        self.check_signature()?;
        self.check_certificate()
    }

    pub(super) fn check_imprint(&self, imprint: &Digest) -> Result<()> {
        let is_same =
            self.info.imprint_algorithm() == Some(imprint.algorithm()) && self.info.imprint() == imprint.as_bytes();
        if is_same { Ok(()) } else { Err(fault(ErrorCode::TimestampImprint).into()) }
    }

    /// Whether nobody could forge it at `at`: now for a new token, else when it is proved to have existed.
    ///
    /// # Errors
    /// [`Error::Service`] with the code `timestamp.signature`.
    pub(crate) fn check_strength(&self, at: Time) -> Result<()> {
        let (signer, key) = (self.signer()?, self.certificate()?.key());
        let digests = [signer.digest_algorithm(), self.info.imprint_algorithm()];
        let has_sha1 = digests.contains(&Some(DigestAlgorithm::Sha1ForLegacyValidation));
        let sha1 = SignatureAlgorithm::RsaPkcs1(DigestAlgorithm::Sha1ForLegacyValidation);
        let algorithms = signer.algorithm().into_iter().chain(has_sha1.then_some(sha1));
        for algorithm in algorithms {
            if !is_strong(algorithm, key, at) {
                return Err(fault(ErrorCode::TimestampSignature).detail("a weak algorithm or key").into());
            }
        }
        Ok(())
    }

    fn check_signature(&self) -> Result<()> {
        let signer = self.signer()?;
        self.certificate()?;
        let broken = |why: &str| Err(fault(ErrorCode::TimestampSignature).detail(why).into());
        if signer.content_type().as_deref() != Some(crate::der::oid_text(oid::TST_INFO).as_str()) {
            return broken("the signed type of the content is another");
        }
        let Some(algorithm) = signer.digest_algorithm() else {
            return broken(&format!("unknown digest {}", signer.digest_oid()));
        };
        if signer.digest_matches(&algorithm.digest(&self.content)) != Some(true) {
            return broken("the signed digest is not the content's");
        }
        match signer.verifies() {
            Some(true) => Ok(()),
            Some(false) => Err(fault(ErrorCode::TimestampSignature).into()),
            None => broken(&format!("unknown algorithm {}", signer.signature_oid())),
        }
    }

    fn check_certificate(&self) -> Result<()> {
        let certificate = self.certificate()?;
        let unfit = |why| -> Result<()> { Err(fault(ErrorCode::TimestampCertificate).detail(why).into()) };
        if self.signer()?.names_its_certificate() != Some(true) {
            return unfit("the token does not name it");
        }
        let (first, last) = (certificate.not_before(), certificate.not_after());
        if self.time() < first || self.time() > last {
            let error = fault(ErrorCode::TimestampCertificate).detail("not valid at the time of the stamp");
            return Err(error.time(if self.time() < first { first } else { last }).into());
        }
        let Ok(extensions) = certificate.extensions() else {
            return unfit("its extensions can't be read");
        };
        if !extensions.extended_key_usage.as_ref().is_some_and(|usage| usage.is_only(oid::TIME_STAMPING)) {
            return unfit("its extended key usage is not critical and for time-stamping alone");
        }
        if extensions.is_ca == Some(true) {
            return unfit("it is a CA's");
        }
        if !extensions.key_usage.is_none_or(KeyUsage::signs_data) {
            return unfit("its key usage is not for signing");
        }
        Ok(())
    }
}

/// A fault of a structure inside is the token's.
fn of_token(error: Error) -> Error {
    match error {
        Error::Malformed(fault) => Malformed { code: ErrorCode::TimestampMalformed, ..fault }.into(),
        other => other,
    }
}
