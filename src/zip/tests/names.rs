//! Which names are safe, and which are the same.

use super::*;

#[test]
fn tells_safe_names_from_others() {
    let limits = Limits::default();
    for name in [
        "a",
        "a.txt",
        ".hidden",
        "..a/...b",
        "Līgums ō + & ' # : ; , = @ %.pdf",
        "mape/Ā/❤️ 👩‍👩‍👧.txt",
        "1:2",
        "ab:c",
        " a",
        "e\u{301}",
    ] {
        assert!(check_name(name, &limits).is_ok(), "{name}");
    }
    for name in [
        "",
        "/",
        "/a",
        "a/",
        "a//b",
        ".",
        "..",
        "../a",
        "a/../b",
        "a/..",
        "./a",
        "a/.",
        "a.",
        "a ",
        "a./b",
        "a /b",
        "C:",
        "c:/a",
        "a:b.txt",
        "a\\b",
        "a\0",
        "a\nb",
        "a\u{7f}",
        "a\u{85}",
        "a\u{202e}txt.exe",
        "\u{200f}a",
        "a\u{2066}b",
        "\u{61c}a",
        "\u{feff}a",
        "a\u{2028}b",
        "a\u{ffff}",
    ] {
        assert_eq!(check_name(name, &limits).unwrap_err().code(), ErrorCode::ZipName, "{name:?}");
    }
    let limits = Limits { zip_name_bytes: 3, ..limits };
    assert!(check_name("abc", &limits).is_ok());
    assert_eq!(check_name("abcd", &limits).unwrap_err().code(), ErrorCode::LimitExceeded);
}

#[test]
fn finds_names_that_are_the_same() {
    for (one, other) in [
        ("a", "a"),
        ("a", "A"),
        ("Ā", "ā"),
        ("\u{e9}", "E\u{301}"),
        ("straße", "STRASSE"),
        ("ὈΔΥΣΣΕΎΣ", "ὀδυσσεύς"),
        ("\u{212a}", "k"),
        ("a\u{323}\u{307}", "a\u{307}\u{323}"),
        ("\u{1fb4}", "\u{3b1}\u{345}\u{301}"),
        ("a", "a/b"),
        ("a", "A/b/c"),
        ("a", "a/"),
        ("a/", "A/"),
        ("a/b", "a/B/c"),
    ] {
        for (first, second) in [(one, other), (other, one)] {
            let mut names = Names::default();
            for neighbour in ["0", "a-", "a0", "b", "z", "\u{10fffd}"] {
                assert!(names.insert(neighbour));
            }
            assert!(names.insert(first), "{first:?}");
            assert!(!names.insert(second), "{first:?} and {second:?}");
        }
    }
}

#[test]
fn takes_names_that_differ() {
    let mut names = Names::default();
    for name in ["a/", "a/b", "a/c", "a/d/", "a/d/e", "ab", "a.b", "a b", "ā", "ą", "b/c", "b/", "b/c.d", "c", "a/c.d"]
    {
        assert!(names.insert(name), "{name}");
    }
    assert!(!names.insert("a/b/x"));
    assert!(!names.insert("B"));
}
