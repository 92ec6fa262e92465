package catalog

import "sync"

// Live is a catalogue under an override that may change while the program runs. It is safe for concurrent use.
type Live struct {
	base *Catalog

	mu       sync.Mutex
	override string
	made     *Catalog
	err      error
}

// NewLive makes a Live of the catalogue that overrides are laid over.
func NewLive(base *Catalog) *Live { return &Live{base: base, made: base} }

// With gives the catalogue under an override, made anew only when the text has changed; the empty text is none. With a
// faulty override it gives the catalogue without it, and the [Problems].
func (l *Live) With(override string) (*Catalog, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if override == l.override {
		return l.made, l.err
	}
	l.override, l.made, l.err = override, l.base, nil
	if override != "" {
		made, err := l.base.Override([]byte(override))
		if l.err = err; err == nil {
			l.made = made
		}
	}
	return l.made, l.err
}
