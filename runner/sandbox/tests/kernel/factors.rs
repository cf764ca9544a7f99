//! The probes of every factor: what they see where its mechanism works, and that no factor stays `varied`
//! when the mechanism is broken on purpose, from outside.

use std::collections::BTreeMap;
use std::fs::{self, File, FileTimes};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use nix::sched::{CpuSet, sched_getaffinity};
use nix::unistd::Pid;
use zwieback_model::sandbox_spec::environment::Environment;
use zwieback_model::sandbox_spec::identity::Entropy;
use zwieback_model::sandbox_spec::operation::{Medium, Place};
use zwieback_model::sandbox_spec::spec::SandboxSpec;
use zwieback_model::sandbox_spec::tracing::Tracing;
use zwieback_model::supervision::{Effect, Supervision};
use zwieback_model::variation::choice::Choice;
use zwieback_model::variation::conditions::Conditions;
use zwieback_model::variation::counterfactual::all_but;
use zwieback_model::variation::factor::{Factor, FactorState};
use zwieback_model::variation::profile::Profile;
use zwieback_model::variation::sighting::{Sighting, Witness};
use zwieback_model::variation::spec;
use zwieback_model::variation::varied::{Machine, Variation};
use zwieback_sandbox::canceller::Canceller;
use zwieback_sandbox::sandbox::{Sandbox, Sources};
use zwieback_test_world::skip::skip_here;

use crate::harness::Trial;
use crate::world::{World, command, limits};

/// Trials of this area.
pub(crate) const TRIALS: &[Trial] = &[
    ("factors_are_seen_as_planned", sound),
    ("factors_that_are_broken_are_told", broken),
    ("factors_that_a_recipe_undoes_are_told", undone),
    ("factors_without_a_tracer_are_told", untraced),
    ("factors_on_a_store_in_memory_are_told", in_memory),
    ("factors_are_looked_at_without_a_trace", no_trace),
];

/// When the sources of the trials are from.
const EPOCH: i64 = 1_000_000_000;

/// Two runs of `strict` on this machine.
struct Pair<'a> {
    world: &'a World,
    variation: Variation,
    recipe: Environment,
    tracing: Tracing,
    /// Where run B's disk is.
    disk: PathBuf,
}

/// What one run came to.
struct Seen {
    sighting: Sighting,
    supervision: Supervision,
}

type States = BTreeMap<Factor, FactorState>;

impl<'a> Pair<'a> {
    fn new(world: &'a World) -> Self {
        let choice = Choice::default();
        let variation = Variation::plan(Profile::Strict, &choice, &this_machine(), 1 << 20);
        Self {
            world,
            variation,
            recipe: Environment::new(),
            tracing: Tracing::Refused,
            disk: std::env::temp_dir(),
        }
    }

    fn run(&self, conditions: &Conditions) -> Seen {
        let recipe = &self.recipe;
        let mut spec = spec::sandbox(conditions, limits(), EPOCH, &Environment::new(), recipe);
        spec.machine.tracing = self.tracing;
        let disk = tempfile::tempdir_in(&self.disk).unwrap();
        let mut sandbox = self.start(&spec, conditions.medium, disk.path());
        stage(&sandbox, conditions);
        sandbox.look_around();
        let mut exit = command("exit", &["0"]);
        exit.dir.clone_from(&conditions.build_path);
        let outcome = sandbox.run(&exit, &mut |_| {}).unwrap();
        assert!(outcome.is_success(), "{outcome:?}");
        let report = sandbox.finish();
        Seen {
            sighting: report.sighting,
            supervision: report.supervision,
        }
    }

    fn start(&self, spec: &SandboxSpec, medium: Medium, disk: &Path) -> Sandbox {
        fs::set_permissions(disk, fs::Permissions::from_mode(0o755)).unwrap();
        let mut sources: Sources = self.world.sources();
        if medium == Medium::Disk {
            for place in Place::ALL {
                let folder = disk.join(format!("{place:?}"));
                fs::create_dir(&folder).unwrap();
                sources.disks.insert(place, folder);
            }
        }
        let canceller = Canceller::new().unwrap();
        Sandbox::start(&self.world.server, spec, sources, &canceller).unwrap()
    }

    fn states(&self, a: &Seen, b: &Seen) -> States {
        let [a, b] = [a, b].map(|seen| Witness {
            sighting: &seen.sighting,
            supervision: &seen.supervision,
        });
        self.variation.found(a, b)
    }

    /// Both runs, one after the other.
    fn both(&self) -> States {
        let a = self.run(&self.variation.a);
        self.states(&a, &self.run(&self.variation.b))
    }
}

/// What the runner does before the first step: one source, with its time, and folders of another machine.
fn stage(sandbox: &Sandbox, conditions: &Conditions) {
    let owner = sandbox.owner();
    let open = |place| {
        PathBuf::from(format!(
            "/proc/self/fd/{}",
            sandbox.place(place).as_raw_fd()
        ))
    };
    let make = |path: &Path| {
        if !path.exists() {
            fs::create_dir(path).unwrap();
            chown(path, Some(owner.uid), Some(owner.gid)).unwrap();
        }
    };
    let below = |place, path: &str, mount: &str| {
        let mut folder: PathBuf = open(place);
        let rest = path.strip_prefix(mount).unwrap();
        for name in rest.split('/').filter(|name| !name.is_empty()) {
            folder.push(name);
            make(&folder);
        }
        folder
    };
    let work = below(Place::Work, &conditions.build_path, "/build");
    below(Place::Tmp, &conditions.tmpdir, "/tmp");
    if conditions.stray_git {
        make(&open(Place::Work).join(".git"));
    }
    let time = u64::try_from(EPOCH + conditions.source_mtime_offset).unwrap();
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(time);
    let source = File::create(work.join("source")).unwrap();
    source
        .set_times(FileTimes::new().set_modified(time))
        .unwrap();
    chown(work.join("source"), Some(owner.uid), Some(owner.gid)).unwrap();
}

fn this_machine() -> Machine {
    let own = sched_getaffinity(Pid::from_raw(0)).unwrap();
    let cpus = (0..CpuSet::count()).filter(|cpu| own.is_set(*cpu) == Ok(true));
    let told = fs::read_to_string("/proc/cpuinfo").unwrap();
    Machine {
        cpus: cpus.map(|cpu| u16::try_from(cpu).unwrap()).collect(),
        memory: 16 << 30,
        tmpfs_budget: 8 << 30,
        chooses_pids: Path::new("/proc/sys/kernel/ns_last_pid").exists(),
        faults_cpuid: told.contains(" cpuid_fault "),
        locale: None,
    }
}

/// Whether a state is that the runs were to differ and did not, told with what was planned and seen.
#[track_caller]
fn assert_told(factor: Factor, states: &States, words: &str) {
    let state = &states[&factor];
    assert_eq!(state.word(), "ineffective", "{factor}: {state:?}");
    let reason = state.detail().unwrap_or_default();
    assert!(reason.contains(words), "{factor}: {reason}, not {words}");
}

/// All that the plan says to be varied was seen to be.
fn sound(world: &World) {
    let pair = Pair::new(world);
    let states = pair.both();
    assert_eq!(states, pair.variation.states());
    for (factor, state) in states {
        if state.word() == "ineffective" {
            skip_here("kernel_factors", &format!("{factor}: {state:?}"));
        }
    }
}

/// Which other factors go with one: they are made by the same mechanism.
fn goes_with(factor: Factor) -> &'static [Factor] {
    match factor {
        Factor::ReaddirOrder => &[Factor::Inode],
        Factor::Inode => &[Factor::ReaddirOrder],
        Factor::Entropy => &[Factor::HashSeed],
        _ => &[],
    }
}

/// Each factor is held still in both runs, though the plan says that it differs.
fn broken(world: &World) {
    let pair = Pair::new(world);
    let a = pair.run(&pair.variation.a);
    let planned = pair.variation.states();
    for factor in Factor::ALL {
        if planned[&factor].word() != "varied" {
            assert_ne!(planned[&factor].word(), "fixed", "{factor}");
            continue;
        }
        let mut states = match factor {
            Factor::Entropy => frozen(&pair),
            Factor::HashSeed => seeded(&pair),
            _ => {
                let b = all_but(&pair.variation, &[factor]);
                let b = pair.run(&b.expect("a factor that can be steered"));
                pair.states(&a, &with_a_supervisor_that_lies(b))
            }
        };
        let words = match factor {
            // Inode numbers differ still, but not as it was said.
            Factor::Inode => "B was to see disk",
            _ => "both runs",
        };
        assert_told(factor, &states, words);
        for factor in goes_with(factor).iter().chain([&factor]) {
            states.insert(*factor, planned[factor].clone());
        }
        assert_eq!(states, planned, "only {factor} was broken");
    }
}

/// The probe alone is to find it.
fn with_a_supervisor_that_lies(mut seen: Seen) -> Seen {
    seen.supervision.wall_clock = Some(Effect::Effective);
    seen.supervision.file_times = Some(Effect::Effective);
    seen.supervision.memory = Some(Effect::Effective);
    seen.supervision.instructions = Some(Effect::Effective);
    seen
}

/// The kernel's chance is frozen, as a diagnosis does it.
fn frozen(pair: &Pair<'_>) -> States {
    let [a, b] = [&pair.variation.a, &pair.variation.b].map(|conditions| {
        pair.run(&Conditions {
            entropy: Entropy::Frozen,
            ..conditions.clone()
        })
    });
    pair.states(&a, &b)
}

fn seeded(pair: &Pair<'_>) -> States {
    let seed = ("PYTHONHASHSEED".to_owned(), "0".to_owned());
    let seeded = Pair {
        recipe: Environment::from([seed]),
        disk: pair.disk.clone(),
        variation: pair.variation.clone(),
        ..*pair
    };
    seeded.both()
}

/// What a recipe sets itself is the same in both runs.
fn undone(world: &World) {
    let variables = [
        ("TZ", "CET", Factor::Timezone),
        ("TMPDIR", "/tmp", Factor::Tmpdir),
        ("HOME", "/build", Factor::Home),
        ("LC_ALL", "de_DE.UTF-8", Factor::Locale),
        ("COLUMNS", "80", Factor::Columns),
        ("ZWIEBACK_STRAY", "1", Factor::Env),
        ("PERL_HASH_SEED", "0", Factor::HashSeed),
    ];
    let set = variables.map(|(name, value, _)| (name.to_owned(), value.to_owned()));
    let pair = Pair {
        recipe: Environment::from(set),
        ..Pair::new(world)
    };
    let states = pair.both();
    for (_, value, factor) in variables {
        let seen = if factor == Factor::Env { "HOME" } else { value };
        assert_told(factor, &states, seen);
    }
}

/// A step that traces has no supervisor.
fn untraced(world: &World) {
    let pair = Pair {
        tracing: Tracing::Needed,
        ..Pair::new(world)
    };
    let states = pair.both();
    assert_told(Factor::Clock, &states, "a step needs ptrace itself");
    if pair.variation.states()[&Factor::CpuFeatures].word() == "varied" {
        assert_told(Factor::CpuFeatures, &states, "a step needs ptrace itself");
    }
}

/// The disk is none.
fn in_memory(world: &World) {
    let pair = Pair {
        disk: "/dev/shm".into(),
        ..Pair::new(world)
    };
    let states = pair.both();
    assert_told(Factor::Inode, &states, "B was to see disk…, and saw memory");
    assert_told(Factor::ReaddirOrder, &states, "both runs saw");
}

/// The work folder looks as before: no entry more, and the time that it had.
fn no_trace(world: &World) {
    let pair = Pair::new(world);
    let conditions = &pair.variation.a;
    let spec = spec::sandbox(
        conditions,
        limits(),
        EPOCH,
        &Environment::new(),
        &pair.recipe,
    );
    let mut sandbox = pair.start(&spec, conditions.medium, world.sources().empty.as_path());
    stage(&sandbox, conditions);
    let work = format!("/proc/self/fd/{}", sandbox.place(Place::Work).as_raw_fd());
    let look = || {
        let time = fs::metadata(&work).unwrap().modified().unwrap();
        let names = fs::read_dir(&work)
            .unwrap()
            .map(|entry| entry.unwrap().file_name());
        (time, names.collect::<Vec<_>>())
    };
    let before = look();
    sandbox.look_around();
    assert!(
        sandbox
            .run(&command("exit", &["0"]), &mut |_| {})
            .unwrap()
            .is_success()
    );
    assert_eq!(look(), before);
    assert_eq!(before.1, ["source"]);
}
