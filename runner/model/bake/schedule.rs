//! What is built next: every recipe once, after all it needs, whatever becomes of the others.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::graph::Graph;
use crate::name::Name;

/// Which recipes wait, which may begin and which are over.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// How many needs of a recipe are not built yet. Whoever is not here has begun or was given up.
    open: BTreeMap<Name, usize>,
    needed_by: BTreeMap<Name, Vec<Name>>,
    /// Those that may begin; the first is the one that the longest chain waits for.
    ready: BTreeSet<(Reverse<usize>, Name)>,
    depth: BTreeMap<Name, usize>,
    under_way: usize,
    skipped: BTreeMap<Name, Option<Name>>,
}

/// What there is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// This recipe has all it needs.
    Begin(Name),
    /// Nothing until a recipe under way is over.
    Wait,
    /// Nothing any more.
    Over,
}

impl Schedule {
    /// Nothing is built yet.
    pub fn new(graph: &Graph) -> Self {
        let mut schedule = Self {
            open: BTreeMap::new(),
            needed_by: BTreeMap::new(),
            ready: BTreeSet::new(),
            depth: depths(graph),
            under_way: 0,
            skipped: BTreeMap::new(),
        };
        for name in graph.order() {
            let needs: BTreeSet<&Name> = graph.needs(name).iter().collect();
            schedule.open.insert(name.clone(), needs.len());
            for need in needs {
                let list = schedule.needed_by.entry(need.clone()).or_default();
                list.push(name.clone());
            }
        }
        for name in graph.order() {
            schedule.begin_if_ready(name);
        }
        schedule
    }

    /// The next recipe to begin, if one may.
    pub fn pick(&mut self) -> Next {
        match self.ready.pop_first() {
            Some((_, name)) => {
                self.under_way += 1;
                Next::Begin(name)
            }
            None if self.under_way > 0 => Next::Wait,
            None => Next::Over,
        }
    }

    /// A recipe is built: whoever waited for nothing else may begin.
    pub fn built(&mut self, name: &Name) {
        self.under_way -= 1;
        for waiting in self.needed_by.get(name).cloned().unwrap_or_default() {
            if let Some(open) = self.open.get_mut(&waiting) {
                *open -= 1;
            }
            self.begin_if_ready(&waiting);
        }
    }

    /// A recipe cannot be built: whoever needs it is skipped, and whoever needs those.
    pub fn failed(&mut self, name: &Name) {
        self.under_way -= 1;
        let mut lost = vec![name.clone()];
        while let Some(cause) = lost.pop() {
            for waiting in self.needed_by.get(&cause).cloned().unwrap_or_default() {
                if self.open.remove(&waiting).is_some() {
                    self.skipped.insert(waiting.clone(), Some(cause.clone()));
                    lost.push(waiting);
                }
            }
        }
    }

    /// Begins nothing any more; what is under way may end.
    pub fn close(&mut self) {
        for (_, name) in std::mem::take(&mut self.ready) {
            self.skipped.insert(name, None);
        }
        for name in std::mem::take(&mut self.open).into_keys() {
            self.skipped.insert(name, None);
        }
    }

    /// What was never begun, and the recipe that is missing for it where that is why.
    pub fn skipped(&self) -> &BTreeMap<Name, Option<Name>> {
        &self.skipped
    }

    fn begin_if_ready(&mut self, name: &Name) {
        if self.open.get(name) == Some(&0) {
            self.open.remove(name);
            let depth = self.depth.get(name).copied().unwrap_or_default();
            self.ready.insert((Reverse(depth), name.clone()));
        }
    }
}

/// How many recipes wait one behind another for each: the order is reversed, so each is final when read.
fn depths(graph: &Graph) -> BTreeMap<Name, usize> {
    let mut depths: BTreeMap<Name, usize> = BTreeMap::new();
    for name in graph.order().iter().rev() {
        let own = *depths.entry(name.clone()).or_default();
        for need in graph.needs(name) {
            let depth = depths.entry(need.clone()).or_default();
            *depth = (*depth).max(own + 1);
        }
    }
    depths
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    /// `d` needs `c`, which needs `b`; `a` and `e` stand alone.
    fn schedule() -> Schedule {
        let needs: [(&str, &[&str]); 5] = [
            ("a", &[]),
            ("b", &[]),
            ("c", &["b", "b"]),
            ("d", &["c"]),
            ("e", &[]),
        ];
        let needs =
            needs.map(|(it, needs)| (name(it), needs.iter().map(|need| name(need)).collect()));
        Schedule::new(&Graph::new(needs.into()).unwrap())
    }

    fn begun(schedule: &mut Schedule) -> Vec<String> {
        let mut begun = Vec::new();
        while let Next::Begin(name) = schedule.pick() {
            begun.push(name.to_string());
        }
        begun
    }

    #[test]
    fn the_longest_chain_begins_first() {
        assert_eq!(begun(&mut schedule()), ["b", "a", "e"]);
    }

    #[test]
    fn who_waits_begins_when_all_it_needs_is_built() {
        let mut schedule = schedule();
        begun(&mut schedule);
        assert_eq!(schedule.pick(), Next::Wait);
        schedule.built(&name("b"));
        assert_eq!(begun(&mut schedule), ["c"]);
        for over in ["a", "e", "c"] {
            schedule.built(&name(over));
        }
        assert_eq!(begun(&mut schedule), ["d"]);
        schedule.built(&name("d"));
        assert_eq!(schedule.pick(), Next::Over);
        assert!(schedule.skipped().is_empty());
    }

    #[test]
    fn a_failure_takes_along_only_who_needs_it() {
        let mut schedule = schedule();
        begun(&mut schedule);
        schedule.failed(&name("b"));
        let because = [("c", "b"), ("d", "c")].map(|(it, of)| (name(it), Some(name(of))));
        assert_eq!(*schedule.skipped(), because.into());
        schedule.built(&name("a"));
        assert_eq!(schedule.pick(), Next::Wait);
        schedule.built(&name("e"));
        assert_eq!(schedule.pick(), Next::Over);
    }

    #[test]
    fn once_closed_nothing_begins() {
        let mut schedule = schedule();
        assert_eq!(schedule.pick(), Next::Begin(name("b")));
        schedule.close();
        schedule.built(&name("b"));
        assert_eq!(schedule.pick(), Next::Over);
        let skipped: Vec<_> = schedule.skipped().keys().map(Name::as_str).collect();
        assert_eq!(skipped, ["a", "c", "d", "e"]);
    }
}
