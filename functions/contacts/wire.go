package main

import (
	"time"

	"pai-notify/shared/access"
	"pai-notify/shared/contact"
)

// Contact is a contact on the wire. An answer can be changed and sent back whole, unless it is masked.
type Contact struct {
	ID       string `json:"id,omitempty" example:"alice" doc:"What rules name it by; left out: made of the name. It cannot be changed"`
	Name     string `json:"name" example:"Alice Chen"`
	Phone    string `json:"phone,omitempty" example:"+8613800138000" doc:"Numbers of mainland China may leave +86 out"`
	Email    string `json:"email,omitempty" example:"alice@example.com"`
	Language string `json:"language,omitempty" doc:"Of what is sent to it, such as zh or en; left out: the target's"`
	Zone     string `json:"zone,omitempty" example:"Asia/Shanghai" doc:"Of times in what is sent to it; left out: the deployment's"`
	DingTalk string `json:"dingtalk,omitempty" doc:"Mobile number or user id at DingTalk, for mentions"`
	WeCom    string `json:"wecom,omitempty" doc:"User id at WeCom, for mentions"`
	Lark     string `json:"lark,omitempty" doc:"Open id at Lark, for mentions"`
	PAIUser  string `json:"paiUser,omitempty" doc:"Id or name of the PAI user who this is; no two contacts have the same"`
	Note     string `json:"note,omitempty" doc:"At most 256 characters; viewers do not see it"`

	Channels []string  `json:"channels" readOnly:"true" doc:"Which of the channels that name contacts reach it"`
	Masked   bool      `json:"masked,omitempty" readOnly:"true" doc:"The key is a viewer's: numbers and addresses are masked"`
	Created  time.Time `json:"created,omitzero" readOnly:"true"`
	Updated  time.Time `json:"updated,omitzero" readOnly:"true"`
}

func (c Contact) contact() contact.Contact {
	return contact.Contact{
		ID: c.ID, Name: c.Name, Phone: c.Phone, Email: c.Email, Language: c.Language, Zone: c.Zone, DingTalk: c.DingTalk, WeCom: c.WeCom,
		Lark: c.Lark, PAIUser: c.PAIUser, Note: c.Note,
	}
}

// wire is how a contact is told to a caller.
func (s *service) wire(c contact.Contact, to access.Identity) Contact {
	channels := []string{}
	for _, spec := range s.specs() {
		if spec.Contacts && c.Address(spec.Name) != "" {
			channels = append(channels, spec.Name)
		}
	}
	masked := !to.May(access.Editor)
	if masked {
		c = c.Masked()
	}
	return Contact{
		ID: c.ID, Name: c.Name, Phone: c.Phone, Email: c.Email, Language: c.Language, Zone: c.Zone, DingTalk: c.DingTalk, WeCom: c.WeCom,
		Lark: c.Lark, PAIUser: c.PAIUser, Note: c.Note, Channels: channels, Masked: masked, Created: c.Created, Updated: c.Updated,
	}
}

// shown is a contact in the audit, which is kept for long and read by more people than may see a number.
func (s *service) shown(c contact.Contact) Contact {
	return s.wire(c, access.Identity{Role: access.Viewer})
}
