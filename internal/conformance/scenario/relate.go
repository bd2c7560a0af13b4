package scenario

import (
	"fmt"
	"slices"
	"strings"
)

// relate decides whether a relation between what is there and what is expected holds.
func relate(rel string, got, want any) (bool, error) {
	if key, ok := strings.CutPrefix(rel, "entry:"); ok {
		m, isMap := got.(map[string]any)
		v, has := m[key]
		return isMap && has && equal(v, want), nil
	}
	switch rel {
	case "==":
		return equalTo(got, want), nil
	case "size":
		return equal(size(got), want), nil
	}
	x, okX := got.([]any)
	y, okY := want.([]any)
	switch rel {
	case "exactly", "containsExactly":
		return okX && okY && equal(x, y) || len(x)+len(y) == 0, nil
	case "inAnyOrder", "containsOnly", "containsExactlyInAnyOrder":
		return sameItems(x, y), nil
	case "contains":
		return within(y, x), nil
	case "setEquals":
		return within(x, y) && within(y, x), nil
	}
	return false, fmt.Errorf("the relation %q: %w", rel, errUnreadable)
}

// equalTo compares for "==". A number stands for the size of a map or list, as in "getVariables == 0".
func equalTo(got, want any) bool {
	if _, isNumber := rational(want); isNumber {
		switch got.(type) {
		case map[string]any, []any:
			return equal(size(got), want)
		}
	}
	return equal(got, want)
}

func size(v any) any {
	switch v := v.(type) {
	case map[string]any:
		return len(v)
	case []any:
		return len(v)
	}
	return nil
}

// within reports whether every value of a is in b.
func within(a, b []any) bool {
	for _, v := range a {
		if !slices.ContainsFunc(b, func(o any) bool { return equal(v, o) }) {
			return false
		}
	}
	return true
}

// sameItems compares two lists without regard to order.
func sameItems(a, b []any) bool {
	if len(a) != len(b) {
		return false
	}
	rest := slices.Clone(b)
	for _, v := range a {
		i := slices.IndexFunc(rest, func(o any) bool { return equal(v, o) })
		if i < 0 {
			return false
		}
		rest = slices.Delete(rest, i, i+1)
	}
	return true
}
