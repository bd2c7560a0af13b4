package mail_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	netmail "net/mail"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"
)

// delivery is a mail as the server has received it.
type delivery struct {
	from string
	to   []string
	raw  string
}

// read parses the mail.
func (d delivery) read(t *testing.T) (netmail.Header, string) {
	t.Helper()
	msg, err := netmail.ReadMessage(strings.NewReader(d.raw))
	require.NoError(t, err)
	body, err := io.ReadAll(msg.Body)
	require.NoError(t, err)
	return msg.Header, string(body)
}

// server is an SMTP server on loopback.
type server struct {
	address string
	known   *x509.CertPool

	mu         sync.Mutex
	deliveries []delivery
	user       string // that has logged in last
}

func (s *server) received() []delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.deliveries
}

// options say how the server behaves.
type options struct {
	direct   bool // encrypted from the first byte
	plain    bool // no encryption at all
	login    bool // "me" with the password "hunter2" may send, and nobody else
	breakOff bool // the connection ends when the mail has been taken
}

// listen starts a server.
func listen(t *testing.T, o options) *server {
	t.Helper()
	web := httptest.NewTLSServer(http.NotFoundHandler()) // for its certificate
	t.Cleanup(web.Close)
	s := &server{known: x509.NewCertPool()}
	s.known.AddCert(web.Certificate())
	smtpServer := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &session{server: s, options: o, conn: c}, nil }))
	smtpServer.Domain, smtpServer.AllowInsecureAuth = "127.0.0.1", o.plain
	secure := &tls.Config{Certificates: web.TLS.Certificates, MinVersion: tls.VersionTLS12}
	if !o.plain {
		smtpServer.TLSConfig = secure
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s.address = listener.Addr().String()
	if o.direct {
		listener = tls.NewListener(listener, secure)
	}
	go func() { _ = smtpServer.Serve(listener) }()
	t.Cleanup(func() { _ = smtpServer.Close() })
	return s
}

// session is one connection.
type session struct {
	server  *server
	options options
	conn    *smtp.Conn
	logged  bool
	mail    delivery
}

func (s *session) AuthMechanisms() []string {
	if s.options.login {
		return []string{sasl.Plain}
	}
	return nil
}

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "me" || password != "hunter2" {
			return smtp.ErrAuthFailed
		}
		s.server.mu.Lock()
		defer s.server.mu.Unlock()
		s.logged, s.server.user = true, user
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if s.options.login && !s.logged {
		return smtp.ErrAuthRequired
	}
	s.mail = delivery{from: from}
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	switch {
	case strings.HasPrefix(to, "unknown@"):
		return &smtp.SMTPError{Code: 550, Message: "no such user"}
	case strings.HasPrefix(to, "full@"):
		return &smtp.SMTPError{Code: 452, Message: "mailbox full"}
	}
	s.mail.to = append(s.mail.to, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.mail.raw = string(raw)
	s.server.mu.Lock()
	s.server.deliveries = append(s.server.deliveries, s.mail)
	s.server.mu.Unlock()
	if s.options.breakOff {
		return errors.Join(s.conn.Conn().Close())
	}
	return nil
}

func (s *session) Reset() {}

func (s *session) Logout() error { return nil }
