package httpcall

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheListNamesHostsAndPorts(t *testing.T) {
	t.Parallel()
	list, err := ParseAllowList("api.example.com, *.example.org:8443, 10.1.2.3:*, [::1]:8080,bücher.example, my_service:81,")
	require.NoError(t, err)
	for _, c := range []struct {
		host, port, usual string
		want              grant
	}{
		{"api.example.com", "443", "443", internal},
		{"api.example.com", "80", "80", internal},
		{"api.example.com", "443", "80", nothing},
		{"api.example.com", "8080", "80", nothing},
		{"API.Example.COM.", "443", "443", internal},
		{"xapi.example.com", "443", "443", nothing},
		{"api.example.com.evil.org", "443", "443", nothing},
		{"a.example.org", "8443", "443", public},
		{"a.b.example.org", "8443", "443", public},
		{"example.org", "8443", "443", nothing},
		{"aexample.org", "8443", "443", nothing},
		{"a.example.org", "443", "443", nothing},
		{"10.1.2.3", "9", "80", everything},
		{"::ffff:10.1.2.3", "9", "80", everything},
		{"10.1.2.4", "9", "80", nothing},
		{"0:0:0:0:0:0:0:1", "8080", "80", everything},
		{"xn--bcher-kva.example", "80", "80", internal},
		{"BÜCHER.example", "80", "80", internal},
		{"my_service", "81", "80", internal},
	} {
		host, err := hostName(c.host)
		require.NoError(t, err)
		require.Equal(t, c.want, list.allows(host, c.port, c.usual), "%s:%s", c.host, c.port)
	}
	require.Equal(t, nothing, AllowList{}.allows("api.example.com", "443", "443"))
}

func TestAStarAllowsAnyPublicHost(t *testing.T) {
	t.Parallel()
	list, err := ParseAllowList("*, intern.example")
	require.NoError(t, err)
	require.Equal(t, public, list.allows("a.example.com", "443", "443"))
	require.Equal(t, internal, list.allows("intern.example", "443", "443"))
	require.Equal(t, nothing, list.allows("a.example.com", "8080", "80"))
}

func TestEntriesThatAreNoHostsAreRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"https://api.example.com", "a:b", "a:0", "a:65536", "a:", "api.*.com", "*api.com", "a/b", "::1", "[fe80::1%eth0]", "user@host", "*.", ":80", "a b",
	} {
		_, err := ParseAllowList("ok.example, " + text)
		require.Error(t, err, text)
	}
}

func TestAddressesThatAreNotPublicNeedMore(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]grant{
		"93.184.216.34": public, "2606:2800:220:1:248:1893:25c8:1946": public, "::ffff:93.184.216.34": public,
		"127.0.0.1": internal, "127.9.9.9": internal, "::1": internal, "10.0.0.1": internal, "172.31.0.1": internal, "192.168.1.1": internal,
		"::ffff:127.0.0.1": internal, "::ffff:10.0.0.1": internal, "fd12::1": internal, "100.64.0.1": internal, "0.1.2.3": internal,
		"198.18.0.1": internal, "203.0.113.9": internal, "255.255.255.255": internal, "64:ff9b::a00:1": internal, "2002:a00:1::": internal,
		"2001:0:a00:1::": internal, "fec0::1": internal, "::a00:1": internal,
		"169.254.169.254": everything, "::ffff:169.254.169.254": everything, "fe80::1": everything, "fd00:ec2::254": everything,
		"100.100.100.200": everything, "0.0.0.0": everything, "::": everything, "224.0.0.1": everything, "ff02::1": everything,
	} {
		require.Equal(t, want, needs(netip.MustParseAddr(address)), address)
	}
}
