//! The saved state of a container: of what it is made, and its signature file around the hole.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::{Format, algorithm_name, algorithm_named, bytes_of, certificates_of, check_of, moment_of, value_of};
use crate::asice::{Base, Draft, Frame, Measured, Planned};
use crate::digest::{Digest, DigestAlgorithm};
use crate::error::{Error, Result};
use crate::flow::essentials::{Body as Kind, Essentials, id};
use crate::limits::Limits;
use crate::signature::ToBeSigned;
use crate::signing::Level;
use crate::xades::{self, DataReference};
use crate::zip::Compress;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    id: String,
    format: Format,
    /// The container that the signature is added to; a new one has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    container: Option<Existing>,
    files: Vec<File>,
    time: i64,
    nonce: String,
    level: String,
    algorithm: String,
    certificates: Vec<String>,
    compress: String,
    signature_file: String,
    before: String,
    after: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    check: String,
}

/// See [`Frame`].
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Existing {
    length: u64,
    directory_offset: u64,
    frame: String,
    directory: String,
}

/// A data file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    media_type: String,
    digest_algorithm: String,
    digest: String,
    /// In an existing container: whether it was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    read: Option<bool>,
    /// In a new container: what its entry says; none where it is known by digest alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    entry: Option<Entry>,
}

/// See [`Measured`].
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    size: u64,
    crc32: u32,
}

pub(super) fn write(essentials: &Essentials, draft: &Draft, value: Option<&[u8]>) -> Result<Vec<u8>> {
    let container = match &draft.base {
        Base::New(_) => None,
        Base::Added(frame) => Some(Existing {
            length: frame.len,
            directory_offset: frame.kept,
            frame: STANDARD.encode(frame.digest.as_bytes()),
            directory: STANDARD.encode(frame.directory.as_bytes()),
        }),
    };
    let mut body = Body {
        id: essentials.id.clone(),
        format: Format::Xades,
        container,
        files: draft.references.iter().enumerate().map(|(n, one)| file(draft, n, one)).collect(),
        time: essentials.moment.time().as_unix(),
        nonce: STANDARD.encode(essentials.moment.nonce()),
        level: essentials.level.as_str().to_owned(),
        algorithm: algorithm_name(essentials.algorithm).to_owned(),
        certificates: essentials.certificates.iter().map(|c| STANDARD.encode(c.as_der())).collect(),
        compress: draft.compress.to_string(),
        signature_file: draft.signature_file.clone(),
        before: text(&draft.before)?,
        after: text(&draft.after)?,
        value: value.map(|value| STANDARD.encode(value)),
        check: String::new(),
    };
    body.check = check_of(&body)?;
    bytes_of(&body)
}

pub(super) fn parse(body: &[u8], limits: &Limits) -> Option<(Essentials, Option<Vec<u8>>)> {
    let mut body: Body = serde_json::from_slice(body).ok()?;
    let check = std::mem::take(&mut body.check);
    (check_of(&body).ok()? == check).then_some(())?;
    let value = value_of(body.value.as_ref())?;
    let algorithm = algorithm_named(&body.algorithm)?;
    let moment = moment_of(body.time, &body.nonce)?;
    let certificates = certificates_of(&body.certificates, limits)?;
    let references = body.files.iter().map(reference).collect::<Option<Vec<_>>>()?;
    let base = base(&body)?;
    let (before, after) = (body.before.into_bytes(), body.after.into_bytes());
    // What is signed is not in the state: it is read from the signature file, and so is all that it must agree with.
    let xades::Draft { before, after, signed_info } =
        xades::read_draft(before, after, &certificates, algorithm, moment.time(), &references, limits).ok()?;
    let to_be_signed = ToBeSigned::new(signed_info.clone(), algorithm);
    let draft = Draft {
        base,
        signature_file: body.signature_file,
        before,
        after,
        signed_info,
        references,
        compress: Compress::from_name(&body.compress).ok()?,
    };
    let sound = draft.is_sound(limits) && body.id == id(&moment, &to_be_signed);
    let level = Level::from_name(&body.level).ok()?;
    let body = Kind::Container(draft);
    let essentials =
        Essentials { moment, certificates, algorithm, level, id: id(&moment, &to_be_signed), to_be_signed, body };
    sound.then_some((essentials, value))
}

fn file(draft: &Draft, n: usize, reference: &DataReference) -> File {
    let (read, entry) = match &draft.base {
        Base::New(planned) => (
            None,
            planned
                .get(n)
                .and_then(Option::as_ref)
                .map(|one| one.measured)
                .map(|one| Entry { size: one.size, crc32: one.crc32 }),
        ),
        Base::Added(frame) => (frame.was_read.get(n).copied(), None),
    };
    File {
        name: reference.name.clone(),
        media_type: reference.media_type.clone(),
        digest_algorithm: reference.digest.algorithm().name().to_owned(),
        digest: STANDARD.encode(reference.digest.as_bytes()),
        read,
        entry,
    }
}

fn reference(file: &File) -> Option<DataReference> {
    let algorithm = DigestAlgorithm::from_name(&file.digest_algorithm).ok()?;
    let digest = Digest::new(algorithm, &STANDARD.decode(&file.digest).ok()?).ok()?;
    Some(DataReference { name: file.name.clone(), digest, media_type: file.media_type.clone() })
}

fn base(body: &Body) -> Option<Base> {
    let Some(container) = &body.container else {
        let is_new = body.files.iter().all(|file| file.read.is_none());
        return is_new.then(|| Base::New(body.files.iter().map(|file| file.entry.as_ref().map(planned)).collect()));
    };
    let digest = |text: &str| Digest::new(Frame::DIGEST, &STANDARD.decode(text).ok()?).ok();
    let none_new = body.files.iter().all(|file| file.entry.is_none());
    let was_read = body.files.iter().map(|file| file.read).collect::<Option<Vec<bool>>>().filter(|_| none_new)?;
    let (frame, directory) = (digest(&container.frame)?, digest(&container.directory)?);
    let (len, kept) = (container.length, container.directory_offset);
    Some(Base::Added(Frame { len, kept, digest: frame, directory, was_read }))
}

fn planned(entry: &Entry) -> Planned {
    Planned { measured: Measured { size: entry.size, crc32: entry.crc32 }, is_held: false }
}

fn text(bytes: &[u8]) -> Result<String> {
    String::from_utf8(bytes.to_vec()).map_err(|_| Error::Bug("a signature file is no text"))
}
