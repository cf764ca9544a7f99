//! How a sandbox reads on a screen: `zwieback plan --sandbox`.

use std::fmt;

use super::identity::{AddressLayout, KernelRelease};
use super::limits::Quota;
use super::operation::{Device, FROZEN, HIDDEN, OWN_SETTINGS, Operation, SETTINGS};
use super::spec::SandboxSpec;

impl fmt::Display for SandboxSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = &self.identity;
        writeln!(f, "user      {} {}:{}", who.user, who.uid, who.gid)?;
        writeln!(f, "host      {} {}", who.hostname, who.domain)?;
        writeln!(f, "umask     {:03o}", self.umask)?;
        self.fmt_machine(f)?;
        self.fmt_limits(f)?;
        for operation in &self.operations {
            writeln!(f, "{operation}")?;
        }
        for (name, value) in &self.environment {
            writeln!(f, "env       {name}={value}")?;
        }
        Ok(())
    }
}

impl SandboxSpec {
    fn fmt_machine(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let machine = &self.machine;
        let layout = match machine.layout {
            AddressLayout::Random => "random",
            AddressLayout::Fixed => "fixed",
        };
        let release = match machine.release {
            KernelRelease::Host => "of the host",
            KernelRelease::Linux26 => "2.6",
        };
        writeln!(f, "kernel    addresses {layout}, release {release}")?;
        if !machine.cpus.is_empty() {
            let cpus: Vec<_> = machine.cpus.iter().map(u16::to_string).collect();
            writeln!(f, "cpus      {}", cpus.join(","))?;
        }
        if !machine.clocks.are_zero() {
            let clocks = machine.clocks;
            writeln!(
                f,
                "clocks    monotonic {:+} s, boottime {:+} s",
                clocks.monotonic, clocks.boottime
            )?;
        }
        match machine.first_pid {
            Some(pid) => writeln!(f, "pids      from {pid}"),
            None => Ok(()),
        }
    }

    fn fmt_limits(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let limits = &self.limits;
        writeln!(
            f,
            "limits    memory {}, {} processes, {} open files, log {}, {} s",
            Bytes(limits.memory),
            limits.processes,
            limits.open_files,
            Bytes(limits.log),
            limits.seconds
        )
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BindReadOnly { source, at } => write!(f, "bind      {at} {source}, read-only"),
            Self::Writable {
                place,
                at,
                medium,
                quota,
            } => write!(f, "writable  {at} {place}, in {medium}, {quota}"),
            Self::Devices { shared } => {
                let names = Device::ALL.map(Device::name).join(" ");
                write!(f, "devices   /dev {names}, shared memory {shared}")
            }
            Self::Processes => {
                let (hidden, frozen) = (HIDDEN.join(" "), FROZEN.join(" "));
                let fixed = SETTINGS.map(|(name, _)| name).join(" ");
                let own = OWN_SETTINGS.join(" ");
                write!(
                    f,
                    "processes /proc without {hidden}, read-only {frozen}, fixed sys/ {fixed}, its own {own}"
                )
            }
            Self::System { processors } => match processors {
                Some(count) => write!(f, "system    /sys with the number of processors, {count}"),
                None => write!(f, "system    /sys with nothing"),
            },
            Self::File { at, content } => write!(f, "file      {at} {:?}", Shortened(content)),
        }
    }
}

impl fmt::Display for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {} files", Bytes(self.bytes), self.inodes)
    }
}

/// A count of bytes in the largest unit that divides it.
struct Bytes(u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (shift, unit) in [(30, "GiB"), (20, "MiB"), (10, "KiB")] {
            if self.0 >= 1 << shift && self.0.trailing_zeros() >= shift {
                return write!(f, "{} {unit}", self.0 >> shift);
            }
        }
        write!(f, "{} B", self.0)
    }
}

/// The beginning of a text, escaped.
struct Shortened<'a>(&'a str);

impl fmt::Debug for Shortened<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.char_indices().nth(40) {
            Some((at, _)) => write!(f, "{:?}…", &self.0[..at]),
            None => write!(f, "{:?}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::sandbox_spec::limits::Limits;
    use crate::sandbox_spec::spec::SandboxSpec;
    use crate::sandbox_spec::standard::Conditions;

    #[test]
    fn the_list_reads_in_order() {
        let conditions = Conditions {
            visible_cpus: Some(2),
            ..Conditions::default()
        };
        let shown = SandboxSpec::for_build(conditions, Limits::default()).to_string();
        let lines: Vec<_> = shown.lines().collect();
        assert_eq!(lines[0], "user      build 1000:1000");
        assert_eq!(
            lines[4],
            "limits    memory 8 GiB, 4096 processes, 4096 open files, log 64 MiB, 3600 s"
        );
        assert_eq!(lines[5], "bind      / toolchain, read-only");
        let place = "writable  /build work, in memory, 4 GiB, 262144 files";
        assert!(lines.contains(&place), "{shown}");
        let system = "system    /sys with the number of processors, 2";
        assert!(lines.contains(&system), "{shown}");
    }
}
