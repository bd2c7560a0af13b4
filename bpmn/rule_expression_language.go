package bpmn

import "strings"

// checkExpressionLanguage refuses expressions in a language that is not JUEL. The default language of the file is
// looked at for FEEL only: editors write XPath there into models whose expressions are JUEL.
func checkExpressionLanguage(m *Model, r report) {
	if language := m.Root.attr("expressionLanguage"); strings.Contains(strings.ToLower(language), "feel") {
		r(m.Root, "the expression language of the file is %q; expressions are JUEL", shorten(language))
	}
	m.walk(func(e *Element) {
		if e.Space != nsBPMN || e.isUnsupportedNode() {
			return
		}
		if language := e.attr("language"); language != "" && !strings.EqualFold(language, "juel") {
			r(e, "%s of %q is in the language %q; expressions are JUEL", e.Local, shorten(e.owner()), shorten(language))
		}
	})
}
