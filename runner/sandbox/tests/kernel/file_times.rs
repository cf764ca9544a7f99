//! Times of files under a shifted clock: what is shown and what is set agree with it, whoever asks and how.

use zwieback_model::supervision::{Effect, Supervision};

use zwieback_model::sandbox_spec::identity::Machine;
use zwieback_test_world::skip::skip;

use crate::clock::{OFFSET, Workshop, make};
use crate::harness::Trial;
use crate::world::World;

/// Trials of this area.
pub(crate) const TRIALS: &[Trial] = &[
    ("file_times_agree_with_the_clock", agree),
    ("file_times_between_two_machines_are_told", between),
    ("file_times_stay_right_under_signals_and_threads", stormy),
];

fn workshop(world: &World) -> Workshop<'_> {
    let machine = Machine {
        wall_clock_offset: OFFSET,
        file_times_offset: OFFSET,
        ..Machine::default()
    };
    Workshop { world, machine }
}

/// Each line is true or names what is not.
const AGREE: &str = r#"
cd /tmp
set -e
now=$(date +%s)
touch made
near() { test $(($2 - now)) -ge -2 && test $(($2 - now)) -le 60 || echo "$1: $2 is not about $now"; }
is() { test "$2" = "$3" || echo "$1: $2 is not $3"; }
for what in X Y Z W; do near "stat %$what" $(stat -c %$what made); done
near "ls" $(ls -l --time-style=+%s made | cut -d' ' -f6)
near "find" $(find made -printf '%Ts' | cut -d. -f1)
is "find -mmin" "$(find made -mmin -2)" made
is "find -newermt" "$(find made -newermt "@$((now - 3))")" made
touch -d @$now now; is "touch -d now" $(stat -c %Y now) $now
touch -d @$((now + 1000000)) later; is "touch -d later" $(stat -c %Y later) $((now + 1000000))
touch -d @978307200 old; is "touch -d old" $(stat -c %Y old) 978307200
touch -m -d @$now old; is "touch -m" $(stat -c %Y old) $now
touch -d @978307200 old
test made -nt old || echo "-nt"
cp -p made copy; is "cp -p" $(stat -c %y copy | tr ' ' _) $(stat -c %y made | tr ' ' _)
touch -r made like; is "touch -r" $(stat -c %Y like) $(stat -c %Y made)
install -p made installed; is "install -p" $(stat -c %Y installed) $(stat -c %Y made)
mkdir folder; near "mkdir" $(stat -c %Y folder)
ln -s nowhere link; near "link" $(stat -c %Y link)
touch -h -d @$now link; is "touch -h" $(stat -c %Y link) $now
before=$(stat -c %Y made); tar cf packed made; rm made; tar xf packed; is "tar" $(stat -c %Y made) $before
near "/proc" $(stat -c %Y /proc/self)
"#;

const PYTHON: &str = r"
import os, time
os.chdir('/tmp'); open('p', 'w').close()
now = time.time()
def near(what, it):
    if not -2 < it - now < 60: print(what, it, 'is not about', now)
for what, seen in [('stat', os.stat('p')), ('lstat', os.lstat('p')), ('fstat', os.fstat(os.open('p', os.O_RDONLY)))]:
    for name in ['st_atime', 'st_mtime', 'st_ctime']: near(what + name, getattr(seen, name))
os.utime('p'); near('utime now', os.stat('p').st_mtime)
for second in [0, 1, 2**31 + 5, int(now), int(now) + 5]:
    os.utime('p', (second, second))
    if os.stat('p').st_mtime != second: print('utime', second, os.stat('p').st_mtime)
os.utime('p', ns=(int(now) * 10**9 + 7, int(now) * 10**9 + 123456789))
if os.stat('p').st_mtime_ns != int(now) * 10**9 + 123456789: print('ns', os.stat('p').st_mtime_ns)
try: os.stat('absent'); print('absent is there')
except FileNotFoundError: pass
with os.scandir('.') as entries: [near('scandir', entry.stat().st_ctime) for entry in entries]
print('done')
";

fn agree(world: &World) {
    let workshop = workshop(world);
    let (said, report) = workshop.run(&["/usr/bin/bash", "-c", AGREE]);
    assert_eq!(said, "");
    assert_eq!(report.supervision.file_times, Some(Effect::Effective));
    if !std::path::Path::new("/usr/bin/python3").exists() {
        return skip("file_times_agree_with_the_clock", "no python3: half of it");
    }
    let (said, report) = workshop.run(&["/usr/bin/python3", "-Ic", PYTHON]);
    assert_eq!(said, "done\n");
    assert_eq!(report.supervision.file_times, Some(Effect::Effective));
}

/// It would be shown later than it was set: that is said, and of nothing else.
fn between(world: &World) {
    let script = format!("touch -d @$(($(date +%s) - {})) /tmp/x", OFFSET / 2);
    let (_, report) = workshop(world).run(&["/usr/bin/bash", "-c", &script]);
    let reason = "a program gave a file a time between that of run A and that of run B";
    let expected = Supervision {
        wall_clock: Some(Effect::Effective),
        file_times: Some(Effect::ineffective(reason)),
        ..Supervision::default()
    };
    assert_eq!(report.supervision, expected);
}

/// Four threads ask while a timer interrupts them a thousand times a second, and others are born and killed.
const STORM: &str = r#"
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static time_t began;
static int wrong;

static void look(int fd) {
    struct stat seen;
    struct statx more;
    if (fstat(fd, &seen) || seen.st_mtime < began - 2 || seen.st_mtime > began + 600) wrong++;
    if (statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &more) || more.stx_btime.tv_sec < began - 2) wrong++;
    if (stat("/nonexistent", &seen) == 0 || errno != ENOENT) wrong++;
}

static int file;
static void interrupted(int signal) { int kept = errno; look(file); errno = kept; }

static void *ask(void *unused) {
    for (int i = 0; i < 3000; i++) look(file);
    return NULL;
}

int main(void) {
    began = time(NULL);
    file = open("/tmp/storm", O_CREAT | O_RDWR, 0600);
    struct sigaction action = { .sa_handler = interrupted, .sa_flags = SA_RESTART };
    sigaction(SIGALRM, &action, NULL);
    struct itimerval often = { { 0, 1000 }, { 0, 1000 } };
    setitimer(ITIMER_REAL, &often, NULL);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) pthread_create(&threads[i], NULL, ask, NULL);
    for (int i = 0; i < 30; i++) {
        pid_t child = fork();
        if (child == 0) { setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL); for (;;) look(file); }
        nanosleep(&(struct timespec){ 0, 3000000 }, NULL);
        kill(child, i % 2 ? SIGKILL : SIGSTOP);
        if (i % 2 == 0) { kill(child, SIGCONT); kill(child, SIGTERM); }
        while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {}
    }
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    printf("%d wrong\n", wrong);
    return 0;
}
"#;

fn stormy(world: &World) {
    let workshop = workshop(world);
    let (source, program) = (
        workshop.bench().join("storm.c"),
        workshop.bench().join("storm"),
    );
    std::fs::write(&source, STORM).unwrap();
    let arguments = [
        "-O1",
        "-pthread",
        "-o",
        program.to_str().unwrap(),
        source.to_str().unwrap(),
    ];
    if !make("cc", &arguments) {
        return;
    }
    let (said, report) = workshop.run(&["/clocks/storm"]);
    assert_eq!(said, "0 wrong\n");
    assert_eq!(report.supervision.file_times, Some(Effect::Effective));
}
