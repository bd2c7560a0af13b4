package httpcall

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// refusal is a call that the installation does not allow. It is not tried again.
type refusal struct{ reason string }

func (r refusal) Error() string { return r.reason }

func refuse(format string, args ...any) error { return refusal{fmt.Sprintf(format, args...)} }

// guard decides which connections may be made.
type guard struct {
	list AllowList
}

// check refuses a URL that may not be called. It looks at names only: addresses are checked when they are dialled.
func (g guard) check(u *url.URL) error {
	if u.Scheme != "http" && u.Scheme != "https" {
		return refuse("only http and https URLs are called, not %q", u.Scheme)
	}
	if u.User != nil {
		return refuse("the URL holds a user name or password; use a header")
	}
	if u.Hostname() == "" {
		return refuse("the URL has no host")
	}
	if len(g.list.entries) == 0 {
		return refuse("no HTTP calls are allowed here: the setting %s names no host", AllowSetting)
	}
	host, err := hostName(u.Hostname())
	if err != nil {
		return refuse("the host %q of the URL is not a host name", u.Hostname())
	}
	port := u.Port()
	if port == "" {
		port = usualPort(u)
	}
	if g.list.allows(host, port, usualPort(u)) == nothing {
		return refuse("the host %s is not on the list of hosts that may be called, the setting %s", net.JoinHostPort(host, port), AllowSetting)
	}
	return nil
}

func usualPort(u *url.URL) string {
	if u.Scheme == "https" {
		return "443"
	}
	return "80"
}

// dial connects if the address that the name has resolved to is covered by what the list says about the name. It is
// asked for every connection after the look-up, so that another answer of the name service changes nothing.
func (g guard) dial(ctx context.Context, network, target string) (net.Conn, error) {
	name, port, err := net.SplitHostPort(target)
	if err != nil {
		return nil, err
	}
	host, err := hostName(name)
	if err != nil {
		return nil, refuse("%q is not a host name", name)
	}
	granted := max(g.list.allows(host, port, "80"), g.list.allows(host, port, "443"))
	dialer := net.Dialer{Timeout: 10 * time.Second, Control: func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil {
			return refuse("%s is not an address", address)
		}
		if needs(to.Addr()) > granted {
			return refuse("the host %s has an address that is not public and may not be called unless the setting %s names it", host, AllowSetting)
		}
		return nil
	}}
	return dialer.DialContext(ctx, network, target)
}

// maxRedirects is how many redirects of one call are followed.
const maxRedirects = 5

// redirect checks where a redirect leads. Headers of the model stay with the host that they were meant for.
func (g guard) redirect(next *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return refuse("more than %d redirects", maxRedirects)
	}
	if err := g.check(next.URL); err != nil {
		return refuse("a redirect leads elsewhere: %v", err)
	}
	first := via[0].URL
	if first.Scheme == "https" && next.URL.Scheme == "http" {
		return refuse("a redirect leads from https to http")
	}
	if !strings.EqualFold(next.URL.Host, first.Host) {
		next.Header = http.Header{"User-Agent": {userAgent}}
		if kind := via[0].Header.Get("Content-Type"); kind != "" && next.Body != nil {
			next.Header.Set("Content-Type", kind)
		}
	}
	return nil
}
