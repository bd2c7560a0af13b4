package e2e

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTheTourOfTheReadmeWorksAsPasted runs its shell blocks, in one shell, against a running product.
func TestTheTourOfTheReadmeWorksAsPasted(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"bash", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("the tour needs %s, which is not installed", tool)
		}
	}
	s := own(t, "readme") // claim/next must find no tasks of other cases
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	var tour strings.Builder
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllSubmatch(readme, -1) {
		tour.Write(block[1])
	}
	require.Contains(t, tour.String(), "http://127.0.0.1:8080")
	script := strings.ReplaceAll(tour.String(), "http://127.0.0.1:8080", s.URL)

	out, err := exec.CommandContext(t.Context(), "bash", "-c", "set -eu\n"+script).CombinedOutput()
	require.NoError(t, err, string(out))
	answers := strings.Split(strings.TrimSpace(string(out)), "\n")
	wants := []string{
		`"taskDefinitionKey":"screenReport"`, // the case starts
		`"status":404`,                       // Margaret sees nothing to claim
		`"status":"CLAIMED","assigneeId":"alice.intake"`,
		`"nextTasks":[{`,
		`"status":"COMPLETED"`, // again
		`"taskDefinitionKey":"recordCase"`,
		`"taskDefinitionKey":"assignReview"`,
		`"currentActivities":["assignReview"]`,
		`"actionBy":"alice.intake"`,
		`"activityId":"screenReport"`,
		`"queueName":"desk-one"`,
		`"queueName":"desk-two"`,
		`"roleCode":"DESK"`,
		`"strategy":"LEAST_LOADED"`,
		`"strategy":"LEAST_LOADED"`,
		`"roleCode":"DESK"`,
		`"processKey":"desk"`,
		`"caseNumber"`,
		`"caseNumber"`,
		`"priority":80`, // raised by 30
		`"kind":"BREACH"`,
		`"queueName":"desk-one"`,
		`"queueName":"desk-two"`,
		`"status":"CLAIMED"`,
	}
	require.Len(t, answers, len(wants), string(out))
	for i, want := range wants {
		require.Contains(t, answers[i], want, "answer %d", i+1)
	}
}
