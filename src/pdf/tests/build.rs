//! Builds PDFs with the right offsets, or with wrong ones on purpose.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;

use crate::error::ErrorCode;
use crate::pdf::{Document, Entry, Recovery};
use crate::{Limits, Result, Source};

pub(super) const CATALOG: &str = "<</Type/Catalog/Pages 2 0 R>>";
pub(super) const PAGES: &str = "<</Type/Pages/Kids[3 0 R]/Count 1>>";
pub(super) const PAGE: &str = "<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]>>";

/// A PDF under construction.
#[derive(Clone)]
pub(super) struct Build {
    pub(super) bytes: Vec<u8>,
    pub(super) listed: BTreeMap<u32, Entry>,
    pub(super) highest: u32,
    pub(super) last: Option<u64>,
}

impl Build {
    pub(super) fn new() -> Self {
        Build { bytes: b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n".to_vec(), listed: BTreeMap::new(), highest: 0, last: None }
    }

    /// Catalog, pages and page.
    pub(super) fn minimal() -> Self {
        Build::new().object(1, CATALOG).object(2, PAGES).object(3, PAGE)
    }

    pub(super) fn at(&self) -> u64 {
        u64::try_from(self.bytes.len()).unwrap()
    }

    pub(super) fn raw(mut self, text: impl AsRef<[u8]>) -> Self {
        self.bytes.extend_from_slice(text.as_ref());
        self
    }

    pub(super) fn object(mut self, number: u32, body: &str) -> Self {
        self.list(number, Entry::Offset { offset: self.at(), generation: 0 });
        self.raw(format!("{number} 0 obj\n{body}\nendobj\n"))
    }

    pub(super) fn list(&mut self, number: u32, entry: Entry) {
        self.listed.insert(number, entry);
        self.highest = self.highest.max(number);
    }

    pub(super) fn stream(mut self, number: u32, dictionary: &str, data: &[u8]) -> Self {
        self.list(number, Entry::Offset { offset: self.at(), generation: 0 });
        let heading = format!("{number} 0 obj\n<<{dictionary}/Length {}>>\nstream\n", data.len());
        self.raw(heading).raw(data).raw("\nendstream\nendobj\n")
    }

    pub(super) fn object_stream(mut self, number: u32, more: &str, objects: &[(u32, &str)]) -> Self {
        let (mut table, mut bodies) = (String::new(), String::new());
        for (index, (object, body)) in (0..).zip(objects) {
            write!(table, "{object} {} ", bodies.len()).unwrap();
            write!(bodies, "{body} ").unwrap();
            self.list(*object, Entry::InStream { stream: number, index });
        }
        let dictionary = format!("/Type/ObjStm/N {}/First {}{more}/Filter/FlateDecode", objects.len(), table.len());
        self.stream(number, &dictionary, &deflate((table + &bodies).as_bytes()))
    }

    /// The lines of a table for all that was listed since the last section.
    pub(super) fn lines(&self, eol: &str) -> String {
        let mut text = String::from("0 1\n0000000000 65535 f") + eol;
        for (number, entry) in &self.listed {
            if let Entry::Offset { offset, generation } = entry {
                write!(text, "{number} 1\n{offset:010} {generation:05} n{eol}").unwrap();
            }
        }
        text
    }

    pub(super) fn prev(&self) -> String {
        self.last.map_or(String::new(), |prev| format!("/Prev {prev}"))
    }

    /// A table section; `more` goes into the trailer.
    pub(super) fn table(self, more: &str) -> Self {
        let (lines, prev, size) = (self.lines(" \n"), self.prev(), self.highest + 1);
        let trailer = format!("<</Size {size}/Root 1 0 R{prev}{more}>>");
        self.section(&format!("xref\n{lines}trailer\n{trailer}\n"))
    }

    /// Any section that begins here.
    pub(super) fn section(mut self, text: &str) -> Self {
        let at = self.at();
        self.listed.clear();
        self.last = Some(at);
        self.raw(text).raw(format!("startxref\n{at}\n%%EOF\n"))
    }

    /// The object of a cross-reference stream that lists all since the last section and itself.
    pub(super) fn xref_stream_object(mut self, number: u32, more: &str) -> Self {
        self.list(number, Entry::Offset { offset: self.at(), generation: 0 });
        let (mut rows, mut index) = (Vec::new(), String::new());
        for (number, entry) in &self.listed {
            write!(index, "{number} 1 ").unwrap();
            // The predictor's kind of row comes first.
            rows.push(0);
            match entry {
                Entry::Offset { offset, generation } => {
                    rows.push(1);
                    rows.extend_from_slice(&u32::try_from(*offset).unwrap().to_be_bytes());
                    rows.extend_from_slice(&generation.to_be_bytes());
                }
                Entry::InStream { stream, index } => {
                    rows.push(2);
                    rows.extend_from_slice(&stream.to_be_bytes());
                    rows.extend_from_slice(&u16::try_from(*index).unwrap().to_be_bytes());
                }
            }
        }
        let size = self.highest + 1;
        let dictionary = format!(
            "/Type/XRef/Size {size}/W[1 4 2]/Index[{index}]/Filter/FlateDecode\
             /DecodeParms<</Predictor 12/Columns 7>>{more}"
        );
        self.stream(number, &dictionary, &deflate(&rows))
    }

    /// A stream section.
    pub(super) fn xref_stream(mut self, number: u32, more: &str) -> Self {
        let (at, prev) = (self.at(), self.prev());
        self = self.xref_stream_object(number, &format!("/Root 1 0 R{prev}{more}"));
        self.listed.clear();
        self.last = Some(at);
        self.raw(format!("startxref\n{at}\n%%EOF\n"))
    }

    pub(super) fn open(&self) -> Result<Document> {
        open(&self.bytes)
    }

    pub(super) fn rebuild(&self) -> Result<Document> {
        Document::open(&Source::from_bytes(self.bytes.clone()), &Limits::default(), Recovery::Rebuild)
    }

    /// The code with which it is refused, at the latest when the first page and the form are asked for.
    pub(super) fn code(&self) -> ErrorCode {
        code(&self.bytes)
    }
}

pub(super) fn open(bytes: &[u8]) -> Result<Document> {
    Document::open(&Source::from_bytes(bytes), &Limits::default(), Recovery::Refuse)
}

pub(super) fn code(bytes: &[u8]) -> ErrorCode {
    used(bytes, &Limits::default()).unwrap_err().code()
}

pub(super) fn used(bytes: &[u8], limits: &Limits) -> Result<Document> {
    let document = Document::open(&Source::from_bytes(bytes), limits, Recovery::Refuse)?;
    crate::pdf::first_page(&document)?;
    crate::pdf::fields(&document)?;
    Ok(document)
}

pub(super) fn deflate(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

/// One of each kind, with a name.
pub(super) fn kinds() -> Vec<(&'static str, Build)> {
    let table = Build::minimal().table("");
    let stream = Build::minimal().xref_stream(4, "");
    let objects = Build::new().object_stream(4, "", &[(1, CATALOG), (2, PAGES), (3, PAGE)]).xref_stream(5, "");
    let updated = table.clone().object(3, PAGE).object(4, "(new)").table("");
    let updated_stream = objects.clone().object(3, PAGE).object(6, "(new)").xref_stream(7, "");
    vec![
        ("table", table),
        ("stream", stream),
        ("objects", objects),
        ("updated", updated),
        ("updated stream", updated_stream),
        ("hybrid", hybrid(&[])),
        ("linearized", linearized()),
    ]
}

/// A hybrid file: object 4 is hidden in a stream; `also` are listed in it, too.
pub(super) fn hybrid(also: &[(u32, Entry)]) -> Build {
    let mut build = Build::minimal();
    let visible = build.listed.clone();
    build = build.object_stream(5, "", &[(4, "(hidden)")]);
    build.listed.retain(|number, _| !visible.contains_key(number));
    for (number, entry) in also {
        build.list(*number, *entry);
    }
    let at = build.at();
    build = build.xref_stream_object(6, "");
    build.listed = visible;
    build.table(&format!("/XRefStm {at}"))
}

/// A linearized file: the section of the first page stands at the beginning and names the other one.
pub(super) fn linearized() -> Build {
    let mut build = Build::new();
    build = build.object(4, "<</Linearized 1/N 1>>");
    let first = build.at();
    let heading = "xref\n1 1\n0000000000 00000 n \n3 2\n0000000000 00000 n \n0000000000 00000 n \ntrailer\n";
    let blank = "<</Size 5/Root 1 0 R/Prev 0000000000>>\nstartxref\n0\n%%EOF\n";
    build = build.raw(heading).raw(blank);
    build = build.object(1, CATALOG).object(3, PAGE).object(2, PAGES);
    let main = build.at();
    let offset = |number| match build.listed[&number] {
        Entry::Offset { offset, .. } => offset,
        Entry::InStream { .. } => unreachable!(),
    };
    let section = format!(
        "xref\n1 1\n{:010} 00000 n \n3 2\n{:010} 00000 n \n{:010} 00000 n \ntrailer\n\
         <</Size 5/Root 1 0 R/Prev {main:010}>>\nstartxref\n0\n%%EOF\n",
        offset(1),
        offset(3),
        offset(4)
    );
    let rest = format!(
        "xref\n0 1\n0000000000 65535 f \n2 1\n{:010} 00000 n \ntrailer\n<</Size 5>>\nstartxref\n{first}\n%%EOF\n",
        offset(2)
    );
    let start = usize::try_from(first).unwrap();
    build.bytes[start..start + section.len()].copy_from_slice(section.as_bytes());
    build.last = Some(first);
    build.listed.clear();
    build.raw(rest)
}
