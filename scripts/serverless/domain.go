package serverless

import (
	"slices"
	"strings"
)

// Route is the route that serves a path: an exact one before a wildcard, and of the wildcards the longest
// (help.aliyun.com, "Configure custom domain names": exact match, then longest prefix match).
func (d Domain) Route(path string) (Route, bool) {
	var best Route
	for _, route := range d.RouteConfig.Routes {
		if route.Path == path {
			return route, true
		}
		stem, wild := strings.CutSuffix(route.Path, "*")
		if wild && strings.HasPrefix(path, stem) && len(route.Path) > len(best.Path) {
			best = route
		}
	}
	return best, best.Path != ""
}

// domain checks the domain against the functions it leads to.
func (c *checker) domain(t *Template, blocks []string) {
	path := "resources"
	for _, name := range blocks {
		if _, isFunction := t.Function(name); !isFunction {
			path = "resources." + name + ".props"
		}
	}
	d := t.Domain
	if d.DomainName == "" {
		c.fault(path+".domainName", "is missing; auto makes one for tests")
	}
	if d.Protocol != "HTTP" && d.Protocol != "HTTPS" && d.Protocol != "HTTP,HTTPS" {
		c.fault(path+".protocol", "%q is not one of HTTP, HTTPS and HTTP,HTTPS", d.Protocol)
	}
	if cert := d.CertConfig; strings.Contains(d.Protocol, "HTTPS") &&
		(cert == nil || cert.CertID == 0 && (cert.CertName == "" || cert.Certificate == "" || cert.PrivateKey == "")) {
		c.fault(path+".certConfig", "wants certId, or certName, certificate and privateKey, for HTTPS")
	}
	reached := make(map[string]bool)
	for i, route := range d.RouteConfig.Routes {
		at := path + ".routeConfig.routes[" + itoa(i) + "]"
		stem := strings.TrimSuffix(route.Path, "/*")
		if !strings.HasPrefix(route.Path, "/") || strings.Contains(stem, "*") {
			c.fault(at+".path", "%q is not a path such as /a, or /a/* for all below it", route.Path)
		}
		if slices.ContainsFunc(d.RouteConfig.Routes[:i], func(r Route) bool { return r.Path == route.Path }) {
			c.fault(at+".path", "%q is there twice", route.Path)
		}
		f, ok := t.Function(route.FunctionName)
		if !ok || f.FunctionName != route.FunctionName || !f.hasHTTP() {
			c.fault(at+".functionName", "%q is no function here with an http trigger", route.FunctionName)
		}
		reached[route.FunctionName] = true
		c.methods(route.Methods, at+".methods")
	}
	for _, f := range t.Blocks {
		if f.hasHTTP() && !reached[f.FunctionName] {
			c.fault(path+".routeConfig.routes", "lead nowhere to %s, which has an http trigger", f.Name)
		}
	}
}

func (f Function) hasHTTP() bool {
	return slices.ContainsFunc(f.Triggers, func(t Trigger) bool { return t.HTTP != nil })
}
