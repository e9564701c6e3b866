//! Whether two objects mean the same, however they are written.

use super::object::{Dictionary, Object};

/// Whether `one` and `other` mean the same. References are the same where they name the same object, whatever that is;
/// of streams the dictionaries are compared, but for the length.
///
/// No deeper than objects are parsed: `pdf_depth`.
pub(crate) fn is_same(one: &Object, other: &Object) -> bool {
    match (one, other) {
        (Object::Null, Object::Null) => true,
        (Object::Boolean(one), Object::Boolean(other)) => one == other,
        (Object::Integer(one), Object::Integer(other)) => one == other,
        (Object::Integer(_) | Object::Real(_), Object::Integer(_) | Object::Real(_)) => {
            matches!((one.to_number(), other.to_number()), (Some(one), Some(other)) if one == other)
        }
        (Object::Name(one), Object::Name(other)) => one == other,
        (Object::String(one), Object::String(other)) => one.raw() == other.raw() || one.decode() == other.decode(),
        (Object::Reference(one), Object::Reference(other)) => one == other,
        (Object::Array(one), Object::Array(other)) => {
            one.raw() == other.raw() || {
                let (mut one, mut other) = (one.items(), other.items());
                loop {
                    match (one.next(), other.next()) {
                        (None, None) => break true,
                        (Some(one), Some(other)) if is_same(&one, &other) => {}
                        _ => break false,
                    }
                }
            }
        }
        (Object::Dictionary(one), Object::Dictionary(other)) => changed_keys(one, other).is_empty(),
        (Object::Stream(one), Object::Stream(other)) => {
            changed_keys(&one.dictionary, &other.dictionary).iter().all(|key| key == b"Length")
        }
        _ => false,
    }
}

/// The keys under which two dictionaries have different values, in order. Null is no value.
pub(crate) fn changed_keys(one: &Dictionary, other: &Dictionary) -> Vec<Vec<u8>> {
    if one.raw() == other.raw() {
        return Vec::new();
    }
    let (one, other) = (sorted(one), sorted(other));
    let (mut left, mut right) = (one.iter().peekable(), other.iter().peekable());
    let mut keys = Vec::new();
    loop {
        let order = match (left.peek(), right.peek()) {
            (None, None) => return keys,
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some((one, _)), Some((other, _))) => one.cmp(other),
        };
        let (before, after) = match order {
            std::cmp::Ordering::Less => (left.next(), None),
            std::cmp::Ordering::Greater => (None, right.next()),
            std::cmp::Ordering::Equal => (left.next(), right.next()),
        };
        match (before, after) {
            (Some((_, one)), Some((_, other))) if is_same(one, other) => {}
            (Some((key, _)), _) | (None, Some((key, _))) => keys.push(key.clone()),
            (None, None) => {}
        }
    }
}

fn sorted(dictionary: &Dictionary) -> Vec<(Vec<u8>, Object)> {
    let entries = dictionary.entries().filter(|(_, value)| !value.is_null());
    let mut entries: Vec<(Vec<u8>, Object)> = entries.map(|(key, value)| (key.as_bytes().to_vec(), value)).collect();
    entries.sort_by(|one, other| one.0.cmp(&other.0));
    entries.dedup_by(|one, other| one.0 == other.0);
    entries
}

#[cfg(test)]
mod tests {
    use super::super::bounds::Bounds;
    use super::super::lex::Parser;
    use super::*;
    use crate::Limits;
    use crate::source::Bytes;

    fn parse(text: &str) -> Object {
        let bytes = Bytes::from(text.as_bytes().to_vec());
        Parser::new(&bytes, 0, &Bounds::new(&Limits::default())).object().unwrap()
    }

    #[test]
    fn the_same_in_other_words_is_the_same() {
        for (one, other) in [
            ("<</A 1/B(x)>>", "<< /B <78> /A 1 >>"),
            ("[ 1 0 R 2.50 /A#42 ]", "[1 0 R 2.5/AB]"),
            ("<</A null>>", "<<>>"),
            ("1.0", "1"),
        ] {
            assert!(is_same(&parse(one), &parse(other)), "{one} {other}");
        }
        for (one, other) in [
            ("[1 0 R]", "[2 0 R]"),
            ("[1 0 R]", "[1 1 R]"),
            ("[1]", "[1 null]"),
            ("<</A[<</B 1>>]>>", "<</A[<</B 2>>]>>"),
            ("(a)", "/a"),
            ("true", "false"),
        ] {
            assert!(!is_same(&parse(one), &parse(other)), "{one} {other}");
        }
        let (Object::Dictionary(one), Object::Dictionary(other)) =
            (parse("<</C 1/A 1/D[1]>>"), parse("<</B 2/D[1]/C 2>>"))
        else {
            panic!()
        };
        assert_eq!(changed_keys(&one, &other), [b"A", b"B", b"C"]);
    }
}
