//! What else a supervisor shifts, and what it leaves to a step that traces.

use zwieback_model::enforcement::{Lock, LockState};
use zwieback_model::sandbox_spec::identity::{Entropy, Instructions, Machine};
use zwieback_model::sandbox_spec::tracing::Tracing;
use zwieback_model::supervision::Effect;

use zwieback_test_world::skip::{skip, skip_here};

use crate::clock::{Workshop, make, text, write};
use crate::harness::Trial;
use crate::world::World;

/// Trials of this area.
pub(crate) const TRIALS: &[Trial] = &[
    ("shift_of_the_cpu_is_told_as_it_is", cpu),
    ("shift_of_entropy_freezes_it", entropy),
    ("shift_stands_aside_for_a_step_that_traces", tracing),
];

/// Tells the brand and the features that `cpuid` gives; then the same in a thread and a child.
const ASK: &str = r#"
#include <cpuid.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void ask(const char *who) {
    unsigned a, b, c, d, name[12];
    __cpuid(1, a, b, c, d);
    int avx = (c >> 28) & 1;
    for (int i = 0; i < 3; i++)
        __cpuid(0x80000002 + i, name[i * 4], name[i * 4 + 1], name[i * 4 + 2], name[i * 4 + 3]);
    printf("%s avx %d name %.48s\n", who, avx, (char *)name);
    fflush(stdout);
}

static void *thread(void *none) { ask("thread"); return none; }

int main(int argc, char **argv) {
    ask(argc > 1 ? argv[1] : "main");
    if (argc > 1) return 0;
    pthread_t other;
    pthread_create(&other, NULL, thread, NULL);
    pthread_join(other, NULL);
    if (vfork() == 0) execl(argv[0], argv[0], "child", NULL);
    int status;
    wait(&status);
    return status != 0;
}
"#;

/// Either every program, thread and child sees a plain CPU, or the report says why none does.
fn cpu(world: &World) {
    let machine = Machine {
        instructions: Instructions::Plain,
        ..Machine::default()
    };
    let workshop = Workshop { world, machine };
    let program = workshop.bench().join("ask");
    let source = write(world, "ask.c", ASK);
    if !make("gcc", &["-pthread", "-o", text(&program), text(&source)]) {
        return;
    }
    let (said, report) = workshop.run(&["/clocks/ask"]);
    assert_eq!(said.lines().count(), 3, "{said}");
    match report.supervision.instructions {
        Some(Effect::Effective) => {
            for line in said.lines() {
                assert!(line.contains("avx 0 name a processor"), "{said}");
            }
        }
        Some(Effect::Ineffective { reason }) => {
            assert_eq!(reason, "this CPU cannot fault CPUID");
            assert!(!said.contains("a processor"), "{said}");
            skip_here("kernel_shift", &format!("the masked CPU: {reason}"));
        }
        None => panic!("nothing was said of the CPU"),
    }
    assert_eq!(report.supervision.wall_clock, None);
}

/// Two runs draw the same; one run does not draw the same twice, in one process or in two.
fn entropy(world: &World) {
    const DRAW: &str = "
import os, uuid, subprocess, sys
print(uuid.uuid4(), uuid.uuid4(), hash('word'), os.urandom(70000)[-4:].hex())
";
    let drawn = |entropy| {
        let machine = Machine {
            entropy,
            ..Machine::default()
        };
        let (said, report) = Workshop { world, machine }.run(&["/usr/bin/python3", "-c", DRAW]);
        (said, report.supervision.entropy)
    };
    if !std::path::Path::new("/usr/bin/python3").exists() {
        return skip("kernel_shift", "there is no /usr/bin/python3");
    }
    let (first, effect) = drawn(Entropy::Frozen);
    assert_eq!(effect, Some(Effect::Effective));
    assert_eq!(first, drawn(Entropy::Frozen).0);
    let words: Vec<_> = first.split_whitespace().collect();
    assert_ne!(words[0], words[1]);
    let (real, none) = drawn(Entropy::Drawn);
    assert_ne!(first, real);
    assert_eq!(none, None);
}

/// A child is traced to its end by its parent, and the clock is the host's.
const TRACE: &str = r#"
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
    pid_t child = fork();
    if (child == 0) {
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0) raise(SIGSTOP);
        _exit(7);
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (!WIFSTOPPED(status)) { puts("not traced"); return 0; }
    ptrace(PTRACE_CONT, child, NULL, NULL);
    waitpid(child, &status, 0);
    printf("traced %d\n", WEXITSTATUS(status));
    printf("pid 1: %ld\n", ptrace(PTRACE_SEIZE, 1, NULL, NULL));
    return 0;
}
"#;

fn tracing(world: &World) {
    let machine = |tracing| Machine {
        wall_clock_offset: 1_000_000,
        tracing,
        ..Machine::default()
    };
    let workshop = |tracing| Workshop {
        world,
        machine: machine(tracing),
    };
    let program = workshop(Tracing::Needed).bench().join("trace");
    let source = write(world, "trace.c", TRACE);
    if !make("gcc", &["-o", text(&program), text(&source)]) {
        return;
    }
    let (said, report) = workshop(Tracing::Needed).run(&["/clocks/trace"]);
    assert_eq!(said, "traced 7\npid 1: -1\n");
    let reason = Effect::ineffective("a step needs ptrace itself");
    assert_eq!(report.supervision.wall_clock, Some(reason));
    let filter = report.enforcement.iter();
    let filter = filter.filter(|(lock, _)| *lock == Lock::Seccomp);
    assert!(filter.map(|(_, held)| held.state).eq([LockState::Partial]));
    let (said, report) = workshop(Tracing::Refused).run(&["/clocks/trace"]);
    assert_eq!(said, "not traced\n");
    assert_eq!(report.supervision.wall_clock, Some(Effect::Effective));
}
