package main

import (
	"errors"
	"fmt"
	netmail "net/mail"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/onecms/nextgen-workflow/activities/httpcall"
	"github.com/onecms/nextgen-workflow/activities/mail"
	"github.com/onecms/nextgen-workflow/activities/script"
	"github.com/onecms/nextgen-workflow/worker"
)

// servicesConfig is what the built-in services of a worker may do.
type servicesConfig struct {
	httpAllow, httpTimeout                                    string
	smtpAddress, smtpUser, smtpPassword, smtpFrom, smtpSecure string
	scriptTime, scriptMemory, scriptProcesses                 string
}

func (c *servicesConfig) settings() settings {
	return settings{
		{flag: "http-allow", env: httpcall.AllowSetting, help: "hosts that HTTP tasks may call, with commas between: api.example.com, *.example.com, host:8443; empty allows none", target: &c.httpAllow, check: isAllowList},
		{flag: "http-timeout", env: "NEXTGEN_HTTP_TIMEOUT", fallback: "30s", help: "time of an HTTP call whose task does not say", target: &c.httpTimeout, check: isLimit},
		{flag: "smtp-address", env: mail.AddressSetting, help: "mail server of mail tasks; empty: no mail can be sent", target: &c.smtpAddress, check: isOptionalAddress},
		{flag: "smtp-user", env: "NEXTGEN_SMTP_USER", help: "login at the mail server; empty: none", target: &c.smtpUser},
		{flag: "smtp-password", env: "NEXTGEN_SMTP_PASSWORD", help: "password of that login; other users of the machine can see flags", target: &c.smtpPassword, secret: true},
		{flag: "smtp-from", env: mail.FromSetting, help: "sender of mails whose task does not say", target: &c.smtpFrom, check: isOptionalMailAddress},
		{flag: "smtp-encryption", env: "NEXTGEN_SMTP_ENCRYPTION", fallback: "starttls", help: "starttls, tls or none", target: &c.smtpSecure, check: isEncryption},
		{flag: "script-time", env: "NEXTGEN_SCRIPT_TIME", fallback: "5s", help: "time that a script may take", target: &c.scriptTime, check: isLimit},
		{flag: "script-memory", env: "NEXTGEN_SCRIPT_MEMORY", fallback: "128", help: "MiB of memory that a script may take", target: &c.scriptMemory, check: isAmount},
		{flag: "script-processes", env: "NEXTGEN_SCRIPT_PROCESSES", fallback: "2", help: "scripts that run at once, each in a process of its own", target: &c.scriptProcesses, check: isAmount},
	}
}

// build makes the services. The values have been checked one by one.
func (c *servicesConfig) build() (worker.Services, error) {
	if (c.smtpUser == "") != (c.smtpPassword == "") {
		return worker.Services{}, usageError{errors.New("configuration:\nNEXTGEN_SMTP_USER and NEXTGEN_SMTP_PASSWORD are needed together")}
	}
	allow, err := httpcall.ParseAllowList(c.httpAllow)
	if err != nil {
		return worker.Services{}, err
	}
	httpTimeout, err := time.ParseDuration(c.httpTimeout)
	if err != nil {
		return worker.Services{}, err
	}
	caller, err := httpcall.New(httpcall.Config{Allow: allow, Timeout: httpTimeout, MaxTimeout: max(httpTimeout, 5*time.Minute)})
	if err != nil {
		return worker.Services{}, err
	}
	sender, err := mail.New(mail.Config{
		Address: c.smtpAddress, User: c.smtpUser, Password: c.smtpPassword, From: c.smtpFrom, Encryption: mail.Encryption(c.smtpSecure),
	})
	if err != nil {
		return worker.Services{}, err
	}
	runner, err := c.scripts()
	return worker.Services{HTTP: caller, Mail: sender, Script: runner}, err
}

// scripts runs scripts in processes of this program.
func (c *servicesConfig) scripts() (*script.Runner, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program, for scripts: %w", err)
	}
	limit, err := time.ParseDuration(c.scriptTime)
	if err != nil {
		return nil, err
	}
	memory, err := strconv.ParseUint(c.scriptMemory, 10, 32)
	if err != nil {
		return nil, err
	}
	processes, err := strconv.Atoi(c.scriptProcesses)
	if err != nil {
		return nil, err
	}
	return script.New(script.Config{Command: []string{program, "run-scripts"}, Time: limit, MemoryBytes: memory << 20, Processes: processes})
}

// scriptsCommand is the process that the worker sends scripts to.
func scriptsCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "run-scripts",
		Short:  "Run the scripts that a worker sends to the standard input; the worker starts this itself",
		Args:   usage(cobra.NoArgs),
		Hidden: true,
		RunE:   func(cmd *cobra.Command, _ []string) error { return script.Serve(cmd.InOrStdin(), cmd.OutOrStdout()) },
	}
}

func isAllowList(v string) error {
	if _, err := httpcall.ParseAllowList(v); err != nil {
		return fmt.Errorf("is not a list of hosts: %w", err)
	}
	return nil
}

func isLimit(v string) error {
	if d, err := time.ParseDuration(v); err != nil || d < 10*time.Millisecond || d > time.Hour {
		return errors.New("is not a duration from 10ms to 1h, such as 30s")
	}
	return nil
}

func isAmount(v string) error {
	if n, err := strconv.Atoi(v); err != nil || n < 1 || n > 65536 {
		return errors.New("is not a number from 1 to 65536")
	}
	return nil
}

func isOptionalMailAddress(v string) error {
	if _, err := netmail.ParseAddress(v); v != "" && err != nil {
		return errors.New("is not a mail address")
	}
	return nil
}

func isEncryption(v string) error {
	switch mail.Encryption(v) {
	case mail.StartTLS, mail.TLS, mail.None:
		return nil
	}
	return errors.New("is none of starttls, tls, none")
}
