package javascript

import (
	"encoding/json"

	"github.com/dop251/goja"
)

// execution makes the object "execution" of the vendors' vocabulary. Variables are set by it and by nothing else: a
// script that assigns to a global has a value of its own.
func (s *Script) execution() *goja.Object {
	object := s.runtime.NewObject()
	for name, method := range map[string]func(goja.FunctionCall) goja.Value{
		"getVariable": func(call goja.FunctionCall) goja.Value {
			if value, ok := s.values[call.Argument(0).String()]; ok {
				return value
			}
			return goja.Null()
		},
		"hasVariable": func(call goja.FunctionCall) goja.Value {
			_, ok := s.values[call.Argument(0).String()]
			return s.runtime.ToValue(ok)
		},
		"getVariables": func(goja.FunctionCall) goja.Value { return s.variables() },
		"setVariable": func(call goja.FunctionCall) goja.Value {
			s.set(call.Argument(0).String(), call.Argument(1))
			return goja.Undefined()
		},
		"setVariables": func(call goja.FunctionCall) goja.Value {
			all := call.Argument(0).ToObject(s.runtime)
			for _, name := range all.Keys() {
				s.set(name, all.Get(name))
			}
			return goja.Undefined()
		},
		"removeVariable": func(call goja.FunctionCall) goja.Value {
			s.remove(call.Argument(0).String())
			return goja.Undefined()
		},
	} {
		_ = object.Set(name, method)
	}
	for name, value := range map[string]string{
		"id": s.in.ElementInstanceID, "processInstanceId": s.in.ProcessInstanceID, "processDefinitionKey": s.in.ProcessKey,
		"currentActivityId": s.in.ElementID, "processInstanceBusinessKey": s.in.BusinessKey, "caseNumber": s.in.CaseNumber,
	} {
		fixed := s.runtime.ToValue(value)
		_ = object.DefineDataProperty(name, fixed, goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_TRUE)
		_ = object.Set(getter(name), func(goja.FunctionCall) goja.Value { return fixed })
	}
	return object
}

// getter is the name of the method that returns a property, by the custom of Java.
func getter(property string) string {
	return "get" + string(property[0]-'a'+'A') + property[1:]
}

func (s *Script) variables() goja.Value {
	all := s.runtime.NewObject()
	for name, value := range s.values {
		_ = all.DefineDataProperty(name, value, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE)
	}
	return all
}

// set keeps a value for the case. It is what it is at this moment: a change of the object afterwards changes nothing.
func (s *Script) set(name string, value goja.Value) {
	if name == "" || len(name) > maxNameBytes {
		panic(s.runtime.NewTypeError("the name of a variable must have 1 to %d bytes", maxNameBytes))
	}
	s.changed[name] = s.mustExport("the variable "+name, value)
	s.values[name] = value
	s.refresh(name, value)
}

func (s *Script) remove(name string) {
	if _, there := s.values[name]; !there {
		return
	}
	delete(s.values, name)
	s.changed[name] = json.RawMessage("null")
	s.refresh(name, goja.Undefined())
}

// maxNameBytes bounds the names of variables, as the database does.
const maxNameBytes = 255

// refresh makes a variable the global of its name, unless that name is a part of the language or of the engine.
func (s *Script) refresh(name string, value goja.Value) {
	if s.globals[name] || s.runtime.GlobalObject().Get(name) == nil {
		s.globals[name] = true
		_ = s.runtime.Set(name, value) // it fails where the script has made the name unchangeable
	}
}
