package bpmn

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/onecms/nextgen-workflow/bpmn/expr"
)

// maxRetries bounds how often a failure is tried again.
const maxRetries = 1000

// service reads what a service-like task or a message definition does; nil when it says nothing that can be done, which
// the rules judge.
func (b *modelBuilder) service(e *Element) *Service {
	s := &Service{
		Retries: -1, ResultVariable: e.vendor("resultVariable", "resultVariableName"),
		ResultLocal: isTrue(e.vendor("useLocalScopeForResultVariable"), false), Skip: b.skip(e),
	}
	if !b.implementation(e, s) {
		return b.zeebeService(e)
	}
	b.fields(e, s)
	b.retries(e, s)
	if source := e.vendor("timeout"); source != "" {
		s.Timeout = b.duration(e, "timeout", source)
	}
	s.Errors = b.mappedErrors(e)
	return s
}

// implementation fills in what the service is; false when it is nothing that is known.
func (b *modelBuilder) implementation(e *Element, s *Service) bool {
	if decision := e.vendor("decisionRef", "decisionTableReferenceKey"); decision != "" {
		s.Kind, s.Decision = ServiceDecision, b.template(e, "decisionRef", decision)
		return true
	}
	switch kind := e.vendor("type"); kind {
	case "":
		return b.delegate(e, s)
	case "http":
		s.Kind = ServiceHTTP
	case "mail":
		s.Kind = ServiceMail
	case "external", "external-worker":
		b.external(e, s)
	case "dmn":
		b.decisionFields(e, s)
	default:
		b.refused(e, "%s has the type %q, which is not supported", label(e), shorten(kind))
		return false
	}
	return true
}

// delegate reads an expression or the name of a delegate.
func (b *modelBuilder) delegate(e *Element, s *Service) bool {
	if source := e.vendor("expression"); source != "" {
		s.Kind, s.Expression = ServiceExpression, b.expression(e, "expression", source)
		return true
	}
	s.Kind = ServiceDelegate
	if s.Activity = e.vendor("class"); s.Activity != "" {
		return true
	}
	source := e.vendor("delegateExpression")
	if source == "" {
		return false
	}
	s.Activity = b.bean(e, source)
	return true
}

// bean reads the name of a delegate from an expression that is nothing else.
func (b *modelBuilder) bean(e *Element, source string) string {
	name, open := strings.CutPrefix(strings.Replace(source, "#{", "${", 1), "${")
	bean, closed := strings.CutSuffix(name, "}")
	if bean = strings.TrimSpace(bean); !open || !closed || !isIdentifier(bean) {
		b.refused(e, "%s has the delegateExpression %q; only the name of a delegate is supported, as in ${name}", label(e), shorten(source))
	}
	return bean
}

// external reads a task that workers of a topic do: the topic is the task queue and the activity, which stays empty where
// the topic is only known when the task begins.
func (b *modelBuilder) external(e *Element, s *Service) {
	topic := e.vendor("topic")
	s.Kind, s.Topic = ServiceDelegate, b.template(e, "topic", topic)
	if !hasExpression(topic) {
		s.Activity = topic
	}
	if topic == "" {
		b.problem("service", e, "%s is for external workers and has no topic", label(e))
	}
}

// decisionFields reads the decision of a vendor's task of type "dmn".
func (b *modelBuilder) decisionFields(e *Element, s *Service) {
	s.Kind = ServiceDecision
	for _, f := range e.extensions("field") {
		if f.attr("name") == "decisionTableReferenceKey" || f.attr("name") == "decisionServiceReferenceKey" {
			s.Decision = b.field(f)
		}
	}
	if s.Decision == nil {
		b.problem("service", e, "%s has no field decisionTableReferenceKey", label(e))
	}
}

// fields reads the injected fields of a service.
func (b *modelBuilder) fields(e *Element, s *Service) {
	named := b.injected(e, e.extensions("field"), s)
	b.builtInFields(e, s)
	if s.Kind == ServiceHTTP && !named["requestUrl"] {
		b.problem("service", e, "%s is an HTTP call and has no field requestUrl", label(e))
	}
	if s.Kind == ServiceMail && !named["to"] && !named["cc"] && !named["bcc"] {
		b.problem("service", e, "%s is a mail and has no field to, cc or bcc", label(e))
	}
}

// injected adds fields to a service and returns their names.
func (b *modelBuilder) injected(e *Element, fields []*Element, s *Service) (named map[string]bool) {
	named = map[string]bool{}
	for _, f := range fields {
		name := f.attr("name")
		switch {
		case name == "":
			b.problem("service", f, "a field of %s has no name", label(e))
		case named[name]:
			b.problem("service", f, "%s has the field %q twice", label(e), shorten(name))
		}
		named[name] = true
		s.Fields = append(s.Fields, Mapping{Target: name, Value: Value{Text: b.field(f)}})
	}
	return named
}

// field is the value of an injected field: a text as it is, or text with expressions; nil when it has none.
func (b *modelBuilder) field(f *Element) *expr.Template {
	for _, name := range []string{"expression", "stringValue", "string"} {
		source := f.attr(name)
		for _, c := range f.Children {
			if c.Local == name && isVendor(c.Space) {
				source = cmp.Or(c.Text, source)
			}
		}
		switch {
		case source == "":
		case name == "expression":
			return b.template(f, "field", source)
		default:
			return b.literal(f, source)
		}
	}
	return nil
}

// retries reads "R3/PT10M": how often and how far apart a failure is tried again.
func (b *modelBuilder) retries(e *Element, s *Service) {
	for _, r := range e.extensions("failedJobRetryTimeCycle") {
		count, interval, found := strings.Cut(strings.TrimPrefix(r.Text, "R"), "/")
		n, err := strconv.Atoi(count)
		if !found || err != nil || n < 0 || n > maxRetries {
			b.problem("service", r, "%s of %s is %q; it is R<times>/<duration>, as in R3/PT10M", named(r), label(e), shorten(r.Text))
			return
		}
		s.Retries, s.RetryInterval = n, b.duration(r, "interval", interval)
	}
}

// duration reads a duration of fixed length: without years and months.
func (b *modelBuilder) duration(e *Element, what, source string) time.Duration {
	d, err := ParseDuration(source)
	if err == nil && d.Years == 0 && d.Months == 0 {
		if length := d.AddTo(time.Time{}).Sub(time.Time{}); length > 0 && length <= 365*24*time.Hour {
			return length
		}
	}
	b.problem("service", e, "the %s of %s is %q; it is an ISO 8601 duration of at most a year, in days or less", what, label(e), shorten(source))
	return 0
}

// skip is the skipExpression of an element.
func (b *modelBuilder) skip(e *Element) *expr.Template {
	source := e.vendor("skipExpression")
	if source == "" {
		return nil
	}
	return b.expression(e, "skipExpression", source)
}
