// No terminal, no descriptor of the caller, and nothing shared with the run before.
#include "attempt.h"
#define ABSENT ENOENT, ENXIO, EACCES

static long ask(unsigned long request)
{
	return syscall(SYS_ioctl, 0, request, "x");
}

static long descriptors(void)
{
	long open = 0;
	for (int fd = 3; fd < 4096; fd++)
		open += fcntl(fd, F_GETFD) != -1;
	return open;
}

static long input(void)
{
	char byte;
	return read(0, &byte, 1);
}

static long old_segment(void)
{
	return shmget(4711, 4096, 0600);
}

static long queue(void)
{
	char byte[16384];
	mqd_t ends = mq_open("/own", O_CREAT | O_RDWR, 0600, 0);
	return mq_send(ends, "x", 1, 0) ? -1 : mq_receive(ends, byte, sizeof byte, 0);
}

int main(void)
{
	REFUSED("tiocsti", ask(TIOCSTI), EPERM);
	REFUSED("tiocsti-high-bits", ask(0xffffffff00000000UL | TIOCSTI), EPERM);
	REFUSED("tiocsti-one-high-bit", ask(0x100000000UL | TIOCSTI), EPERM);
	REFUSED("tioclinux", ask(TIOCLINUX), EPERM);
	REFUSED("tioclinux-high-bits", ask(0x8000000000000000UL | TIOCLINUX), EPERM);
	REFUSED("controlling-terminal", ask(TIOCSCTTY), ENOTTY, EPERM);
	REFUSED("dev-tty", open("/dev/tty", O_RDWR), ABSENT);
	REFUSED("dev-console", open("/dev/console", O_RDWR), ABSENT);
	REFUSED("dev-tty1", open("/dev/tty1", O_RDWR), ABSENT);
	REFUSED("dev-pts", open("/dev/pts/0", O_RDWR), ABSENT);
	REFUSED("planted-descriptor", fcntl(9, F_GETFD), EBADF);
	REFUSED("planted-by-proc", open("/proc/self/fd/9", O_RDONLY), ENOENT);
	GIVES("no-descriptor-but-three", 0, descriptors());
	GIVES("input-is-empty", 0, input());
	GIVES("session-is-the-step's", 1, getsid(0) > 1 && getsid(0) != getsid(1));
	REFUSED("file-of-the-run-before", open("/dev/shm/left", O_RDONLY), ENOENT);
	REFUSED("segment-of-the-run-before", old_segment(), ENOENT);
	REFUSED("queue-of-the-run-before", mq_open("/left", O_RDONLY), ENOENT);
	REFUSED("scratch-of-the-run-before", open("/tmp/left", O_RDONLY), ENOENT);
	REFUSED("work-of-the-run-before", open("/build/left", O_RDONLY), ENOENT);
	GIVES("leaves-a-file", 0, make("/dev/shm/left", 0666) < 0);
	GIVES("leaves-a-segment", 0, shmget(4711, 4096, IPC_CREAT | 0666) < 0);
	GIVES("leaves-a-queue", 0, mq_open("/left", O_CREAT | O_RDWR, 0600, 0) < 0);
	GIVES("queue-works", 1, queue());
	GIVES("leaves-scratch", 0, make("/tmp/left", 0666) < 0);
	GIVES("leaves-work", 0, make("/build/left", 0666) < 0);
	return end();
}
