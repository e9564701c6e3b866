//! Hostile sizes are refused by a limit that is named, or cost time in proportion.

use super::*;

fn limit(text: &str) -> &'static str {
    match Document::parse(text.as_bytes(), &Limits::default()) {
        Err(Error::LimitExceeded(limit)) => limit.name,
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("accepted"),
    }
}

#[test]
fn names_the_limit() {
    let many = |count: usize, one: &dyn Fn(usize) -> String| (0..count).map(one).collect::<String>();
    assert_eq!(limit(&"<a>".repeat(500_000)), "xml_depth");
    assert_eq!(limit(&format!("<a {}/>", many(100_000, &|n| format!(" a{n}=''")))), "xml_attributes");
    assert_eq!(limit(&format!("<a {}/>", many(100_000, &|n| format!(" xmlns:a{n}='urn:a'")))), "xml_namespaces");
    let nested = many(90, &|n| format!("<a xmlns:a{n}='urn:a' xmlns:b{n}='urn:b'>"));
    assert_eq!(limit(&nested), "xml_namespaces_in_scope");
    assert_eq!(limit(&format!("<a>{}</a>", "<b/>".repeat(250_000))), "xml_elements");
    assert_eq!(limit(&format!("<a>{}</a>", "<!---->".repeat(250_000))), "xml_elements");
    assert_eq!(limit(&format!("<a>{}</a>", " ".repeat(17 << 20))), "xml_bytes");
}

#[test]
fn reads_and_writes_large_text() {
    let text = format!("<a>{}{}</a>", "&amp;".repeat(1_000_000), "text\r\n".repeat(1_500_000));
    let document = parse(&text);
    assert_eq!(document.root().text().map(|text| text.len()), Some(1_000_000 + 7_500_000));
    let mut len = 0;
    let method = Method { form: Form::Exclusive, comments: false };
    super::super::canonical(document.root(), method, &[], &mut |piece| {
        len += piece.len();
        Ok(())
    })
    .unwrap();
    assert_eq!(len, 5_000_000 + 7_500_000 + 7);
}
