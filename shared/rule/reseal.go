package rule

import (
	"pai-notify/shared/seal"
)

// Sealing says which keys sealed the secrets of a rule's targets.
type Sealing struct {
	Name string   // of the rule
	Keys []string // ids, each once
}

// Reseal gives a unit with its secrets sealed by the key that seals now, for the same place; changed is false where they
// are already, or where there are none. The error is a *[Error] where they do not open.
func (u Unit) Reseal(keys *seal.Keyset, bus, rule string) (resealed Unit, changed bool, err error) {
	if ids := keys.IDs(); u.Sealed == "" || len(ids) > 0 && seal.SealedBy(u.Sealed) == ids[0] {
		return u, false, nil
	}
	plain, err := keys.Open(u.Sealed, place(bus, rule, u.ID))
	if err == nil {
		u.Sealed, err = keys.Seal(plain, place(bus, rule, u.ID))
	}
	if err != nil {
		return Unit{}, false, sealError(u.ID, err)
	}
	return u, true, nil
}
