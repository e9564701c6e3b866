use super::*;
use crate::xades::tests::FILES;

const DSS: &[u8] = include_bytes!("../../../testdata/xades/dss-lta-rsa.xml");
const LIBDIGIDOCPP: &[u8] = include_bytes!("../../../testdata/xades/libdigidocpp-lta-p384.xml");

fn open(bytes: &[u8]) -> Extension {
    Extension::open(bytes, &Limits::default(), &Budget::new(&Limits::default())).unwrap()
}

/// The files of these samples.
fn data(reference: &crate::xades::Reference, state: &mut State) -> Result<()> {
    state.update(match reference.name.as_deref() {
        Some("hello.txt" | "doc one.txt") => b"hello\n",
        Some("Līgums ō.pdf") => b"%PDF-1.4\n",
        other => panic!("{other:?}"),
    });
    Ok(())
}

fn token(file: &Extension, number: usize) -> Token {
    Token::read(&file.signatures()[0].time_stamps[number].token, &Limits::default()).unwrap()
}

fn text(file: &Extension) -> String {
    String::from_utf8(file.bytes().to_vec()).unwrap()
}

#[test]
fn imprints_of_the_worked_example() {
    let methods = ["http://www.w3.org/2001/10/xml-exc-c14n#", "http://www.w3.org/2006/12/xml-c14n11"];
    let expected = [
        "7893aacf2d1a81f4033b60005f1e0dcc281b8f9d4087d0d17de32841fd145a0a",
        "a47ef305cbf5b62c34f1796fefeaeb3faaee32d36b79e5059e71caa758e74fd7",
    ];
    for ((file, method), expected) in FILES.iter().zip(methods).zip(expected) {
        let stamp = |start: &str, name: &str| {
            format!(
                "<{start}><ds:CanonicalizationMethod Algorithm=\"{method}\"></ds:CanonicalizationMethod>\
                 <xades:EncapsulatedTimeStamp>AAAA</xades:EncapsulatedTimeStamp></{name}>"
            )
        };
        let first = stamp("xades:SignatureTimeStamp Id=\"S0-T0\"", "xades:SignatureTimeStamp");
        let second =
            stamp("n:ArchiveTimeStamp xmlns:n=\"http://uri.etsi.org/01903/v1.4.1#\" Id=\"A\"", "n:ArchiveTimeStamp");
        let properties = format!(
            "<xades:UnsignedProperties><xades:UnsignedSignatureProperties>{first}{second}\
             </xades:UnsignedSignatureProperties></xades:UnsignedProperties></xades:QualifyingProperties>"
        );
        let file = String::from_utf8(file.to_vec()).unwrap().replace("</xades:QualifyingProperties>", &properties);
        let file = open(file.as_bytes());
        let found =
            file.stamped_imprint(0, 1, PartForm::Referenced, DigestAlgorithm::Sha256, &mut data).unwrap().unwrap();
        assert_eq!(found.to_hex(), expected, "{method}");
    }
    let expected = [
        "1af35fbdaae45fc5a05ef43382644ae193e878481607fa31e1198310a4652416",
        "b005ed8785fd9cfcf77b8e434729c36880481c9544954cd22172ee308c5ca6c0",
    ];
    for (file, expected) in FILES.iter().zip(expected) {
        assert_eq!(open(file).stamp_imprint(0, DigestAlgorithm::Sha256).unwrap().to_hex(), expected);
    }
}

#[test]
fn archive_imprints_of_others_are_computed() {
    for (file, last) in [(DSS, 1), (LIBDIGIDOCPP, 1)] {
        let file = open(file);
        let token = token(&file, last);
        let algorithm = token.info().imprint_algorithm().unwrap();
        let found = file.stamped_imprint(0, last, PartForm::Referenced, algorithm, &mut data).unwrap().unwrap();
        token.check(&found).unwrap();
        let other = file.stamped_imprint(0, last, PartForm::Referenced, algorithm, &mut |_, state| {
            state.update(b"hello");
            Ok(())
        });
        assert_ne!(other.unwrap().unwrap(), found, "the files count");
    }
}

#[test]
fn what_was_added_is_what_the_next_stamp_is_over() {
    let donor = open(DSS);
    let (stamp, values) = (token(&donor, 0), donor.held(0).unwrap());
    for file in FILES {
        let mut file = open(file);
        let before = text(&file);
        file.put_stamp(0, &stamp, &[1; 32]).unwrap();
        assert!(file.signatures()[0].time_stamps[0].id.as_deref().unwrap().starts_with("T-"));
        assert_eq!(file.signatures()[0].level_claimed, "B-T");
        let covered = file.signatures()[0].time_stamps[0].covered.clone().unwrap();
        let imprint = file.stamp_imprint(0, DigestAlgorithm::Sha512).unwrap();
        assert_eq!(DigestAlgorithm::Sha512.digest(&covered), imprint);

        file.put_data(0, &values, &[]).unwrap();
        assert_eq!(file.signatures()[0].level_claimed, "B-LT");
        let imprint = file.new_imprint(DigestAlgorithm::Sha256).unwrap();
        file.put_archive(0, &stamp, &[1; 32]).unwrap();
        assert_eq!(file.signatures()[0].level_claimed, "B-LTA");
        let other = file.stamped_imprint(0, 1, PartForm::Stamped, DigestAlgorithm::Sha256, &mut data);
        assert_eq!(other.unwrap(), Some(imprint), "whoever feeds the signed properties in whichever form");
        let again = |file: &Extension| {
            file.stamped_imprint(0, 1, PartForm::Referenced, DigestAlgorithm::Sha256, &mut data).unwrap()
        };
        assert_eq!(again(&file), Some(imprint));
        // A renewal changes nothing of that.
        file.put_archive(0, &stamp, &[1; 32]).unwrap();
        assert_eq!(again(&file), Some(imprint));
        assert_eq!(file.signatures()[0].time_stamps.len(), 3);
        let after = text(&file);
        let (head, tail) = before.split_once("</xades:QualifyingProperties>").unwrap();
        assert!(after.starts_with(head) && after.ends_with(tail), "only put in");
        assert!(file.signatures()[0].value_verifies() == Some(true));
        assert_eq!(file.signatures()[0].remarks, [""; 0]);
    }
}

#[test]
fn values_are_merged_until_an_archive_time_stamp_covers_them() {
    let donor = open(DSS);
    let (stamp, all) = (token(&donor, 0), donor.held(0).unwrap());
    let (mut first, mut second) = (ValidationData::default(), ValidationData::default());
    let fresh: Vec<_> = all.certificates().iter().filter(|one| !stamp.certificates().contains(one)).collect();
    first.add_certificate(fresh[0]);
    first.add_ocsp(&all.ocsp()[0]);
    fresh.iter().take(2).for_each(|one| second.add_certificate(one));
    all.ocsp().iter().take(2).for_each(|one| second.add_ocsp(one));
    let count = |file: &Extension, word: &str| text(file).matches(word).count();

    let mut file = open(FILES[0]);
    file.put_stamp(0, &stamp, &[1; 32]).unwrap();
    file.put_data(0, &first, &[]).unwrap();
    file.put_data(0, &second, &[]).unwrap();
    assert_eq!(count(&file, "<xades:CertificateValues>"), 1);
    assert_eq!(count(&file, "<xades:OCSPValues>"), 1);
    assert_eq!(count(&file, "<xades:EncapsulatedX509Certificate>"), 2, "each once");
    assert_eq!(count(&file, "<xades:EncapsulatedOCSPValue>"), 2);
    let once = text(&file);
    file.put_data(0, &second, &[(0, second.clone())]).unwrap();
    assert_eq!(text(&file), once, "nothing is new");

    // Without a container before the first archive time-stamp none comes later: libdigidocpp would take it in there.
    let mut late = open(text(&file).as_bytes());
    late.put_archive(0, &stamp, &[1; 32]).unwrap();
    let before = text(&late);
    late.put_data(0, &ValidationData::default(), &[(1, all.clone())]).unwrap();
    assert_eq!(text(&late), before);

    let mut third = ValidationData::default();
    let other = include_bytes!("../../../testdata/signers/issuing.pem");
    third.add_certificate(&crate::Certificate::parse(other).unwrap());
    file.put_data(0, &ValidationData::default(), &[(0, third)]).unwrap();
    let imprint = file.new_imprint(DigestAlgorithm::Sha256).unwrap();
    file.put_archive(0, &stamp, &[1; 32]).unwrap();
    let id = file.signatures()[0].time_stamps[1].id.clone().unwrap();
    file.put_data(0, &ValidationData::default(), &[(1, all.clone())]).unwrap();
    assert_eq!(
        file.stamped_imprint(0, 1, PartForm::Referenced, DigestAlgorithm::Sha256, &mut data).unwrap(),
        Some(imprint)
    );
    assert_eq!(count(&file, &format!(" URI=\"#{id}\">")), 1);
    let held = file.held(0).unwrap();
    assert!(all.ocsp().len() > 2 && all.without(&held).ocsp().is_empty());
}

#[test]
fn between_two_archive_time_stamps_is_one_container() {
    let donor = open(DSS);
    let (stamp, all) = (token(&donor, 0), donor.held(0).unwrap());
    let ocsp = |n: usize| {
        let mut data = ValidationData::default();
        data.add_ocsp(&all.ocsp()[n]);
        data
    };
    let mut file = open(FILES[0]);
    let containers = |file: &Extension| text(file).matches("<xades141:TimeStampValidationData").count();
    file.put_stamp(0, &stamp, &[1; 32]).unwrap();
    file.put_stamp(0, &stamp, &[2; 32]).unwrap();
    file.put_data(0, &ValidationData::default(), &[(0, ocsp(0)), (1, ocsp(1))]).unwrap();
    let mut certificates = ValidationData::default();
    all.certificates().iter().for_each(|one| certificates.add_certificate(one));
    file.put_data(0, &ValidationData::default(), &[(1, certificates)]).unwrap();
    assert_eq!(containers(&file), 1);
    let between = "</xades:CertificateValues><xades:RevocationValues>";
    assert!(text(&file).contains(between), "certificates come first");
    file.put_archive(0, &stamp, &[3; 32]).unwrap();
    file.put_data(0, &ValidationData::default(), &[(2, ocsp(2))]).unwrap();
    assert_eq!(containers(&file), 2);
    assert!(all.without(&file.held(0).unwrap()).ocsp().is_empty());
}

#[test]
fn lists_join_what_is_there_in_the_order_of_the_schema() {
    let donor = open(DSS).held(0).unwrap();
    let crl = include_bytes!("../../../testdata/services/crl/i1.crl");
    let crl = crate::pki::crl::Crl::read(&crate::Source::from_bytes(&crl[..]), &Limits::default()).unwrap();
    let mut new = ValidationData::default();
    new.add_ocsp(&donor.ocsp()[0]);
    new.add_crl(&std::sync::Arc::new(crl));
    for (there, expected) in [
        (
            "<x:RevocationValues/>",
            "<x:RevocationValues><x:CRLValues>|</x:CRLValues><x:OCSPValues>|</x:OCSPValues></x:RevocationValues>",
        ),
        (
            "<x:RevocationValues><x:OtherValues/></x:RevocationValues>",
            "<x:RevocationValues><x:CRLValues>|</x:CRLValues><x:OCSPValues>|</x:OCSPValues><x:OtherValues/></x:RevocationValues>",
        ),
        (
            "<x:RevocationValues> <x:OCSPValues /></x:RevocationValues>",
            "<x:RevocationValues> <x:CRLValues>|</x:CRLValues><x:OCSPValues >|</x:OCSPValues></x:RevocationValues>",
        ),
        (
            "<x:RevocationValues><x:CRLValues></x:CRLValues>\n</x:RevocationValues>",
            "<x:RevocationValues><x:CRLValues>|</x:CRLValues>\n<x:OCSPValues>|</x:OCSPValues></x:RevocationValues>",
        ),
    ] {
        let list = format!(
            "<x:UnsignedProperties xmlns:x=\"{XADES}\"><x:UnsignedSignatureProperties>{there}\
             </x:UnsignedSignatureProperties></x:UnsignedProperties></xades:QualifyingProperties>"
        );
        let file = String::from_utf8(FILES[0].to_vec()).unwrap();
        let mut file = open(file.replace("</xades:QualifyingProperties>", &list).as_bytes());
        file.put_data(0, &new, &[]).unwrap();
        let mut found = text(&file);
        let values = [
            ("OCSP", donor.ocsp()[0].as_bytes()),
            ("CRL", &new.crls()[0].source().window(0..new.crls()[0].source().len()).unwrap()),
        ];
        for (kind, value) in values {
            let value = STANDARD.encode(value);
            found = found.replace(&format!("<x:Encapsulated{kind}Value>{value}</x:Encapsulated{kind}Value>"), "|");
        }
        assert!(found.contains(expected), "{there}: {found}");
    }
}

#[test]
fn names_are_written_as_they_mean_something_at_their_place() {
    let stamp = token(&open(DSS), 0);
    let file = String::from_utf8(FILES[0].to_vec()).unwrap();
    let bare = |properties: &str| file.replace("</xades:QualifyingProperties>", properties);
    for other in [
        format!("<UnsignedProperties xmlns=\"{XADES}\"/></xades:QualifyingProperties>"),
        format!(
            "<UnsignedProperties xmlns=\"{XADES}\"><UnsignedSignatureProperties /></UnsignedProperties></xades:QualifyingProperties>"
        ),
        format!(
            "<p:UnsignedProperties xmlns:p=\"{XADES}\" xmlns:ds=\"urn:x\" xmlns:xades=\"urn:y\"></p:UnsignedProperties></xades:QualifyingProperties>"
        ),
        format!(
            "<xades141:UnsignedProperties xmlns:xades141=\"{XADES}\" xmlns:xades=\"urn:y\"><xades141:UnsignedDataObjectProperties/></xades141:UnsignedProperties></xades:QualifyingProperties>"
        ),
    ] {
        let mut file = open(bare(&other).as_bytes());
        file.put_stamp(0, &stamp, &[1; 32]).unwrap();
        file.put_archive(0, &stamp, &[1; 32]).unwrap();
        let signature = &file.signatures()[0];
        assert_eq!(signature.time_stamps.len(), 2, "{other}");
        assert_eq!(signature.obstacle, None);
        assert_eq!(signature.time_stamps[0].covered, open(FILES[0]).value_in_exclusive_form(), "{other}");
    }
}

#[test]
fn nothing_goes_where_it_would_change_what_is_signed() {
    // The Object around the properties is itself signed.
    let file = String::from_utf8(FILES[0].to_vec()).unwrap().replace("<ds:Object>", "<ds:Object Id=\"O\">");
    let object = open(file.as_bytes());
    let mut state = State::new(DigestAlgorithm::Sha256);
    let element = object.document.by_id("O").unwrap();
    Transform::EXCLUSIVE.feed(element, &mut state, &Budget::new(&Limits::default())).unwrap();
    let reference = format!(
        "<ds:Reference URI=\"#O\"><ds:Transforms><ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/>\
         </ds:Transforms><ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/><ds:DigestValue>{}\
         </ds:DigestValue></ds:Reference></ds:SignedInfo>",
        STANDARD.encode(state.finish().as_bytes())
    );
    let mut covered = open(file.replace("</ds:SignedInfo>", &reference).as_bytes());
    assert_eq!(covered.signatures()[0].properties_match(), Some(true));
    let before = text(&covered);
    let error = covered.put_stamp(0, &token(&open(DSS), 0), &[1; 32]).unwrap_err();
    assert_eq!(error.code(), ErrorCode::SignatureBroken);
    assert_eq!(text(&covered), before, "it is what it was");
}

#[test]
fn old_and_distributed_time_stamps_are_not_computed() {
    let donor = String::from_utf8(DSS.to_vec()).unwrap();
    let obstacle = |text: &str| {
        let file = open(text.as_bytes());
        assert_eq!(file.stamped_imprint(0, 1, PartForm::Referenced, DigestAlgorithm::Sha256, &mut data).unwrap(), None);
        file.signatures()[0].obstacle.unwrap()
    };
    let old = donor.replace("http://uri.etsi.org/01903/v1.4.1#", XADES);
    assert_eq!(obstacle(&old), "it has an archive time-stamp of the old kind");
    let at = donor.rfind("<ds:CanonicalizationMethod").unwrap();
    let distributed = format!("{}<xades:Include URI=\"#a\"/>{}", &donor[..at], &donor[at..]);
    assert_eq!(obstacle(&distributed), "it has a distributed archive time-stamp");
    let unknown = format!(
        "{}<ds:CanonicalizationMethod Algorithm=\"urn:x\"/>{}",
        &donor[..at],
        &donor[donor.rfind("<xades:EncapsulatedTimeStamp").unwrap()..]
    );
    assert_eq!(obstacle(&unknown), "the canonicalization of a time-stamp is not known");
    let at = donor.rfind("</xades141:ArchiveTimeStamp>").unwrap();
    let two =
        format!("{}<xades:EncapsulatedTimeStamp>AAAA</xades:EncapsulatedTimeStamp>{}", &donor[..at], &donor[at..]);
    assert_eq!(obstacle(&two), "a time-stamp holds not one token");
}

impl Extension {
    /// An imprint that nothing is known of.
    fn stamped_imprint(
        &self,
        index: usize,
        stamp: usize,
        form: PartForm,
        algorithm: DigestAlgorithm,
        data: &mut Data<'_>,
    ) -> Result<Option<Digest>> {
        let budget = Budget::new(&self.limits);
        self.archive_imprint_of((index, stamp), form, algorithm, &mut Imprints::default(), &budget, data)
    }

    fn new_imprint(&self, algorithm: DigestAlgorithm) -> Result<Digest> {
        let budget = Budget::new(&self.limits);
        self.archive_imprint(0, algorithm, &mut Imprints::default(), &budget, &mut data)
    }

    fn value_in_exclusive_form(&self) -> Option<Vec<u8>> {
        let limits = Limits::default();
        let budget = Budget::new(&limits);
        let mut octets = crate::xades::octets::Octets::new(&limits, &budget);
        octets.of(self.parts(0).unwrap().value, &Transform::EXCLUSIVE).ok()
    }
}

#[test]
fn time_stamps_of_one_signature_share_what_they_are_over() {
    for file in [DSS, LIBDIGIDOCPP] {
        let mut file = open(file);
        let stamps = file.signatures()[0].time_stamps.len();
        let stamp = token(&file, stamps - 1);
        for n in 0..3 {
            file.put_archive(0, &stamp, &[n; 32]).unwrap();
        }
        let budget = Budget::new(&Limits::default());
        let mut known = Imprints::default();
        let mut fed = 0;
        for number in stamps - 1..stamps + 3 {
            let form = PartForm::Referenced;
            let algorithm = DigestAlgorithm::Sha256;
            let alone = file.stamped_imprint(0, number, form, algorithm, &mut data).unwrap();
            let mut counted = |reference: &crate::xades::Reference, state: &mut State| {
                fed += 1;
                data(reference, state)
            };
            let shared = file.archive_imprint_of((0, number), form, algorithm, &mut known, &budget, &mut counted);
            assert_eq!(shared.unwrap(), alone, "{number}");
        }
        // The first one names another canonicalization than those of ours.
        let files = file.signatures()[0].files().count();
        assert!(fed <= 2 * files, "{fed} of {files}");
    }
}
