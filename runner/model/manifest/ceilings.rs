//! How much a recipe may ask for: somebody else wrote it, and the machine is its user's.

use std::fmt::Display;

use super::quantity::{ByteSize, Seconds};
use super::recipe;
use crate::sandbox_spec::limits::{Limits, OutputLimits, Quota};

/// The most of everything. Only here limits come from a recipe to a sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ceilings {
    memory: ByteSize,
    processes: u32,
    time: Seconds,
    disk: ByteSize,
    log: ByteSize,
    shm: ByteSize,
    open_files: u32,
    outputs: u32,
    depth: u32,
    size: ByteSize,
}

/// More than is allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{whose} `[limits] {name} = {asked}`, and at most {most} are allowed")]
pub struct CeilingError {
    whose: &'static str,
    name: &'static str,
    asked: String,
    most: String,
}

const USUAL: Ceilings = Ceilings {
    memory: ByteSize(64 << 30),
    processes: 1 << 16,
    time: Seconds(86_400),
    disk: ByteSize(64 << 30),
    log: ByteSize(1 << 30),
    shm: ByteSize(16 << 30),
    open_files: 1 << 16,
    outputs: MOST_OUTPUTS,
    depth: DEEPEST_OUTPUT,
    size: ByteSize(64 << 30),
};

/// Nobody verifies a folder that holds more, or is deeper: no configuration raises these.
const MOST_OUTPUTS: u32 = 1_000_000;
const DEEPEST_OUTPUT: u32 = 256;

/// Where a machine of anybody's ends, and sums of such numbers do not.
const UTMOST: Ceilings = Ceilings {
    memory: ByteSize(1 << 50),
    // PID_MAX_LIMIT of the kernel.
    processes: 1 << 22,
    time: Seconds(366 * 86_400),
    disk: ByteSize(1 << 50),
    log: ByteSize(1 << 40),
    shm: ByteSize(1 << 50),
    // The kernel's own `fs.nr_open`.
    open_files: 1 << 20,
    outputs: MOST_OUTPUTS,
    depth: DEEPEST_OUTPUT,
    size: ByteSize(1 << 50),
};

impl Default for Ceilings {
    fn default() -> Self {
        USUAL
    }
}

impl Ceilings {
    /// Those of a user, where they say something.
    pub fn configured(own: &recipe::Limits) -> Result<Self, CeilingError> {
        UTMOST.check("your configuration says", own)?;
        Ok(Self {
            memory: own.memory.unwrap_or(USUAL.memory),
            processes: own.processes.unwrap_or(USUAL.processes),
            time: own.time.unwrap_or(USUAL.time),
            disk: own.disk.unwrap_or(USUAL.disk),
            log: own.log.unwrap_or(USUAL.log),
            shm: own.shm.unwrap_or(USUAL.shm),
            open_files: own.open_files.unwrap_or(USUAL.open_files),
            outputs: own.outputs.unwrap_or(USUAL.outputs),
            depth: own.depth.unwrap_or(USUAL.depth),
            size: own.size.unwrap_or(USUAL.size),
        })
    }

    /// The limits of a recipe, on top of the runner's defaults.
    pub fn limits(
        &self,
        recipe: &recipe::Limits,
        timeout: Option<u64>,
    ) -> Result<Limits, CeilingError> {
        self.check("the recipe says", recipe)?;
        let standard = Limits::default();
        let bytes = |asked: Option<ByteSize>, standard: u64, most: ByteSize| {
            asked.map_or_else(|| standard.min(most.0), |size| size.0)
        };
        let number = |asked: Option<u32>, standard: u64, most: u32| {
            asked.map_or_else(|| standard.min(most.into()), u64::from)
        };
        let room = |standard: Quota| match recipe.disk {
            None if standard.bytes <= self.disk.0 => standard,
            asked => Quota::of(bytes(asked, standard.bytes, self.disk)),
        };
        let seconds = standard.seconds.min(self.time.0);
        let seconds = recipe.time.map_or(seconds, |time| time.0);
        Ok(Limits {
            memory: bytes(recipe.memory, standard.memory, self.memory),
            processes: number(recipe.processes, standard.processes, self.processes),
            open_files: number(recipe.open_files, standard.open_files, self.open_files),
            shm: bytes(recipe.shm, standard.shm, self.shm),
            log: bytes(recipe.log, standard.log, self.log),
            seconds: timeout.map_or(seconds, |timeout| timeout.min(seconds)),
            work: room(standard.work),
            out: room(standard.out),
            tmp: room(standard.tmp),
            outputs: OutputLimits {
                count: number(recipe.outputs, standard.outputs.count, self.outputs),
                depth: number(recipe.depth, standard.outputs.depth, self.depth),
                bytes: bytes(recipe.size, standard.outputs.bytes, self.size),
            },
        })
    }

    fn check(&self, whose: &'static str, asked: &recipe::Limits) -> Result<(), CeilingError> {
        within(whose, "memory", asked.memory, &self.memory)?;
        within(whose, "processes", asked.processes, &self.processes)?;
        within(whose, "time", asked.time, &self.time)?;
        within(whose, "disk", asked.disk, &self.disk)?;
        within(whose, "log", asked.log, &self.log)?;
        within(whose, "shm", asked.shm, &self.shm)?;
        within(whose, "open-files", asked.open_files, &self.open_files)?;
        within(whose, "outputs", asked.outputs, &self.outputs)?;
        within(whose, "depth", asked.depth, &self.depth)?;
        within(whose, "size", asked.size, &self.size)
    }
}

impl CeilingError {
    /// What the user can do about it.
    pub fn hint(&self) -> String {
        let fixed = [("outputs", MOST_OUTPUTS), ("depth", DEEPEST_OUTPUT)];
        let is_fixed =
            |(name, most): &(_, u32)| self.name == *name && self.most == most.to_string();
        if fixed.iter().any(is_fixed) {
            return format!(
                "no folder of more `{}` is ever verified: pack them into an archive",
                self.name
            );
        }
        format!(
            "if the recipe needs it, raise `[limits] {}` of your own configuration",
            self.name
        )
    }
}

fn within<T: PartialOrd + Display>(
    whose: &'static str,
    name: &'static str,
    asked: Option<T>,
    most: &T,
) -> Result<(), CeilingError> {
    match asked {
        Some(asked) if asked > *most => Err(CeilingError {
            whose,
            name,
            asked: asked.to_string(),
            most: most.to_string(),
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(text: &str) -> recipe::Limits {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn a_recipe_asks_for_no_more_than_its_user_allows() {
        let usual = Ceilings::default();
        for (text, most) in [
            ("memory = '16777215 TiB'", "64 GiB"),
            ("processes = 4294967295", "65536"),
            ("time = '213503982334601 d'", "1 d"),
            ("disk = '1000 TiB'", "64 GiB"),
            ("log = '2 TiB'", "1 GiB"),
            ("shm = '1 TiB'", "16 GiB"),
            ("open-files = 4294967295", "65536"),
            ("outputs = 1000001", "1000000"),
            ("depth = 257", "256"),
            ("size = '1000 TiB'", "64 GiB"),
        ] {
            let refused = usual.limits(&asked(text), None).unwrap_err();
            assert!(
                refused.to_string().contains(&format!("at most {most}")),
                "{refused}"
            );
            assert!(refused.hint().contains(refused.name), "{}", refused.hint());
        }
        let limits = usual.limits(&asked("disk = '64 GiB'"), Some(60)).unwrap();
        assert_eq!((limits.work.bytes, limits.seconds), (64 << 30, 60));
    }

    #[test]
    fn a_user_raises_and_lowers_the_ceilings() {
        let own = Ceilings::configured(&asked("disk = '1 TiB'\ntime = '5 min'")).unwrap();
        assert!(own.limits(&asked("disk = '1 TiB'"), None).is_ok());
        assert!(own.limits(&asked("time = '6 min'"), None).is_err());
        // What a recipe does not say is the usual, and no more than is allowed.
        assert_eq!(own.limits(&asked(""), None).unwrap().seconds, 300);
        let refused = Ceilings::configured(&asked("time = '1000 d'")).unwrap_err();
        assert!(
            refused.to_string().starts_with("your configuration"),
            "{refused}"
        );
    }

    #[test]
    fn without_a_word_limits_are_the_usual() {
        let limits = Ceilings::default().limits(&asked(""), None).unwrap();
        assert_eq!(limits, Limits::default());
    }
}
