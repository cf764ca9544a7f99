//! Whatever asks a server, against real sockets on the loopback.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod addresses;
mod apt;
mod ecosystem;
mod fetch;
mod server;
