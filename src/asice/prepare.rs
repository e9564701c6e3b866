//! First half: digests of the data files, and the signature file over them.

use std::collections::BTreeMap;

use crate::asice::container::Container;
use crate::asice::data_file::Content;
use crate::asice::draft::{Base, Frame, Planned};
use crate::asice::layout::{check_data_file, next_signature_file};
use crate::asice::measure::{Digests, Measured};
use crate::asice::{DataFile, Draft, NewContainer, media_type};
use crate::digest::lanes::{Hashed, Reading};
use crate::digest::{Digest, DigestAlgorithm, State};
use crate::error::{ErrorCode, Limit, Refusal, Result};
use crate::signing::Plan;
use crate::source::to_u64;
use crate::time::Moment;
use crate::xades::{self, DataReference, Ids};
use crate::zip::{Entry, Method};

/// What is to be read of files that have no container yet.
///
/// # Errors
/// [`Error::Certificate`](crate::Error::Certificate); a limit.
pub(crate) fn begin_new(new: &NewContainer, plan: &Plan, moment: &Moment) -> Result<Vec<Reading>> {
    plan.check_time(moment.time())?;
    check_references(new.files().len(), new.limits().xades_references)?;
    let sources = new.files().iter().filter_map(|file| match file.content() {
        Content::Source(source) => Some(Reading::new(source, DIGEST).with_crc32()),
        Content::Digest { .. } => None,
    });
    Ok(sources.collect())
}

/// Signs files that have no container yet; `parts` are what [`begin_new`] wanted to be read.
///
/// # Errors
/// `state.document-changed`; reading faults.
pub(crate) fn prepare_new(
    new: &NewContainer,
    plan: &Plan,
    moment: &Moment,
    mut parts: impl Iterator<Item = Result<Hashed>>,
) -> Result<Draft> {
    let mut planned = Vec::with_capacity(new.files().len());
    let mut references = Vec::with_capacity(new.files().len());
    for file in new.files() {
        let (plan, digest) = match file.content() {
            Content::Source(source) => {
                let Hashed { state, crc32 } = next(&mut parts)?;
                let measured = Measured { size: state.len(), crc32 };
                (Some(Planned { measured, is_held: source.is_in_memory() }), state.finish())
            }
            Content::Digest { digest, .. } => (None, *digest),
        };
        planned.push(plan);
        references.push(DataReference { name: file.name().to_owned(), digest, media_type: media_type_of(file) });
    }
    finish(Base::New(planned), new.signature_file(), references, plan, moment)
}

/// What is to be read of a container before it is signed: data files whose bytes stand in it as they are.
///
/// # Errors
/// `asice.kind` and `asice.manifest` for a container that can't be added to; `asice.unsigned-file`;
/// what [`begin_new`] says.
pub(crate) fn begin(container: &Container, plan: &Plan, moment: &Moment) -> Result<Vec<Reading>> {
    plan.check_time(moment.time())?;
    container.check_can_be_added_to()?;
    let earlier = container.earlier()?;
    earlier.check_coverage(container)?;
    check_references(container.files_to_sign(earlier)?.len(), container.limits().xades_references)?;
    let pass = Pass::new(container, &earlier.algorithms());
    let entries = container.by_offset().into_iter().filter(|entry| pass.is_read_before(entry));
    Ok(entries.map(|entry| Reading::of(container.source(), entry.data.clone(), DIGEST).with_crc32()).collect())
}

/// Signs all data files of a container; each is read once, but for those whose digest was told. `parts` are what
/// [`begin`] wanted to be read.
///
/// # Errors
/// `asice.digest`, `asice.data-missing` where what is there is not what the earlier signatures cover; `zip.data`; what
/// [`prepare_new`] says.
pub(crate) fn prepare(
    container: &Container,
    plan: &Plan,
    moment: &Moment,
    mut parts: impl Iterator<Item = Result<Hashed>>,
) -> Result<Draft> {
    let earlier = container.earlier()?;
    let names = container.files_to_sign(earlier)?;
    let mut pass = Pass::new(container, &earlier.algorithms());
    let mut digests: BTreeMap<&str, (Digest, bool)> = BTreeMap::new();
    for entry in container.by_offset() {
        match container.assumed(&entry.name) {
            _ if !container.is_data_file(entry) => {}
            Some(digest) => {
                pass.pass_over(entry)?;
                digests.insert(&entry.name, (*digest, false));
            }
            None => {
                let all = match pass.is_read_before(entry) {
                    true => pass.take(entry, next(&mut parts))?,
                    false => pass.read(entry)?,
                };
                all.iter().try_for_each(|digest| earlier.check_digest(&entry.name, digest))?;
                digests.insert(&entry.name, (only(&all)?, true));
            }
        }
    }
    let frame_digest = pass.finish()?;

    let mut references = Vec::with_capacity(names.len());
    let mut was_read = Vec::with_capacity(names.len());
    for name in &names {
        // What the container does not hold, is known by digest or not at all.
        let missing = || Refusal::new(ErrorCode::AsiceDataMissing).file(*name);
        let told = container.assumed(name).map(|digest| (*digest, false));
        let (digest, read) = digests.get(name).copied().or(told).ok_or_else(missing)?;
        earlier.check_digest(name, &digest)?;
        check_data_file(name, container.limits())?;
        let told = container.media_type(name).or_else(|| earlier.media_type(name));
        let media_type = told.unwrap_or_else(|| media_type::of_name(name));
        // Another maker's word, which has to be repeated as it is.
        media_type::check(&media_type).map_err(|_| Refusal::new(ErrorCode::AsiceManifest).file(*name))?;
        references.push(DataReference { name: (*name).to_owned(), digest, media_type });
        was_read.push(read);
    }
    let source = container.source();
    let kept = container.archive().directory_offset();
    let frame = Frame {
        len: source.len(),
        kept,
        digest: frame_digest,
        directory: DIGEST.digest(&source.window(kept..source.len())?),
        was_read,
    };
    let file = next_signature_file(container.archive().entries().iter().map(|entry| entry.name.as_str()));
    finish(Base::Added(frame), file, references, plan, moment)
}

fn finish(
    base: Base,
    signature_file: String,
    references: Vec<DataReference>,
    plan: &Plan,
    moment: &Moment,
) -> Result<Draft> {
    let ids = Ids::from_nonce(moment.nonce());
    let xades::Draft { before, after, signed_info } = xades::prepare(plan, &ids, moment.time(), &references)?;
    Ok(Draft { base, signature_file, before, after, signed_info, references, compress: plan.wanted_compress() })
}

/// One pass over a container in the order of its bytes: digests of its data files, and of all the rest together.
struct Pass<'a> {
    container: &'a Container,
    algorithms: Vec<DigestAlgorithm>,
    frame: State,
    /// Up to here every byte went by.
    at: u64,
}

impl<'a> Pass<'a> {
    /// Data files are hashed with the algorithm of new references first, then with `others`.
    fn new(container: &'a Container, others: &[DigestAlgorithm]) -> Self {
        let others = others.iter().copied().filter(|other| *other != DIGEST);
        let algorithms = std::iter::once(DIGEST).chain(others).collect();
        Pass { container, algorithms, frame: State::new(DIGEST), at: 0 }
    }

    /// Whether its digest comes from elsewhere: a data file that stands in the container as it is, under one digest.
    fn is_read_before(&self, entry: &Entry) -> bool {
        let is_wanted = self.container.is_data_file(entry) && self.container.assumed(&entry.name).is_none();
        let stands_as_it_is = entry.method == Method::Stored && !entry.is_open_ended();
        is_wanted && stands_as_it_is && self.algorithms.len() == 1
    }

    /// Takes what was found in such a data file.
    fn take(&mut self, entry: &Entry, found: Result<Hashed>) -> Result<Vec<Digest>> {
        self.pass_over(entry)?;
        let Hashed { state, crc32 } = found?;
        entry.check_content(state.len(), crc32)?;
        Ok(vec![state.finish()])
    }

    /// Reads a data file. Its packed bytes belong to the frame; stored ones have their own digest.
    fn read(&mut self, entry: &Entry) -> Result<Vec<Digest>> {
        self.up_to(entry.data.start)?;
        let mut digests = Digests::new(&self.algorithms);
        let archive = self.container.archive();
        let take = &mut |bytes: &[u8]| {
            digests.update(bytes);
            Ok(())
        };
        match entry.method {
            Method::Stored => archive.for_each(entry, take)?,
            Method::Deflated => archive.for_each_with_raw(entry, &mut |bytes| self.frame.update(bytes), take)?,
        }
        self.at = entry.data.end;
        Ok(digests.finish())
    }

    /// Leaves out a data file whose digest is known.
    fn pass_over(&mut self, entry: &Entry) -> Result<()> {
        self.up_to(entry.data.start)?;
        self.at = entry.data.end;
        Ok(())
    }

    fn finish(mut self) -> Result<Digest> {
        self.up_to(self.container.archive().directory_offset())?;
        self.container.source().check_unchanged()?;
        Ok(self.frame.finish())
    }

    fn up_to(&mut self, end: u64) -> Result<()> {
        self.container.source().for_each(self.at..end, |bytes| {
            self.frame.update(bytes);
            Ok(())
        })?;
        self.at = end;
        Ok(())
    }
}

fn media_type_of(file: &DataFile) -> String {
    file.told_media_type().map_or_else(|| media_type::of_name(file.name()), str::to_owned)
}

fn check_references(files: usize, limit: u64) -> Result<()> {
    // One more for the signed properties.
    let wanted = to_u64(files).saturating_add(1);
    if wanted > limit { Err(Limit::new("xades_references", limit, wanted).into()) } else { Ok(()) }
}

fn next(parts: &mut impl Iterator<Item = Result<Hashed>>) -> Result<Hashed> {
    parts.next().unwrap_or(Err(crate::Error::Bug("a file that was not read")))
}

fn only(digests: &[Digest]) -> Result<Digest> {
    digests.first().copied().ok_or(crate::Error::Bug("a pass over a file without a digest"))
}

/// The digest of references, whatever the key (EN 319 132-1 leaves it free).
pub(super) const DIGEST: DigestAlgorithm = DigestAlgorithm::Sha256;
