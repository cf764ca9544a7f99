//! What a program prints, up to a bound, read while it works.

use std::io::Read;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// What happens to bytes beyond the bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beyond {
    /// The program is to end.
    End,
    /// They are read and forgotten.
    Forget,
}

/// A pipe that is being read.
#[derive(Debug)]
pub(super) struct Collector {
    bytes: Arc<Mutex<Vec<u8>>>,
    is_full: Arc<AtomicBool>,
    end: Receiver<()>,
}

impl Collector {
    /// Reads a pipe in a thread of its own.
    pub(super) fn new(mut pipe: impl Read + Send + 'static, most: usize, beyond: Beyond) -> Self {
        let (bytes, is_full) = (Arc::default(), Arc::new(AtomicBool::new(false)));
        let (at_end, end) = channel();
        let (kept, full) = (Arc::clone(&bytes), Arc::clone(&is_full));
        thread::spawn(move || {
            // Dropped with the thread, which is how the end is told.
            let _at_end = at_end;
            let mut piece = vec![0; 16 << 10];
            while let Ok(length @ 1..) = pipe.read(&mut piece) {
                if !keep(&kept, &piece[..length], most) && beyond == Beyond::End {
                    full.store(true, Ordering::Relaxed);
                    return;
                }
            }
        });
        Self {
            bytes,
            is_full,
            end,
        }
    }

    /// Whether there was more than was allowed.
    pub(super) fn is_full(&self) -> &AtomicBool {
        &self.is_full
    }

    /// Waits until nobody holds the other end any more; false if somebody still does.
    pub(super) fn has_ended_within(&self, time: Duration) -> bool {
        !matches!(
            self.end.recv_timeout(time),
            Err(std::sync::mpsc::RecvTimeoutError::Timeout)
        )
    }

    /// What has come until now.
    pub(super) fn take(self) -> Vec<u8> {
        let mut bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *bytes)
    }
}

/// Whether all of the piece was kept.
fn keep(kept: &Mutex<Vec<u8>>, piece: &[u8], most: usize) -> bool {
    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    let room = most.saturating_sub(kept.len()).min(piece.len());
    kept.extend_from_slice(&piece[..room]);
    room == piece.len()
}
