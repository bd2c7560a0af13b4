package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	uiserver "github.com/temporalio/ui-server/v2/server"
	uiconfig "github.com/temporalio/ui-server/v2/server/config"
	uioptions "github.com/temporalio/ui-server/v2/server/server_options"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/server/common/authorization"
	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/dynamicconfig"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/membership/static"
	"go.temporal.io/server/common/primitives"
	"go.temporal.io/server/temporal"
	"google.golang.org/protobuf/types/known/durationpb"
)

func newLogger(level string) log.Logger {
	return log.NewZapLogger(log.BuildZapLogger(log.Config{Stdout: false, Level: level, Format: "console"}))
}

// startServer starts the four services of a Temporal server in this process.
func startServer(ctx context.Context, cfg settings, logger log.Logger) (temporal.Server, error) {
	serverConfig, hosts, err := topology(ctx, cfg)
	if err != nil {
		return nil, err
	}
	authorizer, err := authorization.GetAuthorizerFromConfig(&serverConfig.Global.Authorization)
	if err != nil {
		return nil, fmt.Errorf("authorizer: %w", err)
	}
	server, err := temporal.NewServer(
		temporal.WithConfig(serverConfig), temporal.ForServices(temporal.DefaultServices), temporal.WithStaticHosts(hosts),
		temporal.WithLogger(logger), temporal.WithDynamicConfigClient(tuning()), temporal.WithAuthorizer(authorizer),
	)
	if err != nil {
		return nil, fmt.Errorf("build server: %w", err)
	}
	started := make(chan error, 1)
	go func() { started <- server.Start() }()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case err := <-started:
		if err != nil {
			return nil, fmt.Errorf("start server: %w", err)
		}
	}
	return server, nil
}

// topology describes one host per service, all of them here. Inner ports are whatever is free.
func topology(ctx context.Context, cfg settings) (*config.Config, map[primitives.ServiceName]static.Hosts, error) {
	services := map[string]config.Service{}
	hosts := map[primitives.ServiceName]static.Hosts{}
	for _, name := range []primitives.ServiceName{primitives.FrontendService, primitives.HistoryService, primitives.MatchingService, primitives.WorkerService} {
		port := cfg.port
		if name != primitives.FrontendService {
			var err error
			if port, err = freePort(ctx, cfg.ip); err != nil {
				return nil, nil, err
			}
		}
		services[string(name)] = config.Service{RPC: config.RPC{GRPCPort: port, BindOnIP: cfg.ip}}
		hosts[name] = static.SingleLocalHost(net.JoinHostPort(cfg.ip, strconv.Itoa(port)))
	}
	return &config.Config{
		Global: config.Global{Membership: config.Membership{MaxJoinDuration: 30 * time.Second, BroadcastAddress: cfg.ip}},
		Persistence: config.Persistence{
			DefaultStore: "default", VisibilityStore: "visibility", NumHistoryShards: int32(cfg.shards),
			DataStores: map[string]config.DataStore{
				"default": {SQL: sqlConfig(cfg, cfg.database)}, "visibility": {SQL: sqlConfig(cfg, cfg.visibility)},
			},
		},
		ClusterMetadata: &cluster.Config{
			FailoverVersionIncrement: 10, MasterClusterName: "active", CurrentClusterName: "active",
			ClusterInformation: map[string]cluster.ClusterInformation{
				"active": {Enabled: true, InitialFailoverVersion: 1, RPCAddress: cfg.address()},
			},
		},
		DCRedirectionPolicy: config.DCRedirectionPolicy{Policy: "noop"},
		Services:            services,
		Archival: config.Archival{
			History: config.HistoryArchival{State: "disabled"}, Visibility: config.VisibilityArchival{State: "disabled"},
		},
		NamespaceDefaults: config.NamespaceDefaults{Archival: config.ArchivalNamespaceDefaults{
			History: config.HistoryArchivalNamespaceDefaults{State: "disabled"}, Visibility: config.VisibilityArchivalNamespaceDefaults{State: "disabled"},
		}},
		PublicClient: config.PublicClient{HostPort: cfg.address()},
	}, hosts, nil
}

// tuning is for one small machine with one trusted client: no rate limits in the way, one partition per task queue.
func tuning() dynamicconfig.Client {
	const plenty = 1_000_000
	values := dynamicconfig.StaticClient{}
	for name, value := range map[string]any{
		"matching.numTaskqueueWritePartitions":           1,
		"matching.numTaskqueueReadPartitions":            1,
		"limit.maxIDLength":                              255, // what the columns hold
		"system.forceSearchAttributesCacheRefreshOnRead": true,
		"history.timerProcessorMaxTimeShift":             time.Second,
	} {
		values[dynamicconfig.MakeKey(name)] = value
	}
	for _, limit := range []string{
		"frontend.rps", "frontend.namespaceRPS", "frontend.namespaceRPS.visibility", "frontend.namespaceCount",
		"frontend.persistenceMaxQPS", "frontend.persistenceNamespaceMaxQPS", "history.rps", "history.persistenceMaxQPS",
		"history.persistenceNamespaceMaxQPS", "matching.rps", "matching.persistenceMaxQPS", "matching.persistenceNamespaceMaxQPS",
		"system.visibilityPersistenceMaxReadQPS", "system.visibilityPersistenceMaxWriteQPS",
		"history.transferProcessorMaxPollHostRPS", "history.timerProcessorMaxPollHostRPS", "history.visibilityProcessorMaxPollHostRPS",
	} {
		values[dynamicconfig.MakeKey(limit)] = plenty
	}
	return values
}

// ensureNamespace registers the namespace if it is missing and waits until the server serves it.
func ensureNamespace(ctx context.Context, cfg settings) error {
	namespaces, err := client.NewNamespaceClient(client.Options{HostPort: cfg.address(), Logger: quiet{}})
	if err != nil {
		return fmt.Errorf("connect to the server: %w", err)
	}
	defer namespaces.Close()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	retry := time.NewTicker(50 * time.Millisecond)
	defer retry.Stop()
	for {
		err := registerNamespace(ctx, namespaces, cfg)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("namespace %s: %w", cfg.namespace, err)
		case <-retry.C:
		}
	}
}

func registerNamespace(ctx context.Context, namespaces client.NamespaceClient, cfg settings) error {
	found, err := namespaces.Describe(ctx, cfg.namespace)
	if err == nil && found.GetNamespaceInfo().GetState() == enumspb.NAMESPACE_STATE_REGISTERED {
		return served(ctx, cfg)
	}
	var missing *serviceerror.NamespaceNotFound
	if !errors.As(err, &missing) {
		return err
	}
	err = namespaces.Register(ctx, &workflowservice.RegisterNamespaceRequest{
		Namespace: cfg.namespace, WorkflowExecutionRetentionPeriod: durationpb.New(cfg.retention),
		HistoryArchivalState: enumspb.ARCHIVAL_STATE_DISABLED, VisibilityArchivalState: enumspb.ARCHIVAL_STATE_DISABLED,
	})
	if err != nil {
		return err
	}
	return served(ctx, cfg)
}

// served asks for something that needs the namespace in the services' caches, which learn of it a moment later.
func served(ctx context.Context, cfg settings) error {
	c, err := client.DialContext(ctx, client.Options{HostPort: cfg.address(), Namespace: cfg.namespace, Logger: quiet{}})
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = c.OperatorService().ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: cfg.namespace})
	return err
}

// quiet drops the client's log: what fails is tried again, and the last failure is reported.
type quiet struct{}

func (quiet) Debug(string, ...any) {}
func (quiet) Info(string, ...any)  {}
func (quiet) Warn(string, ...any)  {}
func (quiet) Error(string, ...any) {}

// startUI serves the Web UI. It fetches nothing from outside.
func startUI(cfg settings) *uiserver.Server {
	ui := uiserver.NewServer(uioptions.WithConfigProvider(&uiconfig.Config{
		TemporalGRPCAddress: cfg.address(), Host: cfg.ip, Port: cfg.uiPort, EnableUI: true, HideLogs: true,
		DefaultNamespace: cfg.namespace, NotifyOnNewVersion: false,
		CORS: uiconfig.CORS{CookieInsecure: true},
	}))
	go func() { _ = ui.Start() }()
	return ui
}

// stopWithin stops the server, but does not wait for longer than that: everything is in PostgreSQL.
func stopWithin(limit time.Duration, server temporal.Server) {
	stopped := make(chan struct{})
	go func() {
		_ = server.Stop()
		close(stopped)
	}()
	select {
	case <-stopped:
	case <-time.After(limit):
	}
}
