//! What is in a container, and what is odd about it.

use std::collections::BTreeSet;

use crate::asice::container::Container;
use crate::asice::covered_data::{DataFiles, Ground};
use crate::asice::earlier::{Covered, Earlier};
use crate::asice::hashes::{Hashes, Wanted};
use crate::asice::subject::Look;
use crate::asice::{ContainerInspection, ContainerSignature, DataFileReport, EntryReport};
use crate::cms::{SignedData, TstInfo};
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::pades::TimestampReport;
use crate::pki::Certificate;
use crate::xades::{self, Budget, Imprints, Signature, TimeStamp, TimeStampKind};
use crate::zip::Method;

impl Container {
    /// What is in it. Digests and signature values are computed; no verdict on trust is given.
    ///
    /// # Errors
    /// When an entry or a signature file can't be read. What does not verify is a finding.
    pub(crate) fn inspect(&self) -> Result<ContainerInspection> {
        let earlier = self.earlier()?;
        let data = DataFiles::Held(self.archive().clone());
        let wanted = Wanted::of(earlier.signatures().map(|(_, signature, _)| signature), self, &data, &[]);
        let hashes = Hashes::read(self, &wanted, |_| true)?;
        let budget = self.budget()?;
        let ground = Ground { data: &data, hashes: &hashes, limits: self.limits(), budget: &budget };
        let names: BTreeSet<&str> = self.data_files().map(|entry| entry.name.as_str()).collect();
        let mut signatures: Vec<ContainerSignature> = Vec::new();
        let mut archived: Option<Archived<'_>> = None;
        let mut index = 0_usize;
        for (file, signature, covered) in earlier.signatures() {
            let is_same_file = signatures.last().is_some_and(|last| last.file == file);
            index = if is_same_file { index.saturating_add(1) } else { 0 };
            let mut report = report(self, file, signature, covered, &names, &hashes);
            let stamps = &signature.time_stamps;
            if stamps.iter().any(|stamp| stamp.kind == TimeStampKind::Archive) {
                let known = match archived.take().filter(|one| one.file == file) {
                    Some(known) => known,
                    None => Archived::open(self, file, &budget)?,
                };
                known.judge(index, signature, &ground, &mut report)?;
                archived = Some(known);
            }
            signatures.push(report);
        }
        let entry = |entry: &crate::zip::Entry| EntryReport {
            name: entry.name.clone(),
            bytes: entry.size,
            packed: entry.packed,
            method: if entry.method == Method::Stored { "stored" } else { "deflated" },
        };
        Ok(ContainerInspection {
            bytes: self.source().len(),
            mimetype: self.mimetype().to_owned(),
            entries: self.archive().entries().iter().map(entry).collect(),
            data_files: self.data_file_reports(earlier),
            remarks: self.all_remarks(earlier, &names),
            signatures,
        })
    }

    fn data_file_reports(&self, earlier: &Earlier) -> Vec<DataFileReport> {
        let told = |name: &str| self.media_type(name).or_else(|| earlier.media_type(name));
        let mut reports: Vec<DataFileReport> = self
            .data_files()
            .map(|entry| DataFileReport {
                name: entry.name.clone(),
                bytes: Some(entry.size),
                media_type: told(&entry.name),
                is_present: true,
            })
            .collect();
        let held: BTreeSet<&str> = self.archive().entries().iter().map(|entry| entry.name.as_str()).collect();
        let listed = self.listed().into_iter().flatten();
        let absent: BTreeSet<&str> = earlier.names().chain(listed).filter(|name| !held.contains(name)).collect();
        reports.extend(absent.into_iter().map(|name| DataFileReport {
            name: name.to_owned(),
            bytes: None,
            media_type: told(name),
            is_present: false,
        }));
        reports
    }
}

fn report(
    container: &Container,
    file: &str,
    signature: &Signature,
    covered: &[Covered],
    names: &BTreeSet<&str>,
    hashes: &Hashes,
) -> ContainerSignature {
    let limits = container.limits();
    let covers: BTreeSet<&str> = covered.iter().map(|one| one.name.as_str()).collect();
    let mut remarks = signature.remarks.clone();
    for one in covered.iter().filter(|one| one.is_odd) {
        remarks
            .push(format!("a reference leads to its file only when it is read leniently: {}", one.name.escape_debug()));
    }
    remarks.extend(covered.iter().filter_map(|one| one.contradiction(container)));
    let file_matches = |one: &Covered| {
        let signed = one.digest?;
        let found = hashes.of(&one.name)?.iter().find(|digest| digest.algorithm() == signed.algorithm())?;
        Some(*found == signed)
    };
    let verdicts: Vec<Option<bool>> = covered.iter().map(file_matches).chain([signature.properties_match()]).collect();
    let differs = covered.iter().zip(&verdicts).filter(|(_, verdict)| **verdict == Some(false));
    let differs = differs.map(|(one, _)| one.name.clone()).collect();
    if signature.properties_match() == Some(false) {
        remarks.push("its signed properties are not those that were signed".to_owned());
    }
    let digest_matches = if verdicts.contains(&Some(false)) {
        Some(false)
    } else {
        verdicts.iter().all(Option::is_some).then_some(true)
    };
    let (timestamps, timestamps_fit) = time_stamps(signature, limits, &mut remarks);
    ContainerSignature {
        file: file.to_owned(),
        id: signature.id.clone(),
        covers_all: names.is_subset(&covers) && container.strangers().all(|entry| covers.contains(entry.name.as_str())),
        covers: covered.iter().map(|one| one.name.clone()).collect(),
        differs,
        digest_matches,
        signature_verifies: signature.value_verifies(),
        signer: signature.signer.as_ref().map(|signer| signer.subject().to_owned()),
        signer_name: signature.signer.as_ref().and_then(Certificate::common_name),
        signed_at: signature.signing_time,
        level_claimed: Some(signature.level_claimed),
        algorithm: signature.method.clone(),
        roles: signature.roles.clone(),
        place: signature.place.clone(),
        commitments: signature.commitments.clone(),
        policy: signature.policy.clone(),
        timestamps,
        timestamps_fit,
        protected_until: None,
        remarks,
    }
}

/// A signature file with archive time-stamps.
struct Archived<'a> {
    file: &'a str,
    content: xades::Extension,
}

impl<'a> Archived<'a> {
    fn open(container: &Container, file: &'a str, budget: &Budget) -> Result<Self> {
        let (archive, limits) = (container.archive(), container.limits());
        let entry = archive.find(file).ok_or(Error::Bug("a signature file that was read is not there"))?;
        budget.file(entry.size)?;
        let bytes = archive.read(entry, "xml_bytes", limits.xml_bytes)?;
        let content = xades::Extension::open(&bytes, limits, budget).map_err(|fault| fault.in_file(file))?;
        Ok(Archived { file, content })
    }

    /// Says which archive time-stamps are not over what they should be over, and how long the last one protects.
    fn judge(
        &self,
        index: usize,
        signature: &Signature,
        ground: &Ground<'_>,
        report: &mut ContainerSignature,
    ) -> Result<()> {
        let mut imprints = Imprints::default();
        report.remarks.extend(signature.obstacle.map(str::to_owned));
        for (number, stamp) in signature.time_stamps.iter().enumerate() {
            if stamp.kind != TimeStampKind::Archive {
                continue;
            }
            // What can't be read is remarked already.
            let look = ground.look_at(&self.content, (index, number), &mut imprints)?;
            let Look::Read { token, imprint } = look else { continue };
            match imprint {
                None => report.remarks.push("what an archive time-stamp is over can't be computed".to_owned()),
                Some(imprint) if token.check(&imprint).is_err() => {
                    report.timestamps_fit = false;
                    report
                        .remarks
                        .push("an archive time-stamp that is not over the signature, or not sound".to_owned());
                }
                Some(_) => report.protected_until = token.certificate().ok().map(Certificate::not_after),
            }
        }
        Ok(())
    }
}

/// The time-stamps that can be read, and whether they stamp what they should, which is remarked, too.
fn time_stamps(signature: &Signature, limits: &Limits, remarks: &mut Vec<String>) -> (Vec<TimestampReport>, bool) {
    let info = |stamp: &TimeStamp| {
        let (token, _) = SignedData::parse(&stamp.token, limits).ok()?;
        TstInfo::parse(token.content()?).ok()
    };
    let (mut reports, mut fit) = (Vec::new(), true);
    for stamp in &signature.time_stamps {
        let Some(info) = info(stamp) else {
            fit = false;
            remarks.push("a time-stamp that can't be read".to_owned());
            continue;
        };
        if stamp.covered.as_deref().and_then(|covered| info.stamps(covered)) == Some(false) {
            fit = false;
            remarks.push("a signature time-stamp that is not over the signature's value".to_owned());
        }
        reports.push(TimestampReport::new(&info));
    }
    (reports, fit)
}
