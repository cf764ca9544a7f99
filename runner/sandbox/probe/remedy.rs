//! From what failed to what to do. Pure.

use nix::errno::Errno;
use zwieback_model::enforcement::{Enforcement, Lock, LockState};

use super::facts::Facts;
use crate::error::{Failure, SandboxError, Stage};

/// Advice, and the command that follows it where there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remedy {
    /// What is wrong.
    pub cause: String,
    /// What to do; lines to be typed or written as they are.
    pub advice: String,
}

/// What to do about an obstacle, or about locks that do not hold in full.
pub fn remedies(
    enforcement: &Enforcement,
    obstacle: Option<&SandboxError>,
    facts: &Facts,
) -> Vec<Remedy> {
    match obstacle {
        Some(SandboxError::Setup(failure)) => for_failure(failure, facts),
        Some(_) => Vec::new(),
        None => for_locks(enforcement),
    }
}

/// A container has all of these locks as a rule, and shows one after the other.
const CONTAINER: &str = "docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined \
     --security-opt systempaths=unconfined …\n\
     podman run --security-opt seccomp=unconfined --security-opt unmask=ALL …\n\
     Kubernetes: hostUsers: false, and securityContext: \
     {procMount: Unmasked, seccompProfile: {type: Unconfined}}";

fn for_failure(failure: &Failure, facts: &Facts) -> Vec<Remedy> {
    match (failure.stage, failure.call.errno()) {
        (_, Errno::ENOSYS) => vec![remedy(
            "the kernel is too old",
            "use Linux 5.12 or newer; mount_setattr(2) is what is missing before",
        )],
        (Stage::Proc, Errno::EPERM) => {
            vec![remedy("/proc is masked, as in a container", CONTAINER)]
        }
        // Podman's profile lets everybody make namespaces and mounts, but not name the machine in them.
        (Stage::Machine, Errno::EPERM) if facts.is_filtered => vec![remedy(
            "this container's seccomp profile forbids to set a host name",
            CONTAINER,
        )],
        (Stage::Namespaces | Stage::Identity | Stage::Root | Stage::HostMounts, errno) => {
            let found = for_namespaces(facts, errno);
            if found.is_empty() {
                vec![remedy(
                    "something denies user namespaces",
                    "look into the kernel's log (dmesg) for a line of AppArmor or SELinux",
                )]
            } else {
                found
            }
        }
        _ => Vec::new(),
    }
}

fn for_namespaces(facts: &Facts, errno: Errno) -> Vec<Remedy> {
    let mut found = Vec::new();
    if facts.max_user_namespaces == Some(0) || errno == Errno::ENOSPC {
        found.push(remedy(
            "user.max_user_namespaces allows no more of them",
            "sudo sysctl -w user.max_user_namespaces=15000",
        ));
    }
    if facts.userns_clone == Some(0) && !facts.is_root {
        found.push(remedy(
            "kernel.unprivileged_userns_clone is 0",
            "sudo sysctl -w kernel.unprivileged_userns_clone=1",
        ));
    }
    if facts.apparmor_restricts == Some(1) && !facts.is_root {
        found.push(remedy(
            "AppArmor lets only listed programs make user namespaces (Ubuntu 23.10 and later)",
            &apparmor(&facts.program),
        ));
    }
    if facts.is_filtered {
        found.push(remedy(
            "this container's seccomp profile forbids namespaces",
            CONTAINER,
        ));
    }
    found
}

fn apparmor(program: &str) -> String {
    format!(
        "sudo tee /etc/apparmor.d/zwieback <<'END'\n\
         abi <abi/4.0>,\n\
         include <tunables/global>\n\
         profile zwieback \"{program}\" flags=(unconfined) {{\n  userns,\n}}\n\
         END\n\
         sudo apparmor_parser -r /etc/apparmor.d/zwieback\n\
         or, for every program: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
    )
}

fn for_locks(enforcement: &Enforcement) -> Vec<Remedy> {
    let mut found = Vec::new();
    if enforcement.state(Lock::MemoryLimit) != LockState::Enforced {
        found.push(remedy(
            "no control group was delegated, so the runner watches memory instead of the kernel",
            "systemd-run --user --scope -p Delegate=yes zwieback build …",
        ));
    }
    match enforcement.state(Lock::Landlock) {
        LockState::Enforced => {}
        LockState::Partial => found.push(remedy(
            "this kernel's Landlock knows no rules on sockets and signals",
            "use Linux 6.12 or newer",
        )),
        LockState::Absent => found.push(remedy(
            "Landlock is not switched on",
            "use Linux 5.13 or newer and add landlock to the lsm= list of the boot command line",
        )),
    }
    if enforcement.shares_inodes() {
        found.push(remedy(
            "where the store lies, the kernel gives no sandbox inodes of its own: one build at a time runs from it",
            "use Linux 5.11 or newer, and a store that is no more than one overlay deep, such as on a volume:\n\
             ZWIEBACK_STORE=/volume/store zwieback build …",
        ));
    }
    if enforcement.state(Lock::TimeNamespace) == LockState::Absent {
        found.push(remedy(
            "the kernel has no time namespaces",
            "use Linux 5.6 or newer with CONFIG_TIME_NS",
        ));
    }
    found
}

fn remedy(cause: &str, advice: &str) -> Remedy {
    Remedy {
        cause: cause.to_owned(),
        advice: advice.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::CallError;

    fn causes(stage: Stage, errno: Errno, facts: &Facts) -> Vec<String> {
        let call = CallError::new(errno, "clone()");
        let obstacle = SandboxError::Setup(Failure { stage, call });
        let found = remedies(&Enforcement::default(), Some(&obstacle), facts);
        found.into_iter().map(|remedy| remedy.cause).collect()
    }

    #[test]
    fn ubuntu_is_told_how_to_write_a_profile() {
        let facts = Facts {
            apparmor_restricts: Some(1),
            program: "/opt/zwieback".to_owned(),
            ..Facts::default()
        };
        assert!(causes(Stage::Identity, Errno::EPERM, &facts)[0].contains("AppArmor"));
        assert!(apparmor(&facts.program).contains("profile zwieback \"/opt/zwieback\""));
    }

    #[test]
    fn each_setting_has_its_remedy() {
        let none = Facts::default();
        let closed = Facts {
            max_user_namespaces: Some(0),
            userns_clone: Some(0),
            is_filtered: true,
            ..Facts::default()
        };
        assert_eq!(causes(Stage::Namespaces, Errno::EPERM, &closed).len(), 3);
        assert_eq!(causes(Stage::Namespaces, Errno::EPERM, &none).len(), 1);
        assert!(causes(Stage::Proc, Errno::EPERM, &none)[0].contains("masked"));
        assert!(causes(Stage::Machine, Errno::EPERM, &closed)[0].contains("host name"));
        assert_eq!(causes(Stage::Machine, Errno::EPERM, &none).len(), 0);
        assert!(causes(Stage::Root, Errno::ENOSYS, &none)[0].contains("too old"));
    }

    #[test]
    fn a_lock_in_part_has_a_remedy() {
        let mut enforcement = Enforcement::default();
        for lock in Lock::ALL {
            enforcement.record(lock, LockState::Enforced, "");
        }
        assert_eq!(remedies(&enforcement, None, &Facts::default()), []);
        enforcement.record(Lock::MemoryLimit, LockState::Partial, "");
        assert_eq!(remedies(&enforcement, None, &Facts::default()).len(), 1);
        enforcement.record_shared_inodes("EINVAL");
        assert_eq!(remedies(&enforcement, None, &Facts::default()).len(), 2);
    }
}
