// Takes more of something than it may, until it is ended. The first argument says of what.
#include "attempt.h"

static void memory(void)
{
	for (;;)
		memset(malloc(1 << 20), 1, 1 << 20);
}

static void shared_memory(void)
{
	char *at = mmap(0, 1L << 40, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	for (;; at += 4096)
		*at = 1;
}

static void processes(void)
{
	for (;;)
		fork();
}

static void threads_of_memory(void)
{
	for (int i = 0; i < 8 && fork(); i++)
		;
	memory();
}

static void fill(const char *dir)
{
	static char chunk[1 << 16] = { 7 };
	char path[256];
	snprintf(path, sizeof path, "%s/full", dir);
	int fd = make(path, 0644);
	for (;;)
		write(fd, chunk, sizeof chunk);
}

static void inodes(const char *dir)
{
	char path[256];
	for (long i = 0;; i++) {
		snprintf(path, sizeof path, "%s/%ld", dir, i);
		close(make(path, 0644));
	}
}

static void talk(void)
{
	static char line[1 << 16];
	memset(line, 'n', sizeof line);
	for (;;)
		write(1, line, sizeof line);
}

static void ignore_everything(void)
{
	for (int number = 1; number < 65; number++)
		signal(number, SIG_IGN);
}

// A tree of processes, each in a session of its own, none of which wants to end.
static void linger(int is_stopped)
{
	ignore_everything();
	for (int i = 0; i < 4; i++)
		if (!fork())
			setsid();
	if (is_stopped)
		raise(SIGSTOP);
	for (;;)
		pause();
}

int main(int count, char **words)
{
	prctl(PR_SET_NAME, MARK);
	const char *what = words[1], *where = count > 2 ? words[2] : "";
	if (!strcmp(what, "memory")) memory();
	if (!strcmp(what, "shared-memory")) shared_memory();
	if (!strcmp(what, "many-memories")) threads_of_memory();
	if (!strcmp(what, "processes")) processes();
	if (!strcmp(what, "fill")) fill(where);
	if (!strcmp(what, "inodes")) inodes(where);
	if (!strcmp(what, "talk")) talk();
	if (!strcmp(what, "ignore")) linger(0);
	if (!strcmp(what, "stop")) linger(1);
	return 1;
}
