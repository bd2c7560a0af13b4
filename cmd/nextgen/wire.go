package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.temporal.io/sdk/client"
	"go.uber.org/zap"

	"github.com/onecms/nextgen-workflow/activities"
	"github.com/onecms/nextgen-workflow/api"
	"github.com/onecms/nextgen-workflow/db"
	"github.com/onecms/nextgen-workflow/worker"
	"github.com/onecms/nextgen-workflow/workflows"
)

// The one place where the layers meet; these say that they fit.
var (
	_ activities.StepStore      = (*db.Store)(nil)
	_ workflows.SourceStore     = (*db.Store)(nil)
	_ worker.Outbox             = (*db.Store)(nil)
	_ worker.Sender             = (*workflows.Client)(nil)
	_ worker.Housekeeping       = (*db.Store)(nil)
	_ worker.QueueStore         = (*db.Store)(nil)
	_ worker.MailBox            = (*db.Store)(nil)
	_ worker.TimerStarts        = (*db.Store)(nil)
	_ activities.TimerStore     = (*db.Store)(nil)
	_ activities.ReconcileStore = (*db.Store)(nil)
	_ activities.Runs           = (*workflows.Client)(nil)
	_ api.Engine                = (*workflows.Client)(nil)
	_ api.Store                 = (*db.Store)(nil)
)

// temporalConfig says where Temporal is.
type temporalConfig struct {
	address, namespace, uiURL string
}

func (c *temporalConfig) settings() settings {
	return settings{
		{flag: "temporal-address", env: "TEMPORAL_ADDRESS", fallback: "127.0.0.1:7233", help: "Temporal frontend", target: &c.address, check: isAddress},
		{flag: "temporal-namespace", env: "TEMPORAL_NAMESPACE", fallback: "default", help: "Temporal namespace", target: &c.namespace},
		{flag: "temporal-ui-url", env: "TEMPORAL_UI_URL", fallback: "http://127.0.0.1:8233", help: "Temporal Web UI, for links", target: &c.uiURL},
	}
}

// dialTemporal connects, trying again until ctx ends: at a start of everything Temporal may come up last.
func dialTemporal(ctx context.Context, c temporalConfig, log *zap.Logger) (client.Client, error) {
	pause := time.NewTicker(time.Second)
	defer pause.Stop()
	for {
		try, cancel := context.WithTimeout(ctx, 5*time.Second)
		conn, err := client.DialContext(try, client.Options{
			HostPort: c.address, Namespace: c.namespace, Logger: worker.SDKLogger(log), Identity: "nextgen",
			// Messages are small: compressing them costs both sides more than sending them.
			ConnectionOptions: client.ConnectionOptions{GrpcCompression: &client.GrpcCompressionNone{}},
		})
		cancel()
		if err == nil {
			return conn, nil
		}
		log.Warn("Temporal is not there yet", zap.String("address", c.address), zap.Error(err))
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("connect to Temporal at %s: %w", c.address, err)
		case <-pause.C:
		}
	}
}

// workerSide is a running worker with its relay.
type workerSide struct {
	worker   *worker.Worker
	services worker.Services
	relay    sync.WaitGroup // relay, announcer, maintenance, schedules, mailer
	cancel   context.CancelFunc
}

// workerParts is what a worker runs with.
type workerParts struct {
	store     *db.Store
	waiters   *db.StepHub // those in the same process that hear of steps; nil if there are none
	conn      client.Client
	namespace string
	services  worker.Services
	log       *zap.Logger
}

// startWorker starts the worker.
func startWorker(ctx context.Context, p workerParts) (*workerSide, error) {
	if err := registerSearchAttributes(ctx, p.conn, p.namespace, p.log); err != nil {
		return nil, err
	}
	announcer := db.NewAnnouncer(p.store, p.waiters, p.log)
	sender := workflows.NewClient(p.conn, p.namespace)
	w, err := worker.New(worker.Deps{
		Client: p.conn, Programs: workflows.NewLibrary(p.store), Steps: p.store, Sender: sender, Timers: p.store, Values: p.store,
		Rows: p.store, Runs: sender, Services: p.services, Log: p.log,
	}, worker.Config{})
	if err != nil {
		return nil, err
	}
	if err := w.Start(); err != nil {
		return nil, err
	}
	relayCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	side := &workerSide{worker: w, services: p.services, cancel: cancel}
	side.relay.Go(func() { announcer.Run(relayCtx) })
	side.relay.Go(func() { worker.NewMaintenance(p.store, p.log).Run(relayCtx) })
	side.relay.Go(func() { worker.NewPusher(p.store, p.log).Run(relayCtx) })
	side.relay.Go(func() { worker.NewSchedules(p.store, p.conn.ScheduleClient(), p.log).Run(relayCtx) })
	if p.services.Mail != nil && p.services.Mail.Configured() {
		side.relay.Go(func() { worker.NewMailer(p.store, p.services.Mail, p.log).Run(relayCtx) })
	}
	side.relay.Go(func() { worker.KeepReconciler(relayCtx, p.conn.ScheduleClient(), p.log) })
	relay := worker.NewRelay(p.store, sender, p.log, worker.RelayConfig{})
	side.relay.Go(func() { relay.Run(relayCtx) })
	return side, nil
}

func (s *workerSide) stop() {
	s.worker.Stop()
	s.services.Close()
	s.cancel()
	s.relay.Wait()
}

// ignoreCancel turns the end that was asked for into success.
func ignoreCancel(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// registerSearchAttributes tries for a minute: a namespace that was just made is not known to every service at once.
func registerSearchAttributes(ctx context.Context, conn client.Client, namespace string, log *zap.Logger) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	pause := time.NewTicker(500 * time.Millisecond)
	defer pause.Stop()
	for {
		err := workflows.RegisterSearchAttributes(ctx, conn, namespace)
		if err == nil {
			return nil
		}
		log.Warn("search attributes not registered yet", zap.String("namespace", namespace), zap.Error(err))
		select {
		case <-ctx.Done():
			return err
		case <-pause.C:
		}
	}
}
