//! Every bound on hostile input, as one value.

use crate::error::{Misuse, Result};

macro_rules! limits {
    ($($(#[doc = $doc:literal])+ $name:ident: $default:expr;)+) => {
        /// Bounds on what an input may ask for. There are no others: no globals, no constants.
        ///
        /// The defaults are well above what honest documents were seen to need.
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct Limits {
            $($(#[doc = $doc])+ pub $name: u64,)+
        }

        impl Default for Limits {
            fn default() -> Self {
                Limits { $($name: $default,)+ }
            }
        }

        impl Limits {
            /// No bounds, for what was read within bounds before.
            pub(crate) fn none() -> Self {
                Limits { $($name: u64::MAX,)+ }
            }

            /// Names, in the order of the documentation.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($name),)+];

            /// Sets the limit `name`.
            ///
            /// # Errors
            /// [`Error::Misuse`](crate::Error::Misuse) when there is no such limit.
            pub fn set(&mut self, name: &str, value: u64) -> Result<()> {
                match name.replace('-', "_").as_str() {
                    $(stringify!($name) => self.$name = value,)+
                    _ => return Err(Misuse::new("no limit of that name").into()),
                }
                Ok(())
            }

            /// The limit `name`, if there is one.
            #[must_use]
            pub fn value(&self, name: &str) -> Option<u64> {
                match name.replace('-', "_").as_str() {
                    $(stringify!($name) => Some(self.$name),)+
                    _ => None,
                }
            }

            /// What the limit `name` bounds, as its documentation says, if there is one.
            #[must_use]
            pub fn about(name: &str) -> Option<&'static str> {
                match name.replace('-', "_").as_str() {
                    $(stringify!($name) => Some(concat!($($doc),+)),)+
                    _ => None,
                }
            }
        }
    };
}

limits! {
    /// Nesting of arrays and dictionaries in a PDF object.
    pdf_depth: 100;
    /// Length of a chain of references, of `Length` references, of `Extends`.
    pdf_references: 32;
    /// Highest object number, and objects in one file.
    pdf_objects: 8_388_607;
    /// Entries of all cross-reference sections together.
    pdf_xref_entries: 16_000_000;
    /// Cross-reference sections in the `Prev` chain.
    pdf_sections: 1_024;
    /// Signature fields with a value.
    pdf_signatures: 256;
    /// Certificates, OCSP responses and CRLs that a DSS names.
    pdf_dss_objects: 2_000;
    /// Filters of one stream.
    pdf_filters: 4;
    /// Bytes of one decoded cross-reference or object stream.
    pdf_stream_bytes: 64 << 20;
    /// Bytes of all decoded streams of one document.
    pdf_streams_bytes: 256 << 20;
    /// Bytes of one object that is read (streams: their dictionary).
    pdf_object_bytes: 16 << 20;
    /// Bytes that parsed objects, names, fields, cross-references, decoded object streams and holes of one document take in memory at a time.
    pdf_memory_bytes: 64 << 20;
    /// Bytes of all objects that are parsed for one document, each time that they are.
    pdf_parsed_bytes: 512 << 20;
    /// Bytes of a name.
    pdf_name_bytes: 1_024;
    /// Objects that are read for one document.
    pdf_reads: 1_000_000;
    /// Depth of the page tree and of the field tree.
    pdf_tree_depth: 64;
    /// Nodes of the page tree that are visited.
    pdf_pages: 100_000;
    /// Form fields that are visited.
    pdf_fields: 250_000;
    /// Bytes of `Contents` of one signature.
    pdf_contents_bytes: 4 << 20;
    /// Bytes that a rebuild of broken cross-references scans.
    pdf_rebuild_bytes: 4 << 30;
    /// Entries of a ZIP.
    zip_entries: 10_000;
    /// Bytes of the name of a ZIP entry.
    zip_name_bytes: 512;
    /// Bytes of the comment of a ZIP, and of one entry.
    zip_comment_bytes: 1_024;
    /// Bytes of the extra fields of one header.
    zip_extra_bytes: 1_024;
    /// Bytes of one entry when inflated.
    zip_entry_bytes: 16 << 30;
    /// Bytes of all entries when inflated.
    zip_total_bytes: 64 << 30;
    /// How many times larger an entry may become when inflated, once it is above 1 MiB, and all entries together.
    zip_ratio: 200;
    /// Bytes that all entries may have when inflated beyond what the ratio allows them.
    zip_free_bytes: 256 << 20;
    /// Bytes of the `mimetype` entry.
    asice_mimetype_bytes: 64;
    /// Signature files of a container.
    asice_signature_files: 256;
    /// Bytes of all signature files of a container, and of its manifest.
    asice_xml_bytes: 128 << 20;
    /// Elements, comments and processing instructions of all signature files of a container, and of its manifest.
    asice_xml_elements: 2_000_000;
    /// Signatures of a container.
    asice_signatures: 1_000;
    /// References of all signatures of a container.
    asice_references: 100_000;
    /// Time-stamps of all signatures of a container.
    asice_time_stamps: 2_000;
    /// Bytes of the canonical forms that the signatures and time-stamps of a container are over.
    asice_canonical_bytes: 256 << 20;
    /// Bytes that are hashed for archive time-stamps of a container after one pass over all of its data.
    asice_stamped_bytes: 1 << 30;
    /// How many times the bytes of the container these may be, where that is more.
    asice_stamped_ratio: 64;
    /// Bytes of an XML document.
    xml_bytes: 16 << 20;
    /// Nesting of XML elements.
    xml_depth: 100;
    /// Elements, comments and processing instructions of an XML document.
    xml_elements: 250_000;
    /// Attributes of one XML element, namespace declarations not counted.
    xml_attributes: 64;
    /// Namespace declarations of one XML element.
    xml_namespaces: 32;
    /// Namespace declarations of an XML element and of all around it, hidden ones too.
    xml_namespaces_in_scope: 128;
    /// References of one XML signature.
    xades_references: 10_001;
    /// Transforms of one reference.
    xades_transforms: 2;
    /// Signatures in one file.
    xades_signatures: 256;
    /// Bytes of a CMS structure.
    cms_bytes: 8 << 20;
    /// Bytes of the answer of a time-stamping or OCSP service.
    answer_bytes: 256 << 10;
    /// Requests of one kind that are made for one document.
    fetches: 64;
    /// Certificates that an OCSP answer speaks about.
    ocsp_answers: 256;
    /// Seconds that an OCSP answer counts where it does not say until when.
    ocsp_age_seconds: 24 * 60 * 60;
    /// Nesting of ASN.1.
    der_depth: 64;
    /// Certificates in a chain or a CMS structure.
    certificates: 64;
    /// Bytes of one certificate.
    certificate_bytes: 64 << 10;
    /// Certificates from one to a trusted one, both counted.
    path_depth: 8;
    /// Signatures that are verified to find one path.
    path_signatures: 100;
    /// Names that are compared with name constraints to find one path.
    path_names: 250_000;
    /// Bytes of a CRL.
    crl_bytes: 128 << 20;
    /// Bytes of a PFX or key file.
    key_bytes: 1 << 20;
    /// Iterations of one key derivation.
    kdf_iterations: 1_000_000;
    /// Iterations of all key derivations of a file.
    kdf_iterations_sum: 5_000_000;
    /// Bytes of memory of one key derivation by scrypt (128 N r).
    scrypt_bytes: 256 << 20;
    /// Bytes that all key derivations of a file by scrypt go through (128 N r p).
    scrypt_bytes_sum: 2 << 30;
    /// Bags of a PFX.
    pfx_bags: 64;
    /// Bytes of a PKCS#11 URI.
    pkcs11_uri_bytes: 4_096;
    /// Keys, and certificates, that are looked at on a PKCS#11 token.
    pkcs11_objects: 1_000;
    /// Bytes of a saved state.
    state_bytes: 16 << 20;
    /// Bytes of the record of a session, which holds its states.
    session_bytes: 64 << 20;
    /// Files of a session.
    session_files: 10_000;
    /// Bytes of one line of JSON input.
    line_bytes: 16 << 20;
    /// Sessions, values or files of one request to a signing service, and of its answer.
    wire_rows: 10_000;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_by_name_and_refuses_unknown_names() {
        let mut limits = Limits::default();
        for name in Limits::NAMES {
            limits.set(name, 7).unwrap();
            assert_eq!(limits.value(name), Some(7));
        }
        limits.set("pdf-depth", 8).unwrap();
        assert_eq!(limits.pdf_depth, 8);
        assert!(limits.set("pdf_dept", 1).is_err());
        assert_eq!((Limits::about("pdf-depth").is_some(), Limits::about("pdf_dept")), (true, None));
    }
}
