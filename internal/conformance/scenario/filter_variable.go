package scenario

import (
	"fmt"
	"strings"
)

// cutVariable splits "processVariableValueNotEquals" into what it is about and how it compares.
func cutVariable(name string) (on, how string, ok bool) {
	on, how, ok = strings.Cut(name, "ariableValue")
	if !ok || how == "" {
		return "", "", false
	}
	switch on += "ariable"; on {
	case "variable", "processVariable", "taskVariable":
		return on, how, true
	}
	return "", "", false
}

// variableFilter compares variables: with a name and a value the variable of that name, with a value alone any variable.
func variableFilter(on, how string, args []any, modes map[string]bool) (filter, error) {
	if len(args) < 1 || len(args) > 2 {
		return nil, fmt.Errorf("a filter by variable with %d values: %w", len(args), errUnreadable)
	}
	name, named := "", len(args) == 2
	if named {
		var ok bool
		if name, ok = args[0].(string); !ok {
			return nil, fmt.Errorf("a filter by a variable without name: %w", errUnreadable)
		}
	}
	how, folded := cutFold(how, modes)
	compare, err := comparison(how)
	if err != nil {
		return nil, err
	}
	want := fold(args[len(args)-1], folded)
	return func(it item) bool {
		vars := it.variables
		if on == "taskVariable" {
			vars = it.local
		}
		for n, v := range vars {
			sameName := n == name || modes["matchVariableNamesIgnoreCase"] && strings.EqualFold(n, name)
			if (!named || sameName) && compare(fold(v, folded), want) {
				return true
			}
		}
		return false
	}, nil
}

func cutFold(how string, modes map[string]bool) (string, bool) {
	rest, folded := strings.CutSuffix(how, "IgnoreCase")
	return rest, folded || modes["matchVariableValuesIgnoreCase"]
}

func fold(v any, folded bool) any {
	if text, ok := v.(string); ok && folded {
		return strings.ToLower(text)
	}
	return v
}

func comparison(how string) (func(v, want any) bool, error) {
	ordered := func(ok func(int) bool) func(v, want any) bool {
		return func(v, want any) bool {
			o, comparable := order(v, want)
			return comparable && ok(o)
		}
	}
	switch how {
	case "Equals":
		return equal, nil
	case "NotEquals":
		return func(v, want any) bool { return !equal(v, want) }, nil
	case "Like":
		return func(v, want any) bool {
			text, ok := v.(string)
			pattern, both := want.(string)
			return ok && both && like(text, pattern)
		}, nil
	case "GreaterThan":
		return ordered(func(o int) bool { return o > 0 }), nil
	case "GreaterThanOrEqual", "GreaterThanOrEquals":
		return ordered(func(o int) bool { return o >= 0 }), nil
	case "LessThan":
		return ordered(func(o int) bool { return o < 0 }), nil
	case "LessThanOrEqual", "LessThanOrEquals":
		return ordered(func(o int) bool { return o <= 0 }), nil
	}
	return nil, fmt.Errorf("the comparison %q: %w", how, errUnreadable)
}
