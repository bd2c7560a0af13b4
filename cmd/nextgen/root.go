package main

import (
	"errors"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// usageError is a wrong command line or configuration.
type usageError struct{ err error }

func (u usageError) Error() string { return u.err.Error() }
func (u usageError) Unwrap() error { return u.err }

func isUsage(err error) bool {
	var u usageError
	return errors.As(err, &u) || strings.HasPrefix(err.Error(), "unknown ")
}

func rootCommand(stdout, stderr io.Writer) *cobra.Command {
	root := &cobra.Command{
		Use:   "nextgen",
		Short: "Case work on BPMN, Temporal and PostgreSQL",
		Long: `NextGen Workflow runs BPMN 2.0 processes as durable Temporal workflows for case work.

Every flag can also be set by an environment variable, which is named with it; a flag wins.`,
		Version:       version,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(devCommand(), apiCommand(), workerCommand(), migrateCommand(), deployCommand(),
		lintCommand(), seedCommand(), healthCommand(), scriptsCommand())
	return root
}

// usage makes wrong arguments a usage error.
func usage(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usageError{err}
		}
		return nil
	}
}
