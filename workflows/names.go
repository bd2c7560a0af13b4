// Package workflows runs cases on Temporal: the ProcessInstance workflow is a thin, deterministic shell around the
// pure engine, and Client is what the API and the relay use to start and signal it.
package workflows

import (
	"strconv"
	"time"

	"github.com/google/uuid"
)

// TaskQueue is the Temporal task queue of cases.
const TaskQueue = "nextgen-cases"

// CommitStepName is the activity that writes one burst.
const CommitStepName = "CommitStep"

// Search attributes of a run. They hold no personal data.
const (
	AttrProcessKey   = "ProcessKey"   // Keyword
	AttrCaseNumber   = "CaseNumber"   // Keyword
	AttrCaseStatus   = "CaseStatus"   // Keyword
	AttrOpenElements = "OpenElements" // KeywordList
	AttrNextDue      = "NextDue"      // Datetime
)

// SearchAttributes lists the attributes with their Temporal types, in a fixed order.
func SearchAttributes() [][2]string {
	return [][2]string{
		{AttrProcessKey, "Keyword"}, {AttrCaseNumber, "Keyword"}, {AttrCaseStatus, "Keyword"},
		{AttrOpenElements, "KeywordList"}, {AttrNextDue, "Datetime"},
	}
}

// Limits of a run.
const (
	commitLocalTimeout = 3 * time.Second // after this the commit becomes a regular activity, retried by the server
	commitTimeout      = 10 * time.Second
	appliedKept        = 1000 // command ids remembered against a second delivery
)

func fmtID(instanceID, token string, step int64) []byte {
	return []byte(instanceID + "/" + token + "/" + strconv.FormatInt(step, 10))
}

// TaskID names the task of a node instance. The same activation has the same id whenever it is computed again.
func TaskID(instanceID, token string) string {
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte(instanceID+"/"+token)).String()
}
