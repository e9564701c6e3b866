//! As much DER as services speak.

use std::time::SystemTime;

use eseal::Time;
use eseal::system::time_of;

pub(crate) fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut all = vec![tag];
    match content.len() {
        short @ 0..0x80 => all.push(u8::try_from(short).unwrap()),
        long => {
            let bytes: Vec<u8> = long.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect();
            all.push(0x80 | u8::try_from(bytes.len()).unwrap());
            all.extend(bytes);
        }
    }
    all.extend_from_slice(content);
    all
}

pub(crate) fn seq(parts: &[&[u8]]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

/// In the order that DER wants.
pub(crate) fn set(parts: &[&[u8]]) -> Vec<u8> {
    let mut parts = parts.to_vec();
    parts.sort();
    tlv(0x31, &parts.concat())
}

pub(crate) fn context(number: u8, content: &[u8]) -> Vec<u8> {
    tlv(0xa0 | number, content)
}

pub(crate) fn int(bytes: &[u8]) -> Vec<u8> {
    let zeros = bytes.iter().take(bytes.len() - 1).take_while(|byte| **byte == 0).count();
    let bytes = &bytes[zeros..];
    let sign: &[u8] = if bytes[0] & 0x80 == 0 { &[] } else { &[0] };
    tlv(2, &[sign, bytes].concat())
}

pub(crate) fn octets(content: &[u8]) -> Vec<u8> {
    tlv(4, content)
}

pub(crate) fn oid(text: &str) -> Vec<u8> {
    let arcs: Vec<u64> = text.split('.').map(|arc| arc.parse().unwrap()).collect();
    let mut content = Vec::new();
    for arc in std::iter::once(arcs[0] * 40 + arcs[1]).chain(arcs[2..].iter().copied()) {
        let mut groups = vec![u8::try_from(arc & 0x7f).unwrap()];
        let mut rest = arc >> 7;
        while rest > 0 {
            groups.push(0x80 | u8::try_from(rest & 0x7f).unwrap());
            rest >>= 7;
        }
        groups.reverse();
        content.extend(groups);
    }
    tlv(6, &content)
}

/// GeneralizedTime, so many seconds from now.
pub(crate) fn time(seconds: i64) -> Vec<u8> {
    tlv(0x18, digits(seconds).as_bytes())
}

/// UTCTime, so many seconds from now.
pub(crate) fn short_time(seconds: i64) -> Vec<u8> {
    tlv(0x17, &digits(seconds).as_bytes()[2..])
}

fn digits(seconds: i64) -> String {
    let now = time_of(SystemTime::now()).unwrap();
    let text = Time::from_unix(now.as_unix() + seconds).unwrap().to_string();
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    format!("{digits}Z")
}

/// What was written.
pub(crate) mod element {
    /// The elements in a constructed one.
    pub(crate) fn children(whole: &[u8]) -> Vec<&[u8]> {
        let mut rest = content(whole).0;
        let mut found = Vec::new();
        while !rest.is_empty() {
            let (child, after) = rest.split_at(content(rest).1);
            found.push(child);
            rest = after;
        }
        found
    }

    fn content(whole: &[u8]) -> (&[u8], usize) {
        let (start, len) = match whole[1] {
            short @ 0..0x80 => (2, usize::from(short)),
            long => {
                let count = usize::from(long & 0x7f);
                let len = whole[2..2 + count].iter().fold(0, |len, byte| len << 8 | usize::from(*byte));
                (2 + count, len)
            }
        };
        (&whole[start..start + len], start + len)
    }
}
