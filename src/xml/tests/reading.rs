//! What is read, what is refused, and with which code.

use super::*;

#[test]
fn elements_know_names_places_and_values() {
    let text = "\u{feff}<?xml version='1.0' encoding=\"utf-8\"?>\r\n<!--c--><a:r xmlns:a='urn:a' xmlns='urn:d' Id='R'>\
                <k xml:id='K' a:n=' &lt;\r\n\tx&#10;'>t&amp;\r\n</k ><a:k/><?p i?></a:r>\n";
    let document = parse(text);
    let root = document.root();
    assert!(document.has_byte_order_mark());
    assert!(root.is("urn:a", "r") && root.parent().is_none());
    let [first, second] = root.children().collect::<Vec<_>>()[..] else { panic!("two elements") };
    assert!(first.is("urn:d", "k") && second.is("urn:a", "k"));
    assert_eq!(first.attribute_in("urn:a", "n"), Some(" <  x\n"));
    assert_eq!(first.attribute("n"), None);
    assert_eq!(first.text().as_deref(), Some("t&\n"));
    assert_eq!(second.text().as_deref(), Some(""));
    assert_eq!(root.text(), None);
    assert_eq!(&text[second.range()], "<a:k/>");
    assert!(text[first.range()].starts_with("<k ") && text[first.range()].ends_with("</k >"));
    assert!(document.by_id("K") == Some(first) && document.by_id("R") == Some(root) && document.by_id("x").is_none());
    assert!(root.child("urn:a", "k") == Some(second) && root.children_named("urn:a", "k").count() == 1);
    assert!(!root.has_only_elements() && !first.has_only_elements() && second.has_only_elements());
    assert!(parse("<a> <b>x</b>\n</a>").root().has_only_elements());
}

#[test]
fn a_namespace_is_known_by_the_prefix_that_means_it_there() {
    let document = parse("<a xmlns='urn:d' xmlns:x='urn:x' xmlns:y='urn:x'><b xmlns:x='urn:z' xmlns=''><c/></b></a>");
    let root = document.root();
    let inner = root.children().next().and_then(|b| b.children().next()).unwrap();
    assert_eq!((root.prefix_of("urn:d"), root.prefix_of("urn:q")), (Some(""), None));
    assert!(matches!(root.prefix_of("urn:x"), Some("x" | "y")));
    assert_eq!((inner.prefix_of("urn:x"), inner.prefix_of("urn:z")), (Some("y"), Some("x")));
    assert_eq!(inner.prefix_of("urn:d"), None, "hidden");
}

#[test]
fn text_is_only_text() {
    for broken in ["<b/>x", "x<!---->", "<?p?>", "<![CDATA[x]]>", "x<![CDATA[]]>", "a<b/>c"] {
        assert_eq!(parse(&format!("<a>{broken}</a>")).root().text(), None, "{broken}");
    }
}

#[test]
fn an_id_is_found_only_by_the_attributes_that_signatures_use() {
    let document = parse("<a ID='1'><b id='2'/><c Id='3'/><d xml:id='x4'/><e xmlns:p='urn:p' p:Id='3'/></a>");
    assert!(document.by_id("1").is_none() && document.by_id("2").is_none());
    assert_eq!(document.by_id("3").map(|e| e.local()), Some("c"));
    assert_eq!(document.by_id("x4").map(|e| e.local()), Some("d"));
    for twice in ["<a Id='1'><b Id='1'/></a>", "<a Id='1'><b ID='1'/></a>", "<a id='x1'><b xml:id='&#x78;1'/></a>"] {
        assert_eq!(refused(twice).0, ErrorCode::XmlDuplicateId, "{twice}");
    }
    assert_eq!(refused("<a Id='1'><b ID='1'/></a>").1, 13);
}

#[test]
fn refuses_other_encodings_and_versions() {
    let utf16: Vec<u8> = "\u{feff}<a/>".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(refused(utf16), (ErrorCode::XmlEncoding, 0));
    for text in [
        "<?xml version='1.0' encoding='UTF-7'?><a/>",
        "<?xml version='1.0' encoding='ISO-8859-1'?><a/>",
        "<?xml version='1.1'?><a/>",
        "<a>\0</a>",
        "<a>\u{1b}</a>",
        "<a>\u{ffff}</a>",
        "<a>&#0;</a>",
        "<a>&#xD800;</a>",
        "<a b='&#xFFFE;'/>",
        "<a>&#99999999999;</a>",
    ] {
        assert_eq!(refused(text).0, ErrorCode::XmlEncoding, "{text}");
    }
    assert_eq!(refused(b"<a>\xc0\x80</a>"), (ErrorCode::XmlEncoding, 3));
}

#[test]
fn refuses_document_types_and_entities() {
    for text in [
        "<!DOCTYPE a><a/>",
        "<?xml version='1.0'?>\n<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>",
        "<a>&x;</a>",
        "<a b='&nbsp;'/>",
    ] {
        assert_eq!(refused(text).0, ErrorCode::XmlDoctype, "{text}");
    }
}

#[test]
fn refuses_what_is_not_well_formed() {
    for text in [
        "",
        " ",
        "x<a/>",
        "<a/>x",
        "<a/><b/>",
        "<a/><![CDATA[]]>",
        "<a>",
        "<a></b>",
        "</a>",
        "<a><b></a></b>",
        "<a",
        "<a b/>",
        "<a b=c/>",
        "<a b='<'/>",
        "<a b='1'c='2'/>",
        "<a b='x/>",
        "<1/>",
        "<a:/>",
        "<:a/>",
        "<a:b:c xmlns:a='urn:a'/>",
        "< a/>",
        "<a>]]></a>",
        "<a>&</a>",
        "<a>&#;</a>",
        "<a>&#x;</a>",
        "<a>&#X41;</a>",
        "<a>&lt</a>",
        "<a>&#+1;</a>",
        "<a><!-- -- --></a>",
        "<a><!-- ---></a>",
        "<a><!--></a>",
        "<a><![CDATA[</a>",
        "<a><!ELEMENT b></a>",
        "<a><?xml version='1.0'?></a>",
        "<a><?XmL?></a>",
        "<a><?p</a>",
        "<a><?p:q?></a>",
        "<a><??></a>",
        " <?xml version='1.0'?><a/>",
        "<?xml?><a/>",
        "<?xml encoding='UTF-8'?><a/>",
        "<?xml version='1.0' standalone='yes' encoding='UTF-8'?><a/>",
        "<?xml version='1.0' standalone='maybe'?><a/>",
        "<?xml version='1.0'encoding='UTF-8'?><a/>",
        "\u{feff}\u{feff}<a/>",
        "<a xml:id=''/>",
        "<a xml:id=' b'/>",
        "<a xml:id='b:c'/>",
    ] {
        assert_eq!(refused(text).0, ErrorCode::XmlSyntax, "{text}");
    }
    assert_eq!(refused("<a><b></a></b>").1, 6);
    assert_eq!(refused("<a>&lt;&</a>").1, 7);
}

#[test]
fn refuses_namespace_tricks() {
    for text in [
        "<p:a/>",
        "<a p:b=''/>",
        "<a xmlns:p=''/>",
        "<a xmlns:xml='urn:x'/>",
        "<a xmlns:xmlns='urn:x'/>",
        "<xmlns:a/>",
        "<a xmlns:p='http://www.w3.org/XML/1998/namespace'/>",
        "<a xmlns='http://www.w3.org/2000/xmlns/'/>",
        "<a xmlns='relative'/>",
        "<a xmlns:p='../x:y'/>",
        "<a><b xmlns:p='urn:p'/><p:c/></a>",
    ] {
        assert_eq!(refused(text).0, ErrorCode::XmlNamespace, "{text}");
    }
    parse("<a xmlns='' xmlns:xml='http://www.w3.org/XML/1998/namespace' xml:lang=''/>");
}

#[test]
fn refuses_attributes_given_twice() {
    for text in [
        "<a b='' b=''/>",
        "<a xmlns='urn:a' xmlns='urn:b'/>",
        "<a xmlns:p='urn:a' xmlns:p='urn:a'/>",
        "<a xmlns:p='urn:a' xmlns:q='urn:&#97;' p:b='' q:b=''/>",
    ] {
        assert_eq!(refused(text).0, ErrorCode::XmlDuplicateAttribute, "{text}");
    }
    parse("<a xmlns='urn:a' xmlns:p='urn:a' b='' p:b=''/>");
}

#[test]
fn says_what_text_xml_can_hold() {
    assert!(is_xml_text("ā\t\r\n😀\u{85}\u{feff}"));
    for text in ["\0", "\u{b}", "a\u{1f}", "\u{fffe}", "\u{ffff}"] {
        assert!(!is_xml_text(text), "{text:?}");
    }
}
