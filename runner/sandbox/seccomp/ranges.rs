//! Rules by number, neighbours with one verdict joined.

use libc::c_long;
use zwieback_model::sandbox_spec::tracing::Tracing;

use super::arch;
use super::rules::{RULES, Rule, TRACING, Verdict};

/// How many calls are restricted, unless steps may trace.
pub(crate) const RESTRICTED: usize = RULES.len() + arch::RULES.len();

/// Neighbouring calls with one verdict.
#[derive(Clone, Copy)]
pub(crate) struct Range {
    pub(crate) first: u32,
    pub(crate) last: u32,
    pub(crate) verdict: Verdict,
}

/// The rules of this architecture by number, as the search needs them.
pub(crate) struct Ranges {
    pub(crate) list: [Range; RESTRICTED],
    pub(crate) len: usize,
}

impl Ranges {
    /// All rules, sorted and joined.
    pub(crate) const fn new(tracing: Tracing) -> Self {
        let rules = sorted();
        let mut ranges = Self {
            list: [Range::of(rules[0]); RESTRICTED],
            len: 1,
        };
        let mut at = 1;
        while at < RESTRICTED {
            if is_free(rules[at], tracing) {
                at += 1;
                continue;
            }
            let next = Range::of(rules[at]);
            let last = &mut ranges.list[ranges.len - 1];
            if next.continues(last) {
                last.last = next.last;
            } else {
                ranges.list[ranges.len] = next;
                ranges.len += 1;
            }
            at += 1;
        }
        ranges
    }
}

impl Range {
    const fn of(rule: Rule) -> Self {
        Self {
            first: rule.number,
            last: rule.number,
            verdict: rule.verdict,
        }
    }

    /// Whether this comes right after the other and means the same.
    const fn continues(&self, other: &Self) -> bool {
        let is_errno = matches!(self.verdict, Verdict::Errno(_));
        other.last + 1 == self.first && is_errno && self.verdict.is(other.verdict)
    }
}

const fn is_free(rule: Rule, tracing: Tracing) -> bool {
    let mut at = 0;
    while at < TRACING.len() {
        if matches!(tracing, Tracing::Needed) && rule.number as c_long == TRACING[at] {
            return true;
        }
        at += 1;
    }
    false
}

const fn sorted() -> [Rule; RESTRICTED] {
    let mut list = [RULES[0]; RESTRICTED];
    let mut len = 0;
    while len < RESTRICTED {
        let rule = if len < RULES.len() {
            RULES[len]
        } else {
            arch::RULES[len - RULES.len()]
        };
        let mut at = len;
        while at > 0 && list[at - 1].number > rule.number {
            list[at] = list[at - 1];
            at -= 1;
        }
        assert!(
            at == 0 || list[at - 1].number < rule.number,
            "a call has two rules"
        );
        list[at] = rule;
        len += 1;
    }
    list
}
