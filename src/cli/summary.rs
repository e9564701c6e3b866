//! `eseal summary`: one digest over the digests of a batch, and the codes a person compares.

use std::path::Path;
use std::sync::Arc;

use base64::prelude::{BASE64_STANDARD, Engine};
use eseal::batch::{digests_summary, verification_code};
use eseal::json::{not, read_line};
use eseal::{Digest, DigestAlgorithm, Error, ErrorCode};
use serde::Deserialize;

use super::args::Summary;
use super::config::Common;
use super::lines::{Code, DigestsSummary};
use super::list::List;
use super::report::{Report, printable};
use super::{Exit, Outcome, Stop};

/// What is read of a line of `prepare --json`; a failure has no digest.
#[derive(Debug, Deserialize)]
struct Row {
    input: Option<String>,
    id: Option<String>,
    digest: Option<String>,
    digest_algorithm: Option<String>,
    error: Option<serde::de::IgnoredAny>,
}

/// `eseal summary`.
pub(crate) fn run(args: &Summary, common: &Common) -> Outcome {
    let path = args.digests.as_deref().unwrap_or(Path::new("-"));
    let mut report = Report::new(common);
    let (mut digests, mut codes) = (Vec::new(), Vec::new());
    for (n, line) in List::open(path, b'\n', &common.limits, &Arc::default())? {
        let about = || Stop::about(format!("{}, line {n}", path.display()));
        let row = line.and_then(|line| Ok(read_line::<Row>(&line, ErrorCode::InputMalformed)?));
        let row = row.map_err(about())?;
        if row.error.is_some() {
            report.note(&format!("eseal: {}: failed, so it is left out", printable(&row.input.unwrap_or_default())));
            continue;
        }
        let digest = digest(&row).map_err(about())?;
        codes.push(Code { input: row.input, id: row.id, verification_code: verification_code(digest.as_bytes()) });
        digests.push(digest);
    }
    let algorithm = algorithm(args, &digests)?;
    let summary = digests_summary(algorithm, digests.iter().map(Digest::as_bytes));
    let line = DigestsSummary {
        digests_summary: BASE64_STANDARD.encode(summary.as_bytes()),
        digests_summary_algorithm: algorithm.name(),
        digests: codes,
    };
    report.object(&line, &text(&line))?;
    report.flush()?;
    Ok(Exit::Good)
}

fn digest(row: &Row) -> Result<Digest, Error> {
    let not = |path: &str, wanted: &str| not(ErrorCode::InputMalformed, path, wanted);
    let algorithm = row.digest_algorithm.as_deref().and_then(|name| DigestAlgorithm::from_name(name).ok());
    let algorithm = algorithm.ok_or_else(|| not("digest_algorithm", "one of SHA-256, SHA-384, SHA-512"))?;
    let bytes = row.digest.as_deref().and_then(|text| BASE64_STANDARD.decode(text).ok());
    let bytes = bytes.ok_or_else(|| not("digest", "there in base64"))?;
    Digest::new(algorithm, &bytes).map_err(|_| not("digest", "as long as digest_algorithm says").into())
}

fn algorithm(args: &Summary, digests: &[Digest]) -> Outcome<DigestAlgorithm> {
    if let Some(name) = &args.digest {
        return DigestAlgorithm::from_name(name).map_err(Stop::about("--digest"));
    }
    let first = digests.first().ok_or_else(|| Stop::Usage("there is no digest to sum up".into()))?.algorithm();
    if digests.iter().all(|digest| digest.algorithm() == first) {
        Ok(first)
    } else {
        Err(Stop::Usage("the digests are of several algorithms: say --digest".into()))
    }
}

fn text(line: &DigestsSummary) -> String {
    let mut text = format!("{}  {}", line.digests_summary, line.digests_summary_algorithm);
    for code in &line.digests {
        let name = code.input.as_deref().or(code.id.as_deref()).unwrap_or_default();
        text.push_str(&format!("\n{}  {}", code.verification_code, printable(name)));
    }
    text
}
