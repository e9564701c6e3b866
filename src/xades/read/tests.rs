use super::super::tests::FILES;
use super::*;
use crate::digest::DigestAlgorithm;
use crate::error::ErrorCode;
use crate::time::Time;
use crate::xades::unsigned::TimeStampKind;
use crate::xades::{Budget, Signature, XADES};

fn read(text: &str) -> Result<SignatureFile> {
    SignatureFile::read(text.as_bytes(), &Limits::default(), &Budget::new(&Limits::default()))
}

fn example() -> String {
    String::from_utf8(FILES[0].to_vec()).unwrap()
}

/// The example with the first `from` replaced.
fn changed(from: &str, to: &str) -> String {
    let text = example();
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1)
}

fn code(text: &str) -> Option<&'static str> {
    read(text).err().map(|error| error.code().as_str())
}

fn one(text: &str) -> Signature {
    read(text).unwrap().signatures()[0].clone()
}

#[test]
fn worked_examples_verify() {
    for file in FILES {
        let file = SignatureFile::read(file, &Limits::default(), &Budget::new(&Limits::default())).unwrap();
        let [signature] = file.signatures() else { panic!("one signature") };
        assert_eq!(signature.value_verifies(), Some(true));
        assert_eq!(signature.properties_match(), Some(true));
        assert_eq!(signature.remarks, [""; 0]);
        assert_eq!((signature.id.as_deref(), signature.level_claimed), (Some("S0"), "B-B"));
        let hello = &signature.references[0];
        assert_eq!(hello.name.as_deref(), Some("hello.txt"));
        assert_eq!(hello.media_type.as_deref(), Some("text/plain"));
        assert_eq!(hello.expected(), Some(DigestAlgorithm::Sha256.digest(b"hello\n")));
    }
}

#[test]
fn signatures_of_other_makers_verify() {
    type Case<'a> = (&'a [u8], &'a str, &'a [&'a str], usize, &'a str);
    let cases: [Case<'_>; 4] = [
        (include_bytes!("../../../testdata/xades/dss-t-p384.xml"), "B-T", &["doc one.txt"], 1, "2026-11-22T05:56:24Z"),
        (
            include_bytes!("../../../testdata/xades/dss-lta-rsa.xml"),
            "B-LTA",
            &["doc one.txt"],
            2,
            "2026-11-22T05:56:24Z",
        ),
        (
            include_bytes!("../../../testdata/xades/libdigidocpp-b-rsa.xml"),
            "B-B",
            &["doc one.txt", "Līgums ō.pdf"],
            0,
            "2026-11-22T05:56:30Z",
        ),
        (
            include_bytes!("../../../testdata/xades/libdigidocpp-lta-p384.xml"),
            "B-LTA",
            &["doc one.txt", "Līgums ō.pdf"],
            2,
            "2026-11-22T05:56:31Z",
        ),
    ];
    for (file, level, names, stamps, time) in cases {
        let file = SignatureFile::read(file, &Limits::default(), &Budget::new(&Limits::default())).unwrap();
        let [signature] = file.signatures() else { panic!("one signature") };
        assert_eq!(signature.value_verifies(), Some(true));
        assert_eq!(signature.properties_match(), Some(true));
        assert_eq!(signature.remarks, [""; 0]);
        assert_eq!(signature.level_claimed, level);
        assert_eq!(signature.files().filter_map(|file| file.name.as_deref()).collect::<Vec<_>>(), names);
        assert_eq!(signature.signing_time, Some(Time::parse_rfc3339(time).unwrap()));
        assert_eq!(signature.time_stamps.len(), stamps);
        for stamp in signature.time_stamps.iter().filter(|stamp| stamp.kind == TimeStampKind::Signature) {
            let (token, _) = crate::cms::SignedData::parse(&stamp.token, &Limits::default()).unwrap();
            let info = crate::cms::TstInfo::parse(token.content().unwrap()).unwrap();
            assert_eq!(info.stamps(stamp.covered.as_deref().unwrap()), Some(true));
        }
    }
}

#[test]
fn wrapped_and_doubled_parts_are_refused() {
    let text = example();
    let part = |from: &str, to: &str| {
        let start = text.find(from).unwrap();
        let end = start + text[start..].find(to).unwrap() + to.len();
        text[start..end].to_owned()
    };
    let signature = part("<ds:Signature ", "</ds:Signature>");
    let info = part("<ds:SignedInfo>", "</ds:SignedInfo>");
    let qualifying = part("<xades:QualifyingProperties", "</xades:QualifyingProperties>");
    let properties = part("<xades:SignedProperties", "</xades:SignedProperties>");
    let value = part("<ds:SignatureValue", "</ds:SignatureValue>");
    let key_info = part("<ds:KeyInfo>", "</ds:KeyInfo>");
    let other = |part: &str| part.replace("S0-SP", "S1-SP").replace("\"S0-", "\"S1-");
    for (from, to, expected) in [
        // The signature stands anywhere but below the root.
        (&signature, &format!("<x>{signature}</x>"), "xades.malformed"),
        (&signature, &format!("<Object xmlns=\"{DS}\">{signature}</Object>"), "xades.malformed"),
        (&signature, &String::new(), "xades.malformed"),
        (&signature, &format!("text{signature}"), "xades.malformed"),
        (&signature, &format!("{signature}{signature}"), "xml.duplicate-id"),
        // Parts stand twice, are missing, or stand in another order.
        (&info, &format!("{info}{}", other(&info)), "xades.malformed"),
        (&info, &format!("text{info}"), "xades.malformed"),
        (&info, &format!("<ds:Object>{info}</ds:Object>"), "xades.malformed"),
        (&value, &format!("{value}{}", other(&value)), "xades.malformed"),
        (&value, &String::new(), "xades.malformed"),
        (&key_info, &format!("{key_info}{key_info}"), "xades.malformed"),
        (&qualifying, &format!("{qualifying}{}", other(&qualifying)), "xades.malformed"),
        (&qualifying, &format!("{qualifying}</ds:Object><ds:Object>{}", other(&qualifying)), "xades.malformed"),
        (&qualifying, &String::new(), "xades.malformed"),
        (&qualifying, &format!("<x>{qualifying}</x>"), "xades.malformed"),
        (&properties, &format!("{properties}{}", other(&properties)), "xades.malformed"),
        (&properties, &String::new(), "xades.malformed"),
        // The signed properties are elsewhere than where they are read.
        (
            &qualifying,
            &format!(
                "{}</ds:Object><ds:Object xmlns:xades=\"{XADES}\">{properties}",
                qualifying.replace("S0-SP", "S1-SP")
            ),
            "xades.reference",
        ),
    ] {
        assert_eq!(code(&text.replacen(from.as_str(), to, 1)), Some(expected), "{to}");
    }
}

#[test]
fn the_signed_properties_are_bound_to_their_signature() {
    let reference = r##"<ds:Reference Type="http://uri.etsi.org/01903#SignedProperties" URI="#S0-SP">"##;
    for (from, to, expected) in [
        (r##"Target="#S0""##, r##"Target="#S1""##, "xades.malformed"),
        (r##"Target="#S0""##, r##"Target="S0""##, "xades.malformed"),
        (r##" Target="#S0""##, "", "xades.malformed"),
        (r#" Id="S0">"#, ">", "xades.malformed"),
        (r#"Id="S0-SP""#, r#"Id="S0-XX""#, "xades.reference"),
        (reference, r##"<ds:Reference URI="#S0-SP">"##, "xades.reference"),
        (
            reference,
            r#"<ds:Reference Type="http://uri.etsi.org/01903#SignedProperties" URI="a.txt">"#,
            "xades.reference",
        ),
        (reference, &reference.replace("S0-SP", "S0-SIG"), "xades.reference"),
        (reference, &reference.replace("#S0-SP", "#xpointer(id('S0-SP'))"), "xades.reference"),
    ] {
        assert_eq!(code(&changed(from, to)), Some(expected), "{to}");
    }
    let whole = &example()[example().find(reference).unwrap()..example().find("</ds:SignedInfo>").unwrap()];
    assert_eq!(code(&changed(whole, "")), Some("xades.malformed"), "no reference to the properties");
    assert_eq!(code(&changed(whole, &whole.repeat(2))), Some("xades.reference"), "two references to them");
    // Any change of the properties shows.
    let later = one(&changed("2026-01-02T03", "2026-01-02T04"));
    assert_eq!((later.value_verifies(), later.properties_match()), (Some(true), Some(false)));
}

#[test]
fn references_lead_to_files_of_the_container_alone() {
    for uri in [
        "",
        "#",
        "#S0",
        "#S0-SIG",
        "#nothing",
        "http://example.com/a",
        "https:a",
        "file:///etc/passwd",
        "urn:x",
        "../a",
        "a/../b",
        "a//b",
        "a/",
        "%2e%2e/a",
        "a%00",
        "a%5Cb",
        "a%2",
        "..%5C%84",
        "%84/../b",
        "mimetype",
        "META-INF/manifest.xml",
        "meta-inf/x",
        "a#b",
        ".",
        "/",
        "./",
        "//a",
    ] {
        assert_eq!(code(&changed(r#"URI="hello.txt""#, &format!(r#"URI="{uri}""#))), Some("xades.reference"), "{uri}");
    }
    assert_eq!(code(&changed(r#" URI="hello.txt""#, "")), Some("xades.reference"));
    let twice = changed(
        "<ds:Reference Id=",
        "<ds:Reference URI=\"hello%2Etxt\"><ds:DigestMethod Algorithm=\"x\"/><ds:DigestValue>AA==</ds:DigestValue></ds:Reference><ds:Reference Id=",
    );
    assert_eq!(code(&twice), Some("xades.reference"), "the same file twice");
    for (uri, names, remarks) in [
        ("a%20b", &["a b", "a%20b"][..], 0),
        ("a+b", &["a+b", "a b"], 0),
        ("Līgums", &["Līgums"], 0),
        ("./a", &["a"], 1),
        ("/a", &["a"], 1),
        ("x%3Ay", &["x:y", "x%3Ay"], 0),
    ] {
        let signature = one(&changed(r#"URI="hello.txt""#, &format!(r#"URI="{uri}""#)));
        assert_eq!(signature.references[0].names(), names);
        assert_eq!(signature.remarks.len(), remarks, "{:?}", signature.remarks);
        assert_eq!(signature.value_verifies(), Some(false));
    }
    // A name that is no UTF-8 is nothing but its bytes.
    let old = one(&changed(r#"URI="hello.txt""#, r#"URI="./%84.txt""#));
    let reference = &old.references[0];
    assert_eq!((reference.name.as_deref(), reference.old_name.as_deref()), (Some("ä.txt"), Some(&b"\x84.txt"[..])));
    assert!(reference.names().is_empty() && old.remarks.len() == 2, "{:?}", old.remarks);
}

#[test]
fn values_are_text_and_strict_base64() {
    let value = "4KgNYe8okHtwejA+RRUtK7lHbDcM1h8v9885GP/zY+mZvCXq7/8C/63UMymV/ujDIqfU8AEe4JVTuAs9Y4d4Ig==";
    let digest = "WJG1tSLV3whtD/CxEPvZ0hu0/HFjrzTQgoai6Eb2vgM=";
    for text in [value, digest] {
        let (head, tail) = text.split_at(8);
        for bad in [
            String::new(),
            " ".into(),
            format!("{head}<!---->{tail}"),
            format!("{head}<?x?>{tail}"),
            format!("{head}<x/>{tail}"),
            format!("{head}<![CDATA[{tail}]]>"),
            format!("{head}-{tail}"),
            format!("{head}\u{a0}{tail}"),
            format!("{text}{text}"),
            text.trim_end_matches('=').into(),
            format!("{}=", text.trim_end_matches('=')),
        ] {
            let expected = if bad == format!("{}=", text.trim_end_matches('=')) && text == digest {
                None
            } else {
                Some("xades.malformed")
            };
            assert_eq!(code(&changed(text, &bad)), expected, "{bad}");
        }
    }
    let spaced = one(&changed(value, &format!("\n {}&#13;\r\n\t{} ", &value[..7], &value[7..])));
    assert_eq!(spaced.value_verifies(), Some(true), "white space counts for nothing outside SignedInfo");
}

#[test]
fn transforms_are_canonicalizations_and_few() {
    let exclusive = r#"<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></ds:Transform>"#;
    let other = |uri: &str| exclusive.replace("http://www.w3.org/2001/10/xml-exc-c14n#", uri);
    for bad in [
        other("http://www.w3.org/TR/1999/REC-xslt-19991116"),
        other("http://www.w3.org/TR/1999/REC-xpath-19991116"),
        other("http://www.w3.org/2002/06/xmldsig-filter2"),
        other("http://www.w3.org/2000/09/xmldsig#base64"),
        other("http://www.w3.org/2000/09/xmldsig#enveloped-signature"),
        other("http://www.w3.org/2001/10/xml-exc-c14n"),
        other(""),
        "<ds:Transform></ds:Transform>".into(),
        "<ds:Other Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/>".into(),
        exclusive.replace("></", "><ds:XPath>1</ds:XPath></"),
    ] {
        assert_eq!(code(&changed(exclusive, &bad)), Some("xades.reference"), "{bad}");
    }
    assert_eq!(code(&changed(exclusive, &exclusive.repeat(3))), Some("limit.exceeded"));
    // The reference's digest is unchanged, so the octets are, too; SignedInfo differs.
    for good in [
        exclusive.repeat(2),
        other("http://www.w3.org/2001/10/xml-exc-c14n#WithComments"),
        exclusive.replace(
            "></",
            "><ec:InclusiveNamespaces xmlns:ec=\"http://www.w3.org/2001/10/xml-exc-c14n#\" PrefixList=\"none\"/></",
        ),
    ] {
        let signature = one(&changed(exclusive, &good));
        assert_eq!((signature.properties_match(), signature.value_verifies()), (Some(true), Some(false)), "{good}");
    }
    let commented = changed("<xades:SignedSignatureProperties>", "<!-- x --><xades:SignedSignatureProperties>");
    assert_eq!(one(&commented).properties_match(), Some(true), "comments are no part of what is referenced");
}

#[test]
fn only_the_certificate_that_is_signed_is_tried() {
    let rsa = include_bytes!("../../../testdata/pki/rsa2048.pem");
    let rsa = crate::pki::Certificate::parse(rsa).unwrap();
    let text = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, rsa.as_der());
    let more = format!("<ds:X509Data><ds:X509Certificate>{text}</ds:X509Certificate>");
    let with_another = one(&changed("<ds:X509Data>", &more));
    assert_eq!(with_another.value_verifies(), Some(true), "its place does not matter");
    assert_eq!(with_another.certificates.len(), 2);

    let start = example().find("<ds:X509Certificate>").unwrap() + "<ds:X509Certificate>".len();
    let end = example().find("</ds:X509Certificate>").unwrap();
    let only_another = one(&changed(&example()[start..end], &text));
    assert_eq!((only_another.signer.is_none(), only_another.value_verifies()), (true, None));
    assert_eq!(only_another.remarks.len(), 1);
    let unnamed = one(&example().replace("SigningCertificateV2", "Other"));
    assert_eq!((unnamed.signer.is_none(), unnamed.value_verifies()), (true, None));
    let unreadable = one(&changed("<ds:X509Data>", "<ds:X509Data><ds:X509Certificate>AAAA</ds:X509Certificate>"));
    assert_eq!((unreadable.value_verifies(), unreadable.remarks.len()), (Some(true), 1));
    let key_info = example().find("<ds:KeyInfo>").unwrap()..example().find("<ds:Object>").unwrap();
    let no_key_info = changed(&example()[key_info], "");
    assert_eq!(one(&no_key_info).value_verifies(), None);
}

#[test]
fn methods_are_those_of_the_key() {
    let method = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256";
    for other in [
        "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
        "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519",
        "",
    ] {
        let signature = one(&changed(method, other));
        assert_eq!(
            (signature.algorithm, signature.value_verifies(), signature.remarks.len()),
            (None, None, 1),
            "{other}"
        );
    }
    let truncated = one(&changed(
        "ecdsa-sha256\"></ds:SignatureMethod>",
        "ecdsa-sha256\"><ds:HMACOutputLength>0</ds:HMACOutputLength></ds:SignatureMethod>",
    ));
    assert_eq!(truncated.value_verifies(), None);
    let weak = one(&changed(method, "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1"));
    assert_eq!((weak.value_verifies(), weak.remarks.len()), (Some(false), 1));
    let unknown =
        one(&changed("<ds:CanonicalizationMethod Algorithm=\"http", "<ds:CanonicalizationMethod Algorithm=\"x"));
    assert_eq!((unknown.value_verifies(), unknown.remarks.len()), (None, 1));
}

#[test]
fn zeros_before_r_and_s_are_tolerated() {
    use base64::Engine as _;
    let base64 = &base64::engine::general_purpose::STANDARD;
    let signature = one(&example());
    let (r, s) = signature.value().split_at(32);
    let text = base64.encode(signature.value());
    let wide = one(&changed(&text, &base64.encode([&[0], r, &[0], s].concat())));
    assert_eq!((wide.value_verifies(), wide.remarks.len()), (Some(true), 1));
    let der = crate::pki::ecdsa_der_from_fixed(signature.value(), crate::Curve::P256).unwrap();
    for bad in [[&[1], r, &[0], s].concat(), [r, s, &[0]].concat(), r.to_vec(), der] {
        assert_eq!(one(&changed(&text, &base64.encode(bad))).value_verifies(), Some(false));
    }
}

#[test]
fn unsigned_properties_claim_a_level() {
    let stamp = r#"<xades:SignatureTimeStamp><xades:EncapsulatedTimeStamp>AAAA</xades:EncapsulatedTimeStamp></xades:SignatureTimeStamp>"#;
    let archive = stamp.replace("xades:SignatureTimeStamp", "a:ArchiveTimeStamp").replacen(
        "<a:ArchiveTimeStamp",
        "<a:ArchiveTimeStamp xmlns:a=\"http://uri.etsi.org/01903/v1.4.1#\"",
        1,
    );
    let revocation = "<xades:RevocationValues/>";
    for (properties, level, stamps, remarks) in [
        (String::new(), "B-B", 0, 0),
        (stamp.to_owned(), "B-T", 1, 0),
        (format!("{stamp}{revocation}"), "B-LT", 1, 0),
        (format!("{stamp}{revocation}{archive}"), "B-LTA", 2, 0),
        (format!("{stamp}{archive}"), "B-T", 2, 0),
        (format!("{revocation}{archive}"), "B-B", 1, 0),
        ("<xades:CounterSignature/>".into(), "B-B", 0, 1),
        ("<xades:SignatureTimeStamp/>".into(), "B-B", 0, 1),
    ] {
        let wrapped = format!(
            "<xades:UnsignedProperties><xades:UnsignedSignatureProperties>{properties}</xades:UnsignedSignatureProperties></xades:UnsignedProperties></xades:QualifyingProperties>"
        );
        let signature = one(&changed("</xades:QualifyingProperties>", &wrapped));
        let seen = (signature.level_claimed, signature.time_stamps.len(), signature.remarks.len());
        assert_eq!(seen, (level, stamps, remarks), "{properties}");
        assert_eq!((signature.value_verifies(), signature.properties_match()), (Some(true), Some(true)));
    }
}

#[test]
fn roots_of_other_makers_are_read() {
    for namespace in ASIC_OTHERS {
        let signature = one(&changed(ASIC, namespace));
        assert_eq!(signature.value_verifies(), Some(true), "exclusive canonicalization does not see the root");
    }
    let start = example().find("<ds:Signature ").unwrap();
    let end = example().find("</asic:").unwrap();
    assert_eq!(one(&example()[start..end]).value_verifies(), Some(true));
    assert_eq!(code(&changed(ASIC, "http://example.com/")), Some("xades.malformed"));
    assert_eq!(code("<a/>"), Some("xades.malformed"));
    assert_eq!(code("<!DOCTYPE a><a/>"), Some("xml.doctype"));
}

#[test]
fn limits_hold() {
    let limit = |set: fn(&mut Limits)| {
        let mut limits = Limits::default();
        set(&mut limits);
        let error = SignatureFile::read(FILES[0], &limits, &Budget::new(&limits)).unwrap_err();
        assert_eq!(error.code(), ErrorCode::LimitExceeded);
        let crate::Error::LimitExceeded(limit) = error else { panic!("a limit") };
        limit.name
    };
    assert_eq!(limit(|limits| limits.xades_references = 1), "xades_references");
    assert_eq!(limit(|limits| limits.xades_signatures = 0), "xades_signatures");
    assert_eq!(limit(|limits| limits.xades_transforms = 0), "xades_transforms");
    assert_eq!(limit(|limits| limits.certificates = 0), "certificates");
    // Many references to one large part: their octets are counted.
    let text = example();
    let object = format!("<ds:Object Id=\"big\">{}</ds:Object></ds:Signature>", "x".repeat(100_000));
    let reference = "<ds:Reference URI=\"#big\"><ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/><ds:DigestValue>AAAA</ds:DigestValue></ds:Reference><ds:Reference Id=";
    let big = text.replacen("</ds:Signature>", &object, 1).replacen("<ds:Reference Id=", reference, 1);
    assert_eq!(one(&big).properties_match(), Some(false));
    let many = text.replacen("</ds:Signature>", &object, 1).replacen(
        "<ds:Reference Id=",
        &format!("{}<ds:Reference Id=", reference.trim_end_matches("<ds:Reference Id=").repeat(10)),
        1,
    );
    let limits = Limits { xml_bytes: 120_000, ..Limits::default() };
    let error = SignatureFile::read(many.as_bytes(), &limits, &Budget::new(&limits)).unwrap_err();
    assert_eq!(error.code(), ErrorCode::LimitExceeded);
}

#[test]
fn what_files_hold_together_is_bounded_by_name() {
    let file = String::from_utf8(FILES[0].to_vec()).unwrap();
    let set = |name: &str, value| {
        let mut limits = Limits::default();
        limits.set(name, value).unwrap();
        limits
    };
    let two = |limits: &Limits| {
        let budget = Budget::new(limits);
        SignatureFile::read(file.as_bytes(), limits, &budget).and_then(|_| {
            let read = SignatureFile::read(file.as_bytes(), limits, &budget);
            read.map(|_| ())
        })
    };
    two(&Limits::default()).unwrap();
    for (name, least) in
        [("asice_signatures", 1), ("asice_references", 3), ("asice_xml_elements", 40), ("asice_canonical_bytes", 6_000)]
    {
        two(&set(name, u64::MAX)).unwrap();
        match two(&set(name, least)) {
            Err(crate::Error::LimitExceeded(limit)) => assert_eq!(limit.name, name),
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn a_short_file_with_a_long_canonical_form_is_refused_while_it_is_written() {
    // Each child declares the namespace anew where nothing around it is written that uses it.
    let uri = format!("urn:{}", "x".repeat(1 << 20));
    let text = format!("<a xmlns:p='{uri}'><b Id='B'>{}</b></a>", "<p:c/>".repeat(100_000));
    let limits = Limits::default();
    let budget = Budget::new(&limits);
    let document = crate::xml::Document::parse(text.as_bytes(), &limits).unwrap();
    let mut octets = super::Octets::new(&limits, &budget);
    let transform = crate::xades::octets::Transform::EXCLUSIVE;
    match octets.of(document.by_id("B").unwrap(), &transform) {
        Err(crate::Error::LimitExceeded(limit)) => assert_eq!(limit.name, "xml_bytes"),
        other => panic!("{:?}", other.map(|octets| octets.len())),
    }
}
