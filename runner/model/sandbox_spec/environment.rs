//! The environment variables a step starts with.

use std::collections::BTreeMap;

/// Variables by name. None of the caller's is ever among them.
pub type Environment = BTreeMap<String, String>;

/// What every step finds, on every machine.
pub fn standard(user: &str) -> Environment {
    [
        ("PATH", "/usr/bin:/bin:/usr/sbin:/sbin"),
        ("HOME", "/tmp/home"),
        ("TMPDIR", "/tmp"),
        ("OUT", "/out"),
        ("USER", user),
        ("LOGNAME", user),
        ("SHELL", "/bin/sh"),
        ("TERM", "dumb"),
        ("TZ", "UTC"),
        ("LC_ALL", "C.UTF-8"),
        ("COLUMNS", "80"),
        // Coloured compiler messages and pagers would differ between a log and a terminal.
        ("NO_COLOR", "1"),
        ("PAGER", "cat"),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect()
}
