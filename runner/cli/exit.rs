//! Exit codes: the machine interface that scripts rely on. They exist only here.

use std::process::ExitCode;

/// Everything asked for was done.
pub const DONE: u8 = 0;
/// What the user wrote or configured cannot be worked with.
pub const USER: u8 = 1;
/// The arguments are wrong (clap's code).
pub const ARGUMENTS: u8 = 2;
/// This machine cannot sandbox, or not as strictly as asked.
pub const NO_SANDBOX: u8 = 3;
/// A signature, digest or statement did not verify.
pub const UNVERIFIED: u8 = 4;
/// A policy said no.
pub const DENIED: u8 = 5;
/// A step ended with something else than zero.
pub const STEP_FAILED: u8 = 100;
/// A run was out of time or reached a limit.
pub const LIMIT: u8 = 101;
/// Bytes are not what their digest says.
pub const DIGEST_MISMATCH: u8 = 102;
/// A secret would have been signed.
pub const SECRET: u8 = 103;
/// Two runs differ.
pub const NOT_REPRODUCIBLE: u8 = 104;
/// The user interrupted (128 + SIGINT).
pub const INTERRUPTED: u8 = 130;
/// A bug in zwieback.
pub const BUG: u8 = 255;

/// The code as the standard library takes it.
pub fn code(code: u8) -> ExitCode {
    ExitCode::from(code)
}
