package scenario

import (
	"encoding/json"
	"fmt"
	"net/mail"
	"net/url"
	"strings"

	"github.com/onecms/nextgen-workflow/bpmn/engine"
	"github.com/onecms/nextgen-workflow/internal/conformance/world"
)

// pages are what the server of the scenarios answers, by path, each with status 200.
var pages = map[string]string{
	"/api/":           `{}`,
	"/test":           `{"name":{"firstName":"John","lastName":"Doe"}}`,
	"/array-response": `{"data":[{"name":"abc"},{"name":"def"},{"name":"ghi"}]}`,
}

// answer does the work that scenarios ask for, without a network: mail is taken, calls of the scenarios' server are
// answered, and any other work fails, since its program is not part of the scenario.
func answer(w world.Work) world.Answer {
	switch w.Kind {
	case engine.MailActivity:
		return sendMail(w)
	case engine.HTTPActivity:
		return callHTTP(w)
	case engine.DelegateActivity, engine.DecisionActivity, engine.ScriptActivity:
	}
	return failed("unknown-work", fmt.Sprintf("nothing here does the %s work %q", w.Kind, w.Name))
}

func failed(kind, reason string) world.Answer {
	return world.Answer{Failed: true, Type: kind, Reason: reason}
}

func field(w world.Work, name string) string {
	v, err := decode(w.Fields[name])
	if err != nil || v == nil {
		return ""
	}
	if text, ok := v.(string); ok {
		return strings.TrimSpace(text)
	}
	return show(v)
}

// sendMail takes mail to addresses that can be ones.
func sendMail(w world.Work) world.Answer {
	_, err := mail.ParseAddressList(field(w, "to"))
	switch name := field(w, "exceptionVariableName"); {
	case err == nil:
		return world.Answer{}
	case field(w, "ignoreException") != "true":
		return failed("MailAddress", err.Error())
	case name == "":
		return world.Answer{}
	default:
		return world.Answer{Variables: map[string]json.RawMessage{name: text(err.Error())}}
	}
}

// callHTTP answers as the built-in HTTP call does: with the variables to set.
func callHTTP(w world.Work) world.Answer {
	target, err := url.Parse(field(w, "requestUrl"))
	page, known := "", false
	if err == nil && target.Hostname() == "localhost" {
		page, known = pages[target.Path]
	}
	prefix := field(w, "resultVariablePrefix")
	if prefix == "" {
		prefix = w.Node.ID
	}
	switch {
	case known:
	case field(w, "ignoreException") == "true":
		return world.Answer{Variables: map[string]json.RawMessage{prefix + "ErrorMessage": text("no such host")}}
	default:
		return failed("HttpConnection", fmt.Sprintf("there is no answer for %q", field(w, "requestUrl")))
	}
	name, value := field(w, "responseVariableName"), text(page)
	if name == "" {
		name = prefix + "ResponseBody"
	}
	if field(w, "saveResponseVariableAsJson") == "true" {
		value = json.RawMessage(page)
	}
	return world.Answer{Variables: map[string]json.RawMessage{name: value}}
}

func text(s string) json.RawMessage {
	raw, _ := json.Marshal(s) // a string always encodes
	return raw
}
