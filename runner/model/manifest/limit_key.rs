//! The keys of `[limits]`: whoever meets a limit is told the line that raises it.

use super::quantity::{ByteSize, Seconds};
use crate::sandbox_spec::limits::Limits;

/// A key of `[limits]`, in a recipe and in a user's configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LimitKey {
    /// Memory of all processes together.
    Memory,
    /// Processes and threads.
    Processes,
    /// Wall-clock time.
    Time,
    /// Bytes in each writable place.
    Disk,
    /// What steps print.
    Log,
    /// `/dev/shm`.
    Shm,
    /// Files that one process has open.
    OpenFiles,
    /// Entries of the outputs.
    Outputs,
    /// Directories above an output.
    Depth,
    /// Bytes of all outputs.
    Size,
}

impl LimitKey {
    /// All keys.
    pub const ALL: [Self; 10] = [
        Self::Memory,
        Self::Processes,
        Self::Time,
        Self::Disk,
        Self::Log,
        Self::Shm,
        Self::OpenFiles,
        Self::Outputs,
        Self::Depth,
        Self::Size,
    ];

    /// The key as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Processes => "processes",
            Self::Time => "time",
            Self::Disk => "disk",
            Self::Log => "log",
            Self::Shm => "shm",
            Self::OpenFiles => "open-files",
            Self::Outputs => "outputs",
            Self::Depth => "depth",
            Self::Size => "size",
        }
    }

    /// The key that has this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|key| key.as_str() == name)
    }

    /// What the limits of a run have for it.
    pub const fn value(self, limits: &Limits) -> u64 {
        match self {
            Self::Memory => limits.memory,
            Self::Processes => limits.processes,
            Self::Time => limits.seconds,
            Self::Disk => limits.work.bytes,
            Self::Log => limits.log,
            Self::Shm => limits.shm,
            Self::OpenFiles => limits.open_files,
            Self::Outputs => limits.outputs.count,
            Self::Depth => limits.outputs.depth,
            Self::Size => limits.outputs.bytes,
        }
    }

    /// The line of a recipe that sets it.
    pub fn line(self, value: u64) -> String {
        let name = self.as_str();
        match self {
            Self::Memory | Self::Disk | Self::Log | Self::Shm | Self::Size => {
                format!("{name} = \"{}\"", ByteSize(value))
            }
            Self::Time => format!("{name} = \"{}\"", Seconds(value)),
            Self::Processes | Self::OpenFiles | Self::Outputs | Self::Depth => {
                format!("{name} = {value}")
            }
        }
    }

    /// What to do when it was reached: the line for twice as much.
    pub fn raise(self, value: u64) -> String {
        format!(
            "if it needs more than that, write `{}` into `[limits]` of the recipe",
            self.line(value.saturating_mul(2))
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::ceilings::Ceilings;
    use crate::manifest::diagnostic::SourceText;
    use crate::manifest::recipe::Recipe;

    /// The limits of a recipe that has a line in its `[limits]`.
    fn limits_with(line: &str) -> Limits {
        let text = format!(
            "[recipe]\nname = \"r\"\nversion = \"1\"\ntoolchains = [\"c\"]\n\
             [[steps]]\nname = \"s\"\nrun = \"x\"\n[limits]\n{line}\n"
        );
        let recipe = Recipe::parse(SourceText {
            path: "recipe.toml",
            text: &text,
        });
        let recipe = recipe.unwrap_or_else(|error| panic!("{line}: {error}"));
        Ceilings::default().limits(&recipe.limits, None).unwrap()
    }

    #[test]
    fn every_limit_has_a_key_and_what_is_told_raises_it() {
        for key in LimitKey::ALL {
            let standard = key.value(&Limits::default());
            let hint = key.raise(standard);
            let line = hint.split('`').nth(1).unwrap();
            assert_eq!(key.value(&limits_with(line)), 2 * standard, "{hint}");
            assert_eq!(LimitKey::named(key.as_str()), Some(key));
        }
    }
}
