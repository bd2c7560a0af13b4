package bpmn

import "strings"

// activities, events and gateways are the flow nodes that compile.
var (
	activities = words(`task manualTask userTask serviceTask sendTask receiveTask scriptTask businessRuleTask callActivity
		subProcess transaction adHocSubProcess`)
	events   = words("startEvent endEvent intermediateCatchEvent intermediateThrowEvent boundaryEvent")
	gateways = words("exclusiveGateway parallelGateway inclusiveGateway eventBasedGateway complexGateway")

	supportedNodes = union(activities, events, gateways)
	containers     = words("subProcess transaction adHocSubProcess")
)

// ignoredInProcess are children of a process that are no flow nodes.
var ignoredInProcess = words(`documentation extensionElements laneSet sequenceFlow textAnnotation association group
	auditing monitoring dataObject dataObjectReference dataStoreReference property supports
	potentialStarter resourceRole performer correlationSubscription supportedInterfaceRef ioSpecification ioBinding`)

// ignoredInContainer are children of a sub-process that are no flow nodes.
var ignoredInContainer = union(ignoredInProcess, words(`incoming outgoing categoryValueRef dataInputAssociation
	dataOutputAssociation completionCondition standardLoopCharacteristics multiInstanceLoopCharacteristics`))

// ignoredInDefinitions are children of the root element that execute nothing by themselves.
var ignoredInDefinitions = words(`process documentation extensionElements extension relationship import collaboration
	message signal error escalation itemDefinition dataStore category resource interface endPoint correlationProperty
	partnerEntity partnerRole textAnnotation association group messageEventDefinition timerEventDefinition
	errorEventDefinition escalationEventDefinition signalEventDefinition conditionalEventDefinition compensateEventDefinition
	cancelEventDefinition linkEventDefinition terminateEventDefinition`)

// position is a place at which an event definition can stand.
type position string

// The positions of BPMN 2.0 table 10.93.
const (
	atStart    position = "start"
	atEventSub position = "event sub-process start"
	atCatch    position = "intermediate catch"
	atThrow    position = "intermediate throw"
	atBoundary position = "boundary"
	atEnd      position = "end"
)

// eventPositions says where the event definitions may stand.
var eventPositions = map[EventKind][]position{
	MessageEvent:      {atStart, atEventSub, atCatch, atThrow, atBoundary, atEnd},
	TimerEvent:        {atStart, atEventSub, atCatch, atBoundary},
	ErrorEvent:        {atEventSub, atBoundary, atEnd},
	EscalationEvent:   {atEventSub, atThrow, atBoundary, atEnd},
	SignalEvent:       {atStart, atEventSub, atCatch, atThrow, atBoundary, atEnd},
	ConditionalEvent:  {atStart, atEventSub, atCatch, atBoundary},
	CompensationEvent: {atEventSub, atThrow, atBoundary, atEnd},
	CancelEvent:       {atBoundary, atEnd},
	LinkEvent:         {atCatch, atThrow},
	TerminateEvent:    {atEnd},
}

// eventDefinitions are the names of the event definition elements.
var eventDefinitions = words(`messageEventDefinition timerEventDefinition errorEventDefinition escalationEventDefinition
	signalEventDefinition conditionalEventDefinition compensateEventDefinition cancelEventDefinition linkEventDefinition
	terminateEventDefinition`)

// knownChildren are the BPMN children that are read or do nothing, by element.
var knownChildren = map[string]map[string]bool{
	"":                            words("documentation extensionElements"),
	"node":                        words("documentation extensionElements incoming outgoing auditing monitoring categoryValueRef"),
	"activity":                    words("property ioSpecification dataInputAssociation dataOutputAssociation standardLoopCharacteristics multiInstanceLoopCharacteristics"),
	"catch":                       union(eventDefinitions, words("eventDefinitionRef dataOutput dataOutputAssociation outputSet property")),
	"throw":                       union(eventDefinitions, words("eventDefinitionRef dataInput dataInputAssociation inputSet property")),
	string(UserTask):              words("humanPerformer potentialOwner rendering"),
	string(ScriptTask):            words("script"),
	string(ComplexGateway):        words("activationCondition"),
	"sequenceFlow":                words("documentation extensionElements conditionExpression auditing monitoring categoryValueRef"),
	"timerEventDefinition":        words("documentation extensionElements timeDuration timeDate timeCycle"),
	"messageEventDefinition":      words("documentation extensionElements operationRef"),
	"conditionalEventDefinition":  words("documentation extensionElements condition"),
	"linkEventDefinition":         words("documentation extensionElements source target"),
	"humanPerformer":              words("documentation extensionElements resourceAssignmentExpression"),
	"potentialOwner":              words("documentation extensionElements resourceAssignmentExpression resourceRef"),
	"standardLoopCharacteristics": words("documentation extensionElements loopCondition"),
	"multiInstanceLoopCharacteristics": words(`documentation extensionElements loopCardinality loopDataInputRef inputDataItem
		loopDataOutputRef outputDataItem completionCondition`),
}

// nodeAttributes, activityAttributes and serviceAttributes are shared by the elements that follow.
const (
	nodeAttributes     = "id name "
	activityAttributes = nodeAttributes + "default isForCompensation startQuantity completionQuantity "
	serviceAttributes  = activityAttributes + "implementation operationRef "
	gatewayAttributes  = nodeAttributes + "gatewayDirection "
)

// plainAttributes are the attributes of BPMN itself that are read or do nothing, by element.
var plainAttributes = map[string]map[string]bool{
	"definitions":                      words("id name targetNamespace expressionLanguage typeLanguage exporter exporterVersion schemaLocation"),
	"process":                          words("id name isExecutable processType isClosed definitionalCollaborationRef"),
	"laneSet":                          words("id name"),
	"lane":                             words("id name partitionElementRef"),
	"sequenceFlow":                     words("id name sourceRef targetRef isImmediate"),
	"conditionExpression":              words("id language evaluatesToTypeRef"),
	"timerEventDefinition":             words("id"),
	"messageEventDefinition":           words("id messageRef"),
	"signalEventDefinition":            words("id signalRef"),
	"errorEventDefinition":             words("id errorRef"),
	"escalationEventDefinition":        words("id escalationRef"),
	"conditionalEventDefinition":       words("id"),
	"compensateEventDefinition":        words("id activityRef waitForCompletion"),
	"cancelEventDefinition":            words("id"),
	"linkEventDefinition":              words("id name"),
	"terminateEventDefinition":         words("id"),
	"standardLoopCharacteristics":      words("id testBefore loopMaximum"),
	"multiInstanceLoopCharacteristics": words("id isSequential behavior oneBehaviorEventRef noneBehaviorEventRef"),
	string(StartEvent):                 words(nodeAttributes + "isInterrupting parallelMultiple"),
	string(EndEvent):                   words(nodeAttributes),
	string(CatchEvent):                 words(nodeAttributes + "parallelMultiple"),
	string(ThrowEvent):                 words(nodeAttributes),
	string(BoundaryEvent):              words(nodeAttributes + "attachedToRef cancelActivity parallelMultiple"),
	string(ExclusiveGateway):           words(gatewayAttributes + "default"),
	string(ParallelGateway):            words(gatewayAttributes + "default"),
	string(InclusiveGateway):           words(gatewayAttributes + "default"),
	string(EventGateway):               words(gatewayAttributes + "instantiate eventGatewayType"),
	string(ComplexGateway):             words(gatewayAttributes + "default"),
	string(Task):                       words(activityAttributes),
	string(ManualTask):                 words(activityAttributes),
	string(UserTask):                   words(activityAttributes + "implementation"),
	string(ServiceTask):                words(serviceAttributes),
	string(SendTask):                   words(serviceAttributes + "messageRef"),
	string(ReceiveTask):                words(serviceAttributes + "messageRef instantiate"),
	string(ScriptTask):                 words(activityAttributes + "scriptFormat"),
	string(BusinessRuleTask):           words(activityAttributes + "implementation"),
	string(CallActivity):               words(activityAttributes + "calledElement"),
	string(SubProcess):                 words(activityAttributes + "triggeredByEvent"),
	string(Transaction):                words(activityAttributes + "triggeredByEvent method"),
	string(AdHocSubProcess):            words(activityAttributes + "triggeredByEvent ordering cancelRemainingInstances"),
}

// words makes a set of names.
func words(text string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(text) {
		set[w] = true
	}
	return set
}

// union makes a set of all names of the sets.
func union(sets ...map[string]bool) map[string]bool {
	all := map[string]bool{}
	for _, set := range sets {
		for name := range set {
			all[name] = true
		}
	}
	return all
}
