package scenario

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// place is where in the world an operation or expectation is about: an instance, or something in it.
type place struct {
	instance     string
	nodeInstance string // "": the instance itself
	element      string
}

var indexed = regexp.MustCompile(`^(\w+)(?:\[(\d+)\])?(\.size)?$`)

// lookup finds what an earlier step found: "q1", "q1[0]", "q1.size".
func (r *run) lookup(name string) (found, error) {
	m := indexed.FindStringSubmatch(name)
	if m == nil {
		return found{}, fmt.Errorf("reference %q: %w", name, errUnreadable)
	}
	f, ok := r.founds[m[1]]
	if !ok {
		return found{}, fmt.Errorf("reference %q: %w", name, errUnreadable)
	}
	if m[2] == "" || f.unreadable != nil {
		return f, nil
	}
	n, err := strconv.Atoi(m[2])
	if err != nil || n >= len(f.items) {
		return found{}, fmt.Errorf("%s: the query found %d", name, len(f.items))
	}
	return found{entity: f.entity, items: f.items[n : n+1], one: true}, nil
}

// single is the one item that a reference means: a name, an attribute of something, or a query of its own.
func (r *run) single(raw json.RawMessage) (item, error) {
	v, err := decode(raw)
	if err != nil {
		return item{}, err
	}
	var f found
	switch v := v.(type) {
	case string:
		f, err = r.lookup(v)
	case map[string]any:
		if _, ok := v["entity"]; !ok {
			return item{}, fmt.Errorf("reference %s: %w", raw, errUnreadable)
		}
		var s Step
		if err := json.Unmarshal(raw, &s); err != nil {
			return item{}, fmt.Errorf("reference %s: %w", raw, err)
		}
		f, err = r.query(s)
	default:
		err = fmt.Errorf("reference %s: %w", raw, errUnreadable)
	}
	switch {
	case err != nil:
		return item{}, err
	case f.unreadable != nil:
		return item{}, f.unreadable
	case len(f.items) == 0:
		return item{}, fmt.Errorf("%s: nothing was found", raw)
	}
	return f.items[0], nil
}

// place is where a reference points to. An attribute of something is an id: of an instance, or "instance/node instance".
func (r *run) place(raw json.RawMessage) (place, error) {
	v, err := decode(raw)
	if err != nil {
		return place{}, err
	}
	if m, ok := v.(map[string]any); ok && m["of"] != nil {
		id, err := r.identity(m)
		if err != nil {
			return place{}, err
		}
		text, _ := id.(string)
		instance, nodeInstance, _ := strings.Cut(text, "/")
		return place{instance: instance, nodeInstance: nodeInstance, element: elementOf(nodeInstance)}, nil
	}
	it, err := r.single(raw)
	return place{instance: it.instance, nodeInstance: it.nodeInstance, element: it.element}, err
}

// elementOf is the element of a node instance "<element>:<n>".
func elementOf(nodeInstance string) string {
	if i := strings.LastIndexByte(nodeInstance, ':'); i >= 0 {
		return nodeInstance[:i]
	}
	return nodeInstance
}

// identity is the id, or another attribute, of what a reference in a value means.
func (r *run) identity(ref any) (any, error) {
	switch ref := ref.(type) {
	case string:
		f, err := r.lookup(ref)
		if err != nil {
			return nil, err
		}
		if len(f.items) == 0 {
			return nil, fmt.Errorf("%s: nothing was found", ref)
		}
		return f.items[0].id, nil
	case map[string]any:
		of, _ := ref["of"].(string)
		attr, _ := ref["attr"].(string)
		f, err := r.lookup(of)
		if err != nil {
			return nil, err
		}
		if len(f.items) == 0 {
			return nil, fmt.Errorf("%s of %s: nothing was found", attr, of)
		}
		return f.items[0].field(property(attr)), nil
	}
	return nil, fmt.Errorf("reference %v: %w", ref, errUnreadable)
}

// property is the name of the field that a getter reads: "getTaskDefinitionKey" reads "taskDefinitionKey".
func property(getter string) string {
	name := strings.TrimPrefix(getter, "get")
	if name == "" {
		return ""
	}
	return strings.ToLower(name[:1]) + name[1:]
}
