package bpmn

import "strings"

// supportedNodes are the flow nodes that compile.
var supportedNodes = words("startEvent endEvent userTask serviceTask exclusiveGateway parallelGateway boundaryEvent")

// unsupportedActivities are the activities of BPMN that do not compile; boundary events may be attached to them.
var unsupportedActivities = words(`task manualTask scriptTask sendTask receiveTask businessRuleTask callActivity
	subProcess transaction adHocSubProcess`)

// ignoredInProcess are children of a process that execute nothing: drawing, data definitions, audit notes.
var ignoredInProcess = words(`documentation extensionElements laneSet sequenceFlow textAnnotation association group
	auditing monitoring dataObject dataObjectReference dataStoreReference property supports
	potentialStarter resourceRole`)

// ignoredInDefinitions are children of the root element that execute nothing by themselves.
var ignoredInDefinitions = words(`process documentation extensionElements extension relationship import collaboration
	message signal error escalation itemDefinition dataStore category resource interface endPoint correlationProperty
	partnerEntity partnerRole textAnnotation association group`)

// knownChildren are the BPMN children that are read or do nothing, by element.
var knownChildren = map[string]map[string]bool{
	"":                     words("documentation extensionElements"),
	"node":                 words("documentation extensionElements incoming outgoing auditing monitoring categoryValueRef"),
	"activity":             words("property dataInputAssociation dataOutputAssociation"),
	string(UserTask):       words("humanPerformer potentialOwner rendering"),
	string(BoundaryEvent):  words("timerEventDefinition dataOutput dataOutputAssociation outputSet"),
	string(StartEvent):     words("dataOutput dataOutputAssociation outputSet property"),
	string(EndEvent):       words("dataInput dataInputAssociation inputSet property"),
	"sequenceFlow":         words("documentation extensionElements conditionExpression auditing monitoring categoryValueRef"),
	"timerEventDefinition": words("documentation extensionElements timeDuration timeDate"),
	"humanPerformer":       words("documentation extensionElements resourceAssignmentExpression"),
	"potentialOwner":       words("documentation extensionElements resourceAssignmentExpression"),
}

// plainAttributes are the attributes of BPMN itself that are read or do nothing, by element.
var plainAttributes = map[string]map[string]bool{
	"definitions":            words("id name targetNamespace expressionLanguage typeLanguage exporter exporterVersion schemaLocation"),
	"process":                words("id name isExecutable processType isClosed definitionalCollaborationRef"),
	"laneSet":                words("id name"),
	"lane":                   words("id name partitionElementRef"),
	"sequenceFlow":           words("id name sourceRef targetRef isImmediate"),
	"conditionExpression":    words("id language evaluatesToTypeRef"),
	"timerEventDefinition":   words("id"),
	string(StartEvent):       words("id name isInterrupting parallelMultiple"),
	string(EndEvent):         words("id name"),
	string(BoundaryEvent):    words("id name attachedToRef cancelActivity parallelMultiple"),
	string(ExclusiveGateway): words("id name default gatewayDirection"),
	string(ParallelGateway):  words("id name default gatewayDirection"),
	string(UserTask):         words("id name default implementation isForCompensation startQuantity completionQuantity"),
	string(ServiceTask):      words("id name default implementation operationRef isForCompensation startQuantity completionQuantity"),
}

// vendorAttributes are the vendor attributes that are read, by element; "" holds those that change nothing anywhere.
var vendorAttributes = map[string]map[string]bool{
	"":                  words("exclusive asyncExclusive versionTag historyTimeToLive"),
	string(StartEvent):  words("initiator"),
	string(UserTask):    words("assignee candidateUsers candidateGroups formKey dueDate priority"),
	string(ServiceTask): words("expression resultVariable resultVariableName"),
	"process":           words("isStartableInTasklist"),
	"definitions":       words("diagramRelationId"),
}

// refusedAttributes are vendor attributes that change how the element executes, on any element. Those with a value in
// the map are harmless when they have exactly that value.
var refusedAttributes = map[string]string{
	"async": "false", "asyncBefore": "false", "asyncAfter": "false", "asyncLeave": "false", "asyncLeaveExclusive": "false",
	"triggerable": "false", "useLocalScopeForResultVariable": "false", "storeResultVariableAsTransient": "false",
	"skipExpression": "", "class": "", "delegateExpression": "", "type": "", "topic": "", "extensionId": "",
	"decisionRef": "", "resource": "", "sameDeployment": "", "assignmentHandler": "", "businessCalendarName": "",
	"errorVariable": "", "isUnlocked": "", "taskIdVariableName": "", "autoStoreVariables": "", "resultVariableType": "",
	"parallelInSameTransaction": "false", "noWaitStatesAsyncLeave": "false", "doNotIncludeVariables": "false",
}

// refusedExtensions are vendor extension elements that change how the element around them executes.
var refusedExtensions = words(`inputOutput connector in out errorEventDefinition mapException eventListener
	variableAggregation eventType eventInParameter eventOutParameter eventCorrelationParameter eventMapping
	startEventCorrelationConfiguration channelKey triggerEventType constraint script
	taskScheduleConfiguration`)

// words makes a set of names.
func words(text string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(text) {
		set[w] = true
	}
	return set
}
