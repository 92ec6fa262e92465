package webhook

import (
	"encoding/json"
	"fmt"
	"time"

	"pai-notify/shared/channel"
	"pai-notify/shared/message"
)

// Modes of a body.
const (
	modeCloudEvents = "cloudevents" // the event as it came, lossless
	modePAI         = "pai"         // PAI's model template
	modeMessage     = "message"     // what people read, as data
)

func modes() []string { return []string{modeCloudEvents, modePAI, modeMessage} }

// newBody renders a message and says what it is.
func newBody(mode string, m message.Message) (body []byte, contentType string, err error) {
	switch mode {
	case modePAI:
		body, err = channel.JSON(newModel(m))
		return body, "application/json; charset=utf-8", err
	case modeMessage:
		body, err = channel.JSON(newTold(m))
		return body, "application/json; charset=utf-8", err
	}
	body, err = m.Event.MarshalJSON()
	if err != nil {
		err = fmt.Errorf("encode event: %w", err)
	}
	return body, "application/cloudevents+json; charset=utf-8", err // github.com/cloudevents/spec, HTTP binding §3.2
}

// model is the template of a model event. PAI does not publish its own; the members are those of its public Model and
// ModelVersion objects. All of them are always there; what the event does not say is empty.
type model struct {
	SchemaVersion          string
	Test                   bool   `json:",omitempty"`
	EventID                string `json:"EventId"`
	EventType              string
	EventTime              string // RFC 3339, UTC
	RegionID               string `json:"RegionId"`
	WorkspaceID            string `json:"WorkspaceId"`
	WorkspaceName          string
	ModelID                string `json:"ModelId"`
	ModelName              string
	VersionName            string
	ApprovalStatus         string
	PreviousApprovalStatus string
	URI                    string `json:"Uri"`
	FormatType             string
	FrameworkType          string
	SourceType             string
	SourceID               string `json:"SourceId"`
	InferenceSpec          json.RawMessage
	Metrics                json.RawMessage
	OperatorID             string `json:"OperatorId"`
	OwnerID                string `json:"OwnerId"` // the account's; the creator's where the event says no other
	ConsoleURL             string `json:"ConsoleUrl"`
}

// Types of a model's body: what it is about, whatever PAI calls the event.
const (
	typeStatus = "ModelVersionApprovalStatusChanged"
	typeTest   = "ConnectivityTest"
)

func newModel(m message.Message) model {
	v := m.View
	kind := typeStatus
	switch {
	case m.Test:
		kind = typeTest
	case !v.Known:
		kind = m.Event.Type
	}
	at := ""
	if !m.Event.Time.IsZero() {
		at = m.Event.Time.UTC().Format(time.RFC3339)
	}
	region := v.Region
	if region == "" {
		region = m.Event.Region()
	}
	text := func(name string) string { // an id may come as a number
		if raw := v.Extra[name]; len(raw) > 0 {
			return channel.Text(raw)
		}
		return ""
	}
	object := func(name string) json.RawMessage {
		if raw := v.Extra[name]; len(raw) > 0 && json.Valid(raw) {
			return raw
		}
		return json.RawMessage("{}")
	}
	owner := text("ownerId")
	if owner == "" {
		owner = v.OwnerID
	}
	return model{
		SchemaVersion: "1", Test: m.Test,
		EventID: m.Event.ID, EventType: kind, EventTime: at,
		RegionID: region, WorkspaceID: v.WorkspaceID, WorkspaceName: v.Workspace,
		ModelID: v.ID, ModelName: v.Name, VersionName: v.Version,
		ApprovalStatus: v.Status, PreviousApprovalStatus: v.Previous,
		URI: text("uri"), FormatType: text("formatType"), FrameworkType: text("frameworkType"),
		SourceType: text("sourceType"), SourceID: text("sourceId"),
		InferenceSpec: object("inferenceSpec"), Metrics: object("metrics"),
		OperatorID: v.OperatorID, OwnerID: owner, ConsoleURL: m.Link,
	}
}
