package rule

// AdviceIn says what to do in a language, else in English.
func (e *Error) AdviceIn(language string) string {
	if advice := e.Advice[language]; advice != "" {
		return advice
	}
	return e.Advice["en"]
}
