// Package environment reads a function's environment variables, once, in main. They hold secrets and endpoints only;
// what a user may change while it runs is in the settings table. All faults are named at once, and no error repeats a
// secret.
package environment

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strings"

	"pai-notify/shared/clock"
)

// Environment is what a function was given. A function asks for what it needs and finds the rest empty.
type Environment struct {
	DatabaseURL         string         // DATABASE_URL: postgres://… or sqlite:PATH
	SealKeys            string         // SEAL_KEYS: keys that seal receivers' secrets, parted by commas; the first seals, all open
	BootstrapHash       string         // BOOTSTRAP_HASH: hex SHA-256 of the token that opens a fresh deployment
	Region              string         // REGION: cn-hangzhou
	Account             string         // ACCOUNT_ID: the number of the Alibaba Cloud account
	FunctionARN         string         // FUNCTION_ARN: ARN of a function of this deployment, with {function} for its name
	DeadLetterARN       string         // DEAD_LETTER_ARN: where EventBridge puts what it could not deliver; may be empty
	EventBridgeEndpoint string         // EVENTBRIDGE_ENDPOINT: base URL; empty means the region's own
	CloudEndpoint       string         // CLOUD_ENDPOINT: base URL of all other Alibaba Cloud APIs; empty means their own
	AllowNetworks       []netip.Prefix // ALLOW_NETWORKS: private networks that webhooks may reach
	AllowReceivers      []string       // ALLOW_RECEIVERS: host:port of robots of private deployments; plain http is allowed there
	Provider            Provider       // OIDC_… and PUBLIC_URL
	Clock               clock.Clock    // CLOCK: refused unless database and endpoints are this machine's
}

var (
	regionName = regexp.MustCompile(`^[a-z]{2}-[a-z0-9-]{2,40}$`)
	accountID  = regexp.MustCompile(`^[0-9]{6,20}$`)
	hexSHA256  = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// Read reads the variables by name. Those in required must not be empty.
func Read(getenv func(string) string, required ...string) (Environment, error) {
	var faults []error
	fault := func(name, format string, args ...any) {
		faults = append(faults, fmt.Errorf("%s: "+format, append([]any{name}, args...)...))
	}
	for _, name := range required {
		if getenv(name) == "" {
			fault(name, "is not set; see the environmentVariables of s.yaml")
		}
	}
	env := Environment{
		DatabaseURL:         getenv("DATABASE_URL"),
		SealKeys:            getenv("SEAL_KEYS"),
		BootstrapHash:       getenv("BOOTSTRAP_HASH"),
		Region:              getenv("REGION"),
		Account:             getenv("ACCOUNT_ID"),
		FunctionARN:         getenv("FUNCTION_ARN"),
		DeadLetterARN:       getenv("DEAD_LETTER_ARN"),
		EventBridgeEndpoint: getenv("EVENTBRIDGE_ENDPOINT"),
		CloudEndpoint:       getenv("CLOUD_ENDPOINT"),
	}
	if v := env.BootstrapHash; v != "" && !hexSHA256.MatchString(v) {
		fault("BOOTSTRAP_HASH", "is not 64 hexadecimal digits; make keys prints one")
	}
	if v := env.Region; v != "" && !regionName.MatchString(v) {
		fault("REGION", "%q is not a region id such as cn-hangzhou", v)
	}
	if v := env.Account; v != "" && !accountID.MatchString(v) {
		fault("ACCOUNT_ID", "%q is not an Alibaba Cloud account id, which is digits", v)
	}
	if v := env.FunctionARN; v != "" && !strings.Contains(v, "{function}") {
		fault("FUNCTION_ARN", "%q lacks {function}, where a function's name is put", v)
	}
	env.Provider = readProvider(getenv, fault)
	local := env.DatabaseURL == "" || loopback(env.DatabaseURL) // what has no database keeps nothing by the clock
	for _, name := range []string{"EVENTBRIDGE_ENDPOINT", "CLOUD_ENDPOINT"} {
		v := getenv(name)
		if v == "" {
			continue
		}
		u, err := url.Parse(v)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			fault(name, "is not a base URL such as https://eventbridge-console.cn-hangzhou.aliyuncs.com")
		}
		local = local && loopback(v)
	}
	for _, v := range fields(getenv("ALLOW_NETWORKS")) {
		prefix, err := netip.ParsePrefix(v)
		if err != nil {
			fault("ALLOW_NETWORKS", "%q is not a network such as 10.1.0.0/16", v)
			continue
		}
		env.AllowNetworks = append(env.AllowNetworks, prefix.Masked())
	}
	for _, v := range fields(getenv("ALLOW_RECEIVERS")) {
		if host, port, err := net.SplitHostPort(v); err != nil || host == "" || port == "" {
			fault("ALLOW_RECEIVERS", "%q is not host:port", v)
			continue
		}
		env.AllowReceivers = append(env.AllowReceivers, v)
	}
	if v := getenv("CLOCK"); v != "" {
		c, err := clock.Parse(v)
		switch {
		case err != nil:
			fault("CLOCK", "%w", err)
		case !local:
			fault("CLOCK", "is for the local cloud only: the database and all endpoints must be on this machine")
		}
		env.Clock = c
	}
	return env, errors.Join(faults...)
}

// ARN is the ARN of a function of this deployment by its name in s.yaml, such as deliver-dingtalk.
func (e Environment) ARN(function string) string {
	return strings.ReplaceAll(e.FunctionARN, "{function}", function)
}

// loopback is whether a database or an endpoint is on this machine.
func loopback(address string) bool {
	if strings.HasPrefix(address, "sqlite:") {
		return true
	}
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return err == nil && ip.IsLoopback()
}

func fields(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' })
}
