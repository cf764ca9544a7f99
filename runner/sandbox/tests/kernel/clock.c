// Tells what clock it sees and how long its waits are, one line each: a name and a number.
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

static struct timespec soon(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    t.tv_nsec += 300000000;
    if (t.tv_nsec >= 1000000000) { t.tv_nsec -= 1000000000; t.tv_sec++; }
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

#define WAIT(name, ...) do { \
    long began = milliseconds(); \
    struct timespec t = soon(), same = t; \
    (void)t; \
    __VA_ARGS__; \
    printf("%s %ld\n", name, milliseconds() - began); \
    if (memcmp(&t, &same, sizeof t)) printf("%s-changed 1\n", name); \
} while (0)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t never = PTHREAD_COND_INITIALIZER;

static void *condition(void *arg) {
    (void)arg;
    pthread_mutex_lock(&lock);
    WAIT("wait-cond", while (pthread_cond_timedwait(&never, &lock, &t) != ETIMEDOUT) {});
    pthread_mutex_unlock(&lock);
    return NULL;
}

static void *owner(void *arg) {
    pthread_mutex_lock(arg);
    return NULL;
}

static void ring(int signal) { (void)signal; }

static void queues(void) {
    struct mq_attr shape = {.mq_maxmsg = 1, .mq_msgsize = 8};
    mqd_t queue = mq_open("/clock", O_CREAT | O_RDWR, 0600, &shape);
    char message[8] = "";
    if (queue == -1) {
        printf("no-queue %d\n", errno);
        return;
    }
    WAIT("wait-receive", mq_timedreceive(queue, message, 8, NULL, &t));
    mq_send(queue, message, 8, 0);
    WAIT("wait-send", mq_timedsend(queue, message, 8, 0, &t));
}

static void waits(void) {
    sem_t none;
    sem_init(&none, 0, 0);
    WAIT("wait-sem", sem_timedwait(&none, &t));
    WAIT("wait-nanosleep", clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &t, NULL));
    WAIT("wait-relative", struct timespec r = {0, 300000000}; clock_nanosleep(CLOCK_REALTIME, 0, &r, NULL));
    pthread_mutex_lock(&lock);
    WAIT("wait-mutex", pthread_mutex_timedlock(&lock, &t));
    pthread_mutex_unlock(&lock);
    int word = 0;
    WAIT("wait-futex", syscall(SYS_futex, &word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, &t, NULL, ~0));
    // futex_waitv(2), linux/futex.h: a value, an address, and the flags of a private word of 32 bits.
    struct { uint64_t value, address; uint32_t flags, reserved; } waiter = {0, (uintptr_t)&word, 130, 0};
    WAIT("wait-vector", syscall(449, &waiter, 1, 0, &t, CLOCK_REALTIME));
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
    static pthread_mutex_t inherited;
    pthread_mutex_init(&inherited, &attributes);
    pthread_t holder;
    pthread_create(&holder, NULL, owner, &inherited);
    pthread_join(holder, NULL);
    WAIT("wait-pi", pthread_mutex_timedlock(&inherited, &t));
    uint64_t count;
    int timer = timerfd_create(CLOCK_REALTIME, 0);
    WAIT("wait-timerfd", struct itimerspec s = {.it_value = t};
         timerfd_settime(timer, TFD_TIMER_ABSTIME, &s, NULL); if (read(timer, &count, 8)) {});
    int steady = timerfd_create(CLOCK_MONOTONIC, 0);
    struct timespec m;
    clock_gettime(CLOCK_MONOTONIC, &m);
    m.tv_sec += 1;
    WAIT("wait-steady", struct itimerspec s = {.it_value = m};
         timerfd_settime(steady, TFD_TIMER_ABSTIME, &s, NULL); if (read(steady, &count, 8)) {});
    signal(SIGALRM, ring);
    timer_t alarm_timer;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
    sigset_t none_blocked, blocked;
    sigemptyset(&none_blocked);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGALRM);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    timer_create(CLOCK_REALTIME, &event, &alarm_timer);
    WAIT("wait-timer", struct itimerspec s = {.it_value = t};
         timer_settime(alarm_timer, TIMER_ABSTIME, &s, NULL); sigsuspend(&none_blocked));
    // A child ends meanwhile: the call is begun anew, and reads its deadline again.
    if (fork() == 0) { usleep(100000); _exit(0); }
    WAIT("wait-interrupted", clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &t, NULL));
    wait(NULL);
    pthread_t thread;
    pthread_create(&thread, NULL, condition, NULL);
    pthread_join(thread, NULL);
}

static void stopped(void) {
    pid_t child = fork();
    if (child == 0) { raise(SIGSTOP); clocks("continued"); fflush(stdout); _exit(7); }
    int status;
    waitpid(child, &status, WUNTRACED);
    printf("stop-seen %d\n", WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
    kill(child, SIGCONT);
    waitpid(child, &status, WCONTINUED);
    printf("continue-seen %d\n", WIFCONTINUED(status));
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
    queues();
    stopped();
    chain(argv[0], "6");
    for (int i = 0; i < 200; i++) chain(argv[0], "1");
    return 0;
}
