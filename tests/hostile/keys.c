// A thief: hunts for keys in files, environments, memory, sockets and keyrings.
#include "attempt.h"
#define NOTHING ENOENT, EACCES, EPERM, ENOTDIR
// In two halves, so that this program does not find itself.
#define SECRET_LENGTH (sizeof SECRET_HEAD + sizeof SECRET_TAIL - 2)

static int is_secret(const char *at)
{
	size_t head = sizeof SECRET_HEAD - 1;
	return !memcmp(at, SECRET_HEAD, head) && !memcmp(at + head, SECRET_TAIL, sizeof SECRET_TAIL - 1);
}

// How often the secret stands in a file.
static long hits_in(const char *path)
{
	static char text[1 << 20];
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
	if (fd < 0)
		return 0;
	long hits = 0, length = read(fd, text, sizeof text);
	for (long at = 0; at + (long)SECRET_LENGTH <= length; at++)
		hits += is_secret(text + at);
	close(fd);
	return hits;
}

static long hits_below(const char *path, int depth)
{
	DIR *dir = depth ? opendir(path) : 0;
	long hits = 0;
	if (!dir)
		return hits_in(path);
	for (struct dirent *entry; (entry = readdir(dir));) {
		char child[4096];
		if (entry->d_name[0] == '.' && strspn(entry->d_name, ".") == strlen(entry->d_name))
			continue;
		snprintf(child, sizeof child, "%s/%s", path, entry->d_name);
		if (entry->d_type == DT_DIR)
			hits += hits_below(child, depth - 1);
		else if (entry->d_type == DT_REG)
			hits += hits_in(child);
	}
	closedir(dir);
	return hits;
}

static long hits_in_environment(void)
{
	extern char **environ;
	long hits = 0;
	for (char **entry = environ; *entry; entry++)
		for (char *at = *entry; strlen(at) >= SECRET_LENGTH; at++)
			hits += is_secret(at);
	return hits;
}

static long variable(const char *name)
{
	return getenv(name) ? 1 : 0;
}

// Processes that are neither pid 1 nor of this session.
static long strangers(void)
{
	long found = 0;
	for (int pid = 2; pid < 100000; pid++)
		found += kill(pid, 0) == 0 && getsid(pid) != getsid(0);
	return found;
}

static int agent(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	strcpy(to.sun_path, path);
	return connect(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&to, sizeof to);
}

int main(void)
{
	static const char *const places[] = { "/root", "/home", HOST_DIR, HOST_DIR "/home", HOST_DIR "/store",
		"/run", "/run/user", "/var/lib", "/mnt", "/media", "/srv", "/etc/ssh", "/etc/ssl/private",
		"/sys/kernel", "/sys/fs" };
	for (unsigned i = 0; i < sizeof places / sizeof *places; i++)
		GIVES(places[i], 0, hits_below(places[i], 8));
	static const char *const own[] = { "/build", "/out", "/tmp", "/etc", "/dev/shm", "/sys" };
	for (unsigned i = 0; i < sizeof own / sizeof *own; i++)
		GIVES(own[i], 0, hits_below(own[i], 8));
	REFUSED("key-folder", open(HOST_DIR "/home/.local/share/zwieback/keys", O_RDONLY), NOTHING);
	REFUSED("key-file", open(HOST_DIR "/home/.local/share/zwieback/keys/default.pem", O_RDONLY), NOTHING);
	REFUSED("ssh-key", open(HOST_DIR "/home/.ssh/id_ed25519", O_RDONLY), NOTHING);
	REFUSED("agent-socket", agent(HOST_DIR "/socket"), NOTHING, ECONNREFUSED);
	GIVES("environment", 0, hits_in_environment());
	static const char *const names[] = { "SSH_AUTH_SOCK", "GPG_AGENT_INFO", "XDG_RUNTIME_DIR",
		"DBUS_SESSION_BUS_ADDRESS", "ZWIEBACK_STORE", "ZWIEBACK_KEY", "AWS_SECRET_ACCESS_KEY", "HOSTILE_SECRET" };
	for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
		GIVES(names[i], 0, variable(names[i]));
	static const char *const files[] = { "environ", "cmdline", "mem", "maps", "exe", "auxv", "stack", "syscall",
		"fdinfo", "map_files", "mountinfo" };
	for (unsigned i = 0; i < sizeof files / sizeof *files; i++) {
		char path[64];
		snprintf(path, sizeof path, "/proc/1/%s", files[i]);
		GIVES(path, 0, hits_below(path, 1));
	}
	REFUSED("memory-of-pid-one", open("/proc/1/mem", O_RDWR), NOTHING);
	REFUSED("environment-of-pid-one", open("/proc/1/environ", O_RDONLY), NOTHING);
	GIVES("all-of-proc", 0, hits_below("/proc", 4));
	GIVES("no-process-of-the-host", 0, strangers());
	REFUSED("session-keyring", syscall(SYS_keyctl, 11, -3, 0, 0), EPERM, ENOSYS);
	REFUSED("user-keyring", syscall(SYS_keyctl, 11, -4, 0, 0), EPERM, ENOSYS);
	GIVES("keys-in-proc", 0, hits_in("/proc/keys"));
	return end();
}
