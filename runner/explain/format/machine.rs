//! Instructions that only some CPUs have: a sign of `-march=native` and its like.

use object::SectionKind;

use super::sections::{Section, Sections};
use crate::cause::Cause;
use crate::certainty::Certainty;
use crate::evidence::attribution::Attribution;
use crate::location::{FindingDraft, Location};
use crate::walk::Walk;
use zwieback_model::variation::factor::Factor;

/// Fewer wide instructions than this may be there by chance.
const FEWEST: usize = 4;

/// Explains two programs whose code differs in the instructions it uses.
pub fn explain(walk: &mut Walk<'_>, location: &Location, a: &Sections<'_>, b: &Sections<'_>) {
    let (wide_a, wide_b) = (wide(a), wide(b));
    let (most, fewest) = (wide_a.max(wide_b), wide_a.min(wide_b));
    let noted = note(a) != note(b);
    // In ordinary code a wide prefix occurs by chance, on both sides alike.
    if !noted && (most < FEWEST || fewest.saturating_mul(4) > most) {
        return;
    }
    let (left, right) = match (note(a), note(b)) {
        (Some(left), Some(right)) if noted => {
            (crate::excerpt::hex(left), crate::excerpt::hex(right))
        }
        _ => (
            format!("{wide_a} AVX instructions"),
            format!("{wide_b} AVX instructions"),
        ),
    };
    let draft = FindingDraft {
        detail: if noted {
            ".note.gnu.property".to_owned()
        } else {
            "machine code".to_owned()
        },
        offset: None,
        left,
        right,
        attribution: Attribution::new(
            Cause::MachineCode,
            Certainty::Guess,
            vec![Factor::CpuFeatures],
        ),
        context: &[],
    };
    walk.add(location, draft);
}

fn note<'s>(sections: &'s Sections<'_>) -> Option<&'s [u8]> {
    sections
        .get(&(".note.gnu.property".to_owned(), 0))
        .map(|section| &*section.data)
}

fn wide(sections: &Sections<'_>) -> usize {
    let code = sections
        .values()
        .filter(|section| section.kind == SectionKind::Text);
    code.map(|section: &Section<'_>| {
        section
            .data
            .windows(3)
            .filter(|bytes| is_wide(bytes))
            .count()
    })
    .sum()
}

/// The prefixes of AVX-512 (EVEX) and AVX (VEX) with their fixed bits, Intel SDM 2.3 and 2.7.
/// `c5` is also an operand byte of common moves; those do not come before a vector opcode.
fn is_wide(bytes: &[u8]) -> bool {
    match bytes {
        [0x62, first, second] => first & 0x0c == 0 && second & 0x04 != 0 && first & 3 != 0,
        [0xc4, first, _] => matches!(first & 0x1f, 1..=3) && first & 0xe0 >= 0x40,
        [0xc5, first, opcode] => {
            first & 0x80 != 0
                && matches!(opcode, 0x10..=0x17 | 0x28..=0x2f | 0x51..=0x7f | 0xd4..=0xfe)
        }
        _ => false,
    }
}
