package main

import (
	"context"
	"net"
	"strconv"
	"time"

	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/membership/static"
	"go.temporal.io/server/common/persistence/sql/sqlplugin/postgresql"
	"go.temporal.io/server/common/primitives"
)

const (
	clusterName = "active"
	loopback    = "127.0.0.1"

	mainStore       = "main"
	visibilityStore = "visibility"

	// Each of the four services has a pool of its own for each store. The sum
	// leaves room for others in PostgreSQL's default of 100 connections.
	mainConnections       = 10
	visibilityConnections = 3
)

// servicePorts are the gRPC ports of the four services.
type servicePorts map[primitives.ServiceName]int

// choosePorts takes the frontend's port from the options and free ports for
// the services that only this process talks to.
func choosePorts(ctx context.Context, o *options) (servicePorts, error) {
	free, err := freePorts(ctx, 3, o.Port, o.UIPort)
	if err != nil {
		return nil, err
	}
	return servicePorts{
		primitives.FrontendService: o.Port,
		primitives.HistoryService:  free[0],
		primitives.MatchingService: free[1],
		primitives.WorkerService:   free[2],
	}, nil
}

// staticHosts tells every service where the others are. With it the server
// needs no membership ring and never stores its ports.
func (p servicePorts) staticHosts(o *options) map[primitives.ServiceName]static.Hosts {
	hosts := make(map[primitives.ServiceName]static.Hosts, len(p))
	for service, port := range p {
		host := net.JoinHostPort(loopback, strconv.Itoa(port))
		if service == primitives.FrontendService {
			host = o.address()
		}
		hosts[service] = static.SingleLocalHost(host)
	}
	return hosts
}

// services returns the listening addresses.
func (p servicePorts) services(o *options) map[string]config.Service {
	services := make(map[string]config.Service, len(p))
	for service, port := range p {
		rpc := config.RPC{GRPCPort: port, BindOnIP: loopback}
		if service == primitives.FrontendService {
			rpc.BindOnIP = o.IP
		}
		services[string(service)] = config.Service{RPC: rpc}
	}
	return services
}

// serverConfig is the configuration of the Temporal server.
func serverConfig(o *options, db *database, ports servicePorts) *config.Config {
	return &config.Config{
		Global: config.Global{
			Membership: config.Membership{MaxJoinDuration: 30 * time.Second, BroadcastAddress: loopback},
		},
		Persistence: config.Persistence{
			DefaultStore:     mainStore,
			VisibilityStore:  visibilityStore,
			NumHistoryShards: int32(o.Shards),
			DataStores: map[string]config.DataStore{
				mainStore:       {SQL: storeConfig(db, o.Database, mainConnections)},
				visibilityStore: {SQL: storeConfig(db, o.VisibilityDatabase, visibilityConnections)},
			},
		},
		ClusterMetadata: &cluster.Config{
			FailoverVersionIncrement: 10,
			MasterClusterName:        clusterName,
			CurrentClusterName:       clusterName,
			ClusterInformation: map[string]cluster.ClusterInformation{
				clusterName: {Enabled: true, InitialFailoverVersion: 1, RPCAddress: o.address()},
			},
		},
		DCRedirectionPolicy: config.DCRedirectionPolicy{Policy: "noop"},
		Services:            ports.services(o),
		PublicClient:        config.PublicClient{HostPort: o.address()},
		Archival: config.Archival{
			History:    config.HistoryArchival{State: "disabled"},
			Visibility: config.VisibilityArchival{State: "disabled"},
		},
		NamespaceDefaults: config.NamespaceDefaults{
			Archival: config.ArchivalNamespaceDefaults{
				History:    config.HistoryArchivalNamespaceDefaults{State: "disabled"},
				Visibility: config.VisibilityArchivalNamespaceDefaults{State: "disabled"},
			},
		},
	}
}

// storeConfig describes one database. The connection itself comes from the
// connect function; host and login are never part of the configuration, which
// the server may log.
func storeConfig(db *database, name string, connections int) *config.SQL {
	return &config.SQL{
		Connect:         db.temporalPool,
		PluginName:      postgresql.PluginNamePGX,
		DatabaseName:    name,
		ConnectAddr:     net.JoinHostPort(db.base.Host, strconv.Itoa(int(db.base.Port))),
		ConnectProtocol: "tcp",
		MaxConns:        connections,
		MaxIdleConns:    connections,
		MaxConnLifetime: time.Hour,
	}
}
