package javascript

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"slices"
	"strconv"

	"github.com/cockroachdb/apd/v3"
	"github.com/dop251/goja"

	"github.com/onecms/nextgen-workflow/activities/service"
	"github.com/onecms/nextgen-workflow/bpmn/expr"
)

// maxSafe is the largest whole number up to which every whole number is exact in JavaScript.
const maxSafe = 1<<53 - 1

// fromJSON makes a JavaScript value. A number that JavaScript has no exact form of is its text.
func (s *Script) fromJSON(raw json.RawMessage) (goja.Value, error) {
	value, err := expr.FromJSON(raw)
	if err != nil {
		return nil, err
	}
	return s.toJS(value), nil
}

func (s *Script) toJS(v any) goja.Value {
	switch v := v.(type) {
	case nil:
		return goja.Null()
	case int64:
		if v > maxSafe || v < -maxSafe {
			return s.runtime.ToValue(strconv.FormatInt(v, 10))
		}
		return s.runtime.ToValue(v)
	case *apd.Decimal:
		return s.decimal(v)
	case []any:
		items := make([]any, len(v))
		for i, item := range v {
			items[i] = s.toJS(item)
		}
		return s.runtime.NewArray(items...)
	case map[string]any:
		object := s.runtime.NewObject()
		for _, name := range sortedKeys(v) {
			_ = object.DefineDataProperty(name, s.toJS(v[name]), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE)
		}
		return object
	}
	return s.runtime.ToValue(v) // text, true, false
}

// decimal is a number if its digits come back from it.
func (s *Script) decimal(d *apd.Decimal) goja.Value {
	if f, err := d.Float64(); err == nil {
		back, _, err := apd.NewFromString(strconv.FormatFloat(f, 'g', -1, 64))
		if err == nil && back.Cmp(d) == 0 && (math.Abs(f) <= maxSafe || f != math.Trunc(f)) {
			return s.runtime.ToValue(f)
		}
	}
	return s.runtime.ToValue(expr.Text(d))
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// exporter writes a JavaScript value as JSON.
type exporter struct {
	script *Script
	out    bytes.Buffer
	what   string // for messages
	depth  int
}

// maxDepth bounds the nesting of a value; a circle is deeper than that.
const maxDepth = 100

// mustExport is a value as JSON. What cannot be kept is an exception in the script.
func (s *Script) mustExport(what string, v goja.Value) json.RawMessage {
	e := &exporter{script: s, what: what}
	e.write(v)
	e.checkSize(e.out.Len())
	return e.out.Bytes()
}

func (e *exporter) checkSize(bytes int) {
	if bytes > e.script.limits.ResultBytes {
		panic(e.script.runtime.NewGoError(failf(OverLimit, "%s is larger than %d bytes", e.what, e.script.limits.ResultBytes)))
	}
}

func (e *exporter) refuse(format string, args ...any) {
	panic(e.script.runtime.NewGoError(failf(Failed, "%s %s", e.what, fmt.Sprintf(format, args...))))
}

func (e *exporter) write(v goja.Value) {
	e.checkSize(e.out.Len())
	if v == nil || goja.IsUndefined(v) || goja.IsNull(v) {
		e.out.WriteString("null")
		return
	}
	if object, isObject := v.(*goja.Object); isObject {
		e.object(object)
		return
	}
	if _, isSymbol := v.(*goja.Symbol); isSymbol {
		e.refuse("is or holds a Symbol, which cannot be kept")
	}
	switch value := v.Export().(type) {
	case bool:
		e.out.WriteString(strconv.FormatBool(value))
	case int64:
		e.number(float64(value))
	case float64:
		e.number(value)
	case *big.Int:
		e.out.WriteString(value.String())
	case string:
		e.text(value)
	default:
		e.refuse("is of a kind that cannot be kept: %s", cut(v.String()))
	}
}

func (e *exporter) text(s string) {
	if !service.Storable(s) {
		e.refuse("holds the character U+0000, which cannot be kept")
	}
	e.checkSize(len(s))
	raw, _ := json.Marshal(s) // a text always encodes
	e.out.Write(raw)
}

func (e *exporter) number(f float64) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		e.refuse("holds %v, which is not a number that can be kept", f)
	}
	if f == math.Trunc(f) {
		if math.Abs(f) > maxSafe {
			e.refuse("holds a whole number beyond 2^53, whose last digits JavaScript does not keep; use a BigInt or text")
		}
		e.out.WriteString(strconv.FormatInt(int64(f), 10))
		return
	}
	raw, _ := json.Marshal(f) // it is finite
	e.out.Write(raw)
}

func (e *exporter) object(o *goja.Object) {
	if e.depth++; e.depth > maxDepth {
		e.refuse("is nested deeper than %d, or holds itself", maxDepth)
	}
	defer func() { e.depth-- }()
	switch o.ClassName() {
	case "Array":
		e.array(o)
	case "Date":
		e.write(e.call(o, "toISOString"))
	case "String", "Number", "Boolean", "BigInt":
		e.write(e.call(o, "valueOf"))
	case "Object":
		if o.ExportType() != reflect.TypeFor[map[string]any]() {
			e.refuse("is or holds an object that is no plain data, such as a Map or a Promise, and cannot be kept")
		}
		e.properties(o)
	default:
		e.refuse("is or holds a %s, which cannot be kept", o.ClassName())
	}
}

func (e *exporter) call(o *goja.Object, method string) goja.Value {
	run, ok := goja.AssertFunction(o.Get(method))
	if !ok {
		e.refuse("holds a %s without %s", o.ClassName(), method)
	}
	v, err := run(o)
	if err != nil {
		panic(err)
	}
	return v
}

func (e *exporter) array(o *goja.Object) {
	length := o.Get("length").ToInteger()
	if length > int64(e.script.limits.ResultBytes) {
		e.refuse("has %d items, which is too many", length)
	}
	e.out.WriteByte('[')
	for i := range int(length) {
		if i > 0 {
			e.out.WriteByte(',')
		}
		e.write(o.Get(strconv.Itoa(i)))
	}
	e.out.WriteByte(']')
}

func (e *exporter) properties(o *goja.Object) {
	e.out.WriteByte('{')
	first := true
	for _, name := range o.Keys() {
		value := o.Get(name)
		if goja.IsUndefined(value) {
			continue // as JSON.stringify does
		}
		if _, isFunction := goja.AssertFunction(value); isFunction {
			continue
		}
		if !first {
			e.out.WriteByte(',')
		}
		first = false
		e.text(name)
		e.out.WriteByte(':')
		e.write(value)
	}
	e.out.WriteByte('}')
}
