//! Second half: the value into the signature file, and that into its container.

use std::sync::Arc;

use crate::asice::container::open_archive;
use crate::asice::draft::{Base, Planned, Sources};
use crate::asice::layout::{ASICE, MANIFEST};
use crate::asice::measure::Measured;
use crate::asice::prepare::DIGEST;
use crate::asice::{DataFile, Draft, manifest};
use crate::digest::{Digest, State};
use crate::error::{Error, ErrorCode, Refusal, Result, StateError};
use crate::limits::Limits;
use crate::output::{Make, Output, Piece, Sink, Stream, Update, digest_of};
use crate::signature::SignatureAlgorithm;
use crate::source::{Source, to_u64};
use crate::time::Time;
use crate::xades;
use crate::zip::{Compress, Packing, Writer};

/// The existing container with one more signature in it.
///
/// # Errors
/// `state.other-document` when it is not the one that was prepared; what stands before its directory is compared when
/// the result is written.
pub(crate) fn finalize(
    draft: &Draft,
    source: &Source,
    value: &[u8],
    algorithm: SignatureAlgorithm,
    modified: Time,
) -> Result<Output> {
    let signature = xades::finalize(&draft.before, value, algorithm, &draft.after)?;
    finalize_with(draft, source, signature, modified)
}

/// The same with a signature file that is complete.
///
/// # Errors
/// As [`finalize`].
pub(super) fn finalize_with(draft: &Draft, source: &Source, signature: Vec<u8>, modified: Time) -> Result<Output> {
    let Base::Added(frame) = &draft.base else { return Err(Error::Bug("a new container has no source")) };
    let other = || StateError::new(ErrorCode::StateOtherDocument);
    let kept = frame.kept;
    if source.len() != frame.len || kept > frame.len {
        return Err(other().into());
    }
    if DIGEST.digest(&source.window(kept..source.len())?) != frame.directory {
        return Err(other().into());
    }
    // This directory was within the caller's limits when it was prepared.
    let archive = open_archive(source, &Limits::none()).map_err(|_| other())?;
    if archive.directory_offset() != kept {
        return Err(other().into());
    }
    let mut tail = Vec::new();
    let mut sink = Stream(&mut tail);
    let mut writer = Writer::continuing(&mut sink, kept, archive.directory()?);
    let own = Own { name: draft.signature_file.clone(), bytes: signature, compress: draft.compress };
    own.write(&mut writer, modified)?;
    writer.finish(archive.comment())?;
    let checks = frame.checks(&archive, &draft.references);
    Ok(Output::update(Update { source: source.clone(), kept, checks, tail: vec![Piece::Bytes(tail)] }))
}

/// A new container of these files.
///
/// # Errors
/// `asice.file-missing` when one was not given; that each is what was prepared is compared when the result is written.
pub(crate) fn finalize_new(
    draft: &Draft,
    files: &[DataFile],
    value: &[u8],
    algorithm: SignatureAlgorithm,
    modified: Time,
) -> Result<Output> {
    let signature = xades::finalize(&draft.before, value, algorithm, &draft.after)?;
    finalize_new_with(draft, files, signature, modified)
}

/// The same with a signature file that is complete.
///
/// # Errors
/// As [`finalize_new`].
pub(super) fn finalize_new_with(
    draft: &Draft,
    files: &[DataFile],
    signature: Vec<u8>,
    modified: Time,
) -> Result<Output> {
    let Base::New(planned) = &draft.base else { return Err(Error::Bug("an existing container is no new one")) };
    let sources = Sources::new(files);
    let mut parts = Vec::with_capacity(planned.len());
    for (reference, planned) in draft.references.iter().zip(planned) {
        if let Some(planned) = planned {
            let source = sources.of(&reference.name)?.clone();
            let (name, digest) = (reference.name.clone(), reference.digest);
            parts.push(Part { name, digest, planned: *planned, source });
        }
    }
    let listed = draft.references.iter().map(|reference| (reference.name.as_str(), reference.media_type.as_str()));
    let own = [(MANIFEST.to_owned(), manifest::write(listed)), (draft.signature_file.clone(), signature)];
    let own = own.map(|(name, bytes)| Own { name, bytes, compress: draft.compress });
    Ok(Output::made(Arc::new(New { parts, own, compress: draft.compress, modified })))
}

/// A data file on its way into a container.
pub(super) struct Part {
    pub(super) name: String,
    pub(super) digest: Digest,
    pub(super) planned: Planned,
    pub(super) source: Source,
}

impl Part {
    /// Writes the entry, and makes sure that the content is what was signed.
    pub(super) fn write(&self, writer: &mut Writer<'_>, compress: Compress, modified: Time) -> Result<()> {
        let Planned { measured: Measured { size, crc32 }, is_held } = self.planned;
        let all = 0..self.source.len();
        if size != self.source.len() {
            return Err(self.altered());
        }
        let mut state = State::new(self.digest.algorithm());
        let mut see = |bytes: &[u8]| {
            if !is_held {
                state.update(bytes);
            }
        };
        let probe = self.source.window_up_to(0, PROBE_BYTES)?;
        match compress.decide(&probe, size, Limits::default().zip_ratio)? {
            (_, Some(packed)) => {
                see(&probe);
                writer.packed(&self.name, modified, crc32, size, packed)?;
            }
            (Packing::Store, None) => writer.stored(&self.name, modified, crc32, size, &mut |sink| {
                sink.copy(&self.source, all.clone(), &mut see)
            })?,
            (Packing::Deflate(level), None) => writer.deflated(&self.name, modified, level, size, &mut |take| {
                self.source.for_each(all.clone(), |bytes| {
                    see(bytes);
                    take(bytes)
                })
            })?,
        }
        self.source.check_unchanged()?;
        if is_held || state.finish() == self.digest { Ok(()) } else { Err(self.altered()) }
    }

    /// Reads the content, and makes sure that it is what was signed.
    pub(super) fn verify(&self) -> Result<()> {
        let digest = digest_of(&self.source, 0..self.source.len(), self.digest.algorithm())?;
        if digest == self.digest { Ok(()) } else { Err(self.altered()) }
    }

    fn altered(&self) -> Error {
        Refusal::new(ErrorCode::AsiceDigest).file(&self.name).into()
    }
}

/// An entry of our own: manifest or signature.
struct Own {
    name: String,
    bytes: Vec<u8>,
    compress: Compress,
}

impl Own {
    fn write(&self, writer: &mut Writer<'_>, modified: Time) -> Result<()> {
        let size = to_u64(self.bytes.len());
        match self.compress.decide(&self.bytes, size, Limits::default().zip_ratio)? {
            (_, Some(packed)) => writer.packed(&self.name, modified, crc32fast::hash(&self.bytes), size, packed),
            (packing, None) => writer.bytes(&self.name, modified, packing, &self.bytes),
        }
    }
}

/// A container made anew: `mimetype`, data files, then the entries of our own.
struct New {
    parts: Vec<Part>,
    own: [Own; 2],
    compress: Compress,
    modified: Time,
}

impl Make for New {
    fn write(&self, sink: &mut dyn Sink) -> Result<()> {
        let mut writer = Writer::new(sink);
        writer.mimetype(ASICE.as_bytes())?;
        for part in &self.parts {
            part.write(&mut writer, self.compress, self.modified)?;
        }
        self.own.iter().try_for_each(|own| own.write(&mut writer, self.modified))?;
        writer.finish(b"").map(|_| ())
    }

    fn verify_sources(&self) -> Result<()> {
        self.parts.iter().try_for_each(Part::verify)
    }

    fn len(&self) -> Option<u64> {
        None
    }
}

// As much as decides how a file is packed.
const PROBE_BYTES: u64 = 64 << 10;
