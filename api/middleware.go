package api

import (
	"context"
	"net/http"
	"net/netip"
	"regexp"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	"go.uber.org/zap"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

const (
	requestIDKey = "requestId"
	callerKey    = "caller"
)

var requestIDPattern = regexp.MustCompile(`^[A-Za-z0-9._-]{1,100}$`)

// requestID takes the client's X-Request-Id, or makes one, and answers with it.
func (s *Server) requestID(c *gin.Context) {
	id := c.GetHeader("X-Request-Id")
	if !requestIDPattern.MatchString(id) {
		id = uuid.NewString()
	}
	c.Set(requestIDKey, id)
	c.Header("X-Request-Id", id)
}

func requestIDOf(c *gin.Context) string { return c.GetString(requestIDKey) }

// observe logs and measures every request once. Bodies and queries are not logged: they hold case data.
func (s *Server) observe(c *gin.Context) {
	start := time.Now()
	c.Next()
	took, status := time.Since(start), c.Writer.Status()
	route := c.FullPath()
	if route == "" {
		route = "none"
	}
	s.metrics.observe(c.Request.Method, route, status, took)
	s.log.Debug("request", zap.String("requestId", requestIDOf(c)), zap.String("method", c.Request.Method), zap.String("route", route),
		zap.Int("status", status), zap.Duration("took", took), zap.String("caller", callerOf(c)))
}

func (s *Server) recoverPanic(c *gin.Context) {
	defer func() {
		if r := recover(); r != nil {
			s.log.Error("handler panicked", zap.Any("panic", r), zap.ByteString("stack", debug.Stack()), zap.String("requestId", requestIDOf(c)))
			if !c.Writer.Written() {
				s.write(c, s.problem(c, casework.Errorf(casework.Internal, "something went wrong inside")))
			}
			c.Abort()
		}
	}()
	c.Next()
}

// deadline ends the work on a request that takes too long.
func (s *Server) deadline(c *gin.Context) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), s.cfg.RequestTimeout)
	defer cancel()
	c.Request = c.Request.WithContext(ctx)
	c.Next()
}

// authenticate finds out who calls: the X-User-Id header says so, on requests from networks that are trusted with it.
func (s *Server) authenticate(c *gin.Context) {
	caller, err := s.caller(c)
	if err != nil {
		s.write(c, s.problem(c, err))
		c.Abort()
		return
	}
	c.Set(callerKey, caller)
}

func callerOf(c *gin.Context) string { return c.GetString(callerKey) }

func (s *Server) caller(c *gin.Context) (string, error) {
	id := c.GetHeader("X-User-Id")
	switch {
	case c.GetHeader("Authorization") != "":
		return "", casework.Errorf(casework.NoCaller, "this server is not set up for tokens")
	case id == "":
		return "", casework.Errorf(casework.NoCaller, "the request does not say who calls")
	case !s.trusts(c.Request.RemoteAddr):
		return "", casework.Errorf(casework.NoCaller, "the X-User-Id header is not trusted here")
	}
	active, err := s.callers.active(c.Request.Context(), id)
	if err != nil {
		return "", err
	}
	if !active {
		return "", casework.Errorf(casework.NoCaller, "there is no active user of that id")
	}
	return id, nil
}

// trusts reports whether the peer, not what a header says of it, is in a trusted network.
func (s *Server) trusts(peer string) bool {
	address, err := netip.ParseAddrPort(peer)
	return err == nil && slices.ContainsFunc(s.cfg.TrustUserHeaderFrom, func(network netip.Prefix) bool {
		return network.Contains(address.Addr().Unmap())
	})
}

// Loopback are the networks of this machine itself.
func Loopback() []netip.Prefix {
	return []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
}

// callerCache remembers active users for a few seconds; what they may do is asked of the database each time.
type callerCache struct {
	store userStore
	mu    sync.Mutex
	known map[string]time.Time // until when
}

const callerTTL = 5 * time.Second

func (cc *callerCache) active(ctx context.Context, id string) (bool, error) {
	if !isText(id) {
		return false, nil
	}
	cc.mu.Lock()
	until := cc.known[id]
	cc.mu.Unlock()
	if time.Now().Before(until) {
		return true, nil
	}
	active, err := cc.store.UserActive(ctx, id)
	if err != nil || !active {
		return false, err
	}
	cc.mu.Lock()
	defer cc.mu.Unlock()
	if len(cc.known) > 10_000 {
		clear(cc.known)
	}
	cc.known[id] = time.Now().Add(callerTTL)
	return true, nil
}

func (s *Server) healthz(*gin.Context) (reply, error) {
	return ok(map[string]string{"status": "ok"})
}

func (s *Server) readyz(c *gin.Context) (reply, error) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), 3*time.Second)
	defer cancel()
	status, word := http.StatusOK, "ready"
	components := s.deps.Health.Ready(ctx)
	for _, component := range components {
		if !component.OK {
			status, word = http.StatusServiceUnavailable, "not ready"
		}
	}
	r := reply{status: status, body: map[string]any{"status": word, "components": components}}
	if status != http.StatusOK {
		r.header = map[string]string{"Retry-After": "2"}
	}
	return r, nil
}
