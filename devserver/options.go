package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
)

// options holds the command line.
type options struct {
	PostgresURL        string
	Database           string
	VisibilityDatabase string
	IP                 string
	Port               int
	UIPort             int
	Namespace          string
	Retention          time.Duration
	SearchAttributes   searchAttributes
	Shards             int
	LogLevel           string
	ExitWithStdin      bool
}

// searchAttributes is the repeatable flag --search-attribute Name=Type.
type searchAttributes map[string]enumspb.IndexedValueType

// String implements flag.Value.
func (s searchAttributes) String() string {
	parts := make([]string, 0, len(s))
	for name, kind := range s {
		parts = append(parts, name+"="+kind.String())
	}
	return strings.Join(parts, ",")
}

// Set implements flag.Value.
func (s searchAttributes) Set(value string) error {
	name, kindName, found := strings.Cut(value, "=")
	name = strings.TrimSpace(name)
	if !found || name == "" {
		return fmt.Errorf("%q is not of the form Name=Type", value)
	}
	kind, err := enumspb.IndexedValueTypeFromString(strings.TrimSpace(kindName))
	if err != nil || kind == enumspb.INDEXED_VALUE_TYPE_UNSPECIFIED {
		return fmt.Errorf("%q is no search attribute type, use one of Bool, Datetime, Double, Int, Keyword, KeywordList, Text", kindName)
	}
	if old, ok := s[name]; ok && old != kind {
		return fmt.Errorf("search attribute %s is given as %s and as %s", name, old, kind)
	}
	s[name] = kind
	return nil
}

// parseOptions reads and checks the command line; usage goes to out.
func parseOptions(args []string, out io.Writer) (*options, error) {
	o := &options{SearchAttributes: searchAttributes{}}
	fs := flag.NewFlagSet("nextgen-temporal", flag.ContinueOnError)
	fs.SetOutput(out)
	fs.StringVar(&o.PostgresURL, "postgres-url", "", "PostgreSQL URL of a login that may create databases and extensions; default DATABASE_URL, which other users of the machine do not see")
	fs.StringVar(&o.Database, "database", "temporal", "name of the main database, created when missing")
	fs.StringVar(&o.VisibilityDatabase, "visibility-database", "temporal_visibility", "name of the visibility database, created when missing")
	fs.StringVar(&o.IP, "ip", "127.0.0.1", "IP address to listen on")
	fs.IntVar(&o.Port, "port", 7233, "gRPC port")
	fs.IntVar(&o.UIPort, "ui-port", 8233, "Web UI port, 0 for no UI")
	fs.StringVar(&o.Namespace, "namespace", "default", "namespace to register")
	fs.DurationVar(&o.Retention, "retention", 720*time.Hour, "how long closed workflows are kept")
	fs.Var(o.SearchAttributes, "search-attribute", "custom search attribute `Name=Type`, repeatable")
	fs.IntVar(&o.Shards, "shards", 4, "history shards; fixed when the database is first used")
	fs.StringVar(&o.LogLevel, "log-level", "warn", "debug, info, warn or error")
	fs.BoolVar(&o.ExitWithStdin, "exit-with-stdin", false, "stop when standard input is closed")
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	if fs.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	if o.PostgresURL == "" { // no default of the flag: usage would show it
		o.PostgresURL = os.Getenv("DATABASE_URL")
	}
	return o, o.validate()
}

// validate reports the first wrong value in a sentence.
func (o *options) validate() error {
	switch {
	case o.PostgresURL == "":
		return errors.New("--postgres-url or DATABASE_URL is required")
	case o.Database == "" || o.VisibilityDatabase == "":
		return errors.New("--database and --visibility-database must not be empty")
	case o.Database == o.VisibilityDatabase:
		return errors.New("--database and --visibility-database must differ")
	case net.ParseIP(o.IP) == nil:
		return fmt.Errorf("--ip %q is no IP address", o.IP)
	case o.Port < 1 || o.Port > 65535:
		return fmt.Errorf("--port %d is not between 1 and 65535", o.Port)
	case o.UIPort < 0 || o.UIPort > 65535:
		return fmt.Errorf("--ui-port %d is not between 0 and 65535", o.UIPort)
	case o.UIPort == o.Port:
		return fmt.Errorf("--port and --ui-port are both %d", o.Port)
	case o.Namespace == "":
		return errors.New("--namespace must not be empty")
	case o.Retention < time.Hour:
		return fmt.Errorf("--retention %s is shorter than Temporal's minimum of 1h", o.Retention)
	case o.Shards < 1 || o.Shards > 1024:
		return fmt.Errorf("--shards %d is not between 1 and 1024", o.Shards)
	}
	switch o.LogLevel {
	case "debug", "info", "warn", "error":
		return nil
	}
	return fmt.Errorf("--log-level %q is none of debug, info, warn, error", o.LogLevel)
}

// dialIP is the address clients on this host reach the server at: a server
// that listens on every address is reached over loopback.
func (o *options) dialIP() string {
	ip := net.ParseIP(o.IP)
	if !ip.IsUnspecified() {
		return o.IP
	}
	if ip.To4() != nil {
		return "127.0.0.1"
	}
	return "::1"
}

// address is the host:port of the gRPC frontend.
func (o *options) address() string {
	return net.JoinHostPort(o.dialIP(), strconv.Itoa(o.Port))
}

// uiURL is the address of the Web UI, empty without one.
func (o *options) uiURL() string {
	if o.UIPort == 0 {
		return ""
	}
	return "http://" + net.JoinHostPort(o.dialIP(), strconv.Itoa(o.UIPort))
}
