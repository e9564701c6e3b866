//! The list of all error codes: name, message, cause, remedy, scope and retry in one place.
//!
//! `docs/errors.md` and `eseal errors` are printed from it. A code is added, never reworded, never used again.

use std::fmt;

use super::{Retry, Scope};

macro_rules! codes {
    ($($variant:ident = $name:literal, $retry:ident, $scope:ident, $message:literal, $cause:literal, $remedy:literal;)+) => {
        /// The stable name of a fault: added, never reworded, never used again.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum ErrorCode {
            $(#[doc = $message] $variant,)+
        }

        impl ErrorCode {
            /// All codes, in the order of the documentation.
            pub const ALL: &'static [ErrorCode] = &[$(ErrorCode::$variant,)+];

            /// The name that scripts compare, such as `pdf.xref.cycle`.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(ErrorCode::$variant => $name,)+ }
            }

            /// What happened, as one clause.
            #[must_use]
            pub fn message(self) -> &'static str {
                match self { $(ErrorCode::$variant => $message,)+ }
            }

            /// How it comes about.
            #[must_use]
            pub fn cause(self) -> &'static str {
                match self { $(ErrorCode::$variant => $cause,)+ }
            }

            /// What to do about it.
            #[must_use]
            pub fn remedy(self) -> &'static str {
                match self { $(ErrorCode::$variant => $remedy,)+ }
            }

            /// Whether trying again can help.
            #[must_use]
            pub fn retry(self) -> Retry {
                match self { $(ErrorCode::$variant => Retry::$retry,)+ }
            }

            /// What else the fault concerns.
            #[must_use]
            pub fn scope(self) -> Scope {
                match self { $(ErrorCode::$variant => Scope::$scope,)+ }
            }
        }
    };
}

codes! {
    // PDF: structure
    PdfNotPdf = "pdf.not-a-pdf", Never, Document, "not a PDF",
        "No `%PDF-` header in the first 1,024 bytes, or the file is empty.",
        "Check that the right file was given. Other files go into a container.";
    PdfHeader = "pdf.header", Never, Document, "bytes before the PDF header",
        "Something, such as a byte order mark, an empty line, a mail or HTTP header, stands before `%PDF-`; offsets then mean two things. The error says how many bytes. Signing changes no byte that is there, so `--recover` can't help.",
        "Cut them off, then sign: three bytes with `tail -c +4 IN.pdf > OUT.pdf`. Where offsets counted them, the rest needs `--recover`.";
    PdfTail = "pdf.tail", Never, Document, "bytes after the last %%EOF",
        "Something other than white space or NUL follows the last `%%EOF`. It may be half a revision.",
        "Have the file made anew. `--recover` allows it where nothing is signed yet.";
    PdfStartxref = "pdf.startxref", Never, Document, "no usable startxref",
        "The last `startxref` is missing, is no number, or points outside the file: the file is cut or was damaged.",
        "Fetch the file again. Where it begins with `%PDF-` and nothing is signed yet, `--recover` finds its objects by scanning.";
    PdfXref = "pdf.xref.malformed", Never, Document, "malformed cross-reference section",
        "A cross-reference table or stream is not as ISO 32000-1, 7.5.4 and 7.5.8 want it: lines that end in tabs or NUL, a first subsection from 1 on, `Prev 0`, a `Size` below the numbers in use. What is harmless stands in the page on formats.",
        "Have the file made anew. Where it begins with `%PDF-` and nothing is signed yet, `--recover` finds its objects by scanning.";
    PdfXrefCycle = "pdf.xref.cycle", Never, Document, "cross-reference sections form a cycle",
        "`Prev` or `XRefStm` leads back to a section that was read already.",
        "Have the file made anew. Where it begins with `%PDF-` and nothing is signed yet, `--recover` finds its objects by scanning.";
    PdfHybrid = "pdf.xref.hybrid", Never, Document, "the two readings of a hybrid file differ",
        "The file has a table and a stream of cross-references, and for the object that is named they lead to different places: old and new viewers show different documents.",
        "Save the file anew without hybrid references before it is signed.";
    PdfTrailer = "pdf.trailer", Never, Document, "malformed trailer",
        "The trailer is missing, or lacks `Root` or `Size`.",
        "Have the file made anew. Where it begins with `%PDF-` and nothing is signed yet, `--recover` finds its objects by scanning.";
    PdfSyntax = "pdf.syntax", Never, Document, "malformed object",
        "The bytes at the offset are no PDF object.",
        "Have the file made anew.";
    PdfTruncated = "pdf.truncated", Never, Document, "the file ends too early",
        "An object or a section goes on past the end of the file.",
        "Fetch the file again.";
    PdfObjectNumber = "pdf.object.number", Never, Document, "another object stands where the cross-references say",
        "The cross-reference entry leads to an object with another number or generation.",
        "Have the file made anew. Where it begins with `%PDF-` and nothing is signed yet, `--recover` finds its objects by scanning.";
    PdfObjectType = "pdf.object.type", Never, Document, "object has the wrong type",
        "An object that is needed for signing is not the dictionary, array, number or name that it should be.",
        "Have the file made anew.";
    PdfObjectCycle = "pdf.object.cycle", Never, Document, "objects refer to themselves",
        "`Kids`, `Parent`, `Extends`, `Length` or a chain of references leads back to where it began.",
        "Have the file made anew.";
    PdfDuplicateKey = "pdf.duplicate-key", Never, Document, "a dictionary has the same key twice",
        "Two readers may see two documents.",
        "Have the file made anew.";
    PdfStream = "pdf.stream", Never, Document, "malformed stream",
        "`Length` is missing or wrong, or `endstream` is not where it says.",
        "Have the file made anew.";
    PdfFilter = "pdf.filter.unsupported", Never, Document, "filter is not supported here",
        "A cross-reference or object stream uses another filter than FlateDecode, or an unknown predictor.",
        "Save the file anew with ordinary compression.";
    PdfFilterData = "pdf.filter.data", Never, Document, "compressed data are damaged",
        "A cross-reference or object stream can't be inflated.",
        "Fetch the file again. Where it begins with `%PDF-` and nothing is signed yet, `--recover` finds its objects by scanning.";
    PdfObjectStream = "pdf.object-stream", Never, Document, "malformed object stream",
        "An object stream does not hold the object that the cross-references promise.",
        "Have the file made anew. Where it begins with `%PDF-` and nothing is signed yet, `--recover` finds its objects by scanning.";
    PdfEncrypted = "pdf.encrypted", Never, Document, "the document is encrypted",
        "Encrypted documents are not signed by this version.",
        "Remove the encryption, then sign.";
    PdfCatalog = "pdf.catalog", Never, Document, "malformed document catalog",
        "`Root` does not lead to a catalog.",
        "Have the file made anew. Where it begins with `%PDF-` and nothing is signed yet, `--recover` finds its objects by scanning.";
    PdfPages = "pdf.pages", Never, Document, "malformed page tree",
        "The page tree holds no page, or nodes that are neither page nor tree.",
        "Have the file made anew.";
    PdfForm = "pdf.form", Never, Document, "malformed form",
        "`AcroForm`, its `Fields` or a field is not as ISO 32000-1, 12.7 wants it.",
        "Have the file made anew.";
    PdfXfa = "pdf.form.xfa", Never, Document, "the document has an XFA form",
        "The form is described a second time in XFA: viewers that know XFA show something else than the others, and a signature field added to the AcroForm is not in it.",
        "Flatten the form or remove XFA, then sign.";
    PdfFieldDuplicate = "pdf.field.duplicate", Never, Document, "two fields have the same name",
        "The field that was asked for exists twice, or a widget that stands outside the form has its name.",
        "Name another field.";
    PdfFieldMissing = "pdf.field.missing", Never, Document, "no such signature field",
        "The name has dots and its parents do not exist, so it can't be made anew.",
        "Name an existing field, or a new one without dots.";
    PdfFieldType = "pdf.field.type", Never, Document, "the field is no signature field",
        "A field of that name exists, but is a text, button or choice field.",
        "Name another field.";
    PdfFieldTaken = "pdf.field.taken", Never, Document, "the signature field is signed already",
        "The field that was asked for has a value.",
        "Name another field, or none.";
    PdfFieldLocked = "pdf.field.locked", Never, Document, "an earlier signature locks the field",
        "A field lock (FieldMDP) of an earlier signature covers the field that was asked for.",
        "Name a field that is not locked.";
    PdfLocked = "pdf.locked", Never, Document, "an earlier certification forbids another signature",
        "The document is certified with `P 1`, or a lock with `P 1` was signed: no change is allowed.",
        "Ask the document's owner for a version that may be signed.";
    PdfSeedValue = "pdf.seed-value", Never, Document, "the field demands what this signature is not",
        "The field's seed value dictionary requires another filter, digest, reason or certificate.",
        "Sign as the field demands, or name another field.";
    PdfClaims = "pdf.claims", Never, Document, "a PDF signature does not carry these claims",
        "Role, place, commitment and policy are claims of signatures in containers; a PDF signature here has none of them.",
        "Leave them out, or sign the PDF in a container with `--format asice`. Reason and location are for PDFs.";
    PdfRecoverSigned = "pdf.recover.signed", Never, Document, "a damaged document that is signed is not repaired",
        "Recovery was asked for, but the document carries signatures, which a repair would break or hide.",
        "Sign the original, undamaged file.";
    PdfByteRange = "pdf.byte-range", Never, Document, "malformed ByteRange",
        "`ByteRange` is not `[0 a b c]` around exactly the `Contents` string, or reaches beyond the file.",
        "The signature is not sound; ask its maker.";
    PdfContents = "pdf.contents", Never, Document, "malformed Contents",
        "`Contents` of a signature is no hexadecimal string with one CMS structure and zeros after it.",
        "The signature is not sound; ask its maker.";

    // ZIP
    ZipNotZip = "zip.not-a-zip", Never, Document, "not a ZIP",
        "The file does not end with an end-of-central-directory record, or is empty.",
        "Check that the right file was given, and fetch it again: it may be cut.";
    ZipPrefix = "zip.prefix", Never, Document, "bytes before the first entry",
        "Something stands before the first local header: offsets then mean two things.",
        "Have the container made anew.";
    ZipTrailing = "zip.trailing", Never, Document, "bytes after the end of the ZIP",
        "Something follows the end record and its comment, or two end records compete.",
        "Have the container made anew.";
    ZipDirectory = "zip.directory", Never, Document, "malformed central directory",
        "The central directory or the end record is cut, or its numbers do not fit.",
        "Fetch the container again, or have it made anew.";
    ZipZip64 = "zip.zip64", Never, Document, "malformed ZIP64 record",
        "A ZIP64 record is missing, stands where none is needed, or says something else than the record it extends.",
        "Have the container made anew.";
    ZipHeader = "zip.header", Never, Document, "malformed local header",
        "No local header stands where the central directory says, or it is cut.",
        "Have the container made anew.";
    ZipMismatch = "zip.mismatch", Never, Document, "local header and central directory differ",
        "Name, method, size, CRC-32 or flags of an entry are told in two ways: two readers may see two documents.",
        "Have the container made anew.";
    ZipOverlap = "zip.overlap", Never, Document, "entries overlap",
        "Two entries, or an entry and the central directory, claim the same bytes.",
        "Have the container made anew.";
    ZipGap = "zip.gap", Never, Document, "bytes between entries that belong to none",
        "The container holds bytes that its central directory does not know: an entry may have been hidden.",
        "Have the container made anew.";
    ZipExtra = "zip.extra", Never, Document, "malformed extra field",
        "An extra field is cut, stands twice, or gives the entry another name.",
        "Have the container made anew.";
    ZipName = "zip.name", Never, Document, "unsafe entry name",
        "A name is not UTF-8, absolute, too long, has `..`, an empty part, a backslash, a drive letter, control or direction characters.",
        "Have the container made anew with plain names.";
    ZipDuplicate = "zip.duplicate", Never, Document, "two entries have the same name",
        "Two names are equal, equal but for letter case or Unicode form, or one is a folder of the other.",
        "Have the container made anew.";
    ZipEncrypted = "zip.encrypted", Never, Document, "an entry is encrypted",
        "Encrypted entries are not read.",
        "Have the container made anew without a password.";
    ZipMethod = "zip.method", Never, Document, "compression method is not supported",
        "Entries of a container are stored or deflated; EN 319 162-1 knows no other.",
        "Have the container made anew.";
    ZipSpecial = "zip.special", Never, Document, "an entry is no ordinary file",
        "A symbolic link, a device or a folder with content; or the ZIP is split over several files.",
        "Have the container made anew.";
    ZipData = "zip.data", Never, Document, "an entry's data are damaged",
        "The data can't be inflated, or their size or CRC-32 is not the one in the headers.",
        "Fetch the container again.";

    // XML
    XmlEncoding = "xml.encoding", Never, Document, "XML is not UTF-8",
        "The text is no UTF-8, has characters XML 1.0 forbids, or declares another encoding or version.",
        "The signature is not sound; ask its maker.";
    XmlDoctype = "xml.doctype", Never, Document, "XML with a document type declaration",
        "Document type declarations and entities of one's own are refused: they can change what is signed, read files and exhaust memory.",
        "The signature is not sound; ask its maker.";
    XmlSyntax = "xml.syntax", Never, Document, "malformed XML",
        "The text is not well-formed.",
        "The signature is not sound; ask its maker.";
    XmlNamespace = "xml.namespace", Never, Document, "malformed namespace",
        "A prefix is not declared, a reserved one is declared anew, or a namespace is relative or empty where it may not be.",
        "The signature is not sound; ask its maker.";
    XmlDuplicateAttribute = "xml.duplicate-attribute", Never, Document, "an element has the same attribute twice",
        "Two readers may see two documents.",
        "The signature is not sound; ask its maker.";
    XmlDuplicateId = "xml.duplicate-id", Never, Document, "two elements have the same Id",
        "A reference to it could mean either: the way of signature wrapping.",
        "The signature is not sound; ask its maker.";

    // XAdES
    XadesMalformed = "xades.malformed", Never, Document, "malformed XAdES signature",
        "An element is missing, stands twice, or holds what it may not (EN 319 132-1).",
        "The signature is not sound; ask its maker.";
    XadesReference = "xades.reference", Never, Document, "malformed or forbidden reference",
        "A reference has no URI, leaves the container, or has transforms other than canonicalization.",
        "The signature is not sound; ask its maker.";

    // ASiC-E
    AsiceMimetype = "asice.mimetype", Never, Document, "no container of a known kind",
        "The `mimetype` entry is missing, compressed, not the first, has a line end or a byte order mark, or names something else than ASiC-E.",
        "Give an ASiC-E or EDOC 2 container, or wrap it with `--nest`: it becomes a data file of a new one.";
    AsiceKind = "asice.kind", Never, Document, "the container's kind of signature is not supported",
        "ASiC-S, CAdES signatures, evidence records and EDOC 1 are not added to.",
        "Wrap it with `--nest`: it becomes a data file of a new container.";
    AsiceManifest = "asice.manifest", Never, Document, "malformed manifest",
        "`META-INF/manifest.xml` can't be read, or lists other files than the container holds.",
        "Have the container made anew.";
    AsiceName = "asice.name", Never, Document, "name is not possible for a data file",
        "The name is `mimetype`, below `META-INF`, or unsafe.",
        "Rename the file.";
    AsiceDuplicate = "asice.duplicate", Never, Document, "two data files have the same name",
        "Two names are equal, equal but for letter case or Unicode form, or one is a folder of the other.",
        "Rename one of them.";
    AsiceEmpty = "asice.empty", Never, Document, "no data file to sign",
        "A container needs at least one data file.",
        "Give a file.";
    AsiceDataMissing = "asice.data-missing", Never, Document, "data files are not in the container",
        "Earlier signatures cover files that the container does not hold, and no digest was given for them.",
        "Put the files in with `eseal fill`, or give their digests with `--digests`.";
    AsiceUnsigned = "asice.unsigned-file", Never, Document, "a data file is not covered by an earlier signature",
        "A file was added or changed after the container was signed, or the signatures cover different files.",
        "Have the container made anew from the files that are meant.";
    AsiceDigest = "asice.digest", Never, Document, "a data file is not the one that was signed",
        "Its digest or size differs from the one given or signed.",
        "Give the file that was signed.";
    AsiceUnknownFile = "asice.unknown-file", Never, Document, "the container does not want this file",
        "No signature of the container covers a file of this name, or the container holds it already.",
        "Check the name; `NAME=FILE` gives a file another one.";
    AsiceFileMissing = "asice.file-missing", Never, Document, "a file that was signed was not given",
        "The container wants more files than were given.",
        "Give all of them; `eseal inspect` lists them.";

    // ASN.1, CMS, certificates
    DerMalformed = "der.malformed", Never, Document, "malformed ASN.1",
        "The bytes are not the DER (or, where allowed, BER) that they should be.",
        "Check that the right file was given.";
    CmsMalformed = "cms.malformed", Never, Document, "malformed CMS signature",
        "The structure is no SignedData as RFC 5652 wants it.",
        "The signature is not sound; ask its maker.";
    CertificateMalformed = "certificate.malformed", Never, Run, "not a certificate",
        "The file is neither PEM, DER nor bare base64 of an X.509 certificate.",
        "Give the signer's certificate.";
    CertificateKeyWeak = "certificate.key.weak", Never, Run, "the certificate's key is too weak",
        "RSA below 2,048 bits, or an RSA exponent that is even or below 3.",
        "Use a certificate with a stronger key.";
    CertificateKeyEncoding = "certificate.key.encoding", Never, Run, "the certificate's RSA modulus is written as a negative number",
        "The zero before its highest bit was left out, as in Estonia's identity cards of 2013 and 2014. Signatures made with it are judged; many programs can't read the certificate, so nothing new is signed with it.",
        "Use another certificate: the card's issuer renews them.";
    CertificateKeyUnsupported = "certificate.key.unsupported", Never, Run, "the certificate's key is of an unknown kind",
        "Only RSA of 2,048 to 8,192 bits, P-256, P-384, P-521 and Ed25519 are signed with.",
        "Use another certificate.";
    CertificateAlgorithm = "certificate.algorithm", Never, Run, "the certificate's key can't be used with this algorithm",
        "For example PSS with an EC key, or another digest than the key's own restriction allows.",
        "Leave the algorithm out: it follows from the certificate.";
    CertificateExpired = "certificate.expired", Never, Run, "the certificate has expired",
        "The moment of signing is after `notAfter`.",
        "Use the renewed certificate; `--allow-expired` signs all the same.";
    CertificateNotYetValid = "certificate.not-yet-valid", Never, Run, "the certificate is not valid yet",
        "The moment of signing is before `notBefore`.",
        "Check the clock, or wait; `--allow-expired` signs all the same.";
    CertificateUsage = "certificate.usage", Never, Run, "the certificate is not for signing documents",
        "Its key usage has neither nonRepudiation nor digitalSignature, or it is a CA's.",
        "Give the signing certificate.";
    CertificateChain = "certificate.chain", Never, Run, "the chain does not fit the certificate",
        "A certificate of the chain did not issue the one before it.",
        "Give the issuers in any order, but only issuers of this certificate.";

    // revocation
    CertificatePath = "certificate.path", Never, Document, "no valid path from the certificate to a trusted one",
        "An issuer is missing, is trusted by nobody, or a certificate on the way breaks a rule of RFC 5280; the message names both.",
        "Give the missing issuers with the chain, the root with `--trust`; or do not rely on this signature.";
    CertificateRevoked = "certificate.revoked", Never, Document, "the certificate is revoked",
        "Its issuer took it back before the moment that counts. In `seal` it is that of all documents: the run stops before a time-stamp is bought.",
        "Sign with another certificate.";
    CertificateOnHold = "certificate.on-hold", Later, Document, "the certificate is on hold",
        "Its issuer suspended it: it may be taken back, or become valid again.",
        "Ask the issuer; run again when the suspension is lifted.";
    CrlMalformed = "crl.malformed", Later, Service, "not a CRL",
        "The answer is no DER of a certificate revocation list, or was cut short.",
        "Try again; if it stays so, tell the operator of the address.";
    CrlSignature = "crl.signature", Later, Service, "the CRL's signature is not its issuer's",
        "The value does not verify with the issuer's key, or that key is not for signing CRLs.",
        "Try again; if it stays so, tell the operator of the address.";
    CrlScope = "crl.scope", Never, Document, "the CRL is not about the certificate",
        "It is another issuer's, of another distribution point, for other kinds of certificates, or for some reasons only.",
        "Ask the address that the certificate names.";
    CrlExpired = "crl.expired", Never, Document, "the certificate expired before the CRL was made",
        "Expired certificates leave the list, and this one does not say that it keeps them.",
        "Give a CRL or an OCSP answer from the time when the certificate was valid.";
    CrlStale = "crl.stale", Later, Service, "the CRL is too old",
        "It ended before the moment it was to be used, or was made before the moment it is to tell about.",
        "Run again when its issuer has made a new one.";
    CrlFuture = "crl.future", Later, Service, "the CRL is from the future",
        "It was made after the moment it was to be used.",
        "Check the clock.";
    CrlDelta = "crl.delta", Never, Service, "the CRL lists changes only",
        "It is a delta CRL: without the complete one it says nothing.",
        "Use the address of the complete CRL.";
    CrlExtension = "crl.extension", Never, Service, "the CRL has an unknown critical extension",
        "RFC 5280 forbids to use it.",
        "Use OCSP, or another address.";

    // signature values, saved state
    SignatureBroken = "signature.broken", Never, Document, "a signature does not verify",
        "The digest of what it covers, its value, or the certificate that it names is not what it should be. Nothing is added to prove a signature that is broken.",
        "Look with `eseal inspect`; ask whoever signed for a sound document.";
    DocumentUnsigned = "document.unsigned", Never, Document, "the document has no signature",
        "A level can only be given to what is signed.",
        "Sign it first: `eseal seal` or `eseal prepare`.";
    SignatureKind = "signature.kind", Never, Document, "the signature is of a kind that has no higher levels",
        "Only `ETSI.CAdES.detached` signatures of PDFs have the levels of EN 319 142-1; `adbe.pkcs7.detached` and older ones may be sound, but have none.",
        "Leave it as it is, or add a signature with a level: `eseal seal --level b-lta` protects the whole document.";
    SignatureMismatch = "signature.mismatch", Never, Document, "the value does not verify with the certificate",
        "It belongs to another document or key, or the wrong bytes were signed: the digest hashed once more or as hex text, no DigestInfo or one without NULL, the document's own hash, PSS for PKCS#1. Where the value shows which, the message says so (`made_over`, with `session` for another session of the store).",
        "Sign exactly the digest that `prepare` printed; check the order of a batch. The prepared state is kept, so the right value can still come.";
    SignatureEncoding = "signature.encoding", Never, Document, "the signature value is not encoded as its kind wants",
        "Wrong length, or for EC keys neither strict DER nor exactly r and s of full width.",
        "Pass the value as the signing service gave it, base64 of the bytes. The prepared state is kept.";
    PlaceholderTooSmall = "signature.too-large", PrepareAgain, Document, "the signature does not fit in the reserved room",
        "The value or the certificates take more room than was reserved.",
        "Prepare again with a larger `--reserve`.";
    StateMalformed = "state.malformed", PrepareAgain, Document, "the saved state is damaged",
        "The saved state was cut or changed.",
        "Prepare again.";
    StateVersion = "state.version", PrepareAgain, Document, "the saved state is of an unknown version",
        "It was written by a newer version of this program.",
        "Use that version, or prepare again.";
    StateOtherDocument = "state.other-document", PrepareAgain, Document, "the saved state belongs to another document",
        "Length or digest of the document differ from what was prepared; or a document that is changed in place is not what was signed by now, or another file has its name. Nothing was written.",
        "Give the document that was prepared, or prepare again; run again when nobody else writes to it.";
    DocumentChanged = "state.document-changed", PrepareAgain, Document, "the document changed while it was read",
        "Its length, its time of change or its bytes are not what they were a moment ago.",
        "Wait until its writer is done, then prepare again.";
    StateBusy = "state.busy", Later, Document, "another run works on the document",
        "Somebody else has locked the document, in order to change it in place, for longer than is waited for.",
        "Run again when the other run is done.";
    UndoForeign = "undo.foreign", Never, Document, "the undo file beside the document is not this account's own",
        "`.NAME.eseal-undo` stands beside a document that is to be changed in place, and this account's key has not made it for this very file: it came along with the document, is an older version's or another account's, or the document is a copy.",
        "Look where it comes from. `eseal restore FILE` shows what the document would become, `eseal restore --accept FILE` takes it; remove it by hand to keep the document as it is.";
    SessionUnknown = "session.unknown", Never, Document, "no such session",
        "The store has no session of this id: it was closed or has expired, or the store is another one.",
        "Start a session, and check `--store`.";
    SessionEmpty = "session.empty", Never, Document, "the session holds no file",
        "Nothing was uploaded, and no digest was added.",
        "Upload a file first.";
    SessionForm = "session.form", Never, Document, "the session's files can't be signed as one PDF",
        "A session that is signed as a PDF holds exactly one file, and that is a PDF with its content.",
        "Upload one PDF, or sign as a container.";
    SessionMixed = "session.mixed", Never, Document, "a container stands beside other files",
        "One more signature goes into a container that is the session's only file.",
        "Use a session for the container alone, or have a new container made of all files.";
    SessionNotPrepared = "session.not-prepared", PrepareAgain, Document, "the session waits for no signature value",
        "Nothing was calculated for this session, or its files have changed since.",
        "Calculate the digest, have it signed, then finalize.";
    SessionUnfinished = "session.unfinished", Later, Document, "a signature that has verified waits for its level",
        "The session is signed, but a service failed on the way to its level; nothing of that is given up.",
        "Finalize again. To give the signature up, close the session or delete its files.";
    SessionNameTaken = "session.name-taken", Never, Document, "the session has another file of this name",
        "A file of the same name and with other content was uploaded before.",
        "Delete that file, or upload this one under another name.";
    SessionFileUnknown = "session.file-unknown", Never, Document, "no such file in the session",
        "The session has no file of this id, or its content is not here, or no file was named and there are several.",
        "List the session's files.";
    SessionBusy = "session.busy", Later, Document, "somebody else works on the session",
        "Another process or thread has had the session for a long time.",
        "Try again: the same call is answered as if it were the first.";
    SessionConflict = "session.conflict", Later, Document, "somebody else went on with the session",
        "The session's next step was written by another process in the meantime.",
        "Try again: the same call is answered as if it were the first.";
    SessionValue = "session.value-other", Never, Document, "the session was finished with another value",
        "The session is signed, and this is not the value it was signed with.",
        "To add another signature, calculate the digest anew.";
    StoreUnknown = "store.unknown", Never, Document, "no such entry in the store",
        "The store has no prepared state under this id.",
        "Check the id and `--store`; prepare again where it was expired.";
    StoreMalformed = "store.malformed", Never, Document, "the store's entry is damaged",
        "A file of the store can't be read as what it should be.",
        "Prepare the document again, or remove the entry with `sessions purge`.";

    // keys
    KeyPassword = "key.password", Never, Run, "wrong password, or the key file is damaged",
        "The two can't be told apart.",
        "Check the password and the file. It is tried once a run.";
    KeyPasswordMissing = "key.password-missing", Never, Run, "the key wants a password, and none was given",
        "The key file is encrypted, no option names the password, and there is no terminal to ask for it on. This is not about a wrong password.",
        "Give it with `--password-file FILE` or `--password-env VAR`, or run it on a terminal; for the key of a time-stamping service it is `client_key_password_file`.";
    KeyMalformed = "key.malformed", Never, Run, "not a key file",
        "The file is neither PFX (PKCS#12), PEM nor PKCS#8.",
        "Give the key's file.";
    KeyNone = "key.none", Never, Run, "no private key",
        "The file holds certificates alone, or nothing on the token fits the PKCS#11 URI and `--key-alias`.",
        "Give the file with the private key; see with `pkcs11-tool --list-objects` what is on the token.";
    KeySeveral = "key.several", Never, Run, "several keys",
        "The file or the token holds more than one private key that fits, and none was named.",
        "Name one with `--key-alias` (its name, or the id in the message), or with `object=` or `id=` in the PKCS#11 URI.";
    KeyUnsupported = "key.unsupported", Never, Run, "the key or its encryption is of an unknown kind",
        "The key's algorithm, or the way it is encrypted, is not supported; the message has its object identifier or name.",
        "Save the key anew, for example with `openssl pkcs12 -export`.";
    KeyCertificate = "key.certificate", Never, Run, "no certificate for the key",
        "No certificate in the file, on the token, or given, has the key's public half.",
        "Give the key's certificate with `--cert`.";
    KeyFailed = "key.failed", Later, Run, "the key could not sign",
        "The cryptographic library refused the operation.",
        "Try again; check the key.";
    KeyRisk = "key.risk", Never, Run, "signing with an RSA key needs the aws-lc feature",
        "This build has no RSA private-key operation that is hardened against timing attacks.",
        "Build with the feature `aws-lc`.";
    KeyUri = "key.uri", Never, Run, "not a PKCS#11 URI",
        "What stands at the offset is not as RFC 7512 has it: an unknown attribute, one that stands twice, a bad `%`, a file that does not begin with `/`.",
        "Write `pkcs11:token=NAME;object=KEY`; `p11tool --list-all-urls` prints such addresses.";
    KeyUriPin = "key.uri-pin", Never, Run, "a PIN in a URI",
        "`pin-value` puts the PIN on the command line, where every process sees it.",
        "Use `--pin-file`, `pin-source=file:…`, or type it when asked. Change this PIN.";
    KeyModule = "key.module", Never, Run, "the PKCS#11 module can't be used",
        "The file is missing, is no PKCS#11 module, or does not start up.",
        "Check `--pkcs11-module`, and what the module wants in its own settings.";
    KeyToken = "key.token", Later, Run, "no such token",
        "No token in any slot of the module fits the URI. The message names those that are there.",
        "Insert the token, or correct the URI.";
    KeyTokenSeveral = "key.token-several", Never, Run, "several tokens",
        "More than one token fits the URI.",
        "Name one with `token=` or `serial=`.";
    KeyPin = "key.pin", Never, Run, "wrong PIN",
        "The token refused the PIN, or none was given. It is tried once a run: tokens lock themselves after a few.",
        "Check the PIN before the next try.";
    KeyPinLocked = "key.pin-locked", Never, Run, "the PIN is locked",
        "After too many wrong ones the token takes none; or the PIN has expired or was never set.",
        "Unlock or set it with the token's own tools.";
    KeyPinEachTime = "key.pin-each-time", Never, Run, "the key wants its PIN for each signature",
        "The key is marked so that each signature is confirmed by its owner: a personal key, not one for seals.",
        "Sign through `eseal prepare` and `eseal finalize` with the owner's own software, or use a key for seals.";
    KeyMechanism = "key.mechanism", Never, Run, "the token does not sign this way",
        "The token lacks the mechanism, or does not allow it for this key.",
        "Choose another `--digest`, or leave `--pss` out.";
    KeyGone = "key.gone", Later, Run, "the token is gone",
        "The token was removed, its session was closed, or its device fails.",
        "Insert the token again, then run with `--resume`.";
    PasswordTooLong = "key.password-too-long", Never, Run, "the password is too long to be encrypted",
        "RSA takes at most the key's length less 11 bytes (OAEP: less 42) of UTF-8.",
        "Use a shorter password.";
    KeyEncryptedPassword = "key.encrypted-password", Never, Run, "wrong password, or it was not encrypted to this house's key",
        "The password that came encrypted does not open the key file that came with it; or it was encrypted to another key, such as LVRTC's own, or damaged. These can't be told apart, on purpose.",
        "Check the password, and to which key it was encrypted: `eseal lvrtc public-key --password-key FILE` prints this house's.";
    PublicKeyMalformed = "key.public-malformed", Never, Run, "not a public key",
        "The file is no RSA public key or certificate of 2,048 to 8,192 bits in PEM or DER.",
        "Give the service's public key.";

    // services: how they are reached, and what they answer
    ServiceUnreachable = "service.unreachable", Later, Service, "the service can't be reached",
        "Its name is unknown, it takes no connection, or the connection broke.",
        "Check the network, the proxy and the service's address, then run again.";
    ServiceTimeout = "service.timeout", Later, Service, "the service did not answer in time",
        "It took the connection, but the whole answer did not come within the timeout.",
        "Run again later, or raise the timeout.";
    ServiceRefused = "service.refused", Never, Service, "the service refused the request",
        "It answered with an HTTP status below 500 that is no success, such as 401, 403 or 404.",
        "Check the service's address and what it wants for authorisation.";
    ServiceUnavailable = "service.unavailable", Later, Service, "the service is not available",
        "It answered with an HTTP status of 500 or above, or asked for fewer requests (429).",
        "Run again later; lower the rate where the service asks for it.";
    ServiceTooLarge = "service.too-large", Never, Service, "the service's answer is too large",
        "It is longer than the limit that goes with its kind.",
        "Check the service's address; raise the limit if the answer is genuine.";
    ServiceBlocked = "service.blocked", Never, Service, "the address is not one that may be asked",
        "An address out of a certificate leads to a loopback, link-local or private network, or is no HTTP address. Whoever made the certificate could so reach into the house.",
        "Where the service is genuine, name its host with `--allow-host HOST[:PORT]`; the message has both.";
    ServiceBudget = "service.budget", Later, Run, "no time-stamping service may be asked any more",
        "Every configured service has given as many time-stamps as `budget` allows for one run.",
        "Raise the budget, or run again: `--resume` goes on with what is not done.";
    ServiceOffline = "service.offline", Later, Service, "no answer is at hand, and nobody may be asked",
        "Answers come from files only, and the one that is needed is not among them.",
        "Have the open requests answered with `eseal fetch DIR` on a machine with network, then run again.";
    RevocationMissing = "revocation.missing", Never, Document, "nothing says where to ask whether a certificate is revoked",
        "The certificate names neither an OCSP service nor a CRL, and none of those at hand speaks of it.",
        "Give the revocation data of its issuer with `--evidence DIR`.";
    TimestampMalformed = "timestamp.malformed", Later, Service, "malformed time-stamp",
        "The answer is no TimeStampResp or token as RFC 3161 wants it: a page for people, half an answer, another structure.",
        "Check the address of the time-stamping service.";
    TimestampRejected = "timestamp.rejected", Never, Service, "the time-stamping service rejected the request",
        "Its status is neither granted nor passing trouble; the message says why.",
        "Check policy, digest and authorisation with the service.";
    TimestampUnavailable = "timestamp.unavailable", Later, Service, "the time-stamping service can't stamp now",
        "It says that it has no time, a fault, or that the request waits.",
        "Run again later, or use another service.";
    TimestampImprint = "timestamp.imprint", Never, Service, "the time-stamp is of other data",
        "Digest or digest algorithm in the token are not what was asked for, or the token belongs to another signature.",
        "Do not use this service; a token in a document: it was put there from elsewhere.";
    TimestampNonce = "timestamp.nonce", Never, Service, "the time-stamp has another nonce than was asked for",
        "The answer is an old one or another request's, or the service does not return nonces.",
        "Use another service, or ask this one without a nonce: `nonce = false` in its table `[[tsa]]` of the configuration file (`--config`).";
    TimestampPolicy = "timestamp.policy", Never, Service, "the time-stamp has another policy than was asked for",
        "The service stamps under a policy of its own.",
        "Ask for the policy that the service has, or for none.";
    TimestampTime = "timestamp.time", Never, Service, "the time-stamp's time is not now",
        "It differs from this machine's clock by more than is allowed.",
        "Check the clock; if it is right, do not use this service.";
    TimestampSignature = "timestamp.signature", Never, Service, "the time-stamp's signature does not verify",
        "The token was changed, or its signed attributes do not fit its content.",
        "Do not use this service; a token in a document is worth nothing.";
    TimestampCertificate = "timestamp.certificate", Never, Service, "the time-stamp's certificate is not one for time-stamps",
        "It is missing or not named by the token, not valid at the time of the stamp, a CA's, or not for time-stamping alone.",
        "Use another service.";
    TimestampUntrusted = "timestamp.untrusted", Never, Service, "the time-stamp's certificate leads to no trusted one",
        "No path from the service's certificate ends at a certificate given with `--trust`.",
        "Give the service's root certificate with `--trust`, if you trust it.";
    OcspMalformed = "ocsp.malformed", Later, Service, "malformed OCSP answer",
        "The answer is no OCSPResponse as RFC 6960 wants it, or has a critical extension that is unknown.",
        "Check the address of the OCSP service.";
    OcspStatus = "ocsp.status", Never, Service, "the OCSP service refused the request",
        "Its status is malformedRequest, sigRequired, unauthorized, or none that is known.",
        "The certificate may belong to another service, or the service wants signed requests.";
    OcspUnavailable = "ocsp.unavailable", Later, Service, "the OCSP service can't answer now",
        "Its status is tryLater or internalError.",
        "Run again later.";
    OcspUnknown = "ocsp.unknown", Later, Service, "the OCSP service does not know the certificate",
        "It answers for this issuer, but not for this certificate: it may be too new, or was never issued.",
        "Run again later; ask the certificate's issuer.";
    OcspCertificate = "ocsp.certificate", Never, Service, "the OCSP answer is about another certificate",
        "No answer in it has the serial number with the hashes of the issuer's name and key.",
        "Check the address of the OCSP service.";
    OcspNonce = "ocsp.nonce", Never, Service, "the OCSP answer has another nonce than was asked for",
        "The answer is an old one, or another request's.",
        "Do not use this service.";
    OcspSignature = "ocsp.signature", Never, Service, "the OCSP answer's signature does not verify",
        "The answer was changed, or signed by another key than it names.",
        "Do not use this service.";
    OcspResponder = "ocsp.responder", Never, Service, "the OCSP answer's signer may not answer for this issuer",
        "It is neither the issuer nor certified by it for OCSP signing, is not valid at the time, or is not found.",
        "Do not use this service.";
    OcspStale = "ocsp.stale", Later, Service, "the OCSP answer is not of the time that is asked about",
        "It is too old or from the future, or older than what it has to confirm.",
        "Run again later; check the clock.";
    OcspExpired = "ocsp.expired", Never, Document, "the certificate expired before the OCSP answer was made",
        "A service need not remember expired certificates, and this one does not say that it does (archive cutoff).",
        "Give an answer or a CRL from the time when the certificate was valid.";

    // input from callers
    ValuesMalformed = "values.malformed", Never, Document, "malformed line of values",
        "A line is no JSON object with `id` and base64 `signature`, or an array does not fit `--order`.",
        "Pass one object a line as the manual says.";
    ValuesTwice = "values.twice", Never, Document, "two values for one document",
        "The same id stands twice with different values.",
        "Pass one value an id.";
    InputMalformed = "input.malformed", Never, Document, "malformed line of input",
        "A line of the manifest or list is not what it should be.",
        "Pass one JSON object, or one name, a line.";
    InputFormat = "input.format", Never, Document, "the format is not supported",
        "The name says `.pdf`, `.asice` or `.edoc`, but the bytes are something else.",
        "Give the right file, or say what it is with `--format`.";

    // requests of signing services
    LvrtcRequest = "lvrtc.request", Never, Document, "malformed request",
        "The JSON is not what the call takes: a name is missing, unknown or there twice, or a value is of another kind.",
        "Send what the call takes; docs/schema has all of it.";
    LvrtcCertificate = "lvrtc.certificate", Never, Document, "the signing certificate is one for authentication",
        "`certificate`, or the key's own, is for proving who somebody is (clientAuth) and not for signing documents (nonRepudiation).",
        "Send the other certificate of the person or the seal.";
    LvrtcAuthCertificate = "lvrtc.auth-certificate", Never, Document, "the authentication certificate is one for signing",
        "`authCertificate` is the signing certificate, or is for signing documents (nonRepudiation) and not for proving who somebody is (clientAuth).",
        "Send the other certificate of the person or the seal, or leave it out: here it is only looked at.";
    LvrtcKey = "lvrtc.key", Never, Document, "the contract knows RSA and ECDSA only",
        "The certificate has a key of another kind, such as Ed25519, for which `signature_algorithm` has no name.",
        "Use another certificate, or sign with `eseal prepare` and `eseal finalize`.";

    // files
    IoNotFound = "io.not-found", Never, Document, "file not found",
        "The file or folder does not exist.",
        "Check the path.";
    IoPermission = "io.permission", Never, Document, "permission denied",
        "The file or folder may not be read or written.",
        "Check its owner and mode.";
    IoDiskFull = "io.disk-full", Later, Run, "no space left",
        "The disk or the quota is full. Nothing half-written was left.",
        "Make room, then run again with `--resume`.";
    IoTargetExists = "io.target-exists", Never, Document, "the target exists",
        "A file of the result's name is there already.",
        "Name another `--out`, or pass `--overwrite`.";
    IoCollision = "io.collision", Never, Document, "two results would have the same name",
        "Two inputs lead to one target.",
        "Name outputs in a manifest, or sign the folders one by one.";
    IoLock = "io.lock", Never, Document, "the document can't be locked",
        "The file system has no locks, so nobody can be kept from changing the document in place at the same time.",
        "Write results elsewhere with `--out`, or mount the file system with locks.";
    IoOutside = "io.outside", Never, Document, "the result would be outside of its folder",
        "The `output` of a line of the manifest, or the name in a record of the store, is absolute, leads up by `..`, or leads through a link out of the folder of the results: `--out`, else that of the manifest.",
        "Correct the name; `--allow-outside` for whoever trusts the manifest or the store as much as the command line.";
    RunBusy = "run.busy", Later, Run, "another run is at work here",
        "Two runs into one folder, or with one journal, would buy each time-stamp twice. A crash of the first gives the folder back.",
        "Wait until the process that is named has ended, or pass `--wait`.";
    ResumeChanged = "resume.changed", Never, Document, "the source changed since its result was made",
        "The journal has another size or digest of it. The result of the earlier version may have been sent to somebody.",
        "Compare both; `--resume --overwrite` signs the new version in place of the old result.";
    ResumeJournal = "resume.journal", Never, Run, "not a journal of a run",
        "The file that `--journal` names, or `.eseal-run`, holds something else, or is of a newer version of this program. It was left as it is.",
        "Name another file. A journal without a complete first line may be removed.";
    StoreBusy = "store.busy", Later, Document, "another run is finishing this document",
        "Two runs have values for one entry of the store; only one of them asks for its time-stamps.",
        "Nothing, if the other run succeeds; else run again.";
    IoReaderGone = "io.reader-gone", Later, Run, "the reader went away",
        "Standard output was closed.",
        "Run again with `--resume`.";
    IoOther = "io.other", Later, Document, "reading or writing failed",
        "The system reported an error.",
        "See the message.";

    // the rest
    LimitExceeded = "limit.exceeded", Never, Document, "a limit was reached",
        "The input asks for more than the limit that is named.",
        "Raise it with `--limit NAME=VALUE`, or reject the document.";
    Misuse = "misuse", Never, Run, "impossible arguments",
        "Two arguments exclude each other, or one is out of its range.",
        "See the message.";
    Cancelled = "cancelled", Later, Run, "cancelled",
        "The run was stopped from outside.",
        "Run again with `--resume`.";
    Bug = "bug", Never, Document, "a fault of this program",
        "An invariant broke. The document is untouched.",
        "Please report it with the document, if that may be shown.";
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
