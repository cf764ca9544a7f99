//! The build systems that a draft can be written for, and how each shows in a source.

use crate::manifest::source::Vendor;

/// How a source is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    /// A program of one or more crates, with their lockfile.
    Cargo,
    /// A package of npm with a lockfile.
    Npm,
    /// JavaScript that needs nothing but to be bundled.
    Bundle,
    /// A Python project; C as well where it has an extension.
    Python {
        /// Whether a C compiler is needed.
        compiles: bool,
    },
    /// A Go module that brings what it needs.
    Go,
    /// A `configure` that is there.
    Configure,
    /// A `configure` that autoconf has to make first.
    Autoconf,
    /// A plain `Makefile`.
    Make,
}

/// Something that tells how a source is built.
pub trait Tells {
    /// Whether the source has a file at this path.
    fn has(&self, path: &str) -> bool;

    /// Whether any file of the source ends like this.
    fn has_end(&self, end: &str) -> bool;
}

impl System {
    /// The systems, those first that another one often comes along with.
    pub const ALL: [Self; 9] = [
        Self::Cargo,
        Self::Npm,
        Self::Bundle,
        Self::Python { compiles: true },
        Self::Python { compiles: false },
        Self::Go,
        Self::Configure,
        Self::Autoconf,
        Self::Make,
    ];

    /// The system of a source; nothing if none of its files tells.
    pub fn infer(source: &impl Tells) -> Option<Self> {
        Self::ALL.into_iter().find(|system| system.shows_in(source))
    }

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cargo => "cargo",
            Self::Npm => "npm",
            Self::Bundle => "bundle",
            Self::Python { compiles: true } => "python-c",
            Self::Python { compiles: false } => "python",
            Self::Go => "go",
            Self::Configure => "configure",
            Self::Autoconf => "autoconf",
            Self::Make => "make",
        }
    }

    /// The system of a word.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|system| system.as_str() == word)
    }

    /// The toolchains that it takes.
    pub const fn toolchains(self) -> &'static [&'static str] {
        match self {
            Self::Cargo => &["base", "rust"],
            Self::Npm => &["base", "node"],
            Self::Bundle => &["base", "esbuild"],
            Self::Python { compiles: true } => &["c", "python"],
            Self::Python { compiles: false } => &["base", "python"],
            Self::Go => &["base", "go"],
            Self::Configure | Self::Make => &["c"],
            Self::Autoconf => &["c", "autotools"],
        }
    }

    /// Whose lockfile it reads.
    pub const fn vendor(self) -> Option<Vendor> {
        match self {
            Self::Cargo => Some(Vendor::Cargo),
            Self::Npm => Some(Vendor::Npm),
            _ => None,
        }
    }

    fn shows_in(self, source: &impl Tells) -> bool {
        let is_python = ["pyproject.toml", "setup.py"]
            .iter()
            .any(|it| source.has(it));
        match self {
            Self::Cargo => source.has("Cargo.toml"),
            Self::Npm => source.has("package-lock.json") || source.has("npm-shrinkwrap.json"),
            Self::Bundle => source.has("package.json"),
            Self::Python { compiles: true } => is_python && source.has_end(".c"),
            Self::Python { compiles: false } => is_python,
            Self::Go => source.has("go.mod"),
            Self::Configure => source.has("configure"),
            Self::Autoconf => source.has("configure.ac"),
            Self::Make => source.has("Makefile"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Files(&'static [&'static str]);

    impl Tells for Files {
        fn has(&self, path: &str) -> bool {
            self.0.contains(&path)
        }

        fn has_end(&self, end: &str) -> bool {
            self.0.iter().any(|file| file.ends_with(end))
        }
    }

    #[test]
    fn files_tell_the_system() {
        for (files, system) in [
            (&["Cargo.toml", "Makefile"][..], "cargo"),
            (&["package.json", "package-lock.json"], "npm"),
            (&["package.json"], "bundle"),
            (&["setup.py", "src/x.c"], "python-c"),
            (&["pyproject.toml"], "python"),
            (&["configure", "configure.ac", "Makefile"], "configure"),
            (&["configure.ac"], "autoconf"),
            (&["Makefile"], "make"),
        ] {
            let found = System::infer(&Files(files)).map(System::as_str);
            assert_eq!(found, Some(system), "{files:?}");
        }
        assert_eq!(System::infer(&Files(&["README"])), None);
    }

    #[test]
    fn each_has_its_word() {
        for system in System::ALL {
            assert_eq!(System::named(system.as_str()), Some(system));
        }
    }
}
