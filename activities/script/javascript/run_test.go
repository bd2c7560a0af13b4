package javascript_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/activities/script/javascript"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

var limits = javascript.Limits{Time: 20 * time.Second, Calls: 500, SourceBytes: 10_000, ResultBytes: 10_000}

// variables are what the scripts of the tests see.
const variables = `{"amount": 19.90, "big": 9007199254740993, "long": 0.12345678901234567890, "name": "Ann", "none": null, "yes": true,
	"order": {"items": [{"price": 2}, {"price": 3.5}], "__proto__": {"evil": 1}}, "Date": "today", "toString": "mine", "größe": 3, "a-b": 4}`

func run(t *testing.T, source string, l javascript.Limits) (casework.ScriptResult, error) {
	t.Helper()
	in := casework.ActivityInput{
		ProcessInstanceID: "i-1", ProcessKey: "p", ElementID: "s", ElementInstanceID: "s:7", CaseNumber: "C-1", BusinessKey: "B-1",
		Script: &casework.ScriptSource{Format: "javascript", Source: source},
	}
	require.NoError(t, json.Unmarshal([]byte(variables), &in.Variables))
	s, err := javascript.New(in, l)
	if err != nil {
		return casework.ScriptResult{}, err
	}
	return s.Run()
}

func TestTheResultIsTheValueOfTheLastExpression(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		"1 + 1":                  "2",
		"'a' + \"b\"":            `"ab"`,
		"var x = 5;":             "null",
		"var x = 5; x":           "5",
		"undefined":              "null",
		"null":                   "null",
		"0.1 + 0.2":              "0.30000000000000004",
		"-0":                     "0",
		"1e15":                   "1000000000000000",
		"9007199254740991":       "9007199254740991",
		"2n ** 64n":              "18446744073709551616",
		"[1, , undefined, null]": "[1,null,null,null]",
		"({b: 1, a: {c: [true]}, f() {}, u: undefined})": `{"b":1,"a":{"c":[true]}}`,
		"new Date(0)": `"1970-01-01T00:00:00.000Z"`,
		"[new String('s'), new Number(1), new Boolean(false)]": `["s",1,false]`,
		"if (yes) { 'in' } else { 'out' }":                     `"in"`,
		"amount * 2":                                           "39.8",
		"name.toUpperCase()":                                   `"ANN"`,
		"big":                                                  `"9007199254740993"`,
		"long":                                                 `"0.12345678901234567890"`,
		"none === null && typeof gone":                         `"undefined"`,
		"order.items.reduce((sum, i) => sum + i.price, 0)": "5.5",
		"order.evil === undefined && Object.keys(order)":   `["__proto__","items"]`,
		"größe":                         "3",
		"typeof Date + typeof toString": `"functionfunction"`,
		"execution.getVariable('Date') + execution.getVariable('toString')":                                   `"todaymine"`,
		"execution.getVariable('a-b')":                                                                        "4",
		"execution.getVariable('gone')":                                                                       "null",
		"[execution.hasVariable('none'), execution.hasVariable('gone')]":                                      "[true,false]",
		"Object.keys(execution.getVariables()).length":                                                        "11",
		"[execution.id, execution.processInstanceId, execution.getCurrentActivityId(), execution.caseNumber]": `["s:7","i-1","s","C-1"]`,
		"execution.getProcessInstanceBusinessKey() + execution.processDefinitionKey":                          `"B-1p"`,
		"execution.id = 'x'; execution.id":                                                                    `"s:7"`,
		"console.log('quiet', order); 1":                                                                      "1",
		"let f = async () => 7; f()":                                                                          "7",
		"JSON.parse('[1, {\"a\": null}]')":                                                                    `[1,{"a":null}]`,
		"/(a)(?=b)/.exec('ab')[1]":                                                                            `"a"`,
		"typeof Math.random()":                                                                                `"number"`,
		"'😀'.length":                                                                                          "2",
		"'a\\ud800b'":                                                                                         `"a` + "\ufffd" + `b"`,
		"new Map([[1, 2]]).get(1)":                                                                            "2",
	} {
		t.Run(source, func(t *testing.T) {
			t.Parallel()
			got, err := run(t, source, limits)
			require.NoError(t, err)
			require.Equal(t, want, string(got.Result))
			require.Empty(t, got.Variables)
		})
	}
}

func TestVariablesAreSetByExecution(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		"execution.setVariable('a', 1)": `{"a": 1}`,
		"execution.setVariable('amount', amount + 1); execution.setVariable('b', amount)":                              `{"amount": 20.9, "b": 20.9}`,
		"execution.setVariable('a', 1); execution.setVariable('a', {b: [2]})":                                          `{"a": {"b": [2]}}`,
		"execution.setVariable('fresh', 2); execution.setVariable('b', fresh * 2)":                                     `{"fresh": 2, "b": 4}`,
		"amount = 7; order.items.push(1); var name = 'Bo'":                                                             `{}`,
		"order.items.pop(); execution.setVariable('order', order)":                                                     `{"order": {"items": [{"price": 2}], "__proto__": {"evil": 1}}}`,
		"var o = {a: 1}; execution.setVariable('o', o); o.a = 2":                                                       `{"o": {"a": 1}}`,
		"execution.removeVariable('name'); execution.setVariable('had', execution.hasVariable('name') || typeof name)": `{"name": null, "had": "undefined"}`,
		"execution.removeVariable('gone')":                                                                             `{}`,
		"execution.setVariables({a: 1, b: 'x'})":                                                                       `{"a": 1, "b": "x"}`,
		"execution.setVariable('Date', 1); execution.setVariable('t', typeof Date)":                                    `{"Date": 1, "t": "function"}`,
		"execution.setVariable('none', undefined)":                                                                     `{"none": null}`,
		"try { execution.setVariable('a', () => 1) } catch (e) { execution.setVariable('why', e.message) }":            `{"why": "the variable a is or holds a Function, which cannot be kept"}`,
	} {
		t.Run(source, func(t *testing.T) {
			t.Parallel()
			got, err := run(t, source, limits)
			require.NoError(t, err)
			raw, err := json.Marshal(got.Variables)
			require.NoError(t, err)
			require.JSONEq(t, want, string(raw))
		})
	}
}

func failure(t *testing.T, err error) *javascript.Failure {
	t.Helper()
	var f *javascript.Failure
	require.True(t, errors.As(err, &f), "%v", err)
	return f
}

func TestABpmnErrorIsThrown(t *testing.T) {
	t.Parallel()
	for source, want := range map[string][]string{
		"throw new BpmnError('E1', 'no money')":                                       {"E1", "no money"},
		"throw new BpmnError('E1')":                                                   {"E1", "BPMN error E1"},
		"throw new BpmnError(7, '')":                                                  {"7", ""},
		"function f() { throw new org.flowable.engine.delegate.BpmnError('E2') } f()": {"E2", "BPMN error E2"},
		"class Mine extends BpmnError {}; throw new Mine('E3')":                       {"E3", "BPMN error E3"},
		"(async () => { throw new BpmnError('E4') })()":                               {"E4", "BPMN error E4"},
	} {
		_, err := run(t, "execution.setVariable('a', 1);"+source, limits)
		f := failure(t, err)
		require.Equal(t, append([]string{string(javascript.Thrown)}, want...), []string{string(f.Kind), f.Code, f.Message}, source)
		require.JSONEq(t, "1", string(f.Variables["a"]))
	}
	got, err := run(t, "try { throw new BpmnError('E1') } catch (e) { e.getErrorCode() }", limits)
	require.NoError(t, err)
	require.Equal(t, `"E1"`, string(got.Result))
}

func TestAScriptThatFailsSaysWhyAndWhere(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		"":                                          "the script is empty",
		"var x = ;":                                 "cannot be read: s: Line 1:9",
		"\n\n  nobody.there":                        "ReferenceError: nobody is not defined (line 3, column 3)",
		"none.size()":                               "TypeError",
		"throw 'plain'":                             "the script threw plain",
		"throw {toString() { throw 1 }}":            "cannot be told",
		"throw new Error('own words')":              "Error: own words",
		"throw new BpmnError()":                     "BPMN error",
		"require('fs')":                             "require is not defined",
		"process.exit(1)":                           "process is not defined",
		"fetch('http://127.0.0.1')":                 "fetch is not defined",
		"setTimeout(() => 1, 1)":                    "setTimeout is not defined",
		"import('fs')":                              "",
		"java.lang.System.exit(1)":                  "java is not defined",
		"new Promise(() => {})":                     "a promise that nothing will keep",
		"Promise.reject(new Error('late'))":         "late",
		"execution.setVariable('', 1)":              "the name of a variable",
		"execution.setVariable('x'.repeat(300), 1)": "the name of a variable",
		"execution.setVariable('a', NaN)":           "the variable a holds NaN",
		"1 / 0":                                     "the result of the script holds +Inf",
		"9007199254740993":                          "beyond 2^53",
		"Symbol('a')":                               "holds a Symbol",
		"() => 1":                                   "holds a Function",
		"new Map()":                                 "such as a Map",
		"var a = []; a.push(a); a":                  "nested deeper than 100",
		"'\\u0000'":                                 "U+0000",
		"({'\\u0000': 1})":                          "U+0000",
		"({get a() { throw new Error('inside') }})": "inside",
	} {
		t.Run(source, func(t *testing.T) {
			t.Parallel()
			_, err := run(t, source, limits)
			f := failure(t, err)
			require.Equal(t, javascript.Failed, f.Kind, f.Message)
			require.Contains(t, f.Message, want)
		})
	}
}

func TestAScriptStopsAtItsLimits(t *testing.T) {
	t.Parallel()
	short := limits
	short.Time = 100 * time.Millisecond
	for name, c := range map[string]struct {
		source string
		limits javascript.Limits
		want   string
	}{
		"an endless loop":               {"while (true) {}", short, "longer than 100ms"},
		"a loop that catches":           {"while (true) { try { while (true) {} } catch (e) {} finally { continue } }", short, "longer than 100ms"},
		"a loop in a getter":            {"({get a() { while (true) {} }})", short, "longer than 100ms"},
		"a loop in a text":              {"throw {toString() { while (true) {} }}", short, ""},
		"a loop in a promise":           {"Promise.resolve().then(() => { while (true) {} })", short, "longer than 100ms"},
		"calls without an end":          {"function f() { return f() } f()", limits, "more than 500 nested calls"},
		"a long script":                 {strings.Repeat(" ", 10_001) + "1", limits, "longer than 10000 bytes"},
		"a large result":                {"'x'.repeat(10001)", limits, "the result of the script is larger than 10000 bytes"},
		"a large list":                  {"new Array(20000).fill(1)", limits, "too many"},
		"a list that is mostly nothing": {"new Array(4000000000)", limits, "too many"},
		"a large variable":              {"execution.setVariable('a', ['x'.repeat(6000), 'x'.repeat(6000)])", limits, "the variable a is larger"},
		"a large number":                {"10n ** 20000n", limits, "larger than 10000 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := run(t, c.source, c.limits)
			f := failure(t, err)
			require.Contains(t, f.Message, c.want)
			if c.want != "too many" && c.want != "" {
				require.Equal(t, javascript.OverLimit, f.Kind, f.Message)
			}
		})
	}
}

func TestScriptsShareNothing(t *testing.T) {
	t.Parallel()
	_, err := run(t, "globalThis.left = 1; Object.prototype.evil = 2; Array.prototype.map = null", limits)
	require.NoError(t, err)
	got, err := run(t, "[typeof left, typeof evil, typeof [].map]", limits)
	require.NoError(t, err)
	require.JSONEq(t, `["undefined", "undefined", "function"]`, string(got.Result))
}
