// Package catalog is what a user can choose: event sources, their options and scopes. Its file catalog.yaml is the one
// place that spells PAI's source, type and field names, because PAI does not publish them; an override can change any
// of them without a rebuild.
package catalog

// Choice is what a rule wants to hear of.
type Choice struct {
	Source  string   `json:"source"`  // id of a source: dlc
	Options []string `json:"options"` // ids of options: dlc.job.failed
	Scope   Scope    `json:"scope"`
	PAIUser string   `json:"paiUser,omitempty"` // the rule's author in PAI, for the scope createdByMe
}

// Scope narrows a choice to some objects.
type Scope struct {
	Kind   string   `json:"kind"` // allInWorkspace, createdByMe, objects, creators, namePrefix, resourceQuota
	IDs    []string `json:"ids,omitempty"`
	Prefix string   `json:"prefix,omitempty"`
}
