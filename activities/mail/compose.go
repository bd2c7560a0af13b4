package mail

import (
	"crypto/sha256"
	"encoding/hex"
	netmail "net/mail"
	"net/textproto"
	"slices"
	"strings"
	"unicode"

	gomail "github.com/wneessen/go-mail"
	"golang.org/x/net/http/httpguts"
	"golang.org/x/text/encoding/htmlindex"

	"github.com/onecms/nextgen-workflow/activities/service"
	"github.com/onecms/nextgen-workflow/bpmn/expr"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

// ownHeaders are those that have fields, or that the sender makes itself.
var ownHeaders = []string{"From", "Sender", "To", "Cc", "Bcc", "Reply-To", "Subject", "Date", "Message-Id", "Mime-Version", "Received",
	"Return-Path", "Dkim-Signature"}

// compose makes the mail. What is wrong with the fields is added to them.
func (s *Sender) compose(in casework.ActivityInput, f *service.Fields) *gomail.Msg {
	msg := gomail.NewMsg()
	from := s.from(f)
	msg.FromMailAddress(from)
	msg.SetMessageIDWithValue(messageID(in, from))
	recipients := 0
	for _, kind := range []struct {
		field string
		set   func(...*netmail.Address)
	}{{"to", msg.ToMailAddress}, {"cc", msg.CcMailAddress}, {"bcc", msg.BccMailAddress}} {
		if list := addresses(f, kind.field); len(list) > 0 {
			recipients += len(list)
			kind.set(list...)
		}
	}
	if recipients == 0 {
		f.Problem("the mail has no recipient: the fields to, cc and bcc are empty")
	}
	if recipients > s.cfg.MaxRecipients {
		f.Problem("the mail has %d recipients; %d are the most", recipients, s.cfg.MaxRecipients)
	}
	if list := addresses(f, "replyTo"); len(list) > 0 {
		msg.ReplyToMailAddress(list...)
	}
	subject := f.Text("subject")
	if hasControl(subject) {
		f.Problem("field subject holds a line break or control character")
	}
	msg.Subject(subject)
	setHeaders(msg, f)
	s.setBody(msg, in, f)
	return msg
}

func (s *Sender) from(f *service.Fields) *netmail.Address {
	list := addresses(f, "from")
	if len(list) == 1 {
		return list[0]
	}
	if len(list) > 1 {
		f.Problem("field from holds several addresses")
	}
	own, err := netmail.ParseAddress(s.cfg.From)
	if err != nil {
		f.Problem("field from is missing, and the setting %s names no sender", FromSetting)
		return &netmail.Address{}
	}
	return own
}

// FromSetting is the name of the setting with the usual sender, for messages.
const FromSetting = "NEXTGEN_SMTP_FROM"

// addresses reads a field that is a list, or a text with commas between the addresses. Empty ones are left out.
func addresses(f *service.Fields, field string) (list []*netmail.Address) {
	if hasControl(f.Trimmed(field)) {
		f.Problem("field %s holds a line break or control character", field)
		return nil
	}
	if _, isList := f.Value(field).([]any); !isList {
		if all, err := netmail.ParseAddressList(f.Trimmed(field)); err == nil {
			return all
		}
	}
	for _, item := range f.List(field) {
		address, err := netmail.ParseAddress(item)
		if err != nil || hasControl(address.Name+address.Address) {
			f.Problem("field %s holds %q, which is not a mail address", field, service.Shorten(item))
			continue
		}
		list = append(list, address)
	}
	return list
}

func hasControl(s string) bool { return strings.ContainsFunc(s, unicode.IsControl) }

// messageID is the same for every attempt, so that mail programs show a mail once that was sent twice.
func messageID(in casework.ActivityInput, from *netmail.Address) string {
	sum := sha256.Sum256([]byte(in.IdempotencyKey()))
	_, domain, _ := strings.Cut(from.Address, "@")
	if domain == "" || strings.ContainsFunc(domain, func(r rune) bool { return r > unicode.MaxASCII || r <= ' ' }) {
		domain = "nextgen-workflow.invalid"
	}
	return hex.EncodeToString(sum[:16]) + "@" + domain
}

// setHeaders reads lines of "Name: value", or a map of them.
func setHeaders(msg *gomail.Msg, f *service.Fields) {
	set := func(name, value string) {
		canonical := textproto.CanonicalMIMEHeaderKey(name)
		switch {
		case !httpguts.ValidHeaderFieldName(name):
			f.Problem("field headers holds the name %q, which is none of a header", service.Shorten(name))
		case hasControl(value):
			f.Problem("field headers holds a line break or control character in the value of %s", name)
		case slices.Contains(ownHeaders, canonical) || strings.HasPrefix(canonical, "Content-"):
			f.Problem("field headers may not set %s", name)
		default:
			msg.SetGenHeader(gomail.Header(name), value)
		}
	}
	f.Lines("headers", set)
}

// setBody sets the text, the HTML, or both as alternatives, in the encoding that the model names.
func (s *Sender) setBody(msg *gomail.Msg, in casework.ActivityInput, f *service.Fields) {
	text, html := body(in, f, "text"), body(in, f, "html")
	if text == "" && html == "" {
		f.Problem("the mail is empty: the fields text and html are")
	}
	if len(text)+len(html) > s.cfg.MaxBytes {
		f.Problem("the mail is longer than %d bytes", s.cfg.MaxBytes)
	}
	label := strings.ToLower(f.Trimmed("charset"))
	if label == "" {
		label = "utf-8"
	}
	encoding, err := htmlindex.Get(label)
	if err != nil {
		f.Problem("field charset is %q, which is no encoding that is known", service.Shorten(label))
		return
	}
	add := msg.SetBodyString
	for _, part := range []struct {
		kind gomail.ContentType
		text string
	}{{gomail.TypeTextPlain, text}, {gomail.TypeTextHTML, html}} {
		if part.text == "" {
			continue
		}
		encoded, err := encoding.NewEncoder().String(part.text)
		if err != nil {
			f.Problem("the mail has characters that %s does not have", label)
			return
		}
		add(part.kind, encoded, gomail.WithPartCharset(gomail.Charset(strings.ToUpper(label))))
		add = msg.AddAlternativeString
	}
}

// body is the text of a field, or of the variable that the field with "Var" behind its name names.
func body(in casework.ActivityInput, f *service.Fields, field string) string {
	if text := f.Text(field); text != "" {
		return text
	}
	name := f.Trimmed(field + "Var")
	if name == "" {
		return ""
	}
	raw, there := in.Variables[name]
	if !there {
		f.Problem("field %sVar names the variable %q, which there is not", field, service.Shorten(name))
		return ""
	}
	value, err := expr.FromJSON(raw)
	if err != nil {
		f.Problem("the variable %q cannot be read", service.Shorten(name))
	}
	return expr.Text(value)
}
