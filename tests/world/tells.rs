//! How a machine shows in what a step writes.

/// How a machine shows in a file, by the factor that it is.
pub const TELLS: [(&str, &str); 20] = [
    ("boot-id", "cat /proc/sys/kernel/random/boot_id"),
    ("build-path", "pwd"),
    ("clock", "date +%Y"),
    ("columns", "echo $COLUMNS"),
    ("cpu-count", "nproc"),
    ("memory", "sed -n '/^MemTotal/{p;q}' /proc/meminfo"),
    ("cpu-model", "sed -n '/^model name/{p;q}' /proc/cpuinfo"),
    ("env", "echo ${ZWIEBACK_STRAY-nothing}"),
    ("home", "echo $HOME"),
    ("hostname", "uname -n"),
    ("inode", "stat -f -c %T ."),
    ("kernel", "uname -r"),
    ("out-path", "echo $OUT"),
    (
        "parent-dir",
        "if test -e /build/.git; then echo git; else echo none; fi",
    ),
    ("pids", "sh -c 'echo $$'"),
    ("timezone", "echo $TZ"),
    ("tmpdir", "echo $TMPDIR"),
    ("umask", "umask"),
    ("uptime", "cut -c 1-2 /proc/uptime"),
    ("user", "id -u"),
];
