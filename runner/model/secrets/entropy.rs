//! How random bytes look, in whole numbers: the same on every machine.

/// One bit, in the unit that everything here is counted in.
pub const BIT: u64 = 1024;
/// Longer inputs are judged by their beginning.
const LONGEST: usize = 512;
/// `n * log2(n)` for every count up to [`LONGEST`].
const N_LOG_N: [u64; LONGEST + 1] = table();

/// Shannon's entropy of all bytes together, in units of [`BIT`].
pub fn total(bytes: &[u8]) -> u64 {
    let bytes = bytes.get(..LONGEST).unwrap_or(bytes);
    let mut counts = [0_usize; 256];
    for byte in bytes {
        counts[usize::from(*byte)] += 1;
    }
    let within: u64 = counts.iter().map(|count| N_LOG_N[*count]).sum();
    N_LOG_N[bytes.len()].saturating_sub(within)
}

/// Shannon's entropy of one byte of these, in units of [`BIT`].
pub fn each(bytes: &[u8]) -> u64 {
    total(bytes) / bytes.len().clamp(1, LONGEST) as u64
}

/// How many neighbours are of different kinds: of digits, capitals, small letters and the rest. A capital
/// before a small letter begins a word and does not count.
pub fn changes(bytes: &[u8]) -> usize {
    let differ = |pair: &&[u8]| match (kind(pair[0]), kind(pair[1])) {
        (Kind::Capital, Kind::Small) => false,
        (before, after) => before != after,
    };
    bytes.windows(2).filter(differ).count()
}

/// How many of the four kinds of characters occur.
pub fn kinds(bytes: &[u8]) -> usize {
    let all = [Kind::Digit, Kind::Capital, Kind::Small, Kind::Other];
    let occurs = |wanted: &&Kind| bytes.iter().any(|byte| kind(*byte) == **wanted);
    all.iter().filter(occurs).count()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Digit,
    Capital,
    Small,
    Other,
}

fn kind(byte: u8) -> Kind {
    match byte {
        b'0'..=b'9' => Kind::Digit,
        b'A'..=b'Z' => Kind::Capital,
        b'a'..=b'z' => Kind::Small,
        _ => Kind::Other,
    }
}

const fn table() -> [u64; LONGEST + 1] {
    let mut table = [0; LONGEST + 1];
    let mut n = 1;
    while n <= LONGEST {
        table[n] = n as u64 * log2(n as u64);
        n += 1;
    }
    table
}

/// The logarithm, one bit of the fraction after the other.
const fn log2(n: u64) -> u64 {
    let whole = n.ilog2();
    // A number from one to below two, with thirty bits of fraction.
    let mut rest = (n << 30) >> whole;
    let (mut log, mut bit) = (whole as u64 * BIT, BIT / 2);
    while bit > 0 {
        rest = (rest * rest) >> 30;
        if rest >= 2 << 30 {
            rest >>= 1;
            log += bit;
        }
        bit /= 2;
    }
    log
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_entropies() {
        assert_eq!(total(b"aaaaaaaa"), 0);
        assert_eq!(total(b"abababab"), 8 * BIT);
        assert_eq!(each(b"0123456789abcdef"), 4 * BIT);
        assert_eq!((total(b""), each(b"")), (0, 0));
        assert!(each(&[7; 9999]) == 0 && total(&(0..=255).collect::<Vec<u8>>()) == 256 * 8 * BIT);
    }

    #[test]
    fn words_change_rarely() {
        assert_eq!(changes(b"SignatureAlgorithmSha256WithRsa"), 5);
        assert!(changes(b"q7Zk2mXp9LtR4vYw") >= 8);
        assert_eq!(kinds(b"aA1-"), 4);
    }
}
