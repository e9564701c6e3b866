//! Taking up whatever claims to be a saved upgrade, and feeding it whatever claims to be an answer.

use super::pdf_limits;
use super::signing::{moment, plan, sign};
use crate::{Certificate, Document, Evidence, Level, Limits, Moment, Source, Step, Time, Upgrade, UpgradePlan};

/// Takes `data` as a signed document, as a saved upgrade, as changes to a sound one (offset of 2 bytes, byte), and as
/// the answer to everything that one asks.
///
/// No answer is good here, so that no level is ever reached; whatever comes out keeps the document.
pub fn upgrade_state(data: &[u8]) {
    let Some(plan) = upgrade_plan() else { return };
    raise(data, &plan);
    for inputs in [DOCUMENT, SIGNED] {
        if let Ok(upgrade) = Upgrade::resume(data, Source::from_bytes(inputs), &plan) {
            climb(upgrade, inputs, data);
        }
    }
    let Some(sound) = fresh(&plan) else { return };
    let Ok(mut changed) = sound.to_state() else { return };
    climb(sound, DOCUMENT, data);
    for change in data.chunks_exact(3) {
        let [high, low, byte] = *change else { continue };
        let at = usize::from(u16::from_be_bytes([high, low]));
        if let Some(place) = changed.get_mut(at) {
            *place = byte;
        }
    }
    if let Ok(upgrade) = Upgrade::resume(&changed, Source::from_bytes(DOCUMENT), &plan) {
        climb(upgrade, DOCUMENT, data);
    }
}

/// Raises whatever opens, with answers that are none.
fn raise(data: &[u8], plan: &UpgradePlan) {
    let Ok(document) = Document::open(Source::from_bytes(data), &pdf_limits()) else { return };
    let Some(later) = later() else { return };
    let (Ok(mut upgrade), Ok(again)) = (document.upgrade(plan, later), document.upgrade(plan, later)) else { return };
    assert_eq!(format!("{upgrade:?}"), format!("{again:?}"), "the same document looked at twice");
    for _ in 0..ROUNDS {
        let Ok(Step::Need(fetches)) = upgrade.step() else { break };
        for fetch in fetches {
            upgrade.supply(Evidence::answer(fetch.id(), Source::from_bytes(&b""[..])), later.time());
        }
    }
    let _ = (upgrade.report(), upgrade.forecast().is_ok());
    if let Ok(output) = upgrade.output() {
        let written = output.write_to(std::io::sink());
        assert_eq!(written.ok(), u64::try_from(data.len()).ok(), "nothing was added");
    }
}

/// Answers each question with the same bytes, as often as it goes on.
fn climb(mut upgrade: Upgrade, source: &[u8], answer: &[u8]) {
    let Some(now) = moment().map(|moment| moment.time()) else { return };
    for _ in 0..ROUNDS {
        match upgrade.step() {
            Ok(Step::Need(fetches)) => {
                assert!(!fetches.is_empty(), "something is needed");
                for fetch in fetches {
                    upgrade.supply(Evidence::answer(fetch.id(), Source::from_bytes(answer)), now);
                }
            }
            Ok(Step::Done(_)) | Err(_) => break,
        }
    }
    assert!(upgrade.reached() <= Level::Bt, "nothing is proved by answers that nobody trusted made");
    let Ok(state) = upgrade.to_state() else { return };
    assert!(upgrade_plan().is_some_and(|plan| {
        Upgrade::resume(&state, Source::from_bytes(source), &plan).is_ok_and(|again| again.to_state().is_ok())
    }));
    let mut written = Vec::new();
    if upgrade.output().is_ok_and(|output| output.write_to(&mut written).is_ok()) {
        assert!(written.starts_with(source), "the source is a prefix");
    }
}

fn fresh(upgrade_plan: &UpgradePlan) -> Option<Upgrade> {
    let document = Document::open(Source::from_bytes(DOCUMENT), &Limits::default()).ok()?;
    let prepared = document.prepare(&plan()?, moment()?).ok()?;
    let value = sign(prepared.to_be_signed())?;
    prepared.finalize(value).ok()?.upgrade(upgrade_plan, later()?).ok()
}

fn upgrade_plan() -> Option<UpgradePlan> {
    UpgradePlan::new(Level::Blta, [Certificate::parse(ROOT).ok()?]).ok()
}

fn later() -> Option<Moment> {
    Some(Moment::new(Time::from_utc((2026, 1, 2), (3, 4, 6)).ok()?, [8; 32]))
}

const ROUNDS: usize = 8;
const DOCUMENT: &[u8] = include_bytes!("../../testdata/pdf/minimal.pdf");
const SIGNED: &[u8] = include_bytes!("../../testdata/pdf/minimal-signed.pdf");
const ROOT: &[u8] = include_bytes!("../../testdata/pki/example.pem");
