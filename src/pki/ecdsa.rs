//! The two forms of an ECDSA value: strict DER, and r ‖ s of full width.

use crate::der::{self, Reader};
use crate::error::ErrorCode;
use crate::signature::Curve;

/// DER of a value that is given as r ‖ s of full width, where both are from 1 to n − 1.
pub(crate) fn ecdsa_der_from_fixed(value: &[u8], curve: Curve) -> Option<Vec<u8>> {
    if value.len() != 2 * curve.order_bytes() {
        return None;
    }
    let (r, s) = value.split_at_checked(curve.order_bytes())?;
    if !is_in_range(r, curve) || !is_in_range(s, curve) {
        return None;
    }
    Some(der::sequence(&[&integer(r), &integer(s)]))
}

/// r ‖ s of full width of a value in strict DER: the form of XML signatures.
pub(crate) fn ecdsa_fixed_from_der(value: &[u8], curve: Curve) -> Option<Vec<u8>> {
    if !is_strict_ecdsa_der(value, curve) {
        return None;
    }
    let mut inside = Reader::der(value, ErrorCode::SignatureEncoding).sequence().ok()?;
    let mut out = Vec::with_capacity(2 * curve.order_bytes());
    for _ in 0..2 {
        let number = inside.read(der::INTEGER).ok()?.unsigned().ok()?;
        out.extend(std::iter::repeat_n(0, curve.order_bytes().checked_sub(number.len())?));
        out.extend_from_slice(number);
    }
    Some(out)
}

/// Whether a value is `SEQUENCE { r, s }` in DER with nothing after it and r and s from 1 to n − 1.
pub(crate) fn is_strict_ecdsa_der(value: &[u8], curve: Curve) -> bool {
    let in_range = |number: &[u8]| {
        let width = curve.order_bytes();
        let padded: Vec<u8> =
            std::iter::repeat_n(0, width.saturating_sub(number.len())).chain(number.iter().copied()).collect();
        padded.len() == width && is_in_range(&padded, curve)
    };
    let parse = || {
        let mut outer = Reader::der(value, ErrorCode::SignatureEncoding);
        let mut inside = outer.sequence()?;
        let (r, s) = (inside.read(der::INTEGER)?.unsigned()?, inside.read(der::INTEGER)?.unsigned()?);
        inside.end()?;
        outer.end()?;
        Ok::<_, crate::Error>(in_range(r) && in_range(s))
    };
    parse().unwrap_or(false)
}

fn integer(number: &[u8]) -> Vec<u8> {
    let zeros = number.iter().take_while(|&&b| b == 0).count();
    let magnitude = number.get(zeros..).unwrap_or_default();
    let sign: &[u8] = if magnitude.first().is_some_and(|b| b & 0x80 != 0) { &[0] } else { &[] };
    der::tlv(der::INTEGER, &[sign, magnitude])
}

fn is_in_range(number: &[u8], curve: Curve) -> bool {
    number.iter().any(|&b| b != 0) && number < order(curve)
}

fn order(curve: Curve) -> &'static [u8] {
    match curve {
        Curve::P256 => &ORDER_P256,
        Curve::P384 => &ORDER_P384,
        Curve::P521 => &ORDER_P521,
    }
}

// SEC 2, 2.4.2, 2.5.1 and 2.6.1.
const ORDER_P256: [u8; 32] = *b"\xff\xff\xff\xff\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\
    \xbc\xe6\xfa\xad\xa7\x17\x9e\x84\xf3\xb9\xca\xc2\xfc\x63\x25\x51";
const ORDER_P384: [u8; 48] = *b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\
    \xff\xff\xff\xff\xff\xff\xff\xff\xc7\x63\x4d\x81\xf4\x37\x2d\xdf\x58\x1a\x0d\xb2\x48\xb0\xa7\x7a\
    \xec\xec\x19\x6a\xcc\xc5\x29\x73";
const ORDER_P521: [u8; 66] = *b"\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\
    \xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfa\x51\x86\x87\x83\xbf\x2f\
    \x96\x6b\x7f\xcc\x01\x48\xf7\x09\xa5\xd0\x3b\xb5\xc9\xb8\x89\x9c\x47\xae\xbb\x6f\xb7\x1e\x91\x38\
    \x64\x09";

#[cfg(test)]
mod tests {
    use super::*;

    const CURVES: [Curve; 3] = [Curve::P256, Curve::P384, Curve::P521];

    fn fixed(curve: Curve, r: &[u8], s: &[u8]) -> Vec<u8> {
        let pad = |n: &[u8]| [vec![0; curve.order_bytes() - n.len()], n.to_vec()].concat();
        [pad(r), pad(s)].concat()
    }

    #[test]
    fn orders_are_those_of_the_curve_libraries() {
        use p256::elliptic_curve::Curve as _;
        assert_eq!(crate::digest::to_hex(&ORDER_P256), p256::NistP256::ORDER.to_string().to_lowercase());
        assert_eq!(crate::digest::to_hex(&ORDER_P384), p384::NistP384::ORDER.to_string().to_lowercase());
        assert!(p521::NistP521::ORDER.to_string().to_lowercase().ends_with(&crate::digest::to_hex(&ORDER_P521)));
    }

    #[test]
    fn r_and_s_are_from_one_to_n_minus_one() {
        for curve in CURVES {
            let n = order(curve);
            let below = [&n[..n.len() - 1], &[n[n.len() - 1] - 1]].concat();
            let below = below.strip_prefix(&[0]).unwrap_or(&below);
            for (r, s, good) in [
                (&[1][..], below, true),
                (below, &[1], true),
                (&[], &[1], false),
                (&[1], &[], false),
                (n, &[1], false),
                (&[1], n, false),
            ] {
                let value = fixed(curve, r, s);
                let converted = ecdsa_der_from_fixed(&value, curve);
                assert_eq!(converted.is_some(), good, "{curve:?} {r:02x?} {s:02x?}");
                let der = der::sequence(&[&integer_or_zero(r), &integer_or_zero(s)]);
                assert_eq!(is_strict_ecdsa_der(&der, curve), good);
                assert_eq!(ecdsa_fixed_from_der(&der, curve).is_some(), good);
                if let Some(converted) = converted {
                    assert_eq!(converted, der);
                    assert_eq!(ecdsa_fixed_from_der(&der, curve), Some(value));
                }
            }
        }
    }

    fn integer_or_zero(n: &[u8]) -> Vec<u8> {
        if n.is_empty() { vec![2, 1, 0] } else { integer(n) }
    }

    #[test]
    fn der_is_strict() {
        let good = [0x30, 6, 2, 1, 1, 2, 1, 0x7f];
        assert!(is_strict_ecdsa_der(&good, Curve::P256));
        for bad in [
            &[0x30, 6, 2, 1, 1, 2, 1, 0x7f, 0][..],
            &[0x30, 7, 2, 1, 1, 2, 1, 0x7f, 0],
            &[0x30, 7, 2, 2, 0, 1, 2, 1, 0x7f],
            &[0x30, 6, 2, 1, 1, 2, 1, 0xff],
            &[0x30, 0x81, 6, 2, 1, 1, 2, 1, 0x7f],
            &[0x30, 0x80, 2, 1, 1, 2, 1, 0x7f, 0, 0],
            &[0x30, 3, 2, 1, 1],
            &[0x31, 6, 2, 1, 1, 2, 1, 0x7f],
            &[],
        ] {
            assert!(!is_strict_ecdsa_der(bad, Curve::P256), "{bad:02x?}");
        }
    }

    #[test]
    fn leading_zeros_and_high_bits_are_converted() {
        let value = fixed(Curve::P256, &[0x80; 31], &[0x80; 32]);
        let converted = ecdsa_der_from_fixed(&value, Curve::P256).unwrap();
        assert_eq!(converted[..6], [0x30, 69, 2, 32, 0, 0x80]);
        assert!(ecdsa_der_from_fixed(&value[1..], Curve::P256).is_none(), "63 bytes");
        let long = fixed(Curve::P521, &[1; 66], &[1; 66]);
        assert_eq!(ecdsa_der_from_fixed(&long, Curve::P521).unwrap()[..3], [0x30, 0x81, 136]);
    }
}
