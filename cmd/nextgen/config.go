package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// setting binds a flag to an environment variable with a default. The flag wins over the variable.
type setting struct {
	flag, env, fallback, help string
	target                    *string
	check                     func(string) error // nil: anything but the empty text, unless the default is empty
	secret                    bool
}

// settings are the configuration of a command.
type settings []setting

// bind adds the flags to a command and resolves and checks the values before it runs. Every problem is reported at
// once; a secret's value is never part of a message.
func (ss settings) bind(cmd *cobra.Command) {
	for _, s := range ss {
		cmd.Flags().StringVar(s.target, s.flag, "", fmt.Sprintf("%s (env %s, default %q)", s.help, s.env, s.fallback))
	}
	cmd.PreRunE = func(cmd *cobra.Command, _ []string) error { return ss.resolve(cmd) }
}

func (ss settings) resolve(cmd *cobra.Command) error {
	var problems []error
	for _, s := range ss {
		from := "--" + s.flag
		if !cmd.Flags().Changed(s.flag) {
			*s.target = s.fallback
			if v, ok := os.LookupEnv(s.env); ok && v != "" {
				*s.target, from = v, s.env
			}
		}
		if *s.target == "" && s.fallback == "" && s.check == nil {
			continue
		}
		if err := s.validate(); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", from, err))
		}
	}
	if len(problems) > 0 {
		return usageError{fmt.Errorf("configuration:\n%w", errors.Join(problems...))}
	}
	return nil
}

func (s setting) validate() error {
	if s.check == nil {
		if *s.target == "" {
			return errors.New("must not be empty")
		}
		return nil
	}
	err := s.check(*s.target)
	if err != nil && !s.secret {
		return fmt.Errorf("%q %w", *s.target, err)
	}
	return err
}

func isAddress(v string) error {
	if _, _, err := net.SplitHostPort(v); err != nil {
		return errors.New("is not host:port")
	}
	return nil
}

func isOptionalAddress(v string) error {
	if v == "" {
		return nil
	}
	return isAddress(v)
}

// isPostgresURL does not repeat the URL: it holds a password.
func isPostgresURL(v string) error {
	if v == "" {
		return errors.New("a PostgreSQL URL is needed: postgres://user:password@host:5432/database")
	}
	u, err := url.Parse(v)
	if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") || u.Host == "" {
		return errors.New("is not a PostgreSQL URL: postgres://user:password@host:5432/database")
	}
	return nil
}

func isOptionalPostgresURL(v string) error {
	if v == "" {
		return nil
	}
	return isPostgresURL(v)
}

func isPort(v string) error {
	if n, err := strconv.Atoi(v); err != nil || n < 1 || n > 65535 {
		return errors.New("is not a port")
	}
	return nil
}

func isCount(v string) error {
	if n, err := strconv.Atoi(v); err != nil || n < 0 || n > 1_000_000 {
		return errors.New("is not a number from 0 to 1000000")
	}
	return nil
}

func isLevel(v string) error {
	if _, err := zapcore.ParseLevel(v); err != nil {
		return errors.New("is none of debug, info, warn, error")
	}
	return nil
}

func isNetworks(v string) error {
	for part := range strings.SplitSeq(v, ",") {
		if _, err := netip.ParsePrefix(strings.TrimSpace(part)); v != "" && err != nil {
			return errors.New("is not a list of networks such as 10.1.0.0/16")
		}
	}
	return nil
}

// networks reads what isNetworks has checked.
func networks(v string) (list []netip.Prefix) {
	for part := range strings.SplitSeq(v, ",") {
		if network, err := netip.ParsePrefix(strings.TrimSpace(part)); err == nil {
			list = append(list, network)
		}
	}
	return list
}

// newLog builds the process's logger. level has been checked.
func newLog(level string, development bool) (*zap.Logger, error) {
	cfg := zap.NewProductionConfig()
	if development {
		cfg = zap.NewDevelopmentConfig()
		cfg.DisableStacktrace = true
	}
	cfg.OutputPaths, cfg.ErrorOutputPaths = []string{"stderr"}, []string{"stderr"}
	l, err := zapcore.ParseLevel(level)
	if err != nil {
		return nil, err
	}
	cfg.Level = zap.NewAtomicLevelAt(l)
	return cfg.Build()
}
