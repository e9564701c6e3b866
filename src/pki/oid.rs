//! Object identifiers as they stand in DER, without identifier and length.

// PKCS #7 and CMS
pub(crate) const DATA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01";
pub(crate) const SIGNED_DATA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02";
pub(crate) const ENCRYPTED_DATA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x06";
pub(crate) const TST_INFO: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x04";

// OCSP answers
pub(crate) const OCSP_BASIC: &[u8] = b"\x2b\x06\x01\x05\x05\x07\x30\x01\x01";
pub(crate) const OCSP_NONCE: &[u8] = b"\x2b\x06\x01\x05\x05\x07\x30\x01\x02";
pub(crate) const OCSP_ARCHIVE_CUTOFF: &[u8] = b"\x2b\x06\x01\x05\x05\x07\x30\x01\x06";
pub(crate) const OCSP_EXTENDED_REVOKE: &[u8] = b"\x2b\x06\x01\x05\x05\x07\x30\x01\x09";

// attributes
pub(crate) const CONTENT_TYPE: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x03";
pub(crate) const MESSAGE_DIGEST: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04";
pub(crate) const SIGNING_TIME: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x05";
pub(crate) const SIGNING_CERTIFICATE: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x0c";
pub(crate) const SIGNATURE_TIME_STAMP: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x0e";
pub(crate) const CERTIFICATE_VALUES: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x17";
pub(crate) const REVOCATION_VALUES: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x18";
pub(crate) const SIGNING_CERTIFICATE_V2: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x2f";
pub(crate) const ALGORITHM_PROTECTION: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x34";
// adbe-revocationInfoArchival
pub(crate) const ADOBE_REVOCATION: &[u8] = b"\x2a\x86\x48\x86\xf7\x2f\x01\x01\x08";
// id-ri-ocsp-response (RFC 5940)
pub(crate) const OCSP_RESPONSE_INFO: &[u8] = b"\x2b\x06\x01\x05\x05\x07\x10\x02";

// digests
pub(crate) const SHA1: &[u8] = b"\x2b\x0e\x03\x02\x1a";
pub(crate) const SHA256: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x01";
pub(crate) const SHA384: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x02";
pub(crate) const SHA512: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x03";

// keys and signatures
pub(crate) const RSA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";
pub(crate) const RSA_SHA1: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05";
pub(crate) const MGF1: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08";
pub(crate) const RSA_PSS: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a";
pub(crate) const RSA_SHA256: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b";
pub(crate) const RSA_SHA384: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c";
pub(crate) const RSA_SHA512: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d";
pub(crate) const EC: &[u8] = b"\x2a\x86\x48\xce\x3d\x02\x01";
pub(crate) const P256: &[u8] = b"\x2a\x86\x48\xce\x3d\x03\x01\x07";
pub(crate) const P384: &[u8] = b"\x2b\x81\x04\x00\x22";
pub(crate) const P521: &[u8] = b"\x2b\x81\x04\x00\x23";
pub(crate) const ECDSA_SHA1: &[u8] = b"\x2a\x86\x48\xce\x3d\x04\x01";
pub(crate) const ECDSA_SHA256: &[u8] = b"\x2a\x86\x48\xce\x3d\x04\x03\x02";
pub(crate) const ECDSA_SHA384: &[u8] = b"\x2a\x86\x48\xce\x3d\x04\x03\x03";
pub(crate) const ECDSA_SHA512: &[u8] = b"\x2a\x86\x48\xce\x3d\x04\x03\x04";
pub(crate) const ED25519: &[u8] = b"\x2b\x65\x70";

// certificates
pub(crate) const COMMON_NAME: &[u8] = b"\x55\x04\x03";
pub(crate) const SUBJECT_KEY_ID: &[u8] = b"\x55\x1d\x0e";
pub(crate) const KEY_USAGE: &[u8] = b"\x55\x1d\x0f";
pub(crate) const BASIC_CONSTRAINTS: &[u8] = b"\x55\x1d\x13";
pub(crate) const SUBJECT_ALTERNATIVE_NAME: &[u8] = b"\x55\x1d\x11";
pub(crate) const ISSUER_ALTERNATIVE_NAME: &[u8] = b"\x55\x1d\x12";
pub(crate) const NAME_CONSTRAINTS: &[u8] = b"\x55\x1d\x1e";
pub(crate) const CRL_DISTRIBUTION_POINTS: &[u8] = b"\x55\x1d\x1f";
pub(crate) const CERTIFICATE_POLICIES: &[u8] = b"\x55\x1d\x20";
pub(crate) const ANY_POLICY: &[u8] = b"\x55\x1d\x20\x00";
pub(crate) const POLICY_MAPPINGS: &[u8] = b"\x55\x1d\x21";
pub(crate) const AUTHORITY_KEY_ID: &[u8] = b"\x55\x1d\x23";
pub(crate) const POLICY_CONSTRAINTS: &[u8] = b"\x55\x1d\x24";
pub(crate) const EXTENDED_KEY_USAGE: &[u8] = b"\x55\x1d\x25";
pub(crate) const INHIBIT_ANY_POLICY: &[u8] = b"\x55\x1d\x36";
pub(crate) const NO_REVOCATION_AVAILABLE: &[u8] = b"\x55\x1d\x38";
pub(crate) const AUTHORITY_INFORMATION: &[u8] = b"\x2b\x06\x01\x05\x05\x07\x01\x01";
pub(crate) const QC_STATEMENTS: &[u8] = b"\x2b\x06\x01\x05\x05\x07\x01\x03";
pub(crate) const OCSP: &[u8] = b"\x2b\x06\x01\x05\x05\x07\x30\x01";
pub(crate) const OCSP_NO_CHECK: &[u8] = b"\x2b\x06\x01\x05\x05\x07\x30\x01\x05";
pub(crate) const CA_ISSUERS: &[u8] = b"\x2b\x06\x01\x05\x05\x07\x30\x02";
// EN 319 412-1, 5.2: revoked so seldom in its short life that nobody is told
pub(crate) const VALIDITY_ASSURED_SHORT_TERM: &[u8] = b"\x04\x00\x8b\xec\x49\x02\x01";
pub(crate) const EMAIL_ADDRESS: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01";

// purposes of keys
pub(crate) const CLIENT_AUTHENTICATION: &[u8] = b"\x2b\x06\x01\x05\x05\x07\x03\x02";
pub(crate) const TIME_STAMPING: &[u8] = b"\x2b\x06\x01\x05\x05\x07\x03\x08";
pub(crate) const OCSP_SIGNING: &[u8] = b"\x2b\x06\x01\x05\x05\x07\x03\x09";

// CRLs
pub(crate) const CRL_NUMBER: &[u8] = b"\x55\x1d\x14";
pub(crate) const CRL_REASON: &[u8] = b"\x55\x1d\x15";
pub(crate) const DELTA_CRL_INDICATOR: &[u8] = b"\x55\x1d\x1b";
pub(crate) const ISSUING_DISTRIBUTION_POINT: &[u8] = b"\x55\x1d\x1c";
pub(crate) const CERTIFICATE_ISSUER: &[u8] = b"\x55\x1d\x1d";
pub(crate) const EXPIRED_CERTIFICATES_ON_CRL: &[u8] = b"\x55\x1d\x3c";
