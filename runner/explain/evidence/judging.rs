//! How much of two lines is judged, and how much all judging of one report may cost.
//!
//! A line may be a whole file. What is judged of a long one are pieces around what differs, and the steps that all
//! lines of all outputs take together are counted.

use std::cell::Cell;

/// The most bytes of one piece. Longer lines are judged in pieces.
pub const LONGEST: usize = 8 << 10;
/// How much of a piece stands before its first difference.
const BEFORE: usize = 1 << 10;
/// The most pieces of one line.
const PIECES: usize = 16;
/// Around a difference in a long line, so much of it is looked at for what it may mean.
pub const NEAR: usize = 512;
/// Steps that each byte of a line takes: it is split twice, and compared.
const STEPS_OF_A_BYTE: u64 = 8;
/// Steps that each byte around a difference takes: many words are looked for in it.
const STEPS_OF_A_DIFFERENCE: u64 = 64;

/// What differs in two lines, as a part of each that begins at the same place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece<'l> {
    /// Where both parts begin.
    pub start: usize,
    /// The part of A.
    pub a: &'l [u8],
    /// The part of B.
    pub b: &'l [u8],
    /// Whether it is less than the lines.
    pub is_cut: bool,
}

/// The steps that judging may still take in one report, and what was left out for them.
#[derive(Debug)]
pub struct Judging {
    left: Cell<u64>,
    is_cut: Cell<bool>,
    is_left_out: Cell<bool>,
}

impl Judging {
    /// So many steps.
    pub fn new(steps: u64) -> Self {
        Self {
            left: Cell::new(steps),
            is_cut: Cell::new(false),
            is_left_out: Cell::new(false),
        }
    }

    /// Whether bytes of lines may be judged.
    pub fn may_judge(&self, bytes: usize) -> bool {
        self.spend(bytes as u64 * STEPS_OF_A_BYTE)
    }

    /// Whether one difference may be judged, with so many bytes around it.
    pub fn may_attribute(&self, bytes: usize) -> bool {
        self.spend(bytes as u64 * STEPS_OF_A_DIFFERENCE)
    }

    /// The pieces of two lines that differ. Where they have the same length there may be several.
    pub fn pieces<'l>(&self, a: &'l [u8], b: &'l [u8]) -> Vec<Piece<'l>> {
        let longest = a.len().max(b.len());
        if longest <= LONGEST {
            let (start, is_cut) = (0, false);
            return vec![Piece {
                start,
                a,
                b,
                is_cut,
            }];
        }
        self.is_cut.set(true);
        let (mut pieces, mut from) = (Vec::new(), 0);
        while let Some(differs) = first(&a[from..], &b[from..]) {
            let start = (from + differs).saturating_sub(BEFORE).max(from);
            let end = start + LONGEST;
            let part = |line: &'l [u8]| &line[start..line.len().min(end)];
            let (a_part, b_part) = (part(a), part(b));
            pieces.push(Piece {
                start,
                a: a_part,
                b: b_part,
                is_cut: true,
            });
            if pieces.len() == PIECES || a.len() != b.len() || end >= longest {
                break;
            }
            from = end;
        }
        pieces
    }

    /// What was left out since this was asked last, for the report.
    pub fn left_out(&self) -> Vec<String> {
        let cut = self.is_cut.take().then(|| {
            format!("lines above {LONGEST} bytes were judged around their first differences only")
        });
        let left_out = self.is_left_out.take().then(|| {
            "the limit of steps for judging differences is used up: not all were judged".to_owned()
        });
        cut.into_iter().chain(left_out).collect()
    }

    /// Steps that are left.
    pub fn left(&self) -> u64 {
        self.left.get()
    }

    fn spend(&self, steps: u64) -> bool {
        let left = self.left.get().checked_sub(steps);
        self.left.set(left.unwrap_or(0));
        if left.is_none() {
            self.is_left_out.set(true);
        }
        left.is_some()
    }
}

/// Where two lines differ first, or one of them ends.
pub fn first(a: &[u8], b: &[u8]) -> Option<usize> {
    let equal = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    (equal < a.len().max(b.len())).then_some(equal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_cut_into_pieces_around_what_differs() {
        let judging = Judging::new(0);
        let a = vec![b'x'; 100_000];
        let mut b = a.clone();
        (b[50_000], b[90_000]) = (b'y', b'z');
        let pieces = judging.pieces(&a, &b);
        let places: Vec<_> = pieces.iter().map(|piece| piece.start).collect();
        assert_eq!(places, [50_000 - BEFORE, 90_000 - BEFORE]);
        assert!(
            pieces
                .iter()
                .all(|piece| piece.a != piece.b && piece.is_cut)
        );
        assert!(judging.left_out()[0].contains("8192"));
        assert!(judging.left_out().is_empty(), "it is told once");
        // What has another length has one piece; a line that only goes on has one as well.
        b.push(b'!');
        assert_eq!(judging.pieces(&a, &b).len(), 1);
        let more = judging.pieces(&a, &[a.clone(), b"!".to_vec()].concat())[0]
            .b
            .len();
        assert_eq!(more, BEFORE + 1);
    }

    #[test]
    fn a_line_of_nothing_but_differences_has_few_pieces() {
        let (a, b) = (vec![b'x'; 1 << 20], vec![b'y'; 1 << 20]);
        let pieces = Judging::new(0).pieces(&a, &b);
        let bytes: usize = pieces.iter().map(|piece| piece.a.len()).sum();
        assert_eq!((pieces.len(), bytes), (PIECES, PIECES * LONGEST));
    }

    #[test]
    fn steps_have_an_end() {
        let judging = Judging::new(100);
        assert!(judging.may_judge(10));
        assert!(!judging.may_attribute(1) && !judging.may_judge(1));
        assert!(judging.left_out()[0].contains("used up"));
    }
}
