package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/onecms/nextgen-workflow/api"
	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/bpmn/models"
	"github.com/onecms/nextgen-workflow/db"
	"github.com/onecms/nextgen-workflow/internal/casework"
	"github.com/onecms/nextgen-workflow/internal/sample"
)

// deploySource deploys one file and prints what became of it; findings go to stderr like a compiler's.
func deploySource(cmd *cobra.Command, store *db.Store, file string, source []byte, app string) error {
	_, findings := bpmn.Compile(source)
	if err := bpmn.WriteDiagnostics(cmd.ErrOrStderr(), file, findings); err != nil {
		return err
	}
	if findings.HasErrors() {
		return fmt.Errorf("%s: %w", file, errFindings)
	}
	defs, err := deployTo(cmd.Context(), store, source, app)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	for _, d := range defs {
		fmt.Fprintf(cmd.OutOrStdout(), "%s: %s version %d, sha256 %s\n", file, d.ProcessKey, d.Version, d.SHA256)
	}
	return nil
}

func deployTo(ctx context.Context, store *db.Store, source []byte, app string) ([]casework.Definition, error) {
	deployments, err := api.Compile(source, app)
	if err != nil {
		return nil, err
	}
	return store.DeployAsSystem(ctx, deployments)
}

// seed loads the sample organisation and deploys the models of the product.
func seed(cmd *cobra.Command, store *db.Store) error {
	if err := loadInto(cmd.Context(), store); err != nil {
		return err
	}
	fmt.Fprintln(cmd.OutOrStdout(), "the sample organisation and the models are there")
	return nil
}

func loadSample(ctx context.Context, databaseURL string) error {
	store, err := db.Open(ctx, db.Config{URL: databaseURL, Role: "nextgen_worker", AppName: "nextgen-seed"})
	if err != nil {
		return err
	}
	defer store.Close()
	return loadInto(ctx, store)
}

func loadInto(ctx context.Context, store *db.Store) error {
	org, err := sample.OneCMS()
	if err != nil {
		return err
	}
	if err := store.Seed(ctx, org); err != nil {
		return err
	}
	own, err := models.All()
	if err != nil {
		return err
	}
	for _, m := range own {
		if _, err := deployTo(ctx, store, m.XML, "onecms"); err != nil {
			return fmt.Errorf("deploy %s: %w", m.Name, err)
		}
	}
	return nil
}
