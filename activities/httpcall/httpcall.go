// Package httpcall is the built-in HTTP call of service tasks. It calls the hosts that the installation allows and no
// others; docs/service-tasks.md describes the fields.
package httpcall

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/onecms/nextgen-workflow/activities/service"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

// AllowSetting is the name of the setting that lists the hosts, for messages.
const AllowSetting = "NEXTGEN_HTTP_ALLOW"

const userAgent = "nextgen-workflow"

// Types of failures beside those of the service package. A status that fails the task has the type "HTTP<code>".
const (
	NoConnection = "HttpConnection" // no answer: name, connection, encryption, time
	BadResponse  = "HttpResponse"   // an answer that cannot be used
)

// Config bounds the calls. A zero field has the default of its comment.
type Config struct {
	Allow            AllowList
	Timeout          time.Duration  // of a call whose element does not say; 30s
	MaxTimeout       time.Duration  // that an element may ask for; 5m
	MaxResponseBytes int64          // of a body, unpacked; 8 MiB
	RootCAs          *x509.CertPool // the system's
}

// Caller makes HTTP calls. It is safe for concurrent use.
type Caller struct {
	cfg       Config
	guard     guard
	transport *http.Transport
}

// New builds a Caller. It uses no proxy, whatever the environment says.
func New(cfg Config) (*Caller, error) {
	if cfg.MaxTimeout == 0 {
		cfg.MaxTimeout = 5 * time.Minute
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = min(30*time.Second, cfg.MaxTimeout)
	}
	if cfg.MaxResponseBytes == 0 {
		cfg.MaxResponseBytes = 8 << 20
	}
	if cfg.Timeout < time.Millisecond || cfg.MaxTimeout < cfg.Timeout || cfg.MaxResponseBytes < 1 {
		return nil, errors.New("httpcall: a limit is below its least value")
	}
	g := guard{list: cfg.Allow}
	return &Caller{cfg: cfg, guard: g, transport: &http.Transport{
		DialContext:            g.dial,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: cfg.RootCAs},
		TLSHandshakeTimeout:    10 * time.Second,
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           100,
		IdleConnTimeout:        time.Minute,
		MaxResponseHeaderBytes: 64 << 10,
	}}, nil
}

// Call is the activity casework.ActivityHTTPCall. Its result is the variables to set.
func (c *Caller) Call(ctx context.Context, in casework.ActivityInput) (map[string]json.RawMessage, error) {
	r, err := c.read(in)
	if err != nil {
		return nil, err
	}
	variables := map[string]json.RawMessage{}
	if r.saveRequest {
		r.saveTo(variables)
	}
	err = c.exchange(ctx, r, variables)
	if err == nil {
		return variables, nil
	}
	var refused refusal
	if errors.As(err, &refused) {
		return nil, service.Permanent(service.Refused, "%s", refused.reason)
	}
	var thrown statusError
	if errors.As(err, &thrown) && thrown.handled {
		return nil, service.BpmnError(thrown.code(), thrown.Error(), variables)
	}
	if r.ignore && ctx.Err() == nil {
		variables[r.prefix+"ErrorMessage"] = asJSON(service.Clean(err.Error()))
		return variables, nil
	}
	return nil, failure(err)
}

// exchange sends the request and saves what comes back.
func (c *Caller) exchange(ctx context.Context, r *request, variables map[string]json.RawMessage) error {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, r.method, r.url.String(), bytes.NewReader(r.body))
	if err != nil {
		return refuse("the request cannot be made: %v", plainError(err))
	}
	req.Header = r.headers
	client := &http.Client{Transport: c.transport, CheckRedirect: c.guard.redirect}
	if r.stay {
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	}
	resp, err := client.Do(req)
	if err != nil {
		return connectionError{r, err}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, c.cfg.MaxResponseBytes+1))
	if err != nil {
		return connectionError{r, err}
	}
	if int64(len(body)) > c.cfg.MaxResponseBytes {
		return responseError{fmt.Sprintf("the response of %s is longer than %d bytes", r.place(), c.cfg.MaxResponseBytes)}
	}
	unusable := r.saveResponse(resp, body, variables)
	if err := r.judge(resp); err != nil { // an error page says less than its status
		return err
	}
	return unusable
}

// connectionError is a call without an answer.
type connectionError struct {
	request *request
	cause   error
}

func (e connectionError) Error() string {
	return fmt.Sprintf("%s %s: %v", e.request.method, e.request.place(), plainError(e.cause))
}

func (e connectionError) Unwrap() error { return e.cause }

// plainError leaves the URL out: what follows its path may be secret.
func plainError(err error) error {
	var of *url.Error
	if errors.As(err, &of) {
		if of.Timeout() {
			return errors.New("no answer in time")
		}
		return of.Err
	}
	return err
}

// responseError is an answer that cannot be used.
type responseError struct{ message string }

func (e responseError) Error() string { return e.message }

// failure turns an error of a call into that of the activity.
func failure(err error) error {
	var status statusError
	var response responseError
	switch {
	case errors.As(err, &status) && status.passing():
		return service.PassingAfter(status.pause, status.code(), "%s", status.Error())
	case errors.As(err, &status):
		return service.Permanent(status.code(), "%s", status.Error())
	case errors.As(err, &response):
		return service.Permanent(BadResponse, "%s", response.message)
	}
	return service.Passing(NoConnection, "%v", err)
}
