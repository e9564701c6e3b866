//! What `inspect` says of a container.

use std::fmt::Write;

use eseal::{ContainerInspection, ContainerSignature, DataFileReport, EntryReport, Format, Result};
use serde::Serialize;

use super::{Timestamp, says, stamped};
use crate::cli::lines as json_lines;
use crate::cli::report::{printable, size};

#[derive(Serialize)]
struct Inspected<'a> {
    input: String,
    format: &'static str,
    bytes: u64,
    mimetype: &'a str,
    entries: Vec<Entry<'a>>,
    data_files: Vec<DataFile<'a>>,
    signatures: Vec<Signature<'a>>,
    fits: Option<bool>,
    remarks: &'a [String],
}

#[derive(Serialize)]
struct Entry<'a> {
    name: &'a str,
    bytes: u64,
    packed: u64,
    method: &'static str,
}

#[derive(Serialize)]
struct DataFile<'a> {
    name: &'a str,
    bytes: Option<u64>,
    media_type: Option<&'a str>,
    present: bool,
}

#[derive(Serialize)]
struct Signature<'a> {
    file: &'a str,
    id: Option<&'a str>,
    covers: &'a [String],
    covers_all: bool,
    differs: &'a [String],
    digest_matches: Option<bool>,
    signature_verifies: Option<bool>,
    trust: &'static str,
    signer: Option<&'a str>,
    signer_name: Option<&'a str>,
    signed_at: Option<String>,
    level_claimed: Option<&'static str>,
    algorithm: &'a str,
    roles: &'a [String],
    place: &'a [String],
    commitments: &'a [String],
    policy: Option<&'a str>,
    timestamps: Vec<Timestamp<'a>>,
    timestamps_fit: bool,
    protected_until: Option<String>,
    remarks: &'a [String],
}

/// The JSON line of a container, and its text.
pub(super) fn lines(
    input: String,
    format: Format,
    found: &ContainerInspection,
    fits: Option<bool>,
) -> Result<(String, String)> {
    let text = text(&input, found);
    let line = Inspected {
        input,
        format: format.as_str(),
        bytes: found.bytes,
        mimetype: &found.mimetype,
        entries: found.entries.iter().map(Entry::from).collect(),
        data_files: found.data_files.iter().map(DataFile::from).collect(),
        signatures: found.signatures.iter().map(Signature::from).collect(),
        fits,
        remarks: &found.remarks,
    };
    Ok((json_lines::json(&line)?, text))
}

impl<'a> From<&'a EntryReport> for Entry<'a> {
    fn from(entry: &'a EntryReport) -> Self {
        Entry { name: &entry.name, bytes: entry.bytes, packed: entry.packed, method: entry.method }
    }
}

impl<'a> From<&'a DataFileReport> for DataFile<'a> {
    fn from(file: &'a DataFileReport) -> Self {
        DataFile {
            name: &file.name,
            bytes: file.bytes,
            media_type: file.media_type.as_deref(),
            present: file.is_present,
        }
    }
}

impl<'a> From<&'a ContainerSignature> for Signature<'a> {
    fn from(signature: &'a ContainerSignature) -> Self {
        Signature {
            file: &signature.file,
            id: signature.id.as_deref(),
            covers: &signature.covers,
            covers_all: signature.covers_all,
            differs: &signature.differs,
            digest_matches: signature.digest_matches,
            signature_verifies: signature.signature_verifies,
            trust: "not checked",
            signer: signature.signer.as_deref(),
            signer_name: signature.signer_name.as_deref(),
            signed_at: signature.signed_at.map(|time| time.to_string()),
            level_claimed: signature.level_claimed,
            algorithm: &signature.algorithm,
            roles: &signature.roles,
            place: &signature.place,
            commitments: &signature.commitments,
            policy: signature.policy.as_deref(),
            timestamps: signature.timestamps.iter().map(Timestamp::from).collect(),
            timestamps_fit: signature.timestamps_fit,
            protected_until: signature.protected_until.map(|time| time.to_string()),
            remarks: &signature.remarks,
        }
    }
}

fn text(input: &str, found: &ContainerInspection) -> String {
    let files = match found.data_files.len() {
        1 => "1 data file".to_owned(),
        n => format!("{n} data files"),
    };
    let mut text = format!("{}  {}  {files}", printable(input), size(found.bytes));
    for file in &found.data_files {
        let bytes = file.bytes.map_or("size unknown".to_owned(), size);
        let media_type = file.media_type.as_deref().map_or(String::new(), |kind| format!(", {}", printable(kind)));
        let place = if file.is_present { "" } else { ", not in the container" };
        let _ = write!(text, "\n  {}: {bytes}{media_type}{place}", printable(&file.name));
    }
    for signature in &found.signatures {
        let _ = write!(text, "\n  {}", signature_text(signature));
        for remark in &signature.remarks {
            let _ = write!(text, "\n    remark: {}", printable(remark));
        }
    }
    for remark in &found.remarks {
        let _ = write!(text, "\n  remark: {}", printable(remark));
    }
    text
}

fn signature_text(signature: &ContainerSignature) -> String {
    let list = |names: &[String]| names.iter().map(|name| printable(name)).collect::<Vec<_>>().join(", ");
    let covers = match (signature.covers_all, signature.covers.as_slice()) {
        (true, _) => "all data files".to_owned(),
        (false, []) => "NO DATA FILE".to_owned(),
        (false, names) => format!("only {}", list(names)),
    };
    let differs = match signature.differs.as_slice() {
        [] => "A DIGEST DIFFERS".to_owned(),
        names => format!("A DIGEST DIFFERS: {}", list(names)),
    };
    let mut parts = vec![
        format!("covers {covers}"),
        says(signature.digest_matches, "digests match", &differs, "digests not all computed"),
        says(signature.signature_verifies, "value verifies", "VALUE DOES NOT VERIFY", "value not tried"),
    ];
    parts.extend(signature.level_claimed.map(str::to_owned));
    parts.extend(signature.signer_name.as_deref().or(signature.signer.as_deref()).map(printable));
    parts.extend(signature.signed_at.map(|time| time.to_string()));
    parts.extend(stamped(&signature.timestamps));
    parts.extend(signature.roles.iter().map(|role| format!("as {}", printable(role))));
    format!("{}: {}; trust not checked", printable(&signature.file), parts.join(", "))
}
