package engine_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
)

// heardElements are the opening tags of the elements that may have listeners, with the extension elements that follow.
var heardElements = regexp.MustCompile(`<(\w+(?:Task|Event|Gateway)|subProcess|transaction|callActivity|sequenceFlow) id="[^>]*?(/?)>(<extensionElements>)?`)

// withListeners adds listeners to a few elements of a model, and to its process. Some call delegates.
func withListeners(random *rand.Rand, model string) string {
	model = heardElements.ReplaceAllStringFunc(model, func(tag string) string {
		found := heardElements.FindStringSubmatch(tag)
		name, isEmpty, opened := found[1], found[2] != "", found[3] != ""
		events := []string{"start", "end"}
		if name == "sequenceFlow" {
			events = []string{"take"}
		}
		listeners := randomListeners(random, "executionListener", events)
		if name == "userTask" {
			listeners += randomListeners(random, "taskListener", []string{"create", "assignment", "complete", "delete", "all"})
		}
		switch {
		case listeners == "":
			return tag
		case opened:
			return tag + listeners
		case isEmpty:
			return strings.TrimSuffix(tag, "/>") + "><extensionElements>" + listeners + "</extensionElements></" + name + ">"
		}
		return tag + "<extensionElements>" + listeners + "</extensionElements>"
	})
	ofProcess := randomListeners(random, "executionListener", []string{"start", "end"})
	ofProcess = strings.ReplaceAll(ofProcess, "none.trim()", "0") // the incident of one that fails there stays, if none calls a delegate
	return "<extensionElements>" + ofProcess + "</extensionElements>" + model
}

// randomListeners writes up to three listeners, mostly none.
func randomListeners(random *rand.Rand, kind string, events []string) string {
	if random.IntN(8) > 0 {
		return ""
	}
	var b strings.Builder
	for range 1 + random.IntN(3) {
		does := `class="x.Listener"`
		switch random.IntN(4) {
		case 0:
			does = `expression="${execution.setVariable('heard', answer)}"`
		case 1:
			does = `expression="${answer == 1 ? none.trim() : 0}"`
		}
		fmt.Fprintf(&b, `<flowable:%s event="%s" %s/>`, kind, events[random.IntN(len(events))], does)
	}
	return b.String()
}
