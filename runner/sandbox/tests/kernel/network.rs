//! Nothing gets out, and the sandbox's own loopback works.

use std::net::{Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr as UnixAddr, UnixListener, UnixStream};

use nix::errno::Errno::{
    self, EACCES, EADDRNOTAVAIL, EAFNOSUPPORT, ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, ENOENT,
    EPERM, EPROTONOSUPPORT, ESOCKTNOSUPPORT,
};

use zwieback_test_world::skip::skip_here;

use crate::attempt::{Attempt, Forbidden, all_fail, io, just};
use crate::harness::Trial;
use crate::world::World;

const NO_ROUTE: &[Errno] = &[ENETUNREACH, EHOSTUNREACH, EADDRNOTAVAIL];
const NO_FAMILY: &[Errno] = &[EAFNOSUPPORT];
const NO_RIGHT: &[Errno] = &[EPERM, EACCES, EPROTONOSUPPORT, ESOCKTNOSUPPORT];

/// Attempts that must fail.
pub(crate) const FORBIDDEN: &[Forbidden] = &[
    ("tcp4", || connect("1.1.1.1:80"), NO_ROUTE),
    ("tcp6", || connect("[2606:4700:4700::1111]:80"), NO_ROUTE),
    ("metadata", || connect("169.254.169.254:80"), NO_ROUTE),
    ("private", || connect("10.0.0.1:22"), NO_ROUTE),
    ("udp4", || send("1.1.1.1:53"), NO_ROUTE),
    ("udp6", || send("[2606:4700:4700::1111]:53"), NO_ROUTE),
    ("multicast", || send("224.0.0.1:5353"), NO_ROUTE),
    ("broadcast", broadcast, NO_ROUTE),
    (
        "vsock",
        || socket(libc::AF_VSOCK, libc::SOCK_STREAM, 0),
        NO_FAMILY,
    ),
    (
        "packet",
        || socket(libc::AF_PACKET, libc::SOCK_RAW, 3),
        NO_FAMILY,
    ),
    (
        "alg",
        || socket(libc::AF_ALG, libc::SOCK_SEQPACKET, 0),
        NO_FAMILY,
    ),
    ("xdp", || socket(libc::AF_XDP, libc::SOCK_RAW, 0), NO_FAMILY),
    (
        "bluetooth",
        || socket(libc::AF_BLUETOOTH, libc::SOCK_RAW, 0),
        NO_FAMILY,
    ),
    ("can", || socket(libc::AF_CAN, libc::SOCK_RAW, 1), NO_FAMILY),
    (
        "tipc",
        || socket(libc::AF_TIPC, libc::SOCK_SEQPACKET, 0),
        NO_FAMILY,
    ),
    ("tipc-pair", || pair(libc::AF_TIPC), NO_FAMILY),
    (
        "rds",
        || socket(libc::AF_RDS, libc::SOCK_SEQPACKET, 0),
        NO_FAMILY,
    ),
    ("key", || socket(libc::AF_KEY, libc::SOCK_RAW, 2), NO_FAMILY),
    ("qrtr", || socket(42, libc::SOCK_DGRAM, 0), NO_FAMILY),
    (
        "family-high-bits",
        || just(libc::SYS_socket, &[0x1_0000_0028, 1, 0]),
        NO_FAMILY,
    ),
    (
        "raw",
        || socket(libc::AF_INET, libc::SOCK_RAW, libc::IPPROTO_RAW),
        NO_RIGHT,
    ),
    (
        "raw-tcp",
        || socket(libc::AF_INET, libc::SOCK_RAW, libc::IPPROTO_TCP),
        NO_RIGHT,
    ),
    (
        "icmp",
        || socket(libc::AF_INET, libc::SOCK_DGRAM, libc::IPPROTO_ICMP),
        NO_RIGHT,
    ),
    ("old-packet", || socket(libc::AF_INET, 10, 0), NO_RIGHT),
    (
        "sctp",
        || socket(libc::AF_INET, libc::SOCK_STREAM, libc::IPPROTO_SCTP),
        NO_RIGHT,
    ),
    (
        "dccp",
        || socket(libc::AF_INET, 6, libc::IPPROTO_DCCP),
        NO_RIGHT,
    ),
    (
        "netlink-netfilter",
        || netlink(libc::NETLINK_NETFILTER),
        NO_RIGHT,
    ),
    (
        "netlink-kobject",
        || netlink(libc::NETLINK_KOBJECT_UEVENT),
        NO_RIGHT,
    ),
    ("netlink-xfrm", || netlink(6), NO_RIGHT),
    ("netlink-audit", || netlink(libc::NETLINK_AUDIT), NO_RIGHT),
];

/// Trials of this area.
pub(crate) const TRIALS: &[Trial] = &[
    ("network_is_out_of_reach", |world| {
        all_fail(world, FORBIDDEN);
    }),
    ("network_loopback_works", |world| {
        assert_eq!(world.attempt("loopback", &[]), "did ping\n");
    }),
    ("network_listener_of_the_host_is_refused", host_listener),
    (
        "network_abstract_socket_of_the_host_is_refused",
        abstract_socket,
    ),
    ("network_path_socket_of_the_host_is_absent", path_socket),
];

fn connect(address: &str) -> Attempt {
    let address: SocketAddr = address.parse().expect("an address");
    io(TcpStream::connect(address)).map(|_| "connected".to_owned())
}

fn send(address: &str) -> Attempt {
    let address: SocketAddr = address.parse().expect("an address");
    let local = if address.is_ipv4() {
        "0.0.0.0:0"
    } else {
        "[::]:0"
    };
    let socket = io(UdpSocket::bind(local))?;
    io(socket.send_to(b"x", address)).map(|_| "sent".to_owned())
}

fn broadcast() -> Attempt {
    let socket = io(UdpSocket::bind("0.0.0.0:0"))?;
    io(socket.set_broadcast(true))?;
    io(socket.send_to(b"x", "255.255.255.255:9")).map(|_| "sent".to_owned())
}

fn socket(family: i32, kind: i32, protocol: i32) -> Attempt {
    just(
        libc::SYS_socket,
        &[family.into(), kind.into(), protocol.into()],
    )
}

fn pair(family: i32) -> Attempt {
    let mut pair = [0_i32; 2];
    let kind = libc::SOCK_SEQPACKET.into();
    just(
        libc::SYS_socketpair,
        &[family.into(), kind, 0, pair.as_mut_ptr() as i64],
    )
}

fn netlink(protocol: i32) -> Attempt {
    socket(libc::AF_NETLINK, libc::SOCK_RAW, protocol)
}

/// Inside: a TCP exchange over both loopback addresses.
pub(crate) fn loopback() -> Attempt {
    use std::io::{Read as _, Write as _};
    let mut word = String::new();
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let listener = io(TcpListener::bind(address))?;
        let mut client = io(TcpStream::connect(io(listener.local_addr())?))?;
        let (mut server, _) = io(listener.accept())?;
        io(server.write_all(b"ping"))?;
        drop(server);
        word.clear();
        io(client.read_to_string(&mut word))?;
    }
    Ok(word)
}

/// Inside: connects to a port of an address that the host listens on.
pub(crate) fn connect_to(address: &str) -> Attempt {
    connect(address)
}

/// Inside: connects to an abstract socket.
pub(crate) fn connect_abstract(name: &str) -> Attempt {
    let address = io(UnixAddr::from_abstract_name(name))?;
    io(UnixStream::connect_addr(&address)).map(|_| "connected".to_owned())
}

/// Inside: connects to a socket by path.
pub(crate) fn connect_path(path: &str) -> Attempt {
    io(UnixStream::connect(path)).map(|_| "connected".to_owned())
}

fn host_listener(world: &World) {
    for local in [
        "127.0.0.1:0".to_owned(),
        format!("[{}]:0", Ipv6Addr::LOCALHOST),
    ] {
        let Ok(listener) = TcpListener::bind(&local) else {
            skip_here("kernel_network", &format!("the host has no {local}"));
            continue;
        };
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let said = world.attempt("connect", &[&address]);
        assert_eq!(said, format!("failed {ECONNREFUSED:?}\n"));
        assert!(listener.accept().is_err(), "somebody came");
    }
}

fn abstract_socket(world: &World) {
    let name = format!("zwieback-trial-{}", std::process::id());
    let address = UnixAddr::from_abstract_name(&name).unwrap();
    let listener = UnixListener::bind_addr(&address).unwrap();
    listener.set_nonblocking(true).unwrap();
    let said = world.attempt("connect-abstract", &[&name]);
    let refused = [ECONNREFUSED, EPERM].map(|errno| format!("failed {errno:?}\n"));
    assert!(refused.contains(&said), "{said}");
    assert!(listener.accept().is_err(), "somebody came");
}

fn path_socket(world: &World) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("socket");
    let listener = UnixListener::bind(&path).unwrap();
    listener.set_nonblocking(true).unwrap();
    let said = world.attempt("connect-path", &[path.to_str().unwrap()]);
    assert_eq!(said, format!("failed {ENOENT:?}\n"));
    assert!(listener.accept().is_err(), "somebody came");
}
