package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"go.temporal.io/sdk/client"
	sdk "go.temporal.io/sdk/worker"
	"go.uber.org/zap"

	"github.com/onecms/nextgen-workflow/api"
	"github.com/onecms/nextgen-workflow/db"
	"github.com/onecms/nextgen-workflow/workflows"
)

func apiCommand() *cobra.Command {
	var databaseURL, address, trusted, level string
	var temporal temporalConfig
	cmd := &cobra.Command{
		Use:   "api",
		Short: "Serve the HTTP API",
		Args:  usage(cobra.NoArgs),
	}
	append(settings{
		{flag: "database-url", env: "DATABASE_URL", help: "PostgreSQL of the product; the login must be able to SET ROLE nextgen_api", target: &databaseURL, check: isPostgresURL, secret: true},
		{flag: "http-address", env: "NEXTGEN_HTTP_ADDRESS", fallback: "127.0.0.1:8080", help: "address to listen on", target: &address, check: isAddress},
		{flag: "trust-user-header-from", env: "NEXTGEN_TRUST_USER_HEADER_FROM", help: "networks, with commas between, whose requests may say in X-User-Id who calls: an authenticating proxy", target: &trusted, check: isNetworks},
		{flag: "log-level", env: "NEXTGEN_LOG_LEVEL", fallback: "info", help: "debug, info, warn or error", target: &level, check: isLevel},
	}, temporal.settings()...).bind(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		log, err := newLog(level, false)
		if err != nil {
			return err
		}
		conn, err := dialTemporal(cmd.Context(), temporal, log)
		if err != nil {
			return err
		}
		defer conn.Close()
		store, err := db.Open(cmd.Context(), db.Config{URL: databaseURL, Role: "nextgen_api", AppName: "nextgen-api"})
		if err != nil {
			return err
		}
		defer store.Close()
		return ignoreCancel(serveAPI(cmd.Context(), apiSide{
			store: store, hub: db.NewStepHub(store, log), conn: conn, temporal: temporal, address: address, trusted: networks(trusted), log: log,
		}))
	}
	return cmd
}

// apiSide is what the HTTP side runs with.
type apiSide struct {
	store    *db.Store
	hub      *db.StepHub
	conn     client.Client
	temporal temporalConfig
	address  string
	trusted  []netip.Prefix // networks that may say who calls
	log      *zap.Logger
}

// serveAPI serves until ctx ends and then stops gracefully.
func serveAPI(ctx context.Context, s apiSide) error {
	hubCtx, stopHub := context.WithCancel(context.WithoutCancel(ctx))
	defer stopHub()
	go s.hub.Run(hubCtx)
	server, err := api.New(api.Config{
		Address: s.address, TrustUserHeaderFrom: s.trusted,
		TemporalUIURL: s.temporal.uiURL, TemporalNamespace: s.temporal.namespace,
	}, api.Deps{
		Store: s.store, Engine: workflows.NewClient(s.conn, s.temporal.namespace), Steps: s.hub, Health: readiness{s.store, s.conn},
	}, s.log)
	if err != nil {
		return err
	}
	return server.Run(ctx)
}

// readiness tells whether what the API needs answers.
type readiness struct {
	store *db.Store
	conn  client.Client
}

// Ready implements api.Health.
func (r readiness) Ready(ctx context.Context) []api.ComponentStatus {
	return []api.ComponentStatus{
		component("postgresql", r.store.Ping(ctx)),
		component("temporal", func() error {
			_, err := r.conn.CheckHealth(ctx, &client.CheckHealthRequest{})
			return err
		}()),
	}
}

func component(name string, err error) api.ComponentStatus {
	if err != nil {
		return api.ComponentStatus{Name: name, Detail: "does not answer"}
	}
	return api.ComponentStatus{Name: name, OK: true}
}

func workerCommand() *cobra.Command {
	var databaseURL, level, health, cache string
	var temporal temporalConfig
	var services servicesConfig
	cmd := &cobra.Command{
		Use:   "worker",
		Short: "Run cases: the Temporal worker and the outbox relay",
		Args:  usage(cobra.NoArgs),
	}
	slices.Concat(settings{
		{flag: "database-url", env: "DATABASE_URL", help: "PostgreSQL of the product; the login must be able to SET ROLE nextgen_worker", target: &databaseURL, check: isPostgresURL, secret: true},
		{flag: "health-address", env: "NEXTGEN_HEALTH_ADDRESS", help: "address of /healthz; empty serves none", target: &health, check: isOptionalAddress},
		{flag: "workflow-cache", env: "NEXTGEN_WORKFLOW_CACHE", fallback: "10000", help: "cases kept in memory between their workflow tasks; with 0 every task replays the history", target: &cache, check: isCount},
		{flag: "log-level", env: "NEXTGEN_LOG_LEVEL", fallback: "info", help: "debug, info, warn or error", target: &level, check: isLevel},
	}, temporal.settings(), services.settings()).bind(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		ctx := cmd.Context()
		built, err := services.build()
		if err != nil {
			return err
		}
		log, err := newLog(level, false)
		if err != nil {
			return err
		}
		conn, err := dialTemporal(ctx, temporal, log)
		if err != nil {
			return err
		}
		defer conn.Close()
		store, err := db.Open(ctx, db.Config{URL: databaseURL, Role: "nextgen_worker", AppName: "nextgen-worker"})
		if err != nil {
			return err
		}
		defer store.Close()
		size, err := strconv.Atoi(cache)
		if err != nil {
			return err
		}
		sdk.SetStickyWorkflowCacheSize(size) // of the process, before any worker starts
		side, err := startWorker(ctx, workerParts{store: store, conn: conn, namespace: temporal.namespace, services: built, log: log})
		if err != nil {
			return err
		}
		defer side.stop()
		log.Info("worker runs", zap.String("taskQueue", workflows.TaskQueue))
		return ignoreCancel(serveHealth(ctx, health, readiness{store, conn}))
	}
	return cmd
}

// serveHealth answers /healthz until ctx ends; without an address it only waits.
func serveHealth(ctx context.Context, address string, r readiness) error {
	if address == "" {
		<-ctx.Done()
		return nil
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, req *http.Request) {
		for _, c := range r.Ready(req.Context()) {
			if !c.OK {
				http.Error(w, c.Name+" "+c.Detail, http.StatusServiceUnavailable)
				return
			}
		}
		fmt.Fprintln(w, "ok")
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("health address: %w", err)
	}
	go func() {
		<-ctx.Done()
		_ = server.Close()
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func healthCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "health URL",
		Short: "Ask a health address; for container health checks",
		Args:  usage(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), 5*time.Second)
			defer cancel()
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, args[0], nil)
			if err != nil {
				return usageError{err}
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				return err
			}
			defer resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				return fmt.Errorf("%s answers %s", args[0], resp.Status)
			}
			return nil
		},
	}
}
