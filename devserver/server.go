package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"go.temporal.io/server/common/authorization"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/temporal"
)

// stopTimeout bounds the stop; a stop that takes longer is cut off, which is
// no harm because the database is always consistent.
const stopTimeout = 8 * time.Second

// run starts everything, calls ready once and blocks until ctx ends or a part
// fails. It returns nil when it was asked to stop, also in the middle of the
// start.
func run(ctx context.Context, o *options, ready func(readyLine) error) error {
	err := serve(ctx, o, ready)
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// serve is run without the distinction between a failure and a stop.
func serve(ctx context.Context, o *options, ready func(readyLine) error) error {
	logger, quiet := newLogger(o.LogLevel)
	if err := checkPorts(ctx, o); err != nil {
		return err
	}
	db, err := newDatabase(o.PostgresURL)
	if err != nil {
		return err
	}
	if err := db.createMissing(ctx, o.Database, o.VisibilityDatabase); err != nil {
		return err
	}
	held, err := takeLock(ctx, db, o.Database)
	if err != nil {
		return err
	}
	defer held.release()
	if err := setUpSchemas(ctx, db, o, logger); err != nil {
		return err
	}

	server, err := startTemporal(ctx, o, db, logger)
	if err != nil {
		return err
	}
	defer func() {
		quiet()
		stopTemporal(server)
	}()
	stopUI, err := startUI(ctx, o)
	if err != nil {
		return err
	}
	defer stopUI()
	if err := prepareNamespace(ctx, o); err != nil {
		return err
	}
	if err := ready(readyLine{Address: o.address(), UIURL: o.uiURL(), Namespace: o.Namespace}); err != nil {
		return fmt.Errorf("write the ready line: %w", err)
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-held.lost:
		return err
	}
}

// startTemporal starts the four services of the server. When ctx ends first it
// returns without waiting for them: the process is about to exit.
func startTemporal(ctx context.Context, o *options, db *database, logger log.Logger) (temporal.Server, error) {
	ports, err := choosePorts(ctx, o)
	if err != nil {
		return nil, err
	}
	server, err := temporal.NewServer(
		temporal.WithConfig(serverConfig(o, db, ports)),
		temporal.ForServices(temporal.DefaultServices),
		temporal.WithStaticHosts(ports.staticHosts(o)),
		temporal.WithLogger(logger),
		temporal.WithAuthorizer(authorization.NewNoopAuthorizer()),
		temporal.WithClaimMapper(func(*config.Config) authorization.ClaimMapper {
			return authorization.NewNoopClaimMapper()
		}),
		temporal.WithDynamicConfigClient(dynamicConfig()),
	)
	if err != nil {
		return nil, fmt.Errorf("configure the Temporal server: %w", err)
	}
	started := make(chan error, 1)
	go func() { started <- server.Start() }()
	select {
	case err := <-started:
		if err != nil {
			return nil, fmt.Errorf("start the Temporal server: %w", err)
		}
		return server, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("start the Temporal server: %w", ctx.Err())
	}
}

// stopTemporal stops the services, but waits no longer than stopTimeout.
func stopTemporal(server temporal.Server) {
	stopped := make(chan error, 1)
	go func() { stopped <- server.Stop() }()
	timer := time.NewTimer(stopTimeout)
	defer timer.Stop()
	select {
	case err := <-stopped:
		if err != nil {
			fmt.Fprintln(os.Stderr, "nextgen-temporal: stop the Temporal server:", err)
		}
	case <-timer.C:
		fmt.Fprintln(os.Stderr, "nextgen-temporal: the Temporal server did not stop in time and is cut off")
	}
}
