package live

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/onecms/nextgen-workflow/internal/conformance/paths"
	"github.com/onecms/nextgen-workflow/internal/conformance/report"
	"github.com/onecms/nextgen-workflow/internal/conformance/scenario"
	"github.com/onecms/nextgen-workflow/internal/conformance/world"
	"github.com/onecms/nextgen-workflow/internal/stack"
)

// Product is a running product that cases are played on, one after the other: what belongs to a case is told by when it
// began. Nobody else starts instances on it. It is safe for concurrent use.
type Product struct {
	mu    sync.Mutex
	stack *stack.Stack
	db    *pgx.Conn
}

// Connect prepares a running product for cases. The database is the one that it runs on, as superuser. Close it once.
func Connect(ctx context.Context, s *stack.Stack, databaseURL string) (*Product, error) {
	conn, err := pgx.Connect(ctx, databaseURL)
	if err != nil {
		return nil, fmt.Errorf("connect to the product's database: %w", err)
	}
	return &Product{stack: s, db: conn}, nil
}

// Close ends the connection; the product goes on running.
func (p *Product) Close() { _ = p.db.Close(context.Background()) }

// Case is a case that can be played on the product.
type Case struct {
	ID    string
	needs people
	play  func(e *double) error
}

// Scenarios are those of the scenarios that can be played on the product, and the others with the reasons as cases that
// are left aside.
func Scenarios(all []scenario.Case) (playable []Case, left []report.Case) {
	for _, c := range all {
		needs, why := probeScenario(c)
		if why != "" {
			left = append(left, report.Case{ID: c.ID, Outcome: report.Aside, Why: why})
			continue
		}
		playable = append(playable, Case{ID: c.ID, needs: needs, play: func(e *double) error { return scenario.Play(c, e, nil) }})
	}
	return playable, left
}

// Paths are those of the paths that can be taken on the product, and the others as Scenarios has them.
func Paths(all []paths.Case) (playable []Case, left []report.Case) {
	for _, c := range all {
		needs, why := probePath(c)
		if why != "" {
			left = append(left, report.Case{ID: c.ID, Outcome: report.Aside, Why: why})
			continue
		}
		playable = append(playable, Case{ID: c.ID, needs: needs, play: func(e *double) error { return paths.Play(c, driven{e}) }})
	}
	return playable, left
}

// driven is an engine for paths: what an instance waits for is known from the memory, what it visited from the product.
type driven struct{ *double }

// Instance implements paths.Engine.
func (d driven) Instance(id string) (world.Instance, error) {
	i, err := d.World.Instance(id)
	if err != nil {
		return i, err
	}
	shown, err := d.read(i)
	i.Activities, i.Incidents = shown.Activities, shown.Incidents
	return i, err
}

// Instances implements paths.Engine.
func (d driven) Instances() []world.Instance { return d.World.Instances() }

// AdvanceTo implements paths.Engine: time is not skipped.
func (d driven) AdvanceTo(time.Time) error { return &leftOutError{"time has to be skipped"} }

// Play plays one case and leaves nothing of it running. An error of ctx or of the cleaning up is an error of its own.
func (p *Product) Play(ctx context.Context, c Case) (report.Case, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.employ(ctx, c.needs); err != nil {
		return report.Case{}, err
	}
	e := &double{window: newWindow(nil), ctx: ctx, product: p, real: map[string]string{}, ended: map[string]bool{}}
	var begun time.Time
	if err := p.db.QueryRow(ctx, "SELECT clock_timestamp()").Scan(&begun); err != nil {
		return report.Case{}, err
	}
	e.begun = begun.Format(time.RFC3339Nano)
	result := report.Guard(c.ID, func() error { return c.play(e) })
	if err := ctx.Err(); err != nil {
		return result, err
	}
	return result, e.leaveNothing()
}

// leaveNothing ends what runs and takes what was deployed out of use, so that the next case is alone.
func (e *double) leaveNothing() error {
	rows, err := e.rows()
	if err != nil {
		return err
	}
	var errs []error
	for _, d := range e.deployed {
		errs = append(errs, e.activate(d, "deactivate"))
	}
	for _, r := range rows {
		i, err := e.as(player).Instance(e.ctx, r.id)
		if err == nil && i.CompletedAt == nil && r.parent == "" {
			err = e.terminate(r.id, "the conformance case is over")
			var refused *stack.Problem
			if errors.As(err, &refused) && refused.Status == 409 { // it has ended by itself
				err = nil
			}
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

const employ = `
WITH u AS (INSERT INTO entitlements.users (user_id, username) SELECT n, n FROM unnest($1::TEXT[]) AS n ON CONFLICT DO NOTHING RETURNING 1),
     r AS (INSERT INTO entitlements.workflow_roles (role_code, role_name, role_type)
           SELECT n, n, 'CUSTOM' FROM unnest($2::TEXT[]) AS n ON CONFLICT DO NOTHING RETURNING 1)
SELECT count(*) FROM u, r`

const entitle = `
INSERT INTO entitlements.user_workflow_roles (user_id, role_id, assigned_by)
SELECT u.user_id, r.role_id, 'SYSTEM' FROM entitlements.users u, entitlements.workflow_roles r
WHERE u.user_id = ANY ($1::TEXT[]) AND (r.role_code = ANY ($2::TEXT[]) OR r.role_code = 'ADMINISTRATOR')
  AND NOT EXISTS (SELECT FROM entitlements.user_workflow_roles h WHERE h.user_id = u.user_id AND h.role_id = r.role_id)`

// employ makes the people and groups that a case names, each person in every group and allowed to do everything.
func (p *Product) employ(ctx context.Context, needs people) error {
	for _, sql := range []string{employ, entitle} {
		if _, err := p.db.Exec(ctx, sql, needs.users, needs.groups); err != nil {
			return fmt.Errorf("make the people of a case: %w", err)
		}
	}
	return nil
}
