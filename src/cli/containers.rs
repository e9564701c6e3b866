//! What becomes of files that are no documents: a container of each, or one of them all.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use base64::prelude::{BASE64_STANDARD, Engine};
use eseal::error::Refusal;
use eseal::json::{not, read_line};
use eseal::{DataFile, Digest, DigestAlgorithm, ErrorCode, Format, Limits, Result, Source};
use serde::Deserialize;

use super::inputs::{Input, Inputs, Origin, Part};
use super::list::List;
use super::{Outcome, Stop, args};

/// What was said of containers, for all inputs of a run.
#[derive(Debug, Default)]
pub(crate) struct Containers {
    format: Option<Format>,
    nest: bool,
    into: Option<PathBuf>,
    by_digest: Vec<ByDigest>,
    media_types: BTreeMap<String, String>,
}

/// A data file that is known by digest: a line of `--digests`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    name: String,
    digest: String,
    digest_algorithm: String,
    size: Option<u64>,
    media_type: Option<String>,
}

/// What becomes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is signed itself; its bytes must be of this format, or of any where none is said.
    Document(Option<Format>),
    /// A container with this ending is made of it.
    Wrapped(&'static str),
}

#[derive(Debug)]
struct ByDigest {
    name: String,
    digest: Digest,
    size: Option<u64>,
    media_type: Option<String>,
}

impl Containers {
    pub(crate) fn new(args: &args::Containers, limits: &Limits, cancel: &Arc<AtomicBool>) -> Outcome<Containers> {
        let format = args.format.as_deref().map(Format::from_name).transpose().map_err(Stop::about("--format"))?;
        if let Some(into) = &args.into {
            match (format_of(into), format) {
                (Some(Format::Asice | Format::Edoc), None) => {}
                (Some(named @ (Format::Asice | Format::Edoc)), Some(format)) if named == format => {}
                (_, Some(Format::Pdf)) => return Err(Stop::Usage("--into makes no PDF".into())),
                _ => return Err(Stop::Usage("--into wants a name that ends in .asice or .edoc".into())),
            }
        }
        let mut by_digest = Vec::new();
        for json in &args.data_file {
            by_digest.push(parse(json.as_bytes()).map_err(Stop::about("--data-file"))?);
        }
        if let Some(path) = &args.digests {
            for (n, line) in List::open(path, b'\n', limits, cancel)? {
                let about = format!("{}, line {n}", path.display());
                by_digest.push(line.and_then(|line| parse(&line)).map_err(Stop::about(about))?);
            }
        }
        let mut media_types = BTreeMap::new();
        for text in &args.media_type {
            let (name, media_type) =
                named_type(text).ok_or_else(|| Stop::Usage(format!("--media-type wants NAME=TYPE, found {text:?}")))?;
            media_types.insert(name.to_owned(), media_type.to_owned());
        }
        Ok(Containers { format, nest: args.nest, into: args.into.clone(), by_digest, media_types })
    }

    /// The one container that all inputs go into.
    pub(crate) fn named(&self) -> Option<&Path> {
        self.into.as_deref()
    }

    /// Whether there are data files that are known by digest.
    pub(crate) fn has_digests(&self) -> bool {
        !self.by_digest.is_empty()
    }

    /// What becomes of the file at `path`; `told` says what its first bytes are, and is asked where the name is not enough.
    pub(crate) fn fate(&self, path: &Path, told: impl FnOnce() -> Option<Format>) -> Fate {
        let named = format_of(path);
        let ending = self.format.unwrap_or(Format::Asice).as_str();
        let wrapped_if = |wraps: bool| if wraps { Fate::Wrapped(ending) } else { Fate::Document(named) };
        match (self.format, named) {
            (Some(Format::Pdf), _) => Fate::Document(Some(Format::Pdf)),
            (_, Some(Format::Asice | Format::Edoc)) => wrapped_if(self.nest),
            // What is no PDF under the name of one is refused, unless somebody says what to do with it.
            (None, Some(Format::Pdf)) if !self.nest => Fate::Document(named),
            (format, _) => match told() {
                Some(Format::Asice) if self.nest => Fate::Wrapped(ending),
                Some(Format::Asice) => Fate::Document(Some(Format::Asice)),
                Some(_) => wrapped_if(format.is_some()),
                None => wrapped_if(format.is_some() || named.is_none()),
            },
        }
    }

    /// What is wrong use of known inputs: digests without a container they are for, types of files that are none.
    pub(crate) fn check(&self, inputs: &Inputs) -> Outcome<()> {
        let Inputs::Known(items) = inputs else {
            return if self.has_digests() { Err(Stop::Usage(WHOSE_DIGESTS.into())) } else { Ok(()) };
        };
        let known: Vec<&Input> = items.iter().flatten().collect();
        if self.nest && known.iter().any(|input| input.origin == Origin::Stdin && input.made_of.is_none()) {
            return Err(Stop::Usage(
                "--nest of standard input wants --into NAME.asice: it has no name of its own".into(),
            ));
        }
        if self.has_digests() && self.into.is_none() {
            let is_one = known.len() == 1 && items.len() == 1 && known.iter().all(|input| input.made_of.is_none());
            if !is_one {
                return Err(Stop::Usage(WHOSE_DIGESTS.into()));
            }
        }
        let parts = known.iter().filter_map(|input| input.made_of.as_ref()).flat_map(|made_of| &made_of.parts);
        let names: Vec<&str> =
            parts.map(|part| &*part.name).chain(self.by_digest.iter().map(|file| &*file.name)).collect();
        match self.media_types.keys().find(|name| !names.contains(&name.as_str())) {
            Some(name) if items.iter().all(Result::is_ok) => {
                Err(Stop::Usage(format!("--media-type: no data file is named {name:?}")))
            }
            _ => Ok(()),
        }
    }

    /// A file with its content.
    pub(crate) fn data_file(&self, name: &str, source: Source) -> DataFile {
        self.typed(DataFile::new(name, source))
    }

    /// The files that are known by digest.
    pub(crate) fn by_digest(&self) -> Vec<DataFile> {
        let file = |file: &ByDigest| {
            let mut known = DataFile::by_digest(&*file.name, file.digest);
            if let Some(size) = file.size {
                known = known.size(size);
            }
            match &file.media_type {
                Some(media_type) => known.media_type(&**media_type),
                None => self.typed(known),
            }
        };
        self.by_digest.iter().map(file).collect()
    }

    /// Their names.
    pub(crate) fn names_by_digest(&self) -> impl Iterator<Item = &str> {
        self.by_digest.iter().map(|file| &*file.name)
    }

    /// All that the bytes of a result depend on.
    pub(crate) fn content(&self) -> String {
        format!("{:?} {:?}", self.by_digest, self.media_types)
    }

    fn typed(&self, file: DataFile) -> DataFile {
        match self.media_types.get(file.name()) {
            Some(media_type) => file.media_type(&**media_type),
            None => file,
        }
    }
}

/// The format that the name says, in any letter case.
pub(crate) fn format_of(path: &Path) -> Option<Format> {
    Format::from_name(path.extension()?.to_str()?).ok()
}

/// Whether the bytes can be a document of this format, or of any where none is said.
pub(crate) fn check_format(source: &Source, expected: Option<Format>) -> Result<()> {
    let begin = source.window_up_to(0, 5)?;
    let is_fine = match expected {
        // What is wrong with a PDF is said by whoever reads it.
        Some(Format::Pdf) => !begin.starts_with(ZIP),
        Some(_) => begin.starts_with(ZIP),
        None => begin.starts_with(ZIP) || begin.starts_with(PDF),
    };
    let detail = match expected {
        Some(Format::Pdf) => "a PDF was expected, the bytes are those of a container or another ZIP",
        Some(_) => "a container was expected, the bytes are those of no ZIP",
        None => "neither a PDF nor a container",
    };
    if is_fine { Ok(()) } else { Err(Refusal::new(ErrorCode::InputFormat).detail(detail).into()) }
}

/// The name of a file as that of an entry: its parts with `/` between them.
pub(crate) fn entry_name(path: &Path) -> Result<String> {
    let parts: Option<Vec<&str>> = path.components().map(|part| part.as_os_str().to_str()).collect();
    match parts {
        Some(parts) => Ok(parts.join("/")),
        None => Err(Refusal::new(ErrorCode::AsiceName).into()),
    }
}

/// A data file on standard input is named after its container: `hello.txt.asice` holds `hello.txt`.
pub(crate) fn stdin_part(into: &Path) -> Result<Part> {
    Ok(Part { name: entry_name(Path::new(into.file_stem().unwrap_or_default()))?, path: None, inside: None })
}

/// What the first bytes of a file say that it is; nothing where they can't be read, which is said when it is opened.
pub(crate) fn told_by(file: Result<File>) -> Option<Format> {
    let mut begin = Vec::new();
    file.ok()?.take(Format::BEGINNING_BYTES).read_to_end(&mut begin).ok()?;
    Format::of_beginning(&begin)
}

fn parse(line: &[u8]) -> Result<ByDigest> {
    let line: Line = read_line(line, ErrorCode::InputMalformed)?;
    let not = |path: &str, wanted: &str| not(ErrorCode::InputMalformed, path, wanted);
    let algorithm = DigestAlgorithm::from_name(&line.digest_algorithm);
    let algorithm = algorithm.map_err(|_| not("digest_algorithm", "one of SHA-256, SHA-384, SHA-512"))?;
    let bytes = match hex(&line.digest) {
        Some(bytes) if bytes.len() == algorithm.len_bytes() => bytes,
        _ => BASE64_STANDARD.decode(&line.digest).map_err(|_| not("digest", "base64 or hexadecimal"))?,
    };
    let wanted = || format!("the {} bytes of {}", algorithm.len_bytes(), algorithm.name());
    let digest = Digest::new(algorithm, &bytes).map_err(|_| not("digest", &wanted()))?;
    Ok(ByDigest { name: line.name, digest, size: line.size, media_type: line.media_type })
}

fn hex(text: &str) -> Option<Vec<u8>> {
    if !text.bytes().all(|c| c.is_ascii_hexdigit()) {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok()).collect()
}

/// `NAME=TYPE`, where both may hold `=`: the type begins where a type can.
fn named_type(text: &str) -> Option<(&str, &str)> {
    let is_token =
        |text: &str| !text.is_empty() && text.bytes().all(|c| c.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&c));
    let splits = text.match_indices('=').filter_map(|(at, _)| Some((text.get(..at)?, text.get(at + 1..)?)));
    let mut types = splits.filter(|(_, rest)| rest.split_once('/').is_some_and(|(kind, _)| is_token(kind)));
    types.next().filter(|(name, _)| !name.is_empty())
}

const PDF: &[u8] = b"%PDF-";
const ZIP: &[u8] = b"PK";
const WHOSE_DIGESTS: &str = "digests of data files are for --into, or for one existing container";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_begins_where_a_type_can() {
        assert_eq!(named_type("a.txt=text/plain"), Some(("a.txt", "text/plain")));
        assert_eq!(named_type("a=b.txt=text/plain; charset=utf-8"), Some(("a=b.txt", "text/plain; charset=utf-8")));
        for text in ["a.txt", "a.txt=text", "=text/plain", ""] {
            assert_eq!(named_type(text), None, "{text}");
        }
    }

    #[test]
    fn a_digest_is_hexadecimal_or_base64_by_its_length() {
        let digest = DigestAlgorithm::Sha256.digest(b"hello");
        let line = |text: &str, name: &str| {
            let json = serde_json::json!({"name": "a", "digest": text, "digest_algorithm": name});
            parse(json.to_string().as_bytes()).map(|file| file.digest)
        };
        let (hex, base64) = (digest.to_hex(), BASE64_STANDARD.encode(digest.as_bytes()));
        for text in [&hex, &hex.to_uppercase(), &base64] {
            assert_eq!(line(text, "SHA256").unwrap(), digest);
        }
        for (text, name) in [(&*hex, "SHA-512"), (&hex[2..], "SHA-256"), ("", "SHA-256"), (&hex, "SHA-1")] {
            assert!(line(text, name).is_err(), "{text} {name}");
        }
        let unknown = format!(r#"{{"name":"a","digest":"{hex}","digest_algorithm":"SHA-256","sise":1}}"#);
        assert_eq!(parse(unknown.as_bytes()).unwrap_err().code(), ErrorCode::InputMalformed);
    }

    #[test]
    fn what_becomes_of_a_file_is_said_by_its_name_then_by_its_bytes() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str, bytes: &[u8]| {
            let path = dir.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            path
        };
        let container = b"PK\x03\x04\x0a\0\0\0\0\0\0\0\0\0\0\0\0\0\x1f\0\0\0\x1f\0\0\0\x08\0\0\0\
            mimetypeapplication/vnd.etsi.asic-e+zip";
        let files = [
            path("a.PDF", b"text"),
            path("b", b"%PDF-1.7"),
            path("c.txt", b"text"),
            path("d.Asice", b""),
            path("e.sce", container),
            path("f.pdf", container),
            path("g.zip", b"PK\x03\x04 of something else"),
        ];
        let fates = |containers: &Containers| {
            files.each_ref().map(|path| containers.fate(path, || told_by(eseal::system::open_file(path))))
        };
        let (pdf, asice, wrapped) =
            (Fate::Document(Some(Format::Pdf)), Fate::Document(Some(Format::Asice)), Fate::Wrapped("asice"));
        let mut containers = Containers::default();
        assert_eq!(fates(&containers), [pdf, Fate::Document(None), wrapped, asice, asice, pdf, wrapped]);
        containers.nest = true;
        assert_eq!(fates(&containers), [pdf, Fate::Document(None), wrapped, wrapped, wrapped, wrapped, wrapped]);
        containers.format = Some(Format::Edoc);
        assert_eq!(fates(&containers), [Fate::Wrapped("edoc"); 7]);
        containers.nest = false;
        let edoc = Fate::Wrapped("edoc");
        assert_eq!(fates(&containers), [edoc, edoc, edoc, asice, asice, asice, edoc]);
        containers.format = Some(Format::Pdf);
        assert_eq!(fates(&containers), [pdf; 7]);
    }
}
