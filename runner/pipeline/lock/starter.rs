//! The toolchains that a new project can start with: manifests and locks, as they were tried.

/// A file of a toolchain, and what is in it.
pub type File = (&'static str, &'static str);

macro_rules! toolchain {
    ($name:literal) => {
        (
            $name,
            [
                (
                    "toolchain.toml",
                    include_str!(concat!("../../../toolchains/", $name, "/toolchain.toml")),
                ),
                (
                    "zwieback.lock",
                    include_str!(concat!("../../../toolchains/", $name, "/zwieback.lock")),
                ),
            ],
        )
    };
}

const TOOLCHAINS: [(&str, [File; 2]); 8] = [
    toolchain!("autotools"),
    toolchain!("base"),
    toolchain!("c"),
    toolchain!("esbuild"),
    toolchain!("go"),
    toolchain!("node"),
    toolchain!("python"),
    toolchain!("rust"),
];

/// The files of a toolchain; nothing for one that only its own project knows.
pub fn files(toolchain: &str) -> Option<&'static [File; 2]> {
    let known = TOOLCHAINS.iter().find(|(name, _)| *name == toolchain);
    known.map(|(_, files)| files)
}
