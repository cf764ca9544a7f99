//! The sandbox every build gets.

use std::collections::BTreeMap;

use super::environment;
use super::identity::{Identity, Machine};
use super::inside_path::InsidePath;
use super::limits::Limits;
use super::operation::{Medium, Operation, Place, Source};
use super::spec::SandboxSpec;

/// Directories a toolchain tree must have, because something is mounted there.
pub const MOUNT_POINTS: [&str; 6] = ["/build", "/out", "/tmp", "/dev", "/proc", "/sys"];

/// Files a toolchain tree must have, empty or not, because one of fixed content is laid over them.
pub const FIXED_FILES: [&str; 4] = [
    "/etc/passwd",
    "/etc/group",
    "/etc/hosts",
    "/etc/nsswitch.conf",
];

/// What one run sees that another run may see differently.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// Who a step is.
    pub identity: Identity,
    /// The kernel a step sees.
    pub machine: Machine,
    /// What holds the work place.
    pub work: Medium,
    /// What holds the output place.
    pub out: Medium,
    /// What holds `/tmp`.
    pub tmp: Medium,
    /// File mode bits that new files lack; 022 when nothing is said.
    pub umask: Option<u32>,
    /// How many processors `/sys` shows; the host's number is hidden when nothing is said.
    pub visible_cpus: Option<u16>,
    /// Files of fixed content laid over those that are there, such as `/proc/cpuinfo`.
    pub files: BTreeMap<InsidePath, String>,
    /// Variables in addition to the standard ones, which they replace.
    pub environment: environment::Environment,
}

impl SandboxSpec {
    /// The sandbox of a build under these conditions.
    pub fn for_build(conditions: Conditions, limits: Limits) -> Self {
        let mut variables = environment::standard(&conditions.identity.user);
        variables.extend(conditions.environment.clone());
        Self {
            operations: operations(&conditions, &limits),
            umask: conditions.umask.unwrap_or(0o022),
            identity: conditions.identity,
            machine: conditions.machine,
            limits,
            environment: variables,
        }
    }
}

fn operations(conditions: &Conditions, limits: &Limits) -> Vec<Operation> {
    let mut list = vec![Operation::BindReadOnly {
        source: Source::Toolchain,
        at: InsidePath::root(),
    }];
    list.extend(identity_files(&conditions.identity));
    list.extend(places(conditions, limits));
    list.extend([
        Operation::Devices {
            shared: limits.shared(),
        },
        Operation::Processes,
        Operation::System {
            processors: conditions.visible_cpus,
        },
    ]);
    let given = conditions.files.iter();
    list.extend(given.map(|(at, content)| Operation::File {
        at: at.clone(),
        content: content.clone(),
    }));
    list
}

fn places(conditions: &Conditions, limits: &Limits) -> [Operation; 3] {
    let writable = |place, at, medium| Operation::Writable {
        place,
        at: InsidePath::literal(at),
        medium,
        quota: limits.quota(place),
    };
    [
        writable(Place::Work, "/build", conditions.work),
        writable(Place::Out, "/out", conditions.out),
        writable(Place::Tmp, "/tmp", conditions.tmp),
    ]
}

fn identity_files(identity: &Identity) -> [Operation; 4] {
    let Identity {
        uid,
        gid,
        user,
        hostname,
        ..
    } = identity;
    let mut passwd = format!("{user}:x:{uid}:{gid}:{user}:/tmp/home:/bin/sh\n");
    let mut group = format!("{user}:x:{gid}:\n");
    if *uid != 0 {
        passwd.insert_str(0, "root:x:0:0:root:/root:/bin/sh\n");
        group.insert_str(0, "root:x:0:\n");
    }
    passwd.push_str("nobody:x:65534:65534:nobody:/nonexistent:/bin/false\n");
    group.push_str("nogroup:x:65534:\n");
    let hosts = if hostname == "localhost" {
        "127.0.0.1 localhost\n::1 localhost\n".to_owned()
    } else {
        format!("127.0.0.1 localhost {hostname}\n::1 localhost {hostname}\n")
    };
    let lookup = "passwd: files\ngroup: files\nhosts: files\nservices: files\n".to_owned();
    let contents = [passwd, group, hosts, lookup];
    let mut files = FIXED_FILES.into_iter().zip(contents);
    std::array::from_fn(|_| {
        let (at, content) = files.next().expect("invariant: four files, four contents");
        file(at, content)
    })
}

fn file(at: &'static str, content: String) -> Operation {
    Operation::File {
        at: InsidePath::literal(at),
        content,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_sandbox_is_sound() {
        let spec = SandboxSpec::for_build(Conditions::default(), Limits::default());
        assert_eq!(spec.check(), Ok(()));
        assert_eq!(spec.sources().collect::<Vec<_>>(), [&Source::Toolchain]);
        let json = serde_json::to_string(&spec).unwrap();
        assert_eq!(serde_json::from_str::<SandboxSpec>(&json).unwrap(), spec);
    }

    #[test]
    fn a_spec_without_its_process_table_is_refused() {
        let mut spec = SandboxSpec::for_build(Conditions::default(), Limits::default());
        spec.operations
            .retain(|operation| *operation != Operation::Processes);
        assert!(spec.check().is_err());
    }

    #[test]
    fn a_spec_without_a_root_is_refused() {
        let mut spec = SandboxSpec::for_build(Conditions::default(), Limits::default());
        spec.operations.remove(0);
        assert!(spec.check().is_err());
    }
}
