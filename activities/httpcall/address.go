package httpcall

import "net/netip"

// needs is the grant that a connection to an address takes.
func needs(address netip.Addr) grant {
	address = address.Unmap()
	for _, a := range metadata {
		if address == a {
			return everything
		}
	}
	switch {
	case address.IsUnspecified(), address.IsMulticast(), address.IsLinkLocalUnicast():
		return everything
	case address.IsPrivate(), address.IsLoopback():
		return internal
	}
	for _, network := range special {
		if network.Contains(address) {
			return internal
		}
	}
	if address.Is6() && !globalUnicast.Contains(address) {
		return internal
	}
	return public
}

// metadata are addresses of clouds' metadata services outside of the link-local range.
var metadata = []netip.Addr{
	netip.MustParseAddr("fd00:ec2::254"), netip.MustParseAddr("100.100.100.200"), netip.MustParseAddr("192.0.0.192"),
	netip.MustParseAddr("168.63.129.16"),
}

var globalUnicast = netip.MustParsePrefix("2000::/3")

// special are the networks of the IANA registries of special-purpose addresses that are not public, and those that carry
// an IPv4 address within.
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("192.88.99.0/24"), netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("2001::/23"), netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("2002::/16"),
	netip.MustParsePrefix("3fff::/20"),
}
