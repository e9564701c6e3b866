//! Key files of other kinds, by what they begin with, so that their owners are told how to turn them into one of ours.

use crate::pki;

/// What a file is that holds keys in a form which is not read here, and what to do about it.
pub(super) fn kind(bytes: &[u8]) -> Option<&'static str> {
    let by_start = STARTS.iter().find(|(start, _)| bytes.starts_with(start)).map(|(_, kind)| *kind);
    by_start.or_else(|| pki::labels(bytes).find_map(by_label))
}

/// The labels of PEM blocks, for a message: few, short, and without what misleads on a terminal.
pub(super) fn listed(labels: &[&str]) -> String {
    let short = |label: &&str| label.chars().take(LABEL_CHARS).collect::<String>().escape_debug().to_string();
    let mut text = format!("only {}", labels.iter().take(LABELS).map(short).collect::<Vec<_>>().join(", "));
    if labels.len() > LABELS {
        text.push_str(", …");
    }
    text
}

fn by_label(label: &str) -> Option<&'static str> {
    match label {
        "OPENSSH PRIVATE KEY" => Some("a key of OpenSSH: `ssh-keygen -p -m PKCS8 -f FILE` rewrites a copy of it"),
        "DSA PRIVATE KEY" => Some("a DSA key"),
        "PGP PRIVATE KEY BLOCK" => Some("a key of OpenPGP"),
        _ => None,
    }
}

const STARTS: [(&[u8], &str); 5] = [
    (b"\xfe\xed\xfe\xed", "a Java keystore (JKS): `keytool -importkeystore -deststoretype PKCS12` turns it into a PFX"),
    (
        b"\xce\xce\xce\xce",
        "a Java keystore (JCEKS): `keytool -importkeystore -deststoretype PKCS12` turns it into a PFX",
    ),
    (b"\0\0\0\x01\0\0\0\x14", "a keystore of BouncyCastle (BKS): save it as PKCS12"),
    (b"\0\0\0\x02\0\0\0\x14", "a keystore of BouncyCastle (BKS): save it as PKCS12"),
    (b"PuTTY-User-Key-File-", "a key of PuTTY: PuTTYgen exports it"),
];
const LABELS: usize = 4;
const LABEL_CHARS: usize = 40;
