package bpmn

// checkReference reports references to messages, signals, errors, event definitions and participants that are not in
// the file.
func checkReference(m *Model, r report) {
	m.recorded("reference", r)
	if len(m.Root.children("import")) > 0 {
		return // what the operations refer to may be elsewhere
	}
	for _, e := range m.Root.Children {
		switch {
		case e.is("interface"):
			for _, operation := range e.children("operation") {
				m.checkOperation(operation, r)
			}
		case e.is("partnerEntity"), e.is("partnerRole"):
			for _, ref := range e.children("participantRef") {
				if !m.hasParticipant(ref.Text) {
					r(ref, "%s refers to the participant %q, which is not in the file", label(e), shorten(ref.Text))
				}
			}
		}
	}
}

func (m *Model) checkOperation(operation *Element, r report) {
	for _, c := range operation.Children {
		kind := map[string]string{"inMessageRef": "message", "outMessageRef": "message", "errorRef": "error"}[c.Local]
		if kind != "" && c.is(c.Local) && m.root(c.Text, kind) == nil {
			r(c, "%s refers to the %s %q, which is not in the file", label(operation), kind, shorten(c.Text))
		}
	}
}

func (m *Model) hasParticipant(id string) bool {
	for _, collaboration := range m.Root.children("collaboration") {
		for _, p := range collaboration.children("participant") {
			if p.attr("id") == withoutPrefix(id) {
				return true
			}
		}
	}
	return false
}
