package httpcall

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// AllowList names the hosts that may be called. The zero value allows none.
type AllowList struct{ entries []allowed }

// allowed is one entry of the list.
type allowed struct {
	host   string // lower-case ASCII; for a wildcard what follows "*", which may be nothing
	suffix bool   // written with a wildcard
	port   string // "" is the usual one of the scheme, "*" is any
}

// ParseAllowList reads entries with commas between them: "api.example.com", "*.example.com", "*", "10.1.2.3" or
// "[::1]", each with ":port" or ":*" behind it if the port is another than 80 for http and 443 for https.
func ParseAllowList(text string) (AllowList, error) {
	var list AllowList
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		entry, err := parseAllowed(part)
		if err != nil {
			return AllowList{}, err
		}
		list.entries = append(list.entries, entry)
	}
	return list, nil
}

func parseAllowed(text string) (allowed, error) {
	host, port := text, ""
	if strings.Contains(strings.TrimSuffix(text, "]"), ":") && !strings.HasSuffix(text, "]") {
		var err error
		if host, port, err = net.SplitHostPort(text); err != nil {
			return allowed{}, fmt.Errorf("%q is not host or host:port", text)
		}
		if n, err := strconv.Atoi(port); port != "*" && (err != nil || n < 1 || n > 65535) {
			return allowed{}, fmt.Errorf("%q has no port after its colon: a number or *", text)
		}
	}
	entry := allowed{port: port}
	if rest, wildcard := strings.CutPrefix(host, "*"); wildcard {
		if entry.suffix = true; rest == "" {
			return entry, nil
		}
		if !strings.HasPrefix(rest, ".") {
			return allowed{}, fmt.Errorf("%q has its * at another place than before a dot", text)
		}
		host = rest[1:]
	}
	name, err := hostName(strings.Trim(host, "[]"))
	if err != nil || strings.ContainsAny(name, "*/@?# ") {
		return allowed{}, fmt.Errorf("%q is not a host name or an address", text)
	}
	if entry.host = name; entry.suffix {
		entry.host = "." + name
	}
	return entry, nil
}

// names are host names as people write them, underscores included.
var names = idna.New(idna.MapForLookup(), idna.StrictDomainName(false))

// hostName is the one form in which host names are compared.
func hostName(host string) (string, error) {
	if address, err := netip.ParseAddr(host); err == nil {
		if address.Zone() != "" {
			return "", fmt.Errorf("an address with a zone")
		}
		return address.Unmap().String(), nil
	}
	name, err := names.ToASCII(strings.TrimSuffix(host, "."))
	if err != nil || name == "" {
		return "", fmt.Errorf("not a host name")
	}
	return strings.ToLower(name), nil
}

// grant says what the list allows for a host.
type grant int

// The grants, each with the ones before it.
const (
	nothing    grant = iota
	public           // public addresses: a wildcard named it
	internal         // also private ones and loopback: the list names the host
	everything       // also link-local ones: the list names the address itself
)

// allows finds what the list says about a host and a port; usual is the port of the scheme.
func (l AllowList) allows(host, port, usual string) grant {
	best := nothing
	for _, e := range l.entries {
		if e.port != "*" && e.port != port && (e.port != "" || port != usual) {
			continue
		}
		switch {
		case !e.suffix && e.host == host:
			if _, err := netip.ParseAddr(host); err == nil {
				return everything
			}
			best = max(best, internal)
		case e.suffix && strings.HasSuffix(host, e.host):
			best = max(best, public)
		}
	}
	return best
}
