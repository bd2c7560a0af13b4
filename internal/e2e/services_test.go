package e2e

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/casework"
	"github.com/onecms/nextgen-workflow/internal/stack"
)

// mails is a mail server on loopback.
type mails struct{ received chan string }

func (m *mails) NewSession(*smtp.Conn) (smtp.Session, error) { return mailSession{m}, nil }

type mailSession struct{ server *mails }

func (mailSession) Mail(string, *smtp.MailOptions) error { return nil }

func (mailSession) Rcpt(string, *smtp.RcptOptions) error { return nil }

func (s mailSession) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err == nil {
		s.server.received <- string(raw)
	}
	return err
}

func (mailSession) Reset() {}

func (mailSession) Logout() error { return nil }

func listenForMail(t *testing.T) (address string, received <-chan string) {
	t.Helper()
	m := &mails{received: make(chan string, 10)}
	server := smtp.NewServer(m)
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return listener.Addr().String(), m.received
}

// prices answers with the price of an article, after one failure; it notes the keys by which calls are known.
func prices(t *testing.T) (server *httptest.Server, keys chan string) {
	t.Helper()
	var calls atomic.Int64
	keys = make(chan string, 10)
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/price/ghost":
			w.WriteHeader(http.StatusNotFound)
		case r.URL.Path == "/price/tea" && calls.Add(1) == 1:
			keys <- r.Header.Get("Idempotency-Key")
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			keys <- r.Header.Get("Idempotency-Key")
			fmt.Fprint(w, `{"price": 12.5}`)
		}
	}))
	t.Cleanup(server.Close)
	return server, keys
}

// TestBuiltInServicesRunOnTheRealStack calls a real HTTP server, runs scripts in their processes and sends a real mail.
func TestBuiltInServicesRunOnTheRealStack(t *testing.T) {
	t.Parallel()
	web, keys := prices(t)
	mailAddress, received := listenForMail(t)
	s := own(t, "services", "--http-allow", strings.TrimPrefix(web.URL, "http://"), "--smtp-address", mailAddress,
		"--smtp-from", "shop@example.com", "--smtp-encryption", "none")
	require.NoError(t, s.Deploy(t.Context(), "testdata/services.bpmn"))

	told := orderOf(t, s, web.URL, "tea", 4, "told")
	require.InDelta(t, 50, told["total"], 0)
	require.Equal(t, []any{map[string]any{"article": "tea", "sum": 50.0}}, told["lines"])
	first, again := <-keys, <-keys
	require.Equal(t, first, again, "a repeated call can be recognised")
	require.Contains(t, first, ":askPrice:")
	mail := <-received
	require.Contains(t, mail, "Subject: Your tea")
	require.Contains(t, mail, "That makes 50.")

	approve := orderOf(t, s, web.URL, "coffee", 9, "approve")
	require.Equal(t, []any{map[string]any{"article": "coffee", "sum": 112.5}}, approve["lines"], "variables set before a BPMN error travel with it")
	require.NotContains(t, approve, "total")

	require.NotContains(t, orderOf(t, s, web.URL, "ghost", 1, "lookUp"), "lines")
}

// orderOf starts a case, waits for its task and returns the variables.
func orderOf(t *testing.T, s *stack.Stack, server, article string, amount int, task string) map[string]any {
	t.Helper()
	client := s.As("mike.admin")
	started, err := client.StartCase(t.Context(), casework.CaseStart{ProcessKey: "builtInServices", Variables: map[string]any{
		"server": server, "article": article, "amount": amount, "customer": "ann@example.com",
	}})
	require.NoError(t, err)
	var open []casework.Task
	require.Eventually(t, func() bool {
		open, err = client.OpenTasks(t.Context(), started.ProcessInstanceID)
		return err == nil && len(open) == 1
	}, time.Minute, 50*time.Millisecond, "%s: no task", article)
	require.Equal(t, task, open[0].TaskDefinitionKey)
	i, err := client.Instance(t.Context(), started.ProcessInstanceID)
	require.NoError(t, err)
	require.Empty(t, i.Incidents)
	return i.Variables
}
