package api

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

var (
	queueLoad = prometheus.NewDesc("nextgen_queue_load", "Open tasks of a queue, as of the last count.", []string{"queue"}, nil)
	queueRoom = prometheus.NewDesc("nextgen_queue_capacity", "Open tasks that a queue takes before others relieve it.", []string{"queue"}, nil)
)

// queueCollector tells how full the queues are whenever it is asked.
type queueCollector struct {
	store loadStore
	log   *zap.Logger
}

type loadStore interface {
	QueueLoads(ctx context.Context) ([]casework.QueueLoad, error)
}

// Describe implements prometheus.Collector.
func (c queueCollector) Describe(descs chan<- *prometheus.Desc) {
	descs <- queueLoad
	descs <- queueRoom
}

// Collect implements prometheus.Collector. Without an answer of the database it tells nothing of the queues.
func (c queueCollector) Collect(metrics chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	loads, err := c.store.QueueLoads(ctx)
	if err != nil {
		c.log.Warn("queues cannot be measured", zap.Error(err))
		return
	}
	for _, l := range loads {
		metrics <- prometheus.MustNewConstMetric(queueLoad, prometheus.GaugeValue, float64(l.Load), l.QueueName)
		metrics <- prometheus.MustNewConstMetric(queueRoom, prometheus.GaugeValue, float64(l.Capacity), l.QueueName)
	}
}
