//! The loopback of a fresh network namespace.

use std::os::fd::AsRawFd as _;

use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};

use crate::call::{Attempt as _, CallError};

/// Brings `lo` up. It is the only interface there is.
pub(crate) fn loopback_up() -> Result<(), CallError> {
    let flags = SockFlag::SOCK_CLOEXEC;
    let socket = socket(AddressFamily::Inet, SockType::Datagram, flags, None)
        .named(|| "socket(AF_INET, SOCK_DGRAM)".to_owned())?;
    // SAFETY: ifreq is plain integers and a union of them, for which all zeros are a value.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    request.ifr_name[0] = b'l'.cast_signed();
    request.ifr_name[1] = b'o'.cast_signed();
    request.ifr_ifru.ifru_flags =
        libc::c_short::try_from(libc::IFF_UP).expect("invariant: IFF_UP is 1");
    // SAFETY: SIOCSIFFLAGS reads an ifreq, and `request` outlives the call.
    let result = unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS, &raw const request) };
    Errno::result(result)
        .map(drop)
        .named(|| "ioctl(SIOCSIFFLAGS, \"lo\", IFF_UP)".to_owned())
}
