package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"pai-notify/shared/fault"
)

// Limits of a request body.
const (
	maxBody   = 1 << 20 // bytes
	maxDepth  = 32      // arrays and objects within one another
	maxNumber = 32      // characters of one number
)

// readBody reads a request's body and checks that it is one JSON document within the limits, before anything
// interprets it. It gives nil where there is no body.
func readBody(r *http.Request) ([]byte, *Problem) {
	body, problem := readLimited(r, maxBody)
	if problem != nil || len(body) == 0 {
		return nil, problem
	}
	if given := r.Header.Get("Content-Type"); given != "" {
		media, _, err := mime.ParseMediaType(given)
		// curl -d calls every body a form; what it is, is checked below.
		if err != nil || media != "application/json" && media != "application/x-www-form-urlencoded" &&
			!strings.HasSuffix(media, "+json") {
			return nil, &Problem{
				Status: http.StatusUnsupportedMediaType, Code: "UnsupportedMediaType",
				Said: fault.Say("the body's Content-Type is %.100q", "请求体的 Content-Type 为 %.100q", given),
			}
		}
	}
	if err := checkJSON(body); err != nil {
		return nil, &Problem{Status: http.StatusBadRequest, Code: "NotJSON", Detail: err.Error()}
	}
	return body, nil
}

func readLimited(r *http.Request, limit int) ([]byte, *Problem) {
	body, err := io.ReadAll(io.LimitReader(r.Body, int64(limit)+1))
	if err != nil {
		return nil, &Problem{Status: http.StatusBadRequest, Code: "BadRequest", Said: fault.Say("the body could not be read", "未能读取请求体"),
			cause: err}
	}
	if len(body) > limit {
		return nil, &Problem{
			Status: http.StatusRequestEntityTooLarge, Code: "TooLarge",
			Said: fault.Say("the body is larger than %d bytes", "请求体超过 %d 字节", limit),
		}
	}
	return body, nil
}

// checkJSON finds what no field check can: text that is no JSON, invalid UTF-8, which would be replaced silently, a
// member that is named twice, of which one would win silently, and nesting and numbers that only burn time.
func checkJSON(body []byte) error {
	if !utf8.Valid(body) {
		return errors.New("the body is not valid UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := checkValue(d, "", 0); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("the body goes on after its JSON document, at byte %d", d.InputOffset())
	}
	return nil
}

func checkValue(d *json.Decoder, path string, depth int) error {
	token, err := d.Token()
	if err != nil {
		return notJSON(d, err)
	}
	switch t := token.(type) {
	case json.Number:
		if len(t) > maxNumber {
			return fmt.Errorf("%s: the number has over %d characters; write ids as strings", at(path), maxNumber)
		}
		if _, err := t.Float64(); err != nil {
			return fmt.Errorf("%s: the number is out of range", at(path))
		}
	case json.Delim:
		if depth == maxDepth {
			return fmt.Errorf("the body nests more than %d levels deep", maxDepth)
		}
		if err := checkMembers(d, t, path, depth+1); err != nil {
			return err
		}
		if _, err := d.Token(); err != nil { // the closing delimiter
			return notJSON(d, err)
		}
	}
	return nil
}

func checkMembers(d *json.Decoder, open json.Delim, path string, depth int) error {
	seen := map[string]bool{}
	for i := 0; d.More(); i++ {
		member := path + "[" + strconv.Itoa(i) + "]"
		if open == '{' {
			token, err := d.Token()
			if err != nil {
				return notJSON(d, err)
			}
			name, ok := token.(string)
			if !ok {
				return notJSON(d, errors.New("a member without a name"))
			}
			member = strings.TrimPrefix(path+"."+name, ".")
			if seen[name] {
				return fmt.Errorf("%s: is given twice; leave one", at(member))
			}
			seen[name] = true
		}
		if err := checkValue(d, member, depth); err != nil {
			return err
		}
	}
	return nil
}

// at names a place without letting a hostile path fill the answer.
func at(path string) string {
	if path == "" {
		return "the body"
	}
	return fmt.Sprintf("%.200s", path)
}

func notJSON(d *json.Decoder, err error) error {
	var syntax *json.SyntaxError
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the body's JSON ends too early")
	case errors.As(err, &syntax):
		return fmt.Errorf("the body is not JSON: %s, at byte %d", syntax.Error(), syntax.Offset)
	}
	return fmt.Errorf("the body is not JSON, at byte %d", d.InputOffset())
}
