//! ZIPs: read twice, continued, read again.

use std::sync::Arc;

use super::pieces::Pieces;
use crate::error::Result;
use crate::output::{Sink, Stream};
use crate::source::{Source, to_u64, to_usize};
use crate::zip::{Archive, Entry, Names, Packing, Writer, check_name};
use crate::{Limits, Time};

/// Opens `data` as a ZIP, reads all that is in it, and adds an entry to it.
pub fn zip_open(data: &[u8]) {
    let limits = Limits { zip_entry_bytes: 4 << 20, zip_total_bytes: 16 << 20, ..Limits::default() };
    let source = Source::from_bytes(data);
    let opened = Archive::open(&source, &limits);
    let pieces = Source::from_reader(Arc::new(Pieces(data.to_vec())), source.len());
    let in_pieces = Archive::open(&pieces, &limits);
    let (archive, in_pieces) = match (opened, in_pieces) {
        (Ok(archive), Ok(in_pieces)) => (archive, in_pieces),
        (one, other) => {
            let told = |result: Result<Archive>| result.map(drop).map_err(|error| error.to_string());
            assert_eq!(told(one), told(other), "the same bytes read in two ways");
            return;
        }
    };
    assert_eq!(archive.entries(), in_pieces.entries());
    assert_eq!(archive.remarks(), in_pieces.remarks());
    every_byte_is_owned_once(&archive, &limits);
    for (entry, same) in archive.entries().iter().zip(in_pieces.entries()) {
        let (one, other) = (read(&archive, entry), read(&in_pieces, same));
        assert_eq!(one, other, "the same entry read in two ways");
    }
    every_entry_survives(&archive, data, &limits);
}

/// What comes out of an entry, or why it does not.
fn read(archive: &Archive, entry: &Entry) -> std::result::Result<Vec<u8>, String> {
    let (mut raw, mut content) = (0, Vec::new());
    let mut take = |piece: &[u8]| {
        content.extend_from_slice(piece);
        Ok(())
    };
    let result = archive.for_each_with_raw(entry, &mut |piece| raw += to_u64(piece.len()), &mut take);
    assert!(to_u64(content.len()) <= entry.size, "never more than was declared");
    result.map_err(|error| error.to_string())?;
    assert_eq!(raw, entry.packed, "all raw bytes were shown");
    assert_eq!(to_u64(content.len()), entry.size);
    Ok(content)
}

fn every_byte_is_owned_once(archive: &Archive, limits: &Limits) {
    let mut names = Names::default();
    let mut entries: Vec<_> = archive.entries().iter().collect();
    for entry in &entries {
        assert!(names.insert(&entry.name), "no name stands for two entries");
        assert_eq!(archive.find(&entry.name), Some(*entry));
        assert!(check_name(entry.name.trim_end_matches('/'), limits).is_ok(), "names are safe");
        assert!(entry.header < entry.data.start && entry.data.end <= entry.end);
        assert_eq!(entry.data.end - entry.data.start, entry.packed);
    }
    entries.sort_by_key(|entry| entry.header);
    let end = entries.iter().fold(0, |at, entry| {
        assert_eq!(entry.header, at, "no gap and no overlap");
        entry.end
    });
    assert_eq!(end, archive.directory_offset());
}

/// Goes on where the entries end, as adding a signature does.
fn every_entry_survives(archive: &Archive, data: &[u8], limits: &Limits) {
    let kept = to_usize(archive.directory_offset()).ok().and_then(|kept| data.get(..kept)).unwrap_or_default();
    let mut bytes = kept.to_vec();
    let is_new = archive.find(ADDED).is_none();
    let mut stream = Stream(&mut bytes);
    let added = add(archive, &mut stream);
    assert!(added.is_ok(), "an entry can be added: {added:?}");
    match Archive::open(&Source::from_bytes(bytes), limits) {
        Ok(longer) => {
            assert!(is_new && longer.entries().starts_with(archive.entries()));
            assert_eq!(longer.find(ADDED).map(|entry| read(&longer, entry)), Some(Ok(b"<added/>".to_vec())));
            assert_eq!(longer.comment(), archive.comment());
        }
        Err(error) => assert!(FORESEEN.contains(&error.code().as_str()), "an entry was added: {error}"),
    }
}

fn add(archive: &Archive, sink: &mut dyn Sink) -> Result<()> {
    let mut writer = Writer::continuing(sink, archive.directory_offset(), archive.directory()?);
    writer.bytes(ADDED, Time::from_unix(0)?, Packing::Deflate(2), b"<added/>")?;
    writer.finish(archive.comment()).map(drop)
}

const ADDED: &str = "META-INF/signatures-added.xml";
// The name may be taken, the number of entries or their size exhausted.
const FORESEEN: [&str; 2] = ["zip.duplicate", "limit.exceeded"];
