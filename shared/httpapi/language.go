package httpapi

import (
	"strconv"
	"strings"
)

// The languages that answers come in.
const (
	English = "en"
	Chinese = "zh"
)

// Language picks zh or en as an Accept-Language header asks: RFC 9110, section 12.5.4. English is the default.
func Language(accept string) string {
	best, bestWeight := English, 0.0
	for part := range strings.SplitSeq(accept, ",") {
		tag, params, _ := strings.Cut(part, ";")
		primary, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(tag)), "-")
		if primary != English && primary != Chinese {
			continue
		}
		weight := 1.0
		if q, ok := strings.CutPrefix(strings.TrimSpace(params), "q="); ok {
			if parsed, err := strconv.ParseFloat(q, 64); err == nil {
				weight = parsed
			}
		}
		if weight > bestWeight {
			best, bestWeight = primary, weight
		}
	}
	return best
}

// Asked is embedded in an operation's input to learn the language of the answer.
type Asked struct {
	AcceptLanguage string `header:"Accept-Language" doc:"zh or en" example:"zh"`
}

// Language is the language asked for.
func (a Asked) Language() string { return Language(a.AcceptLanguage) }

// phrase is one text in both languages.
type phrase struct{ en, zh string }

func (p phrase) in(language string) string {
	if language == Chinese {
		return p.zh
	}
	return p.en
}

// advice by the code of a problem, where the error brings none of its own.
var advice = map[string]phrase{ //nolint:gochecknoglobals // a table that never changes
	"BadRequest": {
		"Check how the request is written; GET …/openapi.json describes every operation.",
		"请检查请求的写法；GET …/openapi.json 描述了每个操作。"},
	"NotJSON": {
		"Send one JSON document in UTF-8 with Content-Type: application/json.",
		"请以 Content-Type: application/json 发送一个 UTF-8 编码的 JSON 文档。"},
	"TooLarge": {
		"Send less; \"detail\" says how much a body may hold here.",
		"请减小请求体；上限见 detail。"},
	"UnsupportedMediaType": {
		"Send JSON with Content-Type: application/json.",
		"请发送 JSON，并设置 Content-Type: application/json。"},
	"Invalid": {
		"Correct the fields listed in \"errors\" and send the request again; nothing was changed.",
		"请按 errors 中列出的字段逐一修改后重新提交；未做任何更改。"},
	"Unauthenticated": {
		"Send the header Authorization: Bearer KEY with an API key. POST /api/v1/setup with the bootstrap token " +
			"makes the first one.",
		"请在请求头 Authorization: Bearer KEY 中携带 API 密钥。用引导令牌 POST /api/v1/setup 可生成第一个密钥。"},
	"Forbidden": {
		"Ask an administrator of this deployment for the right to do this.",
		"请向本部署的管理员申请相应权限。"},
	"CrossSite": {
		"Use the console at this deployment's own address, or call the API with an API key.",
		"请从本部署自身的地址打开控制台，或使用 API 密钥调用 API。"},
	"NotFound": {
		"Check the path; GET …/openapi.json lists the operations.",
		"请检查路径；GET …/openapi.json 列出了全部操作。"},
	"MethodNotAllowed": {
		"Use one of the methods named in the Allow header.",
		"请使用响应头 Allow 中列出的方法。"},
	"RuleNotFound": {
		"Check the rule's name; GET /api/v1/workspaces/WORKSPACE/rules lists the rules there are.",
		"请检查规则名称；GET /api/v1/workspaces/WORKSPACE/rules 列出现有规则。"},
	"TargetNotFound": {
		"Check the target's id; GET the rule to see its targets.",
		"请检查目标 id；查询该规则可看到其全部目标。"},
	"WorkspaceNotFound": {
		"Check the workspace's name and region, then run POST /api/v1/setup for it.",
		"请检查工作空间名称和地域，然后对其执行 POST /api/v1/setup。"},
	"RuleExists": {
		"Choose another name, or change the rule with PUT.",
		"请换一个名称，或用 PUT 修改该规则。"},
	"RuleChanged": {
		"Somebody changed the rule meanwhile: GET it, apply your change again, and PUT it with its new ETag in " +
			"If-Match.",
		"规则已被他人修改：请重新 GET，再次应用您的修改，并以新的 ETag 作为 If-Match 进行 PUT。"},
	"ContactNotFound": {
		"GET /api/v1/contacts lists the contacts there are; somebody may have deleted this one.",
		"GET /api/v1/contacts 可列出现有联系人；该联系人可能已被他人删除。"},
	"ContactExists": {
		"Choose another id, or leave it out for one made of the name, or PUT the contact to replace it.",
		"请换一个 id，或省略 id 由系统根据名称生成，或用 PUT 替换已有联系人。"},
	"ContactChanged": {
		"Somebody changed the contact meanwhile: GET it, apply your change again, and PUT it with its new ETag in If-Match.",
		"联系人已被他人修改：请重新 GET，再次应用您的修改，并以新的 ETag 作为 If-Match 进行 PUT。"},
	"ForeignRule": {
		"pai-notify did not make this rule and leaves it alone; change it where it was made, in the EventBridge " +
			"console.",
		"该规则不是由 pai-notify 创建，因此不会改动它；请在创建它的地方（EventBridge 控制台）修改。"},
	"QuotaExceeded": {
		"Remove targets or rules, or ask for a higher quota in the Quota Center.",
		"请删除部分目标或规则，或在配额中心申请提高配额。"},
	"RefusedByEventBridge": {
		"EventBridge does not take the rule in this form; its own words are in \"detail\".",
		"EventBridge 不接受此形式的规则；其返回内容见 detail。"},
	"SealedByAnotherKey": {
		"Put the key that sealed it back into SEAL_KEYS, or enter the target's secrets again.",
		"请把加密时使用的密钥放回 SEAL_KEYS，或重新填写该目标的密钥信息。"},
	"NotActivated": {
		"Activate EventBridge: POST /api/v1/setup with \"activate\": true, or open it in the EventBridge console.",
		"请开通 EventBridge：POST /api/v1/setup 并设置 \"activate\": true，或在 EventBridge 控制台开通。"},
	"Throttled": {
		"Wait a few seconds and try again.",
		"请等待几秒后重试。"},
	"Unavailable": {
		"Try again in a minute; if it stays so, look at the status of the service named in \"detail\".",
		"请一分钟后重试；若持续出现，请查看 detail 中所述服务的状态。"},
	"DatabaseNotReady": {
		"Run POST /api/v1/setup: it makes and updates the database's tables.",
		"请执行 POST /api/v1/setup：它会创建和更新数据库表。"},
	"DatabaseOutOfReach": {
		"Check DATABASE_URL and that the function can reach the database (VPC, address, password).",
		"请检查 DATABASE_URL，并确认函数可以访问数据库（VPC、地址、密码）。"},
	"TimedOut": {
		"Try again; if it stays so, raise the function's timeout in s.yaml.",
		"请重试；若持续出现，请在 s.yaml 中调大函数超时时间。"},
	"Internal": {
		"Look for the request's id in the function's log.",
		"请在函数日志中查找该请求 ID。"},
}

// summaries say in Chinese what is wrong where only English follows: what reads a request speaks no other language.
var summaries = map[string]string{ //nolint:gochecknoglobals // a table that never changes
	"BadRequest":      "请求的写法有误",
	"NotJSON":         "请求体不是正确的 JSON",
	"Unauthenticated": "未登录",
	"CrossSite":       "已拒绝来自其他站点的请求",
}
