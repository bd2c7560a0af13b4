package main

import (
	"fmt"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/onecms/nextgen-workflow/db"
	"github.com/onecms/nextgen-workflow/migrations"
)

// databaseSetting is the one setting of the commands that only use PostgreSQL.
func databaseSetting(target *string) settings {
	return settings{{
		flag: "database-url", env: "DATABASE_URL", help: "PostgreSQL of the product; the login must own the schema",
		target: target, check: isPostgresURL, secret: true,
	}}
}

func migrateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "migrate", Short: "Change the database schema", Args: usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	var url string
	up := &cobra.Command{
		Use: "up", Short: "Bring the schema to the newest version", Args: usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return migrations.Up(cmd.Context(), url) },
	}
	down := &cobra.Command{
		Use: "down [STEPS]", Short: "Undo the newest STEPS migrations (default 1)", Args: usage(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			steps := 1
			if len(args) == 1 {
				var err error
				if steps, err = strconv.Atoi(args[0]); err != nil || steps < 1 {
					return usageError{fmt.Errorf("STEPS %q is not a whole number above 0", args[0])}
				}
			}
			return migrations.Down(cmd.Context(), url, steps)
		},
	}
	show := &cobra.Command{
		Use: "version", Short: "Print the version of the schema", Args: usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			v, dirty, err := migrations.Version(cmd.Context(), url)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%d", v)
			if dirty {
				fmt.Fprint(cmd.OutOrStdout(), " (dirty: the last migration failed half-way)")
			}
			fmt.Fprintln(cmd.OutOrStdout())
			return nil
		},
	}
	for _, c := range []*cobra.Command{up, down, show} {
		databaseSetting(&url).bind(c)
		cmd.AddCommand(c)
	}
	return cmd
}

func deployCommand() *cobra.Command {
	var url string
	var app string
	cmd := &cobra.Command{
		Use:   "deploy FILE…",
		Short: "Deploy BPMN files straight to the database",
		Args:  usage(cobra.MinimumNArgs(1)),
	}
	append(databaseSetting(&url), setting{
		flag: "business-app", env: "NEXTGEN_BUSINESS_APP", fallback: "onecms", help: "business application the processes belong to", target: &app,
	}).bind(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		store, err := db.Open(cmd.Context(), db.Config{URL: url, Role: "nextgen_worker", AppName: "nextgen-deploy"})
		if err != nil {
			return err
		}
		defer store.Close()
		for _, file := range args {
			source, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			if err := deploySource(cmd, store, file, source, app); err != nil {
				return err
			}
		}
		return nil
	}
	return cmd
}

func seedCommand() *cobra.Command {
	var url string
	cmd := &cobra.Command{
		Use:   "seed",
		Short: "Load the sample organisation and our own models; safe to repeat",
		Args:  usage(cobra.NoArgs),
	}
	databaseSetting(&url).bind(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		store, err := db.Open(cmd.Context(), db.Config{URL: url, Role: "nextgen_worker", AppName: "nextgen-seed"})
		if err != nil {
			return err
		}
		defer store.Close()
		return seed(cmd, store)
	}
	return cmd
}
