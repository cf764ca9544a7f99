//! Each mechanism broken, as the probes see it then: no factor stays `varied`.

use std::collections::BTreeMap;

use super::choice::Choice;
use super::factor::{Factor, FactorState};
use super::sighting::{Sighting, Witness};
use super::state::ineffective;
use super::test_machine::machine;
use super::varied::Variation;
use crate::supervision::{Effect, Supervision};
use crate::variation::profile::Profile;

/// What the probes of both runs see of a factor of `strict` where its mechanism works. A new factor is
/// seen by something, or it is not varied.
fn seen(factor: Factor) -> Option<[&'static str; 2]> {
    Some(match factor {
        Factor::Clock | Factor::CreatedMtime => ["0 s ahead", "34585998 s ahead"],
        Factor::SourceMtime => ["0", "-86399"],
        Factor::ReaddirOrder => ["hgfedcba", "cdabhgef"],
        Factor::Inode => ["memory, inode 1", "disk of kind 0xef53, inode 81"],
        Factor::CpuCount => ["2", "1"],
        Factor::Memory => ["16777216 kB", "12582912 kB"],
        Factor::CpuModel => ["a processor", "another processor of a later make"],
        Factor::CpuFeatures => ["AVX or what came later", "neither AVX nor what came later"],
        Factor::Kernel => ["6.18.0", "2.6.78"],
        Factor::Uptime => [
            "0 s ahead, load 0.00 0.00 0.00 1/1 1",
            "1299827 s ahead, load 1.23 0.98 0.76 2/99 8000",
        ],
        Factor::BootId => [
            "11111111-2222-4333-8444-555555555555",
            "99999999-8888-4777-a666-555555555555",
        ],
        Factor::Aslr => ["fixed", "random"],
        Factor::Pids => ["3", "7778"],
        Factor::Entropy => ["00a1 00b2", "00c3 00d4"],
        Factor::HashSeed => ["00b2", "00d4"],
        Factor::BuildPath => ["/build/zlib", "/build/elsewhere/of-another-length/zlib"],
        Factor::OutPath => ["/out", "/out/elsewhere/of-another-length"],
        Factor::Home => ["/tmp/home", "/tmp/home-of-another-user"],
        Factor::Tmpdir => ["/tmp", "/tmp/elsewhere"],
        Factor::Umask => ["022", "002"],
        Factor::User => ["1000:1000 build", "1234:2345 builder"],
        Factor::Hostname => ["localhost", "another-host"],
        Factor::Timezone => ["UTC", "XXX-14"],
        Factor::Locale => ["C.UTF-8", "C"],
        Factor::Columns => ["80", "133"],
        Factor::Env => ["HOME PATH", "HOME PATH ZWIEBACK_STRAY"],
        Factor::ParentDir => ["nothing", ".git in /build"],
        Factor::Scheduling => return None,
    })
}

/// What they see where it is broken otherwise than that both see the same.
fn seen_broken(factor: Factor) -> Vec<[&'static str; 2]> {
    match factor {
        // A vDSO of the host's; a second machine whose clock is wrong by something else.
        Factor::Clock => vec![
            ["0 s ahead", "from 0 to 34585998 s ahead"],
            ["0 s ahead", "7 s ahead"],
        ],
        Factor::Memory => vec![["16777216 kB", "12582912 kB, 16777216 kB in /proc/meminfo"]],
        Factor::CpuCount => vec![["2", "1, 2 in /proc/cpuinfo"], ["2, 8 online", "1"]],
        Factor::Inode => vec![
            ["memory, inode 1", "memory, inode 2"],
            ["disk of kind 0x1, inode 2", "disk of kind 0x1, inode 3"],
        ],
        Factor::CpuFeatures => vec![["neither AVX nor what came later", "AVX or what came later"]],
        Factor::Kernel => vec![["6.18.0", "6.18.1"], ["2.6.78", "2.6.79"]],
        Factor::Uptime => vec![
            [
                "0 s ahead, load 0.00 0.00 0.00 1/1 1",
                "0 s ahead, load 1.23 0.98 0.76 2/99 8000",
            ],
            [
                "0 s ahead, load 0.12 0.09 0.01 1/200 4711",
                "1299827 s ahead, load 1.23 0.98 0.76 2/99 8000",
            ],
        ],
        Factor::Aslr => vec![["random", "fixed"]],
        Factor::Pids => vec![["3", "4"], ["7778", "7779"]],
        // One of two sources of chance is the same.
        Factor::Entropy => vec![["00a1 00b2", "00c3 00b2"], ["00a1 00b2", "00a1 00d4"]],
        Factor::BuildPath => vec![["/build/zlib", "/build/lua"]],
        Factor::User => vec![
            ["1000:1000 build", "1234:2345 without a name"],
            ["0:0 root", "1234:2345 builder"],
        ],
        Factor::Env => vec![["HOME PATH", "HOME PATH ZWIEBACK_STRAYED"]],
        Factor::ParentDir => vec![[".git in /build/zlib", "nothing"]],
        Factor::SourceMtime
        | Factor::CpuModel
        | Factor::BootId
        | Factor::OutPath
        | Factor::Home
        | Factor::Tmpdir
        | Factor::Umask
        | Factor::Hostname
        | Factor::Timezone
        | Factor::Locale
        | Factor::Columns => vec![["another", "and another"]],
        // The kernel's own times; a second machine whose files are of another year than its clock.
        Factor::CreatedMtime => vec![
            ["0 s ahead", "3 s ahead"],
            ["70 s ahead", "34585998 s ahead"],
        ],
        // Only that they differ can be told.
        Factor::ReaddirOrder | Factor::HashSeed | Factor::Scheduling => {
            vec![]
        }
    }
}

struct Runs {
    variation: Variation,
    seen: [Sighting; 2],
    supervision: Supervision,
}

impl Runs {
    /// All that can work does.
    fn sound(profile: Profile) -> Self {
        let seen = [0, 1].map(|run| {
            let one = |factor| Some((factor, seen(factor)?[run].to_owned()));
            Sighting(Factor::ALL.into_iter().filter_map(one).collect())
        });
        Self {
            variation: Variation::plan(profile, &Choice::default(), &machine(), 1 << 30),
            seen,
            supervision: Supervision {
                wall_clock: Some(Effect::Effective),
                file_times: Some(Effect::Effective),
                memory: Some(Effect::Effective),
                instructions: Some(Effect::Effective),
                entropy: None,
            },
        }
    }

    fn see(&mut self, factor: Factor, seen: [Option<&str>; 2]) {
        for (sighting, seen) in self.seen.iter_mut().zip(seen) {
            sighting.0.remove(&factor);
            sighting
                .0
                .extend(seen.map(|seen| (factor, seen.to_owned())));
        }
    }

    fn states(&self) -> BTreeMap<Factor, FactorState> {
        let [a, b] = [&self.seen[0], &self.seen[1]].map(|sighting| Witness {
            sighting,
            supervision: &self.supervision,
        });
        self.variation.found(a, b)
    }
}

#[test]
fn what_each_run_saw_as_planned_is_varied() {
    let states = Runs::sound(Profile::Strict).states();
    for factor in Factor::ALL {
        let expected = if seen(factor).is_some() {
            "varied"
        } else {
            "uncontrolled"
        };
        assert_eq!(states[&factor].word(), expected, "{factor}: {states:?}");
    }
}

/// In every factor: nothing seen in A, nothing in B, the same in both, and what is neither run's plan.
#[test]
fn a_broken_mechanism_is_not_varied() {
    let sound = Runs::sound(Profile::Strict).states();
    for factor in Factor::ALL {
        let Some([a, b]) = seen(factor) else {
            continue;
        };
        let mut broken = vec![[None, Some(b)], [Some(a), None], [None, None]];
        broken.extend([[Some(a), Some(a)], [Some(b), Some(b)]]);
        broken.extend(seen_broken(factor).into_iter().map(|both| both.map(Some)));
        for both in broken {
            let mut runs = Runs::sound(Profile::Strict);
            runs.see(factor, both);
            let mut states = runs.states();
            let state = states.insert(factor, sound[&factor].clone()).unwrap();
            assert_eq!(state.word(), "ineffective", "{factor}, seen as {both:?}");
            assert_eq!(states, sound, "{factor} alone was broken");
        }
    }
}

/// The reason tells what was planned and what was seen.
#[test]
fn what_was_planned_and_what_was_seen_is_told() {
    for (factor, seen, reason) in [
        (
            Factor::Timezone,
            ["CET", "CET"],
            "both runs saw CET; A was to see UTC, and B XXX-14",
        ),
        (
            Factor::Kernel,
            ["6.18.0", "6.18.1"],
            "B was to see 2.6.…, and saw 6.18.1",
        ),
        (
            Factor::Pids,
            ["9", "10"],
            "B was to see 7777 or soon after, and saw 10",
        ),
        (
            Factor::HashSeed,
            ["PYTHONHASHSEED=0", "PYTHONHASHSEED=0"],
            "both runs saw PYTHONHASHSEED=0",
        ),
        (
            Factor::Inode,
            ["memory, inode 1", "memory, inode 7"],
            "B was to see disk…, and saw memory, inode 7",
        ),
        (
            Factor::CpuFeatures,
            ["AVX or what came later", "AVX or what came later"],
            "both runs saw AVX or what came later; A was to see anything else, and B neither AVX nor what came later",
        ),
    ] {
        let mut runs = Runs::sound(Profile::Strict);
        runs.see(factor, seen.map(Some));
        assert_eq!(runs.states()[&factor], ineffective(reason), "{factor}");
    }
}

/// One look proves nothing for the programs that come later: the supervisor sees them all.
#[test]
fn what_a_supervisor_says_counts_against_a_probe() {
    let mut runs = Runs::sound(Profile::Strict);
    runs.supervision.wall_clock = Some(Effect::ineffective("no ptrace"));
    runs.supervision.file_times = Some(Effect::ineffective("no ptrace"));
    runs.supervision.instructions = None;
    let states = runs.states();
    assert_eq!(states[&Factor::CreatedMtime], ineffective("no ptrace"));
    assert_eq!(states[&Factor::Clock], ineffective("no ptrace"));
    let reason = "no supervisor was asked for it";
    assert_eq!(states[&Factor::CpuFeatures], ineffective(reason));
}

/// `fixed` is a claim as well: two runs that saw something else were not the same.
#[test]
fn what_was_fixed_and_seen_to_differ_is_uncontrolled() {
    let states = Runs::sound(Profile::Hermetic).states();
    for (factor, planned) in Runs::sound(Profile::Hermetic).variation.states() {
        let expected = match planned {
            FactorState::Fixed => "uncontrolled",
            other => other.word(),
        };
        assert_eq!(states[&factor].word(), expected, "{factor}");
    }
    let mut runs = Runs::sound(Profile::Hermetic);
    runs.see(Factor::Umask, [Some("022"), Some("022")]);
    runs.see(Factor::Home, [None, None]);
    let states = runs.states();
    assert_eq!(states[&Factor::Umask], FactorState::Fixed);
    assert_eq!(states[&Factor::Home], FactorState::Fixed);
    let FactorState::Uncontrolled { reason } = &states[&Factor::User] else {
        panic!("{:?}", states[&Factor::User]);
    };
    assert_eq!(reason, "A saw 1000:1000 build, and B 1234:2345 builder");
}
