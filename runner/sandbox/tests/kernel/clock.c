// Tells what clock it sees, one line each: a name and a number; and how long its waits are: a name, how long
// they should be, and how long they were.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// linux/futex.h, which not every C library brings along.
#define FUTEX_WAIT_BITSET 9
#define FUTEX_CLOCK_REALTIME 256

extern char **environ;

static long milliseconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

// How long every wait is, in milliseconds: a busy machine is no second late.
#define ASKED 1000

static struct timespec soon_by(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    t.tv_sec += ASKED / 1000;
    return t;
}

static void clocks(const char *who) {
    struct timespec t;
    struct timeval v;
    time_t s;
    clock_gettime(CLOCK_REALTIME, &t);
    printf("%s-libc %ld\n", who, (long)t.tv_sec);
    clock_gettime(CLOCK_REALTIME_COARSE, &t);
    printf("%s-coarse %ld\n", who, (long)t.tv_sec);
    clock_gettime(CLOCK_TAI, &t);
    printf("%s-tai %ld\n", who, (long)t.tv_sec);
    syscall(SYS_clock_gettime, CLOCK_REALTIME, &t);
    printf("%s-raw %ld\n", who, (long)t.tv_sec);
    gettimeofday(&v, NULL);
    printf("%s-day %ld\n", who, (long)v.tv_sec);
    printf("%s-time %ld\n", who, (long)time(&s));
    printf("%s-stored %ld\n", who, (long)s);
}

// Each wait in a process of its own, so that together they take no longer than one of them.
#define WAIT_BY(clock, name, ...) do { \
    if (fork() == 0) { \
        long began = milliseconds(); \
        struct timespec t = soon_by(clock), same = t; \
        __VA_ARGS__; \
        printf("wait-%s %d %ld\n", name, ASKED, milliseconds() - began); \
        if (memcmp(&t, &same, sizeof t)) printf("%s-changed 1\n", name); \
        fflush(stdout); \
        _exit(0); \
    } \
} while (0)
#define WAIT(name, ...) WAIT_BY(CLOCK_REALTIME, name, __VA_ARGS__)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t never = PTHREAD_COND_INITIALIZER;

static void *condition(void *t) {
    pthread_mutex_lock(&lock);
    while (pthread_cond_timedwait(&never, &lock, t) != ETIMEDOUT) {}
    pthread_mutex_unlock(&lock);
    return NULL;
}

static void *owner(void *arg) {
    pthread_mutex_lock(arg);
    return NULL;
}

static void ring(int signal) { (void)signal; }

static mqd_t queue_of(const char *name) {
    struct mq_attr shape = {.mq_maxmsg = 1, .mq_msgsize = 8};
    mqd_t queue = mq_open(name, O_CREAT | O_EXCL | O_RDWR, 0600, &shape);
    mq_unlink(name);
    return queue;
}

static void queues(void) {
    char message[8] = "";
    mqd_t empty = queue_of("/empty"), full = queue_of("/full");
    if (empty == -1 || full == -1) {
        printf("no-queue %d\n", errno);
        return;
    }
    mq_send(full, message, 8, 0);
    WAIT("receive", mq_timedreceive(empty, message, 8, NULL, &t));
    WAIT("send", mq_timedsend(full, message, 8, 0, &t));
}

static void futexes(void) {
    static int word = 0;
    WAIT("futex", syscall(SYS_futex, &word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, &t, NULL, ~0));
    // futex_waitv(2), linux/futex.h: a value, an address, and the flags of a private word of 32 bits.
    struct { uint64_t value, address; uint32_t flags, reserved; } waiter = {0, (uintptr_t)&word, 130, 0};
    WAIT("vector", syscall(449, &waiter, 1, 0, &t, CLOCK_REALTIME));
    // futex_wait of Linux 6.7, which before that is no call.
    if (syscall(455, &word, 1, ~0, 130, NULL, 0) == -1 && errno == ENOSYS) printf("no-futex-wait %d\n", errno);
    else WAIT("futex-wait", syscall(455, &word, 0, ~0U, 130, &t, CLOCK_REALTIME));
}

static void locks(void) {
    static sem_t none;
    sem_init(&none, 0, 0);
    WAIT("sem", sem_timedwait(&none, &t));
    pthread_mutex_lock(&lock);
    WAIT("mutex", pthread_mutex_timedlock(&lock, &t));
    pthread_mutex_unlock(&lock);
    static pthread_rwlock_t shared = PTHREAD_RWLOCK_INITIALIZER;
    pthread_rwlock_wrlock(&shared);
    WAIT("read-lock", pthread_t reader; pthread_create(&reader, NULL, condition, &t);
         pthread_rwlock_timedrdlock(&shared, &t); pthread_join(reader, NULL));
    WAIT("write-lock", pthread_rwlock_timedwrlock(&shared, &t));
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
    static pthread_mutex_t inherited;
    pthread_mutex_init(&inherited, &attributes);
    WAIT("pi", pthread_t holder; pthread_create(&holder, NULL, owner, &inherited);
         pthread_join(holder, NULL); pthread_mutex_timedlock(&inherited, &t));
    WAIT("cond", condition(&t));
    WAIT("cond-of-a-thread", pthread_t thread; pthread_create(&thread, NULL, condition, &t); pthread_join(thread, NULL));
}

static void sleeps(void) {
    WAIT("nanosleep", clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &t, NULL));
    WAIT_BY(CLOCK_TAI, "tai", clock_nanosleep(CLOCK_TAI, TIMER_ABSTIME, &t, NULL));
    WAIT_BY(CLOCK_MONOTONIC, "steady-nanosleep", clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL));
    WAIT("relative", struct timespec r = {.tv_sec = ASKED / 1000}; clock_nanosleep(CLOCK_REALTIME, 0, &r, NULL));
    // Children end meanwhile: the call is begun anew, and reads its deadline again.
    WAIT("interrupted", if (fork() == 0) { usleep(100000); _exit(0); } if (fork() == 0) { usleep(400000); _exit(0); }
         clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &t, NULL));
}

// The deadline is the second word: a timer that rings every hour from then on.
static struct itimerspec hourly(struct timespec first) {
    return (struct itimerspec){.it_interval.tv_sec = 3600, .it_value = first};
}

static void timer_of(clockid_t clock, struct timespec *t) {
    uint64_t count;
    int timer = timerfd_create(clock, 0);
    struct itimerspec s = hourly(*t);
    timerfd_settime(timer, TFD_TIMER_ABSTIME, &s, NULL);
    if (read(timer, &count, 8)) {}
}

static void ring_of(clockid_t clock, struct timespec *t) {
    timer_t timer;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
    sigset_t none, alarm;
    sigemptyset(&none);
    sigemptyset(&alarm);
    sigaddset(&alarm, SIGALRM);
    sigprocmask(SIG_BLOCK, &alarm, NULL);
    signal(SIGALRM, ring);
    timer_create(clock, &event, &timer);
    struct itimerspec s = hourly(*t);
    timer_settime(timer, TIMER_ABSTIME, &s, NULL);
    sigsuspend(&none);
}

static void timers(void) {
    WAIT("timerfd", timer_of(CLOCK_REALTIME, &t));
    WAIT_BY(CLOCK_MONOTONIC, "steady-timerfd", timer_of(CLOCK_MONOTONIC, &t));
    WAIT("timer", ring_of(CLOCK_REALTIME, &t));
    WAIT_BY(CLOCK_MONOTONIC, "steady-timer", ring_of(CLOCK_MONOTONIC, &t));
}

static void waits(void) {
    locks();
    sleeps();
    timers();
    futexes();
    queues();
    while (wait(NULL) > 0) {}
}

static void stopped(void) {
    // A child that has ended was never seen to continue: it waits until it was.
    int seen[2], status;
    if (pipe(seen)) {}
    pid_t child = fork();
    if (child == 0) {
        close(seen[1]);
        raise(SIGSTOP);
        clocks("continued");
        fflush(stdout);
        if (read(seen[0], &status, 1)) {}
        _exit(7);
    }
    waitpid(child, &status, WUNTRACED);
    printf("stop-seen %d\n", WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
    kill(child, SIGCONT);
    waitpid(child, &status, WCONTINUED);
    printf("continue-seen %d\n", WIFCONTINUED(status));
    close(seen[1]);
    waitpid(child, &status, 0);
    printf("end-seen %d\n", WIFEXITED(status) && WEXITSTATUS(status) == 7);
    kill(1, SIGSTOP);
}

static void chain(char *self, char *left) {
    char next[16];
    int count = atoi(left);
    if (count == 0) { clocks("chain"); return; }
    snprintf(next, sizeof next, "%d", count - 1);
    char *argv[] = {self, "chain", next, NULL};
    pid_t child;
    if (count % 2) posix_spawn(&child, self, NULL, NULL, argv, environ);
    else if ((child = vfork()) == 0) { execve(self, argv, environ); _exit(1); }
    waitpid(child, NULL, 0);
}

int main(int argc, char **argv) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc == 3) { chain(argv[0], argv[2]); return 0; }
    clocks("main");
    waits();
    stopped();
    chain(argv[0], "6");
    for (int i = 0; i < 200; i++) chain(argv[0], "1");
    return 0;
}
