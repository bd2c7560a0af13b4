package api_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

func TestABadQueryIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path, instance := w.look(t)
	byNumber := map[string][]string{
		"limit=0": {"query.limit"}, "limit=201": {"query.limit"}, "limit=-1": {"query.limit"}, "limit=x": {"query.limit"}, "limit=1.5": {"query.limit"},
		"limit=99999999999999999999": {"query.limit"}, "limit=1&limit=2": {"query.limit"},
		"cursor=x": {"query.cursor"}, "cursor=-1": {"query.cursor"}, "cursor=%00": {"query.cursor"}, "cursor=99999999999999999999": {"query.cursor"},
		"page=2": {"query.page"}, "Limit=1": {"query.Limit"}, "limit=0&page=2": {"query.limit", "query.page"},
		"limit=%zz": {"query"}, "limit=1;page=2": {"query"},
	}
	cursor := func(json string) string { return "cursor=" + base64.RawURLEncoding.EncodeToString([]byte(json)) }
	for list, queries := range map[string]map[string][]string{
		definitions: {"processKey=%00": {"query.processKey"}, "processKey=%ff": {"query.processKey"}, "processKey=a&processKey=b": {"query.processKey"}},
		cases:       {"status=OPENED": {"query.status"}, "status=open": {"query.status"}, "createdBy=%ff": {"query.createdBy"}, "processkey=x": {"query.processkey"}},
		tasks: {
			"status=DONE": {"query.status"}, "status=OPEN&status=x": {"query.status"}, "status=OPEN,x": {"query.status"}, "candidate=you": {"query.candidate"},
			"caseId=0": {"query.caseId"}, "caseId=x": {"query.caseId"}, "minPriority=-1": {"query.minPriority"}, "minPriority=1000001": {"query.minPriority"},
			"overdue=1": {"query.overdue"}, "overdue=TRUE": {"query.overdue"}, "dueBefore=tomorrow": {"query.dueBefore"}, "dueBefore=2030-01-31": {"query.dueBefore"},
			"dueBefore=2030-02-31T00:00:00Z": {"query.dueBefore"}, "sort=name": {"query.sort"}, "queueName=%00": {"query.queueName"},
			cursor("{}"): {"query.cursor"}, cursor("["): {"query.cursor"}, cursor(`{"s":"due","i":"x"}`): {"query.cursor"}, cursor(`{"s":"priority","p":"x"}`): {"query.cursor"},
			"cursor=" + strings.Repeat("A", 5000): {"query.cursor"},
			"sort=name&overdue=x&limit=0":         {"query.limit", "query.overdue", "query.sort"},
		},
		path + "/history":                          nil,
		instances + "/" + instance + "/activities": nil,
		instances + "/" + instance + "/history":    nil,
	} {
		for _, all := range []map[string][]string{byNumber, queries} {
			for query, places := range all {
				t.Run(list+"?"+query, func(t *testing.T) {
					p := w.refused(t, casework.Malformed, request{method: "GET", path: list + "?" + query, user: sarah})
					require.Equal(t, places, p.places())
				})
			}
		}
	}
	w.refused(t, casework.Malformed, post(sarah, tasks+"/claim/next?queueNames=%00", ""))
	w.refused(t, casework.Malformed, post(sarah, tasks+"/claim/next?queueNames=%zz", ""))
}

func TestACursorOfAnotherOrderIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start(t)
	w.start(t)
	page := into[taskList](t, w.do(t, 200, get(sarah, tasks+"?limit=1&sort=due")))
	require.Equal(t, []string{"query.cursor"}, w.refused(t, casework.Malformed, get(sarah, tasks+"?limit=1&sort=created&cursor="+page.NextCursor)).places())
}
