package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	uiserver "github.com/temporalio/ui-server/v2/server"
	uiconfig "github.com/temporalio/ui-server/v2/server/config"
	uioptions "github.com/temporalio/ui-server/v2/server/server_options"
)

const (
	uiStartTimeout = 10 * time.Second
	uiRetry        = 20 * time.Millisecond
)

// startUI starts the Web UI, waits until it answers and returns the function
// that stops it. Without a UI port it does nothing.
func startUI(ctx context.Context, o *options) (stop func(), err error) {
	if o.UIPort == 0 {
		return func() {}, nil
	}
	ui := uiserver.NewServer(uioptions.WithConfigProvider(uiConfig(o)))
	go func() { _ = ui.Start() }()
	if err := waitForUI(ctx, o.uiURL()+"/healthz"); err != nil {
		ui.Stop()
		return nil, fmt.Errorf("start the Web UI: %w", err)
	}
	return ui.Stop, nil
}

// uiConfig is the configuration of the Web UI. It asks nobody for news or new
// versions, and it works over plain HTTP.
func uiConfig(o *options) *uiconfig.Config {
	host := o.IP
	if net.ParseIP(host).To4() == nil {
		host = "[" + host + "]"
	}
	return &uiconfig.Config{
		TemporalGRPCAddress: o.address(),
		Host:                host,
		Port:                o.UIPort,
		EnableUI:            true,
		DefaultNamespace:    o.Namespace,
		NotifyOnNewVersion:  false,
		CORS: uiconfig.CORS{
			CookieInsecure: true,
			AllowOrigins:   []string{"http://localhost:" + strconv.Itoa(o.UIPort), o.uiURL()},
		},
		HideLogs: true,
	}
}

// waitForUI asks for url until it answers.
func waitForUI(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, uiStartTimeout)
	defer cancel()
	// No proxy of the environment may come between this host and itself.
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	return retry(ctx, uiRetry, func() error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("%s answers %s", url, response.Status)
		}
		return nil
	})
}
