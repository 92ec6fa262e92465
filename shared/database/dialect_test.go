package database

import "testing"

func TestSQLiteIsRefusedWhereInstancesShareNoDisk(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		env  map[string]string
		want bool
	}{
		"a shell":                           {nil, false},
		"the local cloud":                   {map[string]string{"FC_RUNTIME_API": "127.0.0.1:9001"}, false},
		"the local cloud with an instance":  {map[string]string{"FC_RUNTIME_API": "127.0.0.1:9001", "FC_INSTANCE_ID": "c-1"}, false},
		"Function Compute":                  {map[string]string{"FC_RUNTIME_API": "21.0.2.3:9001", "FC_INSTANCE_ID": "c-1"}, true},
		"Function Compute behind a sidecar": {map[string]string{"FC_RUNTIME_API": "127.0.0.1:9001", "FC_INSTANCE_ID": "c-1", "FC_FUNC_CODE_PATH": "/code"}, true},
		"an instance without a runtime":     {map[string]string{"FC_INSTANCE_ID": "c-1"}, true},
	} {
		if got := insideFunctionCompute(func(k string) string { return c.env[k] }); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
