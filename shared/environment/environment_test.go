package environment

import (
	"strings"
	"testing"
)

func TestReadNamesAllFaultsAtOnceAndRepeatsNoSecret(t *testing.T) {
	t.Parallel()
	_, err := Read(func(name string) string {
		return map[string]string{
			"BOOTSTRAP_HASH": "hunter2", "REGION": "Hangzhou", "ACCOUNT_ID": "me", "FUNCTION_ARN": "acs:fc", "CLOUD_ENDPOINT": "localhost",
			"ALLOW_NETWORKS": "10.0.0.0", "ALLOW_RECEIVERS": "robot", "CLOCK": "fast", "SEAL_KEYS": "k1:secret",
		}[name]
	}, "DATABASE_URL")
	if err == nil {
		t.Fatal("no fault was found")
	}
	for _, name := range []string{"DATABASE_URL", "BOOTSTRAP_HASH", "REGION", "ACCOUNT_ID", "FUNCTION_ARN", "CLOUD_ENDPOINT", "ALLOW_NETWORKS", "ALLOW_RECEIVERS", "CLOCK"} {
		if !strings.Contains(err.Error(), name+": ") {
			t.Errorf("%s is not named in:\n%v", name, err)
		}
	}
	for _, secret := range []string{"hunter2", "k1:secret"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("%q is repeated in:\n%v", secret, err)
		}
	}
}

func TestAClockIsRefusedWhereAnythingIsNotOnThisMachine(t *testing.T) {
	t.Parallel()
	const speedy = "60@2026-11-24T10:00:00Z=2026-11-24T10:00:00Z"
	for name, c := range map[string]struct {
		database, endpoint string
		refused            bool
	}{
		"embedded database":           {"sqlite:/tmp/x", "", false},
		"loopback":                    {"postgres://u:p@127.0.0.1:5432/n", "http://127.0.0.1:9700", false},
		"shared database":             {"postgres://u:p@pg.example.com/n", "", true},
		"endpoint of the real cloud":  {"sqlite:/tmp/x", "https://eventbridge-console.cn-hangzhou.aliyuncs.com", true},
		"no database, as the console": {"", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env, err := Read(func(name string) string {
				return map[string]string{"DATABASE_URL": c.database, "EVENTBRIDGE_ENDPOINT": c.endpoint, "CLOCK": speedy}[name]
			})
			if (err != nil) != c.refused {
				t.Errorf("refused = %v, want %v", err, c.refused)
			}
			if !c.refused && env.Clock.String() == "" {
				t.Error("the clock was not read")
			}
		})
	}
}

func TestARNPutsTheFunctionsName(t *testing.T) {
	t.Parallel()
	env := Environment{FunctionARN: "acs:fc:cn-hangzhou:1234567890123456:functions/pai-notify-{function}"}
	if got, want := env.ARN("deliver-lark"), "acs:fc:cn-hangzhou:1234567890123456:functions/pai-notify-deliver-lark"; got != want {
		t.Errorf("ARN = %q, want %q", got, want)
	}
}
