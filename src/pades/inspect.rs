//! What is in a document: revisions, fields, signatures, and what another signature must respect.
//!
//! Digests and values are computed, trust is not judged: that a signature verifies here says that the
//! bytes are the signed ones, not who signed them.

use crate::cms::{SignedData, Signer, TstInfo};
use crate::error::{Error, Result};
use crate::pades::coverage::{Coverage, Covered, contents};
use crate::pades::field::{is_signature, is_signed};
use crate::pades::permission::{Earlier, EarlierSignature, FieldLock};
use crate::pades::report::{FieldReport, Lock, PdfInspection, Revision, SignatureReport, TimestampReport};
use crate::pades::{SUB_FILTER, TIME_STAMP};
use crate::pdf::{Document, Field, Form, Object, SectionKind, fields, page_number};
use crate::pki::Certificate;
use crate::time::Time;

/// Looks at `document`.
///
/// # Errors
/// When the document can't be read; a signature that is broken is a finding.
pub(crate) fn inspect(document: &Document) -> Result<PdfInspection> {
    let form = fields(document)?;
    let earlier = Earlier::read(document, &form)?;
    let revisions = document.revisions()?;
    let ends: Vec<u64> = revisions.iter().map(|revision| revision.end).collect();
    let (_, catalog) = document.catalog()?;
    let archive = Archive::read(document)?;
    let mut signatures = Vec::new();
    for signature in &earlier.signatures {
        signatures.push(report(document, signature, &ends)?);
    }
    archive.raise_levels(&mut signatures);
    let mut remarks = remarks(document, &form)?;
    let mut reports = Vec::new();
    for field in &form.fields {
        reports.push(field_report(document, field, &mut remarks)?);
    }
    Ok(PdfInspection {
        bytes: document.source().len(),
        revisions: revisions.iter().map(|r| Revision { end: r.end, kind: kind_name(r.kind) }).collect(),
        fields: reports,
        signatures,
        certification: earlier.certification,
        pdfa_part: crate::pades::archival::claimed_part(document, &catalog)?,
        remarks,
    })
}

/// Whether the signature that covers most is by `certificate`.
pub(crate) fn signed_last_by(document: &Document, certificate: &Certificate) -> Result<bool> {
    let earlier = Earlier::read(document, &fields(document)?)?;
    let mut last: Option<(u64, Option<Certificate>)> = None;
    for signature in &earlier.signatures {
        let Ok(covered) = Covered::read(document, signature) else { continue };
        let Ok((cms, _)) = SignedData::parse(&covered.cms, document.limits()) else { continue };
        if last.as_ref().is_none_or(|(end, _)| covered.end() > *end) && !is_time_stamp(document, signature)? {
            last = Some((covered.end(), cms.signers().first().and_then(|signer| signer.certificate().cloned())));
        }
    }
    Ok(last.is_some_and(|(_, signer)| signer.as_ref() == Some(certificate)))
}

fn report(document: &Document, signature: &EarlierSignature, ends: &[u64]) -> Result<SignatureReport> {
    let sub_filter = match document.get(&signature.dictionary, "SubFilter")? {
        Object::Name(name) => String::from_utf8_lossy(name.as_bytes()).into_owned(),
        _ => String::new(),
    };
    let mut report = SignatureReport {
        field: signature.field.clone(),
        byte_range: crate::pades::coverage::numbers(document, signature)?,
        covers: Coverage::Odd,
        digest_matches: None,
        signature_verifies: None,
        signer: None,
        signed_at: None,
        level_claimed: None,
        timestamps: Vec::new(),
        remarks: Vec::new(),
        sub_filter,
    };
    match document.get(&signature.dictionary, "M")? {
        Object::String(m) => report.signed_at = Time::parse_pdf(&m.to_text()).ok(),
        _ => report.signed_at = None,
    }
    let covered = match Covered::read(document, signature) {
        Ok(covered) => Some(covered),
        Err(error) => {
            report.remarks.push(error.to_string());
            None
        }
    };
    // Where the range is wrong the structure can still be looked at.
    let cms = match &covered {
        Some(covered) => covered.cms.clone(),
        None => contents(document, signature)?,
    };
    if let Some(covered) = &covered {
        report.covers = covered.coverage(document, ends)?;
    }
    let (cms, len) = match SignedData::parse(&cms, document.limits()) {
        Ok((parsed, len)) => (parsed, (len, cms)),
        Err(error) => {
            report.remarks.push(error.to_string());
            return Ok(report);
        }
    };
    if len.1.get(len.0..).unwrap_or_default().iter().any(|byte| *byte != 0) {
        report.remarks.push("bytes other than zero after the CMS structure".to_owned());
    }
    describe(document, covered.as_ref(), &cms, &mut report)?;
    Ok(report)
}

/// Fills in what the CMS structure says.
fn describe(
    document: &Document,
    covered: Option<&Covered>,
    cms: &SignedData,
    report: &mut SignatureReport,
) -> Result<()> {
    if cms.certificates().is_empty() {
        report.remarks.push("the signature carries no certificate".to_owned());
    }
    if cms.unreadable_certificates() > 0 {
        report.remarks.push(format!("{} certificates can't be read", cms.unreadable_certificates()));
    }
    let [signer] = cms.signers() else {
        report.remarks.push(format!("{} signers in place of one", cms.signers().len()));
        return Ok(());
    };
    report.signer = signer.certificate().map(|certificate| certificate.subject().to_owned());
    report.remarks.extend(signer.remarks().iter().map(|remark| (*remark).to_owned()));
    if signer.digest_algorithm().is_none() {
        report.remarks.push(format!("unknown digest algorithm {}", signer.digest_oid()));
    }
    if signer.certificate().is_some() && signer.algorithm().is_none() {
        report.remarks.push(format!("unknown signature algorithm {}", signer.signature_oid()));
    }
    if signer.content_type().is_some_and(|signed| signed != cms.content_type()) {
        report.remarks.push("the signed type of content is not the type of content".to_owned());
    }
    report.signature_verifies = signer.verifies();
    if report.sub_filter == TIME_STAMP || cms.is_time_stamp() {
        return describe_time_stamp(document, covered, cms, signer, report);
    }
    if cms.content().is_some() {
        report.remarks.push("the signature has a content of its own beside the document".to_owned());
    }
    if let (Some(covered), Some(algorithm)) = (covered, signer.digest_algorithm()) {
        report.digest_matches = signer.digest_matches(&covered.digest(document, algorithm)?);
    }
    report.signed_at = report.signed_at.or(signer.signing_time());
    for token in signer.time_stamps() {
        match signature_time_stamp(token, signer.value(), document) {
            Some(stamp) => report.timestamps.push(stamp),
            None => report.remarks.push("a signature time-stamp that does not fit".to_owned()),
        }
    }
    match (report.sub_filter == SUB_FILTER, signer.names_its_certificate()) {
        (true, Some(true)) => {
            report.level_claimed = Some(if report.timestamps.is_empty() { "B-B" } else { "B-T" });
        }
        (_, Some(false)) => report.remarks.push("the signed attributes name another certificate".to_owned()),
        _ => {}
    }
    Ok(())
}

/// A document time-stamp: its imprint is the document's digest, its own content is signed.
fn describe_time_stamp(
    document: &Document,
    covered: Option<&Covered>,
    cms: &SignedData,
    signer: &Signer,
    report: &mut SignatureReport,
) -> Result<()> {
    let content = cms.content().unwrap_or_default();
    let Ok(info) = TstInfo::parse(content) else {
        report.remarks.push("no time-stamp in the time-stamp's place".to_owned());
        return Ok(());
    };
    report.signed_at = Some(info.time());
    report.timestamps.push(TimestampReport::new(&info));
    if let (Some(covered), Some(algorithm)) = (covered, info.imprint_algorithm()) {
        report.digest_matches = Some(covered.digest(document, algorithm)?.as_bytes() == info.imprint());
    }
    let signed = signer.digest_algorithm().and_then(|algorithm| signer.digest_matches(&algorithm.digest(content)));
    report.signature_verifies = signer.verifies().map(|verifies| verifies && signed == Some(true));
    Ok(())
}

/// A time-stamp in the signature, when it is one over `value` and its own signature verifies.
fn signature_time_stamp(token: &[u8], value: &[u8], document: &Document) -> Option<TimestampReport> {
    let (cms, _) = SignedData::parse(token, document.limits()).ok()?;
    let content = cms.content()?;
    let info = TstInfo::parse(content).ok()?;
    let [signer] = cms.signers() else { return None };
    let digest = signer.digest_algorithm()?.digest(content);
    let sound = signer.digest_matches(&digest)? && signer.verifies()? && info.stamps(value)?;
    sound.then(|| TimestampReport::new(&info))
}

/// What of long-term data the document holds.
struct Archive {
    has_certificates: bool,
    has_revocation: bool,
}

impl Archive {
    fn read(document: &Document) -> Result<Self> {
        let (_, catalog) = document.catalog()?;
        let Object::Dictionary(dss) = document.get(&catalog, "DSS")? else {
            return Ok(Archive { has_certificates: false, has_revocation: false });
        };
        let filled = |key| -> Result<bool> {
            Ok(matches!(document.get(&dss, key)?, Object::Array(array) if !array.items().is_empty()))
        };
        Ok(Archive { has_certificates: filled("Certs")?, has_revocation: filled("OCSPs")? || filled("CRLs")? })
    }

    /// A later document time-stamp proves the time of earlier signatures; with validation data before it they are
    /// archived. What stands in the DSS is claimed for all signatures: whether it is complete is a validator's affair.
    fn raise_levels(&self, signatures: &mut [SignatureReport]) {
        let end = |report: &SignatureReport| match report.byte_range.as_slice() {
            [_, _, start, len] => start.saturating_add(*len),
            _ => 0,
        };
        let stamps: Vec<(u64, Time)> = signatures
            .iter()
            .filter(|report| report.sub_filter == TIME_STAMP)
            .filter_map(|report| Some((end(report), report.signed_at?)))
            .collect();
        for report in signatures.iter_mut().filter(|report| report.level_claimed.is_some()) {
            let later = stamps.iter().any(|(stamped, _)| *stamped > end(report));
            let archived = self.has_certificates && self.has_revocation;
            report.level_claimed = match (report.level_claimed, later, archived) {
                (_, true, true) => Some("B-LTA"),
                (Some("B-T"), false, true) => Some("B-LT"),
                (_, true, false) => Some("B-T"),
                (level, false, _) => level,
            };
        }
    }
}

fn is_time_stamp(document: &Document, signature: &EarlierSignature) -> Result<bool> {
    let sub_filter = document.get(&signature.dictionary, "SubFilter")?;
    Ok(matches!(sub_filter, Object::Name(name) if name.as_bytes() == TIME_STAMP.as_bytes()))
}

fn field_report(document: &Document, field: &Field, remarks: &mut Vec<String>) -> Result<FieldReport> {
    let mut report = FieldReport {
        name: field.name.clone(),
        field_type: field.kind.as_ref().map(|k| String::from_utf8_lossy(k.as_bytes()).into_owned()).unwrap_or_default(),
        signed: is_signed(field),
        page: None,
        rect: None,
        lock: None,
    };
    if let Some(widget) = field.widgets.first()
        && let Object::Dictionary(widget) = document.object(*widget)?
    {
        report.rect = rectangle(document, &widget)?;
        if let Some(Object::Reference(page)) = widget.get("P") {
            report.page = match page_number(document, *page) {
                Ok(number) => number,
                // Which page a field is on is good to know, but nothing else depends on it.
                Err(Error::Malformed(fault)) => {
                    let remark = fault.to_string();
                    if !remarks.contains(&remark) {
                        remarks.push(remark);
                    }
                    None
                }
                Err(other) => return Err(other),
            };
        }
    }
    if is_signature(field)
        && let Object::Dictionary(lock) = document.get(&field.dictionary, "Lock")?
    {
        report.lock = FieldLock::read(document, &lock, None)?.map(|lock| Lock {
            action: lock.action.as_str(),
            fields: lock.fields,
            permissions: lock.permissions,
        });
    }
    Ok(report)
}

fn rectangle(document: &Document, widget: &crate::pdf::Dictionary) -> Result<Option<[f64; 4]>> {
    let Object::Array(rect) = document.get(widget, "Rect")? else {
        return Ok(None);
    };
    let mut numbers = Vec::new();
    for item in rect.items().iter().take(5) {
        numbers.extend(document.resolve(item)?.to_number());
    }
    Ok(<[f64; 4]>::try_from(numbers).ok())
}

fn remarks(document: &Document, form: &Form) -> Result<Vec<String>> {
    let mut remarks = Vec::new();
    if document.is_rebuilt() {
        remarks.push("cross-references are broken and were rebuilt by scanning".to_owned());
    }
    if document.has_tail() {
        remarks.push("bytes after the last %%EOF".to_owned());
    }
    if let Some(dictionary) = &form.dictionary {
        if !matches!(document.get(dictionary, "XFA")?, Object::Null) {
            remarks.push("the form is described a second time in XFA".to_owned());
        }
        if matches!(document.get(dictionary, "NeedAppearances")?, Object::Boolean(true)) {
            remarks.push("NeedAppearances makes viewers draw the form's fields anew".to_owned());
        }
    }
    let mut names: Vec<&str> = form.fields.iter().map(|field| field.name.as_str()).collect();
    names.sort_unstable();
    let twice = names.windows(2).filter(|pair| matches!(pair, [a, b] if a == b)).count();
    if twice > 0 {
        remarks.push(format!("{twice} field names stand twice"));
    }
    Ok(remarks)
}

fn kind_name(kind: SectionKind) -> &'static str {
    match kind {
        SectionKind::Table => "table",
        SectionKind::Stream => "stream",
        SectionKind::Hybrid => "hybrid",
    }
}
