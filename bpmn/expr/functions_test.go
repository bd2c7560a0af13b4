package expr_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/bpmn/expr"
)

func TestFunctionsOfVariables(t *testing.T) {
	t.Parallel()
	runEvaluations(t, map[string]evaluation{
		"get":                               {"vars:get(name)", `"Ann"`},
		"get by a text":                     {"variables:get('name')", `"Ann"`},
		"get of nothing":                    {"var:get(missing)", "null"},
		"getOrDefault":                      {"vars:getOrDefault(missing, one) + vars:getOrDefault(two, 5)", "3"},
		"exists":                            {"vars:exists(name) && !vars:exists(missing) && !vars:exists(none)", "true"},
		"empty":                             {"vars:isEmpty(blank) && vars:empty('hollow') && vars:empty(missing)", "true"},
		"not empty":                         {"vars:isNotEmpty(list) && vars:notEmpty(name) && !vars:notEmpty(none)", "true"},
		"equals":                            {"vars:equals(name, 'Ann') && vars:eq(ten, 10) && vars:eq(missing, null)", "true"},
		"not equals":                        {"vars:notEquals(name, 'Bo') && !vars:ne(one, 1)", "true"},
		"lower":                             {"vars:lowerThan(one, 2) && vars:lessThan(one, 2) && vars:lt(one, 2) && !vars:lt(two, 2)", "true"},
		"lower or equal":                    {"vars:lowerThanOrEquals(one, 1) && vars:lessThanOrEquals(one, 1) && vars:lte(one, 1)", "true"},
		"greater":                           {"vars:greaterThan(two, 1) && vars:gt(two, 1) && !vars:gt(one, 1)", "true"},
		"greater or equal":                  {"vars:greaterThanOrEquals(two, 2) && vars:gte(two, 2)", "true"},
		"null is in no order":               {"vars:lt(missing, 1) || vars:gte(missing, 1)", "false"},
		"contains an item":                  {"vars:contains(list, 'two')", "true"},
		"contains all the items":            {"vars:contains(list, 'two', 1) && !vars:contains(list, 'two', 9)", "true"},
		"contains parts of a text":          {"vars:contains(name, 'A', 'nn') && !vars:contains(name, 'A', 'x')", "true"},
		"contains any":                      {"vars:containsAny(list, 9, 1) && vars:containsAny(name, 'x', 'n')", "true"},
		"contains none":                     {"vars:containsAny(list, 8, 9) || vars:contains(missing, 1) || vars:contains(one, 1)", "false"},
		"no text contains null":             {"vars:contains(name, none)", "false"},
		"base64":                            {"vars:base64(name)", `"QW5u"`},
		"space around the parts":            {"vars : get ( name )", `"Ann"`},
		"as the branches of a condition":    {"yes ? vars:get(one):vars:get(two)", "1"},
		"behind the colon of a condition":   {"no ? one:vars:get(two)", "2"},
		"a condition without spaces":        {"yes?one:two", "1"},
		"a variable named like a prefix":    {"yes ? var : vars", "null"},
		"a method of what a function gives": {"vars:get(case).owner.name.concat('b')", `"Bob"`},
	})
}

func TestFunctionsOfDates(t *testing.T) {
	t.Parallel()
	runEvaluations(t, map[string]evaluation{
		"a date alone is its midnight":         {"date:toDate('2026-02-03')", `"2026-02-03T00:00:00Z"`},
		"a zone is turned into UTC":            {"date:toDate('2026-02-03T01:30:00+02:00')", `"2026-02-02T23:30:00Z"`},
		"a date by a pattern":                  {"date:parse('3.2.2026 17:05', 'd.M.yyyy HH:mm')", `"2026-02-03T17:05:00Z"`},
		"moments have an order":                {"date:toDate('2026-02-03') < date:toDate('2026-02-03T01:00')", "true"},
		"a date is formatted":                  {"date:format('2026-02-03T17:05:09.25Z', 'EEE, dd.MM.yy hh:mm:ss.SSS a')", `"Tue, 03.02.26 05:05:09.250 PM"`},
		"a pattern with text":                  {`date:format('2026-02-03T17:05:09Z', "yyyy-MM-dd'T'HH:mm:ssXXX")`, `"2026-02-03T17:05:09Z"`},
		"years, months and days are added":     {"date:addDate('2026-02-03T10:00:00Z', 1, 2, 3)", `"2027-04-06T10:00:00Z"`},
		"a month ends with its last day":       {"date:addDate('2026-01-31', 0, 1, 0)", `"2026-02-28T00:00:00Z"`},
		"years, months and days are taken off": {"date:subtractDate('2026-03-31', 0, 1, 1)", `"2026-02-27T00:00:00Z"`},
	})
}

// clocked is a scope that knows the moment.
type clocked struct{ expr.MapScope }

func (clocked) Now() time.Time {
	return time.Date(2026, time.February, 3, 18, 5, 9, 999_999_999, time.FixedZone("", 3600))
}

func TestTheMomentIsThatOfTheScope(t *testing.T) {
	t.Parallel()
	parsed, err := expr.ParseExpression("${date:now()}")
	require.NoError(t, err)
	v, err := parsed.Eval(clocked{}, expr.Limits{})
	require.NoError(t, err)
	require.Equal(t, "2026-02-03T17:05:09Z", v)
}

func TestAMethodThatWouldChangeAValueSaysWhatToDoInstead(t *testing.T) {
	t.Parallel()
	for source, kind := range map[string]string{"list.add('x')": "a list", "case.put('x', 1)": "a map"} {
		parsed, err := expr.ParseExpression(source)
		require.NoError(t, err)
		_, err = parsed.Eval(variables(t), expr.Limits{})
		require.ErrorContains(t, err, kind+" is a value and ")
		require.ErrorContains(t, err, "set the variable to a new one")
		require.ErrorIs(t, err, expr.ErrNoMethod)
	}
}

func TestNamesAreFoundInFunctionsAndReadersToo(t *testing.T) {
	t.Parallel()
	parsed, err := expr.Parse("${vars:get(a)} ${var:eq('b', c)} ${execution.getVariable('d')} ${execution.hasVariable(e)} ${date:now()} ${x.get('f')}")
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b", "c", "d", "e", "execution", "x"}, parsed.Names())
}
