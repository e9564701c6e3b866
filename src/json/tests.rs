use serde::Deserialize;

use super::*;
use crate::error::Error;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "what is read is not looked at")]
struct Request {
    sessions: Vec<Session>,
    sign_as_pdf: Option<bool>,
    count: Option<u32>,
    reason: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "what is read is not looked at")]
struct Session {
    session_id: String,
}

fn says(text: &[u8]) -> String {
    let error = Error::from(read::<Request>(text, ErrorCode::InputMalformed).unwrap_err());
    error.to_string().strip_prefix("not what an input should be at offset ").unwrap_or(&error.to_string()).to_owned()
}

fn after_place(text: &[u8]) -> String {
    says(text).split_once(": ").map(|(_, rest)| rest.to_owned()).unwrap_or_default()
}

#[test]
fn each_fault_is_named_with_its_place_and_its_path() {
    let long = format!(r#"{{"{}":1}}"#, "n".repeat(1 << 20));
    let deep = "[".repeat(1_000);
    for (text, expected) in [
        (
            &br#"{"sessions":[],"signAsPDF":true}"#[..],
            r#"line 1, column 26: there is no name "signAsPDF"; did you mean "signAsPdf"?"#,
        ),
        (br#"{"sessions":[],"reasn":"x"}"#, r#"line 1, column 22: there is no name "reasn"; did you mean "reason"?"#),
        (
            br#"{"sessions":[{"sessionId":"a"},{"sesionId":"b"}]}"#,
            r#"line 1, column 42: there is no name "sesionId" in sessions[1]; did you mean "sessionId"?"#,
        ),
        (
            br#"{"sessions":[],"colour":1}"#,
            r#"line 1, column 23: there is no name "colour"; there are sessions, signAsPdf, count, reason"#,
        ),
        (b"{\n  \"sessions\": [{}]\n}", r#"line 2, column 17: "sessionId" is missing in sessions[0]"#),
        (b"{}", r#"line 1, column 2: "sessions" is missing"#),
        (br#"{"sessions":null}"#, "line 1, column 16: sessions is null, where a list is wanted"),
        (
            br#"{"sessions":[{"sessionId":7}]}"#,
            "line 1, column 27: sessions[0].sessionId is a number, where text is wanted",
        ),
        (br#"{"sessions":["canary"]}"#, "line 1, column 21: sessions[0] is text, where an object is wanted"),
        (br#"{"sessions":"canary"}"#, "line 1, column 20: sessions is text, where a list is wanted"),
        (br#"{"sessions":[],"count":"1"}"#, "line 1, column 26: count is text, where a number is wanted"),
        (br#"{"sessions":[],"count":-1}"#, "line 1, column 25: count is not a number"),
        (
            br#"{"sessions":[],"signAsPdf":"true"}"#,
            "line 1, column 33: signAsPdf is text, where true or false is wanted",
        ),
        (br#"{"sessions":[],"reason":"a","reason":"b"}"#, r#"line 1, column 36: "reason" stands there twice"#),
        (b"[]", "it is a list, where an object is wanted"),
        (br#"[[{"sessionId":"canary"}],true,1,"canary"]"#, "it is a list, where an object is wanted"),
        (b"{}", r#""sessions" is missing"#),
        (b"7", "line 1, column 1: it is a number, where an object is wanted"),
        (b"", "it is empty"),
        (b" \n", "line 1, column 1: it is empty"),
        (b"sessions: []", "line 1, column 1: it is no JSON"),
        (b"{'sessions':[]}", "line 1, column 2: it is no JSON"),
        (br#"{"sessions":[]"#, "line 1, column 14: it is no JSON: it ends too early"),
        (b"{\"sessions\":[]}\n x", "line 2, column 2: something follows the JSON"),
        (b"{\"sessions\":[]}{}", "line 1, column 16: something follows the JSON"),
        (b"\xef\xbb\xbf{}", "line 1, column 1: it begins with a byte order mark"),
        (b"\xff\xfe{\0}\0", "line 1, column 1: it is not in UTF-8: it looks like UTF-16"),
        (b"{\0}\0", "line 1, column 1: it is not in UTF-8: it looks like UTF-16"),
        (b"{\"reason\":\"\xe4\"}", "it is not in UTF-8: some bytes are no text"),
        (deep.as_bytes(), "it is nested too deep"),
        (long.as_bytes(), r#"nnnn…"; there are"#),
    ] {
        let said = after_place(text);
        assert!(
            said.contains(expected) && said.len() < 300,
            "{}\n{said}\n{expected}",
            String::from_utf8_lossy(&text[..text.len().min(80)])
        );
        assert!(!said.contains("canary"), "{said}");
    }
}

#[test]
fn a_line_of_a_list_has_an_offset_alone() {
    let error = read_line::<Request>(br#"{"sessions":[],"reasn":"x"}"#, ErrorCode::InputMalformed).unwrap_err();
    assert_eq!(error.offset, Some(21));
    assert!(
        error.to_string().ends_with(r#"at offset 21: there is no name "reasn"; did you mean "reason"?"#),
        "{error}"
    );
}

#[test]
fn what_is_large_is_not_taken_apart() {
    let text = format!(r#"{{"sessions":[{}0]}}"#, "0,".repeat(1 << 20));
    assert!(says(text.as_bytes()).contains("too large to say more"), "{}", says(text.as_bytes()));
    // As is what is sound.
    let text = format!(r#"{{"sessions":[{}{{"sessionId":"a"}}]}}"#, r#"{"sessionId":"a"},"#.repeat(100_000));
    assert!(read::<Request>(text.as_bytes(), ErrorCode::InputMalformed).is_ok());
}
