//! Where this checkout has its binary and its scratch folder: only a test of the root package knows.

use std::path::{Path, PathBuf};

/// The places that cargo tells a test about.
#[derive(Clone, Copy, Debug)]
pub struct Site {
    /// The program under test.
    pub binary: &'static str,
    /// A folder for tests that outlives them.
    pub scratch: &'static str,
    /// The root of the checkout.
    pub checkout: &'static str,
}

/// The site of the test that says it.
#[macro_export]
macro_rules! site {
    () => {
        $crate::site::Site {
            binary: env!("CARGO_BIN_EXE_zwieback"),
            scratch: env!("CARGO_TARGET_TMPDIR"),
            checkout: env!("CARGO_MANIFEST_DIR"),
        }
    };
}

impl Site {
    /// A file of the checkout.
    pub fn file(&self, path: &str) -> PathBuf {
        Path::new(self.checkout).join(path)
    }

    /// The toolchains that tests build with, by the folder that holds each.
    pub fn toolchains(&self) -> [(&'static str, PathBuf); 2] {
        [
            ("shell", self.file("tests/fixtures/toolchains/shell")),
            ("c", self.file("toolchains/c")),
        ]
    }
}
