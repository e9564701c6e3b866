//! Canonical forms; expected octets are those of the recommendations' own examples, or of libxml2.

use super::*;
use crate::xml::tree::Node;

const EXCLUSIVE: Method = Method { form: Form::Exclusive, comments: false };
const INCLUSIVE: Method = Method { form: Form::Inclusive10, comments: false };
const INCLUSIVE11: Method = Method { form: Form::Inclusive11, comments: false };

fn whole(text: &str, method: Method) -> String {
    octets(|out| canonical_document(&parse(text), method, &[], out))
}

fn part(text: &str, id: &str, method: Method, prefixes: &[&str]) -> String {
    let document = parse(text);
    let element = document.by_id(id).expect("the Id is there");
    octets(|out| super::super::canonical(element, method, prefixes, out))
}

#[test]
fn methods_have_their_names() {
    for method in Method::all() {
        assert_eq!(Method::from_uri(method.uri()), Some(method));
    }
    assert_eq!(Method::from_uri("http://www.w3.org/TR/1999/REC-xslt-19991116"), None);
    for one in [Canonicalization::Exclusive, Canonicalization::Inclusive11] {
        assert_eq!(Canonicalization::from_name(one.as_str()).unwrap(), one);
    }
    assert!(Canonicalization::from_name("1.0").is_err());
}

/// Canonical XML 1.1, example 3.1, without its document type.
#[test]
fn instructions_comments_and_outside_of_the_document_element() {
    let text = "<?xml version=\"1.0\"?>\n\n<?xml-stylesheet   href=\"doc.xsl\"\n   type=\"text/xsl\"   ?>\n\n\
                <doc>Hello, world!<!-- Comment 1 --></doc>\n\n<?pi-without-data     ?>\n\n<!-- Comment 2 -->\n\n\
                <!-- Comment 3 -->\n";
    let expected =
        "<?xml-stylesheet href=\"doc.xsl\"\n   type=\"text/xsl\"   ?>\n<doc>Hello, world!</doc>\n<?pi-without-data?>";
    assert_eq!(whole(text, INCLUSIVE11), expected);
    let expected = "<?xml-stylesheet href=\"doc.xsl\"\n   type=\"text/xsl\"   ?>\n\
                    <doc>Hello, world!<!-- Comment 1 --></doc>\n<?pi-without-data?>\n<!-- Comment 2 -->\n<!-- Comment 3 -->";
    assert_eq!(whole(text, Method { comments: true, ..INCLUSIVE11 }), expected);
}

/// Canonical XML 1.1, examples 3.3 and 3.4, without document types.
#[test]
fn start_tags_and_character_data() {
    let text = "<doc><e1   /><e2   ></e2><e3   name = \"elem3\"   id=\"elem3\"   />\
                <e5 a:attr=\"out\" b:attr=\"sorted\" attr2=\"all\" attr=\"I'm\"\n xmlns:b=\"http://www.ietf.org\"\n \
                xmlns:a=\"http://www.w3.org\"\n xmlns=\"http://example.org\"/>\
                <e6 xmlns=\"\" xmlns:a=\"http://www.w3.org\"><e7 xmlns=\"http://www.ietf.org\">\
                <e8 xmlns=\"\" xmlns:a=\"http://www.w3.org\"><e9 xmlns=\"\" xmlns:a=\"http://www.ietf.org\"/></e8></e7></e6></doc>";
    let expected = "<doc><e1></e1><e2></e2><e3 id=\"elem3\" name=\"elem3\"></e3>\
                    <e5 xmlns=\"http://example.org\" xmlns:a=\"http://www.w3.org\" xmlns:b=\"http://www.ietf.org\" attr=\"I'm\" \
                    attr2=\"all\" b:attr=\"sorted\" a:attr=\"out\"></e5>\
                    <e6 xmlns:a=\"http://www.w3.org\"><e7 xmlns=\"http://www.ietf.org\"><e8 xmlns=\"\">\
                    <e9 xmlns:a=\"http://www.ietf.org\"></e9></e8></e7></e6></doc>";
    assert_eq!(whole(text, INCLUSIVE), expected);
    let text = "<doc>\r\n   <text>First line&#x0d;&#10;Second line</text>\r   <value>&#x32;</value>\n   \
                <compute><![CDATA[value>\"0\" && value<\"10\" ?\"valid\":\"error\"]]></compute>\n   \
                <compute expr='value>\"0\" &amp;&amp; value&lt;\"10\" ?\"valid\":\"error\"'>valid</compute>\n   \
                <norm attr=' &apos;   &#x20;&#13;&#xa;&#9;   &apos; '/></doc>";
    let expected = "<doc>\n   <text>First line&#xD;\nSecond line</text>\n   <value>2</value>\n   \
                    <compute>value&gt;\"0\" &amp;&amp; value&lt;\"10\" ?\"valid\":\"error\"</compute>\n   \
                    <compute expr=\"value>&quot;0&quot; &amp;&amp; value&lt;&quot;10&quot; ?&quot;valid&quot;:&quot;error&quot;\">\
                    valid</compute>\n   <norm attr=\" '    &#xD;&#xA;&#x9;   ' \"></norm></doc>";
    assert_eq!(whole(text, INCLUSIVE), expected);
}

/// Canonical XML 1.1, example 3.7.
#[test]
fn subsets_may_have_holes() {
    let text = "<doc xmlns=\"http://www.ietf.org\" xmlns:w3c=\"http://www.w3.org\">\n   <e1>\n      <e2 xmlns=\"\">\n         \
                <e3 id=\"E3\"/>\n      </e2>\n   </e1>\n</doc>";
    let document = parse(text);
    let include = |node: Node<'_>| node.element().is_some_and(|e| ["e1", "e3"].contains(&e.local()));
    let found = octets(|out| canonical_subset(&document, INCLUSIVE, &[], &include, out));
    let expected =
        "<e1 xmlns=\"http://www.ietf.org\" xmlns:w3c=\"http://www.w3.org\"><e3 xmlns=\"\" id=\"E3\"></e3></e1>";
    assert_eq!(found, expected);
}

/// Canonical XML 1.1, example 3.8.
#[test]
fn attributes_of_xml_are_inherited() {
    let text = "<doc xmlns=\"http://www.ietf.org\" xmlns:w3c=\"http://www.w3.org\" xml:base=\"http://www.example.com/something/else\">\n\
                   <e1>\n<e2 xmlns=\"\" xml:id=\"abc\" xml:base=\"../bar/\">\n<e3 id=\"E3\" xml:base=\"foo\"/>\n</e2>\n</e1>\n</doc>";
    let document = parse(text);
    let include = |node: Node<'_>| node.element().is_some_and(|e| ["e1", "e3"].contains(&e.local()));
    let found = octets(|out| canonical_subset(&document, INCLUSIVE11, &[], &include, out));
    let expected = "<e1 xmlns=\"http://www.ietf.org\" xmlns:w3c=\"http://www.w3.org\" xml:base=\"http://www.example.com/something/else\">\
                    <e3 xmlns=\"\" id=\"E3\" xml:base=\"../bar/foo\"></e3></e1>";
    assert_eq!(found, expected);
    let found = octets(|out| canonical_subset(&document, INCLUSIVE, &[], &include, out));
    let expected = "<e1 xmlns=\"http://www.ietf.org\" xmlns:w3c=\"http://www.w3.org\" xml:base=\"http://www.example.com/something/else\">\
                    <e3 xmlns=\"\" id=\"E3\" xml:base=\"foo\" xml:id=\"abc\"></e3></e1>";
    assert_eq!(found, expected);
}

/// Exclusive XML Canonicalization, section 2.2: the same element in two envelopes.
#[test]
fn exclusive_does_not_depend_on_the_envelope() {
    let bare = "<n1:elem2 xmlns:n1=\"http://example.net\" xml:lang=\"en\" Id=\"E\"><n3:stuff xmlns:n3=\"ftp://example.org\"/></n1:elem2>";
    let one = format!(
        "<n0:pdu xmlns:n0=\"http://a.example\" xmlns:n3=\"ftp://example.org\" xml:space=\"preserve\">{bare}</n0:pdu>"
    );
    let expected = "<n1:elem2 xmlns:n1=\"http://example.net\" Id=\"E\" xml:lang=\"en\"><n3:stuff xmlns:n3=\"ftp://example.org\"></n3:stuff></n1:elem2>";
    assert_eq!(part(bare, "E", EXCLUSIVE, &[]), expected);
    assert_eq!(part(&one, "E", EXCLUSIVE, &[]), expected);
    let inclusive = "<n1:elem2 xmlns:n0=\"http://a.example\" xmlns:n1=\"http://example.net\" xmlns:n3=\"ftp://example.org\" Id=\"E\" \
                     xml:lang=\"en\" xml:space=\"preserve\"><n3:stuff></n3:stuff></n1:elem2>";
    assert_eq!(part(&one, "E", INCLUSIVE, &[]), inclusive);
    let with_prefixes = "<n1:elem2 xmlns:n0=\"http://a.example\" xmlns:n1=\"http://example.net\" Id=\"E\" xml:lang=\"en\">\
                         <n3:stuff xmlns:n3=\"ftp://example.org\"></n3:stuff></n1:elem2>";
    assert_eq!(part(&one, "E", EXCLUSIVE, &["n0", "none", "#default"]), with_prefixes);
}

#[test]
fn the_default_namespace_is_undeclared_only_where_one_was_written() {
    let text = "<a xmlns='urn:a'><p:b xmlns:p='urn:p' xmlns=''><c Id='C'/></p:b></a>";
    assert_eq!(
        whole(text, EXCLUSIVE),
        "<a xmlns=\"urn:a\"><p:b xmlns:p=\"urn:p\"><c xmlns=\"\" Id=\"C\"></c></p:b></a>"
    );
    let written = "<a xmlns=\"urn:a\"><p:b xmlns=\"\" xmlns:p=\"urn:p\"><c Id=\"C\"></c></p:b></a>";
    assert_eq!(whole(text, INCLUSIVE), written);
    assert_eq!(octets(|out| canonical_document(&parse(text), EXCLUSIVE, &["#default"], out)), written);
    assert_eq!(part(text, "C", INCLUSIVE, &[]), "<c xmlns:p=\"urn:p\" Id=\"C\"></c>");
    assert_eq!(part(text, "C", EXCLUSIVE, &[""]), "<c Id=\"C\"></c>");
}

#[test]
fn escapes_like_the_canonical_form() {
    let (mut text, mut value) = (Vec::new(), Vec::new());
    escape_text("a&<>\"'\r\n\tā", &mut text);
    escape_attribute("a&<>\"'\r\n\tā", &mut value);
    assert_eq!(text, "a&amp;&lt;&gt;\"'&#xD;\n\tā".as_bytes());
    assert_eq!(value, "a&amp;&lt;>&quot;'&#xD;&#xA;&#x9;ā".as_bytes());
}
