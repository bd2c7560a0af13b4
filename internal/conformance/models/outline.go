package models

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"

	"golang.org/x/net/html/charset"
)

const namespace = "http://www.omg.org/spec/BPMN/20100524/MODEL"

// nodeNames are the flow nodes of BPMN 2.0, as the schema names them.
var nodeNames = map[string]bool{
	"startEvent": true, "endEvent": true, "intermediateCatchEvent": true, "intermediateThrowEvent": true, "boundaryEvent": true,
	"task": true, "manualTask": true, "userTask": true, "serviceTask": true, "sendTask": true, "receiveTask": true,
	"scriptTask": true, "businessRuleTask": true, "callActivity": true,
	"subProcess": true, "transaction": true, "adHocSubProcess": true,
	"exclusiveGateway": true, "parallelGateway": true, "inclusiveGateway": true, "eventBasedGateway": true, "complexGateway": true,
}

// outline reads the flow nodes and sequence flows of a file without the product's parser: every one within a process.
func outline(source []byte) (contents, error) {
	found := contents{nodes: map[string]string{}, flows: map[string][2]string{}}
	d := xml.NewDecoder(bytes.NewReader(source))
	d.CharsetReader = charset.NewReaderLabel
	within := 0 // processes
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return found, fmt.Errorf("read XML: %w", err)
		}
		switch e := token.(type) {
		case xml.EndElement:
			if e.Name.Space == namespace && e.Name.Local == "process" {
				within--
			}
		case xml.StartElement:
			if e.Name.Space != namespace {
				continue
			}
			if e.Name.Local == "process" {
				within++
			}
			if within > 0 {
				found.add(e)
			}
		}
	}
}

func (c contents) add(e xml.StartElement) {
	attr := func(name string) string {
		for _, a := range e.Attr {
			if a.Name.Space == "" && a.Name.Local == name {
				return a.Value
			}
		}
		return ""
	}
	switch {
	case nodeNames[e.Name.Local]:
		c.nodes[attr("id")] = e.Name.Local
	case e.Name.Local == "sequenceFlow":
		c.flows[attr("id")] = [2]string{attr("sourceRef"), attr("targetRef")}
	}
}
