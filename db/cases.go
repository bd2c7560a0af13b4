package db

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/onecms/nextgen-workflow/db/dbsqlc"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

// Cases lists the cases that the caller may see, newest first.
func (s *Store) Cases(ctx context.Context, caller string, f casework.CaseFilter) (casework.List[casework.Case], error) {
	before, err := numberCursor(f.Page.Cursor, newest)
	if err != nil {
		return casework.List[casework.Case]{}, err
	}
	body, err := json.Marshal(caseSearch{Before: before, Most: most(f.Page), Status: f.Status, Process: f.ProcessKey, CreatedBy: f.CreatedBy})
	if err != nil {
		return casework.List[casework.Case]{}, fmt.Errorf("encode search: %w", err)
	}
	rows, err := s.as(caller).CaseList(ctx, body)
	items, err := many(rows, err, func(r dbsqlc.CaseListRow) casework.Case { return toCase(dbsqlc.CaseGetRow(r)) })
	return cut(items, f.Page, func(c casework.Case) string { return strconv.FormatInt(c.CaseID, 10) }), err
}

// caseSearch is what onecms.search_cases asks for.
type caseSearch struct {
	Before    int64  `json:"before"`
	Most      int32  `json:"most"`
	Status    string `json:"status,omitempty"`
	Process   string `json:"process,omitempty"`
	CreatedBy string `json:"createdBy,omitempty"`
}

// Case reads one case with its way so far and the open tasks that the caller may see.
func (s *Store) Case(ctx context.Context, caller string, caseID int64) (casework.Case, error) {
	row, err := s.as(caller).CaseGet(ctx, caseID)
	if err != nil {
		return casework.Case{}, interpret(err)
	}
	c := toCase(row)
	hops, err := s.as(caller).CaseRouting(ctx, caseID)
	if c.RoutingHistory, err = many(hops, err, toHop); err != nil {
		return casework.Case{}, err
	}
	c.Tasks, err = s.OpenTasksOf(ctx, caller, c.ProcessInstanceID)
	return c, err
}

func toCase(r dbsqlc.CaseGetRow) casework.Case {
	c := r.OnecmsCase
	return casework.Case{
		CaseID: c.CaseID, CaseNumber: c.CaseNumber, Title: c.Title, CaseType: c.CaseType, Severity: c.Severity,
		Priority: int(c.Priority), Status: c.Status, CreatedBy: c.CreatedBy, CreatedAt: c.CreatedAt.UTC(), ClosedAt: utc(c.ClosedAt),
		ProcessInstanceID: r.ProcessInstanceID, ProcessKey: r.WorkflowType, BusinessKey: value(r.BusinessKey),
		CurrentDepartment: value(r.CurrentDepartment), CurrentPhase: value(r.CurrentPhase),
	}
}

func toHop(r dbsqlc.OnecmsCaseRouting) casework.RoutingHop {
	return casework.RoutingHop{Department: value(r.Department), Phase: r.Phase, TaskID: value(r.TaskID), At: r.RoutedAt.UTC()}
}
