//! Which promotions stand behind each other in an environment, in little space.

use serde::{Deserialize, Serialize};

/// The numbers of those promotions as runs without a gap, each by its first and last: a partial state has
/// all of them, though it has few of the generations.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Behind(Vec<(u64, u64)>);

impl Behind {
    /// That promotion stands now: all that came after it stands no more.
    pub fn put(&mut self, number: u64) {
        while let Some((first, last)) = self.0.pop() {
            let last = last.min(number.saturating_sub(1));
            if first <= last {
                self.0.push((first, last));
                break;
            }
        }
        match self.0.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => self.0.push((number, number)),
        }
    }

    /// Whether that promotion is one of them.
    pub fn contains(&self, number: u64) -> bool {
        let runs = self.0.iter();
        runs.rev()
            .any(|(first, last)| (*first..=*last).contains(&number))
    }

    /// All of them, the oldest first.
    pub fn numbers(&self) -> impl Iterator<Item = u64> {
        self.0.iter().flat_map(|(first, last)| *first..=*last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_gone_past_stands_no_more() {
        let mut behind = Behind::default();
        for number in [1, 2, 3, 2, 5, 6, 1, 8] {
            behind.put(number);
        }
        assert_eq!(behind.numbers().collect::<Vec<_>>(), [1, 8]);
        assert!(behind.contains(8) && !behind.contains(2) && !behind.contains(6));
    }

    #[test]
    fn many_promotions_take_the_space_of_one() {
        let mut behind = Behind::default();
        (1..=100_000).for_each(|number| behind.put(number));
        assert_eq!(behind.0, [(1, 100_000)]);
        behind.put(70_000);
        behind.put(100_002);
        assert_eq!(behind.0, [(1, 70_000), (100_002, 100_002)]);
    }
}
