// Nothing gets out, nobody of the host answers, and the sandbox's own loopback works.
#include "attempt.h"
#define NO_ROUTE ENETUNREACH, EHOSTUNREACH, EADDRNOTAVAIL
#define NO_RIGHT EPERM, EACCES, EPROTONOSUPPORT, ESOCKTNOSUPPORT

static struct sockaddr_in v4(const char *ip, int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
	inet_pton(AF_INET, ip, &to.sin_addr);
	return to;
}

static struct sockaddr_in6 v6(const char *ip, int port)
{
	struct sockaddr_in6 to = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	inet_pton(AF_INET6, ip, &to.sin6_addr);
	return to;
}

static int dial4(const char *ip, int port)
{
	struct sockaddr_in to = v4(ip, port);
	return connect(socket(AF_INET, SOCK_STREAM, 0), (void *)&to, sizeof to);
}

static int dial6(const char *ip, int port)
{
	struct sockaddr_in6 to = v6(ip, port);
	return connect(socket(AF_INET6, SOCK_STREAM, 0), (void *)&to, sizeof to);
}

static int send4(const char *ip, int port)
{
	struct sockaddr_in to = v4(ip, port);
	int fd = socket(AF_INET, SOCK_DGRAM, 0), yes = 1;
	setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &yes, sizeof yes);
	return sendto(fd, "x", 1, 0, (void *)&to, sizeof to);
}

static int send6(const char *ip, int port)
{
	struct sockaddr_in6 to = v6(ip, port);
	return sendto(socket(AF_INET6, SOCK_DGRAM, 0), "x", 1, 0, (void *)&to, sizeof to);
}

static int fast_open(const char *ip, int port)
{
	struct sockaddr_in to = v4(ip, port);
	return sendto(socket(AF_INET, SOCK_STREAM, 0), "x", 1, MSG_FASTOPEN, (void *)&to, sizeof to);
}

static int to_device(const char *device)
{
	return setsockopt(socket(AF_INET, SOCK_DGRAM, 0), SOL_SOCKET, SO_BINDTODEVICE, device, strlen(device) + 1);
}

static int unix_socket(const char *name, int is_abstract)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	strcpy(to.sun_path + is_abstract, name);
	socklen_t length = offsetof(struct sockaddr_un, sun_path) + is_abstract + strlen(name) + !is_abstract;
	return connect(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&to, length);
}

// A packet to itself, there and back.
static int loopback(int family)
{
	struct sockaddr_in6 six = v6("::1", 0);
	struct sockaddr_in four = v4("127.0.0.1", 0);
	void *at = family == AF_INET ? (void *)&four : (void *)&six;
	socklen_t length = family == AF_INET ? sizeof four : sizeof six;
	int listener = socket(family, SOCK_STREAM, 0), caller = socket(family, SOCK_STREAM, 0);
	if (bind(listener, at, length) || listen(listener, 1) || getsockname(listener, at, &length))
		return -1;
	if (connect(caller, at, length) || write(caller, "x", 1) != 1)
		return -1;
	char byte;
	return read(accept(listener, 0, 0), &byte, 1);
}

static int link_up(const char *name)
{
	return syscall(SYS_socket, AF_NETLINK, SOCK_RAW, 0) < 0 ? -1 : to_device(name);
}

int main(void)
{
	REFUSED("tcp4", dial4("192.0.2.1", 80), NO_ROUTE);
	REFUSED("tcp4-public", dial4("1.1.1.1", 443), NO_ROUTE);
	REFUSED("tcp6", dial6("2001:db8::1", 80), NO_ROUTE);
	REFUSED("tcp-metadata", dial4("169.254.169.254", 80), NO_ROUTE);
	REFUSED("tcp6-metadata", dial6("fd00:ec2::254", 80), NO_ROUTE);
	REFUSED("tcp-private", dial4("10.0.0.1", 22), NO_ROUTE);
	REFUSED("tcp-gateway", dial4("192.168.0.1", 53), NO_ROUTE);
	REFUSED("tcp-fast-open", fast_open("192.0.2.1", 80), NO_ROUTE);
	REFUSED("tcp-mapped", dial6("::ffff:192.0.2.1", 80), NO_ROUTE);
	REFUSED("udp4", send4("192.0.2.1", 53), NO_ROUTE);
	REFUSED("udp6", send6("2001:db8::1", 53), NO_ROUTE);
	REFUSED("udp-link-local", send6("fe80::1", 53), NO_ROUTE, EINVAL);
	REFUSED("udp-multicast", send4("224.0.0.251", 5353), NO_ROUTE);
	REFUSED("udp6-multicast", send6("ff02::1", 5353), NO_ROUTE);
	REFUSED("udp-broadcast", send4("255.255.255.255", 67), NO_ROUTE);
	REFUSED("host-listener", dial4("127.0.0.1", HOST_PORT), ECONNREFUSED);
	REFUSED("host-listener-any", dial4("0.0.0.0", HOST_PORT), ECONNREFUSED);
	REFUSED("host-listener-127.0.0.53", dial4("127.0.0.53", HOST_PORT), ECONNREFUSED);
	REFUSED("host-abstract-socket", unix_socket(HOST_SOCKET, 1), ECONNREFUSED, EPERM);
	REFUSED("host-path-socket", unix_socket(HOST_DIR "/socket", 0), ENOENT, EACCES);
	REFUSED("system-bus", unix_socket("/run/dbus/system_bus_socket", 0), ENOENT, EACCES);
	REFUSED("container-engine", unix_socket("/var/run/docker.sock", 0), ENOENT, EACCES);
	REFUSED("bind-to-host-device", to_device("eth0"), ENODEV, EPERM);
	REFUSED("netlink-then-device", link_up("ens3"), ENODEV, EPERM);
	REFUSED("raw", socket(AF_INET, SOCK_RAW, IPPROTO_RAW), NO_RIGHT);
	REFUSED("raw-icmp", socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), NO_RIGHT);
	REFUSED("raw6", socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6), NO_RIGHT);
	REFUSED("ping", socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP), NO_RIGHT);
	REFUSED("old-packet", socket(AF_INET, SOCK_PACKET, 0), NO_RIGHT);
	REFUSED("sctp", socket(AF_INET, SOCK_STREAM, 132), NO_RIGHT);
	REFUSED("dccp", socket(AF_INET, 6, 33), NO_RIGHT);
	REFUSED("mptcp", dial4("192.0.2.1", 80) < 0 ? socket(AF_INET, SOCK_RAW, 262 & 0xff) : 0, NO_RIGHT);
	REFUSED("packet", socket(AF_PACKET, SOCK_RAW, 3), EAFNOSUPPORT, EPERM);
	REFUSED("vsock", socket(AF_VSOCK, SOCK_STREAM, 0), EAFNOSUPPORT);
	REFUSED("vsock-datagram", socket(AF_VSOCK, SOCK_DGRAM, 0), EAFNOSUPPORT);
	REFUSED("family-high-bits", syscall(SYS_socket, 0x100000000L | AF_VSOCK, SOCK_STREAM, 0), EAFNOSUPPORT);
	REFUSED("netlink-audit", socket(AF_NETLINK, SOCK_RAW, 9), NO_RIGHT);
	REFUSED("netlink-uevent", socket(AF_NETLINK, SOCK_RAW, 15), NO_RIGHT);
	REFUSED("netlink-netfilter", socket(AF_NETLINK, SOCK_RAW, 12), NO_RIGHT);
	REFUSED("netlink-xfrm", socket(AF_NETLINK, SOCK_RAW, 6), NO_RIGHT);
	REFUSED("netlink-crypto", socket(AF_NETLINK, SOCK_RAW, 21), NO_RIGHT);
	for (int family = 3; family < 48; family++) {
		char name[32];
		snprintf(name, sizeof name, "family-%d", family);
		if (family != AF_INET6 && family != AF_NETLINK)
			REFUSED(name, socket(family, SOCK_DGRAM, 0), EAFNOSUPPORT, EPERM);
	}
	GIVES("loopback4", 1, loopback(AF_INET));
	GIVES("loopback6", 1, loopback(AF_INET6));
	return end();
}
