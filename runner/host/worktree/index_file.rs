//! The file of an index, measured before it is decoded, and pared to what says which files are tracked.
//!
//! A short entry may stand for a long path, and an extension may nest without end or lead from one shared
//! index to the next; what only makes git faster is left out (gitformat-index(5)).

use gix_index::hash::{Kind, hasher};

/// What an entry takes in memory beside its path.
const ENTRY: u64 = 128;
/// The bytes of an entry before its digest: times, device, inode, mode, owner and size.
const BEFORE_DIGEST: usize = 40;
/// The bit that says that two more bytes of flags follow.
const EXTENDED: u8 = 0x40;
/// The version in which an entry says only in what its path differs from the one before.
const PREFIXED: u32 = 4;
/// The extension that leads to a shared index.
const LINK: &[u8] = b"link";

/// What is left of the file, and what it comes to.
pub struct Pared {
    /// An index without a checksum, as `index.skipHash` has it.
    pub bytes: Vec<u8>,
    /// What its paths and entries take in memory.
    pub cost: u64,
    /// The checksum that it had; zeros if it had none.
    pub checksum: Vec<u8>,
}

/// Pares an index with digests of that kind. A shared one leads to no other.
pub fn pare(bytes: &[u8], kind: Kind, is_shared: bool) -> Result<Pared, &'static str> {
    let digest = kind.len_in_bytes();
    let length = bytes.len().checked_sub(digest).ok_or("it is too short")?;
    let (body, checksum) = bytes.split_at(length);
    if checksum.iter().any(|byte| *byte != 0) && !has_checksum(body, checksum, kind) {
        return Err("its checksum is another one");
    }
    let measured = measure(body, digest).ok_or("it breaks off")?;
    let mut pared = body[..measured.end].to_vec();
    let mut left = &body[measured.end..];
    while !left.is_empty() {
        let (extension, rest) = extension(left).ok_or("it breaks off in an extension")?;
        let is_needed = extension.first().is_some_and(u8::is_ascii_lowercase);
        if is_needed && !(is_shared && extension.starts_with(LINK)) {
            pared.extend(extension);
        }
        left = rest;
    }
    pared.resize(pared.len() + digest, 0);
    Ok(Pared {
        bytes: pared,
        cost: measured.cost,
        checksum: checksum.to_vec(),
    })
}

fn has_checksum(body: &[u8], checksum: &[u8], kind: Kind) -> bool {
    let mut hasher = hasher(kind);
    hasher.update(body);
    let found = hasher.try_finalize();
    found.is_ok_and(|found| found.as_slice() == checksum)
}

struct Measured {
    end: usize,
    cost: u64,
}

/// Goes over the entries; nothing if they break off.
fn measure(body: &[u8], digest: usize) -> Option<Measured> {
    let header = body.get(..12)?;
    let number = |at: usize| Some(u32::from_be_bytes(header.get(at..at + 4)?.try_into().ok()?));
    let is_prefixed = number(4)? == PREFIXED;
    let (mut at, mut length, mut cost) = (header.len(), 0_u64, 0_u64);
    for _ in 0..number(8)? {
        let entry = body.get(at..)?;
        let before = BEFORE_DIGEST + digest;
        let flags = if entry.get(before)? & EXTENDED == 0 {
            2
        } else {
            4
        };
        let mut name = before + flags;
        if is_prefixed {
            let (cut, taken) = variable(entry.get(name..)?)?;
            length = length.checked_sub(cut)?;
            name += taken;
        } else {
            length = 0;
        }
        let added = entry.get(name..)?.iter().position(|byte| *byte == 0)?;
        length = length.checked_add(added as u64)?;
        cost = cost.checked_add(length)?.checked_add(ENTRY)?;
        let end = name + added + 1;
        // Others are filled up with zeros to a multiple of eight.
        at += if is_prefixed {
            end
        } else {
            end.next_multiple_of(8)
        };
    }
    (at <= body.len()).then_some(Measured { end: at, cost })
}

/// A number of seven bits a byte, as git writes offsets, and how many bytes it has.
fn variable(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut number = 0_u64;
    for (at, byte) in bytes.iter().take(8).enumerate() {
        number = (number << 7) | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((number, at + 1));
        }
        number += 1;
    }
    None
}

/// One extension with its head, and what follows it.
fn extension(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = u32::from_be_bytes(bytes.get(4..8)?.try_into().ok()?);
    let end = usize::try_from(length).ok()?.checked_add(8)?;
    bytes.split_at_checked(end)
}
