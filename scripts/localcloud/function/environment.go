package function

import (
	"maps"
	"path/filepath"
	"slices"
	"strconv"
)

func (p *pool) codePath() string { return filepath.Join(p.runtime.options.Root, p.block.Code) }

// environment is what an instance starts with: the block's variables, those of Function Compute itself
// (help.aliyun.com, "Environment variables"), and nothing of this machine's.
func (p *pool) environment(api, instance string) []string {
	o := p.runtime.options
	all := map[string]string{
		"PATH": "/usr/local/bin:/usr/bin:/bin",
		"HOME": "/tmp", // the one place an instance may write to
		"LANG": "C.UTF-8",
	}
	for name, value := range p.block.EnvironmentVariables {
		if local, ok := o.Environment[name]; ok {
			value = local
		}
		all[name] = value
	}
	maps.Copy(all, o.Local)
	maps.Copy(all, map[string]string{
		"FC_RUNTIME_API":          api,
		"FC_FUNC_CODE_PATH":       p.codePath(),
		"FC_ACCOUNT_ID":           o.Account,
		"FC_FUNCTION_HANDLER":     p.block.Handler,
		"FC_FUNCTION_MEMORY_SIZE": strconv.Itoa(p.block.MemorySize),
		"FC_FUNCTION_NAME":        p.block.FunctionName,
		"FC_REGION":               p.block.Region,
		"FC_INSTANCE_ID":          instance,
	})
	if p.block.Role != "" {
		all["ALIBABA_CLOUD_ACCESS_KEY_ID"] = o.Credentials.AccessKeyID
		all["ALIBABA_CLOUD_ACCESS_KEY_SECRET"] = o.Credentials.AccessKeySecret
		all["ALIBABA_CLOUD_SECURITY_TOKEN"] = o.Credentials.SecurityToken
	}
	list := make([]string, 0, len(all))
	for _, name := range slices.Sorted(maps.Keys(all)) {
		list = append(list, name+"="+all[name])
	}
	return list
}
