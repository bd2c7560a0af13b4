package expr

import (
	"math"

	"github.com/cockroachdb/apd/v3"
)

// scalarMethod runs a method of a number or a boolean.
func scalarMethod(v any, method string, args []any) (any, error) {
	switch {
	case method == "toString" && len(args) == 0:
		return Text(v), nil
	case method == "equals" && len(args) == 1:
		return equal(v, args[0]), nil
	case method == "booleanValue" && len(args) == 0:
		if b, ok := v.(bool); ok {
			return b, nil
		}
	}
	if isNumber(v) {
		return numberMethod(v, method, args)
	}
	return nil, ErrNoMethod
}

func numberMethod(v any, method string, args []any) (any, error) {
	switch {
	case method == "intValue" && len(args) == 0:
		return truncated(v, method, math.MinInt32, math.MaxInt32)
	case method == "longValue" && len(args) == 0:
		return truncated(v, method, math.MinInt64, math.MaxInt64)
	case (method == "doubleValue" || method == "floatValue") && len(args) == 0:
		return v, nil // exact as it is
	case method == "compareTo" && len(args) == 1:
		if order, ok := compare(v, args[0]); ok && args[0] != nil {
			return int64(order), nil
		}
		return nil, &EvalError{Code: BadOperand, Message: "compareTo needs a number, not " + kindOf(args[0])}
	}
	return nil, ErrNoMethod
}

// truncated drops the fraction; a number out of the range is an error, where other engines let it wrap around.
func truncated(v any, method string, least, greatest int64) (any, error) {
	whole, ok := v.(int64)
	if d, isDecimal := v.(*apd.Decimal); isDecimal {
		var fraction, integer apd.Decimal
		d.Modf(&integer, &fraction)
		i, err := integer.Int64()
		whole, ok = i, err == nil
	}
	if !ok || whole < least || whole > greatest {
		return nil, &EvalError{Code: BadNumber, Message: method + ": the number is out of range"}
	}
	return whole, nil
}
