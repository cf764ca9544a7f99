//! What a log serves: notes, checkpoints, tiles, entries, proofs, and the policy about witnesses.

#![no_main]

use libfuzzer_sys::fuzz_target;
use zwieback_attest::known_keys::KnownKeys;
use zwieback_model::digest::Digest;
use zwieback_model::json::strict;
use zwieback_trust::tlog::checkpoint::Checkpoint;
use zwieback_trust::tlog::entry::{Entry, of_bundle_entry};
use zwieback_trust::tlog::note::Note;
use zwieback_trust::tlog::note_key::NoteKey;
use zwieback_trust::tlog::proof_file::LogProof;
use zwieback_trust::tlog::tile;
use zwieback_trust::tlog::witness_policy::WitnessPolicy;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(note) = Note::parse(bytes) {
        assert_eq!(Note::parse(note.to_text().as_bytes()), Ok(note.clone()));
        drop(Checkpoint::of(&note));
    }
    if let Ok(proof) = LogProof::parse(bytes) {
        let _ = prove(&proof);
    }
    if let Ok(entry) = Entry::parse(bytes, &mut KnownKeys::default()) {
        drop(entry.to_bytes());
    }
    if let Ok(proof) = strict::parse(bytes).map(|value| of_bundle_entry(&value)) {
        drop(proof);
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        drop(WitnessPolicy::parse(text));
        drop(text.parse::<NoteKey>());
    }
    tiles(bytes);
});

/// A proof for a leaf, in the tree of the proof's own checkpoint.
fn prove(proof: &LogProof) -> Option<()> {
    let head = Checkpoint::of(&proof.checkpoint).ok()?.head;
    head.includes(Digest::sha256(b"leaf"), &proof.inclusion).ok()
}

fn tiles(bytes: &[u8]) {
    let Some((width, rest)) = bytes.split_first() else {
        return;
    };
    let width = u64::from(*width) + 1;
    if let Some(digests) = tile::parse(rest, width) {
        assert_eq!(tile::to_bytes(&digests), rest);
        for height in 0..=8 {
            let _ = tile::subtree(&digests, 0, height);
        }
    }
    if let Some(entries) = tile::parse_entries(rest, width) {
        assert_eq!(tile::entries_to_bytes(&entries), rest);
    }
}
