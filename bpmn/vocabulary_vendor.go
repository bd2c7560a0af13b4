package bpmn

// serviceVendor are the vendor attributes of what can have an implementation.
const serviceVendor = `expression class delegateExpression type topic resultVariable resultVariableName
	useLocalScopeForResultVariable skipExpression timeout decisionRef decisionTableReferenceKey `

// vendorAttributes are the vendor attributes that are read, by element.
var vendorAttributes = map[string]map[string]bool{
	string(StartEvent):           words("initiator"),
	"sequenceFlow":               words("skipExpression"),
	string(UserTask):             words("assignee candidateUsers candidateGroups formKey dueDate priority skipExpression taskCompleterVariableName"),
	string(ServiceTask):          words(serviceVendor),
	string(SendTask):             words(serviceVendor + "messageExpression correlationKey"),
	string(BusinessRuleTask):     words(serviceVendor),
	"messageEventDefinition":     words(serviceVendor + "messageExpression correlationKey"),
	string(ReceiveTask):          words("messageExpression correlationKey"),
	string(ScriptTask):           words("resultVariable resultVariableName"),
	"signal":                     words("scope"),
	"signalEventDefinition":      words("signalExpression"),
	"errorEventDefinition":       words("errorCodeVariable errorMessageVariable errorVariable errorVariableName"),
	"escalationEventDefinition":  words("escalationCodeVariable"),
	"conditionalEventDefinition": words("variableName variableEvents"),
	"terminateEventDefinition":   words("terminateAll terminateMultiInstance"),
	"timeCycle":                  words("endDate"),
	string(CallActivity): words(`businessKey inheritBusinessKey inheritVariables sameDeployment calledElementBinding
		calledElementVersion calledElementType`),
	"multiInstanceLoopCharacteristics": words("collection elementVariable elementIndexVariable"),
}

// ownAttributes are the attributes of the product's own namespace, by element. A user task may have them as properties of
// the vendors' modellers as well.
var ownAttributes = map[string]map[string]bool{
	string(UserTask): words("queue skills fourEyesOf calendar claimWithin completeWithin"),
}

// harmlessAttributes change nothing here, on any element. Every wait is durable and every retry is the worker's, so that
// the asynchronous continuations of other engines ask for nothing.
var harmlessAttributes = words(`exclusive asyncExclusive async asyncBefore asyncAfter asyncLeave asyncLeaveExclusive
	versionTag historyTimeToLive isStartableInTasklist diagramRelationId jobPriority taskPriority jobTopic
	candidateStarterGroups candidateStarterUsers fallbackToDefaultTenant completeAsync category
	parallelInSameTransaction noWaitStatesAsyncLeave isUnlocked`)

// refusedAttributes are vendor attributes that change how the element executes, on any element that does not read them.
// Those with a value in the map are harmless when they have exactly that value.
var refusedAttributes = map[string]string{
	"triggerable": "false", "useLocalScopeForResultVariable": "false", "storeResultVariableAsTransient": "false",
	"skipExpression": "", "class": "", "delegateExpression": "", "type": "", "topic": "", "extensionId": "",
	"decisionRef": "", "resource": "", "sameDeployment": "", "assignmentHandler": "", "businessCalendarName": "",
	"errorVariable": "", "taskIdVariableName": "", "autoStoreVariables": "false", "resultVariableType": "",
	"doNotIncludeVariables": "false", "errorVariableLocalScope": "false", "errorVariableTransient": "false",
	"caseRef": "", "caseBinding": "", "caseVersion": "", "calledElementVersionTag": "", "calledElementTenantId": "",
	"variableMappingClass": "", "variableMappingDelegateExpression": "", "useLocalScopeForOutParameters": "false",
	"decisionRefBinding": "latest", "decisionRefVersion": "", "decisionRefVersionTag": "",
	"decisionRefTenantId": "", "mapDecisionResult": "", "ruleVariablesInput": "", "rules": "", "exclude": "false", "caseDefinitionKey": "",
	"processInstanceName": "", "idVariableName": "",
}

// vendorExtensions are the vendor extension elements that are read, by the element that they extend.
var vendorExtensions = map[string]map[string]bool{
	"node":                             words("executionListener inputOutput failedJobRetryTimeCycle"),
	"process":                          words("executionListener"),
	"sequenceFlow":                     words("executionListener"),
	"catch":                            words("variableListenerEventDefinition"),
	string(UserTask):                   words("taskListener formProperty formData properties"),
	string(StartEvent):                 words("formProperty formData"),
	string(ServiceTask):                words("field mapException"),
	string(SendTask):                   words("field mapException"),
	string(BusinessRuleTask):           words("field mapException"),
	"messageEventDefinition":           words("field mapException in failedJobRetryTimeCycle"),
	"signalEventDefinition":            words("in"),
	string(CallActivity):               words("in out"),
	"dataObject":                       words("value"),
	"multiInstanceLoopCharacteristics": words("variableAggregation failedJobRetryTimeCycle"),
}

// harmlessExtensions are vendor extension elements that say nothing about execution.
var harmlessExtensions = words("properties localization versionTag")

// refusedExtensions are vendor extension elements that change how the element around them executes.
var refusedExtensions = words(`inputOutput connector in out errorEventDefinition mapException eventListener
	variableAggregation variableListenerEventDefinition eventType eventInParameter eventOutParameter
	eventCorrelationParameter eventMapping startEventCorrelationConfiguration channelKey systemChannel triggerEventType
	constraint script field value taskScheduleConfiguration collection httpRequestHandler httpResponseHandler caseRef`)

// zeebeExtensions are the extension elements of Camunda 8 that are read, by the element that they extend.
var zeebeExtensions = map[string]map[string]bool{
	"node":                             words("ioMapping"),
	string(ServiceTask):                words("taskDefinition taskHeaders"),
	string(SendTask):                   words("taskDefinition taskHeaders"),
	string(BusinessRuleTask):           words("taskDefinition taskHeaders calledDecision"),
	string(ThrowEvent):                 words("taskDefinition taskHeaders"),
	string(EndEvent):                   words("taskDefinition taskHeaders"),
	string(UserTask):                   words("assignmentDefinition formDefinition taskSchedule priorityDefinition userTask properties"),
	string(CallActivity):               words("calledElement"),
	"message":                          words("subscription"),
	"multiInstanceLoopCharacteristics": words("loopCharacteristics"),
	"process":                          words("userTaskForm versionTag"),
}

// harmlessZeebe are extension elements of Camunda 8 that say nothing about execution.
var harmlessZeebe = words("properties")
