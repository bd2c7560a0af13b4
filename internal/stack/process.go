// Package stack runs the product as its operators do, as separate processes beside a real PostgreSQL and a real Temporal
// server, for end-to-end tests, fault tests and benchmarks.
package stack

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// Process is one process that can be killed and started again.
type Process struct {
	name  string
	path  string
	args  []string
	env   []string
	log   io.Writer
	ready func(ctx context.Context, line <-chan struct{}) error

	cmd   *exec.Cmd
	stdin io.WriteCloser
	done  chan struct{}
}

// Start starts the process and returns when it is ready.
func (p *Process) Start(ctx context.Context) error {
	p.cmd = exec.Command(p.path, p.args...) //nolint:noctx // lives until Kill or Stop
	p.cmd.Env = append(os.Environ(), p.env...)
	p.cmd.Stderr = p.log
	p.cmd.SysProcAttr = dieWithParent()
	var err error
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return err
	}
	stdout := &lineWatch{seen: make(chan struct{})}
	p.cmd.Stdout = stdout
	if err := p.cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", p.name, err)
	}
	p.done = make(chan struct{})
	go func() {
		_ = p.cmd.Wait()
		close(p.done)
	}()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	started := make(chan error, 1)
	go func() { started <- p.ready(ctx, stdout.seen) }()
	select {
	case err := <-started:
		if err != nil {
			p.Kill()
			return fmt.Errorf("%s is not ready: %w", p.name, err)
		}
		return nil
	case <-p.done:
		return fmt.Errorf("%s ended at its start; its log says why", p.name)
	}
}

// lineWatch drops what is written and tells of the first complete line.
type lineWatch struct {
	seen chan struct{}
	once sync.Once
}

// Write implements io.Writer.
func (w *lineWatch) Write(b []byte) (int, error) {
	if bytes.IndexByte(b, '\n') >= 0 {
		w.once.Do(func() { close(w.seen) })
	}
	return len(b), nil
}

// Kill ends the process as a crash would, with SIGKILL, and returns when it is gone.
func (p *Process) Kill() { p.end(syscall.SIGKILL) }

// Stop ends the process in good order.
func (p *Process) Stop() { p.end(syscall.SIGTERM) }

func (p *Process) end(signal syscall.Signal) {
	if p.cmd == nil || p.cmd.Process == nil {
		return
	}
	_ = p.cmd.Process.Signal(signal)
	select {
	case <-p.done:
	case <-time.After(30 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.done
	}
	_ = p.stdin.Close()
}

// firstLine is ready when the process has written a line to its stdout.
func firstLine(ctx context.Context, line <-chan struct{}) error {
	select {
	case <-line:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// answers is ready when a URL answers 200.
func answers(url string) func(context.Context, <-chan struct{}) error {
	return func(ctx context.Context, _ <-chan struct{}) error {
		retry := time.NewTicker(20 * time.Millisecond)
		defer retry.Stop()
		for {
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
			if err != nil {
				return err
			}
			if resp, err := http.DefaultClient.Do(req); err == nil {
				resp.Body.Close()
				if resp.StatusCode == http.StatusOK {
					return nil
				}
			}
			select {
			case <-ctx.Done():
				return fmt.Errorf("%s does not answer: %w", url, ctx.Err())
			case <-retry.C:
			}
		}
	}
}

// freeAddress returns an address of loopback that was free a moment ago.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // closed at once
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// FreePort returns a TCP port of 127.0.0.1 that was free a moment ago.
func FreePort() (int, error) {
	address, err := freeAddress()
	if err != nil {
		return 0, err
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(port)
}
