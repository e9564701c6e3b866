//! `eseal inspect`: what is in documents. It ends well when it could read, whatever it found.

use std::fmt::Write;

use eseal::system::undo_waits;
use eseal::{
    After, Change, ChangeKind, Document, Error, ErrorCode, FieldReport, Format, Inspection, Limits, Lock,
    PdfInspection, Recovery, Result, SignatureReport, TimestampReport,
};
use serde::Serialize;

use super::args::Inspect;
use super::config::{self, Common};
use super::containers::Containers;
use super::documents::{Opened, UNDO_WAITS};
use super::inputs::{self, Came, Input, Item, Unusable, Walk};
use super::prepare::tasks;
use super::report::{Report, printable, size};
use super::run::{Line, Ready, Run};
use super::waiting::Stdin;
use super::{Outcome, lines};

mod container;

/// `eseal inspect`.
pub(crate) fn run(args: &Inspect, common: &Common) -> Outcome {
    let mut run = Run::new(config::Run::new(&args.run)?.within(&common.limits));
    let mut report = Report::new(common);
    let walk = Walk::new(args.inputs.all_files, common, &run.passed_over).following(args.inputs.follow_links);
    let inputs = inputs::read(&args.inputs, None, walk, None, &common.limits, &run.cancel)?;
    let (inputs, came) = Came::select(inputs, &args.inputs, &common.limits, &run.cancel)?;
    let recovery = if args.recover { Recovery::Rebuild } else { Recovery::Refuse };
    run.catch_interrupts(common)?;
    let stdin = Stdin::new(&run.cancel);
    let work = |item| inspect(item, &stdin, recovery, args.check, &common.limits);
    let exit = run.over(tasks(inputs, &mut report), work, &mut report)?;
    Ok(came.end(exit, &mut report))
}

fn inspect(item: Item, stdin: &Stdin, recovery: Recovery, check: bool, limits: &Limits) -> Result<Ready> {
    let input = item.map_err(|Unusable { error, .. }| *error)?;
    let mut ready = Ready::default();
    let opened = Opened::input(&input, stdin, &mut ready)?;
    let document = open(&opened, recovery, limits)?;
    // A crashed run has left it half-written, maybe.
    let undo = undo_waits(&input.given).then(|| UNDO_WAITS.to_owned());
    let found = document.inspect()?;
    let fits = found.fits();
    let (json, text) = match found {
        Inspection::Pdf(mut found) => {
            found.remarks.extend(undo);
            pdf(&input, &found, fits)?
        }
        Inspection::Container(mut found) => {
            found.remarks.extend(undo);
            // Which of its two names a container has is said by its file's.
            let format = input.expected.unwrap_or(document.format());
            container::lines(input.name(), format, &found, fits)?
        }
        _ => return Err(Error::Bug("an unknown kind of inspection")),
    };
    ready.line = Line { json, text, ..Line::default() };
    if check && fits != Some(true) {
        ready.is_partial = true;
        let what =
            says(fits, "", "a digest, a value or a time-stamp does not fit", "a digest or a value could not be tried");
        ready.notes.push(format!("eseal: {}: {what}", printable(&input.name())));
    }
    Ok(ready)
}

/// Opens a document to be looked at: also one with bytes after its end, which is said then, but nothing is repaired that
/// nobody asked to have repaired.
fn open(opened: &Opened, recovery: Recovery, limits: &Limits) -> Result<Document> {
    let open = |recovery| opened.document(&Containers::default(), recovery, limits);
    match open(recovery) {
        Err(error) if error.code() == ErrorCode::PdfTail => match open(Recovery::Rebuild) {
            Ok(document) if !document.is_rebuilt() => Ok(document),
            _ => Err(error),
        },
        other => other,
    }
}

fn pdf(input: &Input, found: &PdfInspection, fits: Option<bool>) -> Result<(String, String)> {
    let line = Inspected::new(input, found, fits);
    Ok((lines::json(&line)?, text(&line.input, found)))
}

#[derive(Serialize)]
struct Inspected<'a> {
    input: String,
    format: &'static str,
    bytes: u64,
    revisions: Vec<Revision>,
    fields: Vec<Field<'a>>,
    signatures: Vec<Signature<'a>>,
    certification: Option<u8>,
    pdfa_part: Option<u8>,
    fits: Option<bool>,
    remarks: &'a [String],
}

#[derive(Serialize)]
struct Revision {
    end: u64,
    kind: &'static str,
}

#[derive(Serialize)]
struct Field<'a> {
    name: &'a str,
    #[serde(rename = "type")]
    field_type: &'a str,
    signed: bool,
    page: Option<u32>,
    rect: Option<[f64; 4]>,
    lock: Option<FieldLock<'a>>,
}

#[derive(Serialize)]
struct FieldLock<'a> {
    action: &'static str,
    fields: &'a [String],
    permissions: Option<u8>,
}

#[derive(Serialize)]
struct Signature<'a> {
    field: &'a str,
    sub_filter: &'a str,
    byte_range: &'a [u64],
    covers: String,
    digest_matches: Option<bool>,
    signature_verifies: Option<bool>,
    trust: &'static str,
    signer: Option<&'a str>,
    signer_name: Option<&'a str>,
    signed_at: Option<String>,
    level_claimed: Option<&'static str>,
    timestamps: Vec<Timestamp<'a>>,
    timestamps_fit: bool,
    protected_until: Option<String>,
    name: Option<&'a str>,
    reason: Option<&'a str>,
    location: Option<&'a str>,
    contact: Option<&'a str>,
    after: Option<Later<'a>>,
    remarks: &'a [String],
}

/// What came after a signature.
#[derive(Serialize)]
struct Later<'a> {
    kind: Option<&'static str>,
    text: Option<String>,
    changes: Vec<Changed<'a>>,
    unowned_bytes: u64,
    not_compared: Option<&'a str>,
}

#[derive(Serialize)]
struct Changed<'a> {
    kind: &'static str,
    what: &'a str,
    detail: &'a str,
    object: Option<u32>,
}

impl<'a> From<&'a After> for Later<'a> {
    fn from(after: &'a After) -> Self {
        let changed = |change: &'a Change| Changed {
            kind: change.kind.as_str(),
            what: &change.what,
            detail: &change.detail,
            object: change.object,
        };
        Later {
            kind: after.kind().map(ChangeKind::as_str),
            text: after.text(),
            changes: after.changes.iter().map(changed).collect(),
            unowned_bytes: after.unowned_bytes,
            not_compared: after.not_compared.as_deref(),
        }
    }
}

#[derive(Serialize)]
struct Timestamp<'a> {
    gen_time: String,
    policy: &'a str,
}

impl<'a> From<&'a TimestampReport> for Timestamp<'a> {
    fn from(report: &'a TimestampReport) -> Self {
        Timestamp { gen_time: report.gen_time.to_string(), policy: &report.policy }
    }
}

impl<'a> Inspected<'a> {
    fn new(input: &Input, found: &'a PdfInspection, fits: Option<bool>) -> Self {
        Inspected {
            input: input.name(),
            format: Format::Pdf.as_str(),
            bytes: found.bytes,
            revisions: found.revisions.iter().map(|r| Revision { end: r.end, kind: r.kind }).collect(),
            fields: found.fields.iter().map(Field::new).collect(),
            signatures: found.signatures.iter().map(Signature::new).collect(),
            certification: found.certification,
            pdfa_part: found.pdfa_part,
            fits,
            remarks: &found.remarks,
        }
    }
}

impl<'a> Field<'a> {
    fn new(field: &'a FieldReport) -> Self {
        let lock =
            |lock: &'a Lock| FieldLock { action: lock.action, fields: &lock.fields, permissions: lock.permissions };
        Field {
            name: &field.name,
            field_type: &field.field_type,
            signed: field.signed,
            page: field.page,
            rect: field.rect,
            lock: field.lock.as_ref().map(lock),
        }
    }
}

impl<'a> Signature<'a> {
    fn new(signature: &'a SignatureReport) -> Self {
        Signature {
            field: &signature.field,
            sub_filter: &signature.sub_filter,
            byte_range: &signature.byte_range,
            covers: signature.covers.to_string(),
            digest_matches: signature.digest_matches,
            signature_verifies: signature.signature_verifies,
            trust: "not checked",
            signer: signature.signer.as_deref(),
            signer_name: signature.signer_name.as_deref(),
            signed_at: signature.signed_at.map(|time| time.to_string()),
            level_claimed: signature.level_claimed,
            timestamps: signature.timestamps.iter().map(Timestamp::from).collect(),
            timestamps_fit: signature.timestamps_fit,
            protected_until: signature.protected_until.map(|time| time.to_string()),
            name: signature.name.as_deref(),
            reason: signature.reason.as_deref(),
            location: signature.location.as_deref(),
            contact: signature.contact.as_deref(),
            after: signature.after.as_ref().map(Later::from),
            remarks: &signature.remarks,
        }
    }
}

fn text(input: &str, found: &PdfInspection) -> String {
    let revisions = match found.revisions.len() {
        1 => "1 revision".to_owned(),
        n => format!("{n} revisions"),
    };
    let mut text = format!("{}  {}  {revisions}", printable(input), size(found.bytes));
    if let Some(p) = found.certification {
        let _ = write!(text, "\n  certified, P {p}");
    }
    for signature in &found.signatures {
        let _ = write!(text, "\n  {}", signature_text(signature));
        for remark in &signature.remarks {
            let _ = write!(text, "\n    remark: {}", printable(remark));
        }
    }
    for field in found.fields.iter().filter(|field| field.field_type == "Sig" && !field.signed) {
        let page = field.page.map_or(String::new(), |page| format!(" on page {page}"));
        let _ = write!(text, "\n  {}: empty signature field{page}", printable(&field.name));
    }
    for remark in &found.remarks {
        let _ = write!(text, "\n  remark: {}", printable(remark));
    }
    text
}

/// The words for what was found, was found wrong, or could not be tried.
fn says(found: Option<bool>, yes: &str, no: &str, unknown: &str) -> String {
    let word = match found {
        Some(true) => yes,
        Some(false) => no,
        None => unknown,
    };
    word.to_owned()
}

/// When the first of the time-stamps was made.
fn stamped(timestamps: &[TimestampReport]) -> Option<String> {
    let first = timestamps.iter().map(|stamp| stamp.gen_time).min()?;
    Some(format!("time-stamp {first}"))
}

fn signature_text(signature: &SignatureReport) -> String {
    let mut parts = vec![
        format!("covers {}", signature.covers),
        says(signature.digest_matches, "digest matches", "DIGEST DIFFERS", "digest not computed"),
        says(signature.signature_verifies, "value verifies", "VALUE DOES NOT VERIFY", "value not tried"),
    ];
    parts.extend(signature.level_claimed.map(str::to_owned));
    parts.extend(signature.signer_name.as_deref().or(signature.signer.as_deref()).map(printable));
    // A time-stamp's own time is the one that is in its token.
    parts.extend(signature.signed_at.filter(|_| !signature.is_timestamp()).map(|time| time.to_string()));
    parts.extend(stamped(&signature.timestamps));
    parts.extend(signature.protected_until.map(|time| format!("protected until {time}")));
    let after = signature.after.as_ref().and_then(After::text);
    let after = after.map_or(String::new(), |after| format!("; after it: {}", printable(&after)));
    format!("{}: {}{after}; trust not checked", printable(&signature.field), parts.join(", "))
}
