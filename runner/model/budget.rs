//! How much of what a stranger sent may be kept or worked through: one count for all readers of one whole.
//!
//! A limit for each part is none for the whole: who sends the parts decides how many there are.

/// What may still be taken: bytes that are kept, or steps of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    most: u64,
    left: u64,
}

/// More was asked for than was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("more than {most}")]
pub struct Spent {
    /// What there was at first.
    pub most: u64,
}

impl Budget {
    /// So much may be taken altogether.
    pub const fn new(most: u64) -> Self {
        Self { most, left: most }
    }

    /// Takes a part. Once one was refused nothing is left: no reader goes on with smaller parts.
    pub fn take(&mut self, part: u64) -> Result<(), Spent> {
        let left = self.left.checked_sub(part);
        self.left = left.unwrap_or(0);
        left.map(drop).ok_or(Spent { most: self.most })
    }

    /// What is left.
    pub const fn left(&self) -> u64 {
        self.left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_refused_leaves_nothing() {
        let mut budget = Budget::new(10);
        assert_eq!(budget.take(4), Ok(()));
        assert_eq!((budget.take(6), budget.left()), (Ok(()), 0));
        let mut budget = Budget::new(10);
        assert_eq!(budget.take(11), Err(Spent { most: 10 }));
        assert_eq!(budget.take(1), Err(Spent { most: 10 }));
        assert_eq!(budget.take(0), Ok(()));
    }
}
