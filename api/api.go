// Package api is the HTTP door of the product (openapi.yaml is its contract). It knows neither Temporal nor SQL: it
// declares what it needs of them.
package api

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/gin-gonic/gin"
	"go.uber.org/zap"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

// Config tunes the server. Address is required; the zero value of the rest is ready to use.
type Config struct {
	Address string // host:port to listen on
	// TrustUserHeaderFrom are the networks whose requests may say in X-User-Id who calls: an authenticating proxy, or this
	// machine in development. Empty trusts nobody.
	TrustUserHeaderFrom []netip.Prefix
	TemporalUIURL       string        // base of links to runs; empty gives none
	TemporalNamespace   string        // of the links
	RequestTimeout      time.Duration // for one request, waiting included; default 60s
	StopTimeout         time.Duration // for running requests when stopping; default 10s
	DefaultWait         time.Duration // for the next tasks, where the request does not say; default 1s
}

func (c Config) withDefaults() Config {
	if c.RequestTimeout == 0 {
		c.RequestTimeout = 60 * time.Second
	}
	if c.StopTimeout == 0 {
		c.StopTimeout = 10 * time.Second
	}
	if c.DefaultWait == 0 {
		c.DefaultWait = time.Second
	}
	return c
}

// Engine carries what PostgreSQL has accepted to Temporal. A failure loses nothing: a relay sends it again.
type Engine interface {
	Deliver(ctx context.Context, d casework.Delivery) error
}

// Steps lets a request wait for a case to go on.
type Steps interface {
	// Watch returns a channel that receives after steps of an instance, and a function that ends the watch.
	Watch(w casework.Waiting) (<-chan casework.StepNews, func())
}

// Health tells how the things the API needs are.
type Health interface {
	Ready(ctx context.Context) []ComponentStatus
}

// ComponentStatus is the state of one dependency.
type ComponentStatus struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail,omitempty"`
}

// Deps are what the handlers use; all are required.
type Deps struct {
	Store  Store
	Engine Engine
	Steps  Steps
	Health Health
}

// Server is the HTTP API.
type Server struct {
	cfg     Config
	deps    Deps
	log     *zap.Logger
	callers *callerCache
	metrics *metrics
	handler http.Handler
}

// New builds a server. It does not listen before Run.
func New(cfg Config, deps Deps, log *zap.Logger) (*Server, error) {
	if deps.Store == nil || deps.Engine == nil || deps.Steps == nil || deps.Health == nil || log == nil {
		return nil, errors.New("api: a dependency is missing")
	}
	s := &Server{cfg: cfg.withDefaults(), deps: deps, log: log.Named("api"), metrics: newMetrics()}
	s.metrics.registry.MustRegister(queueCollector{store: deps.Store, log: s.log})
	s.callers = &callerCache{store: deps.Store, known: map[string]time.Time{}}
	gin.SetMode(gin.ReleaseMode)
	handler, err := s.router()
	if err != nil {
		return nil, err
	}
	s.handler = handler
	return s, nil
}

// Handler returns the whole API, for tests and for embedding.
func (s *Server) Handler() http.Handler { return s.handler }

// Run serves until ctx ends, then lets running requests finish.
func (s *Server) Run(ctx context.Context) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.cfg.Address)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	server := &http.Server{
		Handler: s.handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second,
		WriteTimeout: s.cfg.RequestTimeout + 5*time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	s.log.Info("api serves", zap.String("address", listener.Addr().String()))
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cfg.StopTimeout)
	defer cancel()
	if err := server.Shutdown(stop); err != nil {
		return fmt.Errorf("stop: %w", err)
	}
	return nil
}
