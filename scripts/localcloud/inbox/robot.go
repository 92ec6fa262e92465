package inbox

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// signed is the base64 HMAC-SHA256 that DingTalk and Lark both use, each in its own way.
func signed(key, text string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// stale is whether a signature's time is more than an hour off.
func stale(at, now time.Time) bool {
	return at.Before(now.Add(-time.Hour)) || at.After(now.Add(time.Hour))
}

// errcode is how DingTalk and WeCom answer.
func errcode(code int, text string) answer {
	body, err := json.Marshal(map[string]any{"errcode": code, "errmsg": text})
	if err != nil {
		panic(err) // a number and a text always encode
	}
	return answer{status: http.StatusOK, code: strconv.Itoa(code), accepted: code == 0, body: string(body)}
}

// dingTalk is a custom robot: open.dingtalk.com/document/robots/custom-robot-access.
type dingTalk struct{ rate *window }

func newDingTalk() dingTalk { return dingTalk{newWindow(20, time.Minute, 10*time.Minute)} }

func (d dingTalk) fault(status int, code string) answer {
	number, err := strconv.Atoi(code)
	if err != nil {
		number = -1
	}
	texts := map[int]string{
		-1: "system busy", 130101: "send too fast, exceed 20 times per minute", 300005: "token is not exist",
		310000: "sign not match", 400102: "robot is stopped", 430102: "text is not acceptable", 460101: "message too long, exceed 20000 bytes",
	}
	a := errcode(number, texts[number])
	a.status = status
	return a
}

func (d dingTalk) receive(r *http.Request, body []byte, now time.Time) answer {
	query := r.URL.Query()
	token := query.Get("access_token")
	switch {
	case r.URL.Path != "/robot/send":
		return errcode(404, "请求的URI地址不存在")
	case r.Method != http.MethodPost:
		return errcode(43002, "HttpMethod需要POST")
	case token == "":
		return errcode(40035, "缺少参数 access_token")
	case strings.HasPrefix(token, "unknown"):
		return errcode(300005, "token is not exist")
	case strings.HasPrefix(token, "stopped"):
		return errcode(400102, "机器人已停用")
	case !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json"):
		return errcode(43004, "需要的Content-Type为application/json")
	case len(body) > 20_000:
		return errcode(460101, "message too long, exceed 20000 bytes")
	}
	if strings.HasPrefix(token, "listed") {
		return errcode(310000, "ip 203.0.113.9 not in whitelist")
	}
	if !strings.HasPrefix(token, "keyword") {
		if len(query["timestamp"]) != 1 || len(query["sign"]) != 1 {
			return errcode(310000, "description:机器人发送签名不匹配;solution:请确认签名和生成签名的时间戳必须都放在调用的网址中")
		}
		ms, err := strconv.ParseInt(query.Get("timestamp"), 10, 64)
		if err != nil || stale(time.UnixMilli(ms), now) {
			return errcode(310000, "description:机器人发送签名过期;solution:签名生成时间和发送时间请保持在 timestampms 以内")
		}
		secret := "SEC-" + token
		if query.Get("sign") != signed(secret, query.Get("timestamp")+"\n"+secret) {
			return errcode(310000, "sign not match, more: [https://ding-doc.dingtalk.com/doc#/serverapi2/qf2nxq]")
		}
	}
	var m struct {
		Type     string                        `json:"msgtype"`
		Text     *struct{ Content string }     `json:"text"`
		Markdown *struct{ Title, Text string } `json:"markdown"`
		Card     *struct{ Title, Text string } `json:"actionCard"`
	}
	if json.Unmarshal(body, &m) != nil {
		return errcode(40035, "不合法的参数")
	}
	content := ""
	switch {
	case m.Type == "text" && m.Text != nil:
		content = m.Text.Content
	case m.Type == "markdown" && m.Markdown != nil && m.Markdown.Title != "":
		content = m.Markdown.Title + m.Markdown.Text
	case m.Type == "actionCard" && m.Card != nil && m.Card.Title != "":
		content = m.Card.Title + m.Card.Text
	case m.Type == "text", m.Type == "markdown", m.Type == "actionCard":
		return errcode(40035, "缺少参数 "+m.Type)
	default:
		return errcode(400105, "不支持的消息类型")
	}
	if strings.HasPrefix(token, "keyword") && !strings.Contains(content, "PAI") {
		return errcode(310000, "keywords not in content, more: [https://ding-doc.dingtalk.com/doc#/serverapi2/qf2nxq]")
	}
	if d.rate.full(token, now) {
		return errcode(130101, "send too fast, exceed 20 times per minute")
	}
	d.rate.take(token, now)
	return errcode(0, "ok")
}

// weCom is a group robot: developer.work.weixin.qq.com/document/path/91770.
type weCom struct{ rate *window }

func newWeCom() weCom { return weCom{newWindow(20, time.Minute, 0)} }

func (c weCom) fault(status int, code string) answer {
	number, err := strconv.Atoi(code)
	if err != nil {
		number = -1
	}
	texts := map[int]string{-1: "system busy", 45009: "api freq out of limit", 93000: "invalid webhook url", 93004: "robot has been disabled"}
	a := errcode(number, texts[number]+", hint: [1700000000000000000000000], from ip: 203.0.113.9, more info at https://open.work.weixin.qq.com/devtool/query?e="+code)
	a.status = status
	return a
}

func (c weCom) receive(r *http.Request, body []byte, now time.Time) answer {
	key := r.URL.Query().Get("key")
	refuse := func(code int, text string) answer {
		return errcode(code, text+", hint: [1700000000000000000000000], from ip: 203.0.113.9, more info at https://open.work.weixin.qq.com/devtool/query?e="+strconv.Itoa(code))
	}
	switch {
	case r.URL.Path != "/cgi-bin/webhook/send":
		return answer{status: http.StatusNotFound, code: "404", body: "<html><head><title>404 Not Found</title></head></html>"}
	case r.Method != http.MethodPost:
		return refuse(43002, "require POST method")
	case key == "" || strings.HasPrefix(key, "unknown"):
		return refuse(93000, "invalid webhook url")
	case strings.HasPrefix(key, "stopped"):
		return refuse(93004, "robot has been disabled")
	case strings.Contains(string(body), `\u003`):
		return refuse(40033, "invalid charset: do not send \\uXXXX escapes")
	}
	var m map[string]json.RawMessage
	var kind string
	if json.Unmarshal(body, &m) != nil || json.Unmarshal(m["msgtype"], &kind) != nil {
		return refuse(40008, "invalid message type")
	}
	limit := map[string]int{"text": 2048, "markdown": 4096, "markdown_v2": 4096, "news": 20_000, "template_card": 20_000}[kind]
	if limit == 0 {
		return refuse(40008, "invalid message type")
	}
	var part struct{ Content string }
	if m[kind] == nil || json.Unmarshal(m[kind], &part) != nil {
		return refuse(40058, kind+": invalid request parameter")
	}
	if limit <= 4096 && part.Content == "" {
		return refuse(44004, "empty content")
	}
	if len(part.Content) > limit {
		return refuse(40058, kind+".content exceed max length "+strconv.Itoa(limit)+". invalid request parameter")
	}
	if c.rate.full(key, now) {
		return refuse(45009, "api freq out of limit")
	}
	c.rate.take(key, now)
	return errcode(0, "ok")
}

// lark is a custom bot of Lark or Feishu: open.feishu.cn/document/client-docs/bot-v3/add-custom-bot.
type lark struct{ minute, second *window }

func newLark() lark { return lark{newWindow(100, time.Minute, 0), newWindow(5, time.Second, 0)} }

func (l lark) say(status, code int, text string) answer {
	said := map[string]any{"code": code, "msg": text, "data": map[string]any{}}
	if code == 0 {
		said["StatusCode"], said["StatusMessage"] = 0, "success"
	}
	body, err := json.Marshal(said)
	if err != nil {
		panic(err) // numbers and texts always encode
	}
	return answer{status: status, code: strconv.Itoa(code), accepted: code == 0, body: string(body)}
}

func (l lark) fault(status int, code string) answer {
	number, err := strconv.Atoi(code)
	if err != nil {
		number = 1500
	}
	texts := map[int]string{
		11232: "frequency limited psm", 9499: "too many request", 19001: "param invalid: incoming webhook access token invalid",
		19021: "sign match fail or timestamp is not within one hour from current time", 19022: "Ip Not Allowed", 19024: "Key Words Not Found",
		19007: "Bot Not Enabled", 2200: "internal error", 11246: "parse card json err", 99991400: "request trigger frequency limit",
	}
	return l.say(status, number, texts[number])
}

func (l lark) receive(r *http.Request, body []byte, now time.Time) answer {
	token, found := strings.CutPrefix(r.URL.Path, "/open-apis/bot/v2/hook/")
	var m struct {
		Type      string           `json:"msg_type"`
		Timestamp string           `json:"timestamp"`
		Sign      string           `json:"sign"`
		Content   map[string]any   `json:"content"`
		Card      *json.RawMessage `json:"card"`
	}
	err := json.Unmarshal(body, &m)
	switch {
	case !found || token == "":
		return answer{status: http.StatusNotFound, code: "404", body: "404 page not found"}
	case r.Method != http.MethodPost:
		return l.say(http.StatusOK, 9499, "Bad Request: method must be POST")
	case strings.HasPrefix(token, "unknown"): // the token is looked at before the body
		return l.say(http.StatusOK, 19001, "param invalid: incoming webhook access token invalid")
	case strings.HasPrefix(token, "stopped"):
		return l.say(http.StatusOK, 19007, "Bot Not Enabled")
	case strings.HasPrefix(token, "listed"):
		return l.say(http.StatusOK, 19022, "Ip Not Allowed")
	case len(body) > 30_000:
		return l.say(http.StatusOK, 19036, "content too long")
	case err != nil:
		return l.say(http.StatusBadRequest, 9499, "Bad Request")
	}
	if m.Sign != "" || m.Timestamp != "" || strings.HasPrefix(token, "signed") {
		seconds, err := strconv.ParseInt(m.Timestamp, 10, 64)
		if err != nil || stale(time.Unix(seconds, 0), now) || m.Sign != signed(m.Timestamp+"\nSEC-"+token, "") {
			return l.say(http.StatusOK, 19021, "sign match fail or timestamp is not within one hour from current time")
		}
	}
	switch m.Type {
	case "text", "post":
		if len(m.Content) == 0 {
			return l.say(http.StatusOK, 9499, "Bad Request: content is required")
		}
	case "interactive":
		var card map[string]any
		if m.Card == nil || json.Unmarshal(*m.Card, &card) != nil || (card["elements"] == nil && card["body"] == nil) {
			return l.say(http.StatusOK, 11246, "parse card json err: elements is required")
		}
	default:
		return l.say(http.StatusOK, 19002, "params error, msg_type need")
	}
	if strings.HasPrefix(token, "keyword") && !strings.Contains(string(body), "PAI") {
		return l.say(http.StatusOK, 19024, "Key Words Not Found")
	}
	if l.minute.full(token, now) || l.second.full(token, now) {
		return l.say(http.StatusOK, 11232, "frequency limited psm[lark.oapi.app_platform_runtime]appID[1500]")
	}
	l.minute.take(token, now)
	l.second.take(token, now)
	return l.say(http.StatusOK, 0, "success")
}
