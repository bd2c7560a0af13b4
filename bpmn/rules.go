package bpmn

import "fmt"

// rule is one check of a model. Its code names it in every finding, in its file and in its test data.
type rule struct {
	code     string
	severity Severity
	check    func(*Model, report)
}

// report adds a finding at an element.
type report func(at *Element, format string, args ...any)

// rules is the registry, in alphabetical order.
var rules = []rule{
	{"ad-hoc", Error, eachNode(checkAdHoc)},
	{"bad-boolean", Error, checkBadBoolean},
	{"bad-expression", Error, checkBadExpression},
	{"bad-priority", Error, eachNode(checkBadPriority)},
	{"blocked-join", Error, checkBlockedJoin},
	{"boundary-attachment", Error, eachNode(checkBoundaryAttachment)},
	{"boundary-flows", Error, eachNode(checkBoundaryFlows)},
	{"call", Error, checkCall},
	{"cancel-event", Error, eachNode(checkCancelEvent)},
	{"child-exceptions", Warning, checkChildExceptions},
	{"code-reference", Warning, checkCodeReference},
	{"compensation", Error, checkCompensation},
	{"complex-gateway", Error, eachNode(checkComplexGateway)},
	{"condition-placement", Error, eachFlow(checkConditionPlacement)},
	{"dangling-flow", Error, eachFlow(checkDanglingFlow)},
	{"data-association", Error, checkDataAssociation},
	{"data-object", Error, checkDataObject},
	{"decision", Warning, eachNode(checkDecision)},
	{"default-condition", Warning, eachNode(checkDefaultCondition)},
	{"default-flow", Error, eachNode(checkDefaultFlow)},
	{"due-date", Error, eachNode(checkDueDate)},
	{"duplicate-id", Error, checkDuplicateID},
	{"duplicate-process", Error, checkDuplicateProcess},
	{"end-with-outgoing", Error, eachNode(checkEndWithOutgoing)},
	{"endless-loop", Error, checkEndlessLoop},
	{"event-definition", Error, eachNode(checkEventDefinition)},
	{"event-gateway", Error, eachNode(checkEventGateway)},
	{"event-gateway-choice", Warning, eachNode(checkEventGatewayChoice)},
	{"event-sub-process", Error, eachNode(checkEventSubProcess)},
	{"exclusive-join", Warning, checkExclusiveJoin},
	{"expression-language", Error, checkExpressionLanguage},
	{"flow-across-levels", Error, eachFlow(checkFlowAcrossLevels)},
	{"four-eyes", Warning, checkFourEyes},
	{"gateway-direction", Error, eachNode(checkGatewayDirection)},
	{"gateway-without-way", Error, eachNode(checkGatewayWithoutWay)},
	{"id-too-long", Error, checkIDTooLong},
	{"ignored-element", Warning, checkIgnoredElement},
	{"incoming-outgoing", Warning, checkIncomingOutgoing},
	{"instantiate", Error, eachNode(checkInstantiate)},
	{"interrupting", Error, eachNode(checkInterrupting)},
	{"io-specification", Error, eachNode(checkIOSpecification)},
	{"item-type", Error, checkItemType},
	{"lane-reference", Warning, checkLaneReference},
	{"link-event", Error, checkLinkEvent},
	{"listener", Error, checkListener},
	{"loop", Error, checkLoop},
	{"mapping", Error, checkMapping},
	{"message-flow", Error, checkMessageFlow},
	{"missing-condition", Warning, eachNode(checkMissingCondition)},
	{"missing-id", Error, checkMissingID},
	{"missing-implementation", Error, eachNode(checkMissingImplementation)},
	{"no-default-flow", Warning, eachNode(checkNoDefaultFlow)},
	{"no-executable-process", Error, checkNoExecutableProcess},
	{"no-start-event", Error, checkNoStartEvent},
	{"process-key", Error, checkProcessKey},
	{"queue-name", Error, eachNode(checkQueueName)},
	{"reference", Error, checkReference},
	{"script", Error, checkScript},
	{"service", Error, checkService},
	{"service-level", Error, eachNode(checkServiceLevel)},
	{"start-with-incoming", Error, eachNode(checkStartWithIncoming)},
	{"timer-definition", Error, eachNode(checkTimerDefinition)},
	{"unassigned-task", Warning, eachNode(checkUnassignedTask)},
	{"unknown-extension", Warning, checkUnknownExtension},
	{"unreachable", Warning, checkUnreachable},
	{"unsupported-element", Error, checkUnsupportedElement},
	{"unsupported-extension", Error, checkUnsupportedExtension},
	{"variable-name", Error, eachNode(checkVariableName)},
}

// check runs all rules. What a rule finds beyond the limit is only counted: a hostile file has a finding for every four
// bytes.
func check(m *Model) (ds Diagnostics, dropped int) {
	for _, r := range rules {
		found := 0
		r.check(m, func(at *Element, format string, args ...any) {
			if found++; found > maxDiagnostics {
				dropped++
				return
			}
			ds = append(ds, Diagnostic{
				Severity: r.severity, Code: r.code, ElementID: cut(at.owner(), 250),
				Line: at.Pos.Line, Column: at.Pos.Column, Message: fmt.Sprintf(format, args...),
			})
		})
	}
	return ds, dropped
}

// eachNode checks every node of the executable processes.
func eachNode(visit func(*FlowNode, report)) func(*Model, report) {
	return func(m *Model, r report) {
		for _, p := range m.executable() {
			for _, n := range p.Nodes {
				visit(n, r)
			}
		}
	}
}

// eachFlow checks every sequence flow of the executable processes.
func eachFlow(visit func(*SequenceFlow, report)) func(*Model, report) {
	return func(m *Model, r report) {
		for _, p := range m.executable() {
			for _, f := range p.Flows {
				visit(f, r)
			}
		}
	}
}

// label names an element in messages: userTask "review".
func label(e *Element) string {
	if id := e.attr("id"); id != "" {
		return fmt.Sprintf("%s %q", named(e), shorten(id))
	}
	return named(e)
}

// walk visits every element of the executable processes in document order, the process elements first. It leaves out
// what is inside extension elements and inside flow nodes that are not supported.
func (m *Model) walk(visit func(*Element)) {
	for _, p := range m.executable() {
		p.Element.walk(visit)
	}
}

func (e *Element) walk(visit func(*Element)) {
	visit(e)
	if e.is("extensionElements") || e.isUnsupportedNode() {
		return
	}
	for _, c := range e.Children {
		c.walk(visit)
	}
}

// isFlowNode reports whether the element is a child of a process or sub-process that tokens would pass.
func (e *Element) isFlowNode() bool {
	switch {
	case e.Space != nsBPMN || e.Parent == nil || e.Parent.Space != nsBPMN:
		return false
	case e.Parent.Local == "process":
		return !ignoredInProcess[e.Local]
	}
	return containers[e.Parent.Local] && !ignoredInContainer[e.Local]
}

func (e *Element) isUnsupportedNode() bool { return e.isFlowNode() && !supportedNodes[e.Local] }
