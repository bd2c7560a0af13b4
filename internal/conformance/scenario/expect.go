package scenario

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/onecms/nextgen-workflow/internal/conformance/report"
	"github.com/onecms/nextgen-workflow/internal/conformance/world"
)

// expect checks one expectation; the error says what is there instead.
func (r *run) expect(s Step) error {
	switch {
	case len(s.Ended) > 0:
		return r.expectEnd(s.Ended, true)
	case len(s.NotEnded) > 0:
		return r.expectEnd(s.NotEnded, false)
	case len(s.WaitsAt) > 0:
		return r.expectWaiting(s)
	}
	f, err := r.subject(s.What)
	if err != nil {
		return err
	}
	if f.unreadable != nil {
		return f.unreadable
	}
	if f.one && len(f.items) > 1 && !internal[f.entity] {
		return fmt.Errorf("one was expected, the query finds %d", len(f.items))
	}
	switch {
	case s.Exists != nil && f.one && *s.Exists != (len(f.items) > 0):
		return fmt.Errorf("the query finds %d", len(f.items))
	case s.Count != nil && *s.Count != len(f.items):
		return fmt.Errorf("the query finds %d%s", len(f.items), names(f.items))
	case s.More != nil && len(f.items) <= *s.More:
		return fmt.Errorf("the query finds %d", len(f.items))
	case s.Attr != "":
		return r.expectAttribute(s, f)
	case len(s.Attrs) > 0:
		return r.expectAttributes(s, f)
	}
	return nil
}

// names lists what was found, for messages.
func names(items []item) string {
	var out []string
	for _, it := range items {
		out = append(out, it.element)
	}
	return " " + fmt.Sprint(out)
}

// subject is what an expectation is about. What was started is looked at as it is now.
func (r *run) subject(raw json.RawMessage) (found, error) {
	v, err := decode(raw)
	if err != nil {
		return found{}, err
	}
	name, isName := v.(string)
	if !isName {
		at, err := r.place(raw)
		if err != nil {
			return found{}, err
		}
		return r.present(at, "processInstance")
	}
	f, err := r.lookup(name)
	if err != nil || len(f.items) != 1 || f.entity != "processInstance" {
		return f, err
	}
	return r.present(place{instance: f.items[0].instance}, f.entity)
}

func (r *run) present(at place, entity string) (found, error) {
	i, err := r.engine.Instance(at.instance)
	if err != nil {
		return found{}, err
	}
	it := r.instanceItem(entity, i)
	it.variables, it.local = visible(i, at.nodeInstance), own(i, at.nodeInstance)
	if at.nodeInstance == "" {
		it.local = it.variables
	}
	return found{entity: entity, items: []item{it}, one: true}, nil
}

func (r *run) expectEnd(raw json.RawMessage, ended bool) error {
	at, err := r.place(raw)
	if err != nil {
		return err
	}
	i, err := r.engine.Instance(at.instance)
	if err != nil {
		return err
	}
	switch {
	case ended && !i.Ended():
		return fmt.Errorf("the instance waits at %v", i.State.Open())
	case !ended && i.Ended():
		return fmt.Errorf("the instance has ended at %q", i.EndEvent)
	}
	return nil
}

func (r *run) expectWaiting(s Step) error {
	at, err := r.place(s.Of)
	if err != nil {
		return err
	}
	i, err := r.engine.Instance(at.instance)
	if err != nil {
		return err
	}
	waiting := active(i)
	for _, id := range s.WaitsAt {
		if !slices.Contains(waiting, id) {
			return fmt.Errorf("the instance waits at %v", waiting)
		}
	}
	if want := slices.Compact(slices.Sorted(slices.Values(s.WaitsAt))); s.Exact && !slices.Equal(want, slices.Compact(waiting)) {
		return fmt.Errorf("the instance waits at %v", waiting)
	}
	return nil
}

// active are the elements that hold a token, and the sub-processes around them, sorted.
func active(i world.Instance) []string {
	var ids []string
	for _, t := range i.State.Tokens {
		ids = append(ids, t.Node)
	}
	for _, s := range i.State.Scopes {
		if !slices.Contains(ids, s.Node) {
			ids = append(ids, s.Node)
		}
	}
	slices.Sort(ids)
	return ids
}

// attribute reads an attribute of an item by the name of its getter.
func (r *run) attribute(it item, getter string) (any, error) {
	if name, ok := strings.CutPrefix(getter, "getVariable:"); ok {
		return it.variables[name], nil
	}
	if name, ok := strings.CutPrefix(getter, "getVariableLocal:"); ok {
		return it.local[name], nil
	}
	switch getter {
	case "getVariables", "getProcessVariables":
		return it.variables, nil
	case "getActiveActivityIds":
		i, err := r.engine.Instance(it.instance)
		var ids []any
		for _, t := range i.State.Tokens {
			ids = append(ids, t.Node)
		}
		return ids, err
	case "getOwner", "getCategory", "getDescription", "getName":
		if _, known := it.fields[property(getter)]; !known {
			return nil, fmt.Errorf("%s of a %s: %w", getter, it.entity, report.ErrGap)
		}
	}
	v, known := it.fields[property(getter)]
	if !known {
		return nil, fmt.Errorf("attribute %s: %w", getter, errUnreadable)
	}
	return v, nil
}

// now are the variables that something sees now, unless its instance has ended: then those it saw.
func (r *run) now(it item) map[string]any {
	i, err := r.engine.Instance(it.instance)
	if err != nil || i.Ended() {
		return it.variables
	}
	return visible(i, it.nodeInstance)
}

func (r *run) expectAttribute(s Step, f found) error {
	if len(f.items) == 0 {
		return errors.New("the query finds nothing")
	}
	want, err := r.value(s.Value)
	if err != nil {
		return err
	}
	if s.Attr == "getVariable" { // of which variable is not known
		vars := r.now(f.items[0])
		for _, v := range vars {
			if equal(v, want) {
				return nil
			}
		}
		return fmt.Errorf("no variable has this value: %s", show(vars))
	}
	got, err := r.attribute(f.items[0], s.Attr)
	if err != nil {
		return err
	}
	ok, err := relate(s.Rel, got, want)
	if err == nil && !ok {
		err = fmt.Errorf("it is %s", show(got))
	}
	return err
}

func (r *run) expectAttributes(s Step, f found) error {
	var got, want []any
	for _, it := range f.items {
		var row []any
		for _, a := range s.Attrs {
			v, err := r.attribute(it, a)
			if err != nil {
				return err
			}
			row = append(row, v)
		}
		if len(row) == 1 {
			got = append(got, row[0])
		} else {
			got = append(got, row)
		}
	}
	for _, raw := range s.Values {
		v, err := r.value(raw)
		if err != nil {
			return err
		}
		want = append(want, v)
	}
	ok, err := relate(s.Rel, got, want)
	if err == nil && !ok {
		err = fmt.Errorf("it is %s", show(got))
	}
	return err
}
