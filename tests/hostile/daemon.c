// Outlives its step, as far as it can, and goes on writing to the outputs.
#include "attempt.h"

static void write_for_ever(const char *path)
{
	for (long i = 0;; i++) {
		char text[32];
		int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0644);
		snprintf(text, sizeof text, "%ld\n", i);
		write(fd, text, strlen(text));
		close(fd);
	}
}

int main(int count, char **words)
{
	prctl(PR_SET_NAME, MARK);
	for (int number = 1; number < 65; number++)
		signal(number, SIG_IGN);
	if (fork())
		_exit(0);
	setsid();
	if (fork())
		_exit(0);
	for (int fd = 0; fd < 3; fd++)
		close(fd);
	for (int i = 0; i < 3; i++)
		fork();
	write_for_ever(words[count - 1]);
}
