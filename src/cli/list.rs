//! Lines that come from a file or from another program, one by one, as they come.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use eseal::error::Limit;
use eseal::{Limits, Result};

use super::{Outcome, Stop};

/// An iterator over lines that gives up when the run is cancelled, even while it waits.
pub(crate) struct List {
    lines: Receiver<Result<Vec<u8>>>,
    cancel: Arc<AtomicBool>,
}

impl List {
    /// Lines of `path`, where `-` is standard input, ended by `delimiter`.
    pub(crate) fn open(path: &Path, delimiter: u8, limits: &Limits, cancel: &Arc<AtomicBool>) -> Outcome<List> {
        let reader: Box<dyn Read + Send> = if path.as_os_str() == "-" {
            Box::new(io::stdin())
        } else {
            let file = File::open(path);
            Box::new(file.map_err(|e| Stop::Error(path.display().to_string(), e.into()))?)
        };
        let (sender, lines) = sync_channel(LINES_AHEAD);
        let limit = limits.line_bytes;
        // Reading may wait for ever, and is left behind when the command ends.
        std::thread::spawn(move || {
            let mut reader = BufReader::new(reader);
            let mut is_first = true;
            loop {
                let mut line = next(&mut reader, delimiter, limit);
                if std::mem::take(&mut is_first) {
                    line = line.map(|line| line.map(|line| without_mark(&line).to_vec()));
                    if matches!(&line, Ok(Some(line)) if line.is_empty()) {
                        continue;
                    }
                }
                let last = !matches!(line, Ok(Some(_)));
                let Some(line) = line.transpose() else { break };
                if sender.send(line).is_err() || last {
                    break;
                }
            }
        });
        Ok(List { lines, cancel: Arc::clone(cancel) })
    }
}

impl Iterator for List {
    type Item = Result<Vec<u8>>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.cancel.load(Ordering::Relaxed) {
            match self.lines.recv_timeout(LOOK_FOR_CANCEL) {
                Ok(line) => return Some(line),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
        None
    }
}

/// The next line that is not empty, without its end.
fn next(reader: &mut impl BufRead, delimiter: u8, limit: u64) -> Result<Option<Vec<u8>>> {
    loop {
        let mut line = Vec::new();
        if reader.take(limit.saturating_add(1)).read_until(delimiter, &mut line)? == 0 {
            return Ok(None);
        }
        if line.last() == Some(&delimiter) {
            line.pop();
        }
        if delimiter == b'\n' && line.last() == Some(&b'\r') {
            line.pop();
        }
        let found = u64::try_from(line.len()).unwrap_or(u64::MAX);
        if found > limit {
            return Err(Limit::new("line_bytes", limit, found).into());
        }
        if !line.is_empty() {
            return Ok(Some(line));
        }
    }
}

/// A text without the mark that editors of Windows write before it.
pub(crate) fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text)
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
const LINES_AHEAD: usize = 64;
const LOOK_FOR_CANCEL: Duration = Duration::from_millis(50);

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[u8], delimiter: u8, limit: u64) -> Vec<Result<Vec<u8>>> {
        let mut reader = text;
        std::iter::from_fn(|| next(&mut reader, delimiter, limit).transpose()).take(10).collect()
    }

    #[test]
    fn lines_end_with_any_line_end_or_with_nul() {
        let plain =
            |text: &[u8], delimiter| lines(text, delimiter, 9).into_iter().map(Result::unwrap).collect::<Vec<_>>();
        assert_eq!(plain(b"a\n\nb\r\nc", b'\n'), [b"a", b"b", b"c"]);
        assert_eq!(plain(b"a\nb\0c\r\0", 0), [&b"a\nb"[..], b"c\r"]);
        assert!(plain(b"", b'\n').is_empty());
    }

    #[test]
    fn a_long_line_is_refused() {
        assert!(lines(b"12345\n", b'\n', 5)[0].is_ok());
        assert_eq!(lines(b"123456", b'\n', 5)[0].as_ref().unwrap_err().code(), eseal::ErrorCode::LimitExceeded);
    }
}
