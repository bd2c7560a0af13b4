package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"syscall"
)

// The internal services listen between these ports. They lie below the range
// from which systems hand out ephemeral ports, and below 32768, the most that
// Temporal's tables can store for a port.
const (
	firstInternalPort = 20000
	lastInternalPort  = 32000
	portAttempts      = 400
)

// checkPorts reports in a sentence which of the asked ports cannot be used.
func checkPorts(ctx context.Context, o *options) error {
	if err := checkPort(ctx, o.IP, o.Port, "--port", "Temporal"); err != nil {
		return err
	}
	if o.UIPort == 0 {
		return nil
	}
	return checkPort(ctx, o.IP, o.UIPort, "--ui-port", "the Temporal Web UI")
}

// checkPort listens on the port for a moment.
func checkPort(ctx context.Context, ip string, port int, flagName, what string) error {
	address := net.JoinHostPort(ip, strconv.Itoa(port))
	listener, err := listen(ctx, address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("port %d for %s is already taken on %s: stop the other program or choose another port with %s", port, what, ip, flagName)
	}
	if err != nil {
		return fmt.Errorf("cannot listen on %s for %s (%s): %w", address, what, flagName, err)
	}
	if err := listener.Close(); err != nil {
		return fmt.Errorf("release port %d after checking it: %w", port, err)
	}
	return nil
}

// listen opens a TCP listener.
func listen(ctx context.Context, address string) (net.Listener, error) {
	var config net.ListenConfig
	return config.Listen(ctx, "tcp", address)
}

// freePorts finds n different free loopback ports outside of taken. All of
// them are held open until the last one is found.
func freePorts(ctx context.Context, n int, taken ...int) ([]int, error) {
	used := make(map[int]bool, n+len(taken))
	for _, port := range taken {
		used[port] = true
	}
	ports := make([]int, 0, n)
	for attempt := 0; attempt < portAttempts && len(ports) < n; attempt++ {
		port := firstInternalPort + rand.IntN(lastInternalPort-firstInternalPort)
		if used[port] {
			continue
		}
		used[port] = true
		listener, err := listen(ctx, net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			continue
		}
		defer listener.Close()
		ports = append(ports, port)
	}
	if len(ports) < n {
		return nil, fmt.Errorf("found no %d free loopback ports between %d and %d", n, firstInternalPort, lastInternalPort)
	}
	return ports, nil
}
