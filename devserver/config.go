package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/url"
	"strconv"
	"time"
)

// settings are what the flags say.
type settings struct {
	postgres      *url.URL
	database      string
	visibility    string
	ip            string
	port          int
	uiPort        int
	namespace     string
	retention     time.Duration
	shards        int
	logLevel      string
	exitWithStdin bool
}

func parseFlags(args []string, usage io.Writer) (settings, error) {
	var cfg settings
	var postgres string
	f := flag.NewFlagSet("nextgen-temporal", flag.ContinueOnError)
	f.SetOutput(usage)
	f.StringVar(&postgres, "postgres-url", "", "PostgreSQL, as a login that may create databases and extensions (required)")
	f.StringVar(&cfg.database, "database", "temporal", "database of the server")
	f.StringVar(&cfg.visibility, "visibility-database", "temporal_visibility", "database of the visibility store")
	f.StringVar(&cfg.ip, "ip", "127.0.0.1", "address to listen on")
	f.IntVar(&cfg.port, "port", 7233, "port of the gRPC frontend")
	f.IntVar(&cfg.uiPort, "ui-port", 8233, "port of the Web UI; 0 runs none")
	f.StringVar(&cfg.namespace, "namespace", "default", "namespace that is made if it is missing")
	f.DurationVar(&cfg.retention, "retention", 720*time.Hour, "how long closed runs are kept in a new namespace")
	f.IntVar(&cfg.shards, "shards", 4, "history shards; fixed when the database is made")
	f.StringVar(&cfg.logLevel, "log-level", "error", "debug, info, warn or error")
	f.BoolVar(&cfg.exitWithStdin, "exit-with-stdin", false, "stop when stdin is closed: the parent process has died")
	if err := f.Parse(args); err != nil {
		return cfg, err
	}
	u, err := url.Parse(postgres)
	if err != nil || u.Host == "" || u.User == nil {
		return cfg, errors.New("--postgres-url must be postgres://user:password@host:port/database")
	}
	cfg.postgres = u
	if net.ParseIP(cfg.ip) == nil {
		return cfg, fmt.Errorf("--ip %q is not an IP address", cfg.ip)
	}
	if cfg.shards < 1 || cfg.retention < 24*time.Hour {
		return cfg, errors.New("--shards must be at least 1 and --retention at least 24h")
	}
	return cfg, nil
}

func (c settings) address() string { return net.JoinHostPort(c.ip, strconv.Itoa(c.port)) }

// checkPorts finds a taken port before anything is started: the Web UI would end the process without a word of ours.
func (c settings) checkPorts(ctx context.Context) error {
	for _, p := range []struct {
		port int
		what string
	}{{c.port, "--port"}, {c.uiPort, "--ui-port"}} {
		if p.port == 0 {
			continue
		}
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort(c.ip, strconv.Itoa(p.port)))
		if err != nil {
			return fmt.Errorf("port %d is taken; choose another with %s", p.port, p.what)
		}
		_ = l.Close()
	}
	return nil
}

// freePort asks the system for a port for an inner service.
func freePort(ctx context.Context, ip string) (int, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort(ip, "0"))
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
