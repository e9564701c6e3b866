//! `extend --ask DIR`: a run in rounds, whose questions are the same in each of them.

use std::path::{Path, PathBuf};

use eseal::system::{Existing, Staged, read_own};
use eseal::{Moment, Result, Time};
use serde::{Deserialize, Serialize};

use super::signing::hex;
use super::{Exit, Outcome, Stop, complain};

/// A folder of questions, and the round that is asked now.
pub(crate) struct Ask {
    folder: PathBuf,
    round: u32,
}

/// What makes the next round ask the same: `run.json`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved {
    version: u32,
    nonce: String,
    time: String,
    round: u32,
}

impl Ask {
    /// Whether a round came before this one.
    pub(crate) fn goes_on(&self) -> bool {
        self.round > 1
    }

    /// Opens the folder, which nobody else works on, and tells the moment of the round before; of the first one it is `moment`.
    pub(crate) fn begin(folder: &Path, moment: Moment) -> Outcome<(Ask, Moment)> {
        let path = folder.join(RUN);
        let about = || Stop::about(path.display().to_string());
        std::fs::create_dir_all(folder).map_err(|e| Stop::Error(folder.display().to_string(), e.into()))?;
        let mut saved =
            Saved { version: VERSION, nonce: to_hex(moment.nonce()), time: moment.time().to_string(), round: 0 };
        if path.symlink_metadata().is_ok() {
            let bytes = read_own(&path, "line_bytes", RUN_BYTES).map_err(about())?;
            let read = serde_json::from_slice::<Saved>(&bytes).ok().filter(|saved| saved.version == VERSION);
            saved = read.ok_or_else(|| Stop::Usage(format!("{}: this is no run", path.display())))?;
        }
        let (nonce, time) = (hex(&saved.nonce), Time::parse_rfc3339(&saved.time).ok());
        let (Some(nonce), Some(time)) = (nonce, time) else {
            return Err(Stop::Usage(format!("{}: this is no run", path.display())));
        };
        saved.round = saved.round.saturating_add(1);
        let bytes = serde_json::to_vec(&saved).map_err(|e| about()(std::io::Error::from(e).into()))?;
        let staged = Staged::write_bytes(&bytes, &path, None).map_err(about())?;
        staged.commit(Existing::Replace).map_err(about())?;
        Ok((Ask { folder: folder.to_owned(), round: saved.round }, Moment::new(time, nonce)))
    }

    /// Says which round is open, if one is.
    pub(crate) fn end(&self, exit: Exit) -> Outcome {
        let open = open_requests(&self.folder).map_err(Stop::about(self.folder.display().to_string()))?;
        if open > 0 {
            let (folder, round) = (self.folder.display(), self.round);
            complain(&format!(
                "eseal: round {round} is open, {open} requests in {folder}: `eseal fetch {folder} --tsa URL` where there \
                 is a network, then the same call again"
            ));
        }
        match exit {
            Exit::Good if open > 0 => Ok(Exit::Failed),
            exit => Ok(exit),
        }
    }
}

/// How many requests of the folder have no answer there.
fn open_requests(folder: &Path) -> Result<usize> {
    let mut open = 0;
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let kind = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.split_once('-'));
        let ending = path.extension().and_then(|ending| ending.to_str());
        let is_open = ANSWERS.iter().any(|(role, request, answer)| {
            kind.is_some_and(|(kind, _)| kind == *role)
                && ending == Some(request)
                && path.with_extension(answer).symlink_metadata().is_err()
        });
        open += usize::from(is_open);
    }
    Ok(open)
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

// Kinds of requests, and the endings of their files and of those of their answers.
const ANSWERS: [(&str, &str, &str); 4] =
    [("tsa", "tsq", "tsr"), ("ocsp", "orq", "ors"), ("crl", "url", "crl"), ("aia", "url", "cer")];
const RUN: &str = "run.json";
const RUN_BYTES: u64 = 4 << 10;
const VERSION: u32 = 1;
