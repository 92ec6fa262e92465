package scan

// Rest is the text that is not consumed yet, also after an error: then it begins near the fault. It is a part of the
// scanned text, not a copy.
func (s *Scanner) Rest() []byte { return s.text[min(s.at, len(s.text)):] }
