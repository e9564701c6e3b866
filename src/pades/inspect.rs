//! What is in a document: revisions, fields, signatures, and what another signature must respect.
//!
//! Digests and values are computed, trust is not judged: that a signature verifies here says that the
//! bytes are the signed ones, not who signed them.

use crate::cms::{SignedData, Signer, TstInfo};
use crate::error::{Error, Result};
use crate::pades::after::{after, nobodys};
use crate::pades::as_signed::{Made, as_signed};
use crate::pades::check::DocumentStamp;
use crate::pades::contents::Holes;
use crate::pades::coverage::{Covered, numbers};
use crate::pades::digests::digests;
use crate::pades::dss::{Dss, Named};
use crate::pades::field::{is_signature, is_signed};
use crate::pades::permission::{Earlier, EarlierSignature, FieldLock};
use crate::pades::report::{FieldReport, Lock, PdfInspection, Revision, SignatureReport, TimestampReport};
use crate::pades::signature::Signature;
use crate::pades::{ENVELOPED_SHA1, SUB_FILTER, TIME_STAMP};
use crate::pdf::{Document, Field, Form, History, Object, PageNumbers, SectionKind, fields};
use crate::pki::Certificate;
use crate::signing::StampKind;

/// Looks at `document`.
///
/// # Errors
/// When the document can't be read; a signature that is broken is a finding.
pub(crate) fn inspect(document: &Document) -> Result<PdfInspection> {
    let mut form = fields(document)?;
    let earlier = Earlier::read(document, &form)?;
    let (_, catalog) = document.catalog()?;
    let history = History::new(document);
    let (mut made, missing) = as_signed(document, &history, &form, &earlier)?;
    hash(document, &mut made)?;
    let found: Vec<&Signature> = made.iter().map(|made| &made.signature).collect();
    let proof = Proof {
        document,
        stamps: DocumentStamp::all(document, found.iter().copied())?,
        dss: Dss::read(document)?,
        named: Named::read(document)?,
    };
    let mut signatures: Vec<SignatureReport> = made.iter().map(|made| proof.report(made)).collect();
    add_after(document, &history, &made, &mut signatures)?;
    let mut remarks = remarks(document, &form)?;
    remarks.extend(missing);
    remarks.extend(tail(document, &history, &signatures)?);
    let mut pages = PageNumbers::new(document);
    let mut charge = document.charge(form.fields.len().saturating_mul(size_of::<FieldReport>()))?;
    let mut reports = Vec::with_capacity(form.fields.len());
    for field in &mut form.fields {
        let report = field_report(document, field, &mut pages, &mut remarks)?;
        let locked = report.lock.as_ref().map_or(&[][..], |lock| &lock.fields);
        let more = locked.iter().map(|name| size_of::<String>() + name.len()).sum::<usize>() + report.field_type.len();
        document.grow(&mut charge, more)?;
        // The form accounts for its names until all is said.
        reports.push(FieldReport { name: std::mem::take(&mut field.name), ..report });
    }
    let revisions = document.revisions()?;
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

/// Computes the digests of all signatures in one pass.
fn hash(document: &Document, made: &mut [Made]) -> Result<()> {
    let parts = made.iter().filter_map(|made| made.signature.part()).collect::<Vec<_>>();
    let mut of_parts = digests(document.source(), &parts, &[])?.of_parts.into_iter();
    for made in made {
        if made.signature.part().is_some() {
            made.signature.digest = of_parts.next();
        }
    }
    Ok(())
}

/// Says of each signature what came after it.
fn add_after(document: &Document, history: &History<'_>, made: &[Made], reports: &mut [SignatureReport]) -> Result<()> {
    let fits = |report: &SignatureReport| {
        report.is_timestamp() && report.digest_matches == Some(true) && report.signature_verifies == Some(true)
    };
    let stamps = made.iter().zip(reports.iter()).filter(|(_, report)| fits(report));
    let stamps = stamps.flat_map(|(made, _)| made.values.iter().copied()).collect();
    for (report, after) in reports.iter_mut().zip(after(document, history, made, &stamps)?) {
        if let Some(after) = &after {
            report.remarks.extend(after.remarks());
        }
        report.after = after;
    }
    Ok(())
}

/// Remarks bytes behind the last revision, where no signature's report does.
fn tail(document: &Document, history: &History<'_>, reports: &[SignatureReport]) -> Result<Option<String>> {
    let is_told = reports.iter().any(|report| report.after.as_ref().is_some_and(|after| after.unowned_bytes > 0));
    let Some(last) = document.revisions()?.last().map(|revision| revision.end) else { return Ok(None) };
    if is_told || document.is_rebuilt() {
        return Ok(None);
    }
    let written = history.written(last..document.source().len())?;
    Ok(written.map(|_| nobodys(document.source().len().saturating_sub(last), "the last revision")))
}

/// Whether the signature that covers most is by `certificate`.
pub(crate) fn signed_last_by(document: &Document, certificate: &Certificate) -> Result<bool> {
    let earlier = Earlier::read(document, &fields(document)?)?;
    let mut last: Option<(u64, Option<Certificate>)> = None;
    let mut holes = Holes::new(document);
    for signature in &earlier.signatures {
        let Ok(contents) = holes.contents(signature) else { continue };
        let numbers = numbers(document, signature)?;
        let Ok(covered) = Covered::read(document, signature, &numbers, &contents) else { continue };
        let Ok((cms, _)) = contents.cms() else { continue };
        if last.as_ref().is_none_or(|(end, _)| covered.end() > *end) && !is_time_stamp(document, signature)? {
            last = Some((covered.end(), cms.signers().first().and_then(|signer| signer.certificate().cloned())));
        }
    }
    Ok(last.is_some_and(|(_, signer)| signer.as_ref() == Some(certificate)))
}

/// Whether the value verifies, and the content inside is the signed one.
fn verifies_with(signer: &Signer, content: &[u8]) -> Option<bool> {
    let signed = signer.digest_algorithm().and_then(|algorithm| signer.digest_matches(&algorithm.digest(content)));
    signer.verifies().map(|verifies| verifies && signed == Some(true))
}

/// All that can prove a signature of the document.
struct Proof<'a> {
    document: &'a Document,
    stamps: Vec<DocumentStamp>,
    dss: Dss,
    named: Named,
}

impl Proof<'_> {
    fn report(&self, made: &Made) -> SignatureReport {
        let signature = &made.signature;
        let labels = &made.labels;
        let mut report = SignatureReport {
            field: signature.field.clone(),
            sub_filter: signature.sub_filter.clone(),
            byte_range: signature.byte_range.clone(),
            covers: signature.coverage,
            digest_matches: None,
            signature_verifies: None,
            signer: None,
            signer_name: None,
            signed_at: signature.claimed_time,
            level_claimed: None,
            timestamps: Vec::new(),
            timestamps_fit: true,
            protected_until: None,
            name: labels.name.clone(),
            reason: labels.reason.clone(),
            location: labels.location.clone(),
            contact: labels.contact.clone(),
            after: None,
            remarks: made.remarks.clone(),
        };
        if let Err(error) = &signature.covered {
            report.remarks.push(error.to_string());
        }
        match signature.contents.cms() {
            Ok((cms, len)) => {
                if signature.contents.bytes().get(*len..).unwrap_or_default().iter().any(|byte| *byte != 0) {
                    report.remarks.push("bytes other than zero after the CMS structure".to_owned());
                }
                self.describe(signature, cms, &mut report);
            }
            Err(error) => report.remarks.push(error.to_string()),
        }
        report
    }

    /// Fills in what the CMS structure says.
    fn describe(&self, signature: &Signature, cms: &SignedData, report: &mut SignatureReport) {
        if cms.certificates().is_empty() {
            report.remarks.push("the signature carries no certificate".to_owned());
        }
        if cms.unreadable_certificates() > 0 {
            report.remarks.push(format!("{} certificates can't be read", cms.unreadable_certificates()));
        }
        let [signer] = cms.signers() else {
            report.remarks.push(format!("{} signers in place of one", cms.signers().len()));
            return;
        };
        report.signer = signer.certificate().map(|certificate| certificate.subject().to_owned());
        report.signer_name = signer.certificate().and_then(Certificate::common_name);
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
        if signature.is_time_stamp() {
            return self.describe_time_stamp(signature, cms, signer, report);
        }
        if signature.sub_filter == ENVELOPED_SHA1 {
            report.remarks.push("the document is signed by its SHA-1 alone, which can be forged".to_owned());
            let content = cms.content().unwrap_or_default();
            report.digest_matches = signature.digest.map(|digest| digest.as_bytes() == content);
            report.signature_verifies = verifies_with(signer, content);
        } else {
            if cms.content().is_some() {
                report.remarks.push("the signature has a content of its own beside the document".to_owned());
            }
            report.digest_matches = signature.digest.and_then(|digest| signer.digest_matches(&digest));
        }
        report.signed_at = report.signed_at.or(signer.signing_time());
        let stamps = signature.contents.value_stamps(self.document.limits());
        report.timestamps.extend(stamps.sound.iter().map(|token| TimestampReport::new(token.info())));
        if stamps.has_broken {
            report.timestamps_fit = false;
            report.remarks.push("a signature time-stamp that does not fit".to_owned());
        }
        if stamps.has_unfit {
            report.remarks.push("a signature time-stamp without a certificate for time-stamps".to_owned());
        }
        let kinds = self.add_later(signature, signer.certificate(), report);
        match (report.sub_filter == SUB_FILTER, signer.names_its_certificate()) {
            (true, Some(true)) => {
                let is_proved = signer.certificate().is_some_and(|signer| self.dss.proves(&self.named, signer));
                report.level_claimed = Some(if kinds.contains(&StampKind::Archive) {
                    "B-LTA"
                } else if report.timestamps.is_empty() {
                    "B-B"
                } else if is_proved {
                    "B-LT"
                } else {
                    "B-T"
                });
            }
            (_, Some(false)) => report.remarks.push("the signed attributes name another certificate".to_owned()),
            _ => {}
        }
    }

    /// A document time-stamp: its imprint is the document's digest, its own content is signed.
    fn describe_time_stamp(
        &self,
        signature: &Signature,
        cms: &SignedData,
        signer: &Signer,
        report: &mut SignatureReport,
    ) {
        let content = cms.content().unwrap_or_default();
        let Ok(info) = TstInfo::parse(content) else {
            report.remarks.push("no time-stamp in the time-stamp's place".to_owned());
            return;
        };
        report.signed_at = Some(info.time());
        report.timestamps.push(TimestampReport::new(&info));
        report.digest_matches = signature.digest.map(|digest| digest.as_bytes() == info.imprint());
        report.signature_verifies = verifies_with(signer, content);
        self.add_later(signature, signer.certificate(), report);
    }

    /// Adds the document time-stamps over a signature, and says what they are to it.
    fn add_later(
        &self,
        signature: &Signature,
        signer: Option<&Certificate>,
        report: &mut SignatureReport,
    ) -> Vec<StampKind> {
        let mut kinds = Vec::new();
        for stamp in self.stamps.iter().filter(|stamp| signature.end().is_some_and(|end| stamp.covers(end))) {
            let kind = stamp.kind(&self.dss, signer);
            report.timestamps.push(TimestampReport::new(stamp.token.info()));
            if kind == StampKind::Archive {
                report.protected_until = stamp.token.certificate().ok().map(Certificate::not_after);
            }
            kinds.push(kind);
        }
        kinds
    }
}

fn is_time_stamp(document: &Document, signature: &EarlierSignature) -> Result<bool> {
    let sub_filter = document.get(&signature.dictionary, "SubFilter")?;
    Ok(matches!(sub_filter, Object::Name(name) if name.as_bytes() == TIME_STAMP.as_bytes()))
}

/// What there is to say of `field`, but for its name.
fn field_report(
    document: &Document,
    field: &Field,
    pages: &mut PageNumbers<'_>,
    remarks: &mut Vec<String>,
) -> Result<FieldReport> {
    let mut report = FieldReport {
        name: String::new(),
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
            report.page = match pages.number(page) {
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
        && let Object::Dictionary(lock) = document.get(&field.dictionary(document)?, "Lock")?
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
    for item in rect.items().take(5) {
        numbers.extend(document.resolve(&item)?.to_number());
    }
    Ok(<[f64; 4]>::try_from(numbers).ok())
}

fn remarks(document: &Document, form: &Form) -> Result<Vec<String>> {
    let mut remarks = Vec::new();
    if document.is_rebuilt() {
        remarks.push("cross-references are broken and were rebuilt by scanning".to_owned());
    }
    if let Some(fault) = document.fault() {
        remarks.push(format!("{fault}; nothing is signed on it"));
    }
    if document.has_tail() && document.is_rebuilt() {
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
