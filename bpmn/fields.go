package bpmn

import (
	"slices"
	"strings"
)

// HTTPFields are the fields of an HTTP call. Any other is refused.
func HTTPFields() []string {
	return []string{"requestMethod", "requestUrl", "requestHeaders", "requestBody", "requestBodyEncoding", "requestTimeout",
		"disallowRedirects", "failStatusCodes", "handleStatusCodes", "ignoreException", "saveRequestVariables",
		"saveResponseParameters", "saveResponseParametersTransient", "saveResponseVariableAsJson", "responseVariableName",
		"resultVariablePrefix"}
}

// MailFields are the fields of a mail. Any other is refused.
func MailFields() []string {
	return []string{"to", "cc", "bcc", "from", "replyTo", "subject", "text", "html", "textVar", "htmlVar", "charset", "headers",
		"ignoreException", "exceptionVariableName"}
}

// builtInFields refuses fields that an HTTP call or a mail does not know.
func (b *modelBuilder) builtInFields(e *Element, s *Service) {
	var known []string
	switch s.Kind {
	case ServiceHTTP:
		known = HTTPFields()
	case ServiceMail:
		known = MailFields()
	default:
		return
	}
	for _, f := range e.extensions("field") {
		if name := f.attr("name"); name != "" && !slices.Contains(known, name) {
			b.problem("service", f, "%s has the field %q, which is not known; there are: %s", label(e), shorten(name), strings.Join(known, ", "))
		}
	}
}
