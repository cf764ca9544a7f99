//! What a witness says: at that time it had seen nothing but growth up to this checkpoint.

use zwieback_model::timestamp::Timestamp;

use super::note::Note;
use super::note_key::NoteKey;

/// What a witness signs for a checkpoint at a time (C2SP's tlog-cosignature, version 1).
pub fn message(note: &Note, time: Timestamp) -> Vec<u8> {
    format!("cosignature/v1\ntime {}\n{}", time.as_unix(), note.text()).into_bytes()
}

/// Adds a witness's signature over [`message`] to a note.
pub fn add(note: &mut Note, witness: &NoteKey, time: Timestamp, signature: &[u8]) {
    let seconds = u64::try_from(time.as_unix()).unwrap_or(0);
    let bytes = [&seconds.to_be_bytes()[..], signature].concat();
    note.add(witness, bytes);
}

/// The newest time at which that witness vouched for the note, if it did.
pub fn time(note: &Note, witness: &NoteKey) -> Option<Timestamp> {
    let read = |bytes: &[u8]| {
        let (seconds, signature) = bytes.split_first_chunk::<8>()?;
        let seconds = i64::try_from(u64::from_be_bytes(*seconds)).ok()?;
        let time = Timestamp::from_unix(seconds).ok()?;
        witness
            .confirms(&message(note, time), signature)
            .then_some(time)
    };
    note.lines_of(witness).filter_map(read).max()
}
