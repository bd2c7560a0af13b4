package api_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
)

// plans watches the plan of every statement that the API sends in any test of this package, those inside of functions too: the
// tests see every answer of every operation (complete). Reading a table as a whole costs so much here that PostgreSQL plans it
// only where no index can serve: that a statement reads a table of a few rows by an index proves that it does among a million.
// How many rows it reads of a large table is measured in db/plans_test.go.
var plans = &planWatch{whole: map[string]string{}}

type planWatch struct {
	mu      sync.Mutex
	seen    int
	whole   map[string]string // the plans of statements that read a table as a whole, by statement
	missing bool              // the server has no auto_explain
}

// watch makes the server tell the plans of what new connections send.
func (p *planWatch) watch(t *testing.T, ctx context.Context, super *pgxpool.Pool) {
	t.Helper()
	if _, err := super.Exec(ctx, "LOAD 'auto_explain'"); err != nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.missing = true
		return
	}
	_, err := super.Exec(ctx, `DO $$
		DECLARE
			v_setting TEXT;
		BEGIN
			FOREACH v_setting IN ARRAY ARRAY['session_preload_libraries = auto_explain', 'auto_explain.log_min_duration = 0',
				'auto_explain.log_nested_statements = on', 'client_min_messages = log', 'enable_seqscan = off'] LOOP
				EXECUTE format('ALTER DATABASE %I SET %s', current_database(), v_setting);
			END LOOP;
		END $$`)
	require.NoError(t, err)
}

// few are tables with a row for each part of the organisation or model; any other may be large.
var few = regexp.MustCompile(`^(departments|workflow_roles|workflow_queues|queue_assignments|queue_groups|business_calendars|workflow_definitions)$`)

var wholeScan = regexp.MustCompile(`Seq Scan on (\w+)`)

// read takes what the server tells beside its answers.
func (p *planWatch) read(message string) {
	_, plan, isPlan := strings.Cut(message, "plan:\n")
	if !isPlan {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen++
	for _, scan := range wholeScan.FindAllStringSubmatch(plan, -1) {
		if !few.MatchString(scan[1]) {
			statement, _, _ := strings.Cut(plan, "(cost=")
			p.whole[statement] = plan
		}
	}
}

func (p *planWatch) watching() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.missing
}

// verdict tells what was found, after a run with this code, and answers that of the whole.
func (p *planWatch) verdict(code int) int {
	if !p.watching() {
		fmt.Fprintln(os.Stderr, "plans of statements were not looked at: the server has no auto_explain")
		return code
	}
	for _, statement := range slices.Sorted(maps.Keys(p.whole)) {
		fmt.Fprintln(os.Stderr, "a statement of the API reads a table as a whole:\n"+p.whole[statement])
		code = 1
	}
	return code
}

func TestStatementsThatReadATableAsAWholeAreFound(t *testing.T) {
	t.Parallel()
	w := newOwnWorld(t)
	if !plans.watching() {
		t.Skip("the server has no auto_explain")
	}
	own := &planWatch{whole: map[string]string{}}
	cfg := w.super.Config()
	cfg.ConnConfig.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { own.read(n.Message) }
	pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
	require.NoError(t, err)
	defer pool.Close()
	_, err = pool.Exec(t.Context(), "SELECT FROM flowable.workflow_tasks WHERE task_id = 'x'")
	require.NoError(t, err)
	require.Equal(t, 1, own.seen)
	require.Empty(t, own.whole)
	_, err = pool.Exec(t.Context(), "DO $$ BEGIN PERFORM FROM flowable.workflow_tasks WHERE task_name = 'x'; END $$")
	require.NoError(t, err)
	require.Len(t, own.whole, 1)
}
