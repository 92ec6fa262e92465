package carrier

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"pai-notify/scripts/localcloud/inbox"
	"pai-notify/scripts/localcloud/rpc"
)

const (
	maxCallOutID = 15               // bytes: OutId of SingleCallByTts
	speechCalls  = "11010000138001" // ProdId of calls made with SingleCallByTts
	shownShared  = "4000000000"     // whom a call of the shared mode comes from
	listenTime   = 14               // seconds of a call that is heard to its end
)

// callTiers are how often one number may be called, whether the calls succeed or not: document_detail/393519.html.
type callTier struct {
	span   time.Duration
	calls  int
	called string
}

func callTiers() []callTier {
	return []callTier{{time.Minute, 1, "分钟"}, {time.Hour, 5, "小时"}, {day, 20, "天"}}
}

// call is SingleCallByTts.
func (c *Carrier) call(_ context.Context, q *rpc.Request) (rpc.Answer, error) {
	for _, name := range []string{"CalledNumber", "TtsCode"} {
		if _, err := q.Need(name); err != nil {
			return nil, err
		}
	}
	to := []string{mobile(q.Get("CalledNumber"))}
	body := map[string]any{"ttsCode": q.Get("TtsCode"), "outId": q.Get("OutId"), "playTimes": q.Get("PlayTimes"),
		"showNumber": q.Get("CalledShowNumber"), "inURL": inURL(q)}
	id, said, err := c.acceptCall(q, body)
	if err != nil {
		return nil, err
	}
	if said != nil {
		return say(said.code, said.message), c.keep(inbox.Voice, to, body, said.code)
	}
	body["callId"] = id
	answer := say(accepted, accepted)
	answer["CallId"] = id
	return answer, c.keep(inbox.Voice, to, body, accepted)
}

func (c *Carrier) acceptCall(q *rpc.Request, body map[string]any) (id string, said *no, err error) {
	called := q.Get("CalledNumber")
	if mobileNumber := mainland.MatchString(called) && strings.HasPrefix(called, "1"); !mobileNumber && !landline.MatchString(called) {
		return "", refuse("isv.MOBILE_NUMBER_ILLEGAL", "号码格式错误"), nil
	}
	shown := q.Get("CalledShowNumber")
	if shown != "" && !slices.Contains(c.owned.Numbers, shown) {
		return "", refuse("isv.DISPLAY_NUMBER_ILLEGAL", "显示号码非法"), nil
	}
	speech, known := c.owned.speech(q.Get("TtsCode"))
	if !known || speech.Dedicated != (shown != "") {
		return "", refuse("isv.TTS_TEMPLATE_ILLEGAL", "TTS模板不合法"), nil
	}
	if times := q.Get("PlayTimes"); times != "" && times != "1" && times != "2" && times != "3" {
		return "", refuse("isv.INVALID_PARAMETERS", "参数异常: PlayTimes"), nil
	}
	if len(q.Get("OutId")) > maxCallOutID {
		return "", refuse("isv.INVALID_PARAMETERS", "参数异常: OutId"), nil
	}
	values, said := parameters(q.Get("TtsParam"))
	if said != nil {
		return "", said, nil
	}
	body["parameters"] = values
	text, said := speech.text(values)
	if said != nil {
		return "", said, nil
	}
	body["text"] = text
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.options.Clock.Now()
	to := mobile(called)
	for _, tier := range callTiers() {
		if c.count(inbox.Voice, to, now, tier.span, func(*sent) bool { return true }) >= tier.calls {
			return "", refuse("isv.BUSINESS_LIMIT_CONTROL", "触发%s级流控Permits:%d", tier.called, tier.calls), nil
		}
	}
	id = fmt.Sprintf("%d^%d", now.UnixMilli(), 10_000_000+c.serial)
	return id, nil, c.accept(&sent{Service: inbox.Voice, ID: id, To: to, OutID: q.Get("OutId"), Template: speech.Code,
		From: shown, Text: text, At: now})
}

// queryCall is QueryCallDetailByCallId. The pages say both that it looks at the day of QueryDate and at the 24 hours after
// it; here either will do. What it answers of a call that is not over is not written down; here Data is empty then.
func (c *Carrier) queryCall(_ context.Context, q *rpc.Request) (rpc.Answer, error) {
	for _, name := range []string{"CallId", "ProdId", "QueryDate"} {
		if _, err := q.Need(name); err != nil {
			return nil, err
		}
	}
	ms, err := strconv.ParseInt(q.Get("QueryDate"), 10, 64)
	if err != nil {
		return say("isv.INVALID_PARAMETERS", "参数异常: QueryDate"), nil
	}
	answer := say(accepted, accepted)
	answer["Data"] = ""
	now, from := c.options.Clock.Now(), time.UnixMilli(ms)
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.byID {
		if s.Service != inbox.Voice || s.ID != q.Get("CallId") {
			continue
		}
		after := s.At.Sub(from)
		seen := (after >= 0 && after < day) || china(s.At).Format(time.DateOnly) == china(from).Format(time.DateOnly)
		n := number(s.To)
		if !seen || q.Get("ProdId") != speechCalls || n.Mute || now.Sub(s.At) < callTime {
			break
		}
		text, err := json.Marshal(s.callDetail(n))
		if err != nil {
			return nil, err
		}
		answer["Data"] = string(text)
	}
	return answer, nil
}

func (s *sent) callDetail(n Number) map[string]any {
	state, ended := n.Call, china(s.At.Add(callTime)).Format(plainTime)
	if state == "" {
		state = callHeard
	}
	shown := s.From
	if shown == "" {
		shown = shownShared
	}
	d := map[string]any{"callId": s.ID, "callee": strings.TrimPrefix(s.To, "+86"), "calleeShowNumber": shown, "caller": shown,
		"callerShowNumber": shown, "gmtCreate": china(s.At).Format(plainTime), "state": state, "stateDesc": callStates()[state],
		"startDate": "", "endDate": "", "duration": 0}
	if state == callHeard || state == callCut {
		d["startDate"], d["endDate"] = china(s.At.Add(callTime-listenTime*time.Second)).Format(plainTime), ended
		d["duration"] = listenTime
	}
	return d
}

func callStates() map[string]string {
	return map[string]string{callHeard: "用户听完语音", callCut: "用户提前挂机未完整收听", callBusy: "用户占线",
		callRings: "用户收到呼叫但未接听", callNone: "用户号码不合法", callOff: "关机"}
}
