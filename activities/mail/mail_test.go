package mail_test

import (
	"encoding/json"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/onecms/nextgen-workflow/activities/mail"
	"github.com/onecms/nextgen-workflow/activities/service"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

// input makes the input of an element with fields, over those that make a whole mail.
func input(t *testing.T, fields map[string]any) casework.ActivityInput {
	t.Helper()
	all := map[string]any{"to": "ann@example.com", "subject": "Hello", "text": "Hello Ann"}
	for name, value := range fields {
		all[name] = value
	}
	in := casework.ActivityInput{ProcessInstanceID: "i-1", ElementID: "send", ElementInstanceID: "send:7", Fields: map[string]json.RawMessage{},
		Variables: map[string]json.RawMessage{"letter": json.RawMessage(`"Dear Ann"`)}}
	for name, value := range all {
		raw, err := json.Marshal(value)
		require.NoError(t, err)
		in.Fields[name] = raw
	}
	return in
}

func sender(t *testing.T, cfg mail.Config) *mail.Sender {
	t.Helper()
	s, err := mail.New(cfg)
	require.NoError(t, err)
	return s
}

// send sends one mail over a server of its own.
func send(t *testing.T, fields map[string]any) delivery {
	t.Helper()
	s := listen(t, options{})
	got, err := sender(t, mail.Config{Address: s.address, From: "Office <office@example.com>", RootCAs: s.known}).Send(t.Context(), input(t, fields))
	require.NoError(t, err)
	require.Empty(t, got)
	require.Len(t, s.received(), 1)
	return s.received()[0]
}

func failedWith(t *testing.T, err error, kind string, final bool, part string) {
	t.Helper()
	var failed *temporal.ApplicationError
	require.True(t, errors.As(err, &failed), "%v", err)
	require.Equal(t, kind, failed.Type(), failed.Message())
	require.Equal(t, final, failed.NonRetryable(), failed.Message())
	require.Contains(t, failed.Message(), part)
	require.NotContains(t, failed.Message(), "hunter2")
}

func TestAMailIsWhatTheFieldsSay(t *testing.T) {
	t.Parallel()
	got := send(t, map[string]any{
		"to": `"Doe, Jane" <jane@example.com>, joe@example.com`, "cc": []any{"cc@example.com", "", "Zoë <zoe@example.com>"}, "bcc": "hidden@example.com,",
		"replyTo": "desk@example.com", "subject": "Überweisung", "headers": "X-Case: 17\nX-Other: a: b",
	})
	require.Equal(t, "office@example.com", got.from)
	require.Equal(t, []string{"jane@example.com", "joe@example.com", "cc@example.com", "zoe@example.com", "hidden@example.com"}, got.to)
	header, body := got.read(t)
	require.Equal(t, `"Office" <office@example.com>`, header.Get("From"))
	require.Equal(t, `"Doe, Jane" <jane@example.com>, <joe@example.com>`, header.Get("To"))
	require.Contains(t, header.Get("Cc"), "<zoe@example.com>")
	require.Equal(t, "<desk@example.com>", header.Get("Reply-To"))
	require.Equal(t, "=?UTF-8?q?=C3=9Cberweisung?=", header.Get("Subject"))
	require.Equal(t, []string{"17", "a: b"}, []string{header.Get("X-Case"), header.Get("X-Other")})
	require.Equal(t, "text/plain; charset=UTF-8", header.Get("Content-Type"))
	require.Contains(t, body, "Hello Ann")
	require.NotContains(t, got.raw, "hidden@")
	_, err := header.Date()
	require.NoError(t, err)
}

func TestTextAndHTMLAreAlternatives(t *testing.T) {
	t.Parallel()
	got := send(t, map[string]any{"html": "<b>Hello</b>", "from": "me@example.org"})
	require.Equal(t, "me@example.org", got.from)
	header, body := got.read(t)
	require.Contains(t, header.Get("Content-Type"), "multipart/alternative")
	require.Less(t, strings.Index(body, "Hello Ann"), strings.Index(body, "<b>Hello</b>"))
	header, body = send(t, map[string]any{"html": "<b>alone</b>", "text": ""}).read(t)
	require.Equal(t, "text/html; charset=UTF-8", header.Get("Content-Type"))
	require.Contains(t, body, "<b>alone</b>")
}

func TestTheTextCanComeFromAVariable(t *testing.T) {
	t.Parallel()
	_, body := send(t, map[string]any{"text": "", "textVar": "letter"}).read(t)
	require.Contains(t, body, "Dear Ann")
}

func TestTheTextIsEncodedAsTheModelSays(t *testing.T) {
	t.Parallel()
	header, body := send(t, map[string]any{"text": "Grüße", "charset": "iso-8859-1"}).read(t)
	require.Equal(t, "text/plain; charset=ISO-8859-1", header.Get("Content-Type"))
	require.Contains(t, body, "Gr=FC=DFe")
}

func TestTheMessageIDIsThatOfTheElementInstance(t *testing.T) {
	t.Parallel()
	first, _ := send(t, nil).read(t)
	again, _ := send(t, map[string]any{"text": "another text"}).read(t)
	require.Equal(t, first.Get("Message-Id"), again.Get("Message-Id"))
	require.Regexp(t, `^<[0-9a-f]{32}@example\.com>$`, first.Get("Message-Id"))
}

func TestTheConnectionIsEncryptedAndTheLoginHidden(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		server     options
		encryption mail.Encryption
	}{
		"after the beginning":   {options{login: true}, mail.StartTLS},
		"from the beginning":    {options{login: true, direct: true}, mail.TLS},
		"never, on one machine": {options{login: true, plain: true}, mail.None},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := listen(t, c.server)
			cfg := mail.Config{Address: s.address, User: "me", Password: "hunter2", From: "me@example.com", Encryption: c.encryption, RootCAs: s.known}
			_, err := sender(t, cfg).Send(t.Context(), input(t, nil))
			require.NoError(t, err)
			require.Len(t, s.received(), 1)
			require.Equal(t, "me", s.user)
			cfg.User, cfg.Password = "other", "hunter2"
			_, err = sender(t, cfg).Send(t.Context(), input(t, nil))
			failedWith(t, err, mail.NoServer, false, "535")
			require.Len(t, s.received(), 1)
		})
	}
}

func TestAConnectionThatIsNotSafeIsNotUsed(t *testing.T) {
	t.Parallel()
	plain := listen(t, options{plain: true})
	_, err := sender(t, mail.Config{Address: plain.address, From: "me@example.com"}).Send(t.Context(), input(t, nil))
	failedWith(t, err, mail.NoServer, false, "STARTTLS")
	strange := listen(t, options{})
	_, err = sender(t, mail.Config{Address: strange.address, From: "me@example.com"}).Send(t.Context(), input(t, nil))
	failedWith(t, err, mail.NoServer, false, "certificate")
	require.Empty(t, plain.received())
	require.Empty(t, strange.received())
}

func TestTheServerCanRefuseAMail(t *testing.T) {
	t.Parallel()
	s := listen(t, options{})
	cfg := mail.Config{Address: s.address, From: "me@example.com", RootCAs: s.known}
	_, err := sender(t, cfg).Send(t.Context(), input(t, map[string]any{"cc": "unknown@example.com"}))
	failedWith(t, err, mail.Rejected, true, "no such user")
	_, err = sender(t, cfg).Send(t.Context(), input(t, map[string]any{"cc": "full@example.com"}))
	failedWith(t, err, mail.NoServer, false, "mailbox full")
	require.Empty(t, s.received(), "nobody gets a mail that not all can get")
	got, err := sender(t, cfg).Send(t.Context(), input(t, map[string]any{"cc": "unknown@example.com", "ignoreException": true, "exceptionVariableName": "mailError"}))
	require.NoError(t, err)
	require.Contains(t, string(got["mailError"]), "no such user")
	got, err = sender(t, cfg).Send(t.Context(), input(t, map[string]any{"to": "kermit@example.com@org", "ignoreException": "true"}))
	require.NoError(t, err)
	require.Empty(t, got)
}

func TestAServerThatCannotBeReachedIsTriedAgain(t *testing.T) {
	t.Parallel()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	silent := mail.Config{Address: listener.Addr().String(), From: "me@example.com", Timeout: 200 * time.Millisecond}
	_, err = sender(t, silent).Send(t.Context(), input(t, nil))
	failedWith(t, err, mail.NoServer, false, "timeout")
	require.NoError(t, listener.Close())
	_, err = sender(t, silent).Send(t.Context(), input(t, nil))
	failedWith(t, err, mail.NoServer, false, "refused")
	broken := listen(t, options{breakOff: true})
	_, err = sender(t, mail.Config{Address: broken.address, From: "me@example.com", RootCAs: broken.known}).Send(t.Context(), input(t, nil))
	failedWith(t, err, mail.NoServer, false, "does not take the mail now")
}

func TestWithoutAServerThereIsNoMail(t *testing.T) {
	t.Parallel()
	_, err := sender(t, mail.Config{}).Send(t.Context(), input(t, map[string]any{"ignoreException": true}))
	failedWith(t, err, service.NotConfigured, true, "NEXTGEN_SMTP_ADDRESS")
}

func TestFieldsThatCannotBeUsedAreRefused(t *testing.T) {
	t.Parallel()
	s := sender(t, mail.Config{Address: "127.0.0.1:1", MaxBytes: 1000, MaxRecipients: 2})
	for name, c := range map[string]struct {
		fields map[string]any
		want   string
	}{
		"no recipient":                       {map[string]any{"to": " , "}, "no recipient"},
		"too many recipients":                {map[string]any{"to": "a@x.org,b@x.org", "bcc": "c@x.org"}, "2 are the most"},
		"a broken address":                   {map[string]any{"to": "kermit@example.com@org"}, "not a mail address"},
		"an address with a line break":       {map[string]any{"to": "a@x.org\r\nBcc: evil@x.org"}, "field to holds a line break"},
		"a listed address with a line break": {map[string]any{"cc": []any{"a@x.org\nBcc: evil@x.org"}}, "field cc holds"},
		"a sender with a line break":         {map[string]any{"from": "a@x.org\nBcc: evil@x.org"}, "field from holds a line break"},
		"an answer's address":                {map[string]any{"replyTo": "a@x.org\rX: y"}, "field replyTo holds a line break"},
		"a subject with a line break":        {map[string]any{"subject": "a\r\nBcc: evil@x.org"}, "field subject holds a line break"},
		"a header with a line break":         {map[string]any{"headers": map[string]any{"X": "a\nBcc: evil@x.org"}}, "line break"},
		"a header's name with a line break":  {map[string]any{"headers": map[string]any{"X\nY": "a"}}, "none of a header"},
		"a header without a colon":           {map[string]any{"headers": "X"}, "no colon"},
		"a header that has a field":          {map[string]any{"headers": "bcc: evil@x.org"}, "may not set bcc"},
		"a header about the content":         {map[string]any{"headers": "Content-Type: text/html"}, "may not set Content-Type"},
		"two senders":                        {map[string]any{"from": "a@x.org, b@x.org"}, "several addresses"},
		"no sender":                          {nil, "NEXTGEN_SMTP_FROM"},
		"no text":                            {map[string]any{"text": ""}, "is empty"},
		"a long text":                        {map[string]any{"text": strings.Repeat("x", 1001)}, "longer than 1000 bytes"},
		"a variable that is not there":       {map[string]any{"text": "", "textVar": "nothing"}, `the variable "nothing", which there is not`},
		"an unknown encoding":                {map[string]any{"charset": "utf-8\r\nX: y"}, "no encoding that is known"},
		"an encoding without a letter":       {map[string]any{"charset": "iso-8859-1", "text": "漢"}, "characters that"},
		"an unknown field":                   {map[string]any{"attachments": "x"}, `field "attachments" is not known`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := s.Send(t.Context(), input(t, c.fields))
			failedWith(t, err, service.BadField, true, c.want)
		})
	}
}

func TestAConfigurationThatCannotWorkIsRefused(t *testing.T) {
	t.Parallel()
	for _, cfg := range []mail.Config{
		{Address: "nowhere"}, {Address: ":25"}, {Address: "a:b"}, {From: "nobody"}, {Encryption: "rot13"}, {Timeout: 1}, {MaxBytes: -1},
	} {
		_, err := mail.New(cfg)
		require.Error(t, err, "%+v", cfg)
	}
}
