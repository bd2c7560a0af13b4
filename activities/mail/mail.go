// Package mail is the built-in mail of service and send tasks. It hands mails to one SMTP server;
// docs/service-tasks.md describes the fields.
package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"strconv"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/onecms/nextgen-workflow/activities/service"
	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

// AddressSetting is the name of the setting with the server's address, for messages.
const AddressSetting = "NEXTGEN_SMTP_ADDRESS"

// Types of failures beside those of the service package.
const (
	NoServer = "MailServer"   // the server cannot be reached, or does not work at the moment
	Rejected = "MailRejected" // the server does not take this mail
)

// Encryption says how the connection to the server is encrypted.
type Encryption string

// The kinds of encryption.
const (
	StartTLS Encryption = "starttls" // begins in the clear and must be encrypted before anything is sent
	TLS      Encryption = "tls"      // from the first byte
	None     Encryption = "none"     // never: for a server on the same machine
)

// Config says where mails go. A zero field has the default of its comment.
type Config struct {
	Address       string // host:port; "": no mail can be sent
	User          string // "": no login
	Password      string
	From          string         // sender of mails whose element does not say; "": the element must
	Encryption    Encryption     // StartTLS
	Timeout       time.Duration  // of one mail; 30s
	MaxBytes      int            // of the texts of a mail together; 1 MiB
	MaxRecipients int            // 100
	RootCAs       *x509.CertPool // the system's
}

// Sender sends mails. It is safe for concurrent use.
type Sender struct {
	cfg  Config
	host string
	port int
}

// New checks the configuration. It does not connect.
func New(cfg Config) (*Sender, error) {
	if cfg.Encryption == "" {
		cfg.Encryption = StartTLS
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = 30 * time.Second
	}
	if cfg.MaxBytes == 0 {
		cfg.MaxBytes = 1 << 20
	}
	if cfg.MaxRecipients == 0 {
		cfg.MaxRecipients = 100
	}
	s := &Sender{cfg: cfg}
	if cfg.Encryption != StartTLS && cfg.Encryption != TLS && cfg.Encryption != None {
		return nil, fmt.Errorf("mail: unknown encryption %q", cfg.Encryption)
	}
	if cfg.Timeout < time.Millisecond || cfg.MaxBytes < 1 || cfg.MaxRecipients < 1 {
		return nil, errors.New("mail: a limit is below its least value")
	}
	if cfg.From != "" {
		if _, err := netmail.ParseAddress(cfg.From); err != nil {
			return nil, fmt.Errorf("mail: the sender %q is not a mail address", cfg.From)
		}
	}
	if cfg.Address == "" {
		return s, nil
	}
	host, port, err := net.SplitHostPort(cfg.Address)
	if err != nil || host == "" {
		return nil, fmt.Errorf("mail: %q is not host:port", cfg.Address)
	}
	if s.port, err = strconv.Atoi(port); err != nil || s.port < 1 || s.port > 65535 {
		return nil, fmt.Errorf("mail: %q is not host:port", cfg.Address)
	}
	s.host = host
	return s, nil
}

// Configured reports whether there is a server, and a sender for mails that name none.
func (s *Sender) Configured() bool { return s.cfg.Address != "" && s.cfg.From != "" }

// Send is the activity casework.ActivitySendMail. Its result is the variables to set: none, but for the one that the
// model names for a failure that it wants to ignore.
func (s *Sender) Send(ctx context.Context, in casework.ActivityInput) (map[string]json.RawMessage, error) {
	f := service.NewFields(in.Fields, bpmn.MailFields())
	ignore, variable := f.Bool("ignoreException"), f.Trimmed("exceptionVariableName")
	if err := f.Err(); err != nil {
		return nil, err
	}
	if s.cfg.Address == "" {
		return nil, service.Permanent(service.NotConfigured, "no mail can be sent here: the setting %s names no mail server", AddressSetting)
	}
	err := s.deliver(ctx, in, f)
	if err == nil || !ignore || ctx.Err() != nil {
		return nil, err
	}
	if variable == "" {
		return nil, nil
	}
	message, encodeErr := json.Marshal(service.Message(err))
	return map[string]json.RawMessage{variable: message}, encodeErr
}

func (s *Sender) deliver(ctx context.Context, in casework.ActivityInput, f *service.Fields) error {
	msg := s.compose(in, f)
	if err := f.Err(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	link := &link{tls: &tls.Config{ServerName: s.host, MinVersion: tls.VersionTLS12, RootCAs: s.cfg.RootCAs}, direct: s.cfg.Encryption == TLS}
	defer link.close()
	client, err := s.client(link)
	if err != nil {
		return service.Permanent(service.NotConfigured, "the mail server cannot be used: %v", err)
	}
	err = client.DialAndSendWithContext(ctx, msg)
	if err == nil || msg.IsDelivered() { // what fails after the server has taken the mail is no matter
		return nil
	}
	return s.failure(msg, err)
}

func (s *Sender) client(l *link) (*gomail.Client, error) {
	policy := gomail.TLSMandatory
	if s.cfg.Encryption != StartTLS {
		policy = gomail.NoTLS
	}
	options := []gomail.Option{
		gomail.WithPort(s.port), gomail.WithTimeout(s.cfg.Timeout), gomail.WithDialContextFunc(l.dial),
		gomail.WithTLSPolicy(policy), gomail.WithTLSConfig(l.tls),
	}
	if s.cfg.User != "" {
		options = append(options, gomail.WithUsername(s.cfg.User), gomail.WithPassword(s.cfg.Password),
			gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthSCRAMSHA1, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin))
	}
	return gomail.NewClient(s.host, options...)
}

// link is a connection that is closed when its mail is done, however that ends.
type link struct {
	tls    *tls.Config
	direct bool
	conn   net.Conn
}

func (l *link) dial(ctx context.Context, network, address string) (conn net.Conn, err error) {
	if l.direct {
		conn, err = (&tls.Dialer{Config: l.tls}).DialContext(ctx, network, address)
	} else {
		conn, err = (&net.Dialer{}).DialContext(ctx, network, address)
	}
	if err == nil {
		l.conn = conn
	}
	return conn, err
}

func (l *link) close() {
	if l.conn != nil {
		_ = l.conn.Close()
	}
}

// failure turns what went wrong with a mail into the failure of the activity.
func (s *Sender) failure(msg *gomail.Msg, err error) error {
	var sending *gomail.SendError
	if msg.HasSendError() && errors.As(msg.SendError(), &sending) {
		if sending.ErrorCode() >= 500 {
			return service.Permanent(Rejected, "the mail server does not take the mail: %v", sending)
		}
		return service.Passing(NoServer, "the mail server does not take the mail now: %v", sending)
	}
	return service.Passing(NoServer, "the mail server %s cannot be used: %v", s.cfg.Address, err)
}
