package main

import (
	"time"

	dc "go.temporal.io/server/common/dynamicconfig"
)

const (
	// unlimited is a request rate no development machine reaches.
	unlimited = 1_000_000

	// namespaceRefresh is how soon every service sees a changed namespace.
	namespaceRefresh = time.Second

	// maxIDLength is the width of the identifier columns in PostgreSQL.
	maxIDLength = 255
)

// dynamicConfig returns the settings that differ from the server's defaults.
func dynamicConfig() dc.StaticClient {
	settings := dc.StaticClient{
		// One partition: tasks go straight to the pollers, in order.
		dc.MatchingNumTaskqueueReadPartitions.Key():  1,
		dc.MatchingNumTaskqueueWritePartitions.Key(): 1,

		dc.MaxIDLengthLimit.Key():                        maxIDLength,
		dc.ForceSearchAttributesCacheRefreshOnRead.Key(): true,
		dc.NamespaceCacheRefreshInterval.Key():           namespaceRefresh,

		// One host has one clock, so timers need no allowance for a second
		// one; the default makes short timers late by up to a second.
		dc.TimerProcessorMaxTimeShift.Key():           10 * time.Millisecond,
		dc.AcquireShardInterval.Key():                 5 * time.Second,
		dc.TaskSchedulerRateLimiterStartupDelay.Key(): time.Duration(0),

		// Queues that are held up look again soon.
		dc.TimerProcessorPollBackoffInterval.Key():      time.Second,
		dc.TransferProcessorPollBackoffInterval.Key():   time.Second,
		dc.VisibilityProcessorPollBackoffInterval.Key(): time.Second,

		// Memory of a small machine.
		dc.HistoryCacheHostLevelMaxSize.Key(): 16_384,

		// A laptop that slept looks like a deadlock; no goroutine dumps then.
		dc.DeadlockDumpGoroutines.Key(): false,

		// Nexus needs an HTTP port of its own, which nothing here uses.
		dc.EnableNexus.Key(): false,

		// No calls to the outside.
		dc.EnableServerVersionCheck.Key(): false,

		dc.FrontendMaxConcurrentLongRunningRequestsPerInstance.Key(): unlimited,
	}
	for _, key := range rateLimits() {
		settings[key] = unlimited
	}
	return settings
}

// rateLimits lists the rate limits to lift.
func rateLimits() []dc.Key {
	return []dc.Key{
		dc.FrontendRPS.Key(),
		dc.FrontendMaxNamespaceRPSPerInstance.Key(),
		dc.FrontendMaxNamespaceVisibilityRPSPerInstance.Key(),
		dc.FrontendNamespaceReplicationInducingAPIsRPS.Key(),
		dc.FrontendMaxNamespaceNamespaceReplicationInducingAPIsRPSPerInstance.Key(),
		dc.HistoryRPS.Key(),
		dc.MatchingRPS.Key(),
		dc.FrontendPersistenceMaxQPS.Key(),
		dc.FrontendPersistenceNamespaceMaxQPS.Key(),
		dc.HistoryPersistenceMaxQPS.Key(),
		dc.HistoryPersistenceNamespaceMaxQPS.Key(),
		dc.HistoryPersistencePerShardNamespaceMaxQPS.Key(),
		dc.MatchingPersistenceMaxQPS.Key(),
		dc.MatchingPersistenceNamespaceMaxQPS.Key(),
		dc.WorkerPersistenceMaxQPS.Key(),
		dc.WorkerPersistenceNamespaceMaxQPS.Key(),
		dc.VisibilityPersistenceMaxReadQPS.Key(),
		dc.VisibilityPersistenceMaxWriteQPS.Key(),
		dc.TaskSchedulerMaxQPS.Key(),
		dc.TaskSchedulerNamespaceMaxQPS.Key(),
		dc.TimerProcessorMaxPollRPS.Key(),
		dc.TransferProcessorMaxPollRPS.Key(),
		dc.VisibilityProcessorMaxPollRPS.Key(),
		dc.SchedulerNamespaceStartWorkflowRPS.Key(),
		dc.BatcherRPS.Key(),
	}
}
