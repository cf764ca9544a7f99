//! What an internet address leads to: the open network, a network of one's own, or this very machine.
//!
//! The types are those of the language, not of its library of sockets: nothing here connects.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What is reached at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AddressKind {
    /// The open network.
    Public,
    /// A network that is not routed outside: RFC 1918, RFC 4193, RFC 6598 and what is reserved for tests.
    Private,
    /// What is next to this machine alone: link-local addresses, and those at which clouds tell their
    /// machines secrets.
    Near,
    /// This machine.
    Loopback,
    /// Nobody that could be asked: multicast, broadcast, reserved ranges.
    Nobody,
}

/// Whom a request may reach, by who named its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reachable {
    /// The open network alone: what a host there redirects to.
    Public,
    /// That and private networks: what a recipe, an index or a lockfile names.
    Networks,
    /// Everybody: what the configuration of the user or the system names.
    Everybody,
}

impl AddressKind {
    /// The word for it in messages.
    pub fn word(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Private => "private",
            Self::Near => "link-local",
            Self::Loopback => "loopback",
            Self::Nobody => "unusable",
        }
    }
}

impl Reachable {
    /// Whether such an address may be connected to.
    pub fn includes(self, kind: AddressKind) -> bool {
        match self {
            Self::Everybody => true,
            Self::Networks => matches!(kind, AddressKind::Public | AddressKind::Private),
            Self::Public => kind == AddressKind::Public,
        }
    }
}

/// What is reached at that address.
pub fn kind_of_address(address: IpAddr) -> AddressKind {
    match address {
        IpAddr::V4(address) => kind_of_v4(address),
        IpAddr::V6(address) => kind_of_v6(address),
    }
}

/// IANA's registry of special-purpose IPv4 addresses (RFC 6890 and its successors).
fn kind_of_v4(address: Ipv4Addr) -> AddressKind {
    match address.octets() {
        // Connecting to 0.0.0.0 reaches this machine on Linux.
        [0 | 127, ..] => AddressKind::Loopback,
        // The rest are metadata services outside 169.254.169.254: Alibaba Cloud's and Oracle's.
        [169, 254, ..] | [100, 100, 100, 200] | [192, 0, 0, 192] => AddressKind::Near,
        [10, ..]
        | [172, 16..=31, ..]
        | [192, 168, ..]
        | [100, 64..=127, ..]
        | [192, 0, 0, _]
        | [198, 18..=19, ..] => AddressKind::Private,
        [224..=255, ..] => AddressKind::Nobody,
        _ => AddressKind::Public,
    }
}

/// IANA's registry of special-purpose IPv6 addresses; an IPv4 address inside decides.
fn kind_of_v6(address: Ipv6Addr) -> AddressKind {
    let parts = address.segments();
    let inner = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        kind_of_v4(Ipv4Addr::new(a, b, c, d))
    };
    match parts {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => AddressKind::Loopback,
        // IPv4-compatible, -mapped and -translated (RFC 4291, RFC 2765), and NAT64 (RFC 6052).
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        // 6to4 (RFC 3056).
        | [0x2002, high, low, ..] => inner(high, low),
        // Teredo (RFC 4380) hides the client's IPv4 address; nobody uses it any more.
        [0x2001, 0, ..] | [0x100, 0, 0, 0, ..] | [0xff00..=0xffff, ..] => AddressKind::Nobody,
        // EC2's metadata service lies among the private addresses.
        [0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254] | [0xfe80..=0xfebf, ..] => AddressKind::Near,
        // Unique local, site-local (RFC 3879), and NAT64 of one's own (RFC 8215).
        [0xfc00..=0xfdff | 0xfec0..=0xfeff, ..] | [0x64, 0xff9b, 1, ..] => AddressKind::Private,
        _ => AddressKind::Public,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kind(text: &str) -> AddressKind {
        kind_of_address(text.parse().unwrap())
    }

    /// Addresses by what they lead to, each at an edge of its range or in a disguise.
    const RANGES: [(AddressKind, &[&str]); 5] = [
        (
            AddressKind::Public,
            &[
                "1.1.1.1",
                "172.15.0.1",
                "172.32.0.1",
                "100.128.0.1",
                "2606:4700::1",
            ],
        ),
        (
            AddressKind::Private,
            &[
                "10.0.0.1",
                "172.16.0.1",
                "172.31.255.255",
                "192.168.1.1",
                "100.64.0.1",
                "198.18.0.1",
                "192.0.0.1",
                "fc00::1",
                "fd12::1",
                "fec0::1",
                "64:ff9b:1::1",
                "::ffff:10.0.0.1",
                "64:ff9b::10.0.0.1",
                "2002:0a00:0001::1",
            ],
        ),
        (
            AddressKind::Near,
            &[
                "169.254.169.254",
                "169.254.0.1",
                "100.100.100.200",
                "192.0.0.192",
                "fd00:ec2::254",
                "fe80::1",
                "febf::1",
                "::ffff:169.254.169.254",
            ],
        ),
        (
            AddressKind::Loopback,
            &[
                "127.0.0.1",
                "127.255.255.254",
                "0.0.0.0",
                "0.1.2.3",
                "::",
                "::1",
                "::ffff:127.0.0.1",
                "::127.0.0.1",
                "::ffff:0:127.0.0.1",
                "64:ff9b::7f00:1",
                "2002:7f00:0001::",
            ],
        ),
        (
            AddressKind::Nobody,
            &[
                "224.0.0.1",
                "240.0.0.1",
                "255.255.255.255",
                "ff02::1",
                "2001::1",
                "100::1",
            ],
        ),
    ];

    #[test]
    fn every_special_range_has_its_kind() {
        for (expected, addresses) in RANGES {
            for address in addresses {
                assert_eq!(kind(address), expected, "{address}");
            }
        }
    }

    #[test]
    fn who_named_an_address_decides_whom_it_reaches() {
        let all = [
            AddressKind::Public,
            AddressKind::Private,
            AddressKind::Near,
            AddressKind::Loopback,
            AddressKind::Nobody,
        ];
        let reached = |whom: Reachable| all.map(|kind| whom.includes(kind));
        assert_eq!(reached(Reachable::Everybody), [true; 5]);
        assert_eq!(
            reached(Reachable::Networks),
            [true, true, false, false, false]
        );
        assert_eq!(
            reached(Reachable::Public),
            [true, false, false, false, false]
        );
    }

    proptest! {
        /// However an IPv4 address is written inside an IPv6 one, it is what it is.
        #[test]
        fn an_address_inside_another_is_no_disguise(bits: u32) {
            let plain = Ipv4Addr::from_bits(bits);
            let ([a, b, c, d], expected) = (plain.octets(), kind_of_v4(plain));
            let (high, low) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
            let mapped = kind_of_address(plain.to_ipv6_mapped().into());
            prop_assert_eq!(mapped, expected);
            for parts in [
                [0, 0, 0, 0, 0xffff, 0, high, low],
                [0x64, 0xff9b, 0, 0, 0, 0, high, low],
                [0x2002, high, low, 0, 0, 0, 0, 1],
            ] {
                prop_assert_eq!(kind_of_address(Ipv6Addr::from(parts).into()), expected);
            }
        }

        /// What the standard library calls private or its own is never public.
        #[test]
        fn nothing_special_is_public(bits: u32, long: u128) {
            let v4 = Ipv4Addr::from_bits(bits);
            let is_special = v4.is_private() || v4.is_loopback() || v4.is_link_local()
                || v4.is_unspecified() || v4.is_multicast() || v4.is_broadcast();
            prop_assert!(!is_special || kind_of_v4(v4) != AddressKind::Public);
            let v6 = Ipv6Addr::from_bits(long);
            let is_special = v6.is_loopback() || v6.is_unique_local()
                || v6.is_unicast_link_local() || v6.is_multicast();
            prop_assert!(!is_special || kind_of_v6(v6) != AddressKind::Public);
        }
    }
}
