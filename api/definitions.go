package api

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

const (
	defaultBusinessApp = "onecms"
	maxBusinessApp     = 100 // characters
	maxProcessName     = 500 // characters
)

// deploy stores the processes of BPMN files. Every problem of every file comes back together.
func (s *Server) deploy(c *gin.Context) (reply, error) {
	q := query(c)
	app := q.text("businessApp")
	if utf8.RuneCountInString(app) > maxBusinessApp {
		q.wrong("businessApp", fmt.Sprintf("has at most %d characters", maxBusinessApp))
	}
	if err := q.err(); err != nil {
		return reply{}, err
	}
	if app == "" {
		app = defaultBusinessApp
	}
	files, err := readModels(c)
	if err != nil {
		return reply{}, err
	}
	deployments, err := compileAll(files, app)
	if err != nil {
		return reply{}, err
	}
	defs, err := s.deps.Store.Deploy(c.Request.Context(), callerOf(c), deployments)
	if err != nil {
		return reply{}, err
	}
	return created(casework.List[casework.Definition]{Items: defs})
}

// compileAll compiles every file. What is wrong in any of them comes back together, each finding with its file.
func compileAll(files []modelFile, businessApp string) ([]casework.Deployment, error) {
	var deployments []casework.Deployment
	all := &diagnosed{problem: casework.Errorf(casework.Invalid, "%s", refusedModel)}
	for _, file := range files {
		ds, err := Compile(file.source, businessApp)
		var refused *diagnosed
		switch {
		case errors.As(err, &refused):
			all.add(file.name, refused)
		case err != nil:
			return nil, err
		}
		deployments = append(deployments, ds...)
	}
	if len(all.diagnostics) > 0 {
		return nil, all
	}
	return deployments, nil
}

const refusedModel = "the model cannot be executed as it is"

// Compile checks a BPMN file and makes what is to be stored of it. A model with errors is an Invalid error whose problem
// document lists every diagnostic.
func Compile(source []byte, businessApp string) ([]casework.Deployment, error) {
	programs, diagnostics := bpmn.Compile(source)
	if diagnostics.HasErrors() {
		refused := &diagnosed{problem: casework.Errorf(casework.Invalid, "%s", refusedModel)}
		for _, d := range diagnostics {
			refused.diagnostics = append(refused.diagnostics, finding{Diagnostic: d})
			refused.problem.Fields = append(refused.problem.Fields, casework.Field{
				Message: d.Message, Location: fmt.Sprintf("body:%d:%d", d.Line, d.Column), Value: d.ElementID,
			})
		}
		return nil, refused
	}
	if !isText(string(source)) {
		return nil, invalid("body", "the model can be read, but only models in UTF-8 can be stored", nil)
	}
	warnings, err := json.Marshal(diagnostics)
	if err != nil {
		return nil, fmt.Errorf("encode warnings: %w", err)
	}
	if len(diagnostics) == 0 {
		warnings = []byte("[]")
	}
	sum := sha256.Sum256(source)
	deployments := make([]casework.Deployment, 0, len(programs))
	for _, p := range programs {
		if utf8.RuneCountInString(p.Name) > maxProcessName {
			return nil, invalid("body", fmt.Sprintf("the name of the process %s has more than %d characters", p.Key, maxProcessName), nil)
		}
		d := casework.Deployment{
			ProcessKey: p.Key, ProcessName: p.Name, BusinessApp: businessApp, XML: source,
			SHA256: hex.EncodeToString(sum[:]), StartEvents: startEvents(p), Warnings: warnings,
		}
		deployments = append(deployments, d)
	}
	return deployments, nil
}

// modelFile is one file of a deployment. A body that is one model has no name.
type modelFile struct {
	name   string
	source []byte
}

// readModels reads the body as one model, or the files of a multipart body.
func readModels(c *gin.Context) ([]modelFile, error) {
	if err := checkMedia(c, "application/xml", "text/xml", "multipart/form-data"); err != nil {
		return nil, err
	}
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, maxUploadBytes)
	media, _, _ := mime.ParseMediaType(c.GetHeader("Content-Type"))
	if media != "multipart/form-data" {
		source, err := readModel(c.Request.Body)
		return []modelFile{{source: source}}, err
	}
	reader, err := c.Request.MultipartReader()
	if err != nil {
		return nil, malformed("body", "the multipart body cannot be read", nil)
	}
	var files []modelFile
	for {
		part, err := reader.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, multipartMistake(err)
		}
		if strings.HasSuffix(strings.ToLower(part.FileName()), ".dmn") {
			return nil, invalid("body."+part.FormName(), "decision tables (DMN) are not supported yet", part.FileName())
		}
		source, err := readModel(part)
		if err != nil {
			return nil, multipartMistake(err)
		}
		files = append(files, modelFile{name: cmp.Or(part.FileName(), part.FormName()), source: source})
	}
	if len(files) == 0 {
		return nil, malformed("body", "there is no file in the body", nil)
	}
	return files, nil
}

func multipartMistake(err error) error {
	var known *casework.Error
	var tooLarge *http.MaxBytesError
	if errors.As(err, &known) || errors.As(err, &tooLarge) {
		return err
	}
	return malformed("body", "the multipart body ends too early", nil)
}

func readModel(r io.Reader) ([]byte, error) {
	source, err := io.ReadAll(io.LimitReader(r, casework.MaxXMLBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read model: %w", err)
	}
	if len(source) > casework.MaxXMLBytes {
		return nil, casework.Errorf(casework.TooLarge, "the model is larger than %d bytes", casework.MaxXMLBytes)
	}
	if len(source) == 0 {
		return nil, malformed("body", "the body is empty", nil)
	}
	return source, nil
}

func (s *Server) listDefinitions(c *gin.Context) (reply, error) {
	q := query(c)
	key, page := q.text("processKey"), q.page()
	if err := q.err(); err != nil {
		return reply{}, err
	}
	list, err := s.deps.Store.Definitions(c.Request.Context(), callerOf(c), key, page)
	if err != nil {
		return reply{}, err
	}
	return ok(list)
}

func (s *Server) getActiveDefinition(c *gin.Context) (reply, error) {
	d, err := s.deps.Store.Definition(c.Request.Context(), callerOf(c), c.Param("processKey"), 0)
	if err != nil {
		return reply{}, err
	}
	return ok(d)
}

func (s *Server) getDefinition(c *gin.Context) (reply, error) {
	version, err := versionOf(c)
	if err != nil {
		return reply{}, err
	}
	d, err := s.deps.Store.Definition(c.Request.Context(), callerOf(c), c.Param("processKey"), version)
	if err != nil {
		return reply{}, err
	}
	return ok(d)
}

func (s *Server) getDefinitionXML(c *gin.Context) (reply, error) {
	version, err := versionOf(c)
	if err != nil {
		return reply{}, err
	}
	source, err := s.deps.Store.DefinitionXML(c.Request.Context(), callerOf(c), c.Param("processKey"), version)
	if err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusOK, raw: source, typ: "application/xml"}, nil
}

// patchDefinition changes the routing rules and service levels of a version.
func (s *Server) patchDefinition(c *gin.Context) (reply, error) {
	version, err := versionOf(c)
	if err != nil {
		return reply{}, err
	}
	apply, err := readChange[casework.DefinitionSettings](c)
	if err != nil {
		return reply{}, err
	}
	return answer(s.deps.Store.ChangeDefinition(c.Request.Context(), callerOf(c), c.Param("processKey"), version, apply))
}

func (s *Server) activateDefinition(c *gin.Context) (reply, error)   { return s.setActive(c, true) }
func (s *Server) deactivateDefinition(c *gin.Context) (reply, error) { return s.setActive(c, false) }

func (s *Server) setActive(c *gin.Context, active bool) (reply, error) {
	version, err := versionOf(c)
	if err != nil {
		return reply{}, err
	}
	d, err := s.deps.Store.ActivateDefinition(c.Request.Context(), callerOf(c), c.Param("processKey"), version, active)
	if err != nil {
		return reply{}, err
	}
	return ok(d)
}

func versionOf(c *gin.Context) (int, error) {
	n, err := strconv.ParseInt(c.Param("version"), 10, 32)
	if err != nil || n < 1 {
		return 0, malformed("path.version", "must be a whole number from 1", c.Param("version"))
	}
	return int(n), nil
}
