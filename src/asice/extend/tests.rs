use std::sync::Mutex;

use super::*;
use crate::Signer as _;
use crate::asice::{Draft, NewContainer, begin, begin_new, prepare, prepare_new};
use crate::digest::State;
use crate::digest::lanes::{Hashed, Message as _, Reading};
use crate::error::ErrorCode;
use crate::key::LocalKey;
use crate::pki::Certificate;
use crate::signature::ToBeSigned;
use crate::signing::Plan;
use crate::source::ReadAt;
use crate::time::Moment;
use crate::zip::{Compress, Method, Packing, Writer};

const DSS: &[u8] = include_bytes!("../../../testdata/asice/dss-lta-rsa.asice");
const LIBDIGIDOCPP: &[u8] = include_bytes!("../../../testdata/asice/libdigidocpp-lta-p384.asice");
const SHA256: DigestAlgorithm = DigestAlgorithm::Sha256;

/// What was found in `reading`.
fn read(mut reading: Reading) -> Result<Hashed> {
    let mut state = reading.begin();
    while reading.advance()? {
        state.update(reading.piece());
    }
    reading.end(Ok(state))
}

fn drafted_new(new: &NewContainer, plan: &Plan, moment: &Moment) -> Draft {
    prepare_new(new, plan, moment, begin_new(new, plan, moment).unwrap().into_iter().map(read)).unwrap()
}

fn drafted(container: &Container, plan: &Plan, moment: &Moment) -> Draft {
    prepare(container, plan, moment, begin(container, plan, moment).unwrap().into_iter().map(read)).unwrap()
}

fn time() -> Time {
    Time::parse_rfc3339("2026-01-02T03:04:05Z").unwrap()
}

fn container(bytes: impl Into<Vec<u8>>) -> Container {
    Container::open(&Source::from_bytes(bytes), &Limits::default()).unwrap()
}

fn open(bytes: impl Into<Vec<u8>>) -> Extension {
    Extension::open(&container(bytes), &[SHA256]).unwrap()
}

fn written(extension: &Extension) -> Vec<u8> {
    let output = extension.output(time()).unwrap();
    let mut out = Vec::new();
    let len = output.write_to(&mut out).unwrap();
    assert!(output.len().is_none_or(|told| told == len));
    out
}

/// Some token: the signatures that get it are broken afterwards.
fn token() -> Arc<Token> {
    Arc::clone(&open(DSS).subjects()[0].stamps[0].token)
}

fn detail(extension: &Extension, unit: usize) -> &'static str {
    match extension.subjects()[unit].fault.as_ref() {
        Some(Error::Refused(refusal)) => {
            assert_eq!(refusal.code, ErrorCode::SignatureBroken);
            assert!(refusal.file.as_deref().unwrap().starts_with("META-INF/"));
            refusal.detail.unwrap()
        }
        other => panic!("{other:?}"),
    }
}

/// The same container with other content in some entries, all of them stored.
fn with(bytes: &[u8], change: impl Fn(&str, Vec<u8>) -> Option<Vec<u8>>) -> Vec<u8> {
    let container = container(bytes);
    let mut out = Vec::new();
    let mut sink = crate::output::Stream(&mut out);
    let mut writer = Writer::new(&mut sink);
    for entry in container.by_offset() {
        let content = container.archive().read(entry, "", u64::MAX).unwrap();
        if let Some(content) = change(&entry.name, content) {
            writer.bytes(&entry.name, time(), Packing::Store, &content).unwrap();
        }
    }
    writer.finish(b"").unwrap();
    out
}

fn edited(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    with(bytes, |_, content| match String::from_utf8(content) {
        Ok(text) => Some(text.replacen(from, to, 1).into_bytes()),
        Err(other) => Some(other.into_bytes()),
    })
}

fn files() -> Vec<DataFile> {
    let contents: [(&str, Vec<u8>); 3] =
        [("z.txt", b"hello\n".to_vec()), ("a b.bin", vec![7; 100_000]), ("dir/ā.txt", Vec::new())];
    contents.into_iter().map(|(name, bytes)| DataFile::new(name, Source::from_bytes(bytes))).collect()
}

fn signer() -> (LocalKey, Certificate) {
    let certificate = Certificate::parse(include_bytes!("../../../testdata/keys/ec-certificate.pem")).unwrap();
    let key = include_bytes!("../../../testdata/keys/ec.pem");
    let given = [certificate.clone()];
    let key = LocalKey::dangerous_allow_unhardened_rsa(key, None, None, &given, &Limits::default()).unwrap();
    (key, certificate)
}

fn plan() -> Plan {
    Plan::new(signer().1, &[]).unwrap().allow_expired()
}

fn value(draft: &Draft) -> Vec<u8> {
    let to_be_signed = ToBeSigned::new(draft.signed_info.clone(), plan().algorithm());
    let (key, certificate) = signer();
    crate::cms::accept_value(&key.sign(&to_be_signed).unwrap(), &certificate, &to_be_signed).unwrap()
}

fn signed(files: Vec<DataFile>) -> Extension {
    let new = NewContainer::new(files.clone(), &Limits::default()).unwrap();
    let draft = drafted_new(&new, &plan(), &Moment::new(time(), [3; 32]));
    Extension::signed(&draft, Given::Files(files), &value(&draft), plan().algorithm(), &Limits::default()).unwrap()
}

/// A container with one more signature in it.
fn added(bytes: &[u8]) -> Extension {
    let container = container(bytes);
    let draft = drafted(&container, &plan(), &Moment::new(time(), [4; 32]));
    let given = Given::Container(container.source().clone());
    Extension::signed(&draft, given, &value(&draft), plan().algorithm(), &Limits::default()).unwrap()
}

#[test]
fn containers_of_others_are_sound_and_their_archive_time_stamps_fit() {
    for (bytes, name) in [(DSS, "META-INF/signatures001.xml"), (LIBDIGIDOCPP, "META-INF/signatures0.xml")] {
        let extension = open(bytes);
        let [subject] = extension.subjects() else { panic!("one signature") };
        assert_eq!(subject.name, name);
        assert!(subject.fault.is_none(), "{:?}", subject.fault);
        let kinds: Vec<StampKind> = subject.stamps.iter().map(|stamp| stamp.kind).collect();
        assert_eq!(kinds, [StampKind::Signature, StampKind::Archive]);
        assert!(subject.protector().is_some() && subject.signer.is_some());
        let held = extension.held(0).unwrap();
        assert!(!held.ocsp().is_empty() && held.certificates().contains(subject.signer.as_ref().unwrap()));
        assert!(!extension.is_changed());
        assert_eq!(written(&extension), bytes, "as it was");
        let report = container(bytes).inspect().unwrap();
        let end = subject.stamps[1].token.certificate().unwrap().not_after();
        assert_eq!(report.signatures[0].protected_until, Some(end));
        assert_eq!(report.signatures[0].remarks, [""; 0]);
    }
}

#[test]
fn what_is_not_sound_is_said_and_nothing_is_added_to_it() {
    let cases: [(&str, &str, &str); 6] = [
        ("hello", "hallo", "a data file is not the one that was signed"),
        ("<ds:SignatureValue Id=", "<ds:SignatureValue  a=\"\" Id=", "a time-stamp is not over what it should be over"),
        ("URI=\"doc%20one.txt\"", "URI=\"doc one.txt\"", "its value does not verify"),
        ("<xades:SigningTime>2026", "<xades:SigningTime>2025", "its signed properties are not those that were signed"),
        ("<xades:CertificateValues>", "<xades:CertificateValues> ", "a time-stamp is not over what it should be over"),
        (
            "<ds:X509Certificate>M",
            "<ds:X509Certificate>A",
            "it does not name the signer's certificate, or does not hold it",
        ),
    ];
    for (from, to, expected) in cases {
        let bytes = edited(DSS, from, to);
        let mut extension = open(bytes.clone());
        assert_eq!(detail(&extension, 0), expected);
        let codes = [
            extension.stamp_imprint(0, SHA256).unwrap_err().code(),
            extension.archive_imprint(0, SHA256).unwrap_err().code(),
            extension.put_stamp(0, &token(), &[1; 32]).unwrap_err().code(),
            extension.put_archive(0, &token(), &[1; 32]).unwrap_err().code(),
            extension.put_data(0, &ValidationData::default(), &[]).unwrap_err().code(),
        ];
        assert_eq!(codes, [ErrorCode::SignatureBroken; 5]);
        let report = container(bytes).inspect().unwrap();
        let remarks = report.signatures[0].remarks.join("; ");
        assert!(remarks.contains("an archive time-stamp that is not over"), "{from}: {remarks}");
        assert_eq!(report.signatures[0].protected_until, None, "{from}");
    }
}

#[test]
fn only_signature_files_change_and_the_next_time_in_place() {
    for bytes in [DSS, LIBDIGIDOCPP] {
        let mut extension = open(bytes);
        let name = extension.subjects()[0].name.clone();
        extension.put_archive(0, &token(), &[1; 32]).unwrap();
        assert!(extension.is_changed());
        let first = written(&extension);
        let (before, after) = (container(bytes), container(first.clone()));
        assert_eq!(after.archive().remarks(), before.archive().remarks());
        let last = after.by_offset().last().map(|entry| entry.name.clone());
        assert_eq!(last.as_deref(), Some(name.as_str()));
        for old in before.by_offset().into_iter().filter(|entry| entry.name != name) {
            let new = after.archive().find(&old.name).unwrap();
            let raw = |container: &Container, range| container.source().window(range).unwrap().to_vec();
            assert_eq!(raw(&after, new.header..new.end), raw(&before, old.header..old.end), "{}", old.name);
        }
        assert_eq!(after.archive().find(&name).unwrap().method, before.archive().find(&name).unwrap().method);

        // It stands at the end now; the stamp does not fit, so that the next one is put to what it was before.
        let content = before.archive().read(before.archive().find(&name).unwrap(), "", u64::MAX).unwrap();
        let base = with(bytes, |entry, content| (entry != name).then_some(content));
        let at_end = with_last(&base, &name, &content);
        let mut extension = open(at_end.clone());
        extension.put_archive(0, &token(), &[1; 32]).unwrap();
        let output = extension.output(time()).unwrap();
        let update = output.as_update().expect("in place");
        assert_eq!(update.kept, container(at_end).archive().find(&name).unwrap().header);
        assert!(update.checks.is_empty());
        assert_eq!(open(written(&extension)).subjects()[0].name, name);
    }
}

/// The container with one more entry.
fn with_last(bytes: &[u8], name: &str, content: &[u8]) -> Vec<u8> {
    let base = container(bytes);
    let mut tail = Vec::new();
    let mut sink = crate::output::Stream(&mut tail);
    let kept = base.archive().directory_offset();
    let mut writer = Writer::continuing(&mut sink, kept, base.archive().directory().unwrap());
    writer.bytes(name, time(), Packing::Store, content).unwrap();
    writer.finish(b"").unwrap();
    [&base.source().window(0..kept).unwrap(), tail.as_slice()].concat()
}

#[test]
fn fresh_containers_climb_as_opened_ones_do() {
    let mut fresh = signed(files());
    assert!(fresh.is_changed());
    let first = written(&fresh);
    assert!(open(first.clone()).subjects()[0].fault.is_none());
    let second = added(&first);
    let both = written(&second);
    let mut opened = open(both.clone());
    assert_eq!(opened.subjects().len(), 2);
    assert!(opened.subjects().iter().all(|subject| subject.fault.is_none()));

    // However the data are read, the imprint is the same.
    for algorithm in [SHA256, DigestAlgorithm::Sha512] {
        let imprint = fresh.archive_imprint(0, algorithm).unwrap();
        assert_eq!(opened.archive_imprint(0, algorithm).unwrap(), imprint);
        assert_eq!(open(first.clone()).archive_imprint(0, algorithm).unwrap(), imprint);
        assert_eq!(second.archive_imprint(0, algorithm).unwrap(), opened.archive_imprint(1, algorithm).unwrap());
    }
    let mut expected = State::new(SHA256);
    files()
        .iter()
        .filter_map(held_source)
        .for_each(|(_, source)| expected.update(&source.window(0..source.len()).unwrap()));
    let lead: Vec<String> = files().iter().map(|file| file.name().to_owned()).collect();
    let (done, state) = opened.hashes.start(&lead, SHA256).unwrap();
    assert_eq!((done, state.clone().finish()), (3, expected.finish()), "all files, one after the other");
    let (done, _) = opened.hashes.start(&lead, DigestAlgorithm::Sha512).map_or((0, ()), |(done, _)| (done, ()));
    assert_eq!(done, 0, "what was not asked for is not hashed");

    fresh.put_stamp(0, &token(), &[1; 32]).unwrap();
    fresh.put_data(0, &open(DSS).held(0).unwrap(), &[]).unwrap();
    fresh.put_archive(0, &token(), &[1; 32]).unwrap();
    let kinds: Vec<StampKind> = fresh.subjects()[0].stamps.iter().map(|stamp| stamp.kind).collect();
    assert_eq!(kinds, [StampKind::Signature, StampKind::Archive]);
    let report = container(written(&fresh)).inspect().unwrap();
    assert_eq!(report.signatures[0].level_claimed, Some("B-LTA"));
    assert_eq!(
        (report.signatures[0].digest_matches, report.signatures[0].signature_verifies),
        (Some(true), Some(true))
    );

    // One unit changes, the other's file does not.
    opened.put_stamp(1, &token(), &[1; 32]).unwrap();
    let name = opened.subjects()[0].name.clone();
    let raw = |bytes: &[u8]| {
        let container = container(bytes);
        let entry = container.archive().find(&name).unwrap().clone();
        container.source().window(entry.header..entry.end).unwrap().to_vec()
    };
    assert_eq!(raw(&written(&opened)), raw(&both));
}

#[test]
fn data_that_are_not_there_are_wanted_for_an_archive_time_stamp_alone() {
    let digest = DataFile::by_digest("z.txt", SHA256.digest(b"hello\n"));
    let some: Vec<DataFile> = std::iter::once(digest).chain(files().into_iter().skip(1)).collect();
    let mut fresh = signed(some);
    let missing = |extension: &Extension| match extension.archive_imprint(0, SHA256).unwrap_err() {
        Error::Refused(refusal) => (refusal.code, refusal.file.unwrap()),
        other => panic!("{other}"),
    };
    assert_eq!(missing(&fresh), (ErrorCode::AsiceDataMissing, "z.txt".to_owned()));
    fresh.stamp_imprint(0, SHA256).unwrap();
    let bytes = written(&fresh);
    let opened = open(bytes.clone());
    assert!(opened.subjects()[0].fault.is_none());
    assert_eq!(missing(&opened), (ErrorCode::AsiceDataMissing, "z.txt".to_owned()));
    fresh.put_stamp(0, &token(), &[1; 32]).unwrap();

    // A digest that was told is believed until the data are needed.
    let told = |digest| container(bytes.clone()).assume(vec![DataFile::by_digest("a b.bin", digest)]).unwrap();
    let right = Extension::open(&told(SHA256.digest(&[7; 100_000])), &[SHA256]).unwrap();
    assert!(right.subjects()[0].fault.is_none());
    let wrong = Extension::open(&told(SHA256.digest(b"")), &[SHA256]).unwrap();
    assert_eq!(detail(&wrong, 0), "a data file is not the one that was signed");
}

#[test]
fn files_that_changed_since_they_were_signed_get_no_archive_time_stamp() {
    let new = NewContainer::new(files(), &Limits::default()).unwrap();
    let draft = drafted_new(&new, &plan(), &Moment::new(time(), [3; 32]));
    for n in 0..2 {
        let mut other = files();
        let len = if n == 0 { 6 } else { 100_000 };
        other[n] = DataFile::new(other[n].name(), Source::from_bytes(vec![8; len]));
        let given = Given::Files(other);
        let extension =
            Extension::signed(&draft, given, &value(&draft), plan().algorithm(), &Limits::default()).unwrap();
        assert_eq!(extension.archive_imprint(0, SHA256).unwrap_err().code(), ErrorCode::AsiceDigest);
    }
}

/// Counts what is read of a range.
struct Counted {
    bytes: Vec<u8>,
    range: std::ops::Range<u64>,
    read: Mutex<u64>,
}

impl ReadAt for Counted {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> std::io::Result<usize> {
        let start = usize::try_from(offset).unwrap();
        buffer.copy_from_slice(&self.bytes[start..start + buffer.len()]);
        let end = offset + u64::try_from(buffer.len()).unwrap();
        *self.read.lock().unwrap() += end.min(self.range.end).saturating_sub(offset.max(self.range.start));
        Ok(buffer.len())
    }
}

#[test]
fn data_are_read_once() {
    let large = vec![DataFile::new("large.bin", Source::from_bytes(vec![9; 1 << 20]))];
    let plan = plan().compress(Compress::Store);
    let new = NewContainer::new(large.clone(), &Limits::default()).unwrap();
    let draft = drafted_new(&new, &plan, &Moment::new(time(), [3; 32]));
    let fresh = Extension::signed(&draft, Given::Files(large), &value(&draft), plan.algorithm(), &Limits::default());
    let bytes = written(&fresh.unwrap());
    let entry = container(bytes.clone()).archive().find("large.bin").unwrap().clone();
    assert_eq!(entry.method, Method::Stored);
    let len = u64::try_from(bytes.len()).unwrap();
    let counted = Arc::new(Counted { bytes, range: entry.data.clone(), read: Mutex::new(0) });
    let source = Source::from_reader(Arc::<Counted>::clone(&counted), len);
    let container = Container::open(&source, &Limits::default()).unwrap();
    let before = *counted.read.lock().unwrap();
    let mut extension = Extension::open(&container, &[SHA256]).unwrap();
    extension.put_stamp(0, &token(), &[1; 32]).unwrap();
    extension.archive_imprint(0, SHA256).unwrap();
    extension.put_archive(0, &token(), &[1; 32]).unwrap();
    let read = *counted.read.lock().unwrap() - before;
    assert_eq!(read, entry.data.end - entry.data.start);
}

#[test]
fn several_signatures_in_one_file_are_units_of_their_own() {
    let one = with(DSS, |_, content| Some(content));
    let twice = with(&one, |name, content| {
        if !name.contains("signatures") {
            return Some(content);
        }
        let text = String::from_utf8(content).unwrap();
        let (start, end) = (text.find("<ds:Signature ").unwrap(), text.find("</ds:Signature>").unwrap() + 15);
        let id = text[start..].split("Id=\"id-").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let again = text[start..end].replace("Id=\"", "Id=\"x").replace(&format!("#id-{id}"), &format!("#xid-{id}"));
        let again = again.replace("URI=\"#xades", "URI=\"#xxades").replace("URI=\"#ts", "URI=\"#xts");
        Some(format!("{}{again}{}", &text[..end], &text[end..]).into_bytes())
    });
    let mut extension = open(twice);
    let names: Vec<&str> = extension.subjects().iter().map(|subject| subject.name.as_str()).collect();
    assert_eq!(names, ["META-INF/signatures001.xml#1", "META-INF/signatures001.xml#2"]);
    assert!(extension.subjects()[0].fault.is_none());
    assert_eq!(detail(&extension, 1), "its value does not verify", "other Ids are signed");
    extension.put_archive(0, &token(), &[1; 32]).unwrap();
    assert!(extension.put_archive(1, &token(), &[1; 32]).is_err());
    let report = container(written(&extension)).inspect().unwrap();
    let stamps: Vec<usize> = report.signatures.iter().map(|signature| signature.timestamps.len()).collect();
    assert_eq!(stamps, [3, 2]);
}

#[test]
fn other_kinds_of_containers_are_refused() {
    let other = with(DSS, |name, content| (name != "mimetype").then_some(content));
    assert!(Container::open(&Source::from_bytes(other), &Limits::default()).is_err());
    let evidence = with_last(DSS, "META-INF/evidencerecord.ers", b"x");
    let refused = Extension::open(&container(evidence), &[]).err().unwrap();
    assert_eq!(refused.code(), ErrorCode::AsiceKind);
}

/// A signed container of one large stored file, with `stamps` archive time-stamps that are over something else; its
/// signature refers to its own properties first, as some makers have it.
fn stamped(stamps: u8) -> Vec<u8> {
    let large = vec![DataFile::new("large.bin", Source::from_bytes(vec![9; 1 << 20]))];
    let plan = plan().compress(Compress::Store);
    let new = NewContainer::new(large.clone(), &Limits::default()).unwrap();
    let draft = drafted_new(&new, &plan, &Moment::new(time(), [3; 32]));
    let mut extension =
        Extension::signed(&draft, Given::Files(large), &value(&draft), plan.algorithm(), &Limits::default()).unwrap();
    let token = token();
    (0..stamps).for_each(|n| extension.put_archive(0, &token, &[n; 32]).unwrap());
    with(&written(&extension), |name, content| {
        if name != "META-INF/signatures0.xml" {
            return Some(content);
        }
        let text = String::from_utf8(content).unwrap();
        let (start, end) = ("<ds:Reference ", "</ds:Reference>");
        let properties = text.find("<ds:Reference Type=").unwrap();
        let after = properties + text[properties..].find(end).unwrap() + end.len();
        let reference = text[properties..after].to_owned();
        let rest = format!("{}{}", &text[..properties], &text[after..]);
        Some(rest.replacen(start, &format!("{reference}{start}"), 1).into_bytes())
    })
}

#[test]
fn archive_time_stamps_cost_no_pass_over_the_data_each() {
    let bytes = stamped(40);
    let range = container(bytes.clone()).archive().find("large.bin").unwrap().data.clone();
    let len = u64::try_from(bytes.len()).unwrap();
    let counted = Arc::new(Counted { bytes, range: range.clone(), read: Mutex::new(0) });
    let source = Source::from_reader(Arc::<Counted>::clone(&counted), len);
    let inspection = Container::open(&source, &Limits::default()).unwrap().inspect().unwrap();
    let remarks = &inspection.signatures[0].remarks;
    let wrong = remarks.iter().filter(|remark| remark.contains("an archive time-stamp that is not over")).count();
    assert_eq!(wrong, 40);
    // Once for its digest, and once for each of the two ways to feed what is signed.
    let (read, data) = (*counted.read.lock().unwrap(), range.end - range.start);
    // A window around the headers lies in the data, too.
    assert!((3 * data..3 * data + (1 << 16)).contains(&read), "{read} of {data}");
}

#[test]
fn what_looking_at_time_stamps_costs_is_bounded_by_name() {
    let bytes = stamped(3);
    let inspect = |name: &str, value: u64| {
        let mut limits = Limits::default();
        limits.set(name, value).unwrap();
        limits.asice_stamped_ratio = 0;
        let opened = Container::open(&Source::from_bytes(bytes.clone()), &limits)?;
        opened.inspect().map(|_| ())
    };
    inspect("asice_stamped_bytes", u64::MAX).unwrap();
    // One pass over the data is always free; the second way to feed it is not.
    for (name, value) in [
        ("asice_stamped_bytes", 1 << 19),
        ("asice_time_stamps", 2),
        ("asice_xml_bytes", 3_000),
        ("asice_xml_elements", 20),
    ] {
        match inspect(name, value) {
            Err(Error::LimitExceeded(limit)) => assert_eq!(limit.name, name),
            other => panic!("{name}: {other:?}"),
        }
    }
}
