//! What may never come: reading that ends with the run, whoever is at the other end of a pipe.

use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use eseal::system::{read_bounded, spool};
use eseal::{Error, Result, Source};

/// Standard input as a document.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stdin {
    cancel: Arc<AtomicBool>,
}

impl Stdin {
    /// Is read until `cancel` is set.
    pub(crate) fn new(cancel: &Arc<AtomicBool>) -> Stdin {
        Stdin { cancel: Arc::clone(cancel) }
    }

    /// All of it.
    pub(crate) fn source(&self) -> Result<Source> {
        let read = spool(Waiting::on(io::stdin(), &self.cancel));
        if self.cancel.load(Ordering::Relaxed) { Err(Error::Cancelled) } else { read }
    }
}

/// As [`read_bounded`], until `cancel` is set.
pub(crate) fn read_waiting(path: &Path, name: &'static str, limit: u64, cancel: &Arc<AtomicBool>) -> Result<Vec<u8>> {
    let (sender, read) = sync_channel(1);
    let path = path.to_owned();
    // Opening a pipe waits, too. Who waits for ever is left behind when the command ends.
    std::thread::spawn(move || sender.send(read_bounded(&path, name, limit)));
    next(&read, cancel).unwrap_or(Err(Error::Cancelled))
}

/// A reader whose pieces are waited for until `cancel` is set.
struct Waiting<'a> {
    pieces: Receiver<io::Result<Vec<u8>>>,
    piece: io::Cursor<Vec<u8>>,
    cancel: &'a AtomicBool,
}

impl<'a> Waiting<'a> {
    fn on(mut reader: impl Read + Send + 'static, cancel: &'a AtomicBool) -> Waiting<'a> {
        let (sender, pieces) = sync_channel(PIECES_AHEAD);
        std::thread::spawn(move || {
            loop {
                let mut piece = vec![0; PIECE_BYTES];
                let read = match reader.read(&mut piece) {
                    Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                    read => read.map(|len| {
                        piece.truncate(len);
                        piece
                    }),
                };
                let is_last = !matches!(&read, Ok(piece) if !piece.is_empty());
                if sender.send(read).is_err() || is_last {
                    break;
                }
            }
        });
        Waiting { pieces, piece: io::Cursor::default(), cancel }
    }
}

impl Read for Waiting<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.piece.read(buffer)?;
        if read > 0 || buffer.is_empty() {
            return Ok(read);
        }
        match next(&self.pieces, self.cancel) {
            Some(piece) => self.piece = io::Cursor::new(piece?),
            None if self.cancel.load(Ordering::Relaxed) => return Err(io::Error::other("the run was cancelled")),
            None => return Ok(0),
        }
        self.piece.read(buffer)
    }
}

/// What comes next; nothing more, or none as long as anybody wants to wait.
fn next<T>(pieces: &Receiver<T>, cancel: &AtomicBool) -> Option<T> {
    while !cancel.load(Ordering::Relaxed) {
        match pieces.recv_timeout(LOOK_FOR_CANCEL) {
            Ok(piece) => return Some(piece),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return None,
        }
    }
    None
}

const PIECES_AHEAD: usize = 4;
const PIECE_BYTES: usize = 64 << 10;
const LOOK_FOR_CANCEL: Duration = Duration::from_millis(50);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_pieces_come_in_their_order_and_waiting_ends() {
        let all: Vec<u8> = (0..300_000_u32).map(|n| n.to_le_bytes()[1]).collect();
        let cancel = AtomicBool::new(false);
        let mut read = Vec::new();
        Waiting::on(io::Cursor::new(all.clone()), &cancel).read_to_end(&mut read).unwrap();
        assert_eq!(read, all);
        let (silent, _writer) = io::pipe().unwrap();
        cancel.store(true, Ordering::Relaxed);
        assert!(Waiting::on(silent, &cancel).read(&mut [0]).is_err());
    }
}
